"""The errors that end a command, each with advice and an exit code.

Owns the tree and the codes; it never prints. What is wrong with one row is no error but a value
(`migrator.model.Rejected` or an outcome): only what is wrong with the whole run is raised.
"""

from enum import IntEnum
from typing import ClassVar, Final


class ExitCode(IntEnum):
    """What the process says to its caller."""

    OK = 0
    FAULT = 1
    USAGE = 2
    SOURCE = 3
    MAPPING = 4
    SETTINGS = 5
    LEDGER = 6
    TARGET = 7
    ACCESS = 8
    ALLOWANCE = 9
    ROWS_NEED_ATTENTION = 10
    DIFFERENCES = 11
    STOPPED = 12
    INTERRUPTED = 130
    TERMINATED = 143


MEANINGS: Final = {
    ExitCode.OK: "every row succeeded, was unchanged, or nothing was to do",
    ExitCode.FAULT: "a fault of the tool itself; the ledger is intact",
    ExitCode.USAGE: "wrong command line, or a question could not be asked",
    ExitCode.SOURCE: "the spreadsheet cannot be read",
    ExitCode.MAPPING: "the mapping is wrong, or does not fit the sheet",
    ExitCode.SETTINGS: "a setting is missing or wrong",
    ExitCode.LEDGER: "the ledger cannot be used (in use, newer version, no space, damaged), or "
    "another `reconcile` of the mapping is under way",
    ExitCode.TARGET: "the CRM is unreachable or answers nonsense; later `resume`",
    ExitCode.ACCESS: "access refused: keys, permissions, wrong host",
    ExitCode.ALLOWANCE: "the day's calls are spent, or the account refuses all; `resume` later",
    ExitCode.ROWS_NEED_ATTENTION: "the run ended properly; some rows failed, were rejected, are in "
    "doubt or in conflict",
    ExitCode.DIFFERENCES: "`verify` found values that read otherwise than they were written; "
    "`reconcile --dry-run` found differences, `undo --dry-run` values to write back",
    ExitCode.STOPPED: "stopped by a brake, `--limit`, `--rows` or `--until`; rows are left, "
    "`resume`. Or a sheet that `reconcile` does not trust: nothing was sent",
    ExitCode.INTERRUPTED: "interrupted; calls under way were settled first; `resume`",
    ExitCode.TERMINATED: "the same by a shutdown signal",
}
"""The one place of these words: README and docs/reference/exit-codes.md are made of them."""


class MigratorError(Exception):
    """A command cannot start or go on.

    Args:
        problem: What happened, in one sentence without a full stop at the end.
        where: File, row, column, line or host; empty where there is none.
        advice: What to do now. Required, so that nobody can leave it out.
    """

    exit_code: ClassVar[ExitCode] = ExitCode.FAULT

    def __init__(self, problem: str, *, where: str = "", advice: str) -> None:
        super().__init__(problem)
        self.problem, self.where, self.advice = problem, where, advice

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        return f"{place}{self.problem}\n  {self.advice}"


class UsageError(MigratorError):
    """The command line is wrong, or a question could not be asked."""

    exit_code = ExitCode.USAGE


class SourceError(MigratorError):
    """The spreadsheet cannot be read."""

    exit_code = ExitCode.SOURCE


class MappingError(MigratorError):
    """The mapping is wrong, or does not fit the sheet."""

    exit_code = ExitCode.MAPPING


class SettingsError(MigratorError):
    """A setting is missing or wrong."""

    exit_code = ExitCode.SETTINGS


class LedgerError(MigratorError):
    """The ledger cannot be used."""

    exit_code = ExitCode.LEDGER


class TargetError(MigratorError):
    """The CRM is unreachable or answers nonsense."""

    exit_code = ExitCode.TARGET


class AccessError(MigratorError):
    """The CRM refuses access: keys, permissions, wrong host."""

    exit_code = ExitCode.ACCESS


class AllowanceError(MigratorError):
    """The day's calls are spent, or the account refuses every call."""

    exit_code = ExitCode.ALLOWANCE


class BrakeError(MigratorError):
    """A rule stopped the run; its rows are left planned."""

    exit_code = ExitCode.STOPPED


class InterruptError(MigratorError):
    """Ctrl-C ended a command while it was reading."""

    exit_code = ExitCode.INTERRUPTED


class TerminatedError(InterruptError):
    """A shutdown signal did."""

    exit_code = ExitCode.TERMINATED
