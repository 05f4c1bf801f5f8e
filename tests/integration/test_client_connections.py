"""Proxies, kept connections and changing names: how a connection comes about, on real sockets."""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.model import NoReply, NoReplyKind, Reply
from tests.certificates import a_certificate, server_side
from tests.integration.proxies import a_proxy
from tests.integration.test_client import (
    A_READ,
    ACCESS_KEY,
    AN_UPDATE,
    OK,
    SECRET_KEY,
    RecordingPermit,
    Server,
    a_client,
    a_closed_port,
    a_response,
    assert_no_key_in,
    break_off,
    call_once,
    serving,
)

LOGIN = "operator7:pa55-w0rd"
SHORT_LOGIN = "op:pw1"  # too short to be searched for in texts


# ------------------------------------------------------------------ proxies


@pytest.mark.parametrize("auth", ["query", "header"])
async def test_a_proxy_is_used_and_sees_neither_keys_nor_rows(tmp_path: Path, auth: str) -> None:
    certificate = a_certificate(tmp_path)
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, said = await call_once(
            server.port, scheme="https", ca_file=certificate.authority, proxy=proxy.url, auth=auth
        )

    assert reply == Reply(status=200, body=b"{}")
    assert said == ["written", "answered"]
    assert proxy.heads[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1")
    assert_no_key_in(proxy.heads[0] + proxy.passed.decode("latin-1"))
    assert b"Fields" not in proxy.passed


async def test_calls_share_one_way_through_a_proxy(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        how = {"ca_file": certificate.authority, "proxy": proxy.url}
        async with a_client(server.port, scheme="https", **how) as client:
            for _ in range(5):
                await client.call(AN_UPDATE, RecordingPermit())

    assert (len(server.requests), len(proxy.heads)) == (5, 1)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        (LOGIN, LOGIN),
        ("op%40acme:p%3A%2F%23%25%20", "op@acme:p:/#% "),
        ("J%C3%BCrgen:10%E2%82%AC", "Jürgen:10€"),
        ("operator7", "operator7:"),
    ],
)
async def test_name_and_password_go_to_the_proxy_and_nowhere_else(
    tmp_path: Path, typed: str, meant: str
) -> None:
    certificate = a_certificate(tmp_path)
    async with (
        serving(OK, tls=server_side(certificate)) as server,
        a_proxy(login=meant) as proxy,
    ):
        reply, _ = await call_once(
            server.port,
            scheme="https",
            ca_file=certificate.authority,
            proxy=proxy.with_login(typed),
        )

    assert isinstance(reply, Reply)
    assert not [name for name in server.requests[0][1] if name.lower().startswith("proxy")]


async def test_an_answer_that_holds_the_proxys_password_by_chance_stays_as_it_is(
    tmp_path: Path,
) -> None:
    certificate = a_certificate(tmp_path)
    answer = a_response(b'{"Status":"Success"}')
    async with serving(answer, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, _ = await call_once(
            server.port,
            scheme="https",
            ca_file=certificate.authority,
            proxy=proxy.with_login("me:Status"),
        )

    assert reply == Reply(status=200, body=b'{"Status":"Success"}')


async def test_http_goes_through_no_proxy_which_would_read_the_keys() -> None:
    async with serving(OK) as server, a_proxy() as proxy:
        reply, _ = await call_once(server.port, proxy=proxy.url)

    assert isinstance(reply, Reply)
    assert proxy.heads == []


@pytest.mark.parametrize("host", ["127.0.0.1", "api.leadsquared.com"])
async def test_the_certificate_is_checked_behind_a_proxy_too(tmp_path: Path, host: str) -> None:
    certificate = a_certificate(tmp_path, host)
    trusted = certificate.authority if host != "127.0.0.1" else None
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, said = await call_once(server.port, scheme="https", proxy=proxy.url, ca_file=trusted)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.TLS, False)
    assert "certificate verify failed" in reply.text
    assert said == ["unused"]
    assert server.requests == []


async def test_a_proxy_may_be_reached_by_tls_itself(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    tls = server_side(certificate)
    async with serving(OK, tls=tls) as server, a_proxy(tls=tls, login=LOGIN) as proxy:
        how = {"scheme": "https", "proxy": proxy.with_login(LOGIN)}
        trusting, _ = await call_once(server.port, ca_file=certificate.authority, **how)
        doubting, said = await call_once(server.port, **how)

    assert isinstance(trusting, Reply)
    assert isinstance(doubting, NoReply)
    assert (doubting.kind, doubting.written, said) == (NoReplyKind.PROXY, False, ["unused"])
    assert "certificate verify failed" in doubting.text
    assert len(proxy.heads) == 1


# ------------------------------------------------------------------ proxies that lead nowhere


def refusing(status: str) -> bytes:
    return f"HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n".encode()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (refusing("403 Forbidden"), "it answers HTTP 403 Forbidden"),
        (refusing("407 Who are you"), "it answers HTTP 407 Who are you"),
        (refusing("502 Bad Gateway"), "it answers HTTP 502 Bad Gateway"),
        (refusing("407 \x1b[31m"), "it answers HTTP 407 \\x1b[31m"),
        (refusing("302 Found\r\nLocation: http://127.0.0.1:9/"), "it answers HTTP 302 Found"),
        (b"SSH-2.0-OpenSSH_9.6\r\n\r\n", "its answer is not HTTP"),
        (b"HTTP/1.1 200 OK\r\n\r\n", "it hangs up"),
        (b"HTTP/1.1 407 Who\r\nContent-Length: 99999999\r\n\r\nx", "it answers HTTP 407 Who"),
    ],
    ids=["403", "407", "502", "colours", "redirect", "no HTTP", "ends at once", "long page"],
)
async def test_a_proxy_that_refuses_is_named_and_spends_no_call(answer: bytes, words: str) -> None:
    async with serving(OK) as server, a_proxy(answer=answer) as proxy:
        reply, said = await call_once(
            server.port, scheme="https", proxy=proxy.with_login(SHORT_LOGIN)
        )

    assert reply == NoReply(kind=NoReplyKind.PROXY, written=False, text=words)
    assert said == ["unused"]
    assert server.requests == []


async def test_a_proxy_that_hangs_up_is_named() -> None:
    async with a_proxy(behave=break_off) as proxy:
        reply, said = await call_once(1, scheme="https", proxy=proxy.with_login(SHORT_LOGIN))

    assert reply == NoReply(kind=NoReplyKind.PROXY, written=False, text="it hangs up")
    assert said == ["unused"]


async def test_a_proxy_that_says_nothing_is_named() -> None:
    async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with a_proxy(behave=wait) as proxy:
        reply, said = await call_once(
            1, scheme="https", proxy=proxy.with_login(SHORT_LOGIN), connect_timeout=0.2
        )

    assert reply == NoReply(kind=NoReplyKind.PROXY, written=False, text="none within 0.2 s")
    assert said == ["unused"]


async def test_a_wrong_password_is_told_without_it() -> None:
    async with serving(OK) as server, a_proxy(login=LOGIN) as proxy:
        reply, _ = await call_once(
            server.port, scheme="https", proxy=proxy.with_login("operator7:wr0ng-one")
        )

    assert isinstance(reply, NoReply)
    assert reply.text == "it answers HTTP 407 Proxy Authentication Required"


async def test_a_proxy_that_is_not_there_is_named() -> None:
    proxy = f"http://{SHORT_LOGIN}@127.0.0.1:{a_closed_port()}"
    reply, said = await call_once(1, scheme="https", proxy=proxy)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.PROXY, False)
    assert reply.text
    assert "@" not in reply.text
    assert said == ["unused"]


async def test_a_proxy_whose_name_is_not_known_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    reply, said = await call_once(1, scheme="https", proxy="http://proxy.invalid:3128")

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.PROXY, False)
    assert reply.text.startswith("the host name could not be resolved: ")
    assert said == ["unused"]


async def test_a_way_that_breaks_after_the_request_is_not_the_proxys_refusal(
    tmp_path: Path,
) -> None:
    """Whether the call arrived is unknown, through a proxy as without one."""
    certificate = a_certificate(tmp_path)
    async with serving(break_off, tls=server_side(certificate)) as server, a_proxy() as proxy:
        reply, said = await call_once(
            server.port, scheme="https", ca_file=certificate.authority, proxy=proxy.url
        )

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.RESET, True)
    assert said == ["written", "answered"]


# ------------------------------------------------------------------ kept connections


async def test_a_tunnel_that_was_cut_while_idle_is_replaced(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    async with serving(OK, tls=server_side(certificate)) as server, a_proxy() as proxy:
        how = {"ca_file": certificate.authority, "proxy": proxy.url}
        async with a_client(server.port, scheme="https", **how) as client:
            await client.call(AN_UPDATE, RecordingPermit())
            proxy.hang_up()
            await asyncio.gather(*proxy.tasks)
            permits = [RecordingPermit() for _ in range(3)]
            replies = [await client.call(A_READ, permit) for permit in permits]

    assert isinstance(replies[-1], Reply)
    assert len(proxy.heads) == 2
    # One call at most met the tunnel before its end was known here.
    assert len(server.requests) in (3, 4)


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


async def test_of_several_addresses_one_that_answers_is_enough(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    gone = a_closed_port()
    async with serving(OK) as server:
        places = [("127.0.0.1", gone), ("127.0.0.1", server.port)]

        async def resolve(*_: object, **__: object) -> list[Any]:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", place) for place in places]

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        client = LeadSquaredClient(
            "http://api.example", access_key=ACCESS_KEY, secret_key=SECRET_KEY, clock=SystemClock()
        )
        permit = RecordingPermit()
        async with client:
            reply = await client.call(AN_UPDATE, permit)

    assert isinstance(reply, Reply)
    assert permit.said == ["written", "answered"]
