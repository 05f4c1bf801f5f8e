"""What a `formats` pattern may be: the part of strptime that reads one date in one way.

Owns the check of patterns; reading a cell by one is `migrator.convert`. Allowed is what gives
the same on every machine and leaves nothing to guess.
"""

import re
from typing import Final

_DIRECTIVE: Final = re.compile(r"%(.?)", re.DOTALL)
_ALLOWED: Final = "aAbBdfHIjmMpSyYz"
_GROUPS: Final = (
    ("a year (%Y or %y)", "Yy"),
    ("a month (%m, %b or %B)", "mbB"),
    ("a day (%d)", "d"),
    ("an hour (%H or %I)", "HI"),
    ("a weekday (%a or %A)", "aA"),
)
_INSTEAD: Final = {
    "-": "%d, %m and %H read 1 and 01 alike; leave the minus out.",
    "e": "Write %d: it reads 1 and 01 alike.",
    "T": "Write %H:%M:%S.",
    "F": "Write %Y-%m-%d.",
    "D": "Write %m/%d/%y.",
    "R": "Write %H:%M.",
    "Z": "A zone's name is not unique. Declare `timezone`, or use %z for offsets such as +05:30.",
    "s": "Seconds since 1970 are not read; convert the column first.",
}


_AS_IN_EXCEL: Final = re.compile("yyyy|YYYY|yy|YY|MM|dd|DD|HH|hh|mm|ss|SS")


def _as_directive(found: re.Match[str]) -> str:
    """What Excel writes as YYYY; mm after a colon or an hour is minutes."""
    code = found.group()
    before = found.string[: found.start()].rstrip()
    if code.lower() == "mm" and (before.endswith(":") or (code == "mm" and before[-1:] in "HhTt")):
        return "%M"
    return {"yyyy": "%Y", "yy": "%y", "mm": "%m", "dd": "%d", "hh": "%H", "ss": "%S"}[code.lower()]


def directives(pattern: str) -> list[str]:
    """The letters of a pattern's directives, in order, without ``%%``; "" for a last ``%``.

    >>> directives("%d/%m/%Y %H:%M")
    ['d', 'm', 'Y', 'H', 'M']
    """
    return [letter for letter in _DIRECTIVE.findall(pattern) if letter != "%"]


def fault_of_pattern(pattern: str, *, with_time: bool) -> tuple[str, str] | None:
    """Problem and advice for a pattern that cannot be declared, or None for a good one.

    Args:
        pattern: For strptime.
        with_time: Whether it is for a datetime, and so may have an offset.

    >>> fault_of_pattern("%d/%m/%Y %H:%M", with_time=True)
    >>> fault_of_pattern("%H:%M %p", with_time=True)[0]
    'the format "%H:%M %p" does not name year, month and day'
    """
    letters = directives(pattern)
    quoted = f'the format "{pattern}"'
    if not letters and (meant := _AS_IN_EXCEL.sub(_as_directive, pattern)) != pattern:
        return f"{quoted} has no percent signs", f'Did you mean "{meant}"?'
    for letter in letters:
        if not letter or letter not in _ALLOWED:
            instead = _INSTEAD.get(letter, "docs/mapping.md lists what a format may contain.")
            return f"{quoted} contains %{letter}, which is not read", instead
    fault = _fault_of_set(letters)
    if fault is not None:
        return f"{quoted} {fault[0]}", fault[1]
    if "z" in letters and not with_time:
        return f"{quoted} has an offset, and a date has none", "Leave %z out, or use `datetime`."
    return None


def _fault_of_set(letters: list[str]) -> tuple[str, str] | None:
    """What the directives lack together, or have too much of."""
    names = set(letters)
    for name, group in _GROUPS:
        if sum(letters.count(letter) for letter in group) > 1:
            return f"names {name} more than once", "Keep one."
    has_date = names & set("Yy") and ("j" in names or ("d" in names and names & set("mbB")))
    checks = (
        (len(names) < len(letters), "names something twice", "Keep one of each."),
        (not has_date, "does not name year, month and day", "Add what is missing of %Y, %m, %d."),
        (
            "j" in names and names & set("mbBd"),
            "has %j beside month or day",
            "Keep one of them.",
        ),
        (
            # strptime ignores %p beside %H, and would read 02:30 PM as half past two at night.
            ("p" in names) != ("I" in names),
            "has only one of %I and %p",
            "A clock of 12 hours is %I with %p, one of 24 hours is %H.",
        ),
        (
            names & set("MSf") and not names & set("HI"),
            "has minutes without hours",
            "Add %H, or %I with %p.",
        ),
    )
    return next(((problem, advice) for wrong, problem, advice in checks if wrong), None)
