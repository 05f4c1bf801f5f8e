"""A disk of its own for the commands of a test: small, filled, emptied, or made read-only.

Owns a tmpfs in a name space of its own: it needs no rights, changes nothing of the machine, and
ends with the test. Where a machine lets nobody have one, the test is skipped with the reason.
"""

import contextlib
import shlex
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.acceptance.rehearsal import wait_until


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDisk:
    """A file system that only commands begun with `before` see at its folder."""

    folder: Path  #: Where the commands see it.
    seen: Path  #: The same folder as this process sees it.
    before: list[str]  #: Words before a command.

    def fill(self) -> None:
        """Leave no byte of room."""
        with (self.seen / "filler").open("ab", buffering=0) as filler, contextlib.suppress(OSError):
            while filler.write(b"\0" * 4096):
                pass

    def fill_after(self, holds: Callable[[], bool]) -> None:
        """Fill it as soon as something holds, while the test goes on."""
        threading.Thread(target=lambda: (wait_until(holds), self.fill()), daemon=True).start()

    def make_room(self) -> None:
        """Take away what `fill` has written."""
        (self.seen / "filler").unlink()

    def set_writable(self, is_writable: bool) -> None:
        """Mount it anew, as a system does by itself when a disk fails; no file may be open."""
        how = "rw" if is_writable else "ro"
        mount = ["mount", "-o", f"remount,{how}", str(self.folder)]
        subprocess.run([*self.before, *mount], check=True, capture_output=True)


@contextlib.contextmanager
def own_disk(folder: Path, *, megabytes: int = 24) -> Iterator[OwnDisk]:
    """Put a disk at ``folder``, which is made; the commands run in the folder around it."""
    folder.mkdir()
    unshare, nsenter = (shutil.which(name) for name in ("unshare", "nsenter"))
    if unshare is None or nsenter is None:
        pytest.skip("a disk of its own needs unshare and nsenter, which Linux has")
    place = shlex.quote(str(folder))
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs {place} && echo ready && exec cat"
    holder = subprocess.Popen(
        [unshare, "-rm", "sh", "-c", mount],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        encoding="utf-8",
    )
    try:
        assert holder.stdout is not None
        if holder.stdout.readline() != "ready\n":
            pytest.skip("this machine lets nobody mount a disk of its own")
        inside = ["-t", str(holder.pid), "-U", "-m", "--preserve-credentials"]
        go = ["sh", "-c", f'cd {shlex.quote(str(folder.parent))} && exec "$@"', "sh"]
        seen = Path(f"/proc/{holder.pid}/root{folder}")
        yield OwnDisk(folder=folder, seen=seen, before=[nsenter, *inside, *go])
    finally:
        holder.communicate()
