"""The table of cases, a module for each group; the order here is the order in the reviewed file.

A case is three lines: the decorator with its heading and what is typed, and the function that
makes things go wrong. Then write `error_texts.md` anew and read it.
"""

from tests.acceptance.error_cases import (
    account,
    checking,
    command_line,
    doctor,
    drafting,
    fields,
    ids,
    ledger,
    mapping,
    network,
    night,
    reconcile,
    several_rows,
    sheet,
    terminal,
)

GROUPS = (
    account,
    network,
    doctor,
    fields,
    sheet,
    drafting,
    mapping,
    checking,
    several_rows,
    ledger,
    night,
    reconcile,
    terminal,
    command_line,
    ids,
)
