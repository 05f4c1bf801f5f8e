"""How values are written in the ledger's columns, and read back.

Owns the encoding; it runs no SQL.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from sqlite3 import Row
from typing import Any, Final

import orjson

from migrator.model import (
    Carrier,
    Cell,
    Doubt,
    Entry,
    EntryRecord,
    FieldValue,
    IdKind,
    Known,
    NotesPolicy,
    Problem,
    Run,
    RunState,
    Source,
    State,
    opportunity_key,
)

_TIMES: Final[Mapping[str, type[datetime] | type[date] | type[time]]] = {
    "datetime": datetime,
    "date": date,
    "time": time,
}


def encode_cells(cells: Sequence[Cell]) -> str:
    """Cells as a JSON list; what is not text is an object of its kind, so that it comes back.

    >>> encode_cells(("007", date(2024, 4, 2), ""))
    '["007",{"date":"2024-04-02"},""]'
    """
    return cells_json(tuple(cells)).decode()


def cells_json(cells: tuple[Cell, ...]) -> bytes:
    """The same in UTF-8."""
    return orjson.dumps(cells, default=_encode_time, option=orjson.OPT_PASSTHROUGH_DATETIME)


def _encode_time(cell: object) -> dict[str, Any]:
    if isinstance(cell, timedelta):
        return {"seconds": cell.total_seconds()}
    for name, kind in _TIMES.items():
        if type(cell) is kind:
            return {name: cell.isoformat()}
    raise TypeError(f"a cell is never a {type(cell).__name__}")


def decode_cells(text: str) -> tuple[Cell, ...]:
    """The inverse of `encode_cells`.

    >>> decode_cells('["007",{"seconds":90.0}]')
    ('007', datetime.timedelta(seconds=90))
    """
    return tuple(
        cell if isinstance(cell, str) else _decode_time(cell) for cell in orjson.loads(text)
    )


def _decode_time(written: dict[str, Any]) -> Cell:
    ((name, value),) = written.items()
    if name == "seconds":
        return timedelta(seconds=value)
    return _TIMES[name].fromisoformat(value)


def encode_values(fields: Sequence[FieldValue], schema_names: Sequence[str]) -> str:
    """Values in the order of the run's SchemaNames; null where the field is left alone."""
    values = dict(fields)
    return orjson.dumps([values.get(name) for name in schema_names]).decode()


def decode_values(text: str, schema_names: Sequence[str]) -> tuple[FieldValue, ...]:
    """The inverse of `encode_values`."""
    pairs = zip(schema_names, orjson.loads(text), strict=True)
    return tuple(FieldValue(name, value) for name, value in pairs if value is not None)


def encode_note_parts(parts: Sequence[tuple[str, bool]]) -> str:
    """The notes of the rows that travel together, each with whether it is left out.

    >>> encode_note_parts([("First", True), ("Second", False)])
    '[["First",true],["Second",false]]'
    """
    return orjson.dumps(parts).decode()


def note_parts(row: Row) -> list[tuple[str, bool]]:
    """Every note of an entry of which it is made, each with whether it is left out."""
    if row["note_parts"]:
        return [(text, is_out) for text, is_out in orjson.loads(row["note_parts"])]
    return [(row["note"], False)] if row["note"] else []


def notes_of(row: Row) -> tuple[str, ...]:
    """The notes that travel in an entry's note."""
    return tuple(text for text, is_out in note_parts(row) if not is_out)


def encode_problems(problems: Sequence[Problem]) -> str:
    """Problems as a JSON list of objects."""
    return orjson.dumps([asdict(problem) for problem in problems]).decode()


def decode_problems(text: str) -> tuple[Problem, ...]:
    """The inverse of `encode_problems`."""
    return tuple(Problem(**written) for written in orjson.loads(text)) if text else ()


def run_of(row: Row, tag: str) -> Run:
    """A row of `runs` as a `Run`."""
    return Run(
        id=f"r{row['run']}-{tag}",
        number=row["run"],
        kind=row["kind"],
        parent=row["parent"],
        state=RunState(row["state"]),
        account=row["account"],
        source=Source(
            name=row["source_name"],
            mapping_name=row["mapping_name"],
            mapping_digest=row["mapping_digest"],
            event_code=row["event_code"],
            columns=tuple(orjson.loads(row["columns"])),
            schema_names=tuple(orjson.loads(row["schema_names"])),
            notes=NotesPolicy(row["notes"]),
        ),
        content_digest=row["content_digest"],
        rows_read=row["rows_read"],
        blank_rows=row["blank_rows"],
        notes_left_out=row["notes_left_out"],
        created_at=row["created_at"],
        finished_at=row["finished_at"],
        keeps_images=row["before_image"] == "wanted",
        unchanged_rows=row["unchanged_rows"],
        pruned_at=row["pruned_at"],
    )


def entry_of(row: Row, schema_names: Sequence[str], event_code: int) -> Entry:
    """A row of `entries` as the `Entry` that is dispatched."""
    id_kind = IdKind(row["id_kind"])
    own_key = opportunity_key(row["opportunity_id"], id_kind, event_code)
    is_joined = id_kind is IdKind.GUID or row["opportunity"] != own_key
    return Entry(
        run=row["run"],
        number=row["number"],
        file=row["file"],
        row=row["row"],
        opportunity=row["opportunity"],
        opportunity_id=row["opportunity_id"],
        id_kind=id_kind,
        guid=row["opportunity"] if is_joined else "",
        notes=() if row["leave_note_out"] else notes_of(row),
        fields=decode_values(row["field_values"], schema_names),
        state=State(row["state"]),
        place=(row["place_run"], row["place_number"]),
        attempts=row["attempts"],
        attempted_at=row["attempted_at"],
    )


def record_of(row: Row) -> EntryRecord:
    """A row of `entries` as the `EntryRecord` that reports and exports show."""
    problems = decode_problems(row["problems"])
    return EntryRecord(
        run=row["run"],
        number=row["number"],
        file=row["file"],
        sheet=row["sheet"],
        row=row["row"],
        line=row["line"],
        cells=decode_cells(row["cells"]),
        opportunity_id=row["opportunity_id"],
        state=State(row["state"]),
        doubt=Doubt(row["doubt"]) if row["doubt"] else None,
        attempts=row["attempts"],
        http_status=row["http_status"],
        exception=row["exception"],
        message="; ".join(problem.reason for problem in problems) or row["message"],
        column=", ".join(dict.fromkeys(p.column for p in problems if p.column)),
        advice=" ".join(dict.fromkeys(problem.advice for problem in problems)),
        updated_at=row["updated_at"],
        other=(row["other_run"], row["other_number"]) if row["other_run"] else None,
        carrier=carrier_of(row),
        problems=problems,
    )


def carrier_of(row: Row) -> Carrier | None:
    """The carrier that a row of the query in `migrator.ledger.records` tells."""
    if row["carrier_state"] is None:
        return None
    return Carrier(
        place=(row["other_run"], row["other_number"]),
        file=row["carrier_file"],
        row=row["carrier_row"],
        state=State(row["carrier_state"]),
    )


def known_of(row: Row) -> Known:
    """A row of `confirmed` as a `Known`."""
    return Known(
        values=orjson.loads(row["value_digests"]),
        notes=orjson.loads(row["note_counts"]),
        last_note=row["last_note"],
        place=(row["place_run"], row["place_number"]),
    )
