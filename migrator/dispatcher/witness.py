"""Reading back a call whose answer was lost, until its note tells whether it was applied.

Owns the reads and their times; the judgement is `migrator.settling`.
"""

from collections.abc import Sequence

from migrator.dispatcher.reading import Reader
from migrator.dispatcher.traffic import Traffic
from migrator.model import Entry, FieldValue, Known
from migrator.ports import Clock
from migrator.settling import Judgement, judge, read_times


class Witness:
    """Settles what a doubtful call did, by reading."""

    def __init__(self, *, reader: Reader, traffic: Traffic, clock: Clock, patience: float) -> None:
        self._reader, self._traffic, self._clock = reader, traffic, clock
        self._patience = patience

    async def judge(
        self,
        entry: Entry,
        *,
        note: str,
        fields: Sequence[FieldValue],
        known: Known,
        attempted_at: float,
    ) -> Judgement | None:
        """What became of a call that was made at wall time ``attempted_at``; None when stopping.

        A wall clock that was set back only makes it wait longer, by no more than the patience.
        """
        elapsed = max(0.0, self._clock.wall() - attempted_at)
        began = self._clock.monotonic() - elapsed
        times = read_times(self._patience)
        due = [at for at in times if at >= elapsed] or [times[-1]]
        if due[0] > elapsed and len(due) > 1:
            due.insert(0, elapsed)
        judgement = Judgement.CANNOT_TELL
        for at in due:
            if not await self._traffic.wait(began + at - self._clock.monotonic()):
                return None
            found = await self._reader.details(entry)
            if self._traffic.is_stopping() and found is None:
                return None
            if found is None:
                judgement = Judgement.CANNOT_TELL
                continue
            is_last = self._clock.monotonic() - began >= self._patience
            judgement = judge(found, note=note, fields=fields, known=known, is_last=is_last)
            if judgement is not Judgement.READ_AGAIN:
                return judgement
        return judgement
