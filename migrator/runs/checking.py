"""`check`: read and map every row, send nothing.

Owns the counting; memory does not grow with the rows.
"""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import orjson

from migrator.leadsquared import update_request
from migrator.mapper import compile_mapping
from migrator.mapping import Mapping
from migrator.model import Problem, Reason, Rejected, Update
from migrator.reasons import masked
from migrator.runs.planning import IdKinds, open_source

SAMPLES: Final = 3
ROWS_NAMED: Final = 20


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


def check(sheet: Path, mapping: Mapping, *, mixed_ids: bool = False) -> Checked:
    """Read and map every row of a sheet.

    Raises:
        MigratorError: The sheet cannot be read, or the mapping does not fit it.
    """
    with open_source(sheet, mapping) as rows:
        mapper = compile_mapping(mapping, rows.columns)
        checked = Checked(
            file=rows.file, sheet=rows.sheet, delimiter=rows.delimiter, encoding=rows.encoding
        )
        kinds, reasons = IdKinds(allowed=mixed_ids), _Reasons()
        for row in rows:
            if isinstance(row, Rejected):
                reasons.add(row)
                continue
            result = mapper.map(row)
            if isinstance(result, Rejected):
                reasons.add(result)
                continue
            kinds.meet(result, row)
            checked.ready += 1
            checked.nothing_to_send += not result.fields and not result.note
            if len(checked.samples) < SAMPLES:
                checked.samples.append(_sample(result))
        checked.rows_read, checked.blank_rows = rows.rows_read, rows.blank_rows
        checked.reasons, checked.notes = reasons.listed(), list(rows.notes)
        checked.rejected = reasons.rows
    return checked


def _sample(update: Update) -> str:
    request = update_request(update.opportunity_id, update.note, update.fields)
    return orjson.dumps(orjson.loads(request.body), option=orjson.OPT_INDENT_2).decode()


class _Reasons:
    """Problems by kind, column and masked text: bounded, since masking leaves few texts."""

    MOST: Final = 1000  #: Kinds kept apart; further ones are counted together.

    def __init__(self) -> None:
        self.rows = 0
        self._counts: Counter[tuple[str, str, str]] = Counter()
        self._rows: dict[tuple[str, str, str], list[int]] = {}
        self._first: dict[tuple[str, str, str], Problem] = {}

    def add(self, rejected: Rejected) -> None:
        self.rows += 1
        for problem in rejected.problems:
            key = (problem.code, problem.column, masked(problem.reason))
            if key not in self._first and len(self._first) >= self.MOST:
                key = (problem.code, problem.column, "")
            self._counts[key] += 1
            self._first.setdefault(key, problem)
            rows = self._rows.setdefault(key, [])
            if len(rows) < ROWS_NAMED:
                rows.append(rejected.row.row)

    def listed(self) -> list[Reason]:
        return [
            Reason(
                title=f'{code} in "{column}"' if column else code,
                text=text,
                count=count,
                rows=tuple(self._rows[code, column, text]),
                example=self._first[code, column, text].reason,
                advice=self._first[code, column, text].advice,
            )
            for (code, column, text), count in self._counts.most_common()
        ]
