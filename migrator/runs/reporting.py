"""From the ledger to a `RunReport`: what is told of a run, and what is derived from what.

Owns the bounds of its lists and the thresholds of what counts as a gap or an outage. Reads the
ledger only; what it makes is written by `migrator.reports`.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import Final

from migrator import __version__
from migrator.catalogue import kind_of_answer, known
from migrator.errors import MappingError
from migrator.ledger import Ledger
from migrator.ledger.findings import CONFLICT, KEPT, LOST, Difference
from migrator.ledger.history import FAULTS, CallTimes, GapBetween, SpellOf
from migrator.mapping import Mapping, parse_mapping
from migrator.model import Doubt, EntryRecord, Reason, Run, State, Verdict
from migrator.reasons import masked
from migrator.reports.run_report import (
    FORMAT,
    Attention,
    AttentionRow,
    CallsPerRow,
    CommandFacts,
    Course,
    FileFacts,
    Gap,
    MappingFacts,
    NotedRow,
    OtherValue,
    OtherValues,
    RunFacts,
    RunReport,
    Speed,
    Spell,
)
from migrator.reports.timeline import SILENCE, buckets, width_for
from migrator.runs.reporting_fields import before_and_after

ATTENTION: Final = (State.FAILED, State.REJECTED, State.IN_DOUBT)
ROWS_LISTED: Final = 200
SPELLS_LISTED: Final = 20
GAP_SECONDS: Final = 30.0
AN_OUTAGE: Final = 5  #: Calls in a row without LeadSquared's answer; DESIGN decision 8.
RATE_ANSWERS_APART: Final = 30.0  #: Seconds after which a rate answer begins another spell.
IN_DOUBT: Final = {Doubt.ALL: "in-doubt", Doubt.NOTE: "note-in-doubt"}  #: Codes of the catalogue.
NO_ANSWER_KNOWN: Final = "no answer known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What the caller knows and the ledger does not."""

    made_at: float  #: Wall time.
    next: tuple[str, ...]  #: Commands that take the rest further.


def gather(ledger: Ledger, run: Run, told: Told) -> RunReport:
    """All that a report tells of a run."""
    commands = tuple(_commands(ledger, run))
    text = ledger.history.mapping_text(run)
    mapping = _parsed(text, run)
    times = ledger.history.call_times(run)
    reasons = tuple(ledger.records.reasons(run, ATTENTION))
    balance = ledger.records.balance(run)
    return RunReport(
        format=FORMAT,
        made_at=_moment(told.made_at),
        migrator=__version__,
        run=_facts(ledger, run, commands=commands, times=times, text=text, mapping=mapping),
        balance=balance,
        speed=_speed(ledger, run, commands, times),
        course=_course(ledger, run, commands),
        reasons=reasons,
        before_and_after=before_and_after(ledger, run, mapping),
        attention=Attention(
            total=sum(
                balance.states.get(state, 0) + balance.merged.get(state, 0) for state in ATTENTION
            ),
            rows=tuple(_attention(ledger, run, reasons)),
            command=next((line for line in told.next if " export " in line), ""),
        ),
        read_otherwise=_others(ledger, run, LOST, ledger.findings.lost(run)),
        in_conflict=_others(ledger, run, CONFLICT, ledger.findings.conflicts(run)),
        kept=_kept(ledger, run),
        notes_twice=tuple(
            NotedRow(file=file, row=row, opportunity_id=named)
            for file, row, named in ledger.history.notes_twice(run, limit=ROWS_LISTED)
        ),
        next=told.next,
    )


# ------------------------------------------------------------------ what, when, which


def _facts(
    ledger: Ledger,
    run: Run,
    *,
    commands: tuple[CommandFacts, ...],
    times: CallTimes,
    text: str | None,
    mapping: Mapping | None,
) -> RunFacts:
    relatives = ledger.history.relatives(run)
    source = run.source
    return RunFacts(
        id=run.id,
        kind=run.kind,
        state=run.state,
        source=source.name,
        parent=ledger.history.id_of(run.parent) if run.parent else None,
        undone_by=tuple(name for kind, name in relatives if kind == "undo"),
        mended_by=tuple(name for kind, name in relatives if kind == "update"),
        account=run.account,
        ledger=str(ledger.path),
        zone=mapping.source.timezone if mapping is not None else None,
        planned_at=_moment(run.created_at),
        first_call_at=_moment_or_none(times.first),
        last_call_at=_moment_or_none(times.last),
        finished_at=_moment_or_none(run.finished_at),
        pruned_at=_moment_or_none(run.pruned_at),
        content_digest=run.content_digest,
        unchanged_not_kept=run.unchanged_rows,
        notes_left_out=run.notes_left_out,
        files=tuple(
            FileFacts(
                file=one.file,
                sheet=one.sheet,
                rows=one.rows,
                first_row=one.first,
                last_row=one.last,
            )
            for one in ledger.history.files(run)
        ),
        mapping=MappingFacts(
            name=source.mapping_name,
            digest=source.mapping_digest,
            opportunity_type=source.event_code,
            text=text,
        ),
        commands=commands,
    )


def _parsed(text: str | None, run: Run) -> Mapping | None:
    """The kept mapping; None where it was not kept, or is of another version of the language."""
    if text is None:
        return None
    try:
        return parse_mapping(text, name=run.source.mapping_name)
    except MappingError:
        return None


def _commands(ledger: Ledger, run: Run) -> Iterator[CommandFacts]:
    for one in ledger.dispatches.of(run):
        yield CommandFacts(
            began_at=_moment(one.began_at),
            ended_at=_moment_or_none(one.ended_at),
            migrator=one.version,
            host=one.host,
            limit_calls=one.calls,
            limit_seconds=one.seconds,
        )


# ------------------------------------------------------------------ over time


def _speed(ledger: Ledger, run: Run, commands: Sequence[CommandFacts], times: CallTimes) -> Speed:
    silences = ledger.history.gaps(run, longer_than=SILENCE)
    active = times.last - times.first - sum(gap.ended - gap.began for gap in silences)
    width = width_for(active)
    return Speed(
        bucket_seconds=width,
        limit_per_second=(
            max(one.limit_calls / one.limit_seconds for one in commands) if commands else None
        ),
        buckets=buckets(
            (
                (number, verdict or NO_ANSWER_KNOWN, count)
                for number, verdict, count in ledger.history.calls(run, width=width)
            ),
            ledger.history.rows(run, width=width),
            width=width,
        ),
    )


def _course(ledger: Ledger, run: Run, commands: Sequence[CommandFacts]) -> Course:
    history = ledger.history
    verdicts = {verdict or NO_ANSWER_KNOWN: count for verdict, count in history.verdicts(run)}
    rate = history.spells(run, Verdict.RATE, apart=RATE_ANSWERS_APART)
    outages = history.outages(run, at_least=AN_OUTAGE)
    gaps = history.gaps(run, longer_than=GAP_SECONDS)
    return Course(
        verdicts=verdicts,
        calls_per_row=tuple(
            CallsPerRow(calls=calls, rows=rows, succeeded=succeeded)
            for calls, rows, succeeded in history.attempts(run)
        ),
        rate_answers=verdicts.get(Verdict.RATE, 0),
        rate_spells=tuple(map(_spell, rate[:SPELLS_LISTED])),
        rate_spells_more=max(0, len(rate) - SPELLS_LISTED),
        outages=tuple(map(_spell, outages[:SPELLS_LISTED])),
        outages_more=max(0, len(outages) - SPELLS_LISTED),
        gaps=tuple(_gap(gap, commands) for gap in gaps[:SPELLS_LISTED]),
        gaps_more=max(0, len(gaps) - SPELLS_LISTED),
        gap_seconds=GAP_SECONDS,
    )


def _spell(found: SpellOf) -> Spell:
    return Spell(
        began_at=_moment(found.began),
        ended_at=_moment(found.ended),
        calls=found.calls,
        answered_at=_moment_or_none(found.next),
    )


def _gap(gap: GapBetween, commands: Sequence[CommandFacts]) -> Gap:
    began, ended = _moment(gap.began), _moment(gap.ended)
    return Gap(
        began_at=began,
        ended_at=ended,
        seconds=gap.ended - gap.began,
        why=why_silent(gap.verdict, began, ended, commands),
    )


def why_silent(
    verdict: str, began: datetime, ended: datetime, commands: Iterable[CommandFacts]
) -> str:
    """Why no update left for a while, as far as the ledger tells.

    Args:
        verdict: Of the last call before.
        began: When that call left.
        ended: When the next one did.
        commands: That sent rows of the run.
    """
    if any(began < one.began_at <= ended for one in commands):
        return "another command began in it: the one before had ended"
    if verdict == Verdict.RATE:
        return "the call before it got a rate answer"
    if verdict in FAULTS:
        return "the call before it got no answer of LeadSquared's"
    return "the ledger does not tell: reads, the day's limit, or other runs of the account"


# ------------------------------------------------------------------ rows


def _attention(ledger: Ledger, run: Run, reasons: Sequence[Reason]) -> Iterator[AttentionRow]:
    advice = {
        (reason.title, reason.text): reason.advice
        for reason in reasons
        if reason.code not in IN_DOUBT.values()
    }
    for entry in islice(ledger.records.entries(run, ATTENTION), ROWS_LISTED):
        told = entry.advice
        if not told and entry.state is State.FAILED:
            told = advice.get((entry.exception, masked(entry.message)), "")
        yield AttentionRow(
            file=entry.file,
            sheet=entry.sheet,
            row=entry.row,
            opportunity_id=entry.opportunity_id,
            state=entry.carrier.state if entry.carrier else entry.state,
            reason=entry.message or entry.exception,
            advice=told or _what_to_do(entry),
        )


def _what_to_do(entry: EntryRecord) -> str:
    if entry.carrier is not None:
        return f"It goes with row {entry.carrier.row}."
    if entry.doubt is not None:
        return known(IN_DOUBT[entry.doubt]).mend
    return kind_of_answer(entry.exception).mend


def _others(ledger: Ledger, run: Run, kind: str, found: Iterable[Difference]) -> OtherValues:
    return OtherValues(
        total=ledger.history.values_otherwise(run, (kind,)).get(kind, 0),
        values=tuple(
            OtherValue(
                file=one.file,
                row=one.row,
                opportunity_id=one.opportunity_id,
                schema_name=one.schema_name,
                wanted=one.wanted,
                found=one.found,
            )
            for one in islice(found, ROWS_LISTED)
        ),
    )


def _kept(ledger: Ledger, run: Run) -> OtherValues:
    """What an undo left, told with the undo and with the run that it undid."""
    undone = ledger.plans.run(run.parent) if run.kind == "undo" and run.parent else run
    return _others(ledger, undone, KEPT, ledger.findings.kept(undone))


def _moment(at: float) -> datetime:
    return datetime.fromtimestamp(at, UTC)


def _moment_or_none(at: float) -> datetime | None:
    return _moment(at) if at else None
