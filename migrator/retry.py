"""Whether and when to send a row again.

Owns the policy only: it never sleeps, sends, draws a random number or looks at a clock. The
dispatcher asks, gets a decision as a value, and carries it out.
"""

from dataclasses import dataclass
from typing import Final, assert_never

from migrator.model import Verdict

_MOST_DOUBLINGS: Final = 32  #: Keeps the power of two small; any longest wait is reached before.


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how long at most."""

    attempts: int = 5
    """Calls of one row whose effect is unknown, the first included. The dispatcher makes one more
    where only a probe could tell the row from an outage."""
    first_wait: float = 1.0  #: Seconds; the most that is waited after the first attempt.
    longest_wait: float = 60.0  #: Seconds; doubling stops here. A Retry-After may be longer.


@dataclass(frozen=True, slots=True, kw_only=True)
class WaitThenRetry:
    """Send the row again after a while."""

    seconds: float
    uses_attempt: bool = True
    """False when nothing was applied and the row is not to blame: it goes again as often as it
    takes. How long all rows wait then, and when the run stops, the run's traffic state says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GiveUp:
    """Do not send the row again in this run."""

    reason: str  #: In words, such as "unknown after 5 attempts".


def decide(
    verdict: Verdict, *, attempt: int, retry_after: float, jitter: float, policy: RetryPolicy
) -> WaitThenRetry | GiveUp:
    """What to do after an attempt that was not applied.

    Exponential backoff with full jitter: any wait from 0 to a ceiling that doubles with each
    attempt, so that rows which failed together do not come back together.

    Args:
        verdict: What the reply meant. NOT_PERMITTED is taken for the row's here; whether it is
            the whole run's, the dispatcher knows.
        attempt: Number of the attempt just made, counting only those with this verdict; the
            first is 1.
        retry_after: Seconds the server asked for; 0.0 when it did not.
        jitter: A random number from 0.0 to 1.0, drawn by the caller.
        policy: How often and how long at most.

    Raises:
        ValueError: The verdict is APPLIED: there is nothing to decide.

    >>> decide(Verdict.UNKNOWN, attempt=2, retry_after=0.0, jitter=0.5, policy=RetryPolicy())
    WaitThenRetry(seconds=1.0, uses_attempt=True)
    >>> decide(Verdict.UNKNOWN, attempt=5, retry_after=0.0, jitter=0.5, policy=RetryPolicy())
    GiveUp(reason='unknown after 5 attempts')
    >>> decide(Verdict.RATE, attempt=9, retry_after=7.0, jitter=0.5, policy=RetryPolicy())
    WaitThenRetry(seconds=7.0, uses_attempt=False)
    """
    match verdict:
        case Verdict.UNKNOWN if attempt >= policy.attempts:
            return GiveUp(reason=f"{verdict} after {attempt} attempts")
        case Verdict.UNKNOWN | Verdict.TARGET_FAULT:
            doubled = policy.first_wait * 2 ** min(attempt - 1, _MOST_DOUBLINGS)
            return WaitThenRetry(
                seconds=max(retry_after, min(policy.longest_wait, doubled) * jitter),
                uses_attempt=verdict is Verdict.UNKNOWN,
            )
        case Verdict.RATE | Verdict.FOREIGN | Verdict.ACCESS:
            return WaitThenRetry(seconds=retry_after, uses_attempt=False)
        case Verdict.REFUSED | Verdict.NOT_PERMITTED:
            return GiveUp(reason=str(verdict))
        case Verdict.APPLIED:
            raise ValueError("an attempt that was applied needs no decision")
        case _:
            assert_never(verdict)
