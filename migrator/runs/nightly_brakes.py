"""What stops a reconcile before it sends: a sheet that looks like a broken export.

Owns the rules and the words of the refusals.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from migrator.errors import BrakeError, UsageError
from migrator.ledger import Ledger
from migrator.loader import NoRowsError
from migrator.mapping import did_you_mean, listed
from migrator.reports.text import counted
from migrator.runs.sifting import Sifted

if TYPE_CHECKING:
    from migrator.runs.reconciling import Reconciled

LEAST: Final = 50  #: Changes; fewer are never too many by their part of the sheet.
PART: Final = 30.0  #: Per cent of the sheet's opportunities.


@dataclass(frozen=True, slots=True, kw_only=True)
class MostChanges:
    """How many opportunities a reconcile may change."""

    count: int | None = None  #: So many, whatever the sheet's size; None: `percent` holds.
    percent: float = PART  #: Of the sheet's opportunities, where at least `LEAST` would change.

    def refuse(self, found: "Reconciled") -> None:
        """Refuse a reconcile that would change more.

        Raises:
            BrakeError: It would.
        """
        changes = found.updates
        if self.count is not None:
            if changes <= self.count:
                return
            limit = f"--max-changes allows {self.count:,}"
        else:
            if changes < LEAST or changes <= found.opportunities * self.percent / 100:
                return
            limit = f"--max-changes allows {self.percent:g} %"
        raise BrakeError(
            f"{changes:,} of {counted(found.opportunities, 'opportunity')} would change, and "
            f"{limit}",
            advice="Nothing was sent. Look at what would change: the same command with --dry-run. "
            f"If it is meant, say so this once: --max-changes {changes}.",
        )


def no_rows(error: NoRowsError) -> BrakeError:
    """The refusal of a sheet without rows."""
    return BrakeError(
        "the sheet has no rows",
        where=error.where,
        advice="Nothing was sent. An export that is empty is more often broken than meant: look "
        "at the job that writes it. If it is meant, there is nothing to reconcile tonight.",
    )


def refuse_unknown_columns(sifted: Sifted, may_be_blank: frozenset[str]) -> None:
    """Refuse what is allowed to be blank and is no mapped column: a slip allows nothing.

    Raises:
        UsageError: There is such a name.
    """
    unknown = sorted(may_be_blank.difference(sifted.columns))
    if unknown:
        raise UsageError(
            f'--allow-blank names "{unknown[0]}", and the mapping uses no such column',
            advice=f"{did_you_mean(unknown[0], sifted.columns)}Its columns are "
            f"{listed(sifted.columns)}.",
        )


def refuse_blank_columns(ledger: Ledger, sifted: Sifted, may_be_blank: frozenset[str]) -> None:
    """Refuse a sheet in which a mapped column is blank throughout, and was not the last time.

    Raises:
        BrakeError: There is such a column.
    """
    last = ledger.sightings.last_filled(sifted.run.source, account=sifted.run.account)
    if last is None or sifted.refused_rows == sifted.rows_read:
        return  # of rows none of which can be read their reasons tell more
    run, filled = last
    blank = [
        column
        for column in sifted.columns
        if column in filled and column not in sifted.filled_columns and column not in may_be_blank
    ]
    if not blank:
        return
    names = ", ".join(f'"{column}"' for column in blank)
    allowed = " ".join(f"--allow-blank '{column}'" for column in blank)
    columns = "a mapped column is" if len(blank) == 1 else "mapped columns are"
    raise BrakeError(
        f"{columns} suddenly blank in every row: {names}; in run {run.id} there were values",
        where=sifted.run.source.name,
        advice="Nothing was sent. Look at the job that writes the sheet. If it is meant, say so: "
        f"{allowed}.",
    )
