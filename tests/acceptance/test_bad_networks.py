"""Whole runs over TLS, through proxies and in front of servers that misbehave.

The command is a process; proxies and relays are real sockets of this one.
"""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.acceptance.rehearsal import Desk, Ended, Exit, SandboxProcess, deals
from tests.acceptance.test_secrets import forms_of, written
from tests.certificates import a_certificate, server_side
from tests.integration.bad_network import Manner, Relay, a_relay
from tests.integration.proxies import a_proxy

ROWS = 30
NAME, PASSWORD = "migration-office", "pr0xy/Word 4711"
LOGIN = "migration-office:pr0xy%2FWord%204711"
PASSING = (
    Manner.SLOW,
    Manner.HUGE_BODY,
    Manner.CLOSES_AFTER_THE_HEADERS,
    Manner.CUTS,
    Manner.CUTS_AFTER_PASSING_ON,
    Manner.CLOSES_WHILE_IDLE,
)
"""The others take the minute after which a call is given up."""


async def run(desk: Desk, *options: str, code: int | None = Exit.OK) -> Ended:
    return await asyncio.to_thread(desk.run, *options, code=code)


def assert_each_row_once(desk: Desk, sandbox: SandboxProcess) -> None:
    assert desk.states() == {"succeeded": ROWS}
    wanted = Counter(f"Remark {number}" for number in range(1, ROWS + 1))
    notes = Counter[str]()
    for opportunity in sandbox.opportunities().values():
        notes += Counter(opportunity["notes"])
    assert notes == wanted


@asynccontextmanager
async def behind_tls(desk: Desk, sandbox: SandboxProcess, folder: Path) -> AsyncIterator[Relay]:
    """The sandbox is reached by https alone, with a certificate of a company's own."""
    certificate = a_certificate(folder)
    async with a_relay(sandbox.url, tls=server_side(certificate)) as relay:
        authority = str(certificate.authority)
        desk.environment |= {"LSQ_API_HOST": relay.url, "LSQ_CA_FILE": authority}
        desk.write_sheet(deals(ROWS))
        yield relay


# ------------------------------------------------------------------ proxies and certificates


@pytest.mark.parametrize("auth", ["query", "header"])
async def test_a_run_through_a_proxy_tells_it_nothing(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path, auth: str
) -> None:
    async with (
        behind_tls(desk, sandbox, tmp_path) as relay,
        a_proxy(login=f"{NAME}:{PASSWORD}") as proxy,
    ):
        desk.environment |= {"LSQ_PROXY": proxy.with_login(LOGIN), "LSQ_AUTH": auth}
        await run(desk)

    assert_each_row_once(desk, sandbox)
    assert relay.connections == len(proxy.heads)
    seen = "".join(proxy.heads) + proxy.passed.decode("latin-1")
    for key in (desk.environment["LSQ_ACCESS_KEY"], desk.environment["LSQ_SECRET_KEY"]):
        assert not [form for form in forms_of(key) if form in seen]
    assert_no_login_in(desk)


def assert_no_login_in(desk: Desk) -> None:
    for form in (NAME, LOGIN, *forms_of(PASSWORD)):
        found = [name for name, content in written(desk) if form.encode() in content]
        assert not found, f"{form} is in {found}"


async def test_a_wrong_password_for_the_proxy_sends_nothing_and_names_the_setting(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    async with behind_tls(desk, sandbox, tmp_path) as relay, a_proxy(login="a:b") as proxy:
        desk.environment["LSQ_PROXY"] = proxy.with_login(LOGIN)
        ended = await run(desk, code=Exit.TARGET)

    assert "it answers HTTP 407 Proxy Authentication Required" in ended.errors
    assert "Check LSQ_PROXY" in ended.errors
    assert relay.connections == 0
    assert_no_login_in(desk)


async def test_a_proxy_that_refuses_for_a_while_blames_no_row(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    async with behind_tls(desk, sandbox, tmp_path) as relay, a_proxy() as proxy:
        desk.environment["LSQ_PROXY"] = proxy.url
        relay.behave(Manner.CLOSES_WHILE_IDLE, times=10 * ROWS)  # each call needs the proxy
        desk.environment["LSQ_RATE_LIMIT"] = "10/0.5"
        running = asyncio.create_task(run(desk))
        await until(lambda: len(sandbox.updates) >= ROWS // 3, running)
        proxy.refusal = b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n"
        refused_from = len(proxy.heads)
        await until(lambda: len(proxy.heads) > refused_from + 6, running)
        proxy.refusal = b""
        ended = await running

    assert "the proxy of LSQ_PROXY gives no way through: it answers HTTP 502" in ended.errors
    assert_each_row_once(desk, sandbox)


async def until(is_so: Any, running: "asyncio.Task[Ended]") -> None:
    while not is_so():
        assert not running.done(), (await running).errors
        await asyncio.sleep(0.01)  # the log is a file of another process


TURNED_OFF = {
    "PYTHONHTTPSVERIFY": "0",
    "NODE_TLS_REJECT_UNAUTHORIZED": "0",
    "GIT_SSL_NO_VERIFY": "1",
    "REQUESTS_CA_BUNDLE": "",
    "CURL_CA_BUNDLE": "",
    "LSQ_VERIFY": "0",
    "LSQ_TLS_VERIFY": "false",
    "LSQ_INSECURE": "1",
    "LSQ_ALLOW_HOST": "127.0.0.1",
}


@pytest.mark.parametrize(
    ("host", "is_known"),
    [("127.0.0.1", False), ("api.leadsquared.com", True)],
    ids=["of nobody known", "of another host"],
)
@pytest.mark.parametrize("through", ["", "a proxy"], ids=["directly", "through a proxy"])
async def test_a_wrong_certificate_gets_nothing_whatever_is_set(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path, host: str, is_known: bool, through: str
) -> None:
    certificate = a_certificate(tmp_path, host)
    desk.write_sheet(deals(ROWS))
    async with (
        a_relay(sandbox.url, tls=server_side(certificate)) as relay,
        a_proxy() as proxy,
    ):
        desk.environment |= TURNED_OFF | {"LSQ_API_HOST": relay.url}
        if is_known:
            desk.environment["LSQ_CA_FILE"] = str(certificate.authority)
        if through:
            desk.environment["LSQ_PROXY"] = proxy.url
        ended = await run(desk, code=Exit.TARGET)

    assert "certificate verify failed" in ended.errors
    assert "LSQ_CA_FILE" in ended.errors
    assert sandbox.calls == []


def test_no_command_offers_to_trust_anybody(desk: Desk) -> None:
    for command in ("check", "run", "resume", "retry", "fields", "init", "ids"):
        options = re.findall(r"--[a-z-]+", desk.type(command, "--help").output)
        assert options
        assert not [
            name for name in options if re.search("insecure|no-verif|verify-|tls|ssl|cert", name)
        ]


# ------------------------------------------------------------------ bad servers


@pytest.mark.parametrize("manner", PASSING, ids=lambda manner: manner.name)
async def test_a_run_gets_past_a_bad_server(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path, manner: Manner
) -> None:
    async with behind_tls(desk, sandbox, tmp_path) as relay:
        relay.behave(manner, times=4)
        ended = await run(desk)

    assert relay.seen == {manner: 4}
    assert_each_row_once(desk, sandbox)
    assert "Traceback" not in ended.errors


@pytest.mark.soak
@pytest.mark.parametrize(
    "manner",
    [Manner.STOPS_READING, Manner.SILENT, Manner.TOO_SLOW],
    ids=lambda manner: manner.name,
)
async def test_a_run_gets_past_a_server_that_takes_the_whole_minute(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path, manner: Manner
) -> None:
    async with behind_tls(desk, sandbox, tmp_path) as relay:
        relay.behave(manner, times=4)
        relay.byte_every = 1.0
        typed = ("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5")
        await asyncio.to_thread(desk.end, desk.start(*typed), within=300)

    assert relay.seen == {manner: 4}
    assert_each_row_once(desk, sandbox)


async def test_a_redirect_takes_no_key_along(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    async with AsyncExitStack() as stack:
        relay = await stack.enter_async_context(behind_tls(desk, sandbox, tmp_path))
        other = await stack.enter_async_context(a_relay(sandbox.url))
        relay.elsewhere = other.url
        relay.behave(Manner.REDIRECTS, times=ROWS)
        ended = await run(desk, code=Exit.ACCESS)

    assert other.connections == 0
    assert "another address" in ended.errors
    assert desk.states() == {"planned": ROWS}
    assert sandbox.updates == []


async def test_a_server_that_is_gone_for_a_while_blames_no_row(
    desk: Desk, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    desk.environment["LSQ_RATE_LIMIT"] = "10/0.5"
    async with behind_tls(desk, sandbox, tmp_path) as relay:
        running = asyncio.create_task(run(desk))
        await until(lambda: len(sandbox.updates) >= ROWS // 3, running)
        await relay.goes()
        await asyncio.sleep(1.5)  # being gone is what is tried here
        await relay.comes_back()
        ended = await running

    assert "the CRM answers again: sending goes on" in ended.errors
    assert_each_row_once(desk, sandbox)
