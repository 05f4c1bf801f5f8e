"""What must hold of any night, whatever happened: the CRM's log and state against the ledger.

It knows the ledger through its reports alone, and the CRM through what it saw.
"""

from collections import Counter

from migrator.model import State
from tests.integration.simulated_nights import Night

LEFT = frozenset({State.PLANNED, State.SENDING})
WINDOW, LIMIT = 5.0, 25


def judge(night: Night) -> None:
    """After any command, killed ones included."""
    crm = night.crm
    applied_values = {(seen.guid, seen.value) for seen in crm.seen if seen.applied}
    assert crm.most_together <= 1, "two calls of one opportunity were under way together"
    times = sorted(crm.calls)
    for first, last in zip(times, times[LIMIT:], strict=False):
        assert last - first >= WINDOW, f"{LIMIT + 1} calls within {last - first:.3f} s"
    twice = _notes_more_than_once(night)
    possibly = 0
    with night.ledger() as ledger:
        for run in ledger.records.runs():
            balance = ledger.records.balance(run)
            assert balance.is_whole, f"{run.id}: {balance}"
            possibly += balance.notes_possibly_twice
            for entry in ledger.records.entries(run):
                guid, value, _note = (str(cell) for cell in entry.cells)
                if entry.state is State.SUCCEEDED:  # unchanged: a later row of it was applied
                    assert (guid, value) in applied_values, f"{entry.state}, never applied: {value}"
                if entry.state is State.FAILED and entry.exception.startswith("MX"):
                    refused = value in crm.refused_values or not crm.refused_values
                    assert refused or (guid, value) not in applied_values, f"failed: {value}"
    assert twice <= possibly, f"{twice} notes more often than once, {possibly} said"
    _order(night)


def judge_the_end(night: Night) -> None:
    """After the weather has cleared and all suggested commands were typed."""
    judge(night)
    with night.ledger() as ledger:
        runs = ledger.records.runs()
        for run in runs:
            states = {entry.state for entry in ledger.records.entries(run)}
            assert not states & LEFT, f"{run.id} has {states & LEFT} left"
        newest = {entry.state for entry in ledger.records.entries(runs[0])}
    assert newest <= {State.SUCCEEDED, State.UNCHANGED}, newest
    for guid in {row.guid for row in night.rows}:
        last = [row.value for row in night.rows if row.guid == guid][-1]
        found = night.crm.opportunity(guid).fields
        assert found == {"mx_Custom_1": last}, f"{guid}: {found}, the sheet says {last}"


def _notes_more_than_once(night: Night) -> int:
    notes = Counter((seen.guid, seen.note) for seen in night.crm.seen if seen.applied and seen.note)
    return sum(count - 1 for count in notes.values())


def _order(night: Night) -> None:
    """An opportunity's rows arrive in the order of their places, over all commands."""
    last: dict[str, tuple[int, int]] = {}
    for seen in night.crm.seen:
        place = night.places[seen.command].get((seen.guid, seen.value))
        if place is None or not seen.applied:
            continue
        assert place >= last.get(seen.guid, (0, 0)), f"{seen.value} was applied after a later row"
        last[seen.guid] = place
