"""Several rows of one opportunity in a real ledger: one carries, the others are merged."""

from collections.abc import Iterator
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path

import pytest

from migrator.ledger import Ledger, PlannedRow, open_ledger
from migrator.ledger.work import IllegalStepError
from migrator.model import (
    Blocked,
    Clear,
    Doubt,
    DoubtfulNote,
    Entry,
    Failed,
    FieldValue,
    InDoubt,
    Outcome,
    Reading,
    Rejected,
    Run,
    Source,
    SourceRow,
    State,
    Succeeded,
    Verdict,
)
from tests.integration.dispatching import FIELD, an_update, guid, plan, states

REFUSED = Reading(verdict=Verdict.REFUSED, status=500, exception="MXInput", message="Invalid!")
LOST = Reading(verdict=Verdict.UNKNOWN, status=503, message="Service Unavailable")
DONE = Succeeded(note_confirmed=True)
OTHER = "mx_Custom_2"


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def picked(ledger: Ledger, run: Run) -> list[Entry]:
    return ledger.work.pick(run, after=0, limit=100, chosen=None)


def examine(ledger: Ledger, run: Run, entry: Entry) -> Clear | Blocked:
    return ledger.work.examine(run, entry, allow_older=False, regardless=False, at=3.0)


def send(ledger: Ledger, run: Run, entry: Entry, outcome: Outcome) -> None:
    ledger.work.intend(entry, with_note=bool(entry.note), again=False, at=1.0)
    ledger.work.settle(
        run, entry, outcome, call=None, with_note=bool(entry.note), holds=True, at=2.0
    )


def send_all(ledger: Ledger, run: Run, outcome: Outcome = DONE) -> None:
    for entry in picked(ledger, run):
        send(ledger, run, entry, outcome)


# ------------------------------------------------------------------ the plan


def test_the_last_row_carries_the_rows_laid_over_one_another(ledger: Ledger) -> None:
    run = plan(
        ledger,
        an_update(1, value="a", note="first", mx_Custom_2="b"),
        an_update(2, value="alone"),
        an_update(1, value="", mx_Custom_2="c", mx_Custom_3=""),
        an_update(1, value="", note="third", mx_Custom_3="d"),
        merge=True,
    )

    assert states(ledger, run) == ["merged", "planned", "merged", "planned"]
    alone, carrier = picked(ledger, run)
    assert (alone.number, alone.fields) == (2, (FieldValue(FIELD, "alone"),))
    assert carrier.number == 4
    assert dict(carrier.fields) == {FIELD: "a", OTHER: "c", "mx_Custom_3": "d"}
    assert carrier.note == "first\nthird"


def test_a_value_that_clears_a_field_is_a_value(ledger: Ledger) -> None:
    run = plan(
        ledger, an_update(1, "x", mx_Custom_2="b"), an_update(1, "x", mx_Custom_2=""), merge=True
    )

    (carrier,) = picked(ledger, run)

    assert dict(carrier.fields)[OTHER] == ""


def test_the_same_note_in_several_rows_is_sent_once(ledger: Ledger) -> None:
    notes = ("A", "B", "A", "")
    run = plan(ledger, *(an_update(1, note=note) for note in notes), merge=True)

    assert [entry.note for entry in picked(ledger, run)] == ["A\nB"]


def test_a_merged_row_names_its_carrier_and_the_carriers_state(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1), an_update(1), merge=True)
    send_all(ledger, run, Failed(reading=REFUSED))

    merged, carrier = ledger.records.entries(run)

    assert merged.carrier is not None
    assert (merged.carrier.place, merged.carrier.row) == ((run.number, 2), 3)
    assert merged.carrier.state is State.FAILED
    assert carrier.carrier is None


def test_ids_that_differ_in_case_name_one_opportunity(ledger: Ledger) -> None:
    upper = an_update(10**11)._replace(opportunity_id="ABCDEF00-0000-0000-0000-000000000000")
    lower = upper._replace(opportunity_id=upper.opportunity_id.lower())

    assert states(ledger, plan(ledger, upper, lower, merge=True)) == ["merged", "planned"]


def test_an_auto_id_and_its_guid_are_merged_once_a_success_has_joined_them(
    ledger: Ledger,
) -> None:
    send_all(ledger, plan(ledger, an_update(0, auto="OPP-1")), Succeeded(
        guid=guid(1), note_confirmed=True
    ))  # fmt: skip

    run = plan(ledger, an_update(0, "y", auto="OPP-1"), an_update(1, "z"), merge=True)

    assert states(ledger, run) == ["merged", "planned"]


def test_more_opportunities_than_one_transaction_takes_are_all_merged(ledger: Ledger) -> None:
    rows = [an_update(number % 1201, f"{number}") for number in range(3000)]

    run = plan(ledger, *rows, merge=True)

    balance = ledger.records.balance(run)
    assert balance.states == {State.PLANNED: 1201, State.MERGED: 1799}
    assert balance.is_whole
    last = {number % 1201: f"{number}" for number in range(3000)}
    found = ledger.work.pick(run, after=0, limit=5000, chosen=None)
    assert {e.guid: dict(e.fields)[FIELD] for e in found} == {guid(n): v for n, v in last.items()}


def test_rows_of_another_run_are_left_as_they_are(ledger: Ledger) -> None:
    other = plan(ledger, an_update(1, "a"), an_update(1, "b"))

    plan(ledger, an_update(1, "c"), an_update(1, "d"), merge=True)

    assert states(ledger, other) == ["planned", "planned"]


def unsealed(ledger: Ledger, *results: object) -> Run:
    """A plan of rows 2, 3, … that nobody sealed."""
    source = Source(
        name="deals.csv",
        mapping_name="deals.yaml",
        mapping_digest="m",
        event_code=12000,
        columns=("Id",),
        schema_names=(FIELD,),
    )
    run = ledger.plans.begin(source, account="account")
    rows = []
    for row, result in enumerate(results, 2):
        source_row = SourceRow("deals.csv", "", row, row, ("Id",), ("x",))
        fate = Rejected(row=source_row, problems=()) if result is None else result
        rows.append(PlannedRow(source_row, fate, None))  # type: ignore[arg-type]
    ledger.plans.add(run, rows, first_number=1, content=blake2b())
    return run


def test_a_rejected_row_takes_no_part(ledger: Ledger) -> None:
    run = unsealed(ledger, an_update(1, "a"), None, an_update(1, ""), None)

    assert ledger.merging.merge(run) == 1
    assert states(ledger, run) == ["merged", "rejected", "planned", "rejected"]


def test_a_plan_that_died_while_merging_is_removed_whole(ledger: Ledger) -> None:
    run = unsealed(ledger, *(an_update(n % 2) for n in range(8)))
    ledger.merging.merge(run)

    (left,) = ledger.plans.unsealed()
    ledger.plans.discard(left)

    assert list(ledger.records.entries(run)) == []


def test_what_stands_in_several_rows_is_counted_and_named_in_the_sheets_order(
    ledger: Ledger,
) -> None:
    run = unsealed(ledger, *(an_update(n) for n in (9, 3, 1, 3, 9, 9, 2)))

    found = ledger.merging.repeats(run, shown=1, rows_shown=2)

    assert (found.opportunities, found.rows) == (2, 5)
    ((opportunity_id, rows, total),) = found.first
    assert (opportunity_id, total) == (guid(9), 3)
    assert rows == (("deals.csv", 2), ("deals.csv", 6))


# ------------------------------------------------------------------ sending


def test_a_merged_row_is_never_picked_and_can_become_nothing_else(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1), an_update(1), merge=True)
    (carrier,) = picked(ledger, run)
    send(ledger, run, carrier, DONE)

    ledger.work.begin(run)

    assert picked(ledger, run) == []
    assert states(ledger, run) == ["merged", "succeeded"]
    with pytest.raises(IllegalStepError):
        send(ledger, run, replace(carrier, number=1), DONE)


def test_the_balance_tells_what_became_of_the_carriers(ledger: Ledger) -> None:
    rows = [an_update(n % 4, f"{n}") for n in range(12)]
    run = plan(ledger, *rows, merge=True)
    one, two, three, _ = picked(ledger, run)
    send(ledger, run, one, DONE)
    send(ledger, run, two, Failed(reading=REFUSED))
    send(ledger, run, three, InDoubt(doubt=Doubt.ALL, reading=LOST))

    balance = ledger.records.balance(run)

    assert balance.is_whole
    assert balance.states[State.MERGED] == 8
    assert balance.merged == {
        State.SUCCEEDED: 2,
        State.FAILED: 2,
        State.IN_DOUBT: 2,
        State.PLANNED: 2,
    }
    assert balance.unfinished == 2


def test_a_failed_carrier_is_planned_again_with_everything_it_carries(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "", note="n", mx_Custom_2="b"), merge=True)
    send_all(ledger, run, Failed(reading=REFUSED))

    assert ledger.choices.plan_failed_again(run, None, at=4.0) == 1

    (carrier,) = picked(ledger, run)
    assert isinstance(examine(ledger, run, carrier), Clear)
    assert dict(carrier.fields) == {FIELD: "a", OTHER: "b"}
    assert carrier.note == "n"
    assert states(ledger, run) == ["merged", "planned"]


def test_the_first_rows_of_a_limit_are_carriers(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in (1, 1, 2, 2, 3)), merge=True)

    assert ledger.choices.first_numbers(run, 2) == [2, 4]


def test_naming_a_merged_row_names_its_carrier(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in (1, 2, 1, 3)), merge=True)

    assert ledger.choices.numbers_of_rows(run, [(2, 3), (4, 4)]) == [3, 2]
    assert list(ledger.choices.carried(run, [(2, 3), (4, 4)])) == [(2, 4)]


# ------------------------------------------------------------------ confirmed


def test_a_merged_opportunity_that_is_confirmed_is_not_sent_again(ledger: Ledger) -> None:
    rows = (an_update(1, "a", note="A"), an_update(1, "b", note="B"), an_update(2))
    send_all(ledger, plan(ledger, *rows, merge=True))

    same = plan(ledger, *rows, merge=True)

    assert states(ledger, same) == ["merged", "unchanged", "unchanged"]
    assert ledger.records.balance(same).merged == {State.UNCHANGED: 1}


def test_a_sheet_that_has_grown_sends_only_the_new_note(ledger: Ledger) -> None:
    rows = (an_update(1, note="A"), an_update(1, note="B"))
    send_all(ledger, plan(ledger, *rows, merge=True))

    grown = plan(ledger, *rows, an_update(1, note="C"), merge=True)

    assert [entry.note for entry in picked(ledger, grown)] == ["C"]
    assert grown.notes_left_out == 2
    send_all(ledger, grown)
    assert picked(ledger, plan(ledger, *rows, an_update(1, note="C"), merge=True)) == []


def test_what_was_sent_in_order_is_known_when_it_is_merged(ledger: Ledger) -> None:
    rows = (an_update(1, "a", note="A"), an_update(1, "b", note="B"))
    send_all(ledger, plan(ledger, *rows))

    assert picked(ledger, plan(ledger, *rows, merge=True)) == []


def test_what_was_sent_merged_is_known_when_it_goes_in_order(ledger: Ledger) -> None:
    rows = (an_update(1, "a", note="A"), an_update(1, "b", note="B"))
    send_all(ledger, plan(ledger, *rows, merge=True))

    assert states(ledger, plan(ledger, *rows)) == ["unchanged", "unchanged"]


def test_marking_twice_gives_the_same(ledger: Ledger) -> None:
    first = plan(ledger, an_update(1, note="A"), an_update(1, note="B"), merge=True)
    send_all(ledger, first)
    grown = unsealed(ledger, *(an_update(1, "y", note=note) for note in "ABC"))
    ledger.merging.merge(grown)

    marks = [ledger.plans.mark(grown, send_all=False) for _ in range(2)]

    assert marks[0] == marks[1]
    assert [entry.note for entry in picked(ledger, grown)] == ["C"]


def test_sending_everything_again_sends_every_note(ledger: Ledger) -> None:
    rows = (an_update(1, note="A"), an_update(1, note="B"))
    send_all(ledger, plan(ledger, *rows, merge=True))

    again = plan(ledger, *rows, merge=True, send_all=True)

    assert [entry.note for entry in picked(ledger, again)] == ["A\nB"]


# ------------------------------------------------------------------ notes in doubt


def closed_in_doubt(ledger: Ledger, *notes: str, merge: bool) -> Run:
    """A run whose call was never answered, and in whose place a newer one stands."""
    old = plan(ledger, *(an_update(1, note=note) for note in notes), merge=merge)
    send_all(ledger, old, InDoubt(doubt=Doubt.ALL, reading=LOST))
    return old


def the_doubt(ledger: Ledger, run: Run) -> tuple[Entry, DoubtfulNote]:
    (entry,) = picked(ledger, run)
    standing = examine(ledger, run, entry)
    assert isinstance(standing, Clear)
    (doubtful,) = standing.doubtful_notes
    return standing.entry, doubtful


def test_notes_of_an_unanswered_call_are_each_known_once_it_is_found_there(
    ledger: Ledger,
) -> None:
    old = closed_in_doubt(ledger, "A", "B", merge=True)
    new = plan(ledger, *(an_update(1, note=note) for note in "ABC"), merge=True)
    ledger.plans.close(old, by=new)
    entry, doubtful = the_doubt(ledger, new)

    ledger.work.settle_doubtful_note(new, entry, doubtful, is_there=True, at=4.0)

    assert doubtful.notes == ("A", "B")
    assert states(ledger, old) == ["merged", "succeeded"]
    grown = plan(ledger, *(an_update(1, note=note) for note in "ABC"), merge=True)
    assert [e.note for e in picked(ledger, grown)] == ["C"]


def test_a_note_that_is_not_there_is_superseded_by_the_call_that_brings_it(
    ledger: Ledger,
) -> None:
    old = closed_in_doubt(ledger, "A", merge=False)
    new = plan(ledger, an_update(1, note="A"), an_update(1, note="B"), merge=True)
    ledger.plans.close(old, by=new)
    entry, doubtful = the_doubt(ledger, new)

    ledger.work.settle_doubtful_note(new, entry, doubtful, is_there=False, at=4.0)

    assert states(ledger, old) == ["superseded"]


def test_a_part_of_the_notes_can_be_left_out_for_good(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(1, note=note) for note in "ABC"), merge=True)
    (entry,) = picked(ledger, run)

    left = ledger.work.leave_notes_out(entry, {"B"})

    assert left.note == "A\nC"
    assert picked(ledger, run) == [left]
    assert ledger.work.leave_notes_out(left, {"A", "C"}).note == ""
    assert [e.note for e in picked(ledger, run)] == [""]


def test_a_person_who_finds_a_merged_note_makes_all_of_it_known(ledger: Ledger) -> None:
    rows = (an_update(1, note="A"), an_update(1, note="B"))
    run = plan(ledger, *rows, merge=True)
    send_all(ledger, run, InDoubt(doubt=Doubt.NOTE, reading=LOST))

    assert ledger.choices.settle_notes(run, None, present=True, at=4.0) == 1

    assert picked(ledger, plan(ledger, *rows, merge=True)) == []


# ------------------------------------------------------------------ mended copies


def copy_of(ledger: Ledger, run: Run, *numbers: int) -> Run:
    """An unsealed plan of mended copies of some entries of a run."""
    copy = ledger.plans.begin(run.source, account="account", parent=run.number)
    rows = [
        PlannedRow(
            SourceRow("fix.xlsx", "", n, n, ("Id",), ("x",)),
            an_update(1, f"mended {number}"),
            (run.number, number),
        )
        for n, number in enumerate(numbers, 2)
    ]
    ledger.plans.add(copy, rows, first_number=1, content=blake2b())
    return copy


def test_mended_copies_are_merged_in_the_places_of_their_originals(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"), merge=True)
    send_all(ledger, run, Failed(reading=REFUSED))
    copy = copy_of(ledger, run, 2, 1)  # sorted otherwise by the person

    ledger.merging.merge(copy)
    sealed = ledger.plans.seal(copy, content_digest="c", rows_read=2, blank_rows=0)

    (carrier,) = picked(ledger, sealed)
    assert carrier.place == (run.number, 2)
    assert dict(carrier.fields)[FIELD] == "mended 2"
    assert states(ledger, run) == ["merged", "corrected"]
    assert ledger.records.balance(run).merged == {State.CORRECTED: 1}


@pytest.mark.parametrize(
    ("given", "missing"), [([1], (3, 2)), ([2], (2, 3)), ([1, 2], None), ([3], None)]
)
def test_a_group_of_which_only_a_part_is_given_back_is_noticed(
    ledger: Ledger, given: list[int], missing: tuple[int, int] | None
) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"), an_update(2), merge=True)
    send_all(ledger, run, Failed(reading=REFUSED))

    found = ledger.merging.missing_from_mended(copy_of(ledger, run, *given), run)

    assert found == missing
