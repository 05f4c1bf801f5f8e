"""What LeadSquared listed of leads, kept so that nobody is asked for twice.

Owns the table `lookups` and how long an answer counts. It makes no calls.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import orjson

from migrator.ledger.database import Database
from migrator.lookups import Answer, Found, LeadKey

FRESH_SECONDS: Final = 24 * 3600.0  #: How long an answer that found something counts.
FRESH_NONE_SECONDS: Final = 15 * 60.0
"""How long "none" and "not told" count: the index behind these look-ups lags by minutes (seen)."""


class Kept(NamedTuple):
    """An answer of the ledger's."""

    answer: Answer
    asked_at: float  #: Wall time.

    def counts(self, now: float) -> bool:
        """Whether it need not be asked for again; what comes from the future is asked for."""
        longest = FRESH_SECONDS if self.answer.found else FRESH_NONE_SECONDS
        return 0 <= now - self.asked_at < longest


class Lookups:
    """The answers of every account in one ledger."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def kept(
        self, account: str, event_code: int, key: LeadKey, *, columns: Sequence[str]
    ) -> Kept | None:
        """What is kept of a lead, however old; None where these columns were not asked for."""
        row = self._database.row(
            "SELECT columns, found, problem, asked_at FROM lookups"
            " WHERE account = ? AND event_code = ? AND key_name = ? AND key_text = ?",
            account,
            event_code,
            *key,
        )
        if row is None or not set(columns) <= set(orjson.loads(row["columns"])):
            return None
        answer = Answer(found=_found(row["found"]), problem=row["problem"])
        return Kept(answer, row["asked_at"])

    def keep(
        self,
        account: str,
        event_code: int,
        key: LeadKey,
        answer: Answer,
        *,
        columns: Sequence[str],
        at: float,
    ) -> None:
        """Keep an answer, in place of an older one."""
        self._database.change(
            "INSERT OR REPLACE INTO lookups (account, event_code, key_name, key_text, columns,"
            " found, problem, asked_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            account,
            event_code,
            *key,
            orjson.dumps(list(columns)).decode(),
            orjson.dumps([[one.guid, dict(one.values)] for one in answer.found]).decode(),
            answer.problem,
            at,
        )


def _found(text: str) -> tuple[Found, ...]:
    content: list[Any] = orjson.loads(text)
    return tuple(Found(guid=guid, values=values) for guid, values in content)
