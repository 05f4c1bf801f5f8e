"""What an account may leave undone in silence, and what a read says of it.

Owns which fields of an update have to be seen once before they are believed (DESIGN: "one live
record, read back"), and the comparison. It reads nothing and waits for nothing.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from migrator.compare import same_value
from migrator.model import FieldValue, Loss, Proof, ProofKind

SWITCHED: Final = frozenset({"CreatedOn"})
"""Fields that LeadSquared's support has to switch on; "Update an Opportunity" says so, read
2026-11. What an account without the switch does is not published: perhaps it says Success."""


def proofs_needed(fields: Sequence[FieldValue]) -> tuple[Proof, ...]:
    """What an update relies on that has to be seen once.

    Writing a switched field; and clearing any field, since no page says that "" clears one.

    >>> fields = [FieldValue("CreatedOn", "2024-04-02 12:13:44"), FieldValue("Status", "")]
    >>> [(proof.schema_name, str(proof.kind)) for proof in proofs_needed(fields)]
    [('CreatedOn', 'written'), ('Status', 'cleared')]
    """
    return tuple(
        Proof(field.schema_name, ProofKind.WRITTEN if field.value else ProofKind.CLEARED)
        for field in fields
        if not field.value or field.schema_name in SWITCHED
    )


def losses(
    fields: Sequence[FieldValue], proofs: Sequence[Proof], found: Mapping[str, str]
) -> tuple[Loss, ...]:
    """Which of the fields under proof are not as they were sent.

    Args:
        fields: What was sent.
        proofs: The fields that are under proof.
        found: SchemaName to value, as a read shows it; a field that it does not show counts as
            cleared, and as not written.

    >>> losses([FieldValue("Status", "")], [Proof("Status", ProofKind.CLEARED)], {"Status": "Won"})
    (Loss(schema_name='Status', sent='', found='Won'),)
    """
    named = {proof.schema_name for proof in proofs}
    return tuple(
        Loss(field.schema_name, field.value, found.get(field.schema_name, ""))
        for field in fields
        if field.schema_name in named
        and not same_value(field.value, found.get(field.schema_name, ""))
    )
