"""HTTP calls to LeadSquared: aiohttp at its one boundary.

Owns the connection, the keys on their way out, and the translation of what aiohttp raises into
`NoReply`. It never interprets an answer, follows no redirect, and sends each call once.
"""

import base64
import os
import re
import ssl
from collections.abc import Awaitable, Callable
from email.utils import parsedate_to_datetime
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Final, Literal, Self
from urllib.parse import quote

import aiohttp
from yarl import URL

from migrator.errors import SettingsError
from migrator.model import NoReply, NoReplyKind, Reply, Request
from migrator.ports import Clock, Permit
from migrator.redact import printable, redact, redact_bytes, without_urls

MOST_CONNECTIONS: Final = 64  #: Calls in flight at most; 5 calls/s at 3 s of latency need 15.
KEEP_ALIVE_SECONDS: Final = 30.0  #: Longer than a pause of a window, shorter than gateways keep.
LONGEST_RETRY_AFTER: Final = 86_400.0  #: Seconds; a day. What asks for more is a fault.

ACCESS_KEY_HEADER: Final = "x-LSQ-AccessKey"  #: "Authentication", read 2026-11.
SECRET_KEY_HEADER: Final = "x-LSQ-SecretKey"  # noqa: S105 - a header's name

_SECONDS: Final = re.compile(r"\s*(\d{1,9}(?:\.\d{1,9})?)\s*", re.ASCII)


class LeadSquaredClient:
    """Makes calls; a `migrator.ports.Client`. Use it as ``async with``.

    Args:
        base_url: Scheme and host, such as "https://api-in21.leadsquared.com", checked by
            `settings`: the keys go wherever it says.
        access_key: Sent with every call; in no text that leaves this class.
        secret_key: The same.
        clock: For a Retry-After that is a date.
        auth: Whether the keys travel in the query, as the vendor's page shows, or in headers.
        ca_file: Certificates to trust besides the machine's own, in PEM.
        proxy: URL of a proxy, with name and password where it needs them; "" for none. https goes
            through it by CONNECT, so that it sees neither keys nor rows; http, which only this
            machine's sandbox speaks, never goes through it.
        connect_timeout: Seconds for name, connection and TLS together.
        call_timeout: Seconds for the whole call, the answer's body included.
    """

    def __init__(
        self,
        base_url: str,
        *,
        access_key: str,
        secret_key: str,
        clock: Clock,
        auth: Literal["query", "header"] = "query",
        ca_file: Path | None = None,
        proxy: str = "",
        connect_timeout: float = 10.0,
        call_timeout: float = 60.0,
    ) -> None:
        self._base_url = base_url
        # A proxy would read plain http, keys and all.
        self._proxy = _Proxy(proxy) if proxy and base_url.startswith("https:") else None
        self._keys = (access_key, secret_key)
        self._secrets = (*self._keys, *(self._proxy.secrets if self._proxy else ()))
        self._clock = clock
        self._auth = auth
        self._ca_file = ca_file
        self._connect_timeout, self._call_timeout = connect_timeout, call_timeout
        self._session: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                limit=MOST_CONNECTIONS,
                keepalive_timeout=KEEP_ALIVE_SECONDS,
                use_dns_cache=False,  # LeadSquared's front moves; new connections are few.
                resolver=aiohttp.ThreadedResolver(),  # The system's, whatever is installed.
                ssl=_tls_context(self._ca_file),
            ),
            timeout=aiohttp.ClientTimeout(total=self._call_timeout, connect=self._connect_timeout),
            # No more of them here: aiohttp tells a proxy the headers of its session in the clear.
            headers={"User-Agent": "leadsquared-migrator"},
            cookie_jar=aiohttp.DummyCookieJar(),
            trust_env=False,  # A proxy from the environment would be handed the keys.
            middlewares=(_send_once,),
            trace_configs=[_trace_of_writes()],
        )
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(self, request: Request, permit: Permit) -> Reply | NoReply:
        """Make one call with one permit, and end the permit, cancelled or not.

        Returns:
            The reply, its body cut at the request's `longest_answer` and free of the keys,
            whatever its status; or why there was none, and whether the server may have got the
            call all the same.
        """
        sending = _Sending(permit)
        try:
            return await self._exchange(request, sending)
        except (aiohttp.ClientError, OSError) as error:
            return self._no_reply(error, written=sending.is_written)
        finally:
            sending.end()

    async def _exchange(self, request: Request, sending: "_Sending") -> Reply:
        if self._session is None:
            raise RuntimeError("the client is used outside of its `async with`")
        async with self._session.request(
            request.method,
            self._url(request),
            headers=self._headers(),
            data=request.body or None,
            allow_redirects=False,
            proxy=self._proxy.url if self._proxy else None,
            proxy_headers=self._proxy.headers if self._proxy else None,
            trace_request_ctx=sending,
        ) as response:
            body, truncated = await _read_bounded(response, request.longest_answer)
            return Reply(
                status=response.status,
                # The keys alone: a proxy's password, which may be any word, never gets there.
                body=redact_bytes(body, self._keys),
                retry_after=_retry_after(response, self._clock.wall()),
                truncated=truncated,
                date=_timestamp(response.headers.get("Date", "")),
            )

    def _headers(self) -> dict[str, str]:
        headers = {
            "Accept": "application/json",
            # Other encodings than UTF-8 get a deterministic 400 (seen live).
            "Content-Type": "application/json; charset=utf-8",
        }
        if self._auth == "header":
            headers |= dict(zip((ACCESS_KEY_HEADER, SECRET_KEY_HEADER), self._keys, strict=True))
        return headers

    def _url(self, request: Request) -> URL:
        query = list(request.query)
        if self._auth == "query":
            query += zip(("accessKey", "secretKey"), self._keys, strict=True)
        # Encoded here and not by yarl, which would leave the "$" that begins every access key.
        encoded = "&".join(
            f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in query
        )
        path = f"{self._base_url}/v2/{request.path}"
        return URL(f"{path}?{encoded}" if encoded else path, encoded=True)

    def _no_reply(self, error: Exception, *, written: bool) -> NoReply:
        kind, text = _cause(error)
        if self._proxy and not written and not self._proxy.has_led_to(error, kind):
            kind, text = NoReplyKind.PROXY, _words_of_proxy(error, kind, text)
        if isinstance(error, TimeoutError):  # aiohttp's text is the URL with the keys, or nothing.
            seconds = self._connect_timeout if not written else self._call_timeout
            text = f"none within {seconds:g} s"
        return NoReply(kind=kind, written=written, text=redact(without_urls(text), self._secrets))


class _Proxy:
    """A proxy's address, and apart from it what it wants to know of us.

    aiohttp puts the address into texts of its own; so nothing may stand in it that is secret.
    """

    def __init__(self, url: str) -> None:
        given = URL(url)
        self.url = given.with_user(None)
        self.secrets: tuple[str, ...] = ()
        self.headers: dict[str, str] = {}
        if given.user is not None:
            password = given.password or ""
            both = f"{given.user}:{password}"
            self.secrets = (both, password)
            encoded = base64.b64encode(both.encode()).decode()
            self.headers = {"Proxy-Authorization": f"Basic {encoded}"}

    def has_led_to(self, error: Exception, kind: NoReplyKind) -> bool:
        """Whether an error before the writing is the target's own: its TLS alone can be."""
        if kind is not NoReplyKind.TLS:
            return False
        is_proxys = isinstance(error, aiohttp.ClientConnectorError) and (
            (error.host, error.port) == (self.url.host, self.url.port)
        )
        return not is_proxys


def _words_of_proxy(error: Exception, kind: NoReplyKind, text: str) -> str:
    """What a proxy did instead of leading on."""
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return f"it answers HTTP {error.status} {printable(error.message)}".rstrip()
    if isinstance(error, aiohttp.ClientResponseError):
        return "its answer is not HTTP"
    if kind in (NoReplyKind.DNS, NoReplyKind.TLS):
        return f"{kind}: {text}"
    return text if isinstance(error, aiohttp.ClientProxyConnectionError) else "it hangs up"


def _cause(error: Exception) -> tuple[NoReplyKind, str]:
    """The kind of failure, and the library's words for it."""
    for types, kind in _KINDS:
        if isinstance(error, types):
            return kind, _words_of(getattr(error, "os_error", error))
    return NoReplyKind.RESET, _words_of(error) or type(error).__name__


def _words_of(error: Exception) -> str:
    """The system's words; asyncio puts "Connect call failed" and an address in their place."""
    if isinstance(error, aiohttp.ClientResponseError):  # Its text holds whatever came.
        return "the answer is not HTTP"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer breaks off, or cannot be unpacked"
    if isinstance(error, OSError) and error.errno and "Connect call failed" in str(error):
        return os.strerror(error.errno)
    return str(error)


_KINDS: Final[tuple[tuple[type[Exception], NoReplyKind], ...]] = (
    (aiohttp.ClientProxyConnectionError, NoReplyKind.PROXY),
    (aiohttp.ClientHttpProxyError, NoReplyKind.PROXY),
    (aiohttp.ClientConnectorDNSError, NoReplyKind.DNS),
    (aiohttp.ClientSSLError, NoReplyKind.TLS),
    (ssl.SSLError, NoReplyKind.TLS),
    (aiohttp.ClientConnectorError, NoReplyKind.CONNECT),
    (aiohttp.ConnectionTimeoutError, NoReplyKind.CONNECT),
    (TimeoutError, NoReplyKind.TIMEOUT),
)
"""The first that fits counts: aiohttp's errors inherit from one another in this order."""


class _Sending:
    """What becomes of one permit while aiohttp works."""

    def __init__(self, permit: Permit) -> None:
        self._permit = permit
        self._awaits_body = False
        self.is_written = False

    def headers_sent(self, method: str) -> None:
        """Headers go to the socket together with the body's first piece, or alone in a GET."""
        self._awaits_body = method == "POST"
        if not self._awaits_body:
            self._note_write()

    def chunk_sent(self) -> None:
        if self._awaits_body:
            self._awaits_body = False
            self._note_write()

    def end(self) -> None:
        if self.is_written:
            self._permit.answered()
        else:
            self._permit.unused()

    def _note_write(self) -> None:
        self.is_written = True
        self._permit.written()


def _trace_of_writes() -> aiohttp.TraceConfig:
    """Tells each call's `_Sending` when aiohttp is about to write; the socket gets it next."""
    trace = aiohttp.TraceConfig()

    async def headers_sent(
        session: aiohttp.ClientSession,  # noqa: ARG001 - aiohttp's signature
        context: SimpleNamespace,
        parameters: aiohttp.TraceRequestHeadersSentParams,
    ) -> None:
        context.trace_request_ctx.headers_sent(parameters.method)

    async def chunk_sent(
        session: aiohttp.ClientSession,  # noqa: ARG001 - aiohttp's signature
        context: SimpleNamespace,
        parameters: aiohttp.TraceRequestChunkSentParams,  # noqa: ARG001 - aiohttp's signature
    ) -> None:
        context.trace_request_ctx.chunk_sent()

    trace.on_request_headers_sent.append(headers_sent)
    trace.on_request_chunk_sent.append(chunk_sent)
    return trace


class _ConnectionBrokeError(aiohttp.ClientError):
    """A connection that broke after it was there."""


async def _send_once(
    request: aiohttp.ClientRequest,
    handler: Callable[[aiohttp.ClientRequest], Awaitable[aiohttp.ClientResponse]],
) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending a GET a second time by itself.

    When a connection breaks, `ClientSession._request` repeats idempotent methods at once: a call
    beside the quota, hidden from whoever counts attempts. One layer retries, none below it. It
    repeats on `ClientOSError` and `ServerDisconnectedError` only, and a middleware stands
    between: another type of error passes through to us.
    """
    try:
        return await handler(request)
    except aiohttp.ClientConnectorError:
        raise  # Never repeated by aiohttp, and it tells the kind.
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _ConnectionBrokeError(str(error) or type(error).__name__) from error


def _tls_context(ca_file: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if ca_file is not None:
        try:
            context.load_verify_locations(cafile=ca_file)
        except OSError as error:  # An SSLError, when it holds no certificate, is one, too.
            raise SettingsError(
                f"LSQ_CA_FILE cannot be used: {error.strerror or error}",
                where=str(ca_file),
                advice="Name a readable file with certificates in PEM form, or unset LSQ_CA_FILE.",
            ) from error
    return context


async def _read_bounded(response: aiohttp.ClientResponse, longest: int) -> tuple[bytes, bool]:
    body = bytearray()
    async for piece in response.content.iter_any():
        body += piece
        if len(body) > longest:
            response.close()  # The rest is not wanted, so the connection is of no more use.
            return bytes(body[:longest]), True
    return bytes(body), False


def _retry_after(response: aiohttp.ClientResponse, now: float) -> float:
    """Seconds that the server asks for; 0.0 when it asks for none, or nothing sensible.

    A date is counted from the answer's own date where there is one: the two clocks may differ.
    """
    asked = response.headers.get("Retry-After", "")
    seconds = _SECONDS.fullmatch(asked)
    if seconds:
        return min(float(seconds[1]), LONGEST_RETRY_AFTER)
    until = _timestamp(asked)
    if until is None:
        return 0.0
    answered = _timestamp(response.headers.get("Date", ""))
    wait = until - (now if answered is None else answered)
    return min(max(0.0, wait), LONGEST_RETRY_AFTER)


def _timestamp(date: str) -> float | None:
    try:
        return parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
