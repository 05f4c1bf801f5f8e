"""When an account's last call was, kept in a small file over processes.

A process that was killed leaves calls behind that still count; the next one must not take the
window for empty. Owns that file; it never fails a run: what goes wrong is told by `note`.
"""

from io import FileIO
from pathlib import Path
from types import TracebackType
from typing import Self

from migrator.ports import Clock


class CallMemory:
    """The wall time of the last call, in a file.

    Each call overwrites the same few bytes in place, without waiting for the disk: that survives
    a killed process, and a machine that lost power takes longer than a window to come back.

    Args:
        path: The file, one per account; it and its folder are made when the first call is made.
        clock: For the wall time.
    """

    def __init__(self, path: Path, *, clock: Clock) -> None:
        self.path = path
        self.note = ""  #: Why it does not work, and what that means; "" when it does.
        self._clock = clock
        self._file: FileIO | None = None

    def rest(self, span: float) -> float:
        """Seconds to wait before the first call of this process.

        Args:
            span: Seconds for which a call counts.

        Returns:
            ``span`` when the last call was less than that ago, lies in the future (a clock was
            set), or cannot be told from the file; 0.0 when it was earlier or there was none.
        """
        try:
            last = float(self.path.read_text(encoding="ascii"))
        except FileNotFoundError:
            return 0.0
        except OSError as error:
            self._give_up(error)
            return span
        except ValueError:
            return span
        return 0.0 if self._clock.wall() - last >= span else span

    def record(self) -> None:
        """A call is made now."""
        if self.note:
            return
        try:
            if self._file is None:
                self._file = self._open()
            self._file.seek(0)
            self._file.write(f"{self._clock.wall():020.6f}\n".encode("ascii"))
        except OSError as error:
            self._give_up(error)

    def close(self) -> None:
        """Close the file; what it says stays."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _open(self) -> FileIO:
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.path.touch(mode=0o600)
        return FileIO(self.path, "r+")

    def _give_up(self, error: OSError) -> None:
        self.close()
        self.note = (
            f"{self.path}: the time of the last call cannot be kept ({error.strerror}). After a "
            "crash, wait some seconds before you start again; MIGRATOR_STATE_DIR names another "
            "folder."
        )
