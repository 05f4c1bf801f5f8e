"""What rate answers teach, step by step; the hours are in tests/integration/test_quota_hours.py."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator.quota.learning import (
    ADOPTED_FOR,
    FORGET_AFTER,
    FORGET_OTHERS_AFTER,
    LARGEST_ALLOWANCE,
    LOWEST_PACE,
    PAUSE,
    QUIET,
    SMALLEST_ALLOWANCE,
    Learner,
    Lessons,
)
from migrator.quota.modes import BEST_PACE, Mode, terms

PACED = Learner(limit=25, window=5.0)
LEARNED = Learner(limit=25, window=5.0, mode=Mode.LEARNED)


def refused(
    learner: Learner, lessons: Lessons, *, at: float, told: tuple[int, float] | None = (25, 5.0)
) -> Lessons:
    return learner.refused(lessons, told, now=at, wall=at).lessons


# ------------------------------------------------------------------ spacing


def test_the_first_refusal_costs_one_per_cent_and_pauses_a_window() -> None:
    lesson = PACED.refused(Lessons(), (25, 5.0), now=100.0, wall=0.0)

    assert lesson.pause == 5.0 * PAUSE
    assert lesson.said == "from now on calls are spaced for 98.0% of the limit"
    assert PACED.terms(lesson.lessons).step == pytest.approx(0.2 / (BEST_PACE - 0.01))


def test_the_others_of_the_same_window_teach_nothing_more() -> None:
    first = refused(PACED, Lessons(), at=100.0)

    lesson = PACED.refused(first, (25, 5.0), now=103.0, wall=0.0)

    assert lesson.lessons == first
    assert lesson.said == ""
    assert lesson.pause > 0


def test_refusals_that_follow_soon_cost_twice_as_much_each() -> None:
    lessons = Lessons()
    paces = []
    for at in (100.0, 120.0, 140.0, 160.0):
        lessons = refused(PACED, lessons, at=at)
        paces.append(round(BEST_PACE - lessons.pace, 4))

    assert paces == [0.01, 0.03, 0.07, 0.15]


def test_a_quiet_time_brings_the_pace_back_to_below_where_it_was_refused() -> None:
    lessons = refused(PACED, refused(PACED, Lessons(), at=100.0), at=120.0)
    assert lessons.pace == pytest.approx(BEST_PACE - 0.03)
    said = []
    for now in range(120, 1900, 10):
        lessons, line = PACED.eased(lessons, now=float(now))
        said.append(line)

    assert lessons.pace == pytest.approx(BEST_PACE - 0.02)
    assert [line for line in said if line] == [
        "no rate answer for a while: calls are spaced for 96.5% of the limit",
        "no rate answer for a while: calls are spaced for 97.0% of the limit",
    ]
    later, _ = PACED.eased(lessons, now=120.0 + FORGET_AFTER + QUIET)
    assert later.pace > lessons.pace


def test_a_pace_that_no_counting_explains_is_tried_again_sooner() -> None:
    lessons = Lessons(pace=0.6)

    lessons = refused(PACED, lessons, at=100.0)

    assert lessons.ceiling_until == 100.0 + FORGET_OTHERS_AFTER


# ------------------------------------------------------------------ leases


def test_one_refusal_of_a_lease_widens_the_allowance_and_pauses_nobody() -> None:
    lesson = LEARNED.refused(Lessons(allowance=0.02), (25, 5.0), now=100.0, wall=0.0)

    assert lesson.pause == 0.0
    assert lesson.lessons.allowance == pytest.approx(0.035)


def test_two_in_one_window_take_a_permit_which_comes_back_after_a_quiet_time() -> None:
    lessons = refused(LEARNED, refused(LEARNED, Lessons(), at=100.0), at=101.0)

    assert LEARNED.terms(lessons).permits == 24
    assert LEARNED.eased(lessons, now=101.0 + QUIET)[0].fewer == 0


def test_a_storm_pauses_everybody() -> None:
    lessons = Lessons()
    pauses = []
    for number in range(6):
        lesson = LEARNED.refused(lessons, (25, 5.0), now=100.0 + number / 10, wall=0.0)
        lessons = lesson.lessons
        pauses.append(lesson.pause > 0)

    assert pauses == [False] * 4 + [True] * 2


def test_windows_without_a_refusal_shrink_the_allowance() -> None:
    lessons = Lessons(eased_at=100.0)
    for now in (101.0, 105.0, 110.0):
        lessons, _ = LEARNED.eased(lessons, now=now)

    assert lessons.allowance == pytest.approx(0.15 * 0.8 * 0.8)


# ------------------------------------------------------------------ what the account tells


def test_a_lower_limit_is_adopted_until_the_setting_or_the_week_changes() -> None:
    lessons = PACED.refused(Lessons(), (10, 5.0), now=100.0, wall=1000.0).lessons

    assert PACED.terms(lessons).permits == 10
    assert PACED.current(lessons, now=200.0, wall=1000.0 + 3600).limit == 10
    assert PACED.current(lessons, now=200.0, wall=1001.0 + ADOPTED_FOR).limit is None
    assert PACED.current(lessons, now=200.0, wall=999.0).limit is None
    other = Learner(limit=72, window=5.0)
    assert other.current(lessons, now=200.0, wall=1001.0).limit is None


@pytest.mark.parametrize("told", [(25, 5.0), (72, 5.0), (300, 60.0), (1, 86_400.0), None])
def test_a_limit_that_is_not_lower_or_a_day_s_is_no_pace(told: tuple[int, float] | None) -> None:
    assert PACED.refused(Lessons(), told, now=100.0, wall=0.0).lessons.limit is None


def test_a_limit_told_per_minute_is_one() -> None:
    lessons = PACED.refused(Lessons(), (100, 60.0), now=100.0, wall=0.0).lessons

    assert (PACED.terms(lessons).permits, PACED.terms(lessons).window) == (100, 60.0)


def test_another_boot_keeps_the_limit_and_forgets_the_times() -> None:
    lessons = refused(PACED, refused(PACED, Lessons(), at=9e5, told=(10, 5.0)), at=9.1e5)

    fresh = PACED.current(lessons, now=50.0, wall=9.2e5)

    assert (fresh.limit, fresh.refused_at, fresh.eased_at) == (10, None, 50.0)


def test_another_process_may_have_asked_the_clock_a_little_later() -> None:
    lessons = refused(PACED, Lessons(), at=100.002)

    assert PACED.current(lessons, now=100.0, wall=0.0) == lessons


# ------------------------------------------------------------------ laws


@given(
    mode=st.sampled_from(Mode),
    events=st.lists(st.tuples(st.floats(0, 700), st.booleans()), max_size=60),
    limit=st.integers(1, 100),
    share=st.floats(0.01, 1.0),
)
def test_whatever_happens_the_terms_stay_within_the_limit(
    mode: Mode, events: list[tuple[float, bool]], limit: int, share: float
) -> None:
    learner = Learner(limit=limit, window=5.0, mode=mode, share=share)
    lessons, now = Lessons(), 100.0
    for seconds, is_refused in events:
        now += seconds
        lessons = learner.current(lessons, now=now, wall=now)
        if is_refused:
            lessons = refused(learner, lessons, at=now, told=None)
        else:
            lessons, _ = learner.eased(learner.called(lessons), now=now)
        allowed = learner.terms(lessons)

        assert 1 <= allowed.permits <= max(1, limit * share + 1e-6)
        assert LOWEST_PACE <= lessons.pace <= BEST_PACE
        assert SMALLEST_ALLOWANCE <= lessons.allowance <= 5.0 * LARGEST_ALLOWANCE
        assert allowed.step == 0.0 or allowed.step >= 5.0 / limit
        assert allowed.out_after_write is None or allowed.out_after_write > 5.0
        assert 1 <= allowed.block <= max(1, allowed.permits)


def test_a_lesson_is_a_value() -> None:
    lessons = Lessons()

    refused(PACED, lessons, at=100.0)

    assert lessons == replace(lessons)
    assert lessons == Lessons()


def test_small_limits_keep_one_permit() -> None:
    allowed = terms(Mode.LEARNED, limit=1, window=5.0, share=0.1, pace=1.0, allowance=0.0, fewer=3)

    assert allowed.permits == 1
