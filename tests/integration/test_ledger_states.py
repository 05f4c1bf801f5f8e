"""The ledger on a real file: what it refuses, what it marks, and the table of states."""

import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.errors import LedgerError
from migrator.ledger import Ledger, PlannedRow, open_ledger
from migrator.model import (
    NEXT_STATES,
    Blocked,
    Clear,
    Doubt,
    Entry,
    Failed,
    InDoubt,
    NotesPolicy,
    NotSent,
    Outcome,
    Reading,
    Run,
    Source,
    SourceRow,
    State,
    Succeeded,
    Verdict,
)
from tests.integration.dispatching import an_update, guid, plan, states

READING = Reading(verdict=Verdict.UNKNOWN, status=503, message="Service Unavailable")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def picked(ledger: Ledger, run: Run) -> list[Entry]:
    return ledger.work.pick(run, after=0, limit=100, chosen=None)


def send(ledger: Ledger, run: Run, entry: Entry, outcome: Outcome) -> None:
    ledger.work.intend(entry, with_note=True, again=False, at=1.0)
    ledger.work.settle(run, entry, outcome, call=None, with_note=True, holds=True, at=2.0)


def succeed(ledger: Ledger, run: Run, guid: str = "") -> None:
    for entry in picked(ledger, run):
        send(ledger, run, entry, Succeeded(guid=guid, note_confirmed=True))


def examine(ledger: Ledger, run: Run, entry: Entry) -> Clear | Blocked:
    return ledger.work.examine(run, entry, allow_older=False, regardless=False, at=3.0)


# ------------------------------------------------------------------ opening


@pytest.mark.parametrize("content", [b"hello", b"\x00" * 200])
def test_a_file_that_is_no_ledger_is_refused_and_left_as_it_is(
    tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "other.db"
    path.write_bytes(content)

    with pytest.raises(LedgerError):
        open_ledger(path)

    assert path.read_bytes() == content


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE t (x)")
    other.close()
    before = path.read_bytes()

    with pytest.raises(LedgerError, match="not a ledger of migrator"):
        open_ledger(path)

    assert path.read_bytes() == before


def test_a_newer_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "migrator.db"
    open_ledger(path).close()
    newer = sqlite3.connect(path)
    newer.execute("PRAGMA user_version = 99")
    newer.close()

    with pytest.raises(LedgerError, match="newer migrator"):
        open_ledger(path)


def test_a_ledger_of_version_1_is_brought_up_with_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "migrator.db"
    with open_ledger(path) as ledger:
        run = plan(ledger, an_update(1), an_update(2))
    older = sqlite3.connect(path)
    tables = ("proofs", "lookups", "before_images", "differences", "opportunities")
    for table in (*tables, "mapping_texts", "dispatches"):
        older.execute(f"DROP TABLE {table}")
    for view in ("balance", "failures", "calls"):
        older.execute(f"DROP VIEW {view}")
    older.execute("DROP INDEX entries_under_way")
    for column in ("note_parts", "verified_at", "row_digest"):
        older.execute(f"ALTER TABLE entries DROP COLUMN {column}")
    columns = ("notes", "before_image", "unchanged_rows", "sighted", "filled_columns")
    for column in (*columns, "mapping_text_digest", "pruned_at"):
        older.execute(f"ALTER TABLE runs DROP COLUMN {column}")
    older.execute("PRAGMA user_version = 1")
    older.close()

    with open_ledger(path) as ledger:
        assert ledger.proofs.proved(run) == frozenset()
        assert states(ledger, run) == ["planned", "planned"]
        brought_up = ledger.plans.run(run.number)
        assert brought_up.source.notes is NotesPolicy.AT_MOST_ONCE
        assert not brought_up.keeps_images
        assert ledger.history.mapping_text(brought_up) is None
        assert ledger.dispatches.of(brought_up) == []


def test_commands_that_begin_a_ledger_at_the_same_moment_share_it(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib, time\n"
        "from migrator.ledger import open_ledger\n"
        "print('here', flush=True)\n"
        "for name in sys.stdin:\n"  # the beginning, for all of them at once
        "    with open_ledger(name.strip()) as ledger:\n"
        "        print(ledger.tag, flush=True)\n"
    )
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        for _ in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "here\n"
    names = "".join(f"{tmp_path / str(number)}.db\n" for number in range(25))
    for process in processes:
        assert process.stdin is not None
        process.stdin.write(names)
        process.stdin.flush()
    told = [process.communicate() for process in processes]

    assert [errors for _, errors in told] == [""] * 4
    assert len({tags for tags, _ in told}) == 1
    assert len(told[0][0].split()) == 25


def test_a_cut_ledger_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "migrator.db"
    with open_ledger(path) as ledger:
        plan(ledger, *(an_update(number) for number in range(200)))
    cut = path.read_bytes()[:-8192]
    path.write_bytes(cut)

    with pytest.raises(LedgerError, match="damaged"):
        open_ledger(path)

    assert path.read_bytes() == cut


def test_a_ledger_that_must_exist_and_a_folder_that_does_not(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="no ledger here"):
        open_ledger(tmp_path / "migrator.db", must_exist=True)
    with pytest.raises(LedgerError, match="folder"):
        open_ledger(tmp_path / "missing" / "migrator.db")


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX's")
def test_only_its_owner_may_read_it(ledger: Ledger) -> None:
    plan(ledger, an_update(1))

    for file in ledger.path.parent.glob("migrator.db*"):
        if not file.name.endswith(".lock"):
            assert file.stat().st_mode & 0o077 == 0, file


# ------------------------------------------------------------------ plans


def test_the_longest_confirmed_beginning_of_an_opportunity_is_unchanged(ledger: Ledger) -> None:
    rows = (an_update(1, value="a", note="n"), an_update(1, value="b"), an_update(2))
    succeed(ledger, plan(ledger, *rows))

    same = plan(ledger, *rows)
    longer = plan(ledger, *rows, an_update(1, value="c", note="n"))

    assert states(ledger, same) == ["unchanged"] * 3
    assert states(ledger, longer) == ["unchanged"] * 3 + ["planned"]


def test_a_note_that_is_confirmed_is_left_out_and_counted(ledger: Ledger) -> None:
    succeed(ledger, plan(ledger, an_update(1, value="a", note="n")))

    again = plan(ledger, an_update(1, value="b", note="n"))

    (entry,) = picked(ledger, again)
    assert entry.note == ""
    assert again.notes_left_out == 1


def test_a_row_with_nothing_to_send_is_unchanged(ledger: Ledger) -> None:
    assert states(ledger, plan(ledger, an_update(1, value=""))) == ["unchanged"]


def test_a_plan_that_is_not_sealed_leaves_nothing_behind(ledger: Ledger) -> None:
    source = plan(ledger, an_update(1)).source
    unsealed = ledger.plans.begin(source, account="account")

    assert ledger.plans.unsealed() == [unsealed]
    ledger.plans.discard(unsealed)
    assert not ledger.plans.unsealed()


def test_a_closed_run_gives_its_rows_to_the_newer_one(ledger: Ledger) -> None:
    old = plan(ledger, an_update(1), an_update(2, note="lost"))
    lost = picked(ledger, old)[1]
    send(ledger, old, lost, InDoubt(doubt=Doubt.ALL, reading=READING))
    new = plan(ledger, an_update(1), an_update(2, note="lost"))

    ledger.plans.close(old, by=new)

    assert states(ledger, old) == ["superseded", "in_doubt"]
    standing = examine(ledger, new, picked(ledger, new)[1])
    assert isinstance(standing, Clear)
    assert [doubtful.note for doubtful in standing.doubtful_notes] == ["lost"]


# ------------------------------------------------------------------ work


def test_a_call_without_an_answer_is_in_doubt_at_the_next_start(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1), an_update(2))
    ledger.work.intend(picked(ledger, run)[0], with_note=False, again=False, at=1.0)

    assert ledger.work.begin(run) == 1

    assert states(ledger, run) == ["in_doubt", "planned"]


def test_later_rows_wait_for_a_failed_one_and_are_freed_when_it_is_planned_again(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1, value="a"), an_update(1, value="b"), an_update(2))
    first = picked(ledger, run)[0]
    send(ledger, run, first, Failed(reading=READING))

    assert states(ledger, run) == ["failed", "failed", "planned"]
    assert ledger.records.balance(run).waiting == 1

    ledger.work.settle(
        run, first, NotSent(reading=READING), call=None, with_note=False, holds=False, at=4.0
    )
    assert states(ledger, run) == ["planned"] * 3


def test_an_older_row_is_superseded_by_a_newer_success(ledger: Ledger) -> None:
    old = plan(ledger, an_update(1, value="old"))
    (entry,) = picked(ledger, old)
    succeed(ledger, plan(ledger, an_update(1, value="new")))

    assert examine(ledger, old, entry) == Blocked()

    assert states(ledger, old) == ["superseded"]


def test_a_success_joins_an_auto_id_to_its_guid(ledger: Ledger) -> None:
    guid = "00000000-0000-0000-0000-000000000007"
    succeed(ledger, plan(ledger, an_update(0, value="a", auto="OPP-7")), guid=guid)

    assert states(ledger, plan(ledger, an_update(7, value="a"))) == ["unchanged"]
    assert states(ledger, plan(ledger, an_update(0, value="a", auto="OPP-7"))) == ["unchanged"]


def test_a_person_settles_a_note_in_doubt(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"), an_update(2, note="n"))
    for entry in picked(ledger, run):
        send(ledger, run, entry, InDoubt(doubt=Doubt.NOTE, reading=READING))

    ledger.choices.settle_notes(run, [1], present=True, at=5.0)
    ledger.choices.settle_notes(run, [2], present=False, at=5.0)

    assert states(ledger, run) == ["succeeded", "planned"]
    assert states(ledger, plan(ledger, an_update(1, note="n"))) == ["unchanged"]


def test_a_new_key_is_joined_to_its_account_for_good(ledger: Ledger) -> None:
    old = ledger.accounts.remember("host", "key1", organisation="")
    succeed(ledger, plan(ledger, an_update(1), account=old))
    ledger.accounts.remember("host", "key2", organisation="")

    ledger.accounts.join("host", "key2", account=old)

    assert ledger.accounts.known("host", "key2") == old
    assert states(ledger, plan(ledger, an_update(1), account=old)) == ["unchanged"]


def test_a_row_that_one_of_two_joined_accounts_knew_as_a_whole_is_not_known_so(
    ledger: Ledger,
) -> None:
    row = SourceRow("deals.csv", "", 2, 2, ("Id",), ("1",))
    for account in ("old", "new"):
        ledger.accounts.join("host", account, account=account)
        source = Source(
            name="deals.csv",
            mapping_name="deals.yaml",
            mapping_digest="m",
            event_code=12000,
            columns=("Id",),
            schema_names=("mx_Custom_1",),
        )
        run = ledger.plans.begin(source, account=account)
        planned = PlannedRow(row, an_update(1, account), None, account.encode())
        ledger.plans.add(run, [planned], first_number=1)
        succeed(ledger, ledger.plans.seal(run, content_digest="", rows_read=1, blank_rows=0))
    assert ledger.sightings.known("old", [guid(1)])[guid(1)].row_digest == b"old"

    ledger.accounts.join("host", "new", account="old")  # what is confirmed is the newer one's

    assert ledger.sightings.known("old", [guid(1)])[guid(1)].row_digest == b""


def test_a_run_is_held_by_one_process_and_freed_when_it_dies(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1))
    code = (
        "import sys\n"
        "from migrator.ledger import open_ledger\n"
        "ledger = open_ledger(sys.argv[1])\n"
        "with ledger.locks.hold(ledger.records.runs()[0]):\n"
        "    print('held', flush=True)\n"
        "    sys.stdin.read()\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code, str(ledger.path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with (
            pytest.raises(LedgerError, match=f"process {holder.pid}"),
            ledger.locks.hold(run),
        ):
            pytest.fail("two processes hold the run")
        holder.kill()
    with ledger.locks.hold(run):
        pass


OUTCOMES = st.sampled_from(
    [
        Succeeded(note_confirmed=True),
        Failed(reading=READING),
        InDoubt(doubt=Doubt.ALL, reading=READING),
        InDoubt(doubt=Doubt.NOTE, reading=READING),
        NotSent(reading=READING),
        None,  # killed: no outcome is written
    ]
)


@settings(max_examples=60, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 5), OUTCOMES, st.booleans()), max_size=25))
def test_no_sequence_of_calls_leaves_the_table_of_states(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[int, Outcome | None, bool]],
) -> None:
    with open_ledger(tmp_path_factory.mktemp("ledger") / "migrator.db") as ledger:
        run = plan(ledger, *(an_update(n % 3, value=str(n), note=f"note {n}") for n in range(6)))
        before = [State(state) for state in states(ledger, run)]
        for which, outcome, retries in steps:
            entries = picked(ledger, run)
            if retries:
                ledger.choices.plan_failed_again(run, None, at=1.0)
            elif entries:
                standing = examine(ledger, run, entries[which % len(entries)])
                if isinstance(standing, Clear) and outcome is not None:
                    send(ledger, run, standing.entry, outcome)
                elif isinstance(standing, Clear):
                    ledger.work.intend(standing.entry, with_note=True, again=False, at=1.0)
                    ledger.work.begin(run)
            after = [State(state) for state in states(ledger, run)]
            for old, new in zip(before, after, strict=True):
                assert old is new or _reachable(old, new), (old, new)
            assert ledger.records.balance(run).is_whole
            before = after


def _reachable(old: State, new: State) -> bool:
    """In the steps that one call takes: planned, sending, outcome, and waiting for it."""
    first = NEXT_STATES[old]
    second = {state for step in first for state in NEXT_STATES[step]}
    third = {state for step in second for state in NEXT_STATES[step]}
    return new in first | second | third
