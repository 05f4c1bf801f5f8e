"""Excel workbooks (being built)."""

from pathlib import Path

from migrator.errors import SourceError
from migrator.loader.rows import Rows, Tally


def open_workbook(path: Path, *, sheet: str | int | None, header_row: int, tally: Tally) -> Rows:
    """Refuses every workbook for now."""
    raise SourceError(
        f"workbooks cannot be read yet (sheet {sheet}, row {header_row}, {tally})",
        where=path.name,
        advice="Save it as CSV UTF-8.",
    )
