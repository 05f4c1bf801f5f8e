"""What the tests of drafts share: sheets of given cells, and a person who answers the questions."""

import re
from collections.abc import Mapping, Sequence

from migrator.drafting import Sheet
from migrator.metadata import FieldInfo, TypeInfo
from migrator.model import Cell
from migrator.profile import Profiler

ANSWERS = {
    "timezone": "Asia/Kolkata",
    "type": "12000",
    "formats": '["%d/%m/%Y"]',
    "time": '"09:00"',
    "decimal": '"."',
    "grouping": "western",
    "region": "IN",
    "true": "[so]",
    "false": "[otherwise]",
    "values": "{some: Some}",
}


def sheet(columns: Mapping[str, Sequence[Cell]]) -> Sheet:
    """A sheet whose columns hold these cells, from row 2 on."""
    names = list(columns)
    letters = [chr(65 + at // 26) + chr(65 + at % 26) for at in range(len(names))]
    profiler = Profiler(list(zip(names, letters, strict=True)))
    rows = list(zip(*columns.values(), strict=True))
    if rows:
        profiler.add(range(2, 2 + len(rows)), rows)
    return Sheet(file="deals.csv", rows=len(rows), columns=tuple(profiler.profiles()))


def account(*fields: FieldInfo) -> TypeInfo:
    """An opportunity type with these fields."""
    return TypeInfo(code=12000, name="Deal", fields=fields)


def field(schema_name: str, name: str, data_type: str = "String", **more: object) -> FieldInfo:
    return FieldInfo.model_validate(
        {"schema_name": schema_name, "display_name": name, "data_type": data_type, **more}
    )


def answered(text: str, *, id_column: str = '"Id"') -> str:
    """The draft with every question answered in some way that is allowed."""
    answers = ANSWERS | {"id": id_column}
    return re.sub(
        r"^( *)([a-z]+): \?\?\?$",
        lambda found: f"{found[1]}{found[2]}: {answers[found[2]]}",
        text,
        flags=re.MULTILINE,
    )


def with_suggestions(text: str) -> str:
    """The draft with every suggested field taken, each unknown SchemaName with a number."""
    head, fields_, body = text.partition("\nfields:\n")
    body = re.sub(r"^  # (?!#)", "  ", body, flags=re.MULTILINE)
    numbers = iter(range(900, 10_000))
    body = re.sub(r"mx_Custom_\?(?=:)", lambda _: f"mx_Custom_{next(numbers)}", body)
    return head + fields_ + body
