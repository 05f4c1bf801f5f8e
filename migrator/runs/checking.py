"""`check`: read and map every row, send nothing.

Owns the way of the rows through mapping and metadata; memory does not grow with them. Columns are
looked at whole (`migrator.columnwise`), and whatever is odd in a row sends it through the very
mapper that `run` uses.
"""

from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import orjson

from migrator.cells import is_blank
from migrator.columnwise import (
    FieldColumn,
    IdColumn,
    MakeMapper,
    Meetings,
    RowField,
    Trial,
    field_column,
)
from migrator.convert import Fault, by_email
from migrator.errors import SettingsError
from migrator.fit import ValueChecks, fit
from migrator.leadsquared import update_request
from migrator.loader import Rows
from migrator.loader.blocks import Block
from migrator.loader.rows import DEFAULT_BUDGET, Look, column_letter
from migrator.mapper import Mapper, is_sendable
from migrator.mapping import Constant, Mapping, Template
from migrator.metadata import Metadata, TypeInfo
from migrator.model import Problem, Rejected, SourceRow, Update
from migrator.problems import Problems
from migrator.runs.duplicates import Duplicates
from migrator.runs.facts import (
    clocks_of,
    column_facts,
    columns_used,
    id_facts,
    snippets_of,
    value_facts,
)
from migrator.runs.found import Checked
from migrator.runs.planning import Sheet, open_source

if TYPE_CHECKING:
    from migrator.reports.problem_book import ProblemBook

SAMPLES: Final = 3


def check(
    sheet: Sheet,
    mapping: Mapping,
    *,
    name: str = "data frame",
    mixed_ids: bool = False,
    metadata: Metadata | None = None,
    problems: str | Path | None = None,
    budget: int = DEFAULT_BUDGET,
    look: Look | None = None,
) -> Checked:
    """Read and map every row of a sheet.

    Args:
        sheet: A file, several, or a data frame.
        mapping: How it is mapped.
        name: What a data frame is called.
        mixed_ids: Whether ids of both kinds may stand in it.
        metadata: What mapping and values are held against; None for nothing.
        problems: A workbook to which every problem is written; None for none.
        budget: Bytes of memory that reading a workbook may take.
        look: Is told how far the reading is.

    Raises:
        MigratorError: The sheet cannot be read, the mapping does not fit it, or the metadata is of
            another type.
    """
    type_ = _type_of(metadata, mapping)
    checked = _begun(mapping, metadata, type_)
    users = metadata.users if metadata is not None else ()
    guids = by_email(users) if users else None
    with open_source(sheet, mapping, name=name, budget=budget) as rows, ExitStack() as stack:
        rows.watch(look)
        book = None
        if problems is not None:
            book = stack.enter_context(_open_book(Path(problems), rows.path.parent))
        checking = Checking(
            rows.columns,
            rows.positions,
            mapping,
            checked,
            make=partial(Mapper, users=guids),
            checks=None if type_ is None else ValueChecks(mapping, type_, users=users),
            duplicates=stack.enter_context(Duplicates()),
            book=book,
            names_files=rows.is_several,
        )
        for block in rows.blocks():
            checking.look(block)
        _conclude(checking, rows, mapping, type_, mixed_ids=mixed_ids)
        if book is not None:
            checked.problems_file, checked.problem_lines = str(problems), book.lines
    return checked


def _conclude(
    checking: "Checking", rows: Rows, mapping: Mapping, type_: TypeInfo | None, *, mixed_ids: bool
) -> None:
    """What can be said after the last row."""
    checked = checking.checked
    checked.file, checked.sheet = rows.file, rows.sheet
    checked.delimiter, checked.encoding = rows.delimiter, rows.encoding
    checked.rows_read, checked.blank_rows = rows.rows_read, rows.blank_rows
    checked.notes = list(rows.notes)
    checked.problems = checking.problems.listed()
    checked.snippets = snippets_of(checked.problems, mapping, type_)
    met = checking.met()
    checked.clocks = clocks_of(met, mapping, checked.problems)
    checking.duplicates.search()
    checked.updates = checked.ready + checked.would_fail - checked.nothing_to_send
    if mapping.opportunity.rows_per_opportunity == "merge":
        checked.updates -= checking.duplicates.rows - checking.duplicates.opportunities
    blank = [rows.columns[place] for place in sorted(checking.blank_columns)]
    checked.facts = [
        *id_facts(checking.ids, checking.duplicates, mapping, mixed_ids=mixed_ids),
        *column_facts(rows.columns, blank, mapping),
        *value_facts(met, mapping, blank=blank, rows=checked.ready + checked.would_fail),
    ]


def check_mapping(mapping: Mapping, *, metadata: Metadata | None = None) -> Checked:
    """Look at the mapping alone: what can be said of it without a sheet.

    Raises:
        SettingsError: The metadata is of another type.
    """
    return _begun(mapping, metadata, _type_of(metadata, mapping))


def _open_book(path: Path, folder: Path) -> "ProblemBook":
    from migrator.reports.problem_book import ProblemBook  # noqa: PLC0415 - openpyxl, where used

    return ProblemBook(path, folder)


def _begun(mapping: Mapping, metadata: Metadata | None, type_: TypeInfo | None) -> Checked:
    checked = Checked(mapping=mapping.name)
    if metadata is not None and type_ is not None:
        name = f" ({type_.name})" if type_.name else ""
        checked.against = f"type {type_.code}{name} of {metadata.host}, read {metadata.read_at} UTC"
        checked.misfits = fit(mapping, type_, users=metadata.users)
    return checked


def _type_of(metadata: Metadata | None, mapping: Mapping) -> TypeInfo | None:
    if metadata is None:
        return None
    code = mapping.opportunity.type
    found = metadata.type(code)
    if found is None:
        held = ", ".join(str(one.code) for one in metadata.types) or "none"
        raise SettingsError(
            f"the metadata holds no opportunity type {code}, which the mapping is for; it holds "
            f"{held}",
            where=f"{mapping.name}:{mapping.line_of('opportunity', 'type')}",
            advice=f"Write it anew: `migrator fields --type {code} --save FILE`; or correct the "
            "type in the mapping.",
        )
    return found


class Checking:
    """The rows of one source on their way.

    Args:
        columns: The header.
        positions: Where each of them stands in the sheet, from 0.
        mapping: The mapping.
        checked: Where the counts go.
        make: Compiles a mapping for a header.
        checks: Of values against metadata; None for none.
        duplicates: Takes the ids.
        book: Takes every problem; None for none.
        names_files: Whether the rows are of several files.
    """

    def __init__(
        self,
        columns: tuple[str, ...],
        positions: Sequence[int],
        mapping: Mapping,
        checked: Checked,
        *,
        make: MakeMapper,
        checks: ValueChecks | None,
        duplicates: Duplicates,
        book: "ProblemBook | None",
        names_files: bool,
    ) -> None:
        self._positions, self._mapping, self.checked = positions, mapping, checked
        self._names_files = names_files
        self._checks, self.duplicates, self._book = checks, duplicates, book
        self._mapper = make(mapping, columns)
        self._at = {name: place for place, name in enumerate(columns)}
        self._id_at = self._at[mapping.opportunity.id.column]
        self._used = sorted({self._at[column] for column in columns_used(mapping)})
        self._is_never_empty = any(isinstance(one, Constant) for one in mapping.fields.values())
        self.ids = IdColumn(mapping, make=make)
        self.fields = self._field_columns(make)
        self.templates = {
            name: RowField(mapping, name, field, columns, make=make)
            for name, field in mapping.fields.items()
            if isinstance(field, Template)
        }
        self.problems = Problems()
        self.blank_columns = set(range(len(columns)))  #: Places; so far.

    def _field_columns(self, make: MakeMapper) -> dict[str, tuple[int, FieldColumn]]:
        """Of each field with one column: where it stands, and what knows its cells."""
        mapping = self._mapping
        return {
            name: (
                self._at[field.column],
                field_column(Trial(mapping, name, field, make=make), field, mapping),
            )
            for name, field in mapping.fields.items()
            if not isinstance(field, Constant | Template)
        }

    def met(self) -> dict[str, Meetings]:
        """What each field met, but for constants."""
        columns = {name: column.met for name, (_, column) in self.fields.items()}
        return columns | {name: template.met for name, template in self.templates.items()}

    # -------------------------------------------------------------- a block of rows

    def look(self, block: Block) -> None:
        """Take in some rows."""
        for rejected in block.rejected:
            self._refuse(rejected)
        if not block.is_clean:
            block = self._sendable(block)
        if not block.numbers:
            return
        self.blank_columns = {
            place for place in self.blank_columns if all(map(is_blank, block.by_column[place]))
        }
        rows = self._named(block.file, block.numbers)
        digests, odd = self.ids.look(block.by_column[self._id_at], rows, block.file)
        refused = set(odd)
        for place, column in self.fields.values():
            refused.update(column.refused(block.by_column[place], rows))
        for template in self.templates.values():
            refused.update(template.refused(block.by_column, rows))
        lost = self._lost(block, refused)
        self.duplicates.add(digests, block.numbers, block.file, without=lost)
        self._count(block, lost)

    def _sendable(self, block: Block) -> Block:
        """The rows without a character that cannot be sent; the others are told of."""
        texts = (
            cell for place in self._used for cell in block.by_column[place] if isinstance(cell, str)
        )
        if is_sendable("".join(texts)):
            return block
        kept = []
        for place in range(len(block.numbers)):
            result = self._mapper.map(block.row(place))
            problems = result.problems if isinstance(result, Rejected) else ()
            if any(problem.code == Fault.DAMAGED_TEXT for problem in problems):
                self._refuse(Rejected(row=block.row(place), problems=problems))
            else:
                kept.append(place)
        return block.part(kept)

    def _lost(self, block: Block, refused: Iterable[int]) -> set[int]:
        """The places of the rows that become no update; each is told of."""
        lost = set()
        for place in sorted(refused):
            result = self._mapper.map(block.row(place))
            if isinstance(result, Rejected):
                lost.add(place)
                self._refuse(result)
        return lost

    def _count(self, block: Block, lost: set[int]) -> None:
        """Count the rows that become updates, and hold their values against the metadata."""
        checked, places = self.checked, range(len(block.numbers))
        ready: Sequence[int] = [place for place in places if place not in lost] if lost else places
        if self._checks is not None:
            ready = self._taken(block, ready, self._checks)
        checked.ready += len(ready)
        for place in ready[: SAMPLES - len(checked.samples)]:
            update = self._mapper.map(block.row(place))
            if isinstance(update, Update):
                checked.samples.append(_sample(update))
        if not self._is_never_empty:
            checked.nothing_to_send += self._empty(block, ready)

    def _taken(self, block: Block, places: Sequence[int], checks: ValueChecks) -> list[int]:
        """The places of the rows that LeadSquared would take; the others are told of."""
        rows = [block.row(place) for place in places]
        taken = []
        for place, row, update in zip(places, rows, self._mapper.map_all(rows), strict=True):
            problems = checks.problems(update) if isinstance(update, Update) else ()
            if problems:
                self.checked.would_fail += 1
                self._tell(row, problems)
            else:
                taken.append(place)
        return taken

    def _empty(self, block: Block, places: Sequence[int]) -> int:
        """How many of the rows send nothing: every field blank, no note."""
        for at, column in self.fields.values():
            places = column.left_alone(block.by_column[at], places)
            if not places:
                return 0
        updates = (self._mapper.map(block.row(place)) for place in places)
        return sum(
            isinstance(update, Update) and not update.fields and not update.note
            for update in updates
        )

    # -------------------------------------------------------------- problems

    def _refuse(self, rejected: Rejected) -> None:
        self.checked.rejected += 1
        self._tell(rejected.row, rejected.problems)

    def _tell(self, row: SourceRow, problems: Iterable[Problem]) -> None:
        (name,) = self._named(row.file, [row.row])
        for problem in problems:
            self.problems.add(problem, name)
            if self._book is not None:
                at = self._at.get(problem.column)
                letter = "" if at is None else column_letter(self._positions[at])
                self._book.add(row, problem, letter=letter)

    def _named(self, file: str, numbers: Sequence[int]) -> Sequence[int | str]:
        if not self._names_files:
            return numbers
        return [f"{file}:{number}" for number in numbers]


def _sample(update: Update) -> str:
    request = update_request(update.opportunity_id, update.note, update.fields)
    return orjson.dumps(orjson.loads(request.body), option=orjson.OPT_INDENT_2).decode()
