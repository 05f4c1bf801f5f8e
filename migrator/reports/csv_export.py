"""Entries as CSV: the source's columns as they were, then ours.

Owns the form of the file, which `run` takes back mended: the column names and the escape of
formulas. It reads no ledger.
"""

import csv
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from migrator.cells import cell_text, escape_formula
from migrator.errors import SourceError
from migrator.model import Doubt, EntryRecord, State

OUR_COLUMNS: Final = (
    "migrator_run",
    "migrator_entry",
    "migrator_file",
    "migrator_row",
    "migrator_opportunity_id",
    "migrator_state",
    "migrator_attempts",
    "migrator_http_status",
    "migrator_exception",
    "migrator_column",
    "migrator_message",
    "migrator_advice",
    "migrator_updated_at",
)

_ADVICE: Final = {
    State.FAILED: (
        "Mend the cell here and give this file to `migrator run`, "
        "or mend the cause in LeadSquared and `migrator retry`."
    ),
    State.PLANNED: "`migrator resume` sends it.",
    State.SENDING: "`migrator resume` settles it.",
}
_ADVICE_DOUBT: Final = "`migrator resume` settles it by reading LeadSquared."
_ADVICE_NOTE: Final = (
    "Look for the note in LeadSquared, then `migrator retry --in-doubt --note-present` "
    "or `--note-missing`."
)


def write_csv(
    path: Path, columns: Sequence[str], entries: Iterable[EntryRecord], *, run_id: str
) -> int:
    """Write entries to ``path``; gives how many. The file appears whole or not at all.

    UTF-8 with a byte-order mark, so that Excel reads it as UTF-8.

    Raises:
        SourceError: The file cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    count = 0
    try:
        with part.open("w", encoding="utf-8-sig", newline="") as file:
            writer = csv.writer(file)
            writer.writerow([*map(escape_formula, columns), *OUR_COLUMNS])
            for entry in entries:
                writer.writerow(_row(entry, len(columns), run_id))
                count += 1
        part.replace(path)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise SourceError(
            f"the export cannot be written ({error.strerror})",
            where=str(path),
            advice="Close it if it is open in Excel, or name another file with -o FILE.",
        ) from error
    return count


def _row(entry: EntryRecord, width: int, run_id: str) -> Iterator[str]:
    cells = [escape_formula(cell_text(cell)) for cell in entry.cells[:width]]
    yield from cells + [""] * (width - len(cells))
    yield run_id
    yield str(entry.number)
    yield escape_formula(entry.file)
    yield str(entry.row)
    yield escape_formula(entry.opportunity_id)
    yield entry.state
    yield str(entry.attempts)
    yield str(entry.http_status or "")
    yield escape_formula(entry.exception)
    yield escape_formula(entry.column)
    yield escape_formula(entry.message)
    yield escape_formula(entry.advice or advice_for(entry))
    yield datetime.fromtimestamp(entry.updated_at, UTC).strftime("%Y-%m-%d %H:%M:%S")


def advice_for(entry: EntryRecord) -> str:
    """What to do with an entry that needs a person."""
    if entry.state is State.IN_DOUBT:
        return _ADVICE_NOTE if entry.doubt is Doubt.NOTE else _ADVICE_DOUBT
    return _ADVICE.get(entry.state, "")
