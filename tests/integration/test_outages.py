"""A CRM that does not work: what it costs, whom it blames, how soon work goes on."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
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


@settings(max_examples=25, deadline=None)
@given(
    rows=st.integers(1, 400),
    notes=st.booleans(),
    begins=st.floats(0, 30),
    lasts=st.floats(60, 1500),
    fates=st.lists(st.sampled_from(FATES), min_size=1, max_size=3),
    reads=st.booleans(),
)
def test_an_outage_blames_nobody_and_takes_few_calls(
    tmp_path_factory: pytest.TempPathFactory,
    rows: int,
    notes: bool,
    begins: float,
    lasts: float,
    fates: list[str],
    reads: bool,
) -> None:
    weather = Weather(lambda at: begins <= at < begins + lasts, *fates, reads=reads)
    with open_ledger(tmp_path_factory.mktemp("ledger") / "migrator.db") as ledger:
        run = plan(ledger, *(an_update(n, note="n" if notes else "") for n in range(rows)))

        result, crm, _ = send(ledger, run, weather)

        assert result.error is None
        assert states(ledger, run) == ["succeeded"] * rows
        twice = ledger.records.balance(run).notes_possibly_twice
    assert sum(len(found) - 1 for found in crm.notes.values()) <= twice
    assert all(crm.values[guid(n)] == {"mx_Custom_1": "x"} for n in range(rows))
    allowed = lasts * PER_SECOND
    assert len(weather.met) < allowed / 4
    if rows > (begins + lasts) * PER_SECOND:
        first = min(at for at in weather.tried if at >= begins + lasts)
        assert first - (begins + lasts) <= 61


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


def test_a_server_that_comes_and_goes_is_used_while_it_is_there(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(200)))
    weather = Weather(lambda at: at % 90 >= 30, "down", "unreachable")

    result, _, _ = send(ledger, run, weather)

    assert result.error is None
    assert states(ledger, run) == ["succeeded"] * 200
    assert len(weather.met) < max(weather.tried) * 2 / 3 * PER_SECOND / 4


def test_rows_after_an_outage_have_all_their_attempts(ledger: Ledger) -> None:
    """Five outages in a row, each of which a row meets once, are not five faults of the row."""
    run = plan(ledger, *(an_update(n) for n in range(8)))
    weather = Weather(lambda at: at < 300, "down", reads=True)

    result, _, _ = send(ledger, run, weather)

    assert result.error is None
    assert states(ledger, run) == ["succeeded"] * 8
