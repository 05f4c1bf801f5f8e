"""What is wrong with a mapping: collected, ordered by line, and raised as one error.

Owns the form of the message only; it never decides what is wrong. All complaints of a file are
told together, so that a person mends all of them at once.
"""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple, NoReturn

from migrator.errors import MappingError


class Complaint(NamedTuple):
    """One thing to mend in a mapping."""

    line: int  #: The first is 1.
    problem: str  #: What is wrong, without a full stop at the end.
    advice: str  #: What to do, in whole sentences.


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """The nearest of the known words as a question with a space after it, or nothing.

    >>> did_you_mean("Asia/Kolkatta", ["Asia/Kolkata", "Asia/Tokyo"])
    'Did you mean "Asia/Kolkata"? '
    >>> did_you_mean("xyz", ["column"])
    ''
    """
    by_letters = {name.casefold(): name for name in known}
    near = get_close_matches(word.casefold().strip(), by_letters, n=1)
    return f'Did you mean "{by_letters[near[0]]}"? ' if near else ""


def listed(words: Iterable[str]) -> str:
    """Words for a sentence.

    >>> listed(["skip", "clear"])
    '"skip", "clear"'
    """
    return ", ".join(f'"{word}"' for word in words)


def complain(complaints: Iterable[Complaint], *, name: str) -> NoReturn:
    """Raise one `MappingError` that tells all complaints, the first line first.

    Args:
        complaints: At least one.
        name: The mapping file's name.
    """
    first, *others = sorted(set(complaints))
    advice = first.advice
    for line, problem, what_to_do in others:
        advice += f"\n{name}:{line}: {problem}\n  {what_to_do}"
    raise MappingError(first.problem, where=f"{name}:{first.line}", advice=advice)
