"""Whether a file stayed the same while it was read.

Owns the comparison only. It looks at size and time of change, never at the content: the content
was just read, and a digest would cost as much again.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Self

from migrator.errors import SourceError


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
            raise SourceError(
                "the file changed while it was read",
                where=path.name,
                advice="Nothing of it was used. Close the program that writes it, then run the "
                "same command again.",
            )
