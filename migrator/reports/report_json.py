"""A report for programs.

Owns nothing but the way to text: the names are those of `run_report`, the balance's those of
`status --json`.
"""

from dataclasses import fields
from typing import Any

import orjson

from migrator.model import Balance, State
from migrator.reports.run_report import RunReport


def report_json(report: RunReport) -> str:
    """The report as JSON."""
    content = {one.name: getattr(report, one.name) for one in fields(report)}
    content["balance"] = balance_json(report.balance)
    return orjson.dumps(content, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z).decode() + "\n"


def balance_json(balance: Balance) -> dict[str, Any]:
    """The balance by name."""
    return {
        "rows_read": balance.rows_read,
        "blank_rows": balance.blank_rows,
        "states": {state.value: balance.states.get(state, 0) for state in State},
        "is_whole": balance.is_whole,
        "unfinished": balance.unfinished,
        "in_doubt_note_only": balance.in_doubt_note_only,
        "waiting": balance.waiting,
        "merged": {state.value: count for state, count in balance.merged.items()},
        "corrected": {state.value: count for state, count in balance.corrected.items()},
        "notes_possibly_twice": balance.notes_possibly_twice,
        "calls": balance.calls,
        "verified": balance.verified,
        "otherwise": balance.otherwise,
        "conflicts": balance.conflicts,
    }
