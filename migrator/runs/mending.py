"""What an export can tell of the cells to mend: which they are, why, and what may stand there.

Owns how a refusal is traced back to columns, by the mapping and the account's metadata where they
are at hand, else by what the refusal itself says. It reads a mapping file, and makes no call.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from migrator.cells import cell_text
from migrator.errors import MigratorError
from migrator.field_sets import in_set
from migrator.fit.kinds import all_options, find
from migrator.fit.sent import Sent, sent_by
from migrator.ledger import Ledger
from migrator.mapping import (
    Boolean,
    Choice,
    Choices,
    Mapping,
    Template,
    Text,
    User,
    columns_of,
    load_mapping,
    parse_mapping,
    parse_template,
)
from migrator.metadata import FieldInfo, Metadata
from migrator.model import EntryRecord, Run, State
from migrator.reports.table import OUR_COLUMNS, advice_for

_QUOTED: Final = re.compile(r"\"([^\"]+)\"|“([^”]+)”|(?<!\w)'([^']+)'(?!\w)")
_UNKNOWN_OPPORTUNITY: Final = re.compile(r"MXUnknownProspectActivity|ProspectOpportunityId")
_SHORTEST_NAME: Final = 3  #: A display name of fewer letters is found in any message.
_FOLDERS: Final = (".", "mappings")

Options = tuple[tuple[str, ...], bool]
"""The texts that a column takes, and whether it takes no others."""


def find_mapping(ledger: Ledger, run: Run) -> Mapping | None:
    """The run's mapping as the ledger kept it, or where it lies in this folder or ``mappings``.

    None where it is in neither as it was.
    """
    text = ledger.history.mapping_text(run)
    name = run.source.mapping_name
    ways = [] if text is None else [partial(parse_mapping, text, name=name)]
    ways += [partial(load_mapping, Path(folder) / name) for folder in _FOLDERS]
    for way in ways:
        try:
            found = way()
        except MigratorError:
            continue
        if found.digest == run.source.mapping_digest:
            return found
    return None


class Hints:
    """What is known of the columns of one run.

    Args:
        run: The run whose rows are exported.
        mapping: What sends its columns; None: not at hand.
        metadata: The account's fields and options; None: not at hand.
    """

    def __init__(
        self, run: Run, mapping: Mapping | None = None, metadata: Metadata | None = None
    ) -> None:
        self._columns = {name: place for place, name in enumerate(run.source.columns)}
        self._message = len(self._columns) + OUR_COLUMNS.index("migrator_message")
        self._sent = list(sent_by(mapping)) if mapping is not None else []
        self._metadata = metadata
        self._infos = _infos(mapping, metadata, self._sent)
        self._names = [*self._spellings(run.source.schema_names)]
        id_column = mapping.opportunity.id.column if mapping is not None else ""
        self._id_at = self._columns.get(id_column)

    # -------------------------------------------------------------- which cells, and why

    def marks(self, entry: EntryRecord) -> dict[int, str]:
        """Why cells are to be mended, by their place in an export's row."""
        if entry.state is State.REJECTED:
            return self._of_problems(entry)
        if entry.state is not State.FAILED:
            return {}
        advice = advice_for(entry)
        if not entry.attempts and not entry.exception:  # it waits for an earlier row
            return {self._message: f"{entry.message}\n\n{advice}"}
        told = f"{entry.exception}: {entry.message}" if entry.exception else entry.message
        why = f"LeadSquared says:\n{told}\n\n{advice}"
        return dict.fromkeys(self._named_in(entry) or [self._message], why)

    def _of_problems(self, entry: EntryRecord) -> dict[int, str]:
        found: dict[int, list[str]] = {}
        for problem in entry.problems:
            place = self._columns.get(problem.column, self._message)
            text = f"{problem.reason}\n{problem.advice}".strip()
            if text not in found.setdefault(place, []):
                found[place].append(text)
        return {place: "\n\n".join(texts) for place, texts in found.items()}

    def _named_in(self, entry: EntryRecord) -> list[int]:
        """The columns of which a refusal speaks; none where that cannot be told."""
        message = entry.message
        found = {place for name, places in self._names if name.search(message) for place in places}
        if _UNKNOWN_OPPORTUNITY.search(f"{entry.exception} {message}"):
            found |= self._holding(entry, entry.opportunity_id, first=self._id_at)
        if not found:
            for match in _QUOTED.finditer(message):
                found |= self._holding(entry, next(filter(None, match.groups())))
        return sorted(found)

    def _holding(self, entry: EntryRecord, text: str, *, first: int | None = None) -> set[int]:
        """The one column whose cell is this text; none where several are."""
        if first is not None:
            return {first}
        cells = entry.cells[: len(self._columns)]
        places = [at for at, cell in enumerate(cells) if cell_text(cell).strip() == text.strip()]
        return set(places) if len(places) == 1 else set()

    def _spellings(self, schema_names: Iterable[str]) -> Iterator[tuple[re.Pattern[str], set[int]]]:
        """Each name by which a message may call a field, with the columns it is made from."""
        for sent in self._sent:
            places = {self._columns[name] for name in _columns(sent) if name in self._columns}
            member, info = in_set(sent.name), self._infos.get(sent.name)
            names = {sent.name, member[1] if member else "", sent.expected_name}
            names.add(info.display_name.strip() if info is not None else "")
            for name in names:
                if places and len(name) >= _SHORTEST_NAME:
                    yield _word(name), places
        if not self._sent:  # a sheet may use SchemaNames as its columns
            for name in set(schema_names) & set(self._columns):
                yield _word(name), {self._columns[name]}

    # -------------------------------------------------------------- what may stand there

    def options(self) -> dict[int, Options]:
        """The texts that columns take, by the column's place."""
        found: dict[int, Options] = {}
        for sent in self._sent:
            place = self._columns.get(sent.column)
            if place is None or place in found:
                continue
            texts, is_closed = self._options_of(sent)
            kept = tuple(dict.fromkeys(text for text in texts if text.strip()))
            if kept:
                found[place] = kept, is_closed
        return found

    def _options_of(self, sent: Sent) -> tuple[Sequence[str], bool]:
        field, info = sent.field, self._infos.get(sent.name)
        known = all_options(info) if info is not None else None
        takes_others = known is None or (info is not None and info.takes_others)
        match field:
            case Choice():
                return _keys(field, known), field.otherwise == "error" or not takes_others
            case Choices(values=values):  # a cell holds several, which no list can check
                return (_keys(field, known) if values else known or ()), False
            case Boolean():
                return (*(field.true or ("yes",)), *(field.false or ("no",))), False
            case User():
                users = self._metadata.users if self._metadata is not None else ()
                return [user.email for user in users if user.is_active], bool(users)
            case Text():
                return known or (), not takes_others
        return (), False


def _keys(field: Choice | Choices, known: Sequence[str] | None) -> list[str]:
    """What the sheet may say: the values' left sides, those that mean an option where it is known.

    What goes as it stands may be an option, too.
    """
    values = field.values or {}
    taken = [sheet for sheet, crm in values.items() if crm and (not known or crm in known)]
    keys = taken or [sheet for sheet, crm in values.items() if crm]
    if field.otherwise == "keep":
        keys += [option for option in known or () if option not in values]
    return [key.strip() for key in keys]


def _infos(
    mapping: Mapping | None, metadata: Metadata | None, sent: Sequence[Sent]
) -> dict[str, FieldInfo]:
    type_ = metadata.type(mapping.opportunity.type) if mapping and metadata else None
    if type_ is None:
        return {}
    found = {one.name: find(type_, one.name) for one in sent}
    return {name: info for name, info in found.items() if info is not None}


def _columns(sent: Sent) -> tuple[str, ...]:
    if isinstance(sent.field, Template):
        return columns_of(parse_template(sent.field.template))
    return (sent.column,) if sent.column else ()


def _word(name: str) -> re.Pattern[str]:
    return re.compile(rf"(?<!\w){re.escape(name)}(?!\w)")
