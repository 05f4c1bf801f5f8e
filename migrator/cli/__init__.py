"""The command line: parse, call one use case, print, return a code.

Owns the parser and the last line of defence against a traceback. Commands are modules beside this
one; heavy imports happen inside their `run`, so that ``--help`` is quick.
"""

import argparse
import errno
import importlib
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import FrameType, ModuleType
from typing import Any, Final, NoReturn

from migrator import __version__
from migrator.errors import ExitCode, MigratorError, UsageError

COMMANDS: Final = {
    "doctor": "check keys, host, account and limits before a run; changes nothing by itself",
    "inspect": "show what is in a sheet, column by column; sends nothing",
    "ids": "look up the id of each row's opportunity by its lead, and write the sheet with the ids",
    "fields": "list opportunity types, or the fields of one; changes nothing",
    "init": "draft a mapping for a sheet, from its cells and the account's fields; sends nothing",
    "check": "find every problem of a sheet and its mapping; sends nothing",
    "plan": "plan a sheet into the ledger and tell what it costs; `run --plan` sends it later",
    "run": "plan a sheet into the ledger, ask, and send every update",
    "reconcile": "compare a sheet with what LeadSquared holds, and send only what differs",
    "resume": "go on with a run: settle what is in doubt, send what is planned",
    "retry": "send failed rows again, in the same run",
    "verify": "read back what a run wrote, and compare; sends nothing",
    "undo": "write back what a run wrote over, where nobody changed it since",
    "status": "show where a run stands; makes no calls",
    "runs": "list the runs of the ledger, the newest first; makes no calls",
    "report": "write what a run did as one page to be read, printed and signed; makes no calls",
    "export": "write rows of a run as CSV or XLSX, with their columns and what became of them",
    "explain": "explain a code of a problem, an exception of LeadSquared or an exit code",
    "ledger": "ask the ledger in SQL, or remove cells and values of old runs; makes no calls",
    "sandbox": "start a local imitation of LeadSquared to rehearse with",
    "completion": "print the script by which a shell completes commands, options and file names",
}
"""Every command, and what it does; its module need not be imported to say so."""

DESCRIPTION: Final = """\
Move spreadsheets of opportunities into LeadSquared: every row accounted for, at the account's
limit, and nothing sent twice.
"""
EVENING: Final = """\
a first evening:
  migrator inspect deals.xlsx                         shows what is in the sheet
  migrator fields --type 12000                        shows the fields of an opportunity type
  migrator init deals.xlsx -o mappings/deals.yaml     drafts the mapping
  migrator check deals.xlsx -m mappings/deals.yaml    reads and maps every row, sends nothing
  migrator run deals.xlsx -m mappings/deals.yaml      plans, asks, sends
  migrator resume                                     goes on after a stop
  migrator retry                                      sends failed rows again
  migrator verify                                     reads back what was written
  migrator export --failed -o failed.xlsx             the rows that need a person
"""
EPILOG: Final = f"""\
{EVENING}
exit codes: 0 all is well, 2 command line, 3 sheet, 4 mapping, 5 settings, 6 ledger, 7 CRM not
reached, 8 access refused, 9 calls used up, 10 rows need attention, 11 read back otherwise,
12 stopped with rows left, 130/143 interrupted. The README says more.
"""
AGAIN_AFTER: Final = 0.05  #: Seconds until a Ctrl-C that Python dropped comes again.
INTERRUPTED: Final = """
migrator: interrupted; nothing more was sent
  `migrator status` shows where the last run stands; the same command may be typed again."""


def build_parser(only: str | None = None) -> argparse.ArgumentParser:
    """The parser with all commands.

    Args:
        only: The one command whose options are wanted, or "" for none; None: those of all. The
            others are known by name, which is quicker.
    """
    parser = Parser(
        prog="migrator",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=Help,
    )
    parser.add_argument("--version", action="version", version=f"migrator {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    for name, does in COMMANDS.items():
        if only is not None and name != only:
            commands.add_parser(name, help=does, add_help=False)
            continue
        module = _module(name)
        command = commands.add_parser(
            name,
            help=does,
            description=f"{does[0].upper()}{does[1:]}.",
            epilog=module.EPILOG,
            formatter_class=Help,
        )
        module.add_arguments(command)
    return parser


class Help(argparse.RawDescriptionHelpFormatter):
    """As wide as the terminal; argparse imports shutil for that, with all its archives."""

    def __init__(self, prog: str) -> None:
        columns = os.environ.get("COLUMNS", "")
        try:
            width = int(columns) if columns.isdecimal() else os.get_terminal_size().columns
        except OSError:
            width = 80
        super().__init__(prog, width=max(width, 30) - 2)


class Parser(argparse.ArgumentParser):
    """Says what is wrong with a command line in two lines, and where to look it up."""

    def error(self, message: str) -> NoReturn:
        """Leave with exit code 2."""
        from migrator.cli.usage import advice_for

        problem, advice = advice_for(message, self)
        raise UsageError(problem, advice=advice)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse; what is left over is complained about by the command that was given it."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            from migrator.cli.usage import unknown_words

            problem, advice = unknown_words(unknown, options.command, self)
            raise UsageError(problem, advice=advice)
        return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; gives the process's exit code."""
    try:
        with _signals_in_words():
            typed = sys.argv[1:] if arguments is None else arguments
            first = next((word for word in typed if not word.startswith("-")), "")
            options = build_parser(only=first).parse_args(typed)
            code = _run(options) if options.command else _welcome()
        sys.stdout.flush()
    except MigratorError as error:
        from migrator.cli.screen import show
        from migrator.redact import printable

        show(f"migrator: {printable(str(error), keep_lines=True)}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(INTERRUPTED, file=sys.stderr)
        return ExitCode.INTERRUPTED
    except BrokenPipeError:
        # The reader has gone (`| head`): nothing is wrong, and Python must not say so at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except Exception as error:  # noqa: BLE001 - the last line of defence against a traceback
        is_full = isinstance(error, OSError) and error.errno == errno.ENOSPC
        return _no_room(error) if is_full else _fault(error)
    return code


def _run(options: argparse.Namespace) -> int:
    from migrator.cli.watched import run_watched

    return run_watched(_module(options.command).run, options, secrets=secrets_at_hand)


def _welcome() -> int:
    from migrator.cli.screen import show
    from migrator.cli.welcome import welcome_lines

    for line in welcome_lines(DESCRIPTION, EVENING):
        show(line)
    return ExitCode.OK


@contextmanager
def _signals_in_words() -> Iterator[None]:
    """Let SIGTERM say so where a command has no better way to stop, and no Ctrl-C be lost.

    Python drops an exception that is raised in a destructor, and that of Ctrl-C may be.
    """

    def end(number: int, frame: FrameType | None) -> NoReturn:
        del number, frame
        os.write(sys.stderr.fileno(), f"{INTERRUPTED}\n".encode())
        os._exit(ExitCode.TERMINATED)

    def keep(dropped: "sys.UnraisableHookArgs") -> None:
        import threading

        if issubclass(dropped.exc_type, KeyboardInterrupt):
            # From another thread: at once, it were dropped here, too.
            threading.Timer(AGAIN_AFTER, _interrupt).start()
        else:
            hook(dropped)

    try:
        before = signal.signal(signal.SIGTERM, end)
    except ValueError:  # not in the main thread: a program's own business
        yield
        return
    hook, sys.unraisablehook = sys.unraisablehook, keep
    try:
        yield
    finally:
        sys.unraisablehook = hook
        signal.signal(signal.SIGTERM, before)


def _interrupt() -> None:
    """Ctrl-C for the main thread, from another one."""
    import _thread
    import threading

    main_thread = threading.main_thread().ident
    if main_thread is not None and hasattr(signal, "pthread_kill"):  # it wakes what waits, too
        signal.pthread_kill(main_thread, signal.SIGINT)
    else:
        _thread.interrupt_main()


def _no_room(error: Exception) -> int:
    """Standard output is a file on a disk that is full; files and the ledger have words of theirs.

    What is still to be printed is dropped, or Python tried it again at exit.
    """
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    print(
        f"migrator: what there was to say could not be written all: {error}\n"
        "  Make room, or send standard output elsewhere. `migrator status` shows where the last "
        "run stands.",
        file=sys.stderr,
    )
    return ExitCode.SOURCE


def _fault(error: Exception) -> int:
    """A fault of the tool itself: the traceback goes to a person who can mend it, redacted."""
    import traceback

    from migrator.redact import printable, redact

    text = redact("".join(traceback.format_exception(error)), secrets_at_hand())
    print(printable(text, keep_lines=True), file=sys.stderr)
    print(
        "migrator: this is a fault of migrator itself\n  The ledger is intact: `migrator status` "
        "shows it, `migrator resume` goes on. Please report the text above.",
        file=sys.stderr,
    )
    return ExitCode.FAULT


def secrets_at_hand() -> list[str]:
    """The keys, wherever they are set; none where even that cannot be told."""
    from migrator.cli.common import the_environment

    try:
        environment = the_environment()
    except MigratorError:
        environment = dict(os.environ)
    found = (environment.get(name, "") for name in ("LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"))
    return [secret for secret in found if secret]


def _module(name: str) -> ModuleType:
    return importlib.import_module(f"migrator.cli.{name}")
