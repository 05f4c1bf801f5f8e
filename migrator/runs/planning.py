"""From a sheet to a plan in the ledger: every row, before anything is sent.

Owns the streaming from loader through mapper into the ledger. Sends nothing.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from functools import partial
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

from migrator.errors import MappingError, UsageError
from migrator.ledger import Ledger, PlannedRow
from migrator.ledger.plans import ROWS_PER_TRANSACTION
from migrator.loader import Rows, open_rows
from migrator.loader.rows import DEFAULT_BUDGET
from migrator.loader.several import files_of, open_several
from migrator.mapper import Mapper, compile_mapping
from migrator.mapping import Mapping
from migrator.model import IdKind, NotesPolicy, Place, Rejected, Run, Source, SourceRow, Update
from migrator.redact import without_keys
from migrator.reports.text import counted
from migrator.runs.mended import open_or_export
from migrator.runs.repeated import gather_rows, refuse_torn_groups
from migrator.runs.row_digests import RowDigests

if TYPE_CHECKING:
    import pandas as pd

Sheet: TypeAlias = "str | Path | Sequence[str | Path] | pd.DataFrame"
"""What can be checked and run: a file, several files or a pattern such as ``deals-*.csv``, or in
Python programs a data frame."""


class SourceRows(Protocol):
    """Rows to plan: a sheet's, or a mended export's."""

    columns: tuple[str, ...]
    blank_rows: int
    content_digest: str  #: By which it is recognised, after the iteration; "": of what is planned.
    notes: list[str]  #: Sentences about what is not planned, after the iteration.

    def linked(self) -> Iterator[tuple[SourceRow | Rejected, Place | None]]:
        """Each row, with the place of the entry it mends."""


class SheetRows:
    """The rows of a sheet, which mend nothing."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self.columns = rows.columns
        self.blank_rows = 0
        self.content_digest = ""
        self.notes: list[str] = []

    def linked(self) -> Iterator[tuple[SourceRow | Rejected, Place | None]]:
        """Each row, without a link."""
        for row in self._rows:
            yield row, None
        self.blank_rows = self._rows.blank_rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A plan that was written and is not sealed."""

    run: Run
    content_digest: str
    rows_read: int
    blank_rows: int
    notes: tuple[str, ...] = ()  #: What a person should know of it before it is sent.


def open_source(
    sheet: Sheet, mapping: Mapping, *, name: str | None = None, budget: int = DEFAULT_BUDGET
) -> Rows:
    """Open the sheet as the mapping describes it, or one of our exports as it is.

    Args:
        sheet: A file, several, or a data frame, of which the mapping's ``source`` describes only
            the zone.
        mapping: How it is to be read.
        name: What a data frame is called; of a file it changes nothing here.
        budget: Bytes of memory that reading a workbook may take.

    Raises:
        SourceError: It cannot be read.
        UsageError: A data frame has no name.
    """
    if not isinstance(sheet, str | Path | Sequence):
        return _open_frame(sheet, name)
    sheets = [sheet] if isinstance(sheet, str | Path) else list(sheet)
    paths, source = files_of(sheets), mapping.source
    declared = partial(
        open_rows,
        sheet=source.sheet,
        encoding=source.encoding,
        delimiter=source.delimiter,
        quote=source.quote,
        escape=source.escape,
        header_row=source.header_row,
        budget=budget,
    )
    if len(paths) > 1 or paths[0] != Path(sheets[0]):
        pattern = Path(sheets[0]).name if len(sheets) == 1 else ""
        return open_several(paths, declared, name=pattern)
    return open_or_export(paths[0], declared, header_row=source.header_row)


def _open_frame(frame: "pd.DataFrame", name: str | None) -> Rows:
    if not name:
        raise UsageError(
            "a data frame needs a name",
            advice='Give it one, by which it is recognised later: RunOptions(name="deals").',
        )
    from migrator.loader.frames import open_frame  # noqa: PLC0415 - pandas, where it is used

    return open_frame(frame, name=name)


def source_name(rows: Rows, name: str | None) -> str:
    """The name by which a source is recognised: file and sheet without folder."""
    return name or (f"{rows.file}[{rows.sheet}]" if rows.sheet else rows.file)


def source_of(columns: tuple[str, ...], mapping: Mapping, *, name: str) -> Source:
    """What a plan is made from."""
    return Source(
        name=name,
        mapping_name=mapping.name,
        mapping_digest=mapping.digest,
        event_code=mapping.opportunity.type,
        columns=columns,
        schema_names=mapping.schema_names,
        notes=NotesPolicy(mapping.opportunity.notes),
    )


def write_plan(
    ledger: Ledger,
    rows: SourceRows,
    mapping: Mapping,
    *,
    account: str,
    name: str,
    mixed_ids: bool,
    keeps_images: bool = False,
    parent: int = 0,
    users: ReadOnly[str, str] | None = None,
    secrets: Sequence[str] = (),
) -> Planned:
    """Write a plan row by row; the caller holds nothing yet and seals it later.

    The ledger keeps the mapping's text, without ``secrets``.

    Raises:
        MappingError: The mapping does not fit the sheet, ids of both kinds are mixed, or it wants
            one row per opportunity and there are several.
        SourceError: The sheet turns out to be unreadable on the way, or a mended export lacks
            rows that went together with others in it.
    """
    mapper = compile_mapping(mapping, rows.columns, users=users)
    digests = RowDigests(mapping, mapper, users=users)
    source = source_of(rows.columns, mapping, name=name)
    run = ledger.plans.begin(
        source,
        account=account,
        parent=parent,
        keeps_images=keeps_images,
        mapping_text=without_keys(mapping.text, secrets),
    )
    try:
        with ledger.locks.hold(run):
            planned = _stream(ledger, run, rows, mapper, digests, mixed_ids=mixed_ids)
            if parent:
                refuse_torn_groups(ledger, run, parent)
            gather_rows(ledger, run, mapping)
            return planned
    except BaseException:
        ledger.plans.discard(run)
        raise


def _stream(
    ledger: Ledger,
    run: Run,
    rows: SourceRows,
    mapper: Mapper,
    digests: RowDigests,
    *,
    mixed_ids: bool,
) -> Planned:
    content = blake2b("\x1f".join(rows.columns).encode(), digest_size=16)
    kinds = IdKinds(allowed=mixed_ids)
    cuts: Counter[str] = Counter()
    number = 0
    for batch in _batches(_mapped(rows, mapper, digests, kinds, cuts)):
        ledger.plans.add(run, batch, first_number=number + 1, content=content)
        number += len(batch)
    return Planned(
        run=run,
        content_digest=rows.content_digest or content.hexdigest(),
        rows_read=number,
        blank_rows=rows.blank_rows,
        notes=told_of_cuts(cuts),
    )


def told_of_cuts(cuts: Counter[str]) -> tuple[str, ...]:
    """What is said of texts that were cut; by SchemaName, how many rows."""
    return tuple(
        f"{name} is cut to its max_length in {counted(count, 'row')}, as the mapping asks"
        for name, count in cuts.items()
    )


def _mapped(
    rows: SourceRows,
    mapper: Mapper,
    digests: RowDigests,
    kinds: "IdKinds",
    cuts: Counter[str],
) -> Iterator[PlannedRow]:
    for row, place in rows.linked():
        if isinstance(row, Rejected):
            yield PlannedRow(row.row, row, place)
            continue
        result = mapper.map(row)
        if isinstance(result, Update):
            kinds.meet(result, row)
            cuts.update(result.truncated)
        yield PlannedRow(row, result, place, digests.of(row.cells))


def _batches(rows: Iterable[PlannedRow]) -> Iterator[list[PlannedRow]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, ROWS_PER_TRANSACTION)):
        yield batch


class IdKinds:
    """Refuses a source that names opportunities by GUID and by AutoId.

    Two names of one opportunity cannot be told to be one before a success joins them.
    """

    def __init__(self, *, allowed: bool) -> None:
        self._allowed = allowed
        self._first: dict[IdKind, tuple[int, str]] = {}

    def meet(self, update: Update, row: SourceRow) -> None:
        """Take note of a row's id."""
        if update.id_kind in self._first:
            return
        self._first[update.id_kind] = (row.row, update.opportunity_id)
        if len(self._first) > 1 and not self._allowed:
            raise self._mixed(row)

    def _mixed(self, row: SourceRow) -> MappingError:
        guid_row, guid = self._first[IdKind.GUID]
        auto_row, auto_id = self._first[IdKind.AUTO_ID]
        return MappingError(
            f'the ids are of two kinds: row {guid_row} has the GUID "{guid}", '
            f'row {auto_row} the AutoId "{auto_id}"',
            where=row.file,
            advice="Name the opportunities in one way, or say which the column holds in the "
            "mapping (id: {column: …, kind: guid}); --mixed-ids takes both, and then two rows "
            "of one opportunity may be sent out of order.",
        )
