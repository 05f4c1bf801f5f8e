"""A data frame as a source, and results as one."""

import csv
import io
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from itertools import chain
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from migrator import RunOptions, check, load_settings, open_ledger, results, run, the_world
from migrator.errors import SourceError, UsageError
from migrator.ledger import Ledger
from migrator.loader import open_rows
from migrator.loader.frames import ROWS_PER_PIECE, open_frame
from migrator.loader.rows import all_blank
from migrator.mapping import Mapping, parse_mapping
from migrator.model import Cell, Rejected, SourceRow, State
from tests.acceptance.rehearsal import ACCESS_KEY, SECRET_KEY, SandboxProcess
from tests.integration.dispatching import an_update, guid, plan


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    with open_ledger(tmp_path / "migrator.db") as opened:
        yield opened


def cells(frame: pd.DataFrame) -> list[tuple[Cell, ...]]:
    rows = list(open_frame(frame, name="deals"))
    assert all(isinstance(row, SourceRow) for row in rows), rows
    return [row.cells for row in rows if isinstance(row, SourceRow)]


def column(values: object, dtype: str | None = None) -> list[Cell]:
    """What a column reads as, beside one that keeps the row from being blank."""
    frame = pd.DataFrame({"x": pd.Series(values, dtype=dtype)})  # type: ignore[arg-type]
    frame["filled"] = "f"
    return [row[0] for row in cells(frame)]


@pytest.mark.parametrize(
    ("values", "dtype", "expected"),
    [
        (["007", " x ", "NA"], "str", ["007", " x ", "NA"]),
        ([1, 2], "int64", ["1", "2"]),
        ([2**63 - 1, None], "Int64", ["9223372036854775807", ""]),
        ([1.0, None, 0.1], "float64", ["1", "", "0.1"]),
        ([0.1, 2.0], "float32", ["0.1", "2"]),
        ([1e16, 1e-7], "float64", ["10000000000000000", "0.0000001"]),
        ([True, False], "bool", ["true", "false"]),
        ([True, None], "boolean", ["true", ""]),
        ([Decimal("1E+3"), Decimal("2.50")], "object", ["1000", "2.50"]),
        ([None, float("nan"), pd.NA, pd.NaT], "object", ["", "", "", ""]),
        (["won", None, "won"], "category", ["won", "", "won"]),
        ([date(2024, 4, 2), time(9, 5)], "object", [date(2024, 4, 2), time(9, 5)]),
        ([np.int64(7), np.float64(1.5), np.bool_(True)], "object", ["7", "1.5", "true"]),
        (pd.to_timedelta(["1h", None]), None, [timedelta(hours=1), ""]),
        (
            pd.to_datetime(["2024-04-02 12:13:43.6", None]),
            None,
            [datetime(2024, 4, 2, 12, 13, 44), ""],
        ),
        (
            [np.datetime64("2024-04-02T12:13:44"), datetime(1, 1, 1)],
            "object",
            [datetime(2024, 4, 2, 12, 13, 44), datetime(1, 1, 1)],
        ),
    ],
)
def test_every_kind_of_column_reads_as_it_shows(
    values: object, dtype: str | None, expected: list[Cell]
) -> None:
    assert column(values, dtype) == expected


@pytest.mark.parametrize(
    "value",
    [b"bytes", [1, 2], {"a": 1}, 1j, float("inf"), Decimal("NaN"), pd.Period("2024-01"),
     datetime(2024, 1, 1, tzinfo=UTC), "a\0b", "\ud800", "x" * 32_768],
)  # fmt: skip
def test_a_value_that_no_cell_holds_rejects_its_row_and_no_other(value: object) -> None:
    frame = pd.DataFrame({"x": pd.Series(["good", value, "good"], dtype=object)})
    if isinstance(value, Decimal):
        frame["y"] = ["a", "b", "c"]  # pandas takes it for missing

    rows = list(open_frame(frame, name="deals"))

    if isinstance(value, Decimal):
        assert [row.cells[0] for row in rows if isinstance(row, SourceRow)] == ["good", "", "good"]
        return
    assert [type(row) for row in rows] == [SourceRow, Rejected, SourceRow]
    rejected = rows[1]
    assert isinstance(rejected, Rejected)
    assert (rejected.row.row, rejected.problems[0].column) == (3, "x")


def test_rows_are_numbered_as_in_a_file_and_the_index_is_left_out() -> None:
    frame = pd.DataFrame({"x": ["a", "", "c"]}, index=[70, 80, 90])

    with open_frame(frame, name="deals") as rows:
        assert [(row.row, row.cells) for row in rows if isinstance(row, SourceRow)] == [
            (2, ("a",)),
            (4, ("c",)),
        ]
        assert (rows.rows_read, rows.blank_rows, rows.columns) == (2, 1, ("x",))


def test_times_with_a_zone_are_refused_and_the_cure_is_named() -> None:
    frame = pd.DataFrame({"Created": pd.to_datetime(["2024-04-02"]).tz_localize("Asia/Kolkata")})

    with pytest.raises(SourceError, match="zone Asia/Kolkata"):
        open_frame(frame, name="deals")


@pytest.mark.parametrize(
    "frame",
    [
        pd.DataFrame([[1, 2]], columns=["a", "a"]),
        pd.DataFrame([[1]], columns=[7]),
        pd.DataFrame([[1]], columns=pd.MultiIndex.from_tuples([("a", "b")])),
        pd.DataFrame(),
    ],
)
def test_columns_that_cannot_be_told_apart_are_refused(frame: pd.DataFrame) -> None:
    with pytest.raises(SourceError):
        open_frame(frame, name="deals")


def test_long_numbers_that_became_floats_are_pointed_at_once() -> None:
    frame = pd.DataFrame({"Phone": [919876543210.0, 12345678901234567890.0, 2.0**60]})

    with open_frame(frame, name="deals") as rows:
        list(rows)
        (note,) = rows.notes

    assert 'Column "Phone"' in note
    assert "row 3" in note


def test_more_rows_than_a_piece_come_in_order() -> None:
    count = ROWS_PER_PIECE + 3

    read = cells(pd.DataFrame({"n": range(count)}))

    assert read == [(str(n),) for n in range(count)]


TEXTS = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0\r"), max_size=8)


@given(
    st.lists(st.tuples(TEXTS, TEXTS), max_size=6).filter(lambda rows: not all_blank(chain(*rows)))
)
def test_a_frame_of_texts_reads_as_the_same_data_in_a_csv(
    tmp_path_factory: pytest.TempPathFactory, records: list[tuple[str, str]]
) -> None:
    written = io.StringIO()
    csv.writer(written, quoting=csv.QUOTE_ALL, lineterminator="\n").writerows(
        [("a", "b"), *records]
    )
    path = tmp_path_factory.mktemp("csv") / "same.csv"
    path.write_text(written.getvalue(), encoding="utf-8", newline="")
    frame = pd.DataFrame(records, columns=["a", "b"], dtype=str)

    with (
        open_rows(path, delimiter=",", encoding="utf-8") as from_file,
        open_frame(frame, name="f") as from_frame,
    ):
        one = [(row.row, row.cells) for row in from_file if isinstance(row, SourceRow)]
        other = [(row.row, row.cells) for row in from_frame if isinstance(row, SourceRow)]

    assert one == other


@pytest.mark.parametrize("values", [[], ["", " "], [None]])
def test_a_frame_without_rows_is_refused(values: list[object]) -> None:
    frame = pd.DataFrame({"Id": values}, dtype=object)

    with (
        pytest.raises(SourceError, match="no rows under the column names"),
        open_frame(frame, name="deals") as rows,
    ):
        list(rows)


# ------------------------------------------------------------------ checked, run, shown


def a_mapping() -> Mapping:
    text = """\
version: 1
opportunity: {type: 12000, id: Id}
fields:
  mx_Custom_6: {column: Amount, type: number}
"""
    return parse_mapping(text, name="deals.yaml")


def a_frame() -> pd.DataFrame:
    return pd.DataFrame({"Id": [guid(1), guid(2), guid(3)], "Amount": [10.0, None, 2.5]})


def test_a_frame_is_checked_like_a_sheet() -> None:
    checked = check(a_frame(), a_mapping(), name="deals")

    assert (checked.file, checked.ready, checked.nothing_to_send) == ("deals", 3, 1)


def test_a_frame_without_a_name_is_not_run(ledger: Ledger, tmp_path: Path) -> None:
    settings = load_settings(
        {
            "LSQ_API_HOST": "http://127.0.0.1:9",
            "LSQ_ACCESS_KEY": ACCESS_KEY,
            "LSQ_SECRET_KEY": SECRET_KEY,
            "MIGRATOR_STATE_DIR": str(tmp_path),
        }
    )
    world = the_world(ledger, settings)
    ledger.accounts.remember("127.0.0.1", settings.key_digest, organisation="1")

    with pytest.raises(UsageError, match="needs a name"):
        run(world, a_frame(), a_mapping(), RunOptions())


def test_a_frame_is_run_and_its_results_come_back_as_one(ledger: Ledger, tmp_path: Path) -> None:
    sandbox = SandboxProcess.start(tmp_path / "sandbox")
    try:
        settings = load_settings(
            {
                "LSQ_API_HOST": sandbox.url,
                "LSQ_ACCESS_KEY": ACCESS_KEY,
                "LSQ_SECRET_KEY": SECRET_KEY,
                "LSQ_RATE_LIMIT": "100/0.2",
                "MIGRATOR_STATE_DIR": str(tmp_path / "state"),
            }
        )
        world = the_world(ledger, settings)
        finished = run(world, a_frame(), a_mapping(), RunOptions(name="deals"))
        again = run(world, a_frame(), a_mapping(), RunOptions(name="deals"))
    finally:
        sandbox.stop()

    assert finished.balance.states == {State.SUCCEEDED: 2, State.UNCHANGED: 1}
    assert not again.sent
    frame = results(ledger, "r1")
    assert list(frame["migrator_state"]) == ["succeeded", "unchanged", "succeeded"]
    assert list(frame["Amount"]) == ["10", "", "2.5"]
    assert list(results(ledger, "r1", ("unchanged",))["Id"]) == [guid(2)]


def test_results_name_the_row_that_carries_a_merged_one(ledger: Ledger) -> None:
    plan(ledger, an_update(1), an_update(2), an_update(1), merge=True)

    frame = results(ledger, "r1")

    assert list(frame["migrator_state"]) == ["merged", "planned", "planned"]
    assert list(frame["migrator_carrier_row"]) == ["4", "", ""]
    assert list(frame["migrator_carrier_state"]) == ["planned", "", ""]
    assert list(results(ledger, "r1", ("merged",))["migrator_row"]) == ["2"]
    assert list(results(ledger, "r1", ("planned",))["migrator_row"]) == ["2", "3", "4"]
    assert results(ledger, "r1", ("failed",)).empty
