"""Saved metadata: what `migrator fields --save` keeps, and `check` and `init` read offline.

Owns the files only; their form is `migrator.metadata`'s. A file of something else, or of another
account, is never overwritten.
"""

from pathlib import Path
from typing import Final

from migrator.errors import SettingsError
from migrator.metadata import Metadata, parse_metadata
from migrator.nearby import instead_of
from migrator.reports.whole_file import unwritable, whole_file

MOST_BYTES: Final = 64 * 1024 * 1024  #: Twice the longest answer of LeadSquared's that is read.
ENDINGS: Final = frozenset({".json"})
_WHAT: Final = "the metadata"
_OPTION: Final = "--save"
_FORCE: Final = "Name another file, or replace this one with --force."


def load_metadata(path: Path) -> Metadata:
    """Read a file that `save_metadata` wrote.

    Raises:
        SettingsError: There is no such file, or it holds something else.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _unreadable(path, error) from error
    if len(content) > MOST_BYTES:
        raise SettingsError(
            "the file is larger than any saved metadata",
            where=str(path),
            advice="Write it anew: `migrator fields --type N --save FILE`.",
        )
    return parse_metadata(content, where=str(path))


def _unreadable(path: Path, error: OSError) -> SettingsError:
    if isinstance(error, FileNotFoundError):
        return SettingsError(
            "there is no such file of metadata",
            where=str(path),
            advice=f"{instead_of(path, ENDINGS)}It was looked for as {path.absolute()}. "
            "`migrator fields --type N --save FILE` writes one.",
        )
    problem = "this is a folder" if path.is_dir() else f"it cannot be read ({error.strerror})"
    return SettingsError(
        f"no metadata: {problem}",
        where=str(path),
        advice="Name a file that `migrator fields --save` wrote, and that you may read.",
    )


def refuse_overwriting(path: Path, *, host: str, code: int | None, users: bool) -> None:
    """Let a file be replaced only by what holds all that it holds; asked before any call.

    Args:
        path: Where the metadata is to go.
        host: The account's, as the metadata will name it.
        code: The one type that will be read; None: all of them.
        users: Whether the users will be read.

    Raises:
        SettingsError: Something would be lost.
        SourceError: There is no such folder.
    """
    if not path.exists():
        if not path.absolute().parent.is_dir():
            raise unwritable(path, FileNotFoundError(), what=_WHAT, option=_OPTION)
        return
    try:
        there = load_metadata(path)
    except SettingsError as error:
        if path.is_dir():
            raise
        problem = "the file is there already, and it is no saved metadata"
        raise SettingsError(problem, where=str(path), advice=_FORCE) from error
    others = [str(one.code) for one in there.types if code not in (None, one.code)]
    if there.host != host:
        problem = f"the file holds the metadata of {there.host or 'another account'}"
    elif others:
        problem = f"the file holds other types besides ({', '.join(others)})"
    elif there.users and not users:
        problem = "the file holds the account's users, too, which would be lost"
        raise SettingsError(problem, where=str(path), advice=f"Add --users. {_FORCE}")
    else:
        return
    raise SettingsError(problem, where=str(path), advice=_FORCE)


def save_metadata(path: Path, metadata: Metadata) -> None:
    """Write the file, whole or not at all.

    Raises:
        SourceError: It cannot be written.
    """
    # What is at its default says nothing, and left out the file stays short enough to compare.
    text = metadata.model_dump_json(indent=1, exclude_defaults=True)
    with whole_file(path, what=_WHAT, option=_OPTION) as part:
        part.write_text(f"{text}\n", encoding="utf-8", newline="\n")
