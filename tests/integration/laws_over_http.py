"""What the laws over real HTTP share: a sandbox, numbers that no example has used, some values.

The two fixtures are imported by the modules that state a law.
"""

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import strategies as st

from migrator import load_settings, open_ledger, the_world
from migrator.runs.world import World
from tests.acceptance.rehearsal import ACCESS_KEY, SECRET_KEY, SandboxProcess

TEXTS = {
    "mx_Custom_1": ["007", "7", "Nāgpur", "true"],
    "mx_Custom_2": ["Open", "Won"],
    "mx_Custom_6": ["1", "50000", "2.5"],
}
NAMES = tuple(TEXTS)
Fields = dict[str, str]  #: SchemaName to a text that is not blank.


def some_fields() -> st.SearchStrategy[Fields]:
    """Some of the fields; the others are blank."""
    return st.fixed_dictionaries(
        {name: st.sampled_from([*texts, ""]) for name, texts in TEXTS.items()}
    ).map(lambda fields: {name: text for name, text in fields.items() if text})


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    started = SandboxProcess.start(tmp_path_factory.mktemp("sandbox"))
    yield started
    started.stop()


@pytest.fixture(scope="module")
def numbers() -> Iterator[int]:
    """Numbers of opportunities that no example has touched yet, ten at a time."""
    return itertools.count(1000, 10)


def write_sheet(folder: str, columns: Sequence[str], rows: Iterable[Sequence[str]]) -> Path:
    sheet = Path(folder) / "deals.csv"
    with sheet.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return sheet


@contextmanager
def a_world(folder: str, sandbox: SandboxProcess) -> Iterator[World]:
    """A world with a new ledger, in front of the sandbox."""
    environment = {
        "LSQ_API_HOST": sandbox.url,
        "LSQ_ACCESS_KEY": ACCESS_KEY,
        "LSQ_SECRET_KEY": SECRET_KEY,
        "LSQ_RATE_LIMIT": "1000/0.1",
        "MIGRATOR_STATE_DIR": folder,
    }
    with open_ledger(Path(folder) / "migrator.db") as ledger:
        yield the_world(ledger, load_settings(environment))
