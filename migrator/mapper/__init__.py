"""A source row and a mapping to an update, or to every reason why there is none.

Owns what a blank cell means, templates, ids and lengths. The mapping is compiled once for a header;
`check` and `run` map by the same code. It reads no files and sends nothing.
"""

from migrator.mapper.batch import MappedColumns, is_sendable
from migrator.mapper.columns import named_columns
from migrator.mapper.compiled import Mapper, compile_mapping, map_row

__all__ = [
    "MappedColumns",
    "Mapper",
    "compile_mapping",
    "is_sendable",
    "map_row",
    "named_columns",
]
