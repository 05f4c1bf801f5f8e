"""What the imitated account holds: opportunities with their fields and notes, and their leads.

Pure: the time of a write or a read is handed in. Nothing here checks a value; `update` does
that before it writes.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from migrator.sandbox.lag import Lagging

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
TIME_FORMAT: Final = "%Y-%m-%d %H:%M:%S"  #: UTC; "Update an Opportunity".
FIRST_TYPE: Final = 12000  #: Codes of opportunity types begin here.
_OWN_NAMES: Final = uuid.UUID("6f1a36b2-7f0a-4a53-9d53-0a6a8c1f3b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An opportunity as it is given to the sandbox."""

    guid: str = ""  #: "" when only the AutoId is given: a GUID is derived from it.
    auto_id: str = ""  #: "" when it has none.
    type: int | None = None  #: Code of its opportunity type; None: the account's first.
    lead: str = ""  #: The lead's GUID; "": one is derived.
    lead_fields: Mapping[str, str] = field(default_factory=dict)  #: Of the lead, such as Phone.
    note: str = ""  #: Its last note.
    fields: Mapping[str, str] = field(default_factory=dict)
    created_on: str = ""  #: UTC, as `TIME_FORMAT`; "": when it came into the sandbox.
    modified_on: str = ""
    modified_by: str = ""  #: GUID of a user.


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """When something is changed, and by whom."""

    on: str = ""  #: UTC, as `TIME_FORMAT`.
    by: str = ""  #: GUID of a user.


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a read shows."""

    fields: Mapping[str, str]
    note: str
    created_on: str = ""
    modified: Stamp = field(default_factory=Stamp)

    def values(self) -> dict[str, str]:
        """All fields, those that the account keeps itself first."""
        kept = {
            "CreatedOn": self.created_on,
            "ModifiedOn": self.modified.on,
            "ModifiedBy": self.modified.by,
        }
        return {**kept, **self.fields}


class Opportunity:
    """One opportunity; it knows what it holds and what lagging reads still show."""

    def __init__(
        self, guid: str, *, type_code: int = FIRST_TYPE, born: Stamp | None = None
    ) -> None:
        self.guid = guid  #: Lower case.
        self.auto_id = ""
        self.type = type_code
        self.lead = guid_of(f"lead of {guid}")
        self.lead_fields: dict[str, str] = {}  #: Shared with the lead's other opportunities.
        self.fields: dict[str, str] = {}
        self.note = ""  #: The last one.
        self.notes: dict[str, int] = {}  #: Text to how often it is there.
        self.applied = 0  #: Updates applied.
        self.modified = born or Stamp()
        self.created_on = self.modified.on
        self._read = Lagging[Shown]()
        self._indexed = Lagging[Shown | None]()

    def write(
        self,
        changes: Mapping[str, str],
        note: str,
        *,
        now: float,
        stamp: Stamp,
        lag: float,
        index_lag: float,
        adds: bool,
    ) -> None:
        """Apply one update.

        Args:
            changes: The new values of the fields that are named; the others stay.
            note: "" when none was sent.
            now: Seconds, of the same clock as `shown`.
            stamp: What the account writes down about it.
            lag: Seconds until a read shows this write.
            index_lag: Seconds until the search index shows it.
            adds: Whether a note is added to the others or takes their place.
        """
        before = self._snapshot()
        self.fields.update(changes)
        if note:
            self.notes = self.notes if adds else {}
            self.notes[note] = self.notes.get(note, 0) + 1
            self.note = note
        if changes or note:
            self.modified = Stamp(on=max(stamp.on, self.modified.on), by=stamp.by)
        self.applied += 1
        after = self._snapshot()
        self._read.wrote(before, after, visible_at=now + lag if lag > 0 else None)
        self._indexed.wrote(before, after, visible_at=now + index_lag if index_lag > 0 else None)

    def shown(self, now: float) -> Shown:
        """What a read by id shows."""
        return self._read.at(now, self._snapshot())

    def indexed(self, now: float) -> Shown | None:
        """What a search shows; None: it does not find it yet."""
        return self._indexed.at(now, self._snapshot())

    def become(
        self, seed: Seed, *, now: float, stamp: Stamp, index_lag: float, is_new: bool
    ) -> None:
        """Take over what a seed names; a read by id shows it at once, a search with its lag.

        Args:
            seed: What is named in it.
            now: Seconds, of the same clock as `shown`.
            stamp: When and by whom, where the seed does not say it.
            index_lag: Seconds until the search index shows it.
            is_new: Whether the account did not have it before.
        """
        before = None if is_new else self._snapshot()
        values = dict(seed.fields)
        on = values.pop("ModifiedOn", "") or seed.modified_on
        by = values.pop("ModifiedBy", "") or seed.modified_by
        changes = {name for name, value in values.items() if self.fields.get(name) != value}
        if not is_new and (changes or (seed.note and seed.note != self.note)):
            # Newer in any case: a client tells by it that somebody was here in the same second.
            self.modified = Stamp(on=_later(stamp.on, self.modified.on), by=stamp.by)
        self.modified = Stamp(on=on or self.modified.on, by=by or self.modified.by)
        self.created_on = seed.created_on or self.created_on
        self._take(seed, values)
        after = self._snapshot()
        self._read.wrote(before or after, after, visible_at=None)
        self._indexed.wrote(before, after, visible_at=now + index_lag if index_lag > 0 else None)

    def as_json(self) -> dict[str, object]:
        """The true state, in the form in which `Seed` is read from a file, and a little more."""
        return {
            "id": self.guid,
            "auto_id": self.auto_id,
            "type": self.type,
            "lead": self.lead,
            "lead_fields": dict(self.lead_fields),
            "fields": dict(self.fields),
            "note": self.note,
            "notes": dict(self.notes),
            "applied": self.applied,
            "created_on": self.created_on,
            "modified_on": self.modified.on,
            "modified_by": self.modified.by,
        }

    def _take(self, seed: Seed, values: Mapping[str, str]) -> None:
        self.auto_id = seed.auto_id or self.auto_id
        self.type = seed.type or self.type
        self.lead = seed.lead.lower() or self.lead
        self.fields.update(values)
        if seed.note:
            self.note = seed.note
            self.notes.setdefault(seed.note, 1)

    def _snapshot(self) -> Shown:
        return Shown(
            fields=dict(self.fields),
            note=self.note,
            created_on=self.created_on,
            modified=self.modified,
        )


class Opportunities:
    """The opportunities of the account, found by GUID in any case or by AutoId.

    Args:
        seeds: Those that exist; None: each well-formed GUID exists, from its first call on.
        unknown: Ids that do not exist, whatever else is said, until they are mended.
        types: Codes of the account's opportunity types; the first is that of a seed without one.
        born: Written down as the creation of all that exists from the beginning.
    """

    def __init__(
        self,
        seeds: Iterable[Seed] | None = None,
        unknown: Iterable[str] = (),
        *,
        types: Sequence[int] = (FIRST_TYPE,),
        born: Stamp | None = None,
    ) -> None:
        self.unknown = {text.lower() for text in unknown}
        self.mended: set[str] = set()  #: GUIDs that no lasting fault strikes any more.
        self.leads: dict[str, dict[str, str]] = {}  #: Lead's GUID to its fields.
        self._types, self._born = tuple(types), born or Stamp()
        self._open = seeds is None
        self._by_guid: dict[str, Opportunity] = {}
        self._by_auto_id: dict[str, Opportunity] = {}
        for seed in seeds or ():
            self._add(seed, now=0.0, stamp=self._born, index_lag=0.0)

    def find(self, named: str) -> Opportunity | None:
        """The opportunity with this GUID or AutoId."""
        key = named.lower()
        if key in self.unknown:
            return None
        found = self._by_guid.get(key) or self._by_auto_id.get(named)
        if found is None and self._open and GUID.fullmatch(key):
            found = self._new(key, self._born)
        return found

    def mend(self, seed: Seed, *, now: float, stamp: Stamp, index_lag: float) -> Opportunity:
        """Add an opportunity, or put an existing one right: from now on it exists.

        Raises:
            ValueError: The account has no such opportunity type.
        """
        found = self._add(seed, now=now, stamp=stamp, index_lag=index_lag)
        self.unknown -= {found.guid, found.auto_id.lower()}
        self.mended.add(found.guid)
        return found

    def check(self, seed: Seed) -> None:
        """Refuse a seed of which the account could make no opportunity.

        Raises:
            ValueError: The account has no such opportunity type.
        """
        if seed.type is not None and seed.type not in self._types:
            raise ValueError(f"the account has no opportunity type {seed.type}")

    def of_leads(self, leads: Iterable[str]) -> list[Opportunity]:
        """All that belong to one of these leads and are not declared unknown."""
        meant = set(leads)
        return [
            found
            for found in self._by_guid.values()
            if found.lead in meant and found.guid not in self.unknown
        ]

    def __getitem__(self, named: str) -> Opportunity:
        return self._by_guid.get(named.lower()) or self._by_auto_id[named]

    def __iter__(self) -> Iterator[Opportunity]:
        return iter(self._by_guid.values())

    def __len__(self) -> int:
        return len(self._by_guid)

    def _add(self, seed: Seed, *, now: float, stamp: Stamp, index_lag: float) -> Opportunity:
        self.check(seed)
        known = self._by_auto_id.get(seed.auto_id)
        guid = seed.guid.lower() or (known.guid if known else guid_of(seed.auto_id))
        is_new = guid not in self._by_guid
        found = self._new(guid, stamp) if is_new else self._by_guid[guid]
        found.become(seed, now=now, stamp=stamp, index_lag=index_lag, is_new=is_new)
        found.lead_fields = self.leads.setdefault(found.lead, {})
        found.lead_fields.update(seed.lead_fields)
        if found.auto_id:
            self._by_auto_id[found.auto_id] = found
        return found

    def _new(self, guid: str, stamp: Stamp) -> Opportunity:
        found = Opportunity(guid, type_code=self._types[0], born=stamp)
        found.lead_fields = self.leads.setdefault(found.lead, {})
        return self._by_guid.setdefault(guid, found)


def guid_of(text: str) -> str:
    """A GUID that is always the same for the same text."""
    return str(uuid.uuid5(_OWN_NAMES, text))


def named(text: str) -> Seed:
    """The seed of an opportunity of which only the id is known, of either kind.

    >>> named("5CA5B042-51EA-4699-B6F0-84C40AB12770").guid
    '5ca5b042-51ea-4699-b6f0-84c40ab12770'
    >>> named("OPP-0017").auto_id
    'OPP-0017'
    """
    if GUID.fullmatch(text):
        return Seed(guid=text.lower())
    return Seed(auto_id=text)


def time_text(wall: float) -> str:
    """A moment as LeadSquared writes it, in UTC.

    >>> time_text(1_700_000_000.9)
    '2023-11-14 22:13:20'
    """
    return datetime.fromtimestamp(wall, UTC).strftime(TIME_FORMAT)


def is_time(text: str) -> bool:
    """Whether a text is a moment in that form."""
    try:
        datetime.strptime(text, TIME_FORMAT).replace(tzinfo=UTC)
    except ValueError:
        return False
    return True


def _later(now: str, before: str) -> str:
    """Now, or a second after ``before`` when that is not yet past.

    >>> _later("2026-01-01 00:00:00", "2026-01-01 00:00:00")
    '2026-01-01 00:00:01'
    """
    if now > before or not is_time(before):
        return now
    moment = datetime.strptime(before, TIME_FORMAT).replace(tzinfo=UTC) + timedelta(seconds=1)
    return moment.strftime(TIME_FORMAT)
