"""Fields that take their value from several columns, looked at row by row where they must be.

Owns no rule: each row is mapped by the mapper, for one field alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from migrator.columnwise.meetings import Meetings
from migrator.columnwise.trial import GUID, ID, MakeMapper, strict_twin
from migrator.mapper import Mapper
from migrator.mapping import Mapping, Template
from migrator.model import Cell, Rejected, SourceRow


class RowField:
    """One template.

    Args:
        mapping: The whole mapping.
        name: The SchemaName.
        field: The template.
        columns: The header.
        make: Compiles a mapping for a header.
    """

    def __init__(
        self,
        mapping: Mapping,
        name: str,
        field: Template,
        columns: tuple[str, ...],
        *,
        make: MakeMapper = Mapper,
    ) -> None:
        identity = mapping.opportunity.id.model_copy(update={"column": ID})
        opportunity = mapping.opportunity.model_copy(update={"id": identity, "note": ""})
        self._columns = (ID, *columns)
        alone = replace(mapping, opportunity=opportunity, fields={name: field})
        self._mapper = make(alone, self._columns)
        twin = strict_twin(field)
        self._strict = (
            make(replace(alone, fields={name: twin}), self._columns) if twin is not None else None
        )
        self._may_refuse = bool(field.required or field.blank == "error" or field.max_length)
        self.met = Meetings(is_clock=False)

    def refused(self, by_column: Sequence[Sequence[Cell]], rows: Sequence[int | str]) -> list[int]:
        """The places whose cells refuse their row.

        Args:
            by_column: The cells of each column.
            rows: The rows' numbers.
        """
        refused = []
        for place, cells in enumerate(zip(*by_column, strict=True)):
            if self.met.is_varied and not self._may_refuse:
                break
            row = SourceRow("", "", 1, 1, self._columns, (GUID, *cells))
            found = self._mapper.map(row)
            if isinstance(found, Rejected):
                refused.append(place)
                continue
            value = found.fields[0].value if found.fields else None
            self.met.meet(value or "", value, rows[place])
            self._doubt(row, value or "", rows[place])
        return refused

    def _doubt(self, row: SourceRow, value: str, number: int | str) -> None:
        if self._strict is not None:
            found = self._strict.map(row)
            if isinstance(found, Rejected):
                self.met.doubt(found.problems[0].code, value, number)
