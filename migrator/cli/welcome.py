"""What `migrator` alone says: where this folder stands, and what to do first.

Owns the wording; it makes no calls and changes nothing.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

from migrator.errors import MigratorError

if TYPE_CHECKING:
    from migrator.ledger import Ledger

_NEEDED: Final = ("LSQ_API_HOST", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY")


def welcome_lines(description: str, evening: str) -> Iterator[str]:
    """The lines.

    Args:
        description: What the tool is.
        evening: The commands of a first evening.
    """
    yield from description.strip().splitlines()
    yield ""
    try:
        yield from _standing()
    except MigratorError as error:
        yield from str(error).splitlines()
    yield ""
    yield from evening.strip().splitlines()
    yield ""
    yield "`migrator --help` lists every command, `migrator COMMAND --help` its options."


def _standing() -> Iterator[str]:
    from migrator.cli.common import the_environment
    from migrator.settings import ledger_path

    environment = the_environment()
    yield _account(environment)
    path = ledger_path(environment)
    if path.exists():
        from migrator.ledger import open_ledger

        with open_ledger(path) as ledger:
            yield _last_run(ledger, path)


def _account(environment: Mapping[str, str]) -> str:
    missing = [name for name in _NEEDED if not environment.get(name)]
    if not missing:
        return f"account: {environment['LSQ_API_HOST']}; `migrator doctor` checks it"
    return (
        f"no account yet ({', '.join(missing)} not set): `migrator sandbox` starts an imitation to "
        "rehearse with, and says how to use it"
    )


def _last_run(ledger: "Ledger", path: Path) -> str:
    from migrator.redact import printable
    from migrator.reports.text import counted

    runs = ledger.records.runs()
    if not runs:
        return f"ledger: {path}, without a run yet"
    last = runs[0]
    left = ledger.records.balance(last).unfinished
    told = f"ledger: {path}; the last run is {last.id} of {printable(last.source.name)}"
    if left:
        return f"{told}, {counted(left, 'row')} left: `migrator resume {last.id}`"
    return f"{told}, finished: `migrator status {last.id}`"
