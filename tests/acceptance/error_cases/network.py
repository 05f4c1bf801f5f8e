"""What keeps an answer of LeadSquared's away: names, connections, proxies, gateways, redirects."""

import http.server
import signal
import socket
import subprocess
import threading
from contextlib import closing
from typing import Any, ClassVar

import pytest

from tests.acceptance.error_scene import IS_POSIX, Group, Scene
from tests.acceptance.rehearsal import Ended, deals

case = Group("The network")
HOST = "Who-am-I is answered by "
WITHOUT_READS = "migrator run deals.csv -m deals.yaml --yes --no-before-image"
STAYS_DOWN = "The CRM goes away in the middle of a run, and Ctrl-C"


# ------------------------------------------------------------------ what can be typed as a host

for typed, what in {
    "https://evil.com": "A host that is not LeadSquared's",
    "api-in21.leadsquared.com/v2/": "A host with a path behind it",
    "user@api-in21.leadsquared.com": "A host with a user before it",
    "http://api-in21.leadsquared.com": "A real host with http://",
    "htp://api-in21.leadsquared.com": "A real host with https:// misspelt",
    "127.0.0.1:8080": "The sandbox's address without http://",
    "api-in21.leadsquared.com:99999": "A host with an impossible port",
    "https:/api-in21.leadsquared.com": "A host with a slash missing",
}.items():

    @case(what, code=5)
    def _(at: Scene, typed: str = typed) -> None:
        at.set(LSQ_API_HOST=typed)


@case("LSQ_ALLOW_HOST with https:// in it", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST="crm.example", LSQ_ALLOW_HOST="https://crm.example")


@case("LSQ_CA_FILE names no file", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_CA_FILE="company.pem")


@case("LSQ_PROXY that is no proxy", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_PROXY="proxy.example:3128")


@case("LSQ_SHARE in per cent", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_SHARE="80%")


@case("LSQ_QUOTA of another name", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_QUOTA="fast")


@case("LSQ_RATE_LIMIT that is no rate", code=5)
def _(at: Scene) -> None:
    at.set(LSQ_RATE_LIMIT="25")


# ------------------------------------------------------------------ no answer


@case("Nothing listens at the address", code=7)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=f"http://127.0.0.1:{closed_port()}")
    at.differs[r"no connection: [^)]*\)"] = "no connection: {what the system says})"


@case("The host's name is not known", code=7)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST="crm.invalid", LSQ_ALLOW_HOST="crm.invalid")
    at.differs[r"resolved: [^)]*\)"] = "resolved: {what the system says})"


@case("The proxy of LSQ_PROXY is not there", code=7)
def _(at: Scene) -> None:
    proxy = f"http://user:hunter2@127.0.0.1:{closed_port()}"
    at.set(LSQ_API_HOST="crm.invalid", LSQ_ALLOW_HOST="crm.invalid", LSQ_PROXY=proxy)
    at.differs[r"way through: [^)]*\)"] = "way through: {what the system says})"


@case("https where only http is spoken", code=7)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=at.sandbox.url.replace("http:", "https:"))
    at.differs[r"not secure: [^)]*\)+"] = "not secure: {what OpenSSL says})"


# ------------------------------------------------------------------ somebody else answers


@case(HOST + "a login page (200)", code=7)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, everything=200))


@case(HOST + "a firewall (403)", code=8)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, everything=403))


@case(HOST + "another web server (404)", code=8)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, everything=404))


@case(HOST + "a gateway that reaches nothing (502)", code=7)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, everything=502))


@case(HOST + "a redirect (302)", code=8)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, everything=302))


@case("A firewall answers in the middle of a run (403)", WITHOUT_READS, code=8, sends=None)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, updates=403))
    at.write_sheet(deals(1))


@case("A redirect in the middle of a run (302)", WITHOUT_READS, code=8, sends=None)
def _(at: Scene) -> None:
    at.set(LSQ_API_HOST=gateway(at, updates=302))
    at.write_sheet(deals(1))


@case(f"{STAYS_DOWN} (502)", WITHOUT_READS, code=130, sends=None)
def _(at: Scene) -> None:
    interrupted_while_down(at, status=502)


@case(f"{STAYS_DOWN} (a login page, 200)", WITHOUT_READS, code=130, sends=None)
def _(at: Scene) -> None:
    interrupted_while_down(at, status=200)


# ------------------------------------------------------------------ the machinery


def closed_port() -> int:
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


def gateway(at: Scene, *, everything: int = 0, updates: int = 0) -> str:
    """A server that knows the user, and answers the rest, or everything, with a page."""

    class Page(http.server.BaseHTTPRequestHandler):
        protocol_version: ClassVar[str] = "HTTP/1.1"

        def answer(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            status, body, kind = everything or updates, PAGE, "text/html"
            if not everything and "UserByAccessKey" in self.path:
                status, body, kind = 200, b'{"OrgShortCode": "22824"}', "application/json"
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "https://login.example/?next=/v2")
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = answer  # noqa: N815 - http.server's names

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    at.on_end.callback(server.server_close)
    at.on_end.callback(server.shutdown)
    return f"http://127.0.0.1:{server.server_port}"


PAGE = b"<!DOCTYPE html><html><head><title>Welcome to ACME network</title></head></html>"


def interrupted_while_down(at: Scene, *, status: int) -> None:
    """Ctrl-C as soon as it is said that the CRM is probed."""
    if not IS_POSIX:
        pytest.skip("signals to processes are POSIX's")
    at.set(LSQ_API_HOST=gateway(at, updates=status))
    at.write_sheet(deals(5))
    at.differs[r" {6,}\d+  updates? sent"] = "       {n}  updates sent"

    def until_probed(scene: Scene, command: list[str]) -> Ended:
        process = subprocess.Popen(
            command,
            cwd=scene.folder,
            env=scene.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        assert process.stderr is not None
        errors = ""
        while "sending pauses" not in errors:
            line = process.stderr.readline()
            assert line, errors
            errors += line
        process.send_signal(signal.SIGINT)
        ended = scene.end(process)
        return Ended(code=ended.code, output=ended.output, errors=errors + ended.errors)

    at.how = until_probed
