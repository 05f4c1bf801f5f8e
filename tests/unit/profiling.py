"""What the tests of the profile share: a sheet of one column, looked at."""

from collections.abc import Sequence

from migrator.model import Cell
from migrator.profile import Caution, ColumnProfile, Profiler


def profile_of(cells: Sequence[Cell], name: str = "Column", *, at_once: int = 7) -> ColumnProfile:
    """The profile of a column whose first cell stands in row 2; fed some cells at a time."""
    profiler = Profiler([(name, "A")])
    for begin in range(0, len(cells), at_once):
        some = cells[begin : begin + at_once]
        profiler.add(range(begin + 2, begin + 2 + len(some)), [(cell,) for cell in some])
    (profile,) = profiler.profiles()
    return profile


def codes(profile: ColumnProfile) -> set[str]:
    """Of its cautions."""
    return {caution.code for caution in profile.cautions}


def caution(profile: ColumnProfile, code: str) -> Caution:
    """The one with this code."""
    (found,) = (one for one in profile.cautions if one.code == code)
    return found


def rows_of(profile: ColumnProfile, code: str) -> list[int]:
    """The rows that a caution names."""
    return [sighting.row for sighting in caution(profile, code).sightings]
