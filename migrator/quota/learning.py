"""What rate answers teach: the account's real limit, how wide to space calls, how long to wait.

Pure: each lesson is a new value made from the old one and the time. One learner for all modes and
all processes; `shared` keeps the value.
"""

from dataclasses import dataclass, replace
from typing import Final

from migrator.quota.modes import BEST_PACE, Mode, Terms, terms

PAUSE: Final = 1.05  #: Windows that nothing leaves after a rate answer, which took time to come.

FIRST_CUT: Final = 0.01  #: Of the rate; doubles while refusals follow soon.
LARGEST_CUT: Final = 0.32
LOWEST_PACE: Final = 0.05
SOON: Final = 120.0  #: Seconds.
BELOW_A_REFUSED_PACE: Final = 0.01
FORGET_AFTER: Final = 1800.0  #: Seconds until a refused pace is tried again; doubles.
FORGET_OTHERS_AFTER: Final = 600.0
"""The same for a pace below what any way of counting explains: somebody else uses the account, and
may have ended."""
BELOW_ANY_COUNTING: Final = 0.9
LONGEST_FORGET: Final = 7200.0
QUIET: Final = 30.0  #: Seconds without a refusal before the pace is raised, or a permit given back.

FIRST_ALLOWANCE: Final = 0.15  #: Seconds.
SHRINK: Final = 0.8  #: Of the allowance per clean window, until the first refusal.
SMALLEST_ALLOWANCE: Final = 0.002
LARGEST_ALLOWANCE: Final = 0.3  #: Windows.
CALLS_PER_REFUSAL: Final = 1300  #: What the allowance is tracked to.
SMALLEST_WIDENING: Final = 0.015  #: Seconds.
TAKEN_AWAY: Final = 1 / 6
"""Part of the permits; when so many are taken away the account does not count as leases assume
(or others use it, too), and calls are spaced instead."""
SPACED_FOR: Final = 12 * 3600.0  #: Seconds after the last refusal until leases are tried again.
A_STORM: Final = 5  #: Refusals in one window after which even leases pause.

ADOPTED_FOR: Final = 7 * 86_400.0  #: Seconds of wall time for which a told limit is remembered.
ANOTHER_BOOT: Final = 60.0
"""Seconds in the future that no time of this boot lies; another process's may be a little ahead,
for it asked the clock before its turn came."""
LONGEST_WINDOW: Final = 300.0
"""Seconds. A limit told for a longer time is a day's or an hour's: no pace, but a budget."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lessons:
    """What is learned about one account; times are monotonic, but for `adopted_at`."""

    limit: int | None = None  #: Told by the account, lower than what was set.
    window: float = 0.0
    adopted_at: float = 0.0  #: Wall time.
    adopted_from: tuple[int, float] | None = None  #: What was set when it was adopted.

    pace: float = BEST_PACE
    ceiling: float = BEST_PACE  #: No faster, until it is forgotten.
    ceiling_until: float = 0.0
    forget_after: float = FORGET_AFTER
    cut: float = FIRST_CUT

    allowance: float = FIRST_ALLOWANCE
    is_tracked: bool = False  #: A refusal has shown that the allowance can be too small.
    fewer: int = 0  #: Permits taken away.
    is_spaced: bool = False  #: Leases did not do here: calls are spaced in that mode, too.

    refused_at: float | None = None
    refusals: int = 0  #: In the window that began at `refused_at`.
    eased_at: float = 0.0  #: When the pace was raised, a permit given back, the allowance shrunk.


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """What follows from a rate answer."""

    lessons: Lessons
    pause: float  #: Seconds in which no call may leave.
    said: str  #: One line for the operator; "" when nothing changed.


@dataclass(frozen=True, slots=True, kw_only=True)
class Learner:
    """The rules for one process: what it was told of the account, and its mode.

    Args:
        limit: The account's most calls in one window, as it is set.
        window: Seconds.
        mode: Which.
        share: The part of the limit that is ours.
    """

    limit: int
    window: float
    mode: Mode = Mode.PACED
    share: float = 1.0

    def terms(self, lessons: Lessons) -> Terms:
        """What may be done now."""
        limit, window = self._rate(lessons)
        return terms(
            self._mode(lessons),
            limit=limit,
            window=window,
            share=self.share,
            pace=lessons.pace,
            allowance=lessons.allowance,
            fewer=lessons.fewer,
        )

    def current(self, lessons: Lessons, *, now: float, wall: float) -> Lessons:
        """The lessons without what is out of date: another setting, a week, another boot."""
        if lessons.limit is not None and (
            lessons.adopted_from != (self.limit, self.window)
            or not 0 <= wall - lessons.adopted_at <= ADOPTED_FOR
        ):
            lessons = replace(lessons, limit=None, window=0.0, adopted_from=None)
        if max(lessons.eased_at, lessons.refused_at or 0.0) > now + ANOTHER_BOOT:
            return Lessons(
                limit=lessons.limit,
                window=lessons.window,
                adopted_at=lessons.adopted_at,
                adopted_from=lessons.adopted_from,
                eased_at=now,
            )
        if lessons.is_spaced and now - (lessons.refused_at or now) > SPACED_FOR:
            return replace(lessons, is_spaced=False)
        return lessons

    # ------------------------------------------------------------ a refusal

    def refused(
        self, lessons: Lessons, told: tuple[int, float] | None, *, now: float, wall: float
    ) -> Lesson:
        """A call was answered with a rate limit.

        Args:
            lessons: What was known.
            told: The limit that the answer names: calls and seconds.
            now: Monotonic time.
            wall: Wall time.
        """
        limit, window = self._rate(lessons)
        if told is not None and told[1] <= LONGEST_WINDOW and _is_lower(told, (limit, window)):
            return self._adopt(told, now=now, wall=wall)
        is_same_window = lessons.refused_at is not None and now - lessons.refused_at < window
        if self._mode(lessons) is Mode.LEARNED:
            return self._widen(lessons, is_same_window=is_same_window, now=now, window=window)
        if is_same_window:  # it left before the pause, and says nothing new
            return Lesson(lessons=lessons, pause=window * PAUSE, said="")
        return self._slow_down(lessons, now=now, window=window)

    def _adopt(self, told: tuple[int, float], *, now: float, wall: float) -> Lesson:
        adopted = Lessons(
            limit=told[0],
            window=told[1],
            adopted_at=wall,
            adopted_from=(self.limit, self.window),
            eased_at=now,
        )
        said = (
            f"LeadSquared says that this account has {told[0]} calls per {told[1]:g} s, not "
            f"{self.limit} per {self.window:g} s: taken over, also for the next runs "
            f"(LSQ_RATE_LIMIT={told[0]}/{told[1]:g} sets it for good)"
        )
        return Lesson(lessons=adopted, pause=told[1] * PAUSE, said=said)

    def _slow_down(self, lessons: Lessons, *, now: float, window: float) -> Lesson:
        soon = lessons.refused_at is not None and now - lessons.refused_at < SOON
        cut = min(LARGEST_CUT, lessons.cut * 2) if soon else FIRST_CUT
        tried_again = lessons.ceiling < BEST_PACE and now >= lessons.ceiling_until
        pace = max(LOWEST_PACE, lessons.pace - cut)
        first = FORGET_AFTER if pace >= BELOW_ANY_COUNTING else FORGET_OTHERS_AFTER
        forget = min(LONGEST_FORGET, lessons.forget_after * 2) if tried_again else first
        slower = replace(
            lessons,
            pace=pace,
            ceiling=max(pace, lessons.pace - BELOW_A_REFUSED_PACE),
            ceiling_until=now + forget,
            forget_after=forget,
            cut=cut,
            refused_at=now,
            refusals=1,
            eased_at=now,
        )
        said = f"from now on calls are spaced for {pace:.1%} of the limit"
        return Lesson(lessons=slower, pause=window * PAUSE, said=said)

    def _widen(
        self, lessons: Lessons, *, is_same_window: bool, now: float, window: float
    ) -> Lesson:
        if is_same_window:
            count = lessons.refusals + 1
            permits = self.terms(lessons).permits
            takes = count in (2, A_STORM) and permits > 1
            if takes and lessons.fewer + 1 > TAKEN_AWAY * (permits + lessons.fewer):
                return self._space(lessons, now=now, window=window)
            crowded = replace(lessons, refusals=count, fewer=lessons.fewer + takes, eased_at=now)
            said = f"rate answers in one window: {permits - 1} permits from now on" if takes else ""
            pause = window * PAUSE if count >= A_STORM else 0.0
            return Lesson(lessons=crowded, pause=pause, said=said)
        wider = lessons.allowance + max(SMALLEST_WIDENING, lessons.allowance / 4)
        allowance = min(wider, window * LARGEST_ALLOWANCE)
        said = f"permits come back {allowance * 1000:.0f} ms later than a window from now on"
        widened = replace(
            lessons,
            allowance=allowance,
            is_tracked=True,
            refused_at=now,
            refusals=1,
            eased_at=now,
        )
        return Lesson(lessons=widened, pause=0.0, said=said)

    def _space(self, lessons: Lessons, *, now: float, window: float) -> Lesson:
        spaced = replace(lessons, is_spaced=True, fewer=0, refused_at=now, refusals=1, eased_at=now)
        said = (
            "too many rate answers for --quota learned: calls are evenly spaced from now on, as "
            "without it"
        )
        return Lesson(lessons=spaced, pause=window * PAUSE, said=said)

    # ------------------------------------------------------------ no refusal

    def eased(self, lessons: Lessons, *, now: float) -> tuple[Lessons, str]:
        """After a quiet time: a little nearer to the limit again.

        Returns:
            The lessons, and one line for the operator; "" when nothing of note changed.
        """
        if self._mode(lessons) is Mode.LEARNED:
            return self._ease_leases(lessons, now=now)
        if lessons.pace >= BEST_PACE or now - lessons.eased_at < QUIET:
            return lessons, ""
        top = lessons.ceiling if now < lessons.ceiling_until else BEST_PACE
        if lessons.pace >= top:
            return lessons, ""
        pace = min(top, lessons.pace + max(FIRST_CUT / 2, (top - lessons.pace) / 8))
        said = f"no rate answer for a while: calls are spaced for {pace:.1%} of the limit"
        return replace(lessons, pace=pace, eased_at=now), said

    def _ease_leases(self, lessons: Lessons, *, now: float) -> tuple[Lessons, str]:
        window = self._rate(lessons)[1]
        if lessons.fewer and now - lessons.eased_at >= QUIET:
            given = replace(lessons, fewer=lessons.fewer - 1, eased_at=now)
            return given, f"{self.terms(given).permits} permits again"
        if not lessons.is_tracked and now - lessons.eased_at >= window:
            shrunk = max(SMALLEST_ALLOWANCE, lessons.allowance * SHRINK)
            return replace(lessons, allowance=shrunk, eased_at=now), ""
        return lessons, ""

    def called(self, lessons: Lessons) -> Lessons:
        """A lease is given: each call that is not refused takes a little off the allowance."""
        if self._mode(lessons) is not Mode.LEARNED or not lessons.is_tracked:
            return lessons
        narrowing = max(SMALLEST_WIDENING, lessons.allowance / 4) / CALLS_PER_REFUSAL
        return replace(lessons, allowance=max(SMALLEST_ALLOWANCE, lessons.allowance - narrowing))

    def _mode(self, lessons: Lessons) -> Mode:
        return Mode.PACED if self.mode is Mode.LEARNED and lessons.is_spaced else self.mode

    def _rate(self, lessons: Lessons) -> tuple[int, float]:
        if lessons.limit is None:
            return self.limit, self.window
        return lessons.limit, lessons.window


def _is_lower(told: tuple[int, float], known: tuple[int, float]) -> bool:
    return told[0] / told[1] < known[0] / known[1] * (1 - 1e-9)
