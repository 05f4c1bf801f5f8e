"""LeadSquared's bulk read of opportunities: requests out, lists in.

Owns the vendor's names and shapes of this one call. It never sends, and no reply makes it raise.

Source: "Get Opportunities in Bulk by Ids" (apidocs.leadsquared.com, read 2026-11): up to 2,000 ids
in a call, every member mandatory, a list of ``{EventCode, RecordCount, Opportunities}`` back. No
public code uses it: that unknown ids are simply absent is a guess, and so nothing rests on it alone
(`migrator.runs.current`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import orjson

from migrator.answers import as_guid
from migrator.field_sets import as_text, flat, in_set
from migrator.leadsquared import content_of, not_understood, unreadable
from migrator.model import NoReply, Reading, Reply, Request

BULK_PATH: Final = "OpportunityManagement.svc/GetOpportunitiesById"
MOST_IDS: Final = 2_000  #: Of one call, by the page.
LONGEST_PAGE: Final = 256 * 1024 * 1024
"""Bytes: 2,000 opportunities with all their fields, each as long as fields are."""

_ID_MEMBERS: Final = ("ProspectActivityId", "OpportunityId", "ProspectOpportunityId")
"""The first is in the page's sample; the others are what neighbouring reads call it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BulkPage:
    """What one call listed."""

    found: Mapping[str, Mapping[str, str]]
    """GUID in lower case to SchemaName to value as the CRM writes it. Null is ""; a field that the
    answer does not show at all is not in it. Members of field sets have names of their own."""


def bulk_request(event_code: int, guids: Sequence[str], schema_names: Iterable[str]) -> Request:
    """The call that reads some fields of many opportunities.

    Args:
        event_code: The opportunity type.
        guids: At most `MOST_IDS`.
        schema_names: The fields; at least one. A member of a set is read with its set.
    """
    columns = dict.fromkeys((in_set(name) or (name,))[0] for name in schema_names)
    search = {
        "EventCode": event_code,
        "ProspectActivityId": list(guids),
        "Columns": {"Include_CSV": ",".join(columns)},
    }
    body = orjson.dumps({"SearchParameters": [search]})
    return Request(method="POST", path=BULK_PATH, body=body, longest_answer=LONGEST_PAGE)


def read_bulk(reply: Reply | NoReply) -> BulkPage | Reading:
    """What the call listed, or why that could not be told.

    A list that is shorter or longer than its own count is not believed.
    """
    content = content_of(reply)
    if isinstance(content, Reading):
        return content
    if not isinstance(content, list):
        return not_understood(reply)
    found: dict[str, Mapping[str, str]] = {}
    for part in content:
        records = part.get("Opportunities") if isinstance(part, dict) else None
        if records is None and isinstance(part, dict) and part.get("RecordCount") in (0, "0"):
            records = []
        if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
            return unreadable(reply, "it lists no opportunities")
        if str(part.get("RecordCount", len(records))) != str(len(records)):
            told = f"it counts {part['RecordCount']} opportunities and lists {len(records)}"
            return unreadable(reply, told)
        for record in records:
            guid = next((as_guid(str(record[name])) for name in _ID_MEMBERS if name in record), "")
            if not guid:
                return unreadable(reply, "an opportunity in it has no id (ProspectActivityId)")
            found[guid] = flat({name: as_text(value) for name, value in record.items()})
    return BulkPage(found=found)
