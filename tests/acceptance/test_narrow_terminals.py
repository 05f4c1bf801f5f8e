"""The line that moves, at real pseudo-terminals."""

import re

import pytest

from tests.acceptance.rehearsal import HAS_TERMINALS, Desk, Exit, SandboxProcess, deals, guid

pytestmark = pytest.mark.skipif(not HAS_TERMINALS, reason="pseudo-terminals are POSIX's")


def drawn(shown: str) -> list[str]:
    """Each state of the line, without the blanks behind it."""
    pieces = re.split(r"[\r\n]+", shown)
    return [piece.rstrip() for piece in pieces if re.search(r"\d/\d", piece)]


@pytest.mark.parametrize("columns", [30, 40, 80, 120])
def test_the_line_never_fills_its_terminal(
    sandbox: SandboxProcess, desk: Desk, columns: int
) -> None:
    desk.write_sheet(deals(60))
    sandbox.strike("mx500", opportunity=guid(3))
    sandbox.strike("rate429", path="/Update")

    code, shown = desk.at_terminal(
        *("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5"), columns=columns
    )

    assert code == Exit.ATTENTION
    lines = drawn(shown)
    assert max(map(len, lines)) < columns
    assert "60/60" in lines[-1]
    assert any("paused" in line for line in lines)
    assert "\x1b" not in shown


def test_a_stream_without_line_characters_gets_plain_ones(desk: Desk) -> None:
    desk.write_sheet(deals(3))
    desk.environment["PYTHONIOENCODING"] = "ascii"

    code, shown = desk.at_terminal("run", "deals.csv", "-m", "deals.yaml", "--yes", columns=120)

    assert code == Exit.OK
    assert "3/3" in drawn(shown)[-1]
    assert shown.isascii()
