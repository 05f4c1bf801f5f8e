"""Random nights: whatever is answered, lost, killed, retried, edited, nothing is lost or doubled.

Three bugs are seeded below, and the same judge finds each of them.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migrator.dispatcher.delivery import Delivery
from migrator.ledger.work import WorkLedger
from tests.integration.delivery_judge import judge, judge_the_end
from tests.integration.simulated_nights import (
    FATES,
    Command,
    Edit,
    Night,
    Step,
    a_night,
    steps_to_the_end,
)

OPPORTUNITIES = st.lists(st.integers(1, 3), min_size=1, max_size=8)
FATE = st.sampled_from(("ok",) * 8 + FATES)
COMMANDS = st.builds(
    Command,
    st.sampled_from(("run", "run", "resume", "resume", "retry", "settle")),
    st.lists(FATE, max_size=14).map(tuple),
    st.none() | st.integers(0, 30),
)
EDITS = st.builds(
    Edit, st.sampled_from(("value", "note", "add", "remove", "swap")), st.integers(0, 7)
)
STEPS = st.lists(COMMANDS | COMMANDS | EDITS, min_size=1, max_size=7)
REFUSED = st.sets(st.integers(0, 4).map(lambda number: f"v{number}"), max_size=2)


def live_through(night: Night, steps: list[Step], refused: set[str]) -> None:
    """The schedule, then the end; judged after each command."""
    night.crm.refused_values = set(refused)
    for step in [Command("run", *_first(steps)), *steps]:
        night.do(step)
        judge(night)
    steps_to_the_end(night)
    judge_the_end(night)


def _first(steps: list[Step]) -> tuple[Any, ...]:
    """The first command meets what the first of the schedule does."""
    first = next((step for step in steps if isinstance(step, Command)), Command("run"))
    return first.fates, first.kill_at


SCHEDULES = given(opportunities=OPPORTUNITIES, steps=STEPS, refused=REFUSED)
QUIET = [HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large]


def live_through_nights(
    count: int,
    tmp_path_factory: pytest.TempPathFactory,
    record_property: Callable[[str, object], None],
) -> None:
    """So many random nights; what happened in them is recorded."""
    figures: Counter[str] = Counter()

    @settings(max_examples=count, suppress_health_check=QUIET)
    @SCHEDULES
    def nights(opportunities: list[int], steps: list[Step], refused: set[str]) -> None:
        night = a_night(tmp_path_factory.mktemp("night"), opportunities)
        live_through(night, steps, refused)
        figures.update(
            {
                "nights": 1,
                "commands": len(night.ended),
                "kills": sum(how.endswith("killed") for how in night.ended),
                "updates": len(night.crm.seen),
                "updates applied": sum(seen.applied for seen in night.crm.seen),
                "edits": sum(isinstance(step, Edit) for step in steps),
            }
        )

    nights()
    for name, figure in figures.items():
        record_property(name, figure)


def test_nothing_is_lost_or_doubled_in_any_night(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    live_through_nights(200, tmp_path_factory, record_property)


@pytest.mark.soak
@pytest.mark.timeout(1150)
def test_nothing_is_lost_or_doubled_in_five_thousand_nights(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    live_through_nights(5000, tmp_path_factory, record_property)


# ------------------------------------------------------------------ three bugs


def nights_until_found(
    tmp_path_factory: pytest.TempPathFactory, seed_bug: Callable[[pytest.MonkeyPatch], None]
) -> int:
    """How many schedules the judge needs to find a bug; at most 300 are tried."""
    tried = 0

    @settings(
        max_examples=300,
        suppress_health_check=QUIET,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
    )
    @SCHEDULES
    def search(opportunities: list[int], steps: list[Step], refused: set[str]) -> None:
        nonlocal tried
        tried += 1
        live_through(a_night(tmp_path_factory.mktemp("night"), opportunities), steps, refused)

    with pytest.MonkeyPatch.context() as patch:
        seed_bug(patch)
        with pytest.raises(AssertionError):
            search()
    return tried


def test_settling_before_sending_is_found(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """The row counts as succeeded as soon as its intent is durable."""

    def seed_bug(patch: pytest.MonkeyPatch) -> None:
        intend, settle = WorkLedger.intend, WorkLedger.settle

        def set_state(ledger: WorkLedger, entry: Any, state: str) -> None:
            sql = "UPDATE entries SET state = ? WHERE run = ? AND number = ?"
            ledger._database.change(sql, state, entry.run, entry.number)

        def intend_and_settle(self: WorkLedger, entry: Any, **more: Any) -> int:
            number = intend(self, entry, **more)
            set_state(self, entry, "succeeded")
            return number

        def settle_anew(self: WorkLedger, run: Any, entry: Any, *more: Any, **named: Any) -> int:
            if (
                self._database.value(
                    "SELECT state FROM entries WHERE run = ? AND number = ?",
                    entry.run,
                    entry.number,
                )
                == "succeeded"
            ):
                set_state(self, entry, "sending")
            return settle(self, run, entry, *more, **named)

        patch.setattr(WorkLedger, "intend", intend_and_settle)
        patch.setattr(WorkLedger, "settle", settle_anew)

    record_property("found after", nights_until_found(tmp_path_factory, seed_bug))


def test_a_retry_out_of_order_is_found(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """A row waits for no earlier one, and may follow a later one."""

    def seed_bug(patch: pytest.MonkeyPatch) -> None:
        examine, settle = WorkLedger.examine, WorkLedger.settle

        def let_all_go(self: WorkLedger, run: Any, entry: Any, **more: Any) -> Any:
            return examine(self, run, entry, **(more | {"allow_older": True, "regardless": True}))

        def hold_nobody(self: WorkLedger, run: Any, entry: Any, *more: Any, **named: Any) -> int:
            return settle(self, run, entry, *more, **(named | {"holds": False}))

        patch.setattr(WorkLedger, "examine", let_all_go)
        patch.setattr(WorkLedger, "settle", hold_nobody)

    record_property("found after", nights_until_found(tmp_path_factory, seed_bug))


def test_a_note_that_is_sent_again_is_found(
    tmp_path_factory: pytest.TempPathFactory, record_property: Callable[[str, object], None]
) -> None:
    """A lost answer is not looked up: the row goes again as it was."""

    def seed_bug(patch: pytest.MonkeyPatch) -> None:
        async def no_look(self: Delivery, sending: Any, attempted_at: float) -> None:
            del self, sending, attempted_at
            await asyncio.sleep(0)

        patch.setattr(Delivery, "_settle_by_reading", no_look)

    record_property("found after", nights_until_found(tmp_path_factory, seed_bug))


def test_the_judge_is_content_with_a_plain_night(tmp_path: Path) -> None:
    night = a_night(tmp_path, [1, 2, 1, 3])

    live_through(night, [], set())

    assert night.ended[0] == "run: OK"
    assert len([seen for seen in night.crm.seen if seen.applied]) == 4
