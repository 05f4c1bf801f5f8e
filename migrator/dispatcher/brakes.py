"""The brakes: many refusals in a row for one reason, or too many failed rows in all.

Owns the counts only.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from migrator.errors import BrakeError
from migrator.model import Reading
from migrator.reasons import masked


class EqualRefusals:
    """Refusals in a row with the same reason; values in it do not make it another one."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._reason: tuple[str, str] | None = None
        self._count = 0

    def succeeded(self) -> None:
        """A row was accepted: the next refusal is the first in a row."""
        self._count = 0

    def refused(self, reading: Reading) -> BrakeError | None:
        """A row was refused; the error to stop with when it was one too many."""
        reason = (reading.exception, masked(reading.message))
        self._count = self._count + 1 if reason == self._reason else 1
        self._reason = reason
        if self._count < self._most:
            return None
        return BrakeError(
            f"{self._count} rows in a row were refused for the same reason: "
            f"{reading.exception or f'HTTP {reading.status}'}: {reading.message}",
            advice="That speaks of the mapping or the account's settings, not of single rows. "
            "Mend the mapping and run the same command again (what succeeded is not sent again), "
            "or, when the cause is mended in LeadSquared, `migrator retry` and `migrator resume`.",
        )


FEWEST_SETTLED: Final = 20
"""Settled rows before a percentage says anything: one failure in three rows is no third."""


@dataclass(frozen=True, slots=True)
class MostFailures:
    """How many rows of one command may fail before it stops; one of the two."""

    rows: int | None = None
    percent: float | None = None

    def __str__(self) -> str:
        return f"{self.rows:,}" if self.rows is not None else f"{self.percent:g}%"


class Failures:
    """Failed rows of one command; those that wait for an earlier row are not among them."""

    def __init__(self, most: MostFailures | None) -> None:
        self._most = most
        self._settled = self._failed = 0
        self._reasons: Counter[str] = Counter()

    def settled(self, failed: Reading | None) -> BrakeError | None:
        """A row was settled, ``failed`` or not; the error to stop with when it was one too many."""
        self._settled += 1
        if failed is None or self._most is None:
            return None
        self._failed += 1
        self._reasons[
            f"{failed.exception or f'HTTP {failed.status}'}: {masked(failed.message)}"
        ] += 1
        return self._error(self._most) if self._is_too_many(self._most) else None

    def _is_too_many(self, most: MostFailures) -> bool:
        if most.rows is not None:
            return self._failed >= most.rows
        percent = most.percent or 0.0
        return self._settled >= FEWEST_SETTLED and self._failed * 100 > percent * self._settled

    def _error(self, most: MostFailures) -> BrakeError:
        reason, count = self._reasons.most_common(1)[0]
        return BrakeError(
            f"{self._failed:,} of {self._settled:,} rows failed (--max-failures {most}); the most "
            f"frequent reason, {count:,} times: {reason}",
            advice="`migrator status` shows all reasons, `migrator export --failed -o failed.xlsx` "
            "the rows. Mend the cause, then `migrator retry` sends the failed rows again and "
            "`migrator resume` the rest; each counts its failures anew.",
        )
