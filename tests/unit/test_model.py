"""The table of states, the balance, and the names the ledger goes by."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.model import (
    NEXT_STATES,
    Balance,
    Counts,
    IdKind,
    State,
    opportunity_key,
    text_digest,
)

ENDS = {
    State.SUCCEEDED,
    State.UNCHANGED,
    State.MERGED,
    State.SUPERSEDED,
    State.CORRECTED,
}


def a_balance(*, rows_read: int = 0, note_only: int = 0, **states: int) -> Balance:
    return Balance(
        rows_read=rows_read,
        blank_rows=0,
        states={State(name): count for name, count in states.items()},
        in_doubt_note_only=note_only,
        waiting=0,
        notes_possibly_twice=0,
        calls=0,
    )


# ------------------------------------------------------------------ the table of states


def test_every_state_stands_in_the_table() -> None:
    assert set(NEXT_STATES) == set(State)


def test_what_is_at_its_end_never_moves_again() -> None:
    assert {state for state, after in NEXT_STATES.items() if not after} == ENDS


def test_no_row_succeeds_without_a_call_or_a_read_of_the_crm() -> None:
    before = {state for state, after in NEXT_STATES.items() if State.SUCCEEDED in after}

    assert before == {State.SENDING, State.IN_DOUBT}


def test_a_call_leaves_only_for_a_planned_row() -> None:
    assert {state for state, after in NEXT_STATES.items() if State.SENDING in after} == {
        State.PLANNED
    }


def test_a_rejected_row_is_never_sent() -> None:
    assert NEXT_STATES[State.REJECTED] == {State.CORRECTED}


def test_from_every_state_a_row_can_come_to_an_end() -> None:
    reached = set(ENDS)
    while more := {s for s, after in NEXT_STATES.items() if after & reached} - reached:
        reached |= more

    assert reached == set(State)


# ------------------------------------------------------------------ the balance


@given(counts=st.dictionaries(st.sampled_from(State), st.integers(0, 10**6)), off=st.integers(1))
def test_the_balance_is_whole_only_when_the_boxes_add_up(
    counts: dict[State, int], off: int
) -> None:
    names = {state.value: count for state, count in counts.items()}
    rows_read = sum(counts.values())

    assert a_balance(rows_read=rows_read, **names).is_whole
    assert not a_balance(rows_read=rows_read + off, **names).is_whole


@given(counts=st.dictionaries(st.sampled_from(State), st.integers(0, 10**6)))
def test_a_row_at_its_end_is_neither_unfinished_nor_in_need_of_a_person(
    counts: dict[State, int],
) -> None:
    ended = {state.value: count for state, count in counts.items() if state in ENDS}

    balance = a_balance(**ended)

    assert balance.unfinished == 0
    assert not balance.needs_attention


def test_resume_has_planned_sent_and_doubtful_rows_to_do_but_no_doubtful_notes() -> None:
    assert a_balance(planned=3, sending=2, in_doubt=7, note_only=4).unfinished == 3 + 2 + 3
    assert a_balance(in_doubt=4, note_only=4).unfinished == 0


@pytest.mark.parametrize("state", [State.FAILED, State.REJECTED, State.IN_DOUBT])
def test_one_row_that_failed_needs_a_person(state: State) -> None:
    assert a_balance(succeeded=99, **{state.value: 1}).needs_attention


# ------------------------------------------------------------------ names and progress


@given(guid=st.uuids().map(str))
def test_a_guid_names_its_opportunity_in_any_case_and_type(guid: str) -> None:
    assert opportunity_key(guid.upper(), IdKind.GUID, 12000) == opportunity_key(
        guid, IdKind.GUID, 12001
    )


def test_an_auto_id_names_an_opportunity_of_its_type_only() -> None:
    keys = {
        opportunity_key(text, IdKind.AUTO_ID, code)
        for text in ("OPP-1", "opp-1")
        for code in (12000, 12001)
    }

    assert len(keys) == 4


@given(first=st.text(), second=st.text())
def test_digests_tell_texts_apart(first: str, second: str) -> None:
    assert (text_digest(first) == text_digest(second)) == (first == second)


def test_the_time_left_is_the_rows_left_by_the_measured_rate() -> None:
    counts = Counts(to_send=100, succeeded=10, failed=5, in_doubt=3, skipped=2)

    assert counts.seconds_left is None
    counts.calls_per_second = 4.0
    assert counts.done == 20
    assert counts.seconds_left == 20.0


def test_no_time_is_left_when_more_was_done_than_counted_at_first() -> None:
    assert Counts(to_send=1, succeeded=2, calls_per_second=5.0).seconds_left == 0.0
