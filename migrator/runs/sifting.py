"""A sheet that comes again, sifted into a plan: rows that are confirmed as a whole are passed over.

Owns the fast way past rows that need nothing: a row is known by its digest, without being mapped.
Every other row goes the way of `run`. It compares no values and makes no calls.
"""

from collections import Counter
from collections.abc import Mapping as ReadOnly
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from hashlib import blake2b

from migrator.cells import is_blank
from migrator.ledger import Ledger, PlannedRow
from migrator.ledger.plans import ROWS_PER_TRANSACTION
from migrator.ledger.sightings import Numbers, Sighted
from migrator.loader import Rows
from migrator.loader.blocks import Block
from migrator.mapper import Mapper, compile_mapping
from migrator.mapping import Mapping
from migrator.model import Cell, Rejected, Run, Update, is_guid_key
from migrator.redact import without_keys
from migrator.runs.planning import IdKinds, source_of, told_of_cuts
from migrator.runs.row_digests import RowDigests


@dataclass(slots=True, kw_only=True)
class Sifted:
    """A plan that is not sealed, and what was met on the way."""

    run: Run
    numbers: Numbers = field(default_factory=Numbers)  #: Of opportunities that were passed over.
    refused: Numbers = field(default_factory=Numbers)  #: Of known ones in rows that are refused.
    rows_read: int = 0
    blank_rows: int = 0
    refused_rows: int = 0
    passed_over: int = 0  #: Rows that are confirmed as a whole.
    columns: tuple[str, ...] = ()  #: Those that the mapping uses.
    filled_columns: tuple[str, ...] = ()  #: Of these, the ones with a value in some row.
    content_digest: str = ""  #: Of the cells that are mapped.
    notes: tuple[str, ...] = ()  #: What a person should know before it is sent.


class SeveralRowsError(Exception):
    """An opportunity of which a row was passed over stands in another row, too."""


def sift(
    ledger: Ledger,
    rows: Rows,
    mapping: Mapping,
    *,
    account: str,
    name: str,
    users: ReadOnly[str, str] | None,
    mixed_ids: bool,
    passes_over: bool,
    keeps_images: bool,
    secrets: Sequence[str],
    ends: ExitStack,
) -> Sifted:
    """Read a sheet into a plan that is not sealed.

    Args:
        ledger: Where.
        rows: The sheet.
        mapping: Its mapping.
        account: Whose opportunities.
        name: The source's name.
        users: GUIDs by e-mail address, for a mapping that looks users up.
        mixed_ids: Whether ids of both kinds may stand in it.
        passes_over: Whether rows that are confirmed as a whole are passed over.
        keeps_images: Whether the run is to keep before-images.
        secrets: What is kept of the mapping's text is without them.
        ends: Holds the run, and removes it at the end if it is not sealed.

    Raises:
        SeveralRowsError: The sheet has to be read once more, passing over no row.
        MappingError: The mapping does not fit the sheet, or ids of both kinds are mixed.
        SourceError: The sheet turns out to be unreadable on the way.
    """
    mapper = compile_mapping(mapping, rows.columns, users=users)
    digests = RowDigests(mapping, mapper, users=users)
    source = source_of(rows.columns, mapping, name=name)
    run = ledger.plans.begin(
        source,
        account=account,
        kind="reconcile",
        keeps_images=keeps_images,
        mapping_text=without_keys(mapping.text, secrets),
    )
    kinds = IdKinds(allowed=mixed_ids)
    with ExitStack() as stack:
        stack.enter_context(ledger.locks.hold(run))
        stack.callback(ledger.plans.discard, run)  # if it is not sealed then
        sifting = _Sifting(ledger, run, mapper, digests, kinds, passes_over=passes_over)
        sifted = sifting.sift(rows)
        ends.push(stack.pop_all())
    return sifted


class _Sifting:
    """One way through the sheet."""

    def __init__(
        self,
        ledger: Ledger,
        run: Run,
        mapper: Mapper,
        digests: RowDigests,
        kinds: IdKinds,
        *,
        passes_over: bool,
    ) -> None:
        self._ledger, self._run, self._mapper = ledger, run, mapper
        self._digests, self._kinds, self._passes_over = digests, kinds, passes_over
        self._sifted = Sifted(run=run)
        self._content = blake2b("\x1f".join(run.source.columns).encode(), digest_size=16)
        self._content.update(run.source.mapping_digest.encode())
        self._met = Numbers()  #: Opportunities that are known, whatever became of their rows.
        self._blank = set(mapper.places)  #: Places of mapped columns without a value so far.
        self._cuts: Counter[str] = Counter()
        self._waiting: list[PlannedRow] = []
        self._written = 0

    def sift(self, rows: Rows) -> Sifted:
        for block in rows.blocks():
            self._take(block)
        self._write()
        sifted, columns = self._sifted, rows.columns
        sifted.rows_read, sifted.blank_rows = rows.rows_read, rows.blank_rows
        sifted.columns = tuple(columns[place] for place in self._mapper.places)
        sifted.filled_columns = tuple(
            columns[place] for place in self._mapper.places if place not in self._blank
        )
        sifted.content_digest = self._content.hexdigest()
        sifted.notes = (*rows.notes, *told_of_cuts(self._cuts))
        return sifted

    def _take(self, block: Block) -> None:
        digests: Sequence[bytes] = ()
        left: Sequence[int] = ()
        if block.numbers:
            self._blank = {
                place for place in self._blank if all(map(is_blank, block.by_column[place]))
            }
            digests = self._digests.of_columns(block.by_column)
            self._content.update(b"".join(digests))
            left = range(len(block.numbers))
            if self._passes_over:
                left = self._not_passed_over(block, digests)
        rows = [block.row(place) for place in left]
        planned = [
            PlannedRow(row, result, None, digests[place])
            for place, row, result in zip(left, rows, self._mapper.map_all(rows), strict=True)
        ]
        for rejected in block.rejected:
            self._content.update(repr(rejected.row.cells).encode("utf-8", "surrogatepass"))
            planned.append(PlannedRow(rejected.row, rejected, None))
        if block.rejected:
            planned.sort(key=lambda one: one.row.row)
        self._sight_refused([one.row.cells for one in planned if isinstance(one.result, Rejected)])
        for one in planned:
            self._plan(one)

    def _sight_refused(self, refused: Sequence[Sequence[Cell]]) -> None:
        """Their opportunities stand in the sheet all the same, and have not vanished."""
        width = len(self._run.source.columns)
        whole = [cells for cells in refused if len(cells) == width]
        if whole:
            keys = self._keys(list(zip(*whole, strict=True)))
            known = self._ledger.sightings.known(self._run.account, keys)
            for number, _ in known.values():
                self._sifted.refused.add(number)

    def _not_passed_over(self, block: Block, digests: Sequence[bytes]) -> list[int]:
        """The places of the rows that are not known to be confirmed as a whole."""
        run, sightings, passed = self._run, self._ledger.sightings, self._sifted.numbers
        keys = self._keys(block.by_column)
        following = sightings.following(run.account, keys[0], len(keys))
        if [key for _, key, _ in following] == keys:
            if self._all_passed_over(following, digests):
                return []
            known = {key: Sighted(number, digest) for number, key, digest in following}
        else:
            known = sightings.known(run.account, keys)
        left = []
        for place, key in enumerate(keys):
            sighted = known.get(key)
            if sighted is None:
                left.append(place)
                continue
            number, digest = sighted
            again = self._met.add(number)
            if digest and digest == digests[place]:
                if again:
                    raise SeveralRowsError
                passed.add(number)
                self._sifted.passed_over += 1
            else:
                if again and number in passed:
                    raise SeveralRowsError
                left.append(place)
        return left

    def _all_passed_over(
        self, following: Sequence[tuple[int, str, bytes]], digests: Sequence[bytes]
    ) -> bool:
        """Pass over all rows of a block, where nothing of it changed since the last sheet."""
        first, last = following[0][0], following[-1][0]
        if last - first + 1 != len(following) or b"" in digests:
            return False
        if [digest for _, _, digest in following] != digests:
            return False
        if not self._met.add_span(first, last):
            raise SeveralRowsError
        self._sifted.numbers.add_span(first, last)
        self._sifted.passed_over += len(following)
        return True

    def _keys(self, by_column: Sequence[Sequence[Cell]]) -> list[str]:
        """The key of each row's opportunity, by its GUID where that is known; "" for none."""
        run = self._run
        keys = self._mapper.keys(by_column, run.source.event_code)
        unjoined = [key for key in keys if not is_guid_key(key)]
        if unjoined:
            guids = self._ledger.sightings.joined(run.account, unjoined)
            keys = [guids.get(key, key) for key in keys]
        return keys

    def _plan(self, planned: PlannedRow) -> None:
        if isinstance(planned.result, Update):
            self._kinds.meet(planned.result, planned.row)
            self._cuts.update(planned.result.truncated)
        else:
            self._sifted.refused_rows += 1
        self._waiting.append(planned)
        if len(self._waiting) >= ROWS_PER_TRANSACTION:
            self._write()

    def _write(self) -> None:
        if self._waiting:
            self._ledger.plans.add(self._run, self._waiting, first_number=self._written + 1)
            self._written += len(self._waiting)
            self._waiting = []
