"""What to add to a mapping, for the dropdown values that failed in a run.

Owns which values those are and what they may be near to; the form is `migrator.snippets`'. It makes
no call: the options are those that the mapping names, and those that LeadSquared took in this run.
"""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Final

from migrator.catalogue import kind_of_answer
from migrator.cells import cell_text
from migrator.ledger import Ledger
from migrator.mapping import Choice, Mapping, Text
from migrator.model import EntryRecord, Reason, Run, State
from migrator.problems import CHOICE_CODES
from migrator.runs.mending import find_mapping
from migrator.snippets import Snippet, Wrong, values_snippet

_REFUSED_OPTION: Final = "refused-option"
_MOST_VALUES: Final = 30  #: Of a field, in a proposal.


def suggestions(ledger: Ledger, run: Run, reasons: list[Reason]) -> list[Snippet]:
    """For each field with values that are no option: the field with more `values:`.

    Args:
        ledger: Where the run is, and its mapping.
        run: The run.
        reasons: Why its rows failed; without a dropdown among them nothing is read.
    """
    if not any(reason.code in {*CHOICE_CODES, _REFUSED_OPTION} for reason in reasons):
        return []
    mapping = None if run.pruned_at else find_mapping(ledger, run)
    if mapping is None:
        return []
    found = (
        values_snippet(mapping, name, wrong, _options(ledger, run, mapping, name, wrong))
        for name, wrong in _wrong_values(ledger, run, mapping).items()
    )
    return [snippet for snippet in found if snippet is not None and _proposes(snippet)]


def _proposes(snippet: Snippet) -> bool:
    """Whether it has a line that is no comment: else there is nothing to be pasted."""
    return any(not line.lstrip().startswith("#") for line in snippet.yaml.splitlines())


def _wrong_values(ledger: Ledger, run: Run, mapping: Mapping) -> dict[str, list[Wrong]]:
    """By SchemaName, the commonest first; not those that the mapping translates already."""
    counts: dict[str, Counter[str]] = {}
    fields = {
        name: field
        for name, field in mapping.fields.items()
        if isinstance(field, Choice | Text) and field.column in run.source.columns
    }
    places = {name: run.source.columns.index(field.column) for name, field in fields.items()}
    for entry in ledger.records.entries(run, (State.REJECTED, State.FAILED)):
        for name in _fields_at_fault(entry, places):
            value = cell_text(entry.cells[places[name]]).strip()
            if value and value not in _translated(fields[name]):
                counts.setdefault(name, Counter())[value] += 1
    return {
        name: [Wrong(value, rows) for value, rows in found.most_common(_MOST_VALUES)]
        for name, found in counts.items()
    }


def _fields_at_fault(entry: EntryRecord, places: dict[str, int]) -> Iterator[str]:
    named = {problem.schema_name for problem in entry.problems if problem.code in CHOICE_CODES}
    is_refused = entry.state is State.FAILED and entry.exception
    if is_refused and kind_of_answer(entry.exception).code == _REFUSED_OPTION:
        named = set(re.findall(r"\w+", entry.message))
    yield from (name for name, at in places.items() if name in named and at < len(entry.cells))


def _translated(field: Choice | Text) -> set[str]:
    return {key.strip() for key in field.values} if isinstance(field, Choice) else set()


def _options(
    ledger: Ledger, run: Run, mapping: Mapping, name: str, wrong: list[Wrong]
) -> list[str]:
    field = mapping.fields[name]
    said = list(field.values.values()) if isinstance(field, Choice) else []
    taken = ledger.records.values_taken(run, name)
    refused = {one.value for one in wrong}
    return [option for option in dict.fromkeys([*said, *taken]) if option and option not in refused]
