"""What the columns of a sheet hold, as far as their cells tell: evidence for whoever maps them.

Owns the looking: kinds, forms, ranges, different values, and what to beware of. It decides
nothing that a person should decide, opens no file, and its memory does not grow with the rows.
"""

from migrator.profile.model import (
    Caution,
    ColumnProfile,
    DayOrder,
    Form,
    FormatCount,
    Kind,
    Sighting,
)
from migrator.profile.stored import Stored, with_stored
from migrator.profile.table import Profiler

__all__ = [
    "Caution",
    "ColumnProfile",
    "DayOrder",
    "Form",
    "FormatCount",
    "Kind",
    "Profiler",
    "Sighting",
    "Stored",
    "with_stored",
]
