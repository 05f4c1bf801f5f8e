"""A relay between the client and the sandbox that behaves badly on demand, over real sockets."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlsplit

HUGE = 10 * 2**20


class Manner(StrEnum):
    """What happens to an update."""

    STOPS_READING = "stops reading the request"
    SILENT = "passes it on and answers nothing"
    SLOW = "answers byte by byte, in time"
    TOO_SLOW = "answers byte by byte, too slowly"
    HUGE_BODY = "answers a body of 10 MB"
    CLOSES_AFTER_THE_HEADERS = "sends the headers of the answer and closes"
    CLOSES_WHILE_IDLE = "closes the connection after each answer without saying so"
    REDIRECTS = "sends the caller to another host"


@dataclass
class Relay:
    """Where the client calls."""

    port: int = 0
    elsewhere: str = "http://127.0.0.1:9"  #: Where a redirect points.
    seen: Counter[str] = field(default_factory=Counter)  #: Misdeeds done.
    connections: int = 0
    _next: list[Manner] = field(default_factory=list)
    _listener: asyncio.Server | None = None
    _talk: Any = None
    _tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def behave(self, manner: Manner, times: int = 1) -> None:
        """The next updates are treated so."""
        self._next += [manner] * times

    def take(self) -> Manner | None:
        return self._next.pop(0) if self._next else None

    async def goes(self) -> None:
        """It is gone: nothing listens, and every connection is cut."""
        assert self._listener is not None
        self._listener.close()
        for task in self._tasks:
            task.cancel()

    async def comes_back(self) -> None:
        self._listener = await asyncio.start_server(self._talk, "127.0.0.1", self.port)


@asynccontextmanager
async def a_relay(sandbox_url: str) -> AsyncIterator[Relay]:
    """A relay in front of a sandbox."""
    relay, there = Relay(), urlsplit(sandbox_url)

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        relay._tasks.add(task)  # type: ignore[arg-type]
        relay.connections += 1
        try:
            while await _serve(relay, there.hostname or "", there.port or 0, reader, writer):
                pass
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            relay._tasks.discard(task)  # type: ignore[arg-type]

    relay._talk = talk
    await relay.comes_back()
    assert relay._listener is not None
    relay.port = relay._listener.sockets[0].getsockname()[1]
    try:
        yield relay
    finally:
        tasks = list(relay._tasks)
        await relay.goes()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _serve(
    relay: Relay, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """One request; whether the connection goes on."""
    head = await reader.readuntil(b"\r\n\r\n")
    manner = relay.take() if b"/Update?" in head.split(b"\r\n")[0] else None
    if manner is not None:
        relay.seen[manner] += 1
    if manner is Manner.STOPS_READING:
        await asyncio.sleep(60)
        return False
    if manner is Manner.REDIRECTS:
        location = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {relay.elsewhere}/v2/x\r\n"
        writer.write(f"{location}Content-Length: 0\r\n\r\n".encode())
        return False
    answer = await _ask(host, port, head, await _body(reader, head))
    match manner:
        case Manner.SILENT:
            await asyncio.sleep(60)
        case Manner.SLOW | Manner.TOO_SLOW:
            for number in range(len(answer)):
                writer.write(answer[number : number + 1])
                await writer.drain()
                await asyncio.sleep(0.0 if manner is Manner.SLOW else 0.05)
        case Manner.HUGE_BODY:
            writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {HUGE}\r\n\r\n".encode())
            writer.write(b'{"x": "' + b"x" * HUGE)
            await writer.drain()
        case Manner.CLOSES_AFTER_THE_HEADERS:
            writer.write(answer[: answer.index(b"\r\n\r\n") + 4])
            await writer.drain()
            return False
        case _:
            writer.write(answer)
            await writer.drain()
    return manner is not Manner.CLOSES_WHILE_IDLE


async def _body(reader: asyncio.StreamReader, head: bytes) -> bytes:
    for line in head.lower().split(b"\r\n"):
        if line.startswith(b"content-length:"):
            return await reader.readexactly(int(line.split(b":")[1]))
    return b""


async def _ask(host: str, port: int, head: bytes, body: bytes) -> bytes:
    """The sandbox's answer, whole."""
    reader, writer = await asyncio.open_connection(host, port)
    try:
        writer.write(head + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        return answer + await _body(reader, answer)
    finally:
        writer.close()
