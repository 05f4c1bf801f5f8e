"""Before and after, for the fields that hold one of few values.

Owns which fields are such. What was there is known from the run's before-images alone.
"""

from typing import Final

from migrator.ledger import Ledger
from migrator.mapping import Boolean, Choice, Choices, Email, Mapping, Phone
from migrator.model import Run
from migrator.reports.run_report import BeforeAndAfter, ChangedField, ValueCount

VALUES_LISTED: Final = 20
FEW: Final = 20  #: Different values that a field may have to be one of few, ...
OFTEN: Final = 3  #: ... each of them in so many rows on average.


def before_and_after(ledger: Ledger, run: Run, mapping: Mapping | None) -> BeforeAndAfter:
    """How many opportunities held each value of such fields before the run, and after it."""
    opportunities, with_image = ledger.history.images(run)
    fields = _fields(ledger, run, mapping) if with_image else ()
    return BeforeAndAfter(
        opportunities=opportunities,
        with_image=with_image,
        fields=tuple(fields),
    )


def _fields(ledger: Ledger, run: Run, mapping: Mapping | None) -> list[ChangedField]:
    found = []
    for number, name in enumerate(run.source.schema_names):
        field = mapping.fields.get(name) if mapping is not None else None
        if isinstance(field, Email | Phone):
            continue  # a person's, however often it occurs
        is_declared = isinstance(field, Choice | Choices | Boolean)
        count, different = ledger.history.looked_at(run, number)
        if count and (is_declared or (different <= FEW and count >= OFTEN * different)):
            counted = _counted(ledger, run, number, name, is_declared=is_declared)
            if counted is not None:
                found.append(counted)
    return found


def _counted(
    ledger: Ledger, run: Run, number: int, name: str, *, is_declared: bool
) -> ChangedField | None:
    rows = list(ledger.history.before_and_after(run, number, most=VALUES_LISTED))
    if not rows:
        return None
    first = rows[0]
    return ChangedField(
        schema_name=name,
        is_declared=is_declared,
        opportunities=first.opportunities,
        changed=first.changed,
        values=tuple(
            ValueCount(value=row.value, before=row.before, after=row.after) for row in rows
        ),
        more_values=first.values - len(rows),
        more_before=first.opportunities - sum(row.before for row in rows),
        more_after=first.opportunities - sum(row.after for row in rows),
    )
