"""Reading the user's files: CSV and its relatives, and Excel workbooks, cell by exact cell.

Owns the way from a file to `SourceRow | Rejected`. It never gives a cell a meaning, never sends,
and never writes.
"""

from migrator.loader.opening import open_rows
from migrator.loader.rows import NoRowsError, Rows

__all__ = ["NoRowsError", "Rows", "open_rows"]
