"""Random nights: whatever is answered, lost, killed, retried, edited, nothing is lost or doubled.

Three bugs are seeded below, and the same judge finds each of them.
"""

import re
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from migrator.ledger import Ledger
from migrator.ledger.database import Database
from migrator.ledger.work import WorkLedger
from migrator.model import Blocked, Clear, Entry, Outcome, Run
from tests.integration.delivery_judge import judge, judge_the_end
from tests.integration.simulated_crm import FATES
from tests.integration.simulated_nights import (
    Change,
    Command,
    Insert,
    Night,
    Remove,
    Row,
    Schedule,
    Swap,
    Traits,
    Wait,
    steps_to_the_end,
)

ROWS = st.builds(
    Row,
    opportunity=st.sampled_from((1, 1, 2, 3)),
    value=st.sampled_from(("a", "b", "c")),
    stage=st.sampled_from(("", "won", "lost")),
    note=st.sampled_from(("", "", "n1", "n2", "n3")),
)
PLACES = st.integers(0, 5)
WELL_OR_NOT = st.lists(st.sampled_from(("ok",) * 6 + FATES), max_size=12).map(tuple)
AFTER_THAT = st.sampled_from(("ok",) * 8 + ("down", "rate", "unreachable", "lost after"))
KILLS = st.none() | st.integers(0, 50)
FIRST = st.builds(Command, st.just("run"), WELL_OR_NOT, AFTER_THAT, KILLS)
COMMANDS = st.builds(
    Command,
    st.sampled_from(("run", "run", "resume", "resume", "retry", "settle")),
    WELL_OR_NOT,
    AFTER_THAT,
    KILLS,
)
NAMING = st.builds(
    Command,
    st.just("retry"),
    WELL_OR_NOT,
    AFTER_THAT,
    KILLS,
    rows=st.lists(PLACES, min_size=1, max_size=2).map(tuple),
)
EDITS = (
    st.builds(Change, PLACES, ROWS),
    st.builds(Insert, PLACES, ROWS),
    st.builds(Remove, PLACES),
    st.builds(Swap, PLACES),
)
KINDS = (*[COMMANDS] * 7, *EDITS, NAMING, st.builds(Wait, st.just(13)))
STEPS = st.integers(0, len(KINDS) - 1).flatmap(lambda kind: KINDS[kind])
"""`one_of` would take strategies that are the same only once."""
SCHEDULES = st.builds(
    Schedule,
    rows=st.lists(ROWS, min_size=1, max_size=6).map(tuple),
    steps=st.tuples(FIRST, st.lists(STEPS, max_size=5)).map(lambda steps: (steps[0], *steps[1])),
    crm=st.builds(
        Traits,
        notes=st.sampled_from(("add", "overwrite")),
        read_lag=st.sampled_from((0.0, 2.0, 20.0)),
        refused=st.sampled_from((frozenset(), frozenset(), frozenset({"b"}))),
    ),
)
QUIET = [HealthCheck.too_slow, HealthCheck.data_too_large]


def live_through(schedule: Schedule, *, ledger_of: Callable[[Database], Ledger] = Ledger) -> Night:
    """The schedule, then the end; judged after each command."""
    with tempfile.TemporaryDirectory() as folder:
        night = Night(Path(folder), schedule.rows, traits=schedule.crm, ledger_of=ledger_of)
        try:
            for step in schedule.steps:
                night.do(step)
                if night.ended:
                    judge(night)
            steps_to_the_end(night)
            judge_the_end(night)
        except AssertionError as error:
            error.add_note("\n".join(_story(night)))
            raise
    return night


def _story(night: Night) -> list[str]:
    """What was typed, and what the CRM saw: for whoever reads a failure."""
    lines = []
    for number, ended in enumerate([*night.ended, "…"], 1):
        lines.append(f"{number}. {ended}")
        for seen in night.crm.seen:
            if seen.command == number:
                entry = seen.intent.entry if seen.intent else None
                applied = "applied" if seen.applied else "not applied"
                values = " ".join([*seen.fields.values(), seen.note]).strip()
                lines.append(
                    f"   {seen.at:9.1f} s  entry {entry} for {seen.guid[-2:]}: {values}"
                    f"  ({seen.fate}, {applied})"
                )
    return lines


def test_a_note_that_is_left_out_is_there_from_before() -> None:
    """A kill after the intent, then a changed sheet: a read settles the fields alone."""
    for kill_at in range(20, 30):
        live_through(
            Schedule(
                rows=(Row(opportunity=1, value="b", stage="", note="n1"),),
                steps=(
                    Command("run", (), "ok", None),
                    Insert(0, Row(opportunity=1, value="b", stage="won", note="")),
                    Command("run", ("truncated",), "ok", None),
                    Command("retry", (), "ok", None, rows=(0,)),
                    Command("retry", (), "ok", kill_at),
                    Change(0, Row(opportunity=1, value="a", stage="", note="")),
                ),
                crm=Traits(notes="add", read_lag=0.0, refused=frozenset()),
            )
        )


def live_through_nights(count: int, record_property: Callable[[str, object], None]) -> None:
    """So many random nights; what happened in them is recorded."""
    figures: Counter[str] = Counter()

    @settings(
        max_examples=count,
        suppress_health_check=QUIET,
        phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
        report_multiple_bugs=False,
    )
    @given(SCHEDULES)
    def nights(schedule: Schedule) -> None:
        night = live_through(schedule)
        figures.update(
            {
                "nights": 1,
                "commands": len(night.ended),
                "kills": night.kills,
                "fates": sum(seen.fate != "ok" for seen in night.crm.seen),
                "calls": len(night.crm.calls),
                "updates": len(night.crm.seen),
                "updates applied": sum(seen.applied for seen in night.crm.seen),
                "edits": sum(not isinstance(s, Command | Wait) for s in schedule.steps),
            }
        )

    nights()
    for name, figure in figures.items():
        record_property(name, figure)


@pytest.mark.no_cover
def test_nothing_is_lost_or_doubled_in_any_night(
    record_property: Callable[[str, object], None],
) -> None:
    live_through_nights(200, record_property)


@pytest.mark.soak
@pytest.mark.timeout(1150)
def test_nothing_is_lost_or_doubled_in_five_thousand_nights(
    record_property: Callable[[str, object], None],
) -> None:
    live_through_nights(5000, record_property)


def test_the_judge_is_content_with_a_plain_night() -> None:
    night = live_through(Schedule((Row(1), Row(2, "b", note="n1"), Row(1, "c")), ()))

    assert night.ended == ["run: OK", "run: OK"]
    assert sum(seen.applied for seen in night.crm.seen) == 3


# ------------------------------------------------------------------ what it has found

EVERY_READ_FAILS = ("down",) * 5
FOUND = {
    "a refusal after a call that was applied": Schedule(
        (Row(1),), (Command("run", ("transient applied", "foreign 404")),)
    ),
    "a refusal after a call that was applied, in a later command": Schedule(
        (Row(1),), (Command("run", ("lost after",), "down"), Command("resume", ("refused",)))
    ),
    "a sheet edited back while its edited run is unfinished": Schedule(
        (Row(1, "a"),),
        (
            Command("run"),
            Change(0, Row(1, "b")),
            Command("run", ("lost after",), "down"),
            Change(0, Row(1, "a")),
            Command("run"),
        ),
    ),
    "the same, and the older run cannot be settled by reads": Schedule(
        (Row(1, "a"),),
        (
            Command("run"),
            Change(0, Row(1, "b")),
            Command("run", ("lost after",), "down"),
            Change(0, Row(1, "a")),
            Command("run", EVERY_READ_FAILS),
        ),
    ),
    "an earlier row is retried while a named later one is in doubt": Schedule(
        (Row(1, "a"), Row(1, "b")),
        (
            Command("run", ("refused",)),
            Command("retry", ("lost after",), "down", rows=(1,)),
            Command("retry"),
        ),
    ),
    "a doubtful note is confirmed by the row before the one that has it": Schedule(
        (Row(1, "a"), Row(1, "b", note="n1")),
        (
            Command("run", ("ok", "lost after"), "down"),
            Change(0, Row(1, "c")),
            Command("run", EVERY_READ_FAILS),
        ),
    ),
}


@pytest.mark.parametrize("schedule", FOUND.values(), ids=FOUND)
def test_what_random_nights_have_found_stays_mended(schedule: Schedule) -> None:
    live_through(schedule)


# ------------------------------------------------------------------ three bugs


class SettlesBeforeSending(WorkLedger):
    """A row counts as succeeded as soon as its intent is durable; an answer may still mend that."""

    def intend(self, entry: Entry, **more: Any) -> int:
        attempt = super().intend(entry, **more)
        self._set(entry, "succeeded")
        return attempt

    def settle(self, run: Run, entry: Entry, outcome: Outcome, **more: Any) -> int:
        self._set(entry, "sending")
        return super().settle(run, entry, outcome, **more)

    def _set(self, entry: Entry, state: str) -> None:
        self._database.change(
            "UPDATE entries SET state = ? WHERE run = ? AND number = ?",
            state,
            entry.run,
            entry.number,
        )


class RetriesOutOfOrder(WorkLedger):
    """A row that was sent before goes after those that waited for it."""

    def pick(self, run: Run, **more: Any) -> list[Entry]:
        return sorted(super().pick(run, **more), key=lambda entry: entry.attempts > 0)

    def examine(self, run: Run, entry: Entry, **more: Any) -> Clear | Blocked:
        return super().examine(run, entry, **(more | {"regardless": True, "allow_older": True}))


class SendsNotesAgain(WorkLedger):
    """What was under way when a process died is taken for never sent."""

    def begin(self, run: Run) -> int:
        self._database.change(
            "UPDATE entries SET state = 'planned' WHERE run = ? AND state = 'sending'", run.number
        )
        return super().begin(run)


def nights_until_found(bug: type[WorkLedger]) -> tuple[int, str]:
    """How many schedules the judge needs to find a bug, 2,000 at most, and what it says."""
    tried = 0

    def seeded(database: Database) -> Ledger:
        ledger = Ledger(database)
        ledger.work = bug(database)
        return ledger

    @settings(
        max_examples=2000,
        suppress_health_check=QUIET,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        derandomize=True,
        database=None,
    )
    @given(SCHEDULES)
    def search(schedule: Schedule) -> None:
        nonlocal tried
        tried += 1
        live_through(schedule, ledger_of=seeded)

    with pytest.raises(AssertionError) as found:
        search()
    return tried, str(found.value)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("bug", "told"),
    [
        (SettlesBeforeSending, "succeeded before sent"),
        (RetriesOutOfOrder, "sent before rows|after a later row"),
        (SendsNotesAgain, "its note was sent 2 times"),
    ],
)
def test_a_seeded_bug_is_found(
    bug: type[WorkLedger], told: str, record_property: Callable[[str, object], None]
) -> None:
    tried, said = nights_until_found(bug)

    assert re.search(told, said), said
    record_property("found after", tried)
