"""What the imitated account holds: opportunities with their fields and notes.

Pure: the time of a write or a read is handed in. Nothing here checks a value; `update` does
that before it writes.
"""

import re
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

GUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_OWN_NAMES: Final = uuid.UUID("6f1a36b2-7f0a-4a53-9d53-0a6a8c1f3b11")


@dataclass(frozen=True, slots=True, kw_only=True)
class Seed:
    """An opportunity as it is given to the sandbox."""

    guid: str = ""  #: "" when only the AutoId is given: a GUID is derived from it.
    auto_id: str = ""  #: "" when it has none.
    note: str = ""  #: Its last note.
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a read shows."""

    fields: Mapping[str, str]
    note: str


class Opportunity:
    """One opportunity; it knows what it holds and what a lagging read still shows."""

    def __init__(self, guid: str, auto_id: str = "") -> None:
        self.guid = guid  #: Lower case.
        self.auto_id = auto_id
        self.fields: dict[str, str] = {}
        self.note = ""  #: The last one.
        self.notes: dict[str, int] = {}  #: Text to how often it is there.
        self.applied = 0  #: Updates applied.
        self._shown = Shown(fields={}, note="")
        self._waiting: list[tuple[float, Shown]] = []

    def write(
        self, changes: Mapping[str, str], note: str, *, now: float, lag: float, adds: bool
    ) -> None:
        """Apply one update.

        Args:
            changes: The new values of the fields that are named; the others stay.
            note: "" when none was sent.
            now: Seconds, of the same clock as `shown`.
            lag: Seconds until a read shows this write.
            adds: Whether a note is added to the others or takes their place.
        """
        if lag > 0 and not self._waiting:
            self._shown = self._snapshot()
        self.fields.update(changes)
        if note:
            self.notes = self.notes if adds else {}
            self.notes[note] = self.notes.get(note, 0) + 1
            self.note = note
        self.applied += 1
        if lag > 0:
            self._waiting.append((now + lag, self._snapshot()))
        else:
            self._waiting.clear()

    def shown(self, now: float) -> Shown:
        """What a read shows; a write that is visible carries all earlier ones with it."""
        for position in range(len(self._waiting) - 1, -1, -1):
            visible_at, snapshot = self._waiting[position]
            if visible_at <= now:
                self._shown = snapshot
                del self._waiting[: position + 1]
                break
        return self._shown if self._waiting else self._snapshot()

    def become(self, seed: Seed) -> None:
        """Take over what a seed names; at once visible."""
        self.auto_id = seed.auto_id or self.auto_id
        self.fields.update(seed.fields)
        if seed.note:
            self.note = seed.note
            self.notes.setdefault(seed.note, 1)
        self._waiting.clear()

    def as_json(self) -> dict[str, object]:
        """The true state, in the form in which `Seed` is read from a file, and a little more."""
        return {
            "id": self.guid,
            "auto_id": self.auto_id,
            "fields": dict(self.fields),
            "note": self.note,
            "notes": dict(self.notes),
            "applied": self.applied,
        }

    def _snapshot(self) -> Shown:
        return Shown(fields=dict(self.fields), note=self.note)


class Opportunities:
    """The opportunities of the account, found by GUID in any case or by AutoId.

    Args:
        seeds: Those that exist; None: each well-formed GUID exists, from its first call on.
        unknown: Ids that do not exist, whatever else is said, until they are mended.
    """

    def __init__(self, seeds: Iterable[Seed] | None = None, unknown: Iterable[str] = ()) -> None:
        self.unknown = {text.lower() for text in unknown}
        self.mended: set[str] = set()  #: GUIDs that no lasting fault strikes any more.
        self._open = seeds is None
        self._by_guid: dict[str, Opportunity] = {}
        self._by_auto_id: dict[str, Opportunity] = {}
        for seed in seeds or ():
            self._add(seed)

    def find(self, named: str) -> Opportunity | None:
        """The opportunity with this GUID or AutoId."""
        key = named.lower()
        if key in self.unknown:
            return None
        found = self._by_guid.get(key) or self._by_auto_id.get(named)
        if found is None and self._open and GUID.fullmatch(key):
            found = self._by_guid[key] = Opportunity(key)
        return found

    def mend(self, seed: Seed) -> Opportunity:
        """Add an opportunity, or put an existing one right: from now on it exists."""
        found = self._add(seed)
        self.unknown -= {found.guid, found.auto_id.lower()}
        self.mended.add(found.guid)
        return found

    def __getitem__(self, named: str) -> Opportunity:
        return self._by_guid.get(named.lower()) or self._by_auto_id[named]

    def __iter__(self) -> Iterator[Opportunity]:
        return iter(self._by_guid.values())

    def __len__(self) -> int:
        return len(self._by_guid)

    def _add(self, seed: Seed) -> Opportunity:
        known = self._by_auto_id.get(seed.auto_id)
        guid = seed.guid.lower() or (known.guid if known else guid_of(seed.auto_id))
        found = self._by_guid.setdefault(guid, Opportunity(guid))
        found.become(seed)
        if found.auto_id:
            self._by_auto_id[found.auto_id] = found
        return found


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
