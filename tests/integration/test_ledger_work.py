"""What a sealed plan goes through in a real file: begun again, waiting, choosing, settled notes."""

import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.errors import LedgerError
from migrator.ledger import Ledger, open_ledger
from migrator.ledger.work import IllegalStepError
from migrator.model import (
    Blocked,
    Call,
    Clear,
    Doubt,
    Entry,
    Failed,
    InDoubt,
    NotSent,
    Outcome,
    Reading,
    Run,
    RunState,
    Succeeded,
    Verdict,
)
from tests.integration.dispatching import an_update, guid, plan, states

LOST = Reading(verdict=Verdict.UNKNOWN, status=503, message="Service Unavailable")
REFUSED = Reading(verdict=Verdict.REFUSED, status=500, exception="MXInput", message="Invalid!")
DONE = Succeeded(note_confirmed=True)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def picked(ledger: Ledger, run: Run, chosen: frozenset[int] | None = None) -> list[Entry]:
    return ledger.work.pick(run, after=0, limit=100, chosen=chosen)


def intend(ledger: Ledger, entry: Entry) -> int:
    return ledger.work.intend(entry, with_note=bool(entry.note), again=False, at=1.0)


def settle(ledger: Ledger, run: Run, entry: Entry, outcome: Outcome) -> int:
    return ledger.work.settle(
        run, entry, outcome, call=None, with_note=bool(entry.note), holds=True, at=2.0
    )


def send(ledger: Ledger, run: Run, entry: Entry, outcome: Outcome) -> int:
    intend(ledger, entry)
    return settle(ledger, run, entry, outcome)


def examine(
    ledger: Ledger, run: Run, entry: Entry, *, allow_older: bool = False, regardless: bool = False
) -> Clear | Blocked:
    return ledger.work.examine(run, entry, allow_older=allow_older, regardless=regardless, at=3.0)


# ------------------------------------------------------------------ opening


def test_garbage_behind_a_sound_beginning_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "migrator.db"
    with open_ledger(path) as ledger:
        plan(ledger, *(an_update(n) for n in range(300)))
    content = bytearray(path.read_bytes())
    content[8192:-4096] = b"\xa5" * (len(content) - 8192 - 4096)
    path.write_bytes(content)

    with pytest.raises(LedgerError, match="damaged"):
        open_ledger(path)

    assert path.read_bytes() == content


def test_a_newer_ledger_is_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "migrator.db"
    open_ledger(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()
    before = path.read_bytes()

    with pytest.raises(LedgerError, match="Install the newer migrator"):
        open_ledger(path)

    assert path.read_bytes() == before


def test_a_ledger_opened_again_is_the_same_ledger(tmp_path: Path) -> None:
    with open_ledger(tmp_path / "migrator.db") as ledger:
        run = plan(ledger, an_update(1))
        tag = ledger.tag

    with open_ledger(tmp_path / "migrator.db", must_exist=True) as again:
        assert again.tag == tag
        assert again.records.run(run.id) == run


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_a_generous_umask_opens_the_ledger_to_nobody(ledger: Ledger) -> None:
    plan(ledger, an_update(1))

    wal = ledger.path.with_name("migrator.db-wal")

    assert ledger.path.stat().st_mode & 0o777 == 0o600
    assert wal.stat().st_mode & 0o777 == 0o600


# ------------------------------------------------------------------ after a kill


def test_a_kill_before_the_answer_leaves_the_row_in_doubt(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    intend(ledger, picked(ledger, run)[0])

    assert ledger.work.begin(run) == 1
    assert states(ledger, run) == ["in_doubt"]


@pytest.mark.parametrize("verdict", [Verdict.RATE, Verdict.TARGET_FAULT])
def test_a_kill_after_an_answer_without_effect_leaves_the_row_planned(
    ledger: Ledger, verdict: Verdict
) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = picked(ledger, run)
    call = Call(attempt=intend(ledger, entry), reading=Reading(verdict=verdict), at=2.0)
    ledger.work.note_call(entry, call)

    assert ledger.work.begin(run) == 0
    assert states(ledger, run) == ["planned"]


def test_one_unknown_call_among_those_without_effect_leaves_the_row_in_doubt(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = picked(ledger, run)
    for verdict in (Verdict.UNKNOWN, Verdict.RATE):
        attempt = intend(ledger, entry)
        ledger.work.note_call(
            entry, Call(attempt=attempt, reading=Reading(verdict=verdict), at=2.0)
        )

    assert ledger.work.begin(run) == 1
    assert states(ledger, run) == ["in_doubt"]


def test_every_attempt_is_numbered_and_counted(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = picked(ledger, run)

    assert [intend(ledger, entry) for _ in range(3)] == [1, 2, 3]
    assert ledger.records.balance(run).calls == 3


def test_a_settled_row_takes_no_other_outcome(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    (entry,) = picked(ledger, run)
    send(ledger, run, entry, DONE)

    for outcome in (Failed(reading=REFUSED), NotSent(reading=LOST)):
        with pytest.raises(IllegalStepError):
            settle(ledger, run, entry, outcome)
    assert states(ledger, run) == ["succeeded"]


# ------------------------------------------------------------------ waiting, place, choosing


def test_the_row_that_is_waited_for_is_named(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(2), an_update(1, "b"))

    assert send(ledger, run, picked(ledger, run)[0], Failed(reading=REFUSED)) == 1

    waiting = ledger.records.entry((run.number, 3))
    assert waiting is not None
    assert (waiting.message, waiting.attempts) == ("waits for row 2", 0)


def test_a_doubtful_note_holds_nobody(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a", note="n"), an_update(1, "b"))
    first, second = picked(ledger, run)

    send(ledger, run, first, InDoubt(doubt=Doubt.NOTE, reading=LOST))

    standing = examine(ledger, run, second)
    assert isinstance(standing, Clear)
    assert [doubtful.note for doubtful in standing.doubtful_notes] == ["n"]


def test_a_row_named_to_go_regardless_does_not_wait_and_supersedes_the_earlier(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"))
    first, _ = picked(ledger, run)
    send(ledger, run, first, Failed(reading=REFUSED))
    assert ledger.choices.plan_failed_again(run, [1, 2], at=3.0) == 2
    first, second = picked(ledger, run)

    standing = examine(ledger, run, second, regardless=True)
    assert isinstance(standing, Clear)
    send(ledger, run, standing.entry, DONE)

    assert examine(ledger, run, first) == Blocked()
    assert states(ledger, run) == ["superseded", "succeeded"]
    superseded = ledger.records.entry((run.number, 1))
    assert superseded is not None
    assert superseded.other == (run.number, 2)


def test_an_older_row_goes_when_it_is_allowed(ledger: Ledger) -> None:
    old = plan(ledger, an_update(1, "old"))
    new = plan(ledger, an_update(1, "new"))
    send(ledger, new, picked(ledger, new)[0], DONE)

    assert isinstance(examine(ledger, old, picked(ledger, old)[0], allow_older=True), Clear)


def test_a_row_settled_since_it_was_picked_is_told_apart(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"))
    first, second = picked(ledger, run)

    send(ledger, run, first, Failed(reading=REFUSED))

    assert examine(ledger, run, second) == Blocked(since_picked=True)


def test_a_chosen_row_takes_its_opportunitys_earlier_rows_along(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n % 2, f"{n}") for n in range(6)))

    assert ledger.choices.with_earlier(run, [5]) == {1, 3, 5}
    assert [entry.number for entry in picked(ledger, run, frozenset({1, 3, 5}))] == [1, 3, 5]


def test_the_first_rows_stay_the_same_when_some_are_sent(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(5)))
    before = ledger.choices.first_numbers(run, 2)

    send(ledger, run, picked(ledger, run)[0], DONE)

    assert ledger.choices.first_numbers(run, 2) == before == [1, 2]


def test_rows_are_named_by_the_number_that_excel_shows(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(5)))

    assert ledger.choices.numbers_of_rows(run, [(2, 2), (4, 99)]) == [1, 3, 4, 5]


# ------------------------------------------------------------------ accounts and identities


def test_an_auto_id_joined_in_mid_run_names_its_later_rows_too(ledger: Ledger) -> None:
    run = plan(ledger, an_update(0, "a", auto="OPP-7"), an_update(0, "b", auto="OPP-7"))
    first = picked(ledger, run)[0]

    send(ledger, run, first, Succeeded(guid=guid(7), note_confirmed=True))

    (second,) = picked(ledger, run)
    assert (second.opportunity, second.guid, second.opportunity_id) == (guid(7), guid(7), "OPP-7")


def test_a_newer_success_under_the_guid_supersedes_the_auto_ids_older_row(ledger: Ledger) -> None:
    joined = plan(ledger, an_update(0, "a", auto="OPP-7"))
    send(ledger, joined, picked(ledger, joined)[0], Succeeded(guid=guid(7), note_confirmed=True))
    old = plan(ledger, an_update(0, "b", auto="OPP-7"))
    new = plan(ledger, an_update(7, "c"))
    send(ledger, new, picked(ledger, new)[0], DONE)

    assert examine(ledger, old, picked(ledger, old)[0]) == Blocked()
    assert states(ledger, old) == ["superseded"]


# ------------------------------------------------------------------ notes and the end


def test_a_note_said_to_be_missing_is_sent_with_its_row_again(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"))
    send(ledger, run, picked(ledger, run)[0], InDoubt(doubt=Doubt.NOTE, reading=LOST))
    assert picked(ledger, run) == []

    assert ledger.choices.settle_notes(run, None, present=False, at=5.0) == 1

    (entry,) = picked(ledger, run)
    assert entry.note == "n"


def test_a_call_in_doubt_about_all_is_no_persons_to_settle(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"))
    send(ledger, run, picked(ledger, run)[0], InDoubt(doubt=Doubt.ALL, reading=LOST))

    assert ledger.choices.settle_notes(run, None, present=True, at=5.0) == 0
    assert states(ledger, run) == ["in_doubt"]


def test_a_run_is_finished_when_nothing_is_left_to_send_or_to_settle(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"), an_update(2), an_update(3))
    first, second, third = picked(ledger, run)
    send(ledger, run, first, InDoubt(doubt=Doubt.NOTE, reading=LOST))
    send(ledger, run, second, Failed(reading=REFUSED))
    assert ledger.work.finish(run, at=6.0) is RunState.OPEN

    send(ledger, run, third, DONE)

    assert ledger.work.finish(run, at=7.0) is RunState.FINISHED
    assert ledger.plans.run(run.number).finished_at == 7.0
    assert not ledger.records.is_unfinished(run)


def test_reasons_are_counted_without_their_values(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(3)))
    for n, entry in enumerate(picked(ledger, run)):
        reading = Reading(
            verdict=Verdict.REFUSED, status=500, exception="MXInput", message=f'"{n}" is wrong'
        )
        send(ledger, run, entry, Failed(reading=reading))

    (reason,) = ledger.records.reasons(run, list(ledger.records.balance(run).states))

    assert (reason.title, reason.text, reason.count) == ("MXInput", "<value> is wrong", 3)
    assert (reason.rows, reason.example) == ((2, 3, 4), '"0" is wrong')
