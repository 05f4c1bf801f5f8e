"""Problems of rows, counted together where field, value and fault are the same.

Owns the grouping and its bounds; it finds no problem and prints nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

from migrator.model import Problem
from migrator.reasons import ROWS_NAMED, masked

MOST_GROUPS: Final = 1_000  #: Kept apart; further values are counted together by field and fault.
CHOICE_CODES: Final = frozenset({"not-a-choice", "not-an-option", "renamed-option"})
"""Problems in which the value itself tells what to do."""

_LONGEST_VALUE: Final = 60  #: Characters; longer texts differ from each other in every row.


@dataclass(slots=True, kw_only=True)
class ProblemGroup:
    """Rows with the same problem."""

    code: str
    column: str  #: "" where it is about no single column.
    schema_name: str  #: "" where it is about no field.
    value: str | None  #: None: several values.
    text: str  #: What is wrong; with its numbers and values masked where there are several.
    example: str  #: What is wrong with the first of them.
    advice: str
    count: int = 0  #: Rows.
    rows: list[int | str] = field(default_factory=list)  #: The first 20.

    @property
    def family(self) -> tuple[str, str, str]:
        """What groups have in common that differ in their value only."""
        return self.code, self.column, self.schema_name


class Problems:
    """Counts the problems of rows.

    Args:
        most: Groups that are kept apart.
    """

    def __init__(self, *, most: int = MOST_GROUPS) -> None:
        self._most = most
        self._groups: dict[tuple[str, ...], ProblemGroup] = {}

    def add(self, problem: Problem, row: int | str) -> None:
        """Count a row's problem.

        Args:
            problem: What is wrong.
            row: Its number, with the file where there are several.
        """
        value: str | None = problem.value
        if len(problem.value) > _LONGEST_VALUE:
            value = None
        key = (problem.code, problem.column, problem.schema_name, *_told(problem, value))
        if key not in self._groups and len(self._groups) >= self._most:
            value = None
            key = (problem.code, problem.column, problem.schema_name)
        group = self._groups.get(key)
        if group is None:
            group = self._groups[key] = ProblemGroup(
                code=problem.code,
                column=problem.column,
                schema_name=problem.schema_name,
                value=value,
                text=problem.reason if value is not None else masked(problem.reason),
                example=problem.reason,
                advice=problem.advice,
            )
        group.count += 1
        if len(group.rows) < ROWS_NAMED:
            group.rows.append(row)

    def listed(self) -> list[ProblemGroup]:
        """All groups; families by their rows, and the commonest first in each."""
        families: dict[tuple[str, str, str], int] = {}
        for group in self._groups.values():
            families[group.family] = families.get(group.family, 0) + group.count
        order = sorted(families, key=lambda family: -families[family])
        places = {family: place for place, family in enumerate(order)}
        return sorted(self._groups.values(), key=lambda group: (places[group.family], -group.count))


def _told(problem: Problem, value: str | None) -> Iterable[str]:
    """What tells groups of one family apart."""
    return (masked(problem.reason),) if value is None else (problem.reason, value)
