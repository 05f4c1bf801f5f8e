"""What each mode promises, held in simulated time: see docs/quota.md for the arguments.

The networks are drawn from a seed, so each figure is the same on every machine.
"""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.quota.modes import Mode
from migrator.sandbox.limits import Counting
from tests.integration.quota_networks import (
    Network,
    Process,
    Server,
    jittery,
    simulate,
    steady,
)

pytestmark = pytest.mark.no_cover

BEGIN = 1000.0  #: Virtual time begins so.
WITHOUT_REAL = [Counting.LOG, Counting.FIXED, Counting.WEIGHTED, Counting.BUCKET]


def send(
    mode: Mode,
    counting: Counting,
    network: Network,
    *,
    minutes: float,
    refused_count: bool = False,
    seed: int = 0,
) -> Server:
    server = Server(counting=counting, phase=1.3, refused_count=refused_count)
    simulate(server, network, [Process(mode=mode, ends=60 * minutes)], seed=seed)
    return server


def rate(server: Server, *, minutes: float, after: float = 0.0) -> float:
    """The part of the allowed rate that was admitted, without the first window."""
    begin = BEGIN + 5.0 + 60 * after
    return server.share_of_the_rate(since=begin, until=BEGIN + 60 * minutes)


# ------------------------------------------------------------------ the default


@pytest.mark.parametrize("counting", WITHOUT_REAL)
@pytest.mark.parametrize("latency", [0.02, 0.2, 0.8])
@pytest.mark.parametrize("refused_count", [False, True])
def test_paced_reaches_its_rate_without_a_refusal(
    counting: Counting, latency: float, refused_count: bool
) -> None:
    server = send(Mode.PACED, counting, steady(latency), minutes=5, refused_count=refused_count)

    assert server.refused == []
    assert rate(server, minutes=5) >= 0.975


def test_paced_keeps_that_for_an_hour() -> None:
    server = send(Mode.PACED, Counting.LOG, steady(0.2), minutes=60)

    assert server.refused == []
    assert rate(server, minutes=60) >= 0.975


@pytest.mark.parametrize("latency", [0.02, 0.8])
@pytest.mark.parametrize("refused_count", [False, True])
def test_paced_learns_how_a_real_valued_counter_counts(latency: float, refused_count: bool) -> None:
    server = send(
        Mode.PACED,
        Counting.WEIGHTED_REAL,
        steady(latency),
        minutes=30,
        refused_count=refused_count,
    )

    late = {"since": BEGIN + 600, "until": BEGIN + 1800}
    assert server.share_of_the_rate(**late) >= 0.94
    assert server.refused_per_thousand(**late) <= 5


# ------------------------------------------------------------------ learned


@pytest.mark.parametrize("counting", [Counting.LOG, Counting.FIXED])
@pytest.mark.parametrize("latency", [0.02, 0.2, 0.8])
def test_learned_is_nearer_on_a_steady_network(counting: Counting, latency: float) -> None:
    server = send(Mode.LEARNED, counting, steady(latency), minutes=15)

    assert rate(server, minutes=15) >= 0.99
    assert server.refused_per_thousand(since=BEGIN, until=BEGIN + 900) <= 1


@pytest.mark.parametrize(("latency", "least"), [(0.2, 0.98), (0.8, 0.95)], ids=["200 ms", "800 ms"])
@pytest.mark.parametrize("counting", [Counting.LOG, Counting.FIXED])
def test_learned_allows_for_a_jittery_up_link(
    counting: Counting, latency: float, least: float
) -> None:
    minutes = 60 if counting is Counting.LOG else 20
    server = send(Mode.LEARNED, counting, jittery(latency), minutes=minutes)

    assert rate(server, minutes=minutes) >= least
    assert server.refused_per_thousand(since=BEGIN, until=BEGIN + 60 * minutes) <= 2


@pytest.mark.parametrize("counting", [Counting.WEIGHTED, Counting.WEIGHTED_REAL])
def test_learned_spaces_calls_where_bursts_do_not_do(counting: Counting) -> None:
    server = send(Mode.LEARNED, counting, steady(0.2), minutes=30)

    assert rate(server, minutes=30, after=10) >= 0.94
    assert server.refused_per_thousand(since=BEGIN + 600, until=BEGIN + 1800) <= 5


# ------------------------------------------------------------------ sure


NETWORKS = st.builds(
    Network,
    up=st.floats(0.0, 2.0),
    jitter=st.floats(0.0, 2.0),
    think=st.tuples(st.floats(0.0, 1.0), st.floats(1.0, 8.0)),
)
STALLS = st.lists(st.tuples(st.floats(0, 60), st.floats(0, 20)), max_size=3)


@settings(max_examples=60, deadline=None)
@given(
    network=NETWORKS,
    counting=st.sampled_from([Counting.LOG, Counting.FIXED, Counting.BUCKET]),
    limit=st.integers(1, 12),
    phase=st.floats(0, 5),
    refused_count=st.booleans(),
    stalls=STALLS,
    seed=st.integers(0, 10_000),
)
def test_sure_is_never_refused_on_any_network(
    network: Network,
    counting: Counting,
    limit: int,
    phase: float,
    refused_count: bool,
    stalls: list[tuple[float, float]],
    seed: int,
) -> None:
    server = Server(counting=counting, limit=limit, phase=phase, refused_count=refused_count)

    simulate(
        server,
        network,
        [Process(mode=Mode.SURE, limit=limit, ends=60)],
        seed=seed,
        stalls=stalls,
    )

    assert server.refused == []
    assert server.arrivals


@settings(max_examples=15, deadline=None)
@given(
    network=NETWORKS,
    counting=st.sampled_from([Counting.LOG, Counting.FIXED, Counting.BUCKET]),
    begins=st.lists(st.floats(0, 30), min_size=2, max_size=3),
    ends=st.floats(20, 60),
    seed=st.integers(0, 10_000),
)
def test_sure_is_never_refused_with_several_processes(
    tmp_path_factory: pytest.TempPathFactory,
    network: Network,
    counting: Counting,
    begins: list[float],
    ends: float,
    seed: int,
) -> None:
    server = Server(counting=counting, limit=10, phase=2.2)
    path = tmp_path_factory.mktemp("state") / "quota.db"

    simulate(
        server,
        network,
        [Process(mode=Mode.SURE, limit=10, begins=begin, ends=ends) for begin in begins],
        path=path,
        seed=seed,
    )

    assert server.refused == []


# ------------------------------------------------------------------ the law of the other two


@settings(max_examples=40, deadline=None)
@given(
    mode=st.sampled_from([Mode.PACED, Mode.LEARNED]),
    counting=st.sampled_from(WITHOUT_REAL),
    up=st.floats(0.0, 2.0),
    think=st.floats(0.0, 6.0),
    limit=st.integers(3, 40),
    phase=st.floats(0, 5),
    pause=st.tuples(st.floats(0, 30), st.floats(0, 30)),
    seed=st.integers(0, 10_000),
)
def test_a_steady_up_link_earns_no_refusal_whatever_the_answers_take(
    tmp_path_factory: pytest.TempPathFactory,
    mode: Mode,
    counting: Counting,
    up: float,
    think: float,
    limit: int,
    phase: float,
    pause: tuple[float, float],
    seed: int,
) -> None:
    if mode is Mode.LEARNED and counting is Counting.WEIGHTED:
        counting = Counting.FIXED  # bursts are no good there, which it has to learn
    server = Server(counting=counting, limit=limit, phase=phase)
    ends, rests = pause

    simulate(
        server,
        Network(up=up, think=(0.0, think)),
        [
            Process(mode=mode, limit=limit, ends=ends),
            # While the first still sends, or after it and a rest.
            Process(mode=mode, limit=limit, begins=ends / 2 + rests, ends=90),
        ],
        path=tmp_path_factory.mktemp("state") / "quota.db",
        seed=seed,
    )

    assert server.refused == []


@settings(max_examples=30, deadline=None)
@given(
    mode=st.sampled_from([Mode.PACED, Mode.LEARNED]),
    counting=st.sampled_from([Counting.LOG, Counting.FIXED, Counting.BUCKET]),
    stalls=STALLS,
    phase=st.floats(0, 5),
    seed=st.integers(0, 10_000),
)
def test_a_stalled_event_loop_is_not_followed_by_a_burst(
    mode: Mode,
    counting: Counting,
    stalls: list[tuple[float, float]],
    phase: float,
    seed: int,
) -> None:
    server = Server(counting=counting, limit=10, phase=phase)

    simulate(
        server,
        Network(up=0.03, think=(0.0, 3.0)),
        [Process(mode=mode, limit=10, ends=90)],
        seed=seed,
        stalls=stalls,
    )

    assert server.refused == []


# ------------------------------------------------------------------ together


@pytest.mark.parametrize("mode", Mode)
@pytest.mark.parametrize("counting", [Counting.LOG, Counting.FIXED, Counting.BUCKET])
def test_two_processes_stay_within_the_limit_with_half_each(
    tmp_path: Path, mode: Mode, counting: Counting
) -> None:
    server = Server(counting=counting, phase=1.3)

    simulate(
        server,
        steady(0.2),
        [Process(mode=mode, ends=300), Process(mode=mode, ends=300)],
        path=tmp_path / "quota.db",
    )

    assert server.refused == []
    one, other = server.calls_by[0], server.calls_by[1]
    assert one == pytest.approx(other, rel=0.05)
    least = 0.93 if mode is Mode.SURE else 0.975
    assert rate(server, minutes=5) >= least


def test_a_share_leaves_the_rest_to_others(tmp_path: Path) -> None:
    server = Server()

    simulate(server, steady(0.2), [Process(share=0.8, ends=300)], path=tmp_path / "q.db")

    assert rate(server, minutes=5) == pytest.approx(0.8 * 0.99, abs=0.01)


# ------------------------------------------------------------------ what the account says


def test_a_lower_limit_is_taken_over_said_and_remembered(tmp_path: Path) -> None:
    server, said = Server(limit=10), list[str]()

    simulate(server, steady(0.2), [Process(ends=300)], path=tmp_path / "q.db", said=said)

    first = len(server.refused)
    assert first <= 5
    assert rate(server, minutes=5, after=0.5) >= 0.97
    assert said[0] == (
        "LeadSquared says that this account has 10 calls per 5 s, not 25 per 5 s: taken over, "
        "also for the next runs (LSQ_RATE_LIMIT=10/5 sets it for good)"
    )

    again = Server(limit=10)
    simulate(again, steady(0.2), [Process(ends=60, begins=300)], path=tmp_path / "q.db")
    assert again.refused == []


def test_a_higher_limit_is_not_taken_over(tmp_path: Path) -> None:
    server, said = Server(limit=25), list[str]()

    simulate(server, steady(0.2), [Process(limit=10, ends=120)], path=tmp_path / "q.db", said=said)

    assert server.refused == []
    assert said == []


def test_somebody_else_who_uses_half_of_the_account_is_given_way(tmp_path: Path) -> None:
    """The other one knows nothing of our file, as an integration on another machine."""
    server, said = Server(), list[str]()

    simulate(
        server,
        steady(0.2),
        [Process(ends=1800), Process(ends=1800, share=0.5)],
        said=said,
    )

    late = {"since": BEGIN + 600, "until": BEGIN + 1800}
    assert server.refused_per_thousand(**late) <= 15
    assert server.share_of_the_rate(**late) >= 0.7
    assert any("spaced for" in line for line in said)
