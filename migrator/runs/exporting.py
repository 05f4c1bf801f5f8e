"""`export`: entries of a run as a file, or as a data frame.

Owns which states each choice means, and which kind of file a name asks for.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.errors import UsageError
from migrator.ledger import Ledger
from migrator.loader.rows import Look
from migrator.model import EntryRecord, Run, State
from migrator.reports.csv_export import write_csv
from migrator.reports.table import cells_of, header_of, ours_of, values_of
from migrator.runs.pruning import refuse_pruned

if TYPE_CHECKING:
    import pandas as pd

    from migrator.mapping import Mapping
    from migrator.metadata import Metadata
    from migrator.runs.mending import Hints

CHOICES: Final = {
    "failed": (State.FAILED,),
    "succeeded": (State.SUCCEEDED,),
    "rejected": (State.REJECTED,),
    "in-doubt": (State.IN_DOUBT,),
    "not-sent": (State.PLANNED, State.SENDING, State.SUPERSEDED, State.UNCHANGED),
    "all": tuple(State),
}
"""The states of each choice. A merged row stands where the row that carries it does."""

_ROWS_BETWEEN: Final = 500  #: Rows between two words about how far it is.


@dataclass(frozen=True, slots=True, kw_only=True)
class Exported:
    """What was written."""

    rows: int
    marked: int = 0  #: Cells of a workbook that are to be mended.
    comments: int = 0  #: Of these: those with a comment.
    dropdowns: tuple[str, ...] = ()  #: The columns that offer their values.
    mapping_name: str = ""  #: The mapping by which they are known; "" where none was at hand.


def export(
    ledger: Ledger,
    run: Run,
    states: tuple[State, ...],
    path: Path,
    *,
    mapping: "Mapping | None" = None,
    metadata: "Metadata | None" = None,
    look: Look | None = None,
) -> Exported:
    """Write the entries in ``states`` to ``path``, CSV or XLSX by its suffix.

    Args:
        ledger: Where the run is.
        run: Whose entries.
        states: Which of them.
        path: The file.
        mapping: The run's, for the marks and dropdowns of a workbook; None: the one that the run
            had, if it lies in this folder or in ``mappings``.
        metadata: The account's fields, for the same.
        look: Told now and then how many rows are written, and which part that is.

    Raises:
        UsageError: The suffix is another one, or the file is the run's own source.
        SourceError: The file cannot be written, or an Excel sheet cannot hold the rows.
    """
    refuse_pruned(run, "an export would have no cells")
    _refuse_the_source(ledger, run, path)
    total = _count(ledger, run, states)
    entries = _watched(ledger.records.entries(run, states), total, look)
    suffix = path.suffix.lower()
    if suffix == ".csv":
        columns = run.source.columns
        rows = (values_of(entry, len(columns), run_id=run.id) for entry in entries)
        return Exported(rows=write_csv(path, header_of(columns), rows))
    if suffix == ".xlsx":
        # openpyxl takes longer to import than a CSV to write.
        from migrator.reports.xlsx_export import refuse_rows  # noqa: PLC0415

        refuse_rows(total, where=str(path))
        from migrator.runs.mending import Hints, find_mapping  # noqa: PLC0415

        mapping = mapping or find_mapping(ledger, run)
        exported = _export_book(ledger, run, entries, path, Hints(run, mapping, metadata))
        return replace(exported, mapping_name=mapping.name if mapping is not None else "")
    raise UsageError(
        f'an export is a .csv or an .xlsx file, not "{path.suffix or path.name}"',
        where=str(path),
        advice="Name it so: -o FILE.csv or -o FILE.xlsx.",
    )


def _export_book(
    ledger: Ledger,
    run: Run,
    entries: Iterable[EntryRecord],
    path: Path,
    hints: "Hints",
) -> Exported:
    from migrator.reports.mend_book import Dropdown, MendLine, write_mend_book  # noqa: PLC0415

    columns = run.source.columns
    dropdowns = [
        Dropdown(place, options, is_closed)
        for place, (options, is_closed) in hints.options().items()
    ]
    lines = (
        MendLine(
            cells=cells_of(entry, len(columns)),
            ours=ours_of(entry, run_id=run.id),
            marks=hints.marks(entry),
        )
        for entry in entries
    )
    kinds = ledger.records.kinds_of_columns(run)
    book = write_mend_book(path, columns, lines, dropdowns=dropdowns, kinds=kinds)
    return Exported(
        rows=book.rows,
        marked=book.marked,
        comments=book.comments,
        dropdowns=tuple(columns[one.column] for one in dropdowns),
    )


def _watched(
    entries: Iterable[EntryRecord], total: int, look: Look | None
) -> Iterator[EntryRecord]:
    for number, entry in enumerate(entries, 1):
        yield entry
        if look is not None and number % _ROWS_BETWEEN == 0:
            look(number, number / total)


def results(
    ledger: Ledger, run_id: str, states: Iterable[State] = CHOICES["all"]
) -> "pd.DataFrame":
    """Entries of a run as a data frame: the columns of an export, every value a text.

    Args:
        ledger: Where the run is.
        run_id: Such as "r3-9f2c1a" or "r3".
        states: Only entries in these; `State` members or their names, such as ``("failed",)``. A
            merged row is also where the row that carries it is.

    Raises:
        UsageError: There is no such run.
    """
    from migrator.reports.frames import frame_of  # noqa: PLC0415 - pandas, where it is used

    run = ledger.records.run(run_id)
    entries = ledger.records.entries(run, tuple(State(state) for state in states))
    return frame_of(run.source.columns, entries, run_id=run.id)


def _count(ledger: Ledger, run: Run, states: Iterable[State]) -> int:
    """How many entries are in ``states``; a merged one is where its carrier is, too."""
    balance, wanted = ledger.records.balance(run), set(states)
    count = sum(balance.states.get(state, 0) for state in wanted)
    if State.MERGED not in wanted:
        count += sum(balance.merged.get(state, 0) for state in wanted)
    return count


def _refuse_the_source(ledger: Ledger, run: Run, path: Path) -> None:
    """A source is never written over; the export that a run mended may be."""
    first = next(ledger.records.entries(run), None)
    is_of_export = run.parent and run.kind == "update"
    if first is not None and not is_of_export and path.name == first.file and path.exists():
        raise UsageError(
            f"run {run.id} was made from a file of this name, which an export would replace",
            where=str(path),
            advice="Name another file with -o FILE.",
        )
