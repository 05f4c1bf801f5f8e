"""The person at the terminal: the question, its answers, narrow windows, pipes."""

from collections.abc import Generator

from tests.acceptance.error_scene import CHECK, Group, Scene, on_terminal, reads_one_line
from tests.acceptance.rehearsal import Deal, Ended, deals, guid

case = Group("The terminal")

RUN = "migrator run deals.csv -m deals.yaml"
BAR = {r"(?m)^ *(\d+%.*)?\d+/\d+ .*": "{bar}"}
Steps = Generator[None, Ended, None]


@case("The answer is no", RUN, code=0)
def _(at: Scene) -> None:
    on_terminal(at, keys="n\n")


@case("The answer is just Enter", RUN, code=0)
def _(at: Scene) -> None:
    on_terminal(at, keys="\n")


@case("The answer is neither yes nor no", RUN, code=0)
def _(at: Scene) -> None:
    on_terminal(at, keys="maybe\n")


@case("The answer is the end of the input (Ctrl-D)", RUN, code=0)
def _(at: Scene) -> None:
    on_terminal(at, keys="\x04")


@case("Ctrl-C at the question", RUN, code=130)
def _(at: Scene) -> Steps:
    on_terminal(at, keys="\x03")
    yield
    at.how = None
    at.done("migrator status", code=2)  # there is no run: the plan is gone


@case("The answer is yes", RUN, code=0, sends=3)
def _(at: Scene) -> None:
    on_terminal(at, keys="y\n")
    at.differs |= BAR


@case("A terminal of 60 columns", RUN, code=10, sends=3)
def _(at: Scene) -> Steps:
    on_terminal(at, keys="y\n", columns=60)
    at.write_sheet([*deals(3), Deal(opportunity=guid(4), name="Four", amount="about 5")])
    at.differs |= BAR
    yield
    wide = [line for line in on_one_screen(at) if len(line) > 60 and not is_whole(line)]
    assert not wide, wide


@case("An error in a terminal of 60 columns", CHECK, code=4)
def _(at: Scene) -> None:
    on_terminal(at, columns=60)
    at.write_mapping("version: 1\nopportunity: {type: 12000, id: Opp Id}\nfields: {x: Name}\n")


@case("A terminal that knows no colours (NO_COLOR, TERM=dumb)", f"{RUN} --yes", code=0, sends=3)
def _(at: Scene) -> None:
    on_terminal(at)
    at.set(NO_COLOR="1", TERM="dumb")


@case("Only the first line is read (| head -1)", CHECK, code=0)
def _(at: Scene) -> None:
    at.how = reads_one_line


@case("Only the first line of a long text is read (| head -1)", CHECK, code=0)
def _(at: Scene) -> None:
    at.how = reads_one_line
    at.write_sheet(
        [Deal(opportunity=guid(1), name="x" * 30_000, amount="1", remarks="y" * 30_000)] * 3
    )


@case("Only the first line of a run is read (| head -1)", f"{RUN} --yes", code=0, sends=3)
def _(at: Scene) -> None:
    at.how = reads_one_line


def on_one_screen(at: Scene) -> list[str]:
    """Every line as it was written, bars and all."""
    return at.said[-1].replace("\r", "\n").splitlines()


def is_whole(line: str) -> bool:
    """A path or a command, which is never broken."""
    return line.lstrip().startswith(("next: ", "ledger"))
