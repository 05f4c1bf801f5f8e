"""The first live row: what an account may ignore in silence is read back before it is believed.

Owns whose turn it is and the reads; which fields need it is `migrator.proving`.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from migrator.dispatcher.reading import Reader
from migrator.dispatcher.traffic import Traffic
from migrator.errors import BrakeError
from migrator.model import Details, Entry, Known, Loss, Proof, Run, text_digest
from migrator.ports import Clock, Proving, WorkThread
from migrator.proving import SWITCHED, losses, proofs_needed
from migrator.settling import read_times


class FirstRow:
    """Lets rows that rely on something unproved go one at a time, until a read has proved it."""

    def __init__(
        self,
        run: Run,
        *,
        proving: Proving,
        thread: WorkThread,
        reader: Reader,
        traffic: Traffic,
        clock: Clock,
        patience: float,
        say: Callable[[str], None],
    ) -> None:
        self._run, self._proving, self._thread = run, proving, thread
        self._reader, self._traffic, self._clock = reader, traffic, clock
        self._patience, self._say = patience, say
        self._proved = set(proving.proved(run))
        self.turn = asyncio.Lock()  #: Held by the row that is to prove something.

    def unproved(self, entry: Entry) -> tuple[Proof, ...]:
        """What the entry relies on and nobody has seen yet."""
        return tuple(p for p in proofs_needed(entry.fields) if p not in self._proved)

    async def provable(self, entry: Entry) -> tuple[Proof, ...]:
        """What a read-back of the entry could prove; asked by the row whose turn it is.

        A field that shows already what is to be sent would prove nothing, and loses nothing.
        """
        unproved = self.unproved(entry)
        found = await self._reader.details(entry) if unproved else None
        if found is None:
            return unproved
        told = {loss.schema_name for loss in losses(entry.fields, unproved, found.values)}
        return tuple(proof for proof in unproved if proof.schema_name in told)

    async def read_back(
        self, entry: Entry, proofs: Sequence[Proof], *, known: Known, with_note: bool
    ) -> tuple[Loss, ...] | None:
        """Read an applied row back; what is proved is kept.

        A difference counts when the patience is over, since reads lag behind writes; sooner when
        the row's new note is seen beside it twice, for one call writes all or nothing.

        Returns:
            The fields that are not as sent; None when the run is stopping before that is known.
        """
        began, sightings = self._clock.monotonic(), 0
        found: Details | None = None
        for at in read_times(self._patience):
            if not await self._traffic.wait(began + at - self._clock.monotonic()):
                return None
            found = await self._reader.details(entry)
            if found is None:
                break
            lost = losses(entry.fields, proofs, found.values)
            if not lost:
                await self._keep(proofs)
                return ()
            if at == 0.0:
                self._say(
                    f"row {entry.row}: {lost[0].schema_name} does not read back as it was sent; "
                    f"reads may lag, so it is looked at again for up to {self._patience:g} s"
                )
            sightings += with_note and _is_new_note(entry, known, found)
            if sightings > 1:
                break
        if self._traffic.is_stopping():
            return None
        if found is None:
            self._traffic.stop(_unreadable(entry, proofs))
            return ()
        names = {loss.schema_name for loss in lost}
        await self._keep([proof for proof in proofs if proof.schema_name not in names])
        self._traffic.stop(_not_kept(self._run, entry, lost))
        return lost

    async def _keep(self, proofs: Sequence[Proof]) -> None:
        await self._thread.do(lambda: self._proving.prove(self._run, proofs, at=self._clock.wall()))
        self._proved.update(proofs)


def _is_new_note(entry: Entry, known: Known, found: Details) -> bool:
    ours = text_digest(entry.note)
    return text_digest(found.note) == ours and ours != known.last_note


def _not_kept(run: Run, entry: Entry, lost: Sequence[Loss]) -> BrakeError:
    told = "; ".join(
        f'{loss.schema_name} was sent as "{loss.sent}" and found as "{loss.found}"' for loss in lost
    )
    names = " ".join(f"--trust {loss.schema_name}" for loss in lost)
    return BrakeError(
        f"LeadSquared said Success, but {told}",
        where=f"{entry.file}, row {entry.row}, opportunity {entry.guid or entry.opportunity_id}",
        advice=f"{_cure(lost)} Then `migrator retry {run.id}` sends this row again, and the rest. "
        f"If LeadSquared's own page shows it right, add {names}.",
    )


def _cure(lost: Sequence[Loss]) -> str:
    cures = []
    if any(loss.schema_name in SWITCHED for loss in lost):
        cures.append(
            "CreatedOn can be written only when LeadSquared's support has switched that on for "
            "the account: ask them, or take CreatedOn out of the mapping and run again."
        )
    if any(not loss.sent for loss in lost):
        cures.append(
            "The account does not clear a field that is sent empty: take `blank: clear` out of "
            "the mapping for it and run again, or ask LeadSquared's support."
        )
    return " ".join(cures)


def _unreadable(entry: Entry, proofs: Sequence[Proof]) -> BrakeError:
    names = [proof.schema_name for proof in proofs]
    trusted = " ".join(f"--trust {name}" for name in names)
    return BrakeError(
        f"the first row that writes {', '.join(names)} could not be read back",
        where=f"{entry.file}, row {entry.row}, opportunity {entry.guid or entry.opportunity_id}",
        advice="Look at it in LeadSquared. If the field is as it was sent, go on with "
        f"`migrator resume {trusted}`.",
    )


def with_guid(entry: Entry, guid: str) -> Entry:
    """The entry with the GUID that its answer told."""
    return replace(entry, guid=guid) if guid and not entry.guid else entry
