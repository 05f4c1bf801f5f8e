"""The client against real sockets: every way in which a call can end."""

import asyncio
import gzip
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from migrator.client import LeadSquaredClient
from migrator.clock import SystemClock
from migrator.errors import SettingsError
from migrator.model import LONGEST_ANSWER, NoReply, NoReplyKind, Reply, Request
from tests.certificates import a_certificate, server_side

ACCESS_KEY = "u$r1234567890abcdef"
SECRET_KEY = "s3cr3t/with+signs=&?#%"
TRACES = ("1234567890abcdef", "s3cr3t", "u%24r", "with%2Bsigns")

AN_UPDATE = Request(method="POST", path="OpportunityManagement.svc/Update", body=b'{"Fields":[]}')
A_READ = Request(method="GET", path="OpportunityManagement.svc/Details", query=(("Id", "a b/c"),))

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"

Conversation = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


@dataclass
class RecordingPermit:
    """A permit that writes down what is said to it."""

    said: list[str] = field(default_factory=list)

    def written(self) -> None:
        self.said.append("written")

    def answered(self) -> None:
        self.said.append("answered")

    def unused(self) -> None:
        self.said.append("unused")


@dataclass
class Server:
    """A server that speaks as a test tells it to."""

    port: int
    requests: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    connections: int = 0


async def read_request(reader: asyncio.StreamReader) -> tuple[str, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
    raw = dict(line.split(": ", 1) for line in head[1:] if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return head[0], raw, body


@asynccontextmanager
async def serving(
    answer: bytes | Conversation, *, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Server]:
    server = Server(port=0)
    tasks: set[asyncio.Task[Any]] = set()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        server.connections += 1
        tasks.add(asyncio.current_task())  # type: ignore[arg-type]
        try:
            while True:
                server.requests.append(await read_request(reader))
                if callable(answer):
                    await answer(reader, writer)
                else:
                    writer.write(answer)
                    await writer.drain()
        except (OSError, EOFError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def a_client(port: int, *, scheme: str = "http", **other: Any) -> LeadSquaredClient:
    return LeadSquaredClient(
        f"{scheme}://127.0.0.1:{port}",
        access_key=ACCESS_KEY,
        secret_key=SECRET_KEY,
        clock=SystemClock(),
        **other,
    )


async def call_once(
    port: int, request: Request = AN_UPDATE, **other: Any
) -> tuple[Reply | NoReply, list[str]]:
    permit = RecordingPermit()
    async with a_client(port, **other) as client:
        return await client.call(request, permit), permit.said


def a_response(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def assert_no_key_in(text: str) -> None:
    assert not [trace for trace in TRACES if trace in text]


async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


# ------------------------------------------------------------------ what leaves


async def test_the_keys_travel_percent_encoded_in_the_query() -> None:
    async with serving(OK) as server:
        reply, said = await call_once(server.port)

    line, headers, body = server.requests[0]
    assert line == (
        "POST /v2/OpportunityManagement.svc/Update?accessKey=u%24r1234567890abcdef"
        "&secretKey=s3cr3t%2Fwith%2Bsigns%3D%26%3F%23%25 HTTP/1.1"
    )
    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert body == AN_UPDATE.body
    assert reply == Reply(status=200, body=b"{}")
    assert said == ["written", "answered"]


async def test_the_keys_travel_in_headers_when_the_settings_say_so() -> None:
    async with serving(OK) as server:
        _, said = await call_once(server.port, A_READ, auth="header")

    line, headers, body = server.requests[0]
    assert line == "GET /v2/OpportunityManagement.svc/Details?Id=a%20b%2Fc HTTP/1.1"
    assert (headers["x-LSQ-AccessKey"], headers["x-LSQ-SecretKey"]) == (ACCESS_KEY, SECRET_KEY)
    assert body == b""
    assert said == ["written", "answered"]


async def test_calls_share_one_connection() -> None:
    async with serving(OK) as server, a_client(server.port) as client:
        for _ in range(5):
            await client.call(AN_UPDATE, RecordingPermit())

    assert (len(server.requests), server.connections) == (5, 1)


async def test_a_cookie_is_never_sent_back() -> None:
    answer = a_response(b"{}", "Set-Cookie: a=b")
    async with serving(answer) as server, a_client(server.port) as client:
        await client.call(AN_UPDATE, RecordingPermit())
        await client.call(AN_UPDATE, RecordingPermit())

    assert "Cookie" not in server.requests[1][1]


async def test_a_proxy_of_the_environment_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    async with serving(OK) as server:
        reply, _ = await call_once(server.port)

    assert isinstance(reply, Reply)


# ------------------------------------------------------------------ what comes back


@pytest.mark.parametrize("status", ["301 Moved", "302 Found", "307 Redirect", "308 Redirect"])
@pytest.mark.parametrize("request_", [AN_UPDATE, A_READ], ids=["POST", "GET"])
async def test_a_redirect_is_a_reply_and_is_not_followed(status: str, request_: Request) -> None:
    async with serving(OK) as elsewhere:
        location = f"Location: http://127.0.0.1:{elsewhere.port}/v2/x"
        async with serving(a_response(b"", location, status=status)) as server:
            reply, _ = await call_once(server.port, request_)

    assert isinstance(reply, Reply)
    assert reply.status == int(status[:3])
    assert elsewhere.requests == []


@pytest.mark.parametrize("status", ["400 Bad", "401 No", "404 Not Found", "429 Slow", "500 Oops"])
async def test_every_status_is_a_reply(status: str) -> None:
    async with serving(a_response(b"<html>", status=status)) as server:
        reply, said = await call_once(server.port)

    assert reply == Reply(status=int(status[:3]), body=b"<html>")
    assert said == ["written", "answered"]


async def test_a_compressed_body_is_unpacked() -> None:
    body = gzip.compress(b'{"Status":"Success"}')
    async with serving(a_response(body, "Content-Encoding: gzip")) as server:
        reply, _ = await call_once(server.port)

    assert reply == Reply(status=200, body=b'{"Status":"Success"}')


@pytest.mark.parametrize("packed", [False, True], ids=["as it is", "a gzip bomb"])
async def test_a_huge_body_is_cut_and_its_connection_closed(packed: bool) -> None:
    body = b"x" * (20 * LONGEST_ANSWER)
    answer = (
        a_response(gzip.compress(body), "Content-Encoding: gzip") if packed else a_response(body)
    )
    async with serving(answer) as server, a_client(server.port) as client:
        reply = await client.call(AN_UPDATE, RecordingPermit())
        await client.call(AN_UPDATE, RecordingPermit())

    assert reply == Reply(status=200, body=b"x" * LONGEST_ANSWER, truncated=True)
    assert server.connections == 2


@pytest.mark.parametrize(
    "head",
    [
        "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n",
        "HTTP/1.1 200 OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nX: ",
        "HTTP/1.1 ",
    ],
    ids=["a length", "no length", "a header", "a status"],
)
async def test_of_an_answer_without_an_end_little_is_taken(head: str) -> None:
    taken = 0

    async def pour(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal taken
        writer.write(head.encode())
        while True:
            writer.write(b"x" * 65536)
            await writer.drain()  # waits while the client takes nothing more, ends when it closes
            taken += 65536

    async with serving(pour) as server:
        reply, said = await call_once(server.port)

    assert said == ["written", "answered"]
    if isinstance(reply, Reply):
        assert (reply.truncated, len(reply.body)) == (True, LONGEST_ANSWER)
    else:
        assert (reply.kind, reply.written) == (NoReplyKind.RESET, True)
        assert len(reply.text) < 1000
    assert taken < 16 * LONGEST_ANSWER  # buffers of the system included


async def test_keys_that_a_page_repeats_are_taken_out_of_the_body() -> None:
    page = b"no such page: /v2/x?accessKey=u%24r1234567890abcdef&secretKey=" + SECRET_KEY.encode()
    async with serving(a_response(page, status="404 Not Found")) as server:
        reply, _ = await call_once(server.port)

    assert isinstance(reply, Reply)
    assert reply.body == b"no such page: /v2/x?accessKey=***&secretKey=***"


ANSWERED = "Date: Tue, 24 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ((), 0.0),
        (("Retry-After: 7",), 7.0),
        (("Retry-After: 1.5",), 1.5),
        (("Retry-After: -7",), 0.0),
        (("Retry-After: inf",), 0.0),
        (("Retry-After: soon",), 0.0),
        (("Retry-After: 999999999",), 86_400.0),
        ((ANSWERED, "Retry-After: Tue, 24 Nov 2026 10:00:30 GMT"), 30.0),
        ((ANSWERED, "Retry-After: Tue, 24 Nov 2026 09:00:00 GMT"), 0.0),
        (("Retry-After: Fri, 01 Jan 1999 00:00:00 GMT",), 0.0),
        (("Retry-After: Fri, 01 Jan 2999 00:00:00 GMT",), 86_400.0),
    ],
)  # fmt: skip
async def test_retry_after_is_read_as_seconds_or_as_a_date(
    headers: tuple[str, ...], seconds: float
) -> None:
    async with serving(a_response(b"", *headers, status="429 Slow")) as server:
        reply, _ = await call_once(server.port)

    assert isinstance(reply, Reply)
    assert reply.retry_after == seconds


# ------------------------------------------------------------------ no reply


def a_closed_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


async def test_a_refused_connection_was_never_written() -> None:
    reply, said = await call_once(a_closed_port())

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.CONNECT, False)
    assert reply.text
    assert said == ["unused"]
    assert_no_key_in(reply.text)


async def test_a_name_that_cannot_be_resolved_was_never_written(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def fail(*_: object, **__: object) -> list[Any]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fail)
    client = LeadSquaredClient(
        "https://api.invalid", access_key=ACCESS_KEY, secret_key=SECRET_KEY, clock=SystemClock()
    )
    permit = RecordingPermit()
    async with client:
        reply = await client.call(AN_UPDATE, permit)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.DNS, False)
    assert "Name or service not known" in reply.text
    assert permit.said == ["unused"]


@pytest.mark.parametrize("request_", [AN_UPDATE, A_READ], ids=["POST", "GET"])
async def test_a_connection_that_breaks_after_the_request_is_said_as_written_once(
    request_: Request,
) -> None:
    async with serving(break_off) as server:
        reply, said = await call_once(server.port, request_)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.RESET, True)
    assert said == ["written", "answered"]
    assert len(server.requests) == 1
    assert_no_key_in(reply.text)


@pytest.mark.parametrize("request_", [AN_UPDATE, A_READ], ids=["POST", "GET"])
async def test_a_kept_connection_that_breaks_is_not_repeated_below_the_quota(
    request_: Request,
) -> None:
    answers = iter([OK])

    async def answer_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        for answer in answers:
            writer.write(answer)
            return
        writer.transport.abort()

    async with serving(answer_once) as server, a_client(server.port) as client:
        await client.call(request_, RecordingPermit())
        permit = RecordingPermit()
        reply = await client.call(request_, permit)

    assert isinstance(reply, NoReply)
    assert permit.said == ["written", "answered"]
    assert (len(server.requests), server.connections) == (2, 1)


async def test_a_connection_that_was_closed_while_idle_is_replaced() -> None:
    async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(OK)
        raise EOFError

    async with serving(answer_and_close) as server, a_client(server.port) as client:
        await client.call(AN_UPDATE, RecordingPermit())
        async with asyncio.timeout(5):
            while server.connections == 1:
                reply = await client.call(AN_UPDATE, RecordingPermit())

    assert reply == Reply(status=200, body=b"{}")


async def test_no_answer_in_time_was_written() -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await asyncio.Event().wait()

    async with serving(say_nothing) as server:
        reply, said = await call_once(server.port, call_timeout=0.2)

    assert reply == NoReply(kind=NoReplyKind.TIMEOUT, written=True, text="none within 0.2 s")
    assert said == ["written", "answered"]


async def test_a_server_that_stops_reading_is_given_up() -> None:
    request = Request(method="POST", path="X", body=b"x" * (LONGEST_ANSWER - 1))
    with socket.socket() as listener:  # The system takes the connection; nobody reads.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        reply, said = await call_once(listener.getsockname()[1], request, call_timeout=0.5)

    assert reply == NoReply(kind=NoReplyKind.TIMEOUT, written=True, text="none within 0.5 s")
    assert said == ["written", "answered"]


async def test_a_body_that_comes_byte_by_byte_ends_with_the_call() -> None:
    async def dribble(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while True:
            writer.write(b" ")
            await writer.drain()
            await asyncio.sleep(0.02)

    async with serving(dribble) as server:
        reply, _ = await call_once(server.port, call_timeout=0.2)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.TIMEOUT, True)


async def test_a_server_that_accepts_no_connection_is_given_up() -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        # The backlog holds one or two; whoever comes later hangs in the handshake (Linux).
        waiting = [socket.socket() for _ in range(3)]
        for one in waiting:
            one.setblocking(False)
            one.connect_ex(listener.getsockname())
        reply, said = await call_once(
            listener.getsockname()[1], connect_timeout=0.2, call_timeout=0.5
        )
        for one in waiting:
            one.close()

    assert isinstance(reply, NoReply)
    # Where the system takes the connection all the same, the call times out instead.
    if reply.kind is NoReplyKind.CONNECT:
        assert (reply.written, reply.text, said) == (False, "none within 0.2 s", ["unused"])
    else:
        assert (reply.kind, reply.written) == (NoReplyKind.TIMEOUT, True)


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    ],
    ids=["cut off", "no gzip", "no chunks", "not HTTP", "a thousand headers"],
)
async def test_an_answer_that_is_broken_is_no_reply(answer: bytes) -> None:
    async def answer_and_close(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(answer)
        await writer.drain()
        raise EOFError

    async with serving(answer_and_close) as server:
        reply, said = await call_once(server.port)

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.RESET, True)
    assert said == ["written", "answered"]
    assert_no_key_in(reply.text)


@pytest.mark.parametrize("written", [True, False])
async def test_a_cancelled_call_ends_its_permit(written: bool) -> None:
    arrived = asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await asyncio.Event().wait()

    permit = RecordingPermit()
    async with serving(say_nothing) as server, a_client(server.port) as client:
        call = asyncio.create_task(client.call(AN_UPDATE, permit))
        if written:
            await arrived.wait()
        else:
            await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call

    assert permit.said == (["written", "answered"] if written else ["unused"])


async def test_a_client_that_is_not_open_says_so_and_spends_no_permit() -> None:
    permit = RecordingPermit()

    with pytest.raises(RuntimeError, match="async with"):
        await a_client(1).call(AN_UPDATE, permit)
    assert permit.said == ["unused"]


# ------------------------------------------------------------------ TLS


async def test_a_certificate_nobody_vouches_for_is_refused(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    async with serving(OK, tls=server_side(certificate)) as server:
        reply, said = await call_once(server.port, scheme="https")

    assert isinstance(reply, NoReply)
    assert (reply.kind, reply.written) == (NoReplyKind.TLS, False)
    assert "certificate verify failed" in reply.text
    assert said == ["unused"]
    assert server.requests == []


async def test_a_certificate_of_the_ca_file_is_trusted(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    async with serving(OK, tls=server_side(certificate)) as server:
        reply, _ = await call_once(server.port, scheme="https", ca_file=certificate.authority)

    assert reply == Reply(status=200, body=b"{}")


async def test_a_certificate_for_another_host_is_refused(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path, "api.leadsquared.com")
    async with serving(OK, tls=server_side(certificate)) as server:
        reply, _ = await call_once(server.port, scheme="https", ca_file=certificate.authority)

    assert isinstance(reply, NoReply)
    assert reply.kind is NoReplyKind.TLS


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1 is deprecated")
async def test_tls_before_1_2_is_refused(tmp_path: Path) -> None:
    certificate = a_certificate(tmp_path)
    old = server_side(certificate, newest=ssl.TLSVersion.TLSv1_1)
    async with serving(OK, tls=old) as server:
        reply, _ = await call_once(server.port, scheme="https", ca_file=certificate.authority)

    assert isinstance(reply, NoReply)
    assert reply.written is False
    assert server.requests == []


async def test_a_server_without_tls_is_refused() -> None:
    async with serving(OK) as server:
        reply, said = await call_once(server.port, scheme="https", call_timeout=0.5)

    assert isinstance(reply, NoReply)
    assert reply.written is False
    assert said == ["unused"]
    assert server.requests == []


@pytest.mark.parametrize("content", [None, b"not a certificate"])
async def test_a_ca_file_that_is_none_is_refused_with_its_path(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "roots.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SettingsError, match="LSQ_CA_FILE") as raised:
        async with a_client(1, ca_file=path):
            pass
    assert str(path) in str(raised.value)
