"""The brake against a wrong mapping: many refusals in a row for one reason.

Owns the count only.
"""

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
