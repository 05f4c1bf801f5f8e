"""How patient and how stubborn a dispatch is.

Owns the numbers; the modules beside it act on them.
"""

from dataclasses import dataclass, field

from migrator.dispatcher.brakes import MostFailures
from migrator.retry import RetryPolicy
from migrator.verdicts import NOTHING_MOVED, MovedExceptions


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryPolicy:
    """The limits of one dispatch; seconds are real ones."""

    retry: RetryPolicy = field(default_factory=RetryPolicy)
    patience: float = 90.0  #: How long a lost note is looked for before it counts as missing.
    most_in_flight: int = 64  #: Calls under way at once; bounds memory, not the rate.
    most_open: int = 512  #: Opportunities under way at once, waiting ones included.
    faults_to_outage: int = 5  #: Faults in a row, over different rows, that mean an outage.
    longest_outage: float = 1800.0  #: After this the run stops (exit 7).
    longest_refusal: float = 600.0  #: Nothing but rate answers for so long parks the run (exit 9).
    longest_pause: float = 60.0  #: A pause after a rate answer that names no time grows up to this.
    longest_probe_wait: float = 60.0  #: Probes of an outage come at intervals that grow up to this.
    most_failures: MostFailures | None = None  #: Failed rows that stop the run (exit 12).
    equal_refusals: int = 20  #: Refusals in a row with one reason that stop the run (exit 12).
    foreign_answers: int = 10  #: Foreign 404s in a row, over different rows, that stop it (exit 8).
    verifies: bool = False  #: Read back at the end what was written.
    allow_older: bool = False  #: Send a row even when a later one of its opportunity succeeded.
    before_images: bool = True  #: Keep what the CRM holds before a run's first change.
    regardless: frozenset[int] = frozenset()  #: Entries that wait for no earlier row.
    until: float | None = None  #: Wall time after which no call leaves (exit 12).
    trusted: tuple[str, ...] = ()  #: SchemaNames that a person has seen written and cleared.
    canary: int = 0  #: Rows that are sent and read back before the rest; 0: none.
    held: frozenset[int] = frozenset()  #: Entries that are left as they are.
    moved: MovedExceptions = NOTHING_MOVED  #: ExceptionTypes that the settings file moves.
