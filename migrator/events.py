"""What happens while a command works, as values: for logs and metrics.

Owns the names of the events and what each means. It writes nothing, reads no clock, and does not
know who listens.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Final, TypeAlias

from migrator.model import Entry, FieldValue, Reading


class EventName(StrEnum):
    """The stable names; programs read them."""

    COMMAND_BEGAN = "command.began"
    COMMAND_FINISHED = "command.finished"
    RUN_PLANNED = "run.planned"
    RUN_COMPARED = "run.compared"
    RUN_SENDING = "run.sending"
    RUN_STOPPING = "run.stopping"
    RUN_READ_BACK = "run.read_back"
    RUN_FINISHED = "run.finished"
    CALL_SENT = "call.sent"
    CALL_ANSWERED = "call.answered"
    ROW_REJECTED = "row.rejected"
    ROW_SUCCEEDED = "row.succeeded"
    ROW_FAILED = "row.failed"
    ROW_IN_DOUBT = "row.in_doubt"
    ROW_PLANNED_AGAIN = "row.planned_again"
    ROW_HELD = "row.held"
    TRAFFIC_PAUSED = "traffic.paused"
    TRAFFIC_RESUMED = "traffic.resumed"
    OUTAGE_BEGAN = "outage.began"
    OUTAGE_PROBED = "outage.probed"
    OUTAGE_ENDED = "outage.ended"


MEANINGS: Final[Mapping[EventName, str]] = MappingProxyType(
    {
        EventName.COMMAND_BEGAN: "A command begins: `command`, `version`.",
        EventName.COMMAND_FINISHED: "It has ended: `exit_code`, `seconds`; `message` is the "
        "error, where one ended it.",
        EventName.RUN_PLANNED: "A plan is sealed in the ledger; nothing of it is sent yet. "
        "`mapping`, `source`, `account`; `counts`: rows read, and rows by state.",
        EventName.RUN_COMPARED: "A reconcile has compared its sheet with what LeadSquared holds. "
        "`counts`: unchanged, changed, conflicts.",
        EventName.RUN_SENDING: "Sending begins. `counts`: the rows that are left.",
        EventName.RUN_STOPPING: "No new call is begun any more; those under way are settled. "
        "`message` says why, where it is no Ctrl-C.",
        EventName.RUN_READ_BACK: "What a run wrote was read back. `counts`: opportunities, rows, "
        "values, and rows that read otherwise.",
        EventName.RUN_FINISHED: "Where the run stands when the command ends. `counts`: rows by "
        "state, and calls.",
        EventName.CALL_SENT: "A call leaves; its intent is in the ledger. `call` is its name, "
        "`attempt` counts the row's updates. With `--log-values` an update has `note` and "
        "`fields`.",
        EventName.CALL_ANSWERED: "What came of it: `verdict`, `seconds`, and where there were "
        "some, `http_status`, `exception` and `message`.",
        EventName.ROW_REJECTED: "A row of the new plan is never sent: `column` and `message` say "
        "why.",
        EventName.ROW_SUCCEEDED: "LeadSquared has the row.",
        EventName.ROW_FAILED: "LeadSquared refused the row, or did not keep a value of it.",
        EventName.ROW_IN_DOUBT: "LeadSquared may have the row: `doubt` is `all` or `note`.",
        EventName.ROW_PLANNED_AGAIN: "Nothing of the row was applied, and it is left for the next "
        "command.",
        EventName.ROW_HELD: "The row is not sent: it waits for an earlier row of its opportunity, "
        "or a later one has succeeded.",
        EventName.TRAFFIC_PAUSED: "A rate answer: no call leaves for `seconds`. Comes again where "
        "the pause grows.",
        EventName.TRAFFIC_RESUMED: "Calls leave again, after `seconds`.",
        EventName.OUTAGE_BEGAN: "LeadSquared does not work; no update leaves until a probe is "
        "answered.",
        EventName.OUTAGE_PROBED: "One read asked whether it works again; `verdict` is `answered` "
        "or `no answer`.",
        EventName.OUTAGE_ENDED: "A probe was answered, `seconds` after the first fault; or the "
        "command ends while there is none: `verdict` is `answered` or `no answer`.",
    }
)
"""What each event says, for the page of the documentation that is made of it."""


UPDATE: Final = "Update"  #: What `Event.call` is of the call that changes something.
ANSWERED: Final = "answered"  #: The verdict of a read that brought what was asked for.


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One thing that happened; what does not apply to it is left as it is."""

    name: EventName
    run: str = ""  #: The run's id.
    mapping: str = ""
    source: str = ""
    account: str = ""
    file: str = ""  #: Without its folder.
    row: int | None = None  #: As `SourceRow.row`.
    opportunity_id: str = ""
    attempt: int | None = None
    call: str = ""  #: The last name of the call's path, such as "Update".
    verdict: str = ""
    http_status: int | None = None  #: None when no reply came.
    exception: str = ""
    column: str = ""  #: Names of columns, of a rejected row.
    doubt: str = ""
    command: str = ""
    version: str = ""
    message: str = ""  #: May quote the values of cells.
    seconds: float | None = None
    exit_code: int | None = None
    counts: Mapping[str, int] = field(default_factory=dict)
    note: str = ""  #: As sent.
    fields: tuple[FieldValue, ...] = ()  #: As sent.


Tell: TypeAlias = Callable[[Event], None]
"""Takes each event as it happens, at once and without ever raising."""


def to_nobody(event: Event) -> None:
    """Nobody listens."""


def of_entry(
    name: EventName,
    run: str,
    entry: Entry,
    *,
    call: str = "",
    reading: Reading | None = None,
    seconds: float | None = None,
    doubt: str = "",
    with_values: bool = False,
) -> Event:
    """An event about one row, with what was read of an answer to it.

    Args:
        name: What happened.
        run: The run's id.
        entry: The row.
        call: Which call it is about; "" for none.
        reading: What the answer said.
        seconds: How long the call took.
        doubt: What is in doubt of it.
        with_values: Whether what is sent goes along.
    """
    return Event(
        name=name,
        run=run,
        file=entry.file,
        row=entry.row,
        opportunity_id=entry.opportunity_id,
        attempt=entry.attempts or None,
        call=call,
        verdict=str(reading.verdict) if reading is not None else "",
        http_status=(reading.status or None) if reading is not None else None,
        exception=reading.exception if reading is not None else "",
        message=reading.message if reading is not None else "",
        seconds=seconds,
        doubt=doubt,
        note=entry.note if with_values else "",
        fields=entry.fields if with_values else (),
    )
