"""Reading back a call whose answer was lost, until its note tells whether it was applied.

Owns the reads and their times; the judgement is `migrator.settling`.
"""

from collections.abc import Callable, Sequence

from migrator.dispatcher.reading import Reader
from migrator.dispatcher.traffic import Traffic
from migrator.model import Details, Entry, FieldValue, Known
from migrator.ports import Clock
from migrator.settling import Judgement, judge, judge_by_values, read_times


class Witness:
    """Settles what a doubtful call did, by reading."""

    def __init__(self, *, reader: Reader, traffic: Traffic, clock: Clock, patience: float) -> None:
        self._reader, self._traffic, self._clock = reader, traffic, clock
        self._patience = patience
        self.looked_up = 0  #: Rows that are being read.

    async def judge(
        self,
        entry: Entry,
        *,
        note: str,
        fields: Sequence[FieldValue],
        known: Known,
        attempted_at: float,
    ) -> Judgement | None:
        """What became of a call that was made at wall time ``attempted_at``; None when stopping."""
        return await self._looked_up(
            entry,
            attempted_at=attempted_at,
            tell=lambda found, is_last: judge(
                found, note=note, fields=fields, known=known, is_last=is_last
            ),
        )

    async def judge_fields(self, entry: Entry, *, attempted_at: float) -> Judgement | None:
        """Whether the CRM has the entry's fields, though the last answer to them was a refusal.

        They may have been so before the call: then, too, the CRM has what the row says. Where
        LeadSquared refuses the read as well, the refusal stands. None when stopping.
        """
        return await self._looked_up(
            entry,
            attempted_at=attempted_at,
            tell=lambda found, is_last: judge_by_values(
                found, fields=entry.fields, is_last=is_last
            ),
            when_refused=Judgement.NOT_THERE,
        )

    async def _looked_up(
        self,
        entry: Entry,
        *,
        attempted_at: float,
        tell: Callable[[Details, bool], Judgement],
        when_refused: Judgement = Judgement.CANNOT_TELL,
    ) -> Judgement | None:
        self.looked_up += 1
        try:
            return await self._look(
                entry, attempted_at=attempted_at, tell=tell, when_refused=when_refused
            )
        finally:
            self.looked_up -= 1

    async def _look(
        self,
        entry: Entry,
        *,
        attempted_at: float,
        tell: Callable[[Details, bool], Judgement],
        when_refused: Judgement,
    ) -> Judgement | None:
        """Read until a sighting tells; None when stopping.

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
            found = await self._reader.read(entry)
            if self._traffic.is_stopping() and not isinstance(found, Details):
                return None
            if not isinstance(found, Details):
                judgement = Judgement.CANNOT_TELL if found is None else when_refused
                continue
            is_last = self._clock.monotonic() - began >= self._patience
            judgement = tell(found, is_last)
            if judgement is not Judgement.READ_AGAIN:
                return judgement
        return judgement
