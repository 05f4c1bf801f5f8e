"""A CRM that does not work: what it costs, whom it blames, how soon work goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.dispatcher import DeliveryPolicy, DispatchResult
from migrator.errors import ExitCode, TargetError
from migrator.ledger import Ledger, open_ledger
from migrator.model import Run
from tests.integration.dispatching import (
    Arrived,
    ScriptedCrm,
    Spectator,
    an_update,
    dispatched,
    guid,
    plan,
    states,
)
from tests.virtual_time import run_in_virtual_time

BEGIN = 1000.0  #: Virtual time begins so.
PER_SECOND = 5.0  #: What the limit allows.
INTERVAL = 62.0  #: The longest from one probe to the next; one may hang for a minute.
HANGS = ("hang", "hang")
FATES = ["unreachable", "down", "lost before", "lost after", "hang"]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


class Weather:
    """What calls meet, and when each was tried."""

    def __init__(self, is_down: Callable[[float], bool], *fates: str, reads: bool = False) -> None:
        self.tried: list[float] = []
        self.met: list[float] = []  # by the calls that met it
        self._is_down, self._fates, self._reads_work = is_down, fates, reads

    def __call__(self, call: Arrived) -> str:
        since = call.at - BEGIN
        self.tried.append(since)
        if not self._is_down(since) or (self._reads_work and not call.update):
            return "ok"
        self.met.append(since)
        return self._fates[len(self.tried) % len(self._fates)]


def send(
    ledger: Ledger, run: Run, weather: Weather, *, policy: DeliveryPolicy | None = None
) -> tuple[DispatchResult, ScriptedCrm, Spectator]:
    crm, spectator = ScriptedCrm(weather), Spectator()
    result = run_in_virtual_time(dispatched(ledger, run, crm, policy=policy, progress=spectator))
    return result, crm, spectator


@pytest.mark.no_cover
@settings(max_examples=25, deadline=None)
@given(
    rows=st.one_of(st.integers(1, 8), st.integers(9, 400)),
    notes=st.booleans(),
    begins=st.floats(0, 30),
    lasts=st.floats(60, 1500),
    fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=3),
    reads=st.booleans(),
)
@example(rows=49, notes=False, begins=0.0, lasts=60.0, fates=["unreachable", *HANGS], reads=True)
@example(rows=400, notes=True, begins=5.0, lasts=60.0, fates=["unreachable", *HANGS], reads=True)
@example(rows=400, notes=False, begins=5.0, lasts=60.0, fates=["hang"], reads=False)
@example(rows=1, notes=False, begins=0.0, lasts=60.0, fates=["down"], reads=False)
@example(rows=1, notes=False, begins=0.0, lasts=300.0, fates=["hang"], reads=False)
@example(rows=2, notes=True, begins=0.0, lasts=300.0, fates=["unreachable", *HANGS], reads=False)
def test_an_outage_blames_nobody_and_takes_few_calls(
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    notes: bool,
    begins: float,
    lasts: float,
    fates: list[str],
    reads: bool,
) -> None:
    """Where reads are answered, fewer than five rows cannot tell an outage from their own fault."""
    ends = begins + lasts
    weather = Weather(lambda at: begins <= at < ends, *fates, reads=reads)
    with open_ledger(tmp_path_factory.mktemp("ledger") / "migrator.db") as ledger:
        run = plan(ledger, *(an_update(n, note="n" if notes else "") for n in range(rows)))

        result, crm, _ = send(ledger, run, weather)

        assert result.error is None
        found = states(ledger, run)
        twice = ledger.records.balance(run).notes_possibly_twice
    left = rows - sum(call.at - BEGIN < begins for call in crm.applied)
    if reads and left < 5:
        assert set(found) <= {"succeeded", "in_doubt"}
        assert found.count("in_doubt") <= left
    else:
        assert found == ["succeeded"] * rows
        assert all(crm.values[guid(n)] == {"mx_Custom_1": "x"} for n in range(rows))
    assert sum(len(told) - 1 for told in crm.notes.values()) <= twice
    assert len(weather.met) < lasts * PER_SECOND / 4
    tried = [at for at in weather.tried if at >= ends]
    if left >= 5 and tried:
        assert tried[0] - ends <= INTERVAL


@pytest.mark.parametrize("fate", FATES)
@pytest.mark.parametrize("reads", [False, True])
def test_an_outage_that_does_not_end_stops_the_run_with_its_rows(
    ledger: Ledger, fate: str, reads: bool
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(300)))
    weather = Weather(lambda at: at >= 5.0, fate, reads=reads)

    result, _, spectator = send(ledger, run, weather, policy=DeliveryPolicy(longest_outage=600.0))

    assert isinstance(result.error, TargetError)
    assert result.error.exit_code is ExitCode.TARGET
    assert "10 minutes" in str(result.error) or "11 minutes" in str(result.error)
    found = states(ledger, run)
    assert set(found) <= {"succeeded", "planned", "in_doubt"}
    assert ledger.records.balance(run).unfinished == 300 - found.count("succeeded")
    assert found.count("planned") >= 100
    assert any(
        "target down since" in state and "next probe in" in state for state in spectator.states
    )


@pytest.mark.parametrize("fates", [("down",), ("unreachable",), ("lost after", "down")])
@pytest.mark.parametrize(("up", "period"), [(10, 30), (30, 90), (20, 40)])
@pytest.mark.parametrize("reads", [False, True])
def test_a_server_that_comes_and_goes_is_used_while_it_is_there(
    ledger: Ledger, fates: tuple[str, ...], up: int, period: int, reads: bool
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(200)))
    weather = Weather(lambda at: at % period >= up, *fates, reads=reads)

    result, _, _ = send(ledger, run, weather)

    assert result.error is None
    found = states(ledger, run)  # the last few rows may be at fault themselves: in doubt then
    assert set(found) <= {"succeeded", "in_doubt"}
    assert found.count("in_doubt") < 5
    down_for = max(weather.tried) * (period - up) / period
    assert len(weather.met) < down_for * PER_SECOND / 4


@pytest.mark.parametrize("notes", [False, True])
@pytest.mark.parametrize("latency", [3.0, 12.0, 55.0])
def test_a_server_that_is_only_slow_has_no_outage(
    ledger: Ledger, latency: float, notes: bool
) -> None:
    run = plan(ledger, *(an_update(n, note="n" if notes else "") for n in range(100)))
    crm, spectator = ScriptedCrm(latency=latency), Spectator()

    result = run_in_virtual_time(dispatched(ledger, run, crm, progress=spectator))

    assert result.error is None
    assert states(ledger, run) == ["succeeded"] * 100
    assert not any("does not answer" in line for line in spectator.said)
    assert len(crm.updates) == 100


def test_a_row_that_is_never_answered_holds_nobody_up(ledger: Ledger) -> None:
    """Neither as the call that goes first after an outage, nor as the last of a run."""
    run = plan(ledger, *(an_update(n) for n in range(60)))

    def answering(call: Arrived) -> str:
        is_down = 2.0 <= call.at - BEGIN < 100.0
        return "down" if is_down or (call.update and call.opportunity == guid(9)) else "ok"

    crm, spectator = ScriptedCrm(answering), Spectator()
    result = run_in_virtual_time(dispatched(ledger, run, crm, progress=spectator))

    assert result.error is None
    assert states(ledger, run) == ["succeeded"] * 9 + ["in_doubt"] + ["succeeded"] * 50
    assert max(call.at for call in crm.calls) - BEGIN < 400


def test_rows_after_an_outage_have_all_their_attempts(ledger: Ledger) -> None:
    """Five outages in a row, each of which a row meets once, are not five faults of the row."""
    run = plan(ledger, *(an_update(n) for n in range(8)))
    weather = Weather(lambda at: at < 300, "down", reads=True)

    result, _, _ = send(ledger, run, weather)

    assert result.error is None
    assert states(ledger, run) == ["succeeded"] * 8
