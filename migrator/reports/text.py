"""Balance, reasons and durations in words.

Owns the wording only. Control characters from cells and servers are written out, never passed on.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from migrator.model import Balance, Reason, State
from migrator.redact import printable

REASONS_SHOWN: Final = 5
_DELIMITERS: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}
_BOXES: Final = (
    (State.SUCCEEDED, "succeeded"),
    (State.UNCHANGED, "unchanged (LeadSquared is known to have it)"),
    (State.FAILED, "failed"),
    (State.REJECTED, "rejected (never sent)"),
    (State.IN_DOUBT, "in doubt"),
    (State.PLANNED, "planned (not sent yet)"),
    (State.SENDING, "sending"),
    (State.MERGED, "merged"),
    (State.SUPERSEDED, "superseded"),
    (State.CORRECTED, "corrected"),
)


def balance_lines(balance: Balance) -> Iterator[str]:
    """The balance: each row in one box, and the sum."""
    for count, words in balance_boxes(balance):
        yield f"{count:>9,}  {words}"
    sign = "=" if balance.is_whole else "DOES NOT EQUAL"
    yield f"{sum(balance.states.values()):>9,}  {sign} {counted(balance.rows_read, 'row')} read"
    if balance.blank_rows:
        yield f"{balance.blank_rows:>9,}  blank {noun(balance.blank_rows, 'row')} beside them"
    yield f"{balance.calls:>9,}  {noun(balance.calls, 'update')} sent, every attempt counted"
    if balance.conflicts:
        yield f"{balance.conflicts:>9,}  with values in conflict: changed by somebody, not sent"
    if balance.notes_possibly_twice:
        yield f"notes possibly there twice: {counted(balance.notes_possibly_twice, 'row')}"


def balance_boxes(balance: Balance) -> Iterator[tuple[int, str]]:
    """Each box that has rows in it: how many, and what it is called."""
    for state, words in _BOXES:
        if count := balance.states.get(state, 0):
            yield count, f"{words}{_of_these(balance, state)}"


def _of_these(balance: Balance, state: State) -> str:
    if state is State.FAILED and balance.waiting:
        return f" (of these {balance.waiting:,} wait for an earlier row, never sent)"
    if state is State.SUCCEEDED and (balance.verified or balance.otherwise):
        read = f"{balance.otherwise:,} read otherwise" if balance.otherwise else ""
        return f" (of these {', '.join(filter(None, [f'{balance.verified:,} verified', read]))})"
    if state is State.IN_DOUBT and balance.in_doubt_note_only:
        return f" (of these {balance.in_doubt_note_only:,} about the note only)"
    if state is State.MERGED:
        return f" (their values travel with another row{_told('; of these ', balance.merged)})"
    if state is State.CORRECTED:
        return f" (their mended copies: {told})" if (told := _told("", balance.corrected)) else ""
    return ""


def _told(before: str, counts: Mapping[State, int]) -> str:
    """What became of the rows that stand for others; "" where there are none."""
    boxes = [f"{counts[state]:,} {state.replace('_', ' ')}" for state in State if counts.get(state)]
    return f"{before}{', '.join(boxes)}" if boxes else ""


def reason_lines(reasons: Sequence[Reason], *, shown: int = REASONS_SHOWN) -> Iterator[str]:
    """The commonest reasons: count, rows, an example, and what to do."""
    for reason in reasons[:shown]:
        title = f"{reason.title}: " if reason.title else ""
        yield f"{reason.count:>9,}  {title}{printable(reason.text)}"
        yield f"           rows {rows_text(reason.rows, reason.count)}"
        if reason.example != reason.text:
            yield f"           such as: {printable(reason.example)}"
        if reason.advice:
            code = "" if reason.title.startswith(reason.code) else f"{reason.code}: "
            yield f"           {code}{printable(reason.advice)}"
    if len(reasons) > shown:
        rest = sum(reason.count for reason in reasons[shown:])
        yield f"{rest:>9,}  for {counted(len(reasons) - shown, 'other reason')}"
    codes = ", ".join(dict.fromkeys(reason.code for reason in reasons[:shown]))
    if codes:
        yield f"`migrator explain CODE` tells more: {codes}"


def rows_text(rows: Iterable[int | str], count: int) -> str:
    """Row numbers, and how many more there are.

    >>> rows_text([2, 17], 5)
    '2, 17 and 3 more'
    """
    listed = list(rows)
    more = f" and {count - len(listed):,} more" if count > len(listed) else ""
    return ", ".join(map(str, listed)) + more


def delimiter_name(delimiter: str) -> str:
    """What people call a delimiter.

    >>> delimiter_name(","), delimiter_name("~")
    ('comma', '"~"')
    """
    return _DELIMITERS.get(delimiter, f'"{delimiter}"')


def counted(number: int, thing: str) -> str:
    """So many things, in words that fit one of them, too.

    >>> counted(1, "row"), counted(12_000, "row")
    ('1 row', '12,000 rows')
    """
    return f"{number:,} {noun(number, thing)}"


def noun(number: int, thing: str) -> str:
    """The word for one thing or for several, as our words need it.

    >>> noun(2, "row"), noun(2, "opportunity")
    ('rows', 'opportunities')
    """
    if number == 1:
        return thing
    return f"{thing[:-1]}ies" if thing.endswith("y") else f"{thing}s"


def duration(seconds: float) -> str:
    """A length of time as people say it.

    >>> duration(42), duration(314), duration(20000)
    ('42 s', '5 min 14 s', '5 h 33 min')
    """
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
