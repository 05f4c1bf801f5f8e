"""Entries as rows of text: the source's columns as they were, then ours.

Owns the columns of every export and the values in them, which `run` takes back mended. It writes
no file and escapes nothing: each file format has its own way.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final

from migrator.cells import cell_text
from migrator.model import Cell, Doubt, EntryRecord, State

OUR_COLUMNS: Final = (
    "migrator_run",
    "migrator_entry",
    "migrator_file",
    "migrator_row",
    "migrator_opportunity_id",
    "migrator_state",
    "migrator_carrier_row",
    "migrator_carrier_state",
    "migrator_attempts",
    "migrator_http_status",
    "migrator_exception",
    "migrator_column",
    "migrator_message",
    "migrator_advice",
    "migrator_updated_at",
)

EXPORT_SHEET: Final = "migrator export"
"""The sheet of an XLSX export. It stays when a spreadsheet program saves the workbook, and tells it
from a CSV export that was saved as a workbook, whose formulas are escaped."""

_ADVICE: Final = {
    State.FAILED: (
        "Mend the cell here and give this file to `migrator run`, "
        "or mend the cause in LeadSquared and `migrator retry`."
    ),
    State.PLANNED: "`migrator resume` sends it.",
    State.SENDING: "`migrator resume` settles it.",
}
_ADVICE_MERGED: Final = (
    "Its values travelled with row {}, which failed: mend the cell in whichever row has it, keep "
    "both rows, and give this file to `migrator run`."
)
_ADVICE_DOUBT: Final = "`migrator resume` settles it by reading LeadSquared."
_ADVICE_NOTE: Final = (
    "Look for the note in LeadSquared, then `migrator retry --in-doubt --note-present` "
    "or `--note-missing`."
)


def header_of(columns: Sequence[str]) -> tuple[str, ...]:
    """The names of all columns of an export."""
    return (*columns, *OUR_COLUMNS)


def values_of(entry: EntryRecord, width: int, *, run_id: str) -> tuple[str, ...]:
    """One row of an export.

    Args:
        entry: What the row shows.
        width: How many columns the source has; a row refused for its number of cells is cut or
            filled up.
        run_id: The run as it is written.
    """
    return (*map(cell_text, cells_of(entry, width)), *ours_of(entry, run_id=run_id))


def cells_of(entry: EntryRecord, width: int) -> tuple[Cell, ...]:
    """The source's cells, as many as it has columns."""
    return (*entry.cells[:width], *[""] * (width - len(entry.cells)))


def ours_of(entry: EntryRecord, *, run_id: str) -> tuple[str, ...]:
    """What stands in `OUR_COLUMNS`."""
    updated_at = datetime.fromtimestamp(entry.updated_at, UTC)
    return (
        run_id,
        str(entry.number),
        entry.file,
        str(entry.row),
        entry.opportunity_id,
        entry.state,
        carrier_row(entry),
        entry.carrier.state if entry.carrier else "",
        str(entry.attempts),
        str(entry.http_status or ""),
        entry.exception,
        entry.column,
        entry.message,
        entry.advice or advice_for(entry),
        updated_at.strftime("%Y-%m-%d %H:%M:%S"),
    )


def carrier_row(entry: EntryRecord) -> str:
    """The row that carries a merged one, as FILE:ROW where it is of another file; else ""."""
    carrier = entry.carrier
    if carrier is None:
        return ""
    return str(carrier.row) if carrier.file == entry.file else f"{carrier.file}:{carrier.row}"


def advice_for(entry: EntryRecord) -> str:
    """What to do with an entry that needs a person."""
    if entry.carrier is not None and entry.carrier.state is State.FAILED:
        return _ADVICE_MERGED.format(carrier_row(entry))
    if entry.state is State.IN_DOUBT:
        return _ADVICE_NOTE if entry.doubt is Doubt.NOTE else _ADVICE_DOUBT
    return _ADVICE.get(entry.state, "")
