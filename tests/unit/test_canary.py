"""Which rows go first."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.model import Entry, FieldValue, IdKind, State
from migrator.runs.canary import choose


def an_entry(number: int, *, note: str = "", **fields: str) -> Entry:
    return Entry(
        run=1,
        number=number,
        file="deals.csv",
        row=number + 1,
        opportunity=f"g{number}",
        opportunity_id=f"g{number}",
        id_kind=IdKind.GUID,
        guid="",
        notes=(note,) if note else (),
        fields=tuple(FieldValue(*item) for item in fields.items()),
        state=State.PLANNED,
        place=(1, number),
        attempts=0,
        attempted_at=0.0,
    )


def test_they_are_spread_over_the_file() -> None:
    assert choose([an_entry(n) for n in range(1, 102)], 5) == {1, 26, 51, 76, 101}


def test_the_longest_texts_and_the_ends_of_each_date_go_along() -> None:
    entries = [
        an_entry(n, note="n" * (n == 7), Name="x" * (20 if n == 4 else 3), Closed=f"2024-01-{n:02}")
        for n in range(1, 29)
    ]
    entries[11] = an_entry(12, Name="x", Closed="1999-12-31 23:59:59", Seen="2030-01-01")

    assert choose(entries, 1) == {1, 4, 7, 12, 28}


@given(st.integers(1, 60), st.integers(1, 80))
def test_there_are_as_many_as_asked_for_or_all(rows: int, count: int) -> None:
    chosen = choose([an_entry(n) for n in range(1, rows + 1)], count)

    assert len(chosen) == min(rows, count)
    assert chosen <= set(range(1, rows + 1))
    assert count == 1 or {1, rows} <= chosen


@given(
    st.lists(
        st.fixed_dictionaries(
            {"A": st.text("xy", max_size=9), "B": st.dates().map(lambda day: day.isoformat())}
        ),
        min_size=3,
        max_size=50,
    )
)
def test_the_extremes_are_among_them(values: list[dict[str, str]]) -> None:
    chosen = choose([an_entry(n, **row) for n, row in enumerate(values)], 2)

    picked = [values[number] for number in chosen]
    assert max(len(row["A"]) for row in picked) == max(len(row["A"]) for row in values)
    assert {min, max} == {
        pick for pick in (min, max) if pick(r["B"] for r in picked) == pick(r["B"] for r in values)
    }
