"""Opportunities in several rows are found alike whether they are few or many."""

import random

from hypothesis import given
from hypothesis import strategies as st

from migrator.runs.duplicates import Duplicates

keys = st.one_of(st.integers(0, 6), st.integers(2**64, 2**64 + 6), st.integers(0, 2**128 - 1))


def _found(numbers: list[int], *, few: int) -> tuple[object, ...]:
    with Duplicates(few=few) as found:
        for begin in range(0, len(numbers), 3):
            part = numbers[begin : begin + 3]
            digests = b"".join(number.to_bytes(16) for number in part)
            found.add(digests, range(begin + 2, begin + 2 + len(part)), f"{begin // 6}.csv")
        found.search()
        return found.opportunities, found.rows, found.first


@given(st.lists(keys, max_size=40))
def test_few_and_many_give_the_same(numbers: list[int]) -> None:
    assert _found(numbers, few=0) == _found(numbers, few=1000)


def test_among_many_rows_exactly_those_are_found() -> None:
    draw = random.Random(3)
    numbers = [draw.getrandbits(128) for _ in range(60_000)]
    numbers[59_999] = numbers[10]
    numbers[40_000] = numbers[10]
    numbers[30_000] = numbers[29_000]

    with Duplicates() as found:
        digests = b"".join(number.to_bytes(16) for number in numbers)
        found.add(digests, range(2, 60_002), "d.csv")
        found.search()

    assert (found.opportunities, found.rows) == (2, 5)
    assert [[row for _, row in group] for group in found.first] == [
        [12, 40_002, 60_001],
        [29_002, 30_002],
    ]
