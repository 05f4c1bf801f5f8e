"""The same opportunity in several rows of a sheet: in order, merged into one call, or refused.

Owns what the mapping's `rows_per_opportunity` means for a plan that is not sealed, and the words of
the refusals; the laying over one another is the ledger's.
"""

from typing import Final, assert_never

from migrator.errors import MappingError, SourceError
from migrator.ledger import Ledger
from migrator.ledger.merging import Repeated, Repeats
from migrator.mapping import Mapping
from migrator.model import Run
from migrator.redact import printable
from migrator.reports.text import counted, rows_text

OPPORTUNITIES_SHOWN: Final = 5
ROWS_SHOWN: Final = 10


def gather_rows(ledger: Ledger, run: Run, mapping: Mapping, *, in_order: bool = True) -> None:
    """Do with the opportunities that have several rows what the mapping says.

    Without ``in_order`` rows that were to be sent one after the other are merged: only what they
    come to is compared.

    Raises:
        MappingError: It says `error`, and there are some.
    """
    match mapping.opportunity.rows_per_opportunity:
        case "in_order" if in_order:
            pass
        case "in_order" | "merge":
            ledger.merging.merge(run)
        case "error":
            repeats = ledger.merging.repeats(run, shown=OPPORTUNITIES_SHOWN, rows_shown=ROWS_SHOWN)
            if repeats.opportunities:
                raise several_rows(repeats, mapping, source=run.source.name)
        case other:
            assert_never(other)


def several_rows(repeats: Repeats, mapping: Mapping, *, source: str) -> MappingError:
    """The refusal of a sheet in which opportunities have several rows.

    Args:
        repeats: What was found; row numbers are told with their file where there are several.
        mapping: Says `rows_per_opportunity: error`.
        source: The sheet's name.
    """
    files = {file for repeated in repeats.first for file, _ in repeated.rows}
    listed = [_line(repeated, names_files=len(files) > 1) for repeated in repeats.first]
    hidden = repeats.opportunities - len(listed)
    if hidden > 0:
        listed.append(f"and {hidden:,} more")
    line = mapping.line_of("opportunity", "rows_per_opportunity")
    advice = (
        f"Leave one row of each in the sheet; or say in line {line} of {mapping.name} what several "
        "mean: `merge` sends them in one call, later values over earlier ones, `in_order` sends "
        "each, in the sheet's order. Nothing was sent. They are:"
    )
    have = "opportunity has" if repeats.opportunities == 1 else "opportunities have"
    return MappingError(
        f"{repeats.opportunities:,} {have} several rows ({counted(repeats.rows, 'row')} in all), "
        "and the mapping wants one row for each",
        where=source,
        advice="\n  ".join([advice, *listed]),
    )


def _line(repeated: Repeated, *, names_files: bool) -> str:
    rows = [f"{file}:{row}" if names_files else row for file, row in repeated.rows]
    return f"{printable(repeated.opportunity_id)}: rows {rows_text(rows, repeated.total)}"


def refuse_torn_groups(ledger: Ledger, run: Run, parent: int) -> None:
    """Refuse a mended export in which only a part of the rows of one call is left.

    What the other rows say would be lost: the call that was to bring it counts as mended.

    Raises:
        SourceError: There is such a part.
    """
    original = ledger.plans.run(parent)
    missing = ledger.merging.missing_from_mended(run, original)
    if missing is None:
        return
    row, given = missing
    raise SourceError(
        f"row {row} of run {original.id} is missing: it went in one call with row {given}, which "
        "is here",
        where=run.source.name,
        advice=f"Put its line back, or export again: `migrator export {original.id} --failed "
        "-o FILE`. Rows of one opportunity are mended together. Nothing was sent.",
    )
