"""A file that appears whole or not at all, and the reasons why it cannot.

Owns the way from a part beside the file to the file itself. It knows no format.
"""

import contextlib
import errno
import tempfile
from collections.abc import Iterator
from pathlib import Path

from migrator.errors import SourceError

_NO_ROOM = frozenset({errno.ENOSPC, getattr(errno, "EDQUOT", errno.ENOSPC)})


@contextlib.contextmanager
def whole_file(
    path: Path, *, what: str = "the export", option: str = "-o", is_new: bool = False
) -> Iterator[Path]:
    """A place beside ``path`` to write to; what stands there becomes ``path`` at the end.

    Args:
        path: The file.
        what: What is written, for the messages.
        option: That of the command line which names it.
        is_new: Whether it must not be there: then nothing is ever replaced.

    Raises:
        SourceError: The file is there and must not be; it is open in a spreadsheet program; or it
            cannot be written.
    """
    part = path.with_name(f".{path.name}.part")
    refuse_no_file(path, option=option)
    try:
        _refuse_one_in_use(path, option)
        yield part
        if is_new and path.exists():
            raise SourceError(
                "a file of this name has come into being meanwhile; it was left as it is",
                where=str(path),
                advice="Name another file with -o FILE.",
            )
        part.replace(path)
    except OSError as error:
        raise unwritable(path, error, what=what, option=option) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def refuse_no_file(path: Path, *, option: str = "-o") -> None:
    """Do nothing unless something stands there that is no file, such as /dev/null or a pipe.

    What is replaced there, as root, were gone for the whole machine.

    Raises:
        SourceError: So it is.
    """
    if path.exists() and not path.is_file() and not path.is_dir():
        raise SourceError(
            "this is no file, but a device or a pipe, which cannot be replaced",
            where=str(path),
            advice=f"Name a file with {option} FILE.",
        )


def refuse_unwritable(path: Path, *, what: str = "the export", option: str = "-o") -> None:
    """Do nothing if a file can be made beside ``path``: looked at before long work is begun.

    Raises:
        SourceError: It cannot.
    """
    refuse_no_file(path, option=option)
    part = path.with_name(f".{path.name}.part")
    try:
        part.touch()
        part.unlink()
    except OSError as error:
        raise unwritable(path, error, what=what, option=option) from error


def _refuse_one_in_use(path: Path, option: str) -> None:
    """Look before the work is done: a file that is open cannot be replaced, or comes back old."""
    if not path.exists():
        return
    if path.is_dir():
        raise IsADirectoryError(errno.EISDIR, "it is a folder", str(path))
    # The marks of Excel and LibreOffice beside a file they have open, on whatever machine.
    for mark in (path.with_name(f"~${path.name}"), path.with_name(f".~lock.{path.name}#")):
        if mark.exists():
            raise SourceError(
                "the file is open in a spreadsheet program",
                where=str(path),
                advice=f"Close it and run the same command again, or name another file with "
                f"{option} FILE. If it is open nowhere, a program that died has left {mark.name} "
                "beside it: delete that.",
            )
    with path.open("r+b"):  # on Windows refused while another program has it open
        pass


def unwritable(
    path: Path, error: OSError, *, what: str = "the export", option: str = "-o"
) -> SourceError:
    """What the operating system says about writing a file, in words for the operator."""
    if isinstance(error, PermissionError):
        return _refused(path, error, what, option)
    problem = f"{what} cannot be written ({error.strerror or error})"
    advice = f"Name another file with {option} FILE."
    if isinstance(error, FileNotFoundError):
        problem = f"the folder for {what} does not exist"
        advice = f"Make {path.absolute().parent}, or name another file with {option} FILE."
    elif error.errno in _NO_ROOM:
        problem = f"there is no room left on the disk for {what}"
        advice = (
            f"Make room, or name a file on another disk with {option} FILE. A workbook also needs "
            f"room in {tempfile.gettempdir()} while it is written. No half file was left."
        )
    return SourceError(problem, where=str(path), advice=advice)


def _refused(path: Path, error: PermissionError, what: str, option: str) -> SourceError:
    if path.exists() and (error.filename2 is not None or error.filename == str(path)):
        return SourceError(
            "the file cannot be replaced: it is open in another program, or write-protected",
            where=str(path),
            advice="Close it (in Excel, say) and run the same command again, or name another file "
            f"with {option} FILE.",
        )
    return SourceError(
        f"{what} may not be written in this folder",
        where=str(path),
        advice=f"Name a file in a folder that you may write to: {option} FILE.",
    )
