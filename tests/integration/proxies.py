"""A proxy on loopback that knows CONNECT alone, and writes down what it sees.

It imports nothing of migrator.
"""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

Manner = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class Proxy:
    """Where the client connects first."""

    port: int = 0
    scheme: str = "http"
    refusal: bytes = b""  #: What every CONNECT is answered with, in place of a tunnel.
    heads: list[str] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)  #: What went through towards the server.
    tasks: set[asyncio.Task[Any]] = field(default_factory=set)

    @property
    def url(self) -> str:
        return self.with_login("")

    def with_login(self, login: str) -> str:
        return f"{self.scheme}://{login}{'@' if login else ''}127.0.0.1:{self.port}"

    def hang_up(self) -> None:
        """Cut every tunnel."""
        for task in self.tasks:
            task.cancel()


@asynccontextmanager
async def a_proxy(
    *,
    answer: bytes = b"",
    login: str = "",
    behave: Manner | None = None,
    tls: ssl.SSLContext | None = None,
) -> AsyncIterator[Proxy]:
    """A proxy.

    Args:
        answer: Its `Proxy.refusal`.
        login: ``name:password`` that it asks for.
        behave: What it does in place of all that once it has the CONNECT.
        tls: What it presents itself; None: plain.
    """
    proxy = Proxy(scheme="https" if tls else "http", refusal=answer)
    wanted = base64.b64encode(login.encode()).decode()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        proxy.tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        ends = [writer]
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            proxy.heads.append(head)
            refusal = proxy.refusal
            if login and f"Proxy-Authorization: Basic {wanted}\r\n" not in head:
                refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
            if behave is not None:
                await behave(reader, writer)
            elif refusal:
                writer.write(refusal)
                await writer.drain()
            else:
                host, port = head.split()[1].rsplit(":", 1)
                there, to_server = await asyncio.open_connection(host, int(port))
                ends.append(to_server)
                writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                both = [
                    asyncio.ensure_future(_pass_on(reader, to_server, proxy.passed)),
                    asyncio.ensure_future(_pass_on(there, writer, bytearray())),
                ]
                try:
                    await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
                finally:
                    for one in both:
                        one.cancel()
                    await asyncio.gather(*both, return_exceptions=True)
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        proxy.hang_up()
        await asyncio.gather(*proxy.tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray
) -> None:
    while piece := await reader.read(65536):
        seen += piece
        writer.write(piece)
