"""LeadSquared's look-ups of opportunities by their lead: requests out, lists in.

Owns the vendor's names and shapes of two calls. It never sends, and no reply makes it raise.

Sources: "Get Opportunities by Lead Id" and "Get Opportunities by Unique Lead Field"
(apidocs.leadsquared.com, read 2026-11); what public code saw live accounts answer says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from migrator.field_sets import as_text
from migrator.leadsquared import content_of, unreadable
from migrator.lookups import Found, LeadKey, as_guid
from migrator.model import NoReply, Reading, Reply, Request

OF_LEAD_PATH: Final = "OpportunityManagement.svc/GetOpportunitiesOfLead"  #: A GET is a 405: seen.
BY_FIELD_PATH: Final = "OpportunityManagement.svc/GetOpportunitiesByUniqueLeadField"
PAGE_SIZE: Final = 100  #: "Get Opportunities by Lead Id" names it in its example.
SHOWN: Final = ("mx_Custom_1", "Status")
"""Asked for besides the fields that have to agree: the opportunity's name and status, by which a
person tells several apart. Both belong to every opportunity type."""

_ID_MEMBERS: Final = ("OpportunityId", "ProspectOpportunityId")  #: The first is documented.
_TYPE_MEMBER: Final = "OpportunityEvent"  #: "12000" in the page's example, a text.


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a lead's opportunities."""

    found: tuple[Found, ...]  #: Those of the type.
    listed: int  #: How many the page listed, of all types.
    record_count: int | None  #: LeadSquared's own count of all pages; None: not told.


def lookup_request(
    key: LeadKey, *, event_code: int, columns: Sequence[str], page: int = 1
) -> Request:
    """The call that lists a page of a lead's opportunities.

    Args:
        key: The lead. The name of a lead field is case-sensitive: "ProspectId" for "ProspectID"
            silently lists nothing (seen).
        event_code: The opportunity type. The page calls it optional, one account requires it. By
            a lead field all types are listed, and `read_page` picks.
        columns: SchemaNames of the fields that are asked for; system fields come in any case.
        page: From 1.
    """
    body: dict[str, object] = {
        "Columns": {"Include_CSV": ",".join(columns)},
        "Sorting": {"ColumnName": "CreatedOn", "Direction": "1"},
        "Paging": {"PageIndex": page, "PageSize": PAGE_SIZE},
    }
    if key.name:
        lookup = {"LookupName": key.name, "LookupValue": key.value, "SqlOperator": "="}
        content = orjson.dumps({"Parameter": lookup, **body})
        return Request(method="POST", path=BY_FIELD_PATH, body=content)
    query = (("leadId", key.value), ("opportunityType", str(event_code)))
    return Request(method="POST", path=OF_LEAD_PATH, query=query, body=orjson.dumps(body))


def read_page(
    reply: Reply | NoReply, *, event_code: int, columns: Sequence[str], of_type: bool
) -> Page | Reading:
    """What a page lists, or why that could not be told.

    ``List`` may be absent or null where it would be empty, and some accounts answer with a bare
    list (both seen). Records are flat; there is no ``Fields`` (seen).

    Args:
        reply: What came.
        event_code: Records of other types are left out.
        columns: The fields to keep of each.
        of_type: Whether only this type was asked for: then a record may be silent about it.
    """
    content = content_of(reply)
    if isinstance(content, Reading):
        return content
    records, count = _listed(content)
    if records is None:
        return unreadable(reply, "it lists no opportunities")
    found = []
    for record in records:
        code = str(record.get(_TYPE_MEMBER) or "")
        if not code and not of_type:
            return unreadable(reply, f"an opportunity in it tells no type ({_TYPE_MEMBER})")
        if code and code != str(event_code):
            continue
        guid = next((guid for name in _ID_MEMBERS if (guid := _guid(record.get(name)))), "")
        if not guid:
            return unreadable(reply, "an opportunity in it has no id (OpportunityId)")
        found.append(Found(guid=guid, values=_values(record, columns)))
    return Page(found=tuple(found), listed=len(records), record_count=count)


def _listed(content: object) -> tuple[list[dict[str, Any]] | None, int | None]:
    """The records, None where there is no list of them, and LeadSquared's own count."""
    records, count = content, None
    if isinstance(content, dict):
        records, count = content.get("List"), _count(content.get("RecordCount"))
        if records is None and count is not None:
            records = []
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        return None, None
    return records, count


def _values(record: Mapping[str, Any], columns: Sequence[str]) -> dict[str, str]:
    return {name: as_text(record[name]) for name in columns if name in record}


def _guid(value: object) -> str:
    return as_guid(value) if isinstance(value, str) else ""


def _count(value: object) -> int | None:
    """A whole number as JSON or as text."""
    text = str(value)
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 10 else None
