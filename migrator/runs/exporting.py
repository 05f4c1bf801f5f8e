"""`export`: entries of a run as a file, or as a data frame.

Owns which states each choice means, and which kind of file a name asks for.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.errors import UsageError
from migrator.ledger import Ledger
from migrator.loader.rows import Look
from migrator.model import EntryRecord, Run, State
from migrator.reports.csv_export import write_csv
from migrator.reports.table import header_of, values_of

if TYPE_CHECKING:
    import pandas as pd

_LOOK_EVERY: Final = 512  #: Rows.
CHOICES: Final = {
    "failed": (State.FAILED,),
    "succeeded": (State.SUCCEEDED,),
    "rejected": (State.REJECTED,),
    "in-doubt": (State.IN_DOUBT,),
    "not-sent": (State.PLANNED, State.SENDING, State.SUPERSEDED, State.UNCHANGED),
    "all": tuple(State),
}
"""The states of each choice. A merged row stands where the row that carries it does."""


def export(
    ledger: Ledger,
    run: Run,
    states: tuple[State, ...],
    path: Path,
    *,
    look: Look | None = None,
) -> int:
    """Write the entries in ``states`` to ``path``, CSV or XLSX by its suffix; gives how many.

    Raises:
        UsageError: The suffix is another one, or the file is the run's own source.
        SourceError: The file cannot be written, or an Excel sheet cannot hold the rows.
    """
    _refuse_the_source(ledger, run, path)
    write = _writer(path, ledger, run, states)
    columns = run.source.columns
    entries = _watched(ledger, run, states, look)
    rows = (values_of(entry, len(columns), run_id=run.id) for entry in entries)
    return write(path, header_of(columns), rows)


def _watched(
    ledger: Ledger, run: Run, states: tuple[State, ...], look: Look | None
) -> Iterator[EntryRecord]:
    """The entries; ``look`` is told now and then how many, and which part that is."""
    entries = ledger.records.entries(run, states)
    if look is None:
        yield from entries
        return
    balance = ledger.records.balance(run).states
    total = max(1, sum(balance.get(state, 0) for state in set(states)))
    for number, entry in enumerate(entries, 1):
        yield entry
        if number % _LOOK_EVERY == 0:
            look(number, min(1.0, number / total))


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


def _writer(
    path: Path, ledger: Ledger, run: Run, states: tuple[State, ...]
) -> Callable[[Path, Sequence[str], Iterable[Sequence[str]]], int]:
    suffix = path.suffix.lower()
    if suffix == ".csv":
        return write_csv
    if suffix == ".xlsx":
        # openpyxl takes longer to import than a CSV to write.
        from migrator.reports.xlsx_export import refuse_rows, write_xlsx  # noqa: PLC0415

        balance, wanted = ledger.records.balance(run), set(states)
        rows = sum(balance.states.get(state, 0) for state in wanted)
        if State.MERGED not in wanted:
            rows += sum(balance.merged.get(state, 0) for state in wanted)
        refuse_rows(rows, where=str(path))
        return write_xlsx
    raise UsageError(
        f'an export is a .csv or an .xlsx file, not "{path.suffix or path.name}"',
        where=str(path),
        advice="Name it so: -o FILE.csv or -o FILE.xlsx.",
    )


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
