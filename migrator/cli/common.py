"""What several commands share: options, the ledger's place, the end of a command that sends.

Owns no rules; it turns options into values and values into lines.
"""

import argparse
import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.dispatcher import DeliveryPolicy
    from migrator.ledger import Ledger
    from migrator.model import Run
    from migrator.runs.delivering import Finished
    from migrator.runs.world import Link, World
    from migrator.settings import Settings
    from migrator.verdicts import MovedExceptions


def add_sheet(parser: argparse.ArgumentParser, *, required: bool = True) -> None:
    """The sheet and its mapping."""
    parser.add_argument(
        "sheet",
        nargs="+" if required else "*",
        metavar="SHEET",
        help="a CSV or a workbook; several files of one header, or a pattern such as 'deals-*.csv'",
    )
    parser.add_argument(
        "-m", "--mapping", type=Path, required=required, metavar="MAPPING", help="a mapping in YAML"
    )
    parser.add_argument(
        "--mixed-ids", action="store_true", help="take GUIDs and AutoIds in one sheet"
    )


def add_source(parser: argparse.ArgumentParser) -> None:
    """Which source the sheet is, and that this ledger is to know it."""
    parser.add_argument("--source", metavar="NAME", help="the source's name, for dated files")
    parser.add_argument(
        "--new-ledger",
        action="store_true",
        help="this ledger is meant, though another one knows the sheet",
    )


def add_ledger(parser: argparse.ArgumentParser) -> None:
    """Where the ledger is."""
    parser.add_argument(
        "--ledger",
        type=Path,
        metavar="FILE",
        help="the ledger (default: MIGRATOR_LEDGER, else migrator.db in this folder)",
    )


def add_same_account(parser: argparse.ArgumentParser) -> None:
    """New keys of an account whose organisation is not known."""
    parser.add_argument(
        "--same-account", action="store_true", help="these keys belong to the run's account"
    )


def add_patience(parser: argparse.ArgumentParser, what: str) -> None:
    """How long to look for something that reads may show late."""
    parser.add_argument(
        "--patience",
        type=_seconds,
        default=90.0,
        metavar="SECONDS",
        help=f"{what} (default: 90)",
    )


def add_sending(parser: argparse.ArgumentParser) -> None:
    """What every command that sends takes."""
    parser.add_argument("--yes", action="store_true", help="send without asking")
    add_patience(parser, "how long to look for a note whose answer was lost")
    parser.add_argument(
        "--allow-older",
        action="store_true",
        help="send a row even when a later row of its opportunity has succeeded",
    )
    parser.add_argument(
        "--trust",
        action="append",
        default=[],
        metavar="SCHEMANAME",
        help="do not read the first row back for this field: you have looked in LeadSquared",
    )
    parser.add_argument(
        "--max-failures",
        type=rows_or_part,
        metavar="N|P%",
        help="stop when N rows have failed, or more than P %% of at least 20 (exit 12)",
    )
    add_max_outage(parser)
    add_price(parser)
    add_watching(parser)
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def add_price(parser: argparse.ArgumentParser) -> None:
    """On what the calls and the time of a plan depend."""
    parser.add_argument(
        "--until",
        type=_time_of_day,
        metavar="HH:MM",
        help="no call after this time of this machine's clock (exit 12)",
    )
    parser.add_argument(
        "--no-before-image",
        action="store_true",
        help="keep nothing of what LeadSquared holds before: the run cannot be undone",
    )
    add_verify(parser)
    add_quota(parser)


def add_watching(parser: argparse.ArgumentParser) -> None:
    """Files for those who watch commands that nobody sits at."""
    parser.add_argument(
        "--log",
        type=Path,
        metavar="FILE",
        help="add what happens to this file, one JSON object a line; no cell values",
    )
    parser.add_argument(
        "--log-values",
        action="store_true",
        help="with --log: messages of LeadSquared as they came, and what is sent",
    )
    parser.add_argument(
        "--metrics",
        type=Path,
        metavar="FILE",
        help="at the end write figures there in the OpenMetrics format, such as migrator.prom",
    )


def add_max_outage(parser: argparse.ArgumentParser) -> None:
    """How long LeadSquared may be gone."""
    parser.add_argument(
        "--max-outage",
        type=minutes,
        default=30.0,
        metavar="MINUTES",
        help="stop when LeadSquared has not answered for so long (exit 7; default: 30)",
    )


def add_canary(parser: Any) -> None:
    """Some rows before the rest."""
    parser.add_argument(
        "--canary",
        type=row_count,
        metavar="N",
        help="first send N rows spread over the file, the longest texts and the ends of each date "
        "column, read them back, and go on only if they hold what was sent (exit 12)",
    )


def add_verify(parser: argparse.ArgumentParser) -> None:
    """Reading back at the end."""
    parser.add_argument(
        "--verify",
        action="store_true",
        help="read back at the end what was written, and compare (exit 11 where it differs)",
    )


def row_count(text: str) -> int:
    """A number of rows."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of rows, such as 10')
    return int(text)


def add_quota(parser: argparse.ArgumentParser) -> None:
    """How near to the account's limit, and how much of it."""
    parser.add_argument(
        "--quota",
        choices=("paced", "learned", "sure"),
        help="paced: evenly, nearly never refused (default); learned: nearer to the limit, a "
        "refusal now and then; sure: never above the limit, slower",
    )
    parser.add_argument(
        "--share",
        type=_share,
        metavar="PART",
        help="our part of the account's limit, such as 0.8 while others use it (default: 1)",
    )


def add_run(parser: argparse.ArgumentParser) -> None:
    """Which run."""
    parser.add_argument("run", nargs="?", metavar="RUN", help="id of a run, such as r3")


def row_ranges(text: str) -> tuple[tuple[int, int], ...]:
    """Row numbers from ``--rows``.

    >>> row_ranges("2,17,40-60")
    ((2, 2), (17, 17), (40, 60))
    """
    ranges = []
    for part in text.split(","):
        first, _, last = part.strip().partition("-")
        if not first.isdecimal() or (last and not last.isdecimal()):
            raise argparse.ArgumentTypeError(f'"{part}" is no row number; write rows as 2,17,40-60')
        ranges.append((int(first), int(last or first)))
    return tuple(ranges)


def _seconds(text: str) -> float:
    """A number of seconds from ``--patience``."""
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not 0 <= found < 86_400:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of seconds below a day')
    return found


def rows_or_part(text: str) -> tuple[int | None, float | None]:
    """Rows or per cent, of ``--max-failures`` and ``--max-changes``.

    >>> rows_or_part("50"), rows_or_part("2.5%")
    ((50, None), (None, 2.5))
    """
    found = re.fullmatch(r"(\d{1,9})|(\d{1,2}(?:\.\d{1,3})?|100) ?%", text, re.ASCII)
    if not found or (found[1] and int(found[1]) < 1):
        raise argparse.ArgumentTypeError(f'"{text}" is no number of rows, such as 50, or part, 5%')
    return (int(found[1]), None) if found[1] else (None, float(found[2]))


def minutes(text: str) -> float:
    """A number of minutes."""
    try:
        found = float(text)
    except ValueError:
        found = 0.0
    if not 0 < found <= 1440:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of minutes up to a day')
    return found


def _share(text: str) -> float:
    try:
        share = float(text)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no part of a limit, such as 0.8')
    return share


def _time_of_day(text: str) -> tuple[int, int]:
    """Hour and minute from ``--until``.

    >>> _time_of_day("06:00")
    (6, 0)
    """
    found = re.fullmatch(r"(\d{1,2}):(\d\d)", text, re.ASCII)
    if not found or int(found[1]) > 23 or int(found[2]) > 59:
        raise argparse.ArgumentTypeError(f'"{text}" is no time of day, such as 06:00')
    return int(found[1]), int(found[2])


# ------------------------------------------------------------------ the ledger and its runs


def the_environment() -> dict[str, str]:
    """The environment with the .env file of the working folder below it."""
    from migrator.environment import read_environment

    return read_environment(Path.cwd(), os.environ)


def the_ledger(options: argparse.Namespace, *, must_exist: bool = True) -> "Ledger":
    """Open the ledger that the options or the environment name."""
    from migrator.ledger import open_ledger
    from migrator.settings import ledger_path

    path = options.ledger or ledger_path(the_environment())
    return open_ledger(path, must_exist=must_exist)


def ledger_option(ledger: "Ledger") -> str:
    """What a next command needs to find this ledger from here; "" where it finds it by itself."""
    import shlex

    from migrator.settings import ledger_path

    if ledger_path(the_environment()).absolute() == ledger.path:
        return ""
    return f" --ledger {shlex.quote(str(ledger.path))}"


def the_run(ledger: "Ledger", run_id: str | None, *, candidates: "list[Run]", what: str) -> "Run":
    """The run that is named, or the only candidate.

    Raises:
        UsageError: None or several qualify; the message lists them.
    """
    if run_id is not None:
        return ledger.records.run(run_id)
    if len(candidates) == 1:
        return candidates[0]
    listed = ", ".join(f"{run.id} ({run.source.name})" for run in candidates)
    raise UsageError(
        f"which run? {what}: {listed}" if candidates else f"there is no run {what}",
        where=str(ledger.path),
        advice=f"Name one behind the command, such as {candidates[0].id}."
        if candidates
        else "`migrator status` shows the latest; `migrator run SHEET -m MAPPING` begins one.",
    )


def latest(ledger: "Ledger") -> "list[Run]":
    """The latest run, as a list of one, or nothing."""
    return ledger.records.runs()[:1]


def unfinished(ledger: "Ledger") -> "list[Run]":
    """Runs that have rows left to send or to settle."""
    return [run for run in ledger.records.runs() if ledger.records.is_unfinished(run)]


# ------------------------------------------------------------------ sending


def the_world(ledger: "Ledger", options: argparse.Namespace) -> "World":
    """The world of a command that sends; the log can tell no secret from here on."""
    from migrator.cli.terminal import TerminalOperator
    from migrator.cli.watched import the_watched
    from migrator.redact import guard_logging
    from migrator.runs.world import the_world as assemble
    from migrator.settings import load_settings

    watched = the_watched()
    settings = with_quota(load_settings(the_environment()), options)
    guard_logging(settings.secrets)
    watched.use(settings)
    return assemble(ledger, settings, TerminalOperator(yes=options.yes), tell=watched.tell)


def with_quota(settings: "Settings", options: argparse.Namespace) -> "Settings":
    """The settings with what the options say of the quota."""
    said = {"quota_mode": options.quota, "share": options.share}
    return settings.model_copy(
        update={name: value for name, value in said.items() if value is not None}
    )


def the_link() -> "Link":
    """The way to the account for a command that only reads; the log can tell no secret then."""
    from migrator.cli.terminal import TerminalOperator
    from migrator.redact import guard_logging
    from migrator.runs.world import the_link as assemble
    from migrator.settings import load_settings

    settings = load_settings(the_environment())
    guard_logging(settings.secrets)
    return assemble(settings, TerminalOperator(yes=False))


def the_policy(world: "World", options: argparse.Namespace) -> "DeliveryPolicy":
    """The policy that the options describe."""
    from migrator.dispatcher import DeliveryPolicy, MostFailures

    return DeliveryPolicy(
        patience=options.patience,
        allow_older=options.allow_older,
        before_images=not options.no_before_image,
        verifies=options.verify,
        until=the_until(world, options),
        canary=getattr(options, "canary", None) or 0,  # `retry` has none
        longest_outage=options.max_outage * 60,
        most_failures=MostFailures(*options.max_failures) if options.max_failures else None,
        trusted=tuple(options.trust),
        moved=the_moved_exceptions(),
    )


def the_until(world: "World", options: argparse.Namespace) -> float | None:
    """The wall time of ``--until``."""
    from migrator.clock import next_time_of_day

    if options.until is None:
        return None
    return next_time_of_day(*options.until, after=world.clock.wall())


def the_moved_exceptions() -> "MovedExceptions":
    """What the settings file moves between "tried again" and "final"."""
    from migrator.settings_file import read_settings_file

    return read_settings_file(Path.cwd(), the_environment()).moved


def report(
    world: "World",
    finished: "Finished",
    options: argparse.Namespace,
    *,
    more: "Mapping[str, Any] | None" = None,
) -> ExitCode:
    """Print how a command that sends ended, verified where that is asked; gives its exit code.

    ``more``: what its JSON says beside that.
    """
    if options.verify:
        from migrator.runs.verifying import verify_after

        finished = verify_after(world, finished, the_policy(world, options))
    from migrator.cli.screen import show
    from migrator.cli.summary import finished_json, finished_lines
    from migrator.runs.telling import tell_finished

    world.operator.close()
    tell_finished(world, finished)
    if finished.error is not None:
        from migrator.redact import printable

        show(f"migrator: {printable(str(finished.error), keep_lines=True)}", file=sys.stderr)
    if options.json:
        print(finished_json(world.ledger, finished, more=more or {}))
    else:
        for line in finished_lines(world.ledger, finished):
            show(line)
    return finished.exit_code
