"""A relay between the client and the sandbox that behaves badly on demand, over real sockets."""

import asyncio
import contextlib
import socket
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from enum import StrEnum
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
    CUTS = "takes the request and cuts the connection"
    CUTS_AFTER_PASSING_ON = "passes it on and cuts the connection"
    CLOSES_WHILE_IDLE = "closes the connection after each answer without saying so"
    REDIRECTS = "sends the caller to another host"


@dataclass
class Relay:
    """Where the client calls."""

    port: int = 0
    scheme: str = "http"
    elsewhere: str = "http://127.0.0.1:9"  #: Where a redirect points.
    byte_every: float = 0.05  #: Seconds, where it is too slow.
    seen: Counter[str] = field(default_factory=Counter)  #: Misdeeds done.
    connections: int = 0
    _next: list[Manner] = field(default_factory=list)
    _there: tuple[str, int] = ("", 0)
    _tls: ssl.SSLContext | None = None
    _listening: socket.socket | None = None
    _talks: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.port}"

    def behave(self, manner: Manner, times: int = 1) -> None:
        """The next updates are treated so."""
        self._next += [manner] * times

    def take(self) -> Manner | None:
        return self._next.pop(0) if self._next else None

    async def goes(self) -> None:
        """It is gone: nothing listens, and every connection is cut."""
        if self._listening is not None:
            asyncio.get_running_loop().remove_reader(self._listening)
            self._listening.close()
        await self.cuts()

    async def cuts(self) -> None:
        """Every connection is cut; new ones can be made."""
        talks = list(self._talks)
        for talk in talks:
            talk.cancel()
        await asyncio.gather(*talks, return_exceptions=True)

    async def comes_back(self) -> None:
        listening = socket.create_server(("127.0.0.1", self.port), backlog=128)
        listening.setblocking(False)
        self.port = listening.getsockname()[1]
        self._listening = listening
        # Accepted in one step: a task that is cancelled may lose what it has just accepted, and
        # asyncio's own server does.
        asyncio.get_running_loop().add_reader(listening, self._accept, listening)

    def _accept(self, listening: socket.socket) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                connection, _ = listening.accept()
                connection.setblocking(False)
                self.connections += 1
                self._begin(connection)

    def _begin(self, connection: socket.socket) -> None:
        talk = asyncio.create_task(self._talk(connection))
        self._talks.add(talk)

        def ended(talk: asyncio.Task[None]) -> None:
            self._talks.discard(talk)
            connection.close()  # of one, too, that was cut before it began

        talk.add_done_callback(ended)

    async def _talk(self, connection: socket.socket) -> None:
        loop, reader = asyncio.get_running_loop(), asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await loop.connect_accepted_socket(
                lambda: protocol, connection, ssl=self._tls
            )
        except (OSError, asyncio.CancelledError):
            await asyncio.sleep(0)  # what was begun of a transport is closed in the next turn
            return
        writer = asyncio.StreamWriter(transport, protocol, reader, loop)
        try:
            while await _serve(self, *self._there, reader, writer):
                pass
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            transport.abort()
            await asyncio.sleep(0)  # aborted in the next turn of the loop


@asynccontextmanager
async def a_relay(sandbox_url: str, *, tls: ssl.SSLContext | None = None) -> AsyncIterator[Relay]:
    """A relay in front of a sandbox; ``tls``: what it presents, changed for new connections."""
    there = urlsplit(sandbox_url)
    relay = Relay(
        scheme="https" if tls else "http", _there=(there.hostname or "", there.port or 0), _tls=tls
    )
    await relay.comes_back()
    try:
        yield relay
    finally:
        await relay.goes()


async def _serve(
    relay: Relay, host: str, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> bool:
    """One request; whether the connection goes on."""
    head = await reader.readuntil(b"\r\n\r\n")
    manner = relay.take() if b"/Update?" in head.split(b"\r\n")[0] else None
    if manner is not None:
        relay.seen[manner] += 1
    if manner is Manner.STOPS_READING:
        await asyncio.Event().wait()
        return False
    body = await _body(reader, head)  # closing on unread bytes resets: an answer would be lost
    if manner is Manner.REDIRECTS:
        location = f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {relay.elsewhere}/v2/x\r\n"
        # Said, or the next call may be on its way over this connection while it closes.
        writer.write(f"{location}Connection: close\r\nContent-Length: 0\r\n\r\n".encode())
        return False
    if manner is Manner.CUTS:
        return False
    answer = await _ask(host, port, head, body)
    match manner:
        case Manner.SILENT:
            await asyncio.Event().wait()
        case Manner.CUTS_AFTER_PASSING_ON:
            return False
        case Manner.SLOW | Manner.TOO_SLOW:
            for number in range(len(answer)):
                writer.write(answer[number : number + 1])
                await writer.drain()
                await asyncio.sleep(0.0 if manner is Manner.SLOW else relay.byte_every)
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
