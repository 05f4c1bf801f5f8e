"""`retry --reason` at the ledger: which failed rows have a reason, and who goes with them."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.errors import UsageError
from migrator.ledger import Ledger, open_ledger
from migrator.model import Blocked, Clear, Failed, Reading, Run, Succeeded, Verdict
from migrator.runs.choosing import failed_for
from tests.integration.dispatching import an_update, plan, states

OPTION = Reading(
    verdict=Verdict.REFUSED,
    status=500,
    exception="MXInvalidInputException",
    message='mx_Custom_2: "won " is not an option (row 17)',
)
LOCKED = Reading(verdict=Verdict.REFUSED, status=500, exception="MXLocked", message="Stay\x1b away")


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def fail(ledger: Ledger, run: Run, number: int, reading: Reading) -> None:
    (entry,) = ledger.work.pick(run, after=0, limit=1, chosen=[number])
    ledger.work.intend(entry, with_note=False, again=False, at=1.0)
    ledger.work.settle(
        run, entry, Failed(reading=reading), call=None, with_note=False, holds=True, at=2.0
    )


@pytest.fixture
def run(ledger: Ledger) -> Run:
    """Entry 1 has a bad option, and 3 and 5 wait for it; 2 is locked, and 4 waits for it."""
    run = plan(ledger, *(an_update(n % 2, f"{n}") for n in range(5)))
    fail(ledger, run, 1, OPTION)
    fail(ledger, run, 2, LOCKED)
    return run


@pytest.mark.parametrize(
    "text",
    [
        "MXInvalidInputException",
        "mxinvalidinputEXCEPTION",
        "is not an option",
        "WON",
        "<value> is not an option (row <number>)",
        "MXInvalidInputException: mx_Custom_2: <value> is not an option",
    ],
)
def test_a_reason_fits_by_exception_or_by_a_part_of_the_message(
    ledger: Ledger, run: Run, text: str
) -> None:
    assert failed_for(ledger, run, [text], None) == [1, 3, 5]


def test_a_part_of_an_exceptions_name_fits_nothing(ledger: Ledger, run: Run) -> None:
    with pytest.raises(UsageError):
        failed_for(ledger, run, ["MXInvalid"], None)


def test_a_message_fits_as_reports_print_it(ledger: Ledger, run: Run) -> None:
    assert failed_for(ledger, run, [r"stay\x1b away"], None) == [2, 4]


def test_several_reasons_are_taken_together(ledger: Ledger, run: Run) -> None:
    assert failed_for(ledger, run, ["MXLocked", "option"], None) == [1, 2, 3, 4, 5]


def test_rows_and_reasons_must_both_hold(ledger: Ledger, run: Run) -> None:
    assert failed_for(ledger, run, ["option"], [1, 2, 5]) == [1, 5]
    assert failed_for(ledger, run, ["waits for row"], [5]) == [5]
    with pytest.raises(UsageError, match="rows that --rows names"):
        failed_for(ledger, run, ["option"], [2, 5])


def test_a_reason_that_fits_nothing_lists_the_runs_reasons_with_counts(
    ledger: Ledger, run: Run
) -> None:
    with pytest.raises(UsageError, match='the reason "timeout"') as refused:
        failed_for(ledger, run, ["option", "timeout"], None)

    advice = refused.value.advice
    assert "1  MXInvalidInputException: mx_Custom_2: <value> is not an option" in advice
    assert "3  waits for row <number>" in advice
    assert r"MXLocked: Stay\x1b away" in advice


def test_a_run_in_which_nothing_failed_says_so(ledger: Ledger) -> None:
    with pytest.raises(UsageError, match="nothing to retry"):
        failed_for(ledger, plan(ledger, an_update(1)), ["option"], None)


def test_rows_taken_by_a_reason_keep_their_order(ledger: Ledger, run: Run) -> None:
    assert ledger.choices.plan_failed_again(run, [1, 3, 5], at=3.0) == 3
    assert states(ledger, run) == ["planned", "failed", "planned", "failed", "planned"]
    first, second, _ = ledger.work.pick(run, after=0, limit=9, chosen=None)

    fail(ledger, run, first.number, OPTION)

    assert examine(ledger, run, second.number) is None
    assert states(ledger, run) == ["failed"] * 5


def test_a_row_whose_earlier_one_failed_for_another_reason_still_waits(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"))
    (entry,) = ledger.work.pick(run, after=1, limit=1, chosen=None)
    ledger.work.intend(entry, with_note=False, again=False, at=1.0)
    ledger.work.settle(
        run, entry, Failed(reading=LOCKED), call=None, with_note=False, holds=True, at=2.0
    )
    fail(ledger, run, 1, OPTION)

    numbers = failed_for(ledger, run, ["MXLocked"], None)
    assert numbers == [2]
    ledger.choices.plan_failed_again(run, numbers, at=3.0)

    assert examine(ledger, run, 2) == Blocked()
    assert states(ledger, run) == ["failed", "failed"]


def test_what_waited_for_a_row_that_has_succeeded_since_can_be_named(
    ledger: Ledger, run: Run
) -> None:
    ledger.choices.plan_failed_again(run, [2], at=3.0)
    (entry,) = ledger.work.pick(run, after=0, limit=9, chosen=[2])
    ledger.work.intend(entry, with_note=False, again=False, at=4.0)
    ledger.work.settle(
        run, entry, Succeeded(note_confirmed=True), call=None, with_note=False, holds=True, at=5.0
    )

    numbers = failed_for(ledger, run, ["waits for row 3"], None)
    assert numbers == [4]
    ledger.choices.plan_failed_again(run, numbers, at=6.0)

    assert isinstance(examine(ledger, run, 4), Clear)


def examine(ledger: Ledger, run: Run, number: int) -> Clear | Blocked | None:
    for entry in ledger.work.pick(run, after=number - 1, limit=1, chosen=[number]):
        return ledger.work.examine(run, entry, allow_older=False, regardless=False, at=6.0)
    return None
