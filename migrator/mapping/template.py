"""Templates: text with columns in braces, such as ``{First name} {Last name}``.

Owns the notation only; what a cell reads as is not known here.
"""

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

_PIECES: Final = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]|[^{}]+")


class Piece(NamedTuple):
    """A part of a template: text as it stands, or a column."""

    text: str  #: "" for a column.
    column: str = ""  #: "" for text.


class TemplateError(ValueError):
    """A template that cannot be read; says what is wrong, and what to do."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem)
        self.problem, self.advice = problem, advice


def parse_template(text: str) -> tuple[Piece, ...]:
    """Take a template apart.

    Raises:
        TemplateError: A brace stands alone, or names no column.

    >>> [piece.column or piece.text for piece in parse_template("Was: {Remarks} {{sic}}")]
    ['Was: ', 'Remarks', ' {sic}']
    """
    pieces: list[Piece] = []
    for piece in _pieces(text):
        if pieces and piece.text and pieces[-1].text:
            pieces[-1] = Piece(pieces[-1].text + piece.text)
        else:
            pieces.append(piece)
    return tuple(pieces)


def _pieces(text: str) -> Iterator[Piece]:
    for found in _PIECES.finditer(text):
        part, column = found[0], found[1]
        if part in {"{{", "}}"}:
            yield Piece(part[0])
        elif part in {"{", "}"}:
            raise TemplateError(
                f'a "{part}" stands alone in the template',
                f"Put a column between braces, as in {{Amount}}; a brace itself is {part}{part}.",
            )
        elif column is None:
            yield Piece(part)
        elif not column.strip():
            raise TemplateError(
                "empty braces in the template", "Write a column's name between the braces."
            )
        else:
            yield Piece("", column)


def columns_of(pieces: tuple[Piece, ...]) -> tuple[str, ...]:
    """The columns of a template, in its order, each once."""
    return tuple(dict.fromkeys(piece.column for piece in pieces if piece.column))
