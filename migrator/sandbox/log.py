"""What happened: one record per request, and the traffic in figures.

Owns the log file and the counts. It never sees a key: records are made without the query and
the headers. A record is written, and flushed, when the fate of the call is decided and before
its answer leaves, so that it tells the truth when either side is killed.
"""

import json
from collections import Counter, deque
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TextIO


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """One request and what became of it."""

    seq: int  #: Number of the request in order of arrival, from 1.
    wall: float  #: Arrival in seconds since 1970.
    monotonic: float  #: Arrival in seconds of the system's monotonic clock.
    method: str
    path: str  #: Without the query.
    opportunity: str = ""  #: The id as the call named it.
    guid: str = ""  #: The opportunity found by it; "" when none was.
    fields: dict[str, str] = field(default_factory=dict)  #: As sent, in the call's order.
    note: str = ""
    lead: str = ""  #: The lead as a look-up named it: its id, or "Phone=…".
    fault: str = ""  #: The fault that struck it; "" when none did.
    applied: bool = False  #: Whether an update was applied.
    status: int | None = None  #: What is sent; None: the connection is closed without an answer.
    exception: str = ""  #: The ExceptionType in the answer.


class RequestLog:
    """The records, in a file as JSON lines and the last ones in memory.

    Args:
        path: The file, written anew at its end; None: no file.
        kept: How many records stay in memory; None: all.
    """

    def __init__(self, path: Path | None = None, *, kept: int | None = None) -> None:
        self._records: deque[Record] = deque(maxlen=kept)
        self._file: TextIO | None = None
        if path is not None:
            self._file = path.open("a", encoding="utf-8", errors="backslashreplace", newline="\n")

    def write(self, record: Record) -> None:
        """Add a record; it is in the file when this returns."""
        self._records.append(record)
        if self._file is not None:
            self._file.write(json.dumps(asdict(record), ensure_ascii=False) + "\n")
            self._file.flush()

    @property
    def records(self) -> tuple[Record, ...]:
        """Those in memory, in order of decision; sort by `seq` for the order of arrival."""
        return tuple(self._records)

    def close(self) -> None:
        """Close the file; the records in memory stay."""
        if self._file is not None:
            self._file.close()
            self._file = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """The traffic of the account in figures."""

    calls: int  #: Calls of the account: with its keys, refused ones included.
    refused: int  #: Refused by the limit, or because the day was used up.
    most_in_a_window: int  #: Most calls that arrived in any window.
    most_admitted_in_a_window: int  #: The same without refused ones.
    calls_per_second: float  #: After the first window; 0.0 with fewer than two calls after it.
    by_status: dict[str, int]  #: Answers sent by status; "none" where the connection was closed.
    by_fault: dict[str, int]
    daily: int | None = None  #: Calls that the account may make in a UTC day; None: any.
    today: int = 0  #: Admitted since midnight, UTC.
    refused_by_the_day: int = 0


class Traffic:
    """Counts as calls come; each call costs the same however many came before.

    Args:
        window: Seconds.
    """

    def __init__(self, window: float) -> None:
        self.window = window
        self._arrived: deque[float] = deque()
        self._admitted: deque[float] = deque()
        self._calls = self._refused = self._most = self._most_admitted = 0
        self._first: float | None = None
        self._first_after: float | None = None
        self._last, self._after = 0.0, 0
        self._by_status: Counter[str] = Counter()
        self._by_fault: Counter[str] = Counter()

    def arrived(self, now: float, *, admitted: bool) -> None:
        """A call of the account came."""
        if self._first is None:
            self._first = now
        self._calls += 1
        self._refused += not admitted
        self._last = now
        if now - self._first >= self.window:
            self._first_after = now if self._first_after is None else self._first_after
            self._after += 1
        self._most = max(self._most, self._slid(self._arrived, now))
        if admitted:
            self._most_admitted = max(self._most_admitted, self._slid(self._admitted, now))

    def answered(self, record: Record) -> None:
        """The fate of a request, of the account or not, is decided."""
        self._by_status["none" if record.status is None else str(record.status)] += 1
        if record.fault:
            self._by_fault[record.fault] += 1

    def stats(self) -> Stats:
        """The figures so far."""
        return Stats(
            calls=self._calls,
            refused=self._refused,
            most_in_a_window=self._most,
            most_admitted_in_a_window=self._most_admitted,
            calls_per_second=self._pace(),
            by_status=dict(sorted(self._by_status.items())),
            by_fault=dict(sorted(self._by_fault.items())),
        )

    def _pace(self) -> float:
        if self._first_after is None or self._last <= self._first_after:
            return 0.0
        return (self._after - 1) / (self._last - self._first_after)

    def _slid(self, times: deque[float], now: float) -> int:
        times.append(now)
        while now - times[0] >= self.window:
            times.popleft()
        return len(times)
