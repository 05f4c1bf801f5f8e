"""Which opportunities stood in a sheet that is reconciled again and again.

Owns the numbers of opportunities, the sets of those numbers that runs keep, and the digests by
which a row is known to be confirmed as a whole. It compares no values.
"""

import zlib
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice, zip_longest
from typing import Final, NamedTuple

import orjson

from migrator.ledger.columns import run_of
from migrator.ledger.database import Database
from migrator.model import Run, RunState, Source

_KNOWN: Final = """
    SELECT o.id, o.opportunity, o.row_digest FROM json_each(?2) k
    CROSS JOIN opportunities o ON o.account = ?1 AND o.opportunity = k.value
"""
_FOLLOWING: Final = """
    SELECT id, opportunity, row_digest FROM opportunities
    WHERE id >= (SELECT id FROM opportunities WHERE account = ?1 AND opportunity = ?2)
        AND +account = ?1
    ORDER BY id LIMIT ?3
"""  # the plus keeps SQLite from going through the whole account by its index
_JOINED: Final = """
    SELECT a.auto_key, a.guid FROM json_each(?2) k
    CROSS JOIN auto_ids a ON a.account = ?1 AND a.auto_key = k.value
"""
_RENAMED: Final = """
    SELECT o.id, g.id FROM auto_ids a
    CROSS JOIN opportunities o ON o.account = a.account AND o.opportunity = a.auto_key
    CROSS JOIN opportunities g ON g.account = a.account AND g.opportunity = a.guid
    WHERE a.account = ?
"""
_KEYS_AT_ONCE: Final = 500


class Numbers:
    """A set of numbers from 1 on, a bit for each."""

    def __init__(self, bits: bytes = b"") -> None:
        self._bits = bytearray(bits)

    @classmethod
    def unpacked(cls, packed: bytes) -> "Numbers":
        """The inverse of `packed`."""
        return cls(zlib.decompress(packed)) if packed else cls()

    def packed(self) -> bytes:
        """As the ledger keeps it."""
        return zlib.compress(bytes(self._bits), 1)

    def add(self, number: int) -> bool:
        """Put a number in; whether it was in already.

        >>> numbers = Numbers()
        >>> numbers.add(7), numbers.add(7), 7 in numbers, list(numbers)
        (False, True, True, [7])
        """
        place, bit = number >> 3, 1 << (number & 7)
        if place >= len(self._bits):
            self._grow(number)
        was_in = bool(self._bits[place] & bit)
        self._bits[place] |= bit
        return was_in

    def add_span(self, first: int, last: int) -> bool:
        """Put all numbers in from ``first`` to ``last``, unless one of them is in already.

        Gives whether they were put in.

        >>> numbers = Numbers()
        >>> numbers.add_span(6, 9), numbers.add_span(9, 12), list(numbers)
        (True, False, [6, 7, 8, 9])
        """
        self._grow(last)
        low, high = first >> 3, (last >> 3) + 1
        mask = ((1 << last - first + 1) - 1) << (first & 7)
        part = int.from_bytes(self._bits[low:high], "little")
        if part & mask:
            return False
        self._bits[low:high] = (part | mask).to_bytes(high - low, "little")
        return True

    def _grow(self, number: int) -> None:
        missing = (number >> 3) + 1 - len(self._bits)
        if missing > 0:
            self._bits.extend(bytes(missing + 1024))

    def __contains__(self, number: int) -> bool:
        place = number >> 3
        return place < len(self._bits) and bool(self._bits[place] & 1 << (number & 7))

    def __len__(self) -> int:
        return int.from_bytes(self._bits).bit_count()

    def __iter__(self) -> Iterator[int]:
        return (
            place * 8 + bit
            for place, byte in enumerate(self._bits)
            if byte
            for bit in range(8)
            if byte & 1 << bit
        )

    def without(self, others: "Numbers") -> "Numbers":
        """Those that are not among the others."""
        return Numbers(
            bytes(
                mine & ~theirs
                for mine, theirs in zip_longest(self._bits, others._bits, fillvalue=0)  # noqa: SLF001 - its own kind
            )
        )


class Sighted(NamedTuple):
    """An opportunity that the ledger knows."""

    number: int
    row_digest: bytes  #: Of the row all of which is confirmed; b"" where there is none.


class Sightings:
    """The opportunities of reconciled sheets in one ledger."""

    def __init__(self, database: Database, tag: str) -> None:
        self._database = database
        self._tag = tag

    def known(self, account: str, keys: Sequence[str]) -> dict[str, Sighted]:
        """What is known of opportunities, by key; those never met are not in it."""
        rows = self._database.rows(_KNOWN, account, orjson.dumps(sorted(keys)).decode())
        return {key: Sighted(number, digest) for number, key, digest in rows}

    def following(self, account: str, key: str, count: int) -> list[tuple[int, str, bytes]]:
        """An opportunity and those that were met after it: number, key and row digest of each.

        A sheet that comes again mostly has its rows in the same order.
        """
        rows = self._database.rows(_FOLLOWING, account, key, count)
        return [(row[0], row[1], row[2]) for row in rows]

    def joined(self, account: str, keys: Iterable[str]) -> dict[str, str]:
        """The GUIDs that are known for keys of AutoIds."""
        return joined_guids(self._database, account, keys)

    def take_in(self, run: Run, numbers: Numbers) -> None:
        """Add the opportunities of a plan's entries to the numbers; new ones are given one."""
        with self._database.transaction():
            number_opportunities(self._database, run)
            rows = self._database.rows(
                "SELECT o.id FROM entries e CROSS JOIN opportunities o"
                " ON o.account = ? AND o.opportunity = e.opportunity"
                " WHERE e.run = ? AND e.opportunity <> ''",
                run.account,
                run.number,
            )
            for (number,) in rows:
                numbers.add(number)

    def keep(self, run: Run, numbers: Numbers, filled_columns: Sequence[str]) -> None:
        """Keep with a run which opportunities its sheet had, and which columns held values.

        No column at all, where no row could be read, is as if it had not been looked at.
        """
        self._database.change(
            "UPDATE runs SET sighted = ?, filled_columns = ? WHERE run = ?",
            numbers.packed(),
            orjson.dumps(list(filled_columns)).decode() if filled_columns else "",
            run.number,
        )

    def last_finished(self, source: Source, *, account: str) -> tuple[Run, Numbers] | None:
        """The newest finished reconcile of the same names, and which opportunities it had.

        One that stood in it by an AutoId whose GUID is known now is in it by that, too.
        """
        row = self._database.row(
            "SELECT * FROM runs WHERE kind = 'reconcile' AND account = ? AND source_name = ?"
            " AND mapping_name = ? AND state = ? ORDER BY run DESC LIMIT 1",
            account,
            source.name,
            source.mapping_name,
            RunState.FINISHED,
        )
        if row is None:
            return None
        numbers = Numbers.unpacked(row["sighted"])
        for by_auto_id, by_guid in self._database.rows(_RENAMED, account):
            if by_auto_id in numbers:
                numbers.add(by_guid)
        return run_of(row, self._tag), numbers

    def last_filled(self, source: Source, *, account: str) -> tuple[Run, frozenset[str]] | None:
        """The newest reconcile of the same names, and which mapped columns held values in it."""
        row = self._database.row(
            "SELECT * FROM runs WHERE kind = 'reconcile' AND account = ? AND source_name = ?"
            " AND mapping_name = ? AND state <> 'planning' AND filled_columns <> ''"
            " ORDER BY run DESC LIMIT 1",
            account,
            source.name,
            source.mapping_name,
        )
        if row is None:
            return None
        return run_of(row, self._tag), frozenset(orjson.loads(row["filled_columns"]))

    def keys_of(self, numbers: Iterable[int]) -> Iterator[tuple[int, str]]:
        """Numbers and the keys of their opportunities; an AutoId that has a GUID now has none."""
        remaining = iter(numbers)
        while some := list(islice(remaining, _KEYS_AT_ONCE)):
            rows = self._database.rows(
                "SELECT o.id, o.opportunity FROM json_each(?) n CROSS JOIN opportunities o"
                " ON o.id = n.value WHERE NOT EXISTS (SELECT 1 FROM auto_ids a"
                " WHERE a.account = o.account AND a.auto_key = o.opportunity)",
                orjson.dumps(some).decode(),
            )
            yield from ((number, key) for number, key in rows)


def joined_guids(database: Database, account: str, keys: Iterable[str]) -> dict[str, str]:
    """The GUIDs that are known for keys of AutoIds."""
    rows = database.rows(_JOINED, account, orjson.dumps(list(keys)).decode())
    return {row[0]: row[1] for row in rows}


def number_opportunities(database: Database, run: Run) -> None:
    """Give the opportunities of a plan numbers, in its order; a part of a transaction."""
    database.change(
        "INSERT OR IGNORE INTO opportunities (account, opportunity)"
        " SELECT ?, opportunity FROM entries WHERE run = ? AND opportunity <> '' ORDER BY number",
        run.account,
        run.number,
    )
