"""What a reconcile found, in words, as a table, as a file or as JSON.

Owns the wording; every figure comes from `migrator.runs.reconciling`.
"""

import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migrator.cli.screen import columns_of, show
from migrator.redact import printable
from migrator.reports.text import counted

if TYPE_CHECKING:
    from migrator.errors import ExitCode
    from migrator.ledger.comparing import Differing
    from migrator.runs.reconciling import Reconciled
    from migrator.runs.world import Operator

SHOWN: Final = 50  #: Differences on the screen; -o and --json give all.
VANISHED_SHOWN: Final = 20
_CELL: Final = 40  #: Characters of a value on the screen.
_HEADER: Final = ("file", "row", "opportunity_id", "schema_name", "from", "to", "kind")
_NOT_KNOWN: Final = "(not read)"


class Found:
    """Prints what a reconcile found, before the question; of a dry run also every difference.

    Args:
        operator: Whose progress ends first.
        output: The file that takes every difference of a dry run; None for the screen.
        as_json: Whether the result is printed as JSON.
    """

    def __init__(self, operator: "Operator", output: Path | None, *, as_json: bool) -> None:
        self._operator, self._output, self._as_json = operator, output, as_json

    def show(self, found: "Reconciled", differing: "Iterator[Differing] | None") -> None:
        """Print or write it; ``differing``: of a dry run."""
        self._operator.close()
        if differing is None:
            for line in () if self._as_json else found_lines(found):
                show(line)
            sys.stdout.flush()  # before the question, which goes to standard error
            return
        listed: list[Differing] | None = None
        if self._as_json or (self._output is not None and self._output.suffix.lower() == ".json"):
            listed = list(differing)
        content = _dry_run_json(found, listed) if listed is not None else ""
        if self._output is not None:
            written = _write(self._output, content, listed or differing)
            print(f"{counted(written, 'difference')} in {self._output}", file=sys.stderr)
        if self._as_json:
            print(content)
            return
        for line in found_lines(found):
            show(line)
        if self._output is None:
            _show_table(differing)
        for brake in found.brakes:
            show(f"note: without --dry-run nothing would be sent: {brake}")


def found_lines(found: "Reconciled") -> Iterator[str]:
    """What was found, each opportunity in one line's count."""
    against = "what LeadSquared holds" if found.against == "crm" else "what was confirmed last"
    read = f", read with {counted(found.calls, 'call')}" if found.calls else ""
    yield (
        f"{counted(found.opportunities, 'opportunity')} of {counted(found.rows_read, 'row')} "
        f"held against {against}{read}:"
    )
    for count, words in (
        (found.new, "first time: this ledger has confirmed nothing of them"),
        (found.changed, "changed"),
        (found.unchanged, "unchanged"),
        (found.unknown, "unknown to LeadSquared"),
        (found.conflicts, f"in conflict ({counted(found.conflict_values, 'value')}): not sent"),
        (found.not_comparable, "not comparable: an AutoId that shows nothing"),
    ):
        if count or words in ("changed", "unchanged"):
            yield f"{count:>9,}  {words}"
    if found.refused_rows:
        yield f"{found.refused_rows:>9,}  rows beside them refused by the mapping"
    if found.overwritten:
        yield f"{counted(found.overwritten, 'value')} in conflict: ours would stand over somebody's"
    if found.left:
        yield f"{counted(found.left, 'value')} in conflict: left as somebody changed them"
    yield from _beside_the_last(found)


def _beside_the_last(found: "Reconciled") -> Iterator[str]:
    if found.last is None:
        yield "no reconcile of this mapping and source name has finished before"
        return
    yield (
        f"beside run {found.last.id}, the last that finished: {found.first_time:,} for the first "
        f"time, {found.vanished:,} vanished"
    )
    for key in found.vanished_ids[:VANISHED_SHOWN]:
        yield f"  vanished: {printable(key)}"
    more = found.vanished - VANISHED_SHOWN
    if more > 0:
        yield f"  and {more:,} more; --json lists {len(found.vanished_ids):,}"


def reconciled_json(found: "Reconciled") -> dict[str, Any]:
    """The same for programs."""
    names = (
        "against", "opportunities", "changed", "unchanged", "conflicts", "unknown",
        "not_comparable", "updates", "refused_rows", "rows_read", "merged_rows", "conflict_values",
        "overwritten", "left", "vanished", "vanished_ids", "brakes",
    )  # fmt: skip
    return {
        "first_time": found.new if found.against == "ledger" else found.first_time,
        **{name: getattr(found, name) for name in names},
        "last_run": None if found.last is None else found.last.id,
        "reading_calls": found.calls,
    }


def dry_run_code(found: "Reconciled") -> "ExitCode":
    """How a dry run ends: rows that cannot be compared need a person though nothing differs."""
    from migrator.errors import ExitCode

    if found.differ:
        return ExitCode.DIFFERENCES
    needs = found.unknown or found.not_comparable or found.refused_rows
    return ExitCode.ROWS_NEED_ATTENTION if needs else ExitCode.OK


def _dry_run_json(found: "Reconciled", listed: "list[Differing]") -> str:
    import orjson

    content = reconciled_json(found) | {
        "differences": [
            {
                "file": one.file,
                "row": one.row,
                "opportunity_id": one.opportunity_id,
                "schema_name": one.schema_name,
                "from": one.found,
                "to": one.wanted,
                "kind": _kind(one),
            }
            for one in listed
        ],
        "exit_code": int(dry_run_code(found)),
    }
    return orjson.dumps(content, option=orjson.OPT_INDENT_2).decode()


def _kind(one: "Differing") -> str:
    return "conflict" if one.is_conflict else "change"


def _write(path: Path, content: str, differing: "Iterable[Differing]") -> int:
    count = 0

    def rows() -> Iterator[tuple[str, ...]]:
        nonlocal count
        for one in differing:
            count += 1
            was = "" if one.found is None else one.found
            names = (one.opportunity_id, one.schema_name, was, one.wanted, _kind(one))
            yield (one.file, str(one.row), *names)

    if path.suffix.lower() == ".csv":
        from migrator.reports.csv_export import write_csv

        return write_csv(path, _HEADER, rows())
    if path.suffix.lower() == ".xlsx":
        from migrator.reports.xlsx_export import write_xlsx

        return write_xlsx(path, _HEADER, rows())
    from migrator.reports.whole_file import whole_file

    with whole_file(path) as part:
        part.write_text(content, encoding="utf-8")
    return sum(1 for _ in differing)


def _show_table(differing: "Iterator[Differing]") -> None:
    from tabulate import tabulate

    rows = [
        (
            one.row,
            printable(one.opportunity_id),
            one.schema_name,
            _cell(_NOT_KNOWN if one.found is None else one.found),
            _cell(one.wanted),
            "conflict" if one.is_conflict else "",
        )
        for one in islice(differing, SHOWN)
    ]
    if not rows:
        print("nothing differs")
        return
    heads = ("row", "opportunity", "field", "from", "to", "")
    text = tabulate(rows, heads, tablefmt="plain", disable_numparse=True)
    width = columns_of()
    for line in text.splitlines():
        print(line.rstrip()[:width] if width else line.rstrip())
    more = sum(1 for _ in differing)
    if more:
        print(f"and {counted(more, 'difference')} more; -o FILE.xlsx takes all of them")


def _cell(text: str) -> str:
    shown = printable(text)
    return shown if len(shown) <= _CELL else f"{shown[: _CELL - 1]}…"
