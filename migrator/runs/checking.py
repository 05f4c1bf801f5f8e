"""`check`: read and map every row, send nothing.

Owns the counting; memory does not grow with the rows.
"""

from dataclasses import dataclass, field
from typing import Final

import orjson

from migrator.leadsquared import update_request
from migrator.loader.rows import DEFAULT_BUDGET
from migrator.mapper import compile_mapping
from migrator.mapping import Mapping
from migrator.model import Reason, Rejected, Update
from migrator.reasons import Reasons
from migrator.runs.planning import IdKinds, Sheet, open_source

SAMPLES: Final = 3
MOST_REASONS: Final = 1000  #: Kept apart, so that memory is bounded; masking leaves few.


@dataclass(slots=True, kw_only=True)
class Checked:
    """What `check` found."""

    file: str
    sheet: str
    delimiter: str
    encoding: str
    rows_read: int = 0
    blank_rows: int = 0
    ready: int = 0
    nothing_to_send: int = 0  #: Of the ready: every field blank, no note.
    rejected: int = 0
    reasons: list[Reason] = field(default_factory=list)
    samples: list[str] = field(default_factory=list)  #: JSON bodies.
    notes: list[str] = field(default_factory=list)


def check(
    sheet: Sheet,
    mapping: Mapping,
    *,
    name: str = "data frame",
    mixed_ids: bool = False,
    budget: int = DEFAULT_BUDGET,
) -> Checked:
    """Read and map every row of a sheet; ``name`` is what a data frame is called.

    Raises:
        MigratorError: The sheet cannot be read, or the mapping does not fit it.
    """
    with open_source(sheet, mapping, name=name, budget=budget) as rows:
        mapper = compile_mapping(mapping, rows.columns)
        checked = Checked(
            file=rows.file, sheet=rows.sheet, delimiter=rows.delimiter, encoding=rows.encoding
        )
        kinds, reasons = (
            IdKinds(allowed=mixed_ids),
            Reasons(most=MOST_REASONS, names_files=rows.is_several),
        )
        for row in rows:
            if isinstance(row, Rejected):
                _refuse(checked, reasons, row)
                continue
            result = mapper.map(row)
            if isinstance(result, Rejected):
                _refuse(checked, reasons, result)
                continue
            kinds.meet(result, row)
            checked.ready += 1
            checked.nothing_to_send += not result.fields and not result.note
            if len(checked.samples) < SAMPLES:
                checked.samples.append(_sample(result))
        checked.rows_read, checked.blank_rows = rows.rows_read, rows.blank_rows
        checked.reasons, checked.notes = reasons.listed(), list(rows.notes)
    return checked


def _sample(update: Update) -> str:
    request = update_request(update.opportunity_id, update.note, update.fields)
    return orjson.dumps(orjson.loads(request.body), option=orjson.OPT_INDENT_2).decode()


def _refuse(checked: Checked, reasons: Reasons, rejected: Rejected) -> None:
    checked.rejected += 1
    for problem in rejected.problems:
        title = f'{problem.code} in "{problem.column}"' if problem.column else problem.code
        reasons.add(
            title, problem.reason, problem.advice, row=rejected.row.row, file=rejected.row.file
        )
