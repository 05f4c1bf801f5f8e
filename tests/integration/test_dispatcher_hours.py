"""The dispatcher where waiting is the point: patience, pauses, outages, in virtual time."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrator.dispatcher import DeliveryPolicy, DispatchResult
from migrator.errors import AccessError, AllowanceError, BrakeError, LedgerError, TargetError
from migrator.ledger import Ledger, open_ledger
from migrator.model import Run, Update
from migrator.quota.daily import DailyQuota, DayCount
from migrator.quota.local import AccountQuota
from tests.integration.dispatching import (
    Answering,
    Arrived,
    SameThread,
    ScriptedCrm,
    Spectator,
    VirtualClock,
    a_dispatch,
    always,
    an_update,
    dispatched,
    guid,
    plan,
    states,
)
from tests.virtual_time import run_in_virtual_time


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def send(
    ledger: Ledger,
    run: Run,
    crm: ScriptedCrm,
    *,
    policy: DeliveryPolicy | None = None,
    progress: Spectator | None = None,
    limit: int = 25,
) -> DispatchResult:
    return run_in_virtual_time(
        dispatched(ledger, run, crm, policy=policy, progress=progress, limit=limit)
    )


def one_after_another(*fates: str) -> Answering:
    """The updates' fates in order, then ok; reads are answered."""
    left = list(fates)
    return lambda call: left.pop(0) if call.update and left else "ok"


def for_seconds(seconds: float, fate: str) -> Answering:
    """The fate of every call until the given time; the clock begins at 1000."""
    return lambda call: fate if call.at < 1000.0 + seconds else "ok"


# ------------------------------------------------------------------ order


def test_rows_of_one_opportunity_go_in_order_and_never_two_at_a_time(ledger: Ledger) -> None:
    updates = [an_update(n % 3, f"{n // 3}") for n in range(30)]
    crm = ScriptedCrm(latency=3.0)

    result = send(ledger, plan(ledger, *updates), crm)

    for number in range(3):
        sent = [c.fields["mx_Custom_1"] for c in crm.updates if c.opportunity == guid(number)]
        assert sent == [str(n) for n in range(10)]
        assert crm.most_together[guid(number)] == 1
    assert result.counts.succeeded == 30


def test_a_slow_answer_holds_up_only_its_own_opportunity(ledger: Ledger) -> None:
    crm = ScriptedCrm(latency=3.0)

    send(ledger, plan(ledger, *(an_update(n) for n in range(50))), crm)

    assert crm.calls[-1].at - crm.calls[0].at < 50 / 5.0 + 1.0


def test_a_later_row_is_not_sent_over_a_failed_one(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, "a"), an_update(1, "b"), an_update(2))
    crm = ScriptedCrm(one_after_another("refused"))

    result = send(ledger, run, crm)

    assert states(ledger, run) == ["failed", "failed", "succeeded"]
    assert len(crm.updates) == 2
    assert (result.counts.failed, result.counts.skipped, result.counts.succeeded) == (1, 1, 1)


def test_an_auto_id_and_its_guid_never_meet(ledger: Ledger) -> None:
    run = plan(ledger, an_update(0, "a", auto="OPP-7"), an_update(0, "b", auto="OPP-7"))
    crm = ScriptedCrm()
    crm.auto_ids["OPP-7"] = guid(7)

    send(ledger, run, crm)

    assert crm.values[guid(7)] == {"mx_Custom_1": "b"}
    assert states(ledger, plan(ledger, an_update(7, "b"))) == ["unchanged"]


# ------------------------------------------------------------------ lost answers


@pytest.mark.parametrize("fate", ["lost before", "lost after"])
def test_a_lost_answer_without_a_note_is_sent_again(ledger: Ledger, fate: str) -> None:
    run = plan(ledger, an_update(1))
    crm = ScriptedCrm(one_after_another(fate))

    send(ledger, run, crm)

    assert (len(crm.updates), len(crm.reads)) == (2, 0)
    assert states(ledger, run) == ["succeeded"]


def test_the_note_settles_a_lost_answer_without_sending_twice(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = ScriptedCrm(one_after_another("lost after"))

    send(ledger, run, crm)

    assert crm.notes == {guid(1): ["hello"]}
    assert (len(crm.updates), len(crm.reads)) == (1, 1)
    assert states(ledger, run) == ["succeeded"]


def test_a_note_that_is_not_there_is_sent_again_only_after_the_patience(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = ScriptedCrm(one_after_another("lost before"))

    send(ledger, run, crm)

    assert crm.notes == {guid(1): ["hello"]}
    first, second = crm.updates
    assert second.at - first.at >= 90.0
    assert [round(read.at - first.at) for read in crm.reads] == [0, 3, 10, 30, 90]
    assert ledger.records.balance(run).notes_possibly_twice == 1


def test_other_rows_go_on_while_one_is_read_back(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="hello"), *(an_update(n) for n in range(2, 20)))
    crm = ScriptedCrm(one_after_another("lost before"))

    send(ledger, run, crm)

    others = [call.at for call in crm.updates if call.opportunity != guid(1)]
    assert max(others) < crm.updates[-1].at - 60.0


def test_a_foreign_note_leaves_ours_in_doubt_and_sends_the_fields_without_it(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1, note="hello"))
    crm = ScriptedCrm(one_after_another("lost after"))
    crm.notes[guid(1)] = ["a colleague's"]

    def answering(call: Arrived) -> str:
        if call.update and len(crm.updates) == 0:
            return "lost before"
        return "ok"

    crm.answering = answering
    send(ledger, run, crm)

    assert crm.notes == {guid(1): ["a colleague's"]}
    assert crm.values == {guid(1): {"mx_Custom_1": "x"}}
    assert states(ledger, run) == ["in_doubt"]
    assert ledger.records.balance(run).in_doubt_note_only == 1


def test_attempts_used_up_end_in_doubt_and_never_failed(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1), an_update(1, "later"))

    crm = ScriptedCrm(lambda call: "lost before" if call.update else "ok")
    send(ledger, run, crm)

    assert len(crm.updates) == 5 + 1  # once more when a probe was answered
    assert states(ledger, run) == ["in_doubt", "failed"]  # the later one waits
    assert ledger.records.balance(run).waiting == 1


def test_a_doubtful_row_of_a_killed_process_is_settled_by_its_note(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="there"), an_update(2, note="missing"))
    for entry in ledger.work.pick(run, after=0, limit=9, chosen=None):
        ledger.work.intend(entry, with_note=True, again=False, at=1.0)
    crm = ScriptedCrm()
    crm.notes[guid(1)] = ["there"]

    send(ledger, run, crm)

    assert states(ledger, run) == ["succeeded", "succeeded"]
    assert crm.notes == {guid(1): ["there"], guid(2): ["missing"]}
    assert len(crm.updates) == 1


# ------------------------------------------------------------------ until


def test_no_call_leaves_after_the_time_that_was_given(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(100)))
    crm = ScriptedCrm(latency=2.0)
    until = 1_700_000_000.0 + 1000.0 + 10.0  # the loop's clock begins at 1000

    result = send(ledger, run, crm, policy=DeliveryPolicy(until=until))

    assert isinstance(result.error, BrakeError)
    assert "--until" in str(result.error)
    assert max(call.at for call in crm.calls) < 1010.0
    assert 40 < states(ledger, run).count("succeeded") < 50
    assert set(states(ledger, run)) == {"succeeded", "planned"}


def test_the_time_that_was_given_ends_a_wait_for_a_lost_note(ledger: Ledger) -> None:
    run = plan(ledger, an_update(1, note="n"))
    crm = ScriptedCrm(lambda call: "lost before" if call.update else "ok")
    until = 1_700_000_000.0 + 1000.0 + 20.0

    result = send(ledger, run, crm, policy=DeliveryPolicy(until=until))

    assert isinstance(result.error, BrakeError)
    assert max(call.at for call in crm.calls) < 1020.0
    assert states(ledger, run) == ["in_doubt"]


def test_the_time_that_was_given_ends_a_wait_for_a_working_crm(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(10)))
    crm = ScriptedCrm(always("unreachable"))
    until = 1_700_000_000.0 + 1000.0 + 20.0

    result = send(ledger, run, crm, policy=DeliveryPolicy(until=until))

    assert isinstance(result.error, BrakeError)
    assert states(ledger, run) == ["planned"] * 10


def test_a_spent_day_stops_the_run_and_leaves_its_rows(ledger: Ledger, tmp_path: Path) -> None:
    run = plan(ledger, *(an_update(n) for n in range(30)))
    crm = ScriptedCrm()

    async def spend() -> DispatchResult:
        clock = VirtualClock()
        count = DayCount(tmp_path, account="a", clock=clock)
        dispatch = a_dispatch(
            ledger,
            run,
            client=crm,
            quota=DailyQuota(AccountQuota(25, 5.0, clock=clock), count, limit=20),
            clock=clock,
            thread=SameThread(),
        )
        return await dispatch.run()

    result = run_in_virtual_time(spend())

    assert isinstance(result.error, AllowanceError)
    assert len(crm.calls) == 20
    assert states(ledger, run) == ["succeeded"] * 20 + ["planned"] * 10


# ------------------------------------------------------------------ rate answers


def test_rate_answers_pause_everybody_and_use_no_attempt(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(10)))
    crm = ScriptedCrm(for_seconds(60.0, "rate"))
    spectator = Spectator()

    result = send(ledger, run, crm, progress=spectator)

    assert states(ledger, run) == ["succeeded"] * 10
    assert all(notes == ["n"] for notes in crm.notes.values())
    assert result.error is None
    assert len([call for call in crm.calls if call.at < 1060.0]) < 30
    assert any(re.fullmatch(r"paused \d+ s, rate answer", state) for state in spectator.states)


def test_nothing_but_rate_answers_for_ten_minutes_parks_the_run(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(3)))
    crm = ScriptedCrm(always("rate"))

    result = send(ledger, run, crm)

    assert isinstance(result.error, AllowanceError)
    assert states(ledger, run) == ["planned"] * 3
    assert 600.0 <= crm.calls[-1].at - crm.calls[0].at < 700.0


# ------------------------------------------------------------------ outages


@pytest.mark.parametrize("fate", ["unreachable", "down"])
@pytest.mark.parametrize("rows", [1, 30])
def test_an_outage_pauses_and_blames_no_row(ledger: Ledger, fate: str, rows: int) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(rows)))
    crm = ScriptedCrm(for_seconds(1200.0, fate))

    result = send(ledger, run, crm)

    assert states(ledger, run) == ["succeeded"] * rows
    assert all(notes == ["n"] for notes in crm.notes.values())
    assert result.error is None
    assert len([call for call in crm.calls if call.at < 1200.0 + 1000.0]) < 100


@pytest.mark.parametrize("fate", ["unreachable", "down"])
def test_an_outage_of_half_an_hour_stops_the_run_and_leaves_its_rows(
    ledger: Ledger, fate: str
) -> None:
    run = plan(ledger, *(an_update(n) for n in range(30)))
    crm = ScriptedCrm(always(fate))

    result = send(ledger, run, crm)

    assert isinstance(result.error, TargetError)
    assert set(states(ledger, run)) <= {"planned", "in_doubt"}
    assert ledger.records.balance(run).unfinished == 30
    if fate == "unreachable":
        assert states(ledger, run) == ["planned"] * 30


def test_a_run_goes_on_where_an_outage_left_it(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(12)))
    crm = ScriptedCrm(for_seconds(2400.0, "down"))
    send(ledger, run, crm)
    crm.answering = always("ok")

    send(ledger, run, crm)

    assert states(ledger, run) == ["succeeded"] * 12
    assert all(notes == ["n"] for notes in crm.notes.values())


# ------------------------------------------------------------------ stops


@pytest.mark.parametrize("fate", ["access", "not permitted"])
def test_refused_access_stops_the_run_and_blames_no_row(ledger: Ledger, fate: str) -> None:
    run = plan(ledger, *(an_update(n) for n in range(40)))
    crm = ScriptedCrm(always(fate))

    result = send(ledger, run, crm)

    assert isinstance(result.error, AccessError)
    assert states(ledger, run) == ["planned"] * 40
    assert len(crm.calls) < 10


def test_what_is_not_permitted_after_a_success_is_the_rows_fault(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(4)))
    crm = ScriptedCrm(one_after_another("ok", "ok", "not permitted"))

    result = send(ledger, run, crm)

    assert result.error is None
    assert sorted(states(ledger, run)) == ["failed", "succeeded", "succeeded", "succeeded"]


def test_twenty_equal_refusals_stop_the_run_and_leave_the_rest_planned(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(60)))
    crm = ScriptedCrm(always("refused"))

    result = send(ledger, run, crm)

    assert isinstance(result.error, BrakeError)
    failed = states(ledger, run).count("failed")
    assert 20 <= failed <= 22  # a call that was under way counts, too
    assert states(ledger, run).count("planned") == 60 - failed


def test_foreign_404s_while_leadsquared_answers_are_the_rows_faults(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(6)))
    crm = ScriptedCrm(lambda call: "foreign 404" if call.update else "ok")

    result = send(ledger, run, crm)

    assert result.error is None
    assert states(ledger, run) == ["failed"] * 6
    assert len(crm.reads) == 1  # serves for a minute


def test_foreign_404s_of_everything_mean_the_wrong_host(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(6)))
    crm = ScriptedCrm(always("foreign 404"))

    result = send(ledger, run, crm)

    assert isinstance(result.error, AccessError)
    assert states(ledger, run) == ["planned"] * 6


def test_ten_foreign_404s_in_a_row_stop_the_run_and_take_the_blame_back(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n) for n in range(30)))
    crm = ScriptedCrm(lambda call: "foreign 404" if call.update else "ok")

    result = send(ledger, run, crm)

    assert isinstance(result.error, AccessError)
    assert states(ledger, run) == ["planned"] * 30
    assert result.counts.failed == 0


def interrupted_after(seconds: float, ledger: Ledger, run: Run, crm: ScriptedCrm) -> DispatchResult:
    async def interrupted() -> DispatchResult:
        clock = VirtualClock()
        dispatch = a_dispatch(
            ledger,
            run,
            client=crm,
            quota=AccountQuota(25, 5.0, clock=clock),
            clock=clock,
            thread=SameThread(),
        )
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(dispatch.run())
            await asyncio.sleep(seconds)
            dispatch.interrupt()
        return running.result()

    return run_in_virtual_time(interrupted())


def test_an_interrupt_settles_what_is_under_way_and_leaves_the_rest(ledger: Ledger) -> None:
    run = plan(ledger, *(an_update(n, note="n") for n in range(60)))
    crm = ScriptedCrm(latency=2.0)

    result = interrupted_after(4.0, ledger, run, crm)

    assert result.interrupted
    assert result.error is None
    succeeded = states(ledger, run).count("succeeded")
    assert succeeded == len(crm.updates)
    assert 10 < succeeded < 25
    assert states(ledger, run).count("planned") == 60 - succeeded


def test_a_stopped_row_that_an_earlier_call_may_have_reached_stays_in_doubt(
    ledger: Ledger,
) -> None:
    run = plan(ledger, an_update(1, note="n"), an_update(2, note="n"))
    # Nothing shows when it is read: the row waits for its patience when the stop comes.
    crm = ScriptedCrm(
        lambda call: "lost before" if call.update and call.opportunity == guid(1) else "ok"
    )

    interrupted_after(20.0, ledger, run, crm)

    assert states(ledger, run) == ["in_doubt", "succeeded"]
    assert len([call for call in crm.updates if call.opportunity == guid(1)]) == 1


def test_no_call_leaves_when_its_intent_cannot_be_written(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = plan(ledger, an_update(1), an_update(2))
    crm = ScriptedCrm()

    def full(*_arguments: object, **_names: object) -> int:
        raise LedgerError("there is no room left on the disk", advice="Make room.")

    monkeypatch.setattr(ledger.work, "intend", full)  # a full disk cannot be had on every machine

    with pytest.raises(LedgerError, match="no room"):
        send(ledger, run, crm)

    assert crm.calls == []


# ------------------------------------------------------------------ whatever happens

FATES = st.sampled_from(
    ["ok", "ok", "ok", "lost before", "lost after", "rate", "refused", "unreachable", "down"]
)


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 4), st.booleans()), min_size=1, max_size=12),
    fates=st.lists(FATES, max_size=40),
)
def test_whatever_goes_wrong_the_ledger_tells_the_truth(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, bool]],
    fates: list[str],
) -> None:
    updates: list[Update] = [
        an_update(number, f"value {n}", note=f"note {n}" if noted else "")
        for n, (number, noted) in enumerate(rows)
    ]
    left = list(fates)
    crm = ScriptedCrm(lambda call: left.pop(0) if left else "ok")
    with open_ledger(tmp_path_factory.mktemp("ledger") / "migrator.db") as ledger:
        run = plan(ledger, *updates)
        if fates:
            send(ledger, run, crm)
            succeeded = {n for n, s in enumerate(states(ledger, run)) if s == "succeeded"}
            assert succeeded <= {int(call.fields["mx_Custom_1"][6:]) for call in crm.applied}
            assert ledger.records.balance(run).is_whole
        left.clear()  # from here on nothing goes wrong
        ledger.choices.plan_failed_again(run, None, at=1.0)
        send(ledger, run, crm)

        balance, ends = ledger.records.balance(run), states(ledger, run)
    assert balance.is_whole
    # A read that brought no answer leaves a note in doubt; the fields never are.
    assert set(ends) <= {"succeeded", "in_doubt"}
    assert balance.in_doubt_note_only == ends.count("in_doubt")
    for number in {number for number, _ in rows}:
        mine = [n for n, (of, _) in enumerate(rows) if of == number]
        assert crm.values[guid(number)] == {"mx_Custom_1": f"value {mine[-1]}"}
        there = crm.notes.get(guid(number), [])
        assert there == [f"note {n}" for n in mine if f"note {n}" in there]  # once, in order
        assert {f"note {n}" for n in mine if rows[n][1] and ends[n] == "succeeded"} <= set(there)
        assert crm.most_together[guid(number)] == 1
