"""A note of which no read can tell whether it is there: at most once, or at least once.

In virtual time; a process that is killed is a call that never comes back.
"""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from migrator.dispatcher import DispatchResult
from migrator.ledger import Ledger, open_ledger
from migrator.model import Doubt, InDoubt, NotesPolicy, Reading, Run, Verdict
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

AT_MOST, AT_LEAST = NotesPolicy
LOST = Reading(verdict=Verdict.UNKNOWN, status=503, message="Service Unavailable")
COLLEAGUE = "a colleague's"


class KilledError(Exception):
    """The process is gone; what is under way stays as the ledger has it."""


class Crm(ScriptedCrm):
    """A scripted CRM with more fates: somebody else's note, and the death of our process."""

    def __init__(self, *updates: str, reads: Sequence[str] = ()) -> None:
        """``updates``, ``reads``: the fates of each, in order; then all goes well."""
        super().__init__(self._fate)
        self.update_fates, self.read_fates = list(updates), list(reads)

    def _fate(self, call: Arrived) -> str:
        left = self.update_fates if call.update else self.read_fates
        fate = left.pop(0) if left else "ok"
        if fate == "killed after" and call.update:
            self._apply(call)
        if fate in ("killed before", "killed after"):
            raise KilledError
        if fate == "somebody writes":
            self.notes.setdefault(call.opportunity, []).append(COLLEAGUE)
            return "ok"
        return fate

    def ours(self, number: int = 1) -> list[str]:
        """The notes of an opportunity without what others wrote."""
        return [note for note in self.notes.get(guid(number), []) if note != COLLEAGUE]


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def send(
    ledger: Ledger, run: Run, crm: ScriptedCrm, progress: Spectator | None = None
) -> DispatchResult:
    # The run as the ledger has it: resume and retry have nothing else.
    kept = ledger.plans.run(run.number)
    return run_in_virtual_time(dispatched(ledger, kept, crm, progress=progress))


def killed(ledger: Ledger, run: Run, crm: ScriptedCrm) -> None:
    with pytest.raises(KilledError):
        send(ledger, run, crm)


# ------------------------------------------------------------------ within one command


@pytest.mark.parametrize("lost", ["lost before", "lost after"])
def test_at_least_once_sends_the_note_again_where_nobody_can_tell(
    ledger: Ledger, lost: str
) -> None:
    run = plan(ledger, an_update(1, note="hello"), notes=AT_LEAST)
    crm, spectator = Crm(lost, reads=["somebody writes"]), Spectator()

    send(ledger, run, crm, spectator)

    assert crm.ours() == ["hello"] * (2 if lost == "lost after" else 1)
    assert states(ledger, run) == ["succeeded"]
    balance = ledger.records.balance(run)
    assert (balance.notes_possibly_twice, balance.needs_attention) == (1, False)
    assert any("notes: at_least_once" in line for line in spectator.said)


@pytest.mark.parametrize("lost", ["lost before", "lost after"])
def test_at_most_once_leaves_it_in_doubt(ledger: Ledger, lost: str) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = Crm(lost, reads=["somebody writes"])

    send(ledger, run, crm)

    assert len(crm.ours()) == (lost == "lost after")
    assert states(ledger, run) == ["in_doubt"]
    assert ledger.records.balance(run).in_doubt_note_only == 1


def test_what_a_read_can_tell_is_not_sent_twice_under_either(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"), notes=AT_LEAST)
    crm = Crm("lost after")

    send(ledger, run, crm)

    assert crm.ours() == ["hello"]
    assert ledger.records.balance(run).notes_possibly_twice == 0


def test_attempts_used_up_end_in_doubt_about_all_and_a_resume_sends_the_note(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1, note="hello"), notes=AT_LEAST)
    crm = Crm(*["lost before"] * 5, reads=["somebody writes"])

    send(ledger, run, crm)
    assert states(ledger, run) == ["in_doubt"]
    assert ledger.records.balance(run).unfinished == 1

    send(ledger, run, crm)
    assert states(ledger, run) == ["succeeded"]
    assert crm.ours() == ["hello"]


def test_a_refusal_after_an_applied_call_leaves_the_note_in_doubt(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = Crm("lost after", "refused", reads=["somebody writes"])

    send(ledger, run, crm)

    assert states(ledger, run) == ["in_doubt"]
    assert ledger.records.balance(run).in_doubt_note_only == 1


def test_a_failure_after_a_doubt_about_the_note_leaves_it_out_of_a_retry(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = Crm("lost before", "refused", reads=["somebody writes"])
    spectator = Spectator()

    send(ledger, run, crm, spectator)
    assert states(ledger, run) == ["failed"]
    ledger.choices.plan_failed_again(run, None, at=1.0)
    send(ledger, run, crm)

    assert states(ledger, run) == ["succeeded"]
    assert crm.ours() == []
    assert any("its note is left out" in line for line in spectator.said)
    assert ledger.plans.run(run.number).notes_left_out == 1


# ------------------------------------------------------------------ over several commands


def test_the_policy_is_kept_with_the_run_and_holds_after_a_kill(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"), notes=AT_LEAST)
    crm = Crm("killed after", reads=["somebody writes"])
    killed(ledger, run, crm)

    assert ledger.plans.run(run.number).source.notes is AT_LEAST
    send(ledger, run, crm)

    assert crm.ours() == ["hello", "hello"]
    assert states(ledger, run) == ["succeeded"]
    assert ledger.records.balance(run).notes_possibly_twice == 1


def test_a_kill_between_the_read_and_the_second_call_is_still_said(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"), notes=AT_LEAST)
    crm = Crm("lost after", "killed after", reads=["somebody writes"])
    killed(ledger, run, crm)

    send(ledger, run, crm)

    assert crm.ours() == ["hello", "hello"]
    assert states(ledger, run) == ["succeeded"]
    assert ledger.records.balance(run).notes_possibly_twice == 1


def an_older_doubt(ledger: Ledger, *, notes: NotesPolicy) -> tuple[Run, Run]:
    """A closed run whose note "A" nobody knows to be there, and one that brings it again."""
    old = plan(ledger, an_update(1, note="A"))
    (entry,) = ledger.work.pick(old, after=0, limit=1, chosen=None)
    ledger.work.intend(entry, with_note=True, again=False, at=1.0)
    doubt = InDoubt(doubt=Doubt.ALL, reading=LOST)
    ledger.work.settle(old, entry, doubt, call=None, with_note=True, holds=True, at=1.0)
    new = plan(ledger, an_update(1, note="A"), notes=notes)
    ledger.plans.close(old, by=new)
    return old, new


def test_at_least_once_sends_a_note_that_an_earlier_run_may_have_brought(ledger: Ledger) -> None:
    old, new = an_older_doubt(ledger, notes=AT_LEAST)
    crm = Crm(reads=["somebody writes"])

    send(ledger, new, crm)

    assert crm.ours() == ["A"]
    assert states(ledger, new) == ["succeeded"]
    assert states(ledger, old) == ["superseded"]
    assert ledger.records.balance(new).notes_possibly_twice == 1


def test_at_most_once_leaves_out_a_note_that_an_earlier_run_may_have_brought(
    ledger: Ledger,
) -> None:
    old, new = an_older_doubt(ledger, notes=AT_MOST)
    crm = Crm(reads=["somebody writes"])

    send(ledger, new, crm)

    assert crm.ours() == []
    assert states(ledger, new) == ["succeeded"]
    assert states(ledger, old) == ["in_doubt"]


def test_a_kill_after_the_earlier_doubt_was_looked_up_loses_nothing_of_it(ledger: Ledger) -> None:
    old, new = an_older_doubt(ledger, notes=AT_LEAST)
    crm = Crm("killed before", reads=["somebody writes"])
    killed(ledger, new, crm)

    send(ledger, new, crm)

    assert crm.ours() == ["A"]
    assert states(ledger, old) == ["superseded"]
    assert ledger.records.balance(new).notes_possibly_twice == 1


# ------------------------------------------------------------------ whatever happens

UPDATES = st.sampled_from(
    ["ok", "ok", "lost before", "lost after", "lost after", "rate", "refused", "unreachable",
     "killed before", "killed after", "somebody writes"]
)  # fmt: skip
READS = st.sampled_from(["ok", "ok", "somebody writes", "somebody writes", "refused", "down",
                         "lost before", "killed before"])  # fmt: skip


@pytest.mark.no_cover
@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(1, 3), st.booleans()), min_size=1, max_size=8),
    updates=st.lists(UPDATES, max_size=25),
    reads=st.lists(READS, max_size=25),
    retries=st.lists(st.booleans(), min_size=30, max_size=30),
    notes=st.sampled_from(NotesPolicy),
)
@example(  # a retry after a failure that came upon a doubt
    rows=[(1, True)],
    updates=["lost after", "refused"],
    reads=["somebody writes"],
    retries=[True] * 30,
    notes=NotesPolicy.AT_MOST_ONCE,
)
def test_never_twice_under_at_most_once_and_never_missing_under_at_least_once(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, bool]],
    updates: list[str],
    reads: list[str],
    retries: list[bool],
    notes: NotesPolicy,
) -> None:
    """Each note is another text. A read that shows another's note says nothing of ours."""
    crm = Crm(*updates, reads=reads)
    with open_ledger(tmp_path_factory.mktemp("ledger") / "migrator.db") as ledger:
        run = plan(
            ledger,
            *(
                an_update(number, f"value {n}", note=f"note {n}" if noted else "")
                for n, (number, noted) in enumerate(rows)
            ),
            notes=notes,
        )
        for retry in retries:
            with suppress(KilledError):
                send(ledger, run, crm)
            if retry:
                ledger.choices.plan_failed_again(run, None, at=1.0)
            if not crm.update_fates and not crm.read_fates:
                break
        crm.update_fates.clear()
        crm.read_fates.clear()
        ledger.work.begin(run)
        ledger.choices.plan_failed_again(run, None, at=1.0)
        send(ledger, run, crm)
        send(ledger, run, crm)
        balance, ends = ledger.records.balance(run), states(ledger, run)
        left_out = ledger.plans.run(run.number).notes_left_out

    assert balance.is_whole
    assert set(ends) <= {"succeeded", "in_doubt"}
    missing = 0
    more = 0
    for n, (number, noted) in enumerate(rows):
        there = crm.ours(number).count(f"note {n}")
        assert noted or there == 0
        more += there > 1
        missing += noted and there == 0 and ends[n] == "succeeded"
    if notes is AT_LEAST:
        assert missing == 0
        assert balance.in_doubt_note_only == 0
    else:
        assert missing <= left_out
    if notes is AT_MOST:
        assert more == 0
    assert more <= balance.notes_possibly_twice
