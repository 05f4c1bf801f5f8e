"""The file itself: why it cannot be read, and whether it stayed the same meanwhile.

Looks at size and time of change, never at the content: the content was just read, and a digest
would cost as much again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

from migrator.errors import SourceError
from migrator.nearby import instead_of

OWNER_MARK: Final = "~$"
SPREADSHEETS: Final = frozenset({".csv", ".tsv", ".txt", ".xlsx", ".xlsm", ".xls", ".gz"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Fingerprint:
    """A file as it was found."""

    size: int  #: Bytes.
    changed: int  #: Time of the last change, in nanoseconds.

    @classmethod
    def of(cls, path: Path) -> Self:
        """The file as it is now."""
        found = path.stat()
        return cls(size=found.st_size, changed=found.st_mtime_ns)

    def check(self, path: Path) -> None:
        """Do nothing if the file is still the same.

        Raises:
            SourceError: It is not, or it is gone.
        """
        try:
            same = Fingerprint.of(path) == self
        except OSError:
            same = False
        if not same:
            raise changed(path)


def changed(path: Path) -> SourceError:
    """The refusal of a file that is not any more what it was."""
    return SourceError(
        "the file changed while it was read",
        where=path.name,
        advice="Nothing of it was used. Close the program that writes it, then run the same "
        "command again.",
    )


def unreadable(path: Path, error: OSError) -> SourceError:
    """What the operating system says about a file, in words for its owner."""
    if isinstance(error, FileNotFoundError):
        problem = "there is no such file"
        near = instead_of(path, SPREADSHEETS)
        advice = f"{near}Check the name; it was looked for as {path.absolute()}."
    elif is_open_in_excel(path):
        problem = (
            f"the file cannot be read while Excel has it open ({OWNER_MARK}{path.name} says so)"
        )
        advice = "Close it in Excel, then run the same command again."
    elif isinstance(error, PermissionError):
        problem = "the file may not be read"
        advice = "Close it in Excel or whatever has it open, or ask for the right to read it."
    else:
        problem = f"the file cannot be read ({error.strerror or error})"
        advice = "Copy it to a local disk and try again."
    return SourceError(problem, where=str(path), advice=advice)


def is_open_in_excel(path: Path) -> bool:
    """Whether the file stands beside it that Excel makes while it has a workbook open."""
    return path.with_name(f"{OWNER_MARK}{path.name}").exists()
