"""Whole columns of cells against a mapping: which rows become updates, without making them.

Owns the ways to learn from single cells about all that are like them. What a cell gives is always
asked of `migrator.mapper`, one cell at a time: here it is only remembered, for a text, for numbers
of one shape, for the days and the times of day of a clock. It reads no files.
"""

from migrator.columnwise.fields import FieldColumn, field_column
from migrator.columnwise.ids import IdColumn
from migrator.columnwise.meetings import Doubtful, Meetings, Witness
from migrator.columnwise.rows import RowField
from migrator.columnwise.trial import MakeMapper, Trial

__all__ = [
    "Doubtful",
    "FieldColumn",
    "IdColumn",
    "MakeMapper",
    "Meetings",
    "RowField",
    "Trial",
    "Witness",
    "field_column",
]
