"""What a dispatch tells of its rows and calls, as events.

Owns which event an outcome is. It decides nothing and writes nothing.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from migrator.events import ANSWERED, UPDATE, Event, EventName, Tell, of_entry, to_nobody
from migrator.model import (
    Call,
    Entry,
    Failed,
    InDoubt,
    NotKept,
    NotSent,
    Outcome,
    Reading,
    Succeeded,
)

_EVENTS: Final[Mapping[type[Outcome], EventName]] = {
    Succeeded: EventName.ROW_SUCCEEDED,
    Failed: EventName.ROW_FAILED,
    NotKept: EventName.ROW_FAILED,
    InDoubt: EventName.ROW_IN_DOUBT,
    NotSent: EventName.ROW_PLANNED_AGAIN,
}


class Telling:
    """Tells whoever listens what happens in one run."""

    def __init__(self, run: str, tell: Tell = to_nobody) -> None:
        self._run, self._tell = run, tell
        self.is_heard = tell is not to_nobody  #: Whether anybody listens.

    def sent(self, entry: Entry, *, with_note: bool) -> None:
        """An update of the row leaves."""
        event = of_entry(EventName.CALL_SENT, self._run, entry, call=UPDATE, with_values=True)
        self._tell(event if with_note else replace(event, note=""))

    def answered(self, entry: Entry, reading: Reading, *, seconds: float) -> None:
        """It was answered, or will not be any more."""
        name, run = EventName.CALL_ANSWERED, self._run
        self._tell(of_entry(name, run, entry, call=UPDATE, reading=reading, seconds=seconds))

    def settled(self, entry: Entry, outcome: Outcome, call: Call | None, *, waiting: int) -> None:
        """What became of the row, and how many later ones wait for it now."""
        if isinstance(outcome, Succeeded):
            reading = call.reading if call is not None else None
        else:
            reading = outcome.reading
        doubt = str(outcome.doubt) if isinstance(outcome, InDoubt) else ""
        event = of_entry(_EVENTS[type(outcome)], self._run, entry, reading=reading, doubt=doubt)
        self._tell(replace(event, counts={"waiting": waiting}) if waiting else event)

    def held(self, entry: Entry) -> None:
        """The row is not sent, for an earlier or a later one's sake."""
        self._tell(of_entry(EventName.ROW_HELD, self._run, entry))

    def read_sent(self, entry: Entry, call: str) -> None:
        """A read of the row's opportunity leaves."""
        self._tell(of_entry(EventName.CALL_SENT, self._run, entry, call=call))

    def read_answered(
        self, entry: Entry, call: str, reading: Reading | None, *, seconds: float
    ) -> None:
        """What the read brought; no ``reading`` where it is what was asked for."""
        name, run = EventName.CALL_ANSWERED, self._run
        event = of_entry(name, run, entry, call=call, reading=reading, seconds=seconds)
        self._tell(event if reading is not None else replace(event, verdict=ANSWERED))

    def traffic(
        self,
        name: EventName,
        *,
        message: str = "",
        verdict: str = "",
        seconds: float | None = None,
    ) -> None:
        """The state of all calls has changed."""
        self._tell(
            Event(name=name, run=self._run, message=message, verdict=verdict, seconds=seconds)
        )
