"""The end of a command: balance, reasons, the next command; in words or as JSON.

Owns the wording of the end; every figure comes from the ledger.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Final

from migrator.clock import local_time
from migrator.model import Balance, Reason, Run, State
from migrator.redact import printable
from migrator.reports.text import balance_lines, counted, reason_lines

if TYPE_CHECKING:
    from migrator.ledger import Ledger
    from migrator.ledger.findings import Difference
    from migrator.runs.delivering import Finished

DIFFERENCES_SHOWN: Final = 20
ATTENTION = (State.FAILED, State.REJECTED, State.IN_DOUBT)


def run_lines(ledger: "Ledger", run: Run, balance: Balance) -> Iterator[str]:
    """Where a run stands, and what to do next."""
    yield f"Run {run.id} ({run.source.name}): {_standing(balance)}"
    yield from balance_lines(balance)
    reasons = ledger.records.reasons(run, ATTENTION)
    if reasons:
        yield "by reason:"
        yield from reason_lines(reasons)
        yield from _proposals(ledger, run, reasons)
    if balance.otherwise:
        yield from lost_lines(ledger, run)
    if balance.conflicts:
        yield from conflict_lines(ledger, run)
    yield f"ledger: {ledger.path}"
    if run.pruned_at:
        yield f"cells and values were removed by `ledger prune` at {local_time(run.pruned_at)}"
    yield from next_commands(ledger, run, balance)


def _proposals(ledger: "Ledger", run: Run, reasons: list[Reason]) -> Iterator[str]:
    from migrator.runs.suggesting import suggestions

    if snippets := suggestions(ledger, run, reasons):
        from migrator.cli.checked import snippet_lines

        yield from snippet_lines(snippets, run.source.mapping_name)
        yield ""


def finished_lines(ledger: "Ledger", finished: "Finished") -> Iterator[str]:
    """How a command that sends ended."""
    if not finished.run.content_digest:
        return  # the operator said no to a new plan, which is gone
    yield from run_lines(ledger, finished.run, finished.balance)


def lost_lines(ledger: "Ledger", run: Run) -> Iterator[str]:
    """The values that a read showed otherwise than they were written."""
    yield "read back otherwise than written:"
    yield from _listed(ledger.findings.lost(run), _lost, f"migrator verify {run.id} --json")


def conflict_lines(ledger: "Ledger", run: Run) -> Iterator[str]:
    """The values that somebody changed, and that were not sent."""
    yield (
        "in conflict (the same reconcile with --conflicts ours sends the sheet's, theirs leaves "
        "LeadSquared's):"
    )
    yield from _listed(
        ledger.findings.conflicts(run), _conflict, f"migrator status {run.id} --json"
    )


def _listed(
    differences: "Iterator[Difference]", told: "Callable[[Difference], str]", command: str
) -> Iterator[str]:
    for one in islice(differences, DIFFERENCES_SHOWN):
        yield f"  {one.file}, row {one.row}, {printable(one.opportunity_id)}: {told(one)}"
    more = sum(1 for _ in differences)
    if more:
        yield f"  and {counted(more, 'value')} more; `{command}` lists all"


def differences_json(
    differences: "Iterable[Difference]", wanted: str = "written"
) -> list[dict[str, Any]]:
    """Differences for programs, all of them; ``wanted`` names what should be there."""
    return [
        {
            "file": one.file,
            "row": one.row,
            "opportunity_id": one.opportunity_id,
            "schema_name": one.schema_name,
            wanted: one.wanted,
            "found": one.found,
        }
        for one in differences
    ]


def _conflict(one: "Difference") -> str:
    ours, theirs = printable(one.wanted), printable(one.found)
    return f'{one.schema_name} is "{theirs}" in LeadSquared and "{ours}" in the sheet'


def _lost(one: "Difference") -> str:
    if not one.schema_name:
        return "LeadSquared does not know the opportunity any more"
    wrote, reads = printable(one.wanted), printable(one.found)
    return f'{one.schema_name} was written as "{wrote}" and reads "{reads}"'


def next_commands(ledger: "Ledger", run: Run, balance: Balance) -> Iterator[str]:
    """The exact commands that take the rest further; in the end the one that tells all of it."""
    from migrator.cli.common import ledger_option

    named = f"{run.id}{ledger_option(ledger)}"
    if not run.pruned_at:
        yield from _remedies(named, balance)
    if not balance.unfinished:
        yield f"next: migrator report {named} -o report.html"


def _remedies(named: str, balance: Balance) -> Iterator[str]:
    if balance.unfinished:
        yield f"next: migrator resume {named}"
    if balance.states.get(State.FAILED):
        yield f"next: migrator retry {named}"
    boxes = ((State.FAILED, "--failed"), (State.REJECTED, "--rejected"))
    chosen = [
        name
        for state, name in (*boxes, (State.IN_DOUBT, "--in-doubt"))
        if balance.states.get(state)
    ]
    if chosen and balance.needs_attention:
        yield f"next: migrator export {named} {' '.join(chosen)} -o fix.xlsx"
    if balance.in_doubt_note_only:
        yield f"next: migrator retry {named} --in-doubt --note-present   (or --note-missing)"


def run_json(ledger: "Ledger", run: Run, balance: Balance) -> dict[str, Any]:
    """The same content for programs."""
    from dataclasses import asdict

    from migrator.reports.report_json import balance_json
    from migrator.runs.suggesting import suggestions

    reasons = ledger.records.reasons(run, ATTENTION)
    return {
        "run": run.id,
        "source": run.source.name,
        "mapping": run.source.mapping_name,
        "account": run.account,
        "state": run.state,
        "ledger": str(ledger.path),
        **balance_json(balance),
        "notes_left_out": run.notes_left_out,
        "pruned": bool(run.pruned_at),
        "in_conflict": differences_json(ledger.findings.conflicts(run), "wanted"),
        "reasons": [asdict(reason) for reason in reasons],
        "snippets": [snippet._asdict() for snippet in suggestions(ledger, run, reasons)],
        "next": [line.removeprefix("next: ") for line in next_commands(ledger, run, balance)],
    }


def finished_json(ledger: "Ledger", finished: "Finished", *, more: Mapping[str, Any]) -> str:
    """How a command that sends ended, as JSON; with ``more``, which the command knows."""
    import orjson

    result = run_json(ledger, finished.run, finished.balance)
    error = finished.error
    result |= {
        "sent": finished.sent,
        "exit_code": int(finished.exit_code),
        "error": None if error is None else {"problem": error.problem, "advice": error.advice},
    }
    return orjson.dumps({**result, **more}, option=orjson.OPT_INDENT_2).decode()


def _standing(balance: Balance) -> str:
    if balance.unfinished:
        return f"{counted(balance.unfinished, 'row')} left"
    return "finished; some rows need attention" if balance.needs_attention else "finished"
