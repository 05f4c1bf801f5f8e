"""Proxies and changing names: how a connection comes about, against real sockets."""

import asyncio
import base64
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.model import NoReply, NoReplyKind, Reply
from tests.integration.test_client import (
    ACCESS_KEY,
    AN_UPDATE,
    OK,
    SECRET_KEY,
    RecordingPermit,
    Server,
    a_certificate,
    a_closed_port,
    assert_no_key_in,
    call_once,
    server_side,
    serving,
)

PASSWORD = "pa55-w0rd"


@dataclass
class Proxy:
    """A proxy that knows CONNECT alone."""

    port: int = 0
    heads: list[str] = field(default_factory=list)
    passed: bytearray = field(default_factory=bytearray)  #: What went through towards the server.

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def a_proxy(*, answer: bytes = b"", password: str = "") -> AsyncIterator[Proxy]:
    proxy = Proxy()
    wanted = base64.b64encode(f"user:{password}".encode()).decode()
    tasks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        ends = [writer]
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            proxy.heads.append(head)
            refusal = answer
            if password and wanted not in head:
                refusal = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
            if refusal:
                writer.write(refusal)
                await writer.drain()
                return
            host, port = head.split()[1].rsplit(":", 1)
            there, to_server = await asyncio.open_connection(host, int(port))
            ends.append(to_server)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            async with asyncio.TaskGroup() as both:
                both.create_task(_pass_on(reader, to_server, proxy.passed))
                both.create_task(_pass_on(there, writer, bytearray()))
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0)
    proxy.port = listener.sockets[0].getsockname()[1]
    try:
        yield proxy
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: bytearray
) -> None:
    while piece := await reader.read(65536):
        seen += piece
        writer.write(piece)


# ------------------------------------------------------------------ proxies


async def test_a_proxy_is_used_and_sees_neither_keys_nor_rows(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "IP:127.0.0.1")
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, said = await call_once(
            server.port, scheme="https", ca_file=certificate.file, proxy=proxy.url
        )

    assert reply == Reply(status=200, body=b"{}")
    assert said == ["written", "answered"]
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1")
    assert_no_key_in(proxy.heads[0] + proxy.passed.decode("latin-1"))
    assert b"Fields" not in proxy.passed


async def test_name_and_password_go_to_the_proxy_and_nowhere_else(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "IP:127.0.0.1")
    async with (
        serving(OK, tls=server_side(certificate)) as server,
        a_proxy(password=PASSWORD) as proxy,
    ):
        reply, _ = await call_once(
            server.port,
            scheme="https",
            ca_file=certificate.file,
            proxy=f"http://user:{PASSWORD}@127.0.0.1:{proxy.port}",
        )

    assert isinstance(reply, Reply)
    assert not [name for name in server.requests[0][1] if name.lower().startswith("proxy")]


async def test_the_certificate_is_checked_behind_a_proxy_too(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "IP:127.0.0.1")
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, said = await call_once(server.port, scheme="https", proxy=proxy.url)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.TLS, False)
    assert said == ["unused"]
    assert server.requests == []


@pytest.mark.parametrize("status", ["403 Forbidden", "502 Bad Gateway"])
async def test_a_proxy_that_refuses_is_named_and_spends_no_call(status: str) -> None:
    refusal = f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()
    async with serving(OK) as server, a_proxy(answer=refusal) as proxy:
        reply, said = await call_once(server.port, scheme="https", proxy=proxy.url)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.PROXY, False)
    assert reply.text == f"it answers HTTP {status}"
    assert said == ["unused"]


async def test_a_wrong_password_is_told_without_it() -> None:
    async with serving(OK) as server, a_proxy(password=PASSWORD) as proxy:
        url = f"http://user:wr0ng-one@127.0.0.1:{proxy.port}"
        reply, _ = await call_once(server.port, scheme="https", proxy=url)

    assert isinstance(reply, NoReply)
    assert reply.text.startswith("it answers HTTP 407")
    assert "wr0ng" not in reply.text


async def test_a_proxy_that_is_not_there_is_named() -> None:
    reply, said = await call_once(1, scheme="https", proxy=f"http://127.0.0.1:{a_closed_port()}")

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.PROXY, False)
    assert said == ["unused"]


# ------------------------------------------------------------------ names


@pytest.mark.skipif(sys.platform != "linux", reason="needs a second loopback address")
async def test_a_name_that_moves_is_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The system's resolver says another address, and the old server is gone."""
    address = "127.0.0.1"

    async def resolve(host: str, port: int, **_: object) -> list[Any]:
        assert host == "api.example"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with _at("127.0.0.1") as (first, port), _at("127.0.0.2", port) as (second, _):
        client = LeadSquaredClient(
            f"http://api.example:{port}",
            access_key=ACCESS_KEY,
            secret_key=SECRET_KEY,
            clock=SystemClock(),
        )
        async with client:
            await client.call(AN_UPDATE, RecordingPermit())
            address = "127.0.0.2"
            first.close()
            replies = [await client.call(AN_UPDATE, RecordingPermit()) for _ in range(3)]

    assert isinstance(replies[-1], Reply)
    assert second.server.requests


@dataclass
class _Listening:
    server: Server
    listener: asyncio.Server
    writers: list[asyncio.StreamWriter]

    def close(self) -> None:
        self.listener.close()
        for writer in self.writers:
            writer.transport.abort()


@asynccontextmanager
async def _at(address: str, port: int = 0) -> AsyncIterator[tuple[_Listening, int]]:
    server, writers = Server(port=port), list[asyncio.StreamWriter]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        try:
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(AN_UPDATE.body))
                server.requests.append((head.decode(), {}, b""))
                writer.write(OK)
        except (OSError, EOFError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(talk, address, port)
    listening = _Listening(server, listener, writers)
    try:
        yield listening, listener.sockets[0].getsockname()[1]
    finally:
        listening.close()
        await asyncio.sleep(0)
