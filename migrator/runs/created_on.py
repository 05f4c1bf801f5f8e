"""One opportunity's CreatedOn, changed and put back: whether the account's switch is on.

Owns the order of the calls, and that the old value is sent again whatever happens in between.
"""

import asyncio
import os
from typing import Final

from migrator.answers import as_guid
from migrator.checkup import (
    TIME_FORMAT,
    TRIED_EARLIER,
    Check,
    Switch,
    Topic,
    Trial,
    failed,
    not_checked,
    seconds_of,
)
from migrator.errors import ExitCode, MigratorError, UsageError
from migrator.leadsquared import details_request, read_details, read_update, update_request
from migrator.model import Details, FieldValue, IdKind, NoReply, Reading, Reply, Verdict
from migrator.runs.delivering import code_of_signal, on_signals
from migrator.runs.reading import Asking, CallRefusedError
from migrator.runs.world import Link
from migrator.settling import read_times

CALLS_OF_TRIAL: Final = 20  #: At most, but for faults: of fewer a day must not be left with.
PAUSES: Final = (0.0, 2.0, 5.0, 10.0, 20.0)  #: Seconds before each try to put the value back.
_NAME: Final = "CreatedOn"


def agrees_to_trial(link: Link, opportunity: str, *, patience: float) -> bool:
    """Say what is about to be done, and ask once.

    Raises:
        UsageError: Nobody can be asked.
    """
    lines = (
        (
            f"CreatedOn of the opportunity {opportunity} is to be tried: it is read, sent one day "
            f"earlier, read back for up to {patience:g} s, sent again as it was, and read."
        ),
        "LeadSquared's own automations may fire, and ModifiedOn becomes now.",
    )
    return link.operator.changes(lines, "Change this CreatedOn and put it back?")


async def try_created_on(
    asking: Asking, opportunity: str, *, patience: float
) -> tuple[Trial | Check, ExitCode]:
    """Change CreatedOn and put it back; the exit code is a signal's, if one came."""
    loop, stopped, caught = asyncio.get_running_loop(), asyncio.Event(), list[int]()

    def stop(number: int) -> None:
        caught.append(number)
        if len(caught) == 1:
            asking.link.operator.say(
                "stopping: the old CreatedOn is put back first; once more leaves at once"
            )
            loop.call_soon_threadsafe(stopped.set)
            return
        os._exit(code_of_signal(number))

    with on_signals(stop):
        found = await _Trying(asking, opportunity, patience=patience, stopped=stopped).run()
    return found, code_of_signal(caught[0]) if caught else ExitCode.OK


class _Trying:
    def __init__(
        self, asking: Asking, opportunity: str, *, patience: float, stopped: asyncio.Event
    ) -> None:
        self._asking, self._id, self._patience = asking, opportunity, patience
        self._stopped = stopped
        self._say = asking.link.operator.say

    async def run(self) -> Trial | Check:
        try:
            found = await self._asking.ask(details_request(self._id), read_details)
        except CallRefusedError as error:
            return failed(Topic.CREATED_ON, _no_opportunity(self._id, error))
        except MigratorError as error:
            return failed(Topic.CREATED_ON, error)
        self._id = found.guid or self._id
        shown = found.values.get(_NAME, "")
        old = seconds_of(shown)
        if old is None:
            return not_checked(
                Topic.CREATED_ON,
                f'{self._id} shows "{shown}" as CreatedOn, which is no time to put back',
                "Name another opportunity. Nothing was sent.",
            )
        if self._stopped.is_set():
            return not_checked(Topic.CREATED_ON, "interrupted", "Nothing was sent.")
        old_text = old.strftime(TIME_FORMAT)
        self._say(
            f'{self._id}: CreatedOn is "{old_text}" (UTC) now. Should this process be killed, '
            "put that back by hand"
        )
        return await self._change(old_text, (old - TRIED_EARLIER).strftime(TIME_FORMAT))

    async def _change(self, old: str, tried: str) -> Trial:
        before = len(self._asking.made)
        error = await self._write(tried)
        is_certain = len(self._asking.made) == before + 1
        is_refused = isinstance(error, CallRefusedError)  # a gateway's 403 says nothing of it
        told, switch, left = "", Switch.UNKNOWN, None
        if error is not None:
            told = error.problem
            switch = Switch.REFUSED if is_refused else Switch.UNKNOWN
        else:
            shows = await self._shows(tried, is_stoppable=True)
            told = "" if shows is not None else "no read told what it wrote"
            if shows is not None:
                switch = Switch.ON if shows else Switch.OFF
        if not (is_refused and is_certain):
            left = await self._put_back(old)
        stands = await self._shows(old, is_stoppable=False)
        return Trial(
            opportunity=self._id, old=old, switch=switch, told=told, stands=stands, left=left
        )

    async def _write(self, value: str) -> MigratorError | None:
        """Send a value until it is taken or refused; a field that is sent twice is as sent once."""
        kind = IdKind.GUID if as_guid(self._id) else IdKind.AUTO_ID

        def taken(reply: Reply | NoReply) -> bool | Reading:
            reading = read_update(reply, opportunity_id=self._id, id_kind=kind)
            return True if reading.verdict is Verdict.APPLIED else reading

        try:
            await self._asking.ask(update_request(self._id, "", [FieldValue(_NAME, value)]), taken)
        except MigratorError as error:
            return error
        return None

    async def _put_back(self, old: str) -> MigratorError | None:
        error: MigratorError | None = None
        for pause in PAUSES:
            await self._asking.link.clock.sleep(pause)
            error = await self._write(old)
            if error is None or isinstance(error, CallRefusedError):
                return error
            self._say(f"the old CreatedOn could not be put back yet: {error.problem}")
        return error

    async def _shows(self, value: str, *, is_stoppable: bool) -> bool | None:
        """Whether a read shows a value before the patience is over; None: no read tells."""
        clock, shows = self._asking.link.clock, None
        began = clock.monotonic()
        for at in read_times(self._patience):
            if is_stoppable and await self._is_stopped(began + at - clock.monotonic()):
                return None
            if not is_stoppable:
                await clock.sleep(began + at - clock.monotonic())
            try:
                found: Details = await self._asking.ask(details_request(self._id), read_details)
            except MigratorError:
                continue
            shows = seconds_of(found.values.get(_NAME, "")) == seconds_of(value)
            if shows:
                return True
            if at == 0.0:
                self._say(
                    f'a read does not show CreatedOn as "{value}"; reads may lag, so it is looked '
                    f"at again for up to {self._patience:g} s"
                )
        return shows

    async def _is_stopped(self, seconds: float) -> bool:
        """Wait, and tell whether a signal came meanwhile."""
        waiting = [
            asyncio.ensure_future(self._asking.link.clock.sleep(seconds)),
            asyncio.ensure_future(self._stopped.wait()),
        ]
        _, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        for task in pending:
            task.cancel()
        return self._stopped.is_set()


def _no_opportunity(named: str, error: MigratorError) -> UsageError:
    return UsageError(
        f"the opportunity {named} cannot be read: {error.problem}",
        advice="Name one that exists, by its GUID or AutoId. Nothing was sent.",
    )
