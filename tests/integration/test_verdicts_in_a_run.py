"""What the table of verdicts says follows from a reply, done by a dispatch in virtual time."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from migrator.dispatcher import DeliveryPolicy, DispatchResult
from migrator.errors import AllowanceError
from migrator.ledger import Ledger, open_ledger
from migrator.model import NoReply, NoReplyKind, Reply, Run
from migrator.verdicts import RULES, Fate, MovedExceptions, Rule, case_of, rule_of
from tests.integration.dispatching import (
    Arrived,
    ScriptedCrm,
    Spectator,
    an_update,
    dispatched,
    guid,
    plan,
    states,
)
from tests.virtual_time import run_in_virtual_time

MOVED = MovedExceptions(retry=("MXBusyException",), final=("MXTimeoutException",))


def an_answer(status: int, **content: object) -> Reply:
    return Reply(status=status, body=json.dumps(content).encode())


def an_error(exception: str, message: str = "no", *, status: int = 500) -> Reply:
    return an_answer(status, Status="Error", ExceptionType=exception, ExceptionMessage=message)


RATE = "MXAPIRateLimitExceededException"
EXAMPLES: dict[str, Reply | NoReply] = {
    "not sent": NoReply(kind=NoReplyKind.CONNECT, written=False, text="refused"),
    "answer lost": NoReply(kind=NoReplyKind.RESET, written=True, text="reset"),
    "day spent": an_error(RATE, "API calls exceeded the limit of 10000 in 1 day(s)", status=429),
    "rate": an_error(RATE, "API calls exceeded the limit of 25 in 5 second(s)", status=429),
    "redirect": Reply(status=302, body=b""),
    "wrong keys": an_error("MXInvalidAccessDetailsException", "use api-us11.leadsquared.com"),
    "not permitted": an_error("MXUnAuthorizedAccessException"),
    "moved to retry": an_error("MXBusyException"),
    "moved to final": an_error("MXTimeoutException", "Please try again"),
    "may pass": an_error("MXDatabaseException", "Please try again"),
    "about the row": an_error("MXInvalidInputException"),
    "keys refused": Reply(status=401, body=b""),
    "foreign": Reply(status=404, body=b"<html>"),
    "bad request": Reply(status=400, body=b"<html>"),
    "no clear status": Reply(status=503, body=b"<html>"),
    "success with a fault": an_answer(200, Status="Success", ExceptionMessage="hm"),
    "another opportunity": an_answer(200, Status="Success", Message={"Id": guid(99)}),
    "applied": an_answer(200, Status="Success", Message={"Id": guid(1)}),
    "unclear success": Reply(status=200, body=b"<html>"),
}
CASES = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


class Answering(ScriptedCrm):
    """Gives one reply to each call that is to get it; applies nothing then."""

    def __init__(self, reply: Reply | NoReply, *, updates: int, reads: bool = False) -> None:
        super().__init__(self._choose)
        self._reply, self._left, self._reads = reply, updates, reads

    def _choose(self, call: Arrived) -> str:
        if not call.update:
            return "the reply" if self._reads else "ok"
        self._left -= 1
        if self._left < 0:
            return "ok"
        unwritten = isinstance(self._reply, NoReply) and not self._reply.written
        return "unreachable" if unwritten else "the reply"

    def _answer(self, fate: str, call: Arrived) -> Reply | NoReply:
        return self._reply if fate == "the reply" else super()._answer(fate, call)


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def send(
    ledger: Ledger, run: Run, crm: ScriptedCrm, progress: Spectator | None = None
) -> DispatchResult:
    policy = DeliveryPolicy(moved=MOVED)
    return run_in_virtual_time(dispatched(ledger, run, crm, policy=policy, progress=progress))


def test_there_is_an_example_of_every_rule() -> None:
    for name, reply in EXAMPLES.items():
        assert rule_of(case_of(reply, opportunity_id=guid(1), moved=MOVED)).name == name
    assert list(EXAMPLES) == [rule.name for rule in RULES]


@CASES
def test_a_reply_that_comes_once_does_with_the_row_what_the_table_says(
    ledger: Ledger, rule: Rule
) -> None:
    run = plan(ledger, an_update(1))
    crm = Answering(EXAMPLES[rule.name], updates=1)

    result = send(ledger, run, crm)

    ends = {
        Fate.SUCCEEDS: ["succeeded"],
        Fate.AGAIN: ["succeeded"],
        Fate.FAILS: ["failed"],
        Fate.STAYS: ["planned"],
    }
    assert states(ledger, run) == ends[rule.then.fate]
    if rule.then.fate is Fate.STAYS:
        assert result.error is not None
        assert result.error.exit_code is rule.then.exit
    else:
        assert result.error is None
    assert len(crm.applied) == (rule.then.fate is Fate.AGAIN)


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.then.fate is Fate.AGAIN], ids=lambda rule: rule.name
)
def test_attempts_are_used_up_by_those_replies_alone_of_which_the_table_says_so(
    ledger: Ledger, rule: Rule
) -> None:
    run = plan(ledger, an_update(1))
    crm = Answering(EXAMPLES[rule.name], updates=8)  # more than a row has attempts

    send(ledger, run, crm)

    assert states(ledger, run) == (["in_doubt"] if rule.then.uses_attempt else ["succeeded"])


@pytest.mark.parametrize(
    "rule", [rule for rule in RULES if rule.name != "applied"], ids=lambda rule: rule.name
)
def test_a_reply_that_everything_gets_ends_the_run_as_the_table_says(
    ledger: Ledger, rule: Rule
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(40)))
    crm = Answering(EXAMPLES[rule.name], updates=10**9, reads=True)
    if rule.name == "not sent":
        crm.answering = lambda _call: "unreachable"

    result = send(ledger, run, crm)

    found = set(states(ledger, run))
    code = None if result.error is None else result.error.exit_code
    # Where LeadSquared itself answers a read, be it with a refusal, there is no outage.
    assert code in {rule.then.exit, None} if rule.then.uses_attempt else {rule.then.exit}
    match rule.then.fate:
        case Fate.STAYS:
            assert found == {"planned"}
        case Fate.AGAIN:
            assert found <= {"planned", "in_doubt"}
        case Fate.FAILS if rule.name != "foreign":
            assert "failed" in found
        case Fate.FAILS:
            assert found == {"planned"}


# ------------------------------------------------------------------ the day's calls


@pytest.mark.parametrize(
    ("words", "named"),
    [
        ("the limit of 10000 in 1 day(s)", "The next day of UTC begins here at"),
        ("the daily limit of 10000", "The next day of UTC begins here at"),
        ("the limit of 10000 in 2 hour(s)", "The time it names is over here at"),
    ],
)
def test_a_rate_answer_that_names_the_day_ends_the_run_at_once(
    ledger: Ledger, words: str, named: str
) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(200)))
    reply = an_error(RATE, f"API calls exceeded {words}", status=429)
    crm = Answering(reply, updates=10**9)
    spectator = Spectator()

    result = send(ledger, run, crm, spectator)

    assert isinstance(result.error, AllowanceError)
    assert result.error.problem.startswith("the account's 10,000 calls are spent (API calls")
    assert named in result.error.advice
    assert "`migrator resume`" in result.error.advice
    assert states(ledger, run) == ["planned"] * 200
    assert crm.calls[-1].at - crm.calls[0].at < 1.0  # those under way when the first came back
    assert not any("pauses" in line for line in spectator.said)


def test_a_read_that_is_told_so_ends_the_run_and_leaves_the_row_in_doubt(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"), an_update(2))
    lost = NoReply(kind=NoReplyKind.RESET, written=True, text="reset")
    day = EXAMPLES["day spent"]

    class Crm(ScriptedCrm):
        def _answer(self, fate: str, call: Arrived) -> Reply | NoReply:
            del fate
            return lost if call.update and call.opportunity == guid(1) else day

    result = send(ledger, run, Crm())

    assert isinstance(result.error, AllowanceError)
    assert states(ledger, run)[0] == "in_doubt"


def test_a_minute_is_waited_for(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(3)))
    reply = an_error(RATE, "API calls exceeded the limit of 500 in 1 minute(s)", status=429)
    crm = Answering(reply, updates=1)

    assert send(ledger, run, crm).error is None
    assert states(ledger, run) == ["succeeded"] * 3
