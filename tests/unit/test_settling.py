"""What a read of the CRM says of a call whose answer was lost."""

import pytest

from migrator.model import NOTHING_KNOWN, Details, FieldValue, Known, text_digest
from migrator.settling import Judgement, judge, read_times

FIELDS = (FieldValue("mx_Custom_1", "new"), FieldValue("mx_Custom_6", "50000"))


def shown(note: str, **values: str) -> Details:
    return Details(guid="", note=note, values=values)


def known(last_note: str = "", **values: str) -> Known:
    return Known(
        values={name: text_digest(value) for name, value in values.items()},
        notes={text_digest(last_note): 1} if last_note else {},
        last_note=text_digest(last_note) if last_note else "",
        place=(1, 1),
    )


def judged(found: Details, before: Known = NOTHING_KNOWN, *, is_last: bool = False) -> Judgement:
    return judge(found, note="ours", fields=FIELDS, known=before, is_last=is_last)


def test_our_note_proves_the_call() -> None:
    assert judged(shown("ours")) is Judgement.APPLIED
    assert judged(shown("ours"), known("older")) is Judgement.APPLIED


@pytest.mark.parametrize("note", ["", "older"])
def test_absence_counts_only_when_the_patience_is_over(note: str) -> None:
    assert judged(shown(note), known("older")) is Judgement.READ_AGAIN
    assert judged(shown(note), known("older"), is_last=True) is Judgement.NOT_THERE


def test_a_note_that_nobody_knows_tells_nothing() -> None:
    assert judged(shown("somebody's")) is Judgement.READ_AGAIN
    assert judged(shown("somebody's"), is_last=True) is Judgement.CANNOT_TELL


def test_the_same_note_as_before_leaves_it_to_a_field_that_changed() -> None:
    before = known("ours", mx_Custom_1="old", mx_Custom_6="50000")

    assert judged(shown("ours", mx_Custom_1="new"), before) is Judgement.APPLIED
    assert judged(shown("ours", mx_Custom_1="old"), before) is Judgement.READ_AGAIN
    assert judged(shown("ours", mx_Custom_1="old"), before, is_last=True) is Judgement.NOT_THERE


def test_the_same_note_without_a_field_that_changed_cannot_be_told() -> None:
    before = known("ours", mx_Custom_1="new", mx_Custom_6="50000")

    assert judged(shown("ours", mx_Custom_1="new"), before) is Judgement.CANNOT_TELL


def test_another_note_over_the_same_note_as_before_cannot_be_told() -> None:
    assert judged(shown("later"), known("ours")) is Judgement.READ_AGAIN
    assert judged(shown("later"), known("ours"), is_last=True) is Judgement.CANNOT_TELL


def test_fields_are_compared_by_meaning() -> None:
    before = known("ours", mx_Custom_1="new", mx_Custom_6="1")

    assert judged(shown("ours", mx_Custom_6="50000.000"), before) is Judgement.APPLIED


def test_the_last_read_is_when_the_patience_ends() -> None:
    assert read_times(0.0) == (0.0,)
    assert read_times(90.0) == (0.0, 3.0, 10.0, 30.0, 90.0)
