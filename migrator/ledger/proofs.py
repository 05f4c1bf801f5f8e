"""What has been proved of an account: fields that it writes, fields that it clears.

Owns the table `proofs`; what has to be proved is `migrator.proving`.
"""

from collections.abc import Iterable

from migrator.ledger.database import Database
from migrator.model import Proof, ProofKind, Run


class Proofs:
    """The proofs of every account in one ledger; a `migrator.ports.Proving`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def proved(self, run: Run) -> frozenset[Proof]:
        """What is proved of the run's account."""
        rows = self._database.rows(
            "SELECT schema_name, kind FROM proofs WHERE account = ?", run.account
        )
        return frozenset(Proof(row["schema_name"], ProofKind(row["kind"])) for row in rows)

    def prove(self, run: Run, proofs: Iterable[Proof], *, at: float) -> None:
        """A read has shown these."""
        self._write(run, proofs, "read", at)

    def trust(self, run: Run, schema_names: Iterable[str], *, at: float) -> None:
        """A person has looked at these fields in LeadSquared, written and cleared."""
        proofs = [Proof(name, kind) for name in schema_names for kind in ProofKind]
        self._write(run, proofs, "person", at)

    def _write(self, run: Run, proofs: Iterable[Proof], proved_by: str, at: float) -> None:
        with self._database.transaction():
            self._database.change_many(
                "INSERT OR REPLACE INTO proofs (account, schema_name, kind, proved_by, proved_at)"
                " VALUES (?, ?, ?, ?, ?)",
                [(run.account, *proof, proved_by, at) for proof in proofs],
            )
