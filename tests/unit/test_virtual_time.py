import asyncio
import time

import pytest

from tests.virtual_time import run_in_virtual_time


def test_an_hour_of_sleep_passes_at_once() -> None:
    async def sleep_an_hour() -> float:
        loop = asyncio.get_running_loop()
        begin = loop.time()
        await asyncio.sleep(3600)
        return loop.time() - begin

    begin = time.monotonic()

    assert run_in_virtual_time(sleep_an_hour()) == pytest.approx(3600, abs=0.001)
    assert time.monotonic() - begin < 5


def test_timers_fire_in_the_order_of_their_times() -> None:
    async def main() -> list[int]:
        seen: list[int] = []

        async def note(seconds: int) -> None:
            await asyncio.sleep(seconds)
            seen.append(seconds)

        await asyncio.gather(*(note(seconds) for seconds in (30, 10, 20)))
        return seen

    assert run_in_virtual_time(main()) == [10, 20, 30]


def test_a_time_out_strikes_before_a_longer_sleep() -> None:
    async def main() -> None:
        async with asyncio.timeout(5):
            await asyncio.sleep(6)

    with pytest.raises(TimeoutError):
        run_in_virtual_time(main())


def test_waiting_for_nothing_is_an_error() -> None:
    async def main() -> None:
        await asyncio.Event().wait()

    with pytest.raises(RuntimeError, match="never happen"):
        run_in_virtual_time(main())
