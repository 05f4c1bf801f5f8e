"""What a sheet says, and which option of the CRM it means.

Owns the rule that only case, spaces and punctuation are bridged; anything else a person decides.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from migrator.drafting.model import Item, Key
from migrator.drafting.yaml_lines import can_stand
from migrator.fit.kinds import SEPARATOR, all_options
from migrator.fit.words import bare, nearest
from migrator.metadata import FieldInfo
from migrator.profile import ColumnProfile

_SEPARATORS: Final = (";", "|", ",", "/")


def choice_keys(column: ColumnProfile, field: FieldInfo | None) -> Iterator[Key]:
    """`values` and `otherwise` for a column whose different values are all known."""
    yield from _keys(Counter(dict(_trimmed(column.values or ()))), field)


def choices_keys(column: ColumnProfile, field: FieldInfo) -> Iterator[Key]:
    """The same, with a `separator`, for a field that takes several options."""
    mark, is_seen = _separator(column, _options(field))
    hints = () if is_seen else (f'No cell holds two options. Between two, "{mark}" is read.',)
    yield Key(name="separator", value=mark, hints=hints)
    pieces: Counter[str] = Counter()
    for value, count in column.values or ():
        for piece in value.split(mark):
            if piece.strip():
                pieces[piece.strip()] += count
    yield from _keys(pieces, field)


def _keys(counts: Counter[str], field: FieldInfo | None) -> Iterator[Key]:
    counts = Counter({value: count for value, count in counts.items() if can_stand(value)})
    options = _options(field) if field is not None else ()
    if field is None or not options:
        said = () if field is None else ("LeadSquared tells no options of this field.",)
        items = tuple(Item(value, value, _cells(count)) for value, count in counts.most_common())
        yield Key(name="values", items=items, hints=said)
        return
    items = tuple(_item(value, count, field, options) for value, count in counts.most_common())
    yield Key(name="values", items=items, hints=tuple(_said(items, field)))
    if field.takes_others:
        yield Key(name="otherwise", value="keep")


def _options(field: FieldInfo) -> tuple[str, ...]:
    return tuple(filter(can_stand, all_options(field) or ()))


def _said(items: Iterable[Item], field: FieldInfo) -> Iterator[str]:
    left = [item for item in items if not item.is_live]
    if left and field.takes_others:
        yield "A line in a comment is no option, and is sent as it is: the field takes others."
    elif left:
        yield (
            "A line in a comment is no option: its rows are refused until you give it one, here "
            "or in LeadSquared."
        )
    if field.parent:
        yield f"An option is taken only under its {field.parent}."


def _item(value: str, count: int, field: FieldInfo, options: Sequence[str]) -> Item:
    """One value, with the option that it certainly means, or the one that is nearest."""
    if value in options:
        return Item(value, value, _cells(count))
    if value in field.old_options:
        return Item(value, field.old_options[value], f"{_cells(count)}; the option was renamed")
    same = [option for option in options if bare(option) == bare(value) != ""]
    if len(same) == 1:
        return Item(value, same[0], _cells(count))
    if same:
        listed = " or ".join(f'"{option}"' for option in same)
        return Item(value, None, f"{_cells(count)}; {listed}?", is_live=False)
    near = _nearest(value, options)
    remark = f"{_cells(count)}; {'the nearest option' if near else 'no option is near'}"
    return Item(value, near, remark, is_live=False)


def _nearest(value: str, options: Sequence[str]) -> str | None:
    """Also an option that contains the value as a word: "won" is near "Closed Won"."""
    within = [option for option in options if bare(value) and bare(value) in bare(option)]
    return within[0] if len(within) == 1 else nearest(value, options)


def _trimmed(values: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Without the white space around them, which no choice sees."""
    counts: Counter[str] = Counter()
    for value, count in values:
        counts[value.strip()] += count
    return counts


def _separator(column: ColumnProfile, options: Sequence[str]) -> tuple[str, bool]:
    """What stands between options in the cells, and whether any cell shows it."""
    known = {bare(option) for option in options}
    cells = [value for value, _ in column.values or ()]

    def found(mark: str) -> int:
        return sum(
            all(bare(piece) in known for piece in cell.split(mark))
            for cell in cells
            if mark in cell
        )

    best = max(_SEPARATORS, key=found)
    return (best, True) if found(best) else (SEPARATOR, False)


def _cells(count: int) -> str:
    return f"{count:,} cell{'' if count == 1 else 's'}"
