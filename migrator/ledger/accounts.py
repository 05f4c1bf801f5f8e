"""Which account a host and a key belong to.

Owns the table `accounts`; it makes no calls: what the CRM tells is handed in. The key is known by
its digest only.
"""

from migrator.ledger.database import Database


def account_name(host: str, key_digest: str, *, organisation: str) -> str:
    """The account: host and organisation where one is known, else host and key digest.

    >>> account_name("api.leadsquared.com", "0a1b2c", organisation="22824")
    'api.leadsquared.com/22824'
    """
    return f"{host}/{organisation}" if organisation else f"{host}/key:{key_digest}"


class Accounts:
    """The accounts that one ledger knows."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def known(self, host: str, key_digest: str) -> str | None:
        """The account of this host and key, if the ledger has met them before."""
        row = self._database.row(
            "SELECT account FROM accounts WHERE host = ? AND key_digest = ?", host, key_digest
        )
        return None if row is None else str(row["account"])

    def remember(self, host: str, key_digest: str, *, organisation: str) -> str:
        """Keep the `account_name` of this host and key, and give it."""
        account = account_name(host, key_digest, organisation=organisation)
        self._database.change(
            "INSERT OR REPLACE INTO accounts (host, key_digest, account) VALUES (?, ?, ?)",
            host,
            key_digest,
            account,
        )
        return account

    def join(self, host: str, key_digest: str, *, account: str) -> None:
        """From now on this host and key are ``account``, for good."""
        old = self.known(host, key_digest)
        with self._database.transaction():
            self._database.change(
                "INSERT OR REPLACE INTO accounts (host, key_digest, account) VALUES (?, ?, ?)",
                host,
                key_digest,
                account,
            )
            if old is None or old == account:
                return
            self._database.change("UPDATE accounts SET account = ? WHERE account = ?", account, old)
            self._database.change("UPDATE runs SET account = ? WHERE account = ?", account, old)
            # What both know of an opportunity: the one whose place is the later is the newer.
            self._database.change(
                "DELETE FROM confirmed AS c WHERE account IN (?1, ?2) AND EXISTS ("
                " SELECT 1 FROM confirmed o WHERE o.account IN (?1, ?2) AND o.account <> c.account"
                " AND o.opportunity = c.opportunity"
                " AND (o.place_run, o.place_number) > (c.place_run, c.place_number))",
                account,
                old,
            )
            # One of their digests goes with values that are gone.
            self._database.change(
                "UPDATE opportunities AS o SET row_digest = x'' WHERE account = ?1 AND EXISTS ("
                " SELECT 1 FROM opportunities b WHERE b.account = ?2"
                " AND b.opportunity = o.opportunity)",
                account,
                old,
            )
            for table in ("confirmed", "auto_ids", "opportunities", "proofs", "lookups"):
                self._database.change(
                    f"UPDATE OR IGNORE {table} SET account = ? WHERE account = ?",  # noqa: S608 - names of ours
                    account,
                    old,
                )
