"""Move spreadsheets of opportunities into LeadSquared.

The names below are the public ones; each is found when it is asked for, so that ``import migrator``
costs nothing. What the commands do, a program does with the same names:

    from migrator import check, load_mapping, map_row, open_rows

    mapping = load_mapping("mappings/deals.yaml")
    with open_rows("deals.xlsx", sheet="Deals") as rows:
        results = [map_row(row, mapping) for row in rows]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from migrator.environment import read_environment as read_environment
    from migrator.errors import MigratorError as MigratorError
    from migrator.ledger import open_ledger as open_ledger
    from migrator.loader import open_rows as open_rows
    from migrator.loader.frames import open_frame as open_frame
    from migrator.mapper import map_row as map_row
    from migrator.mapping import load_mapping as load_mapping
    from migrator.model import Rejected as Rejected
    from migrator.model import SourceRow as SourceRow
    from migrator.model import Update as Update
    from migrator.runs.checking import check as check
    from migrator.runs.exporting import export as export
    from migrator.runs.exporting import results as results
    from migrator.runs.inspecting import inspect_sheet as inspect_sheet
    from migrator.runs.metadata_files import load_metadata as load_metadata
    from migrator.runs.reading import read_metadata as read_metadata
    from migrator.runs.retrying import RetryOptions as RetryOptions
    from migrator.runs.retrying import resume as resume
    from migrator.runs.retrying import retry as retry
    from migrator.runs.running import RunOptions as RunOptions
    from migrator.runs.running import run as run
    from migrator.runs.world import the_link as the_link
    from migrator.runs.world import the_world as the_world
    from migrator.settings import load_settings as load_settings

__version__ = "0.1.0"

_HOMES = {
    "MigratorError": "errors",
    "Rejected": "model",
    "SourceRow": "model",
    "Update": "model",
    "check": "runs.checking",
    "export": "runs.exporting",
    "inspect_sheet": "runs.inspecting",
    "load_mapping": "mapping",
    "load_metadata": "runs.metadata_files",
    "load_settings": "settings",
    "map_row": "mapper",
    "open_frame": "loader.frames",
    "open_ledger": "ledger",
    "open_rows": "loader",
    "read_environment": "environment",
    "read_metadata": "runs.reading",
    "results": "runs.exporting",
    "resume": "runs.retrying",
    "retry": "runs.retrying",
    "run": "runs.running",
    "the_link": "runs.world",
    "the_world": "runs.world",
    "RetryOptions": "runs.retrying",
    "RunOptions": "runs.running",
}

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 - names of the table


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"migrator.{home}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
