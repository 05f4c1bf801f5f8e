"""Answers of look-ups in a real ledger: how long they count, for whom, and what they survive."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.ledger import Ledger, open_ledger
from migrator.ledger.lookups import FRESH_NONE_SECONDS, FRESH_SECONDS, Kept
from migrator.lookups import Answer, Found, LeadKey

KEY = LeadKey("EmailAddress", "Zoë@example.com")
FOUND = Answer(found=(Found(guid="a", values={"Status": "Open", "mx_Custom_1": "“x”"}),))
AT = 1_700_000_000.0


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def keep(ledger: Ledger, answer: Answer = FOUND, *, account: str = "account") -> None:
    ledger.lookups.keep(account, 12000, KEY, answer, columns=("Status", "mx_Custom_1"), at=AT)


def test_an_answer_is_kept_as_it_was(ledger: Ledger) -> None:
    keep(ledger)

    assert ledger.lookups.kept("account", 12000, KEY, columns=("Status",)) == Kept(FOUND, AT)


def test_it_is_the_answer_of_one_account_type_field_and_value(ledger: Ledger) -> None:
    keep(ledger)

    kept, columns = ledger.lookups.kept, ("Status",)
    assert kept("another", 12000, KEY, columns=columns) is None
    assert kept("account", 12001, KEY, columns=columns) is None
    assert kept("account", 12000, KEY._replace(name="Phone"), columns=columns) is None
    assert kept("account", 12000, KEY._replace(value="zoë@example.com"), columns=columns) is None


def test_an_answer_without_a_field_that_is_needed_is_none(ledger: Ledger) -> None:
    keep(ledger)

    assert ledger.lookups.kept("account", 12000, KEY, columns=("mx_Custom_6",)) is None


@pytest.mark.parametrize(
    ("answer", "seconds"),
    [
        (FOUND, FRESH_SECONDS),
        (Answer(), FRESH_NONE_SECONDS),
        (Answer(problem="no"), FRESH_NONE_SECONDS),
    ],
)
def test_an_answer_counts_for_its_time(answer: Answer, seconds: float) -> None:
    kept = Kept(answer, AT)

    assert kept.counts(AT)
    assert kept.counts(AT + seconds - 1)
    assert not kept.counts(AT + seconds)
    assert not kept.counts(AT - 1)


def test_a_newer_answer_takes_the_place_of_an_older_one(ledger: Ledger) -> None:
    keep(ledger, Answer())
    keep(ledger)

    kept = ledger.lookups.kept("account", 12000, KEY, columns=())
    assert kept is not None
    assert kept.answer == FOUND


def test_the_answers_move_with_an_account_that_turns_out_to_be_another_s(ledger: Ledger) -> None:
    account = ledger.accounts.remember("host", "digest", organisation="")
    keep(ledger, account=account)

    ledger.accounts.join("host", "digest", account="host/22824")

    assert ledger.lookups.kept("host/22824", 12000, KEY, columns=()) is not None
