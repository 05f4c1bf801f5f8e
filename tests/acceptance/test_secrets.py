"""The keys are in nothing that is written: no file, no line of output (THREATS T1).

The sandbox is told the keys and prints them; its own folder and output are not searched.
"""

import base64
import urllib.parse
from collections.abc import Iterator

import pytest

from tests.acceptance.conftest import OpenDesk, StartSandbox
from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    HAS_SIGNALS,
    MAPPING,
    SECRET_KEY,
    Deal,
    Desk,
    Exit,
    deals,
    guid,
)
from tests.acceptance.test_stopping import closed_port

WRONG_ACCESS, WRONG_SECRET = "u$rMistyped+0816", "mIstyped/Secret=="
TROUBLE = (
    "lost_before=0.05,lost_after=0.05,rate429=0.02,http500_html=0.05,http503=0.05,truncated=0.05,"
    "foreign404=0.02,mx500=0.05,http400=0.05"
)


def test_after_an_evening_of_failures_the_keys_are_in_nothing_that_was_written(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    sandbox = start_sandbox("--faults", TROUBLE, "--seed", "4", "--latency", "0.05")
    desk = open_desk(sandbox)
    rows = [*deals(60), Deal(opportunity=guid(61), name="x", amount="no number")]
    desk.write_sheet(rows)
    desk.environment["LSQ_AUTH"] = "header"
    desk.write_mapping(
        f"{MAPPING}# keys: {ACCESS_KEY} and {SECRET_KEY}, secretKey={WRONG_SECRET}\n"
    )
    desk.type("check", "deals.csv", "-m", "deals.yaml", code=None)

    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5")
    sandbox.wait_for_updates(20, process)
    process.kill()
    desk.end(process)
    desk.type("resume", "--yes", "--patience", "0.5", code=Exit.ATTENTION)
    desk.type("export", "--all", "-o", "all.csv")
    desk.type("status")
    desk.type("report", "-o", "report.html")
    desk.type("report", "-o", "report.md")
    desk.type("report", "--format", "json")
    desk.environment["LSQ_AUTH"] = "query"  # errors of the connection carry the keys with the URL
    desk.type("retry", "--yes", "--json", "--patience", "0.5", code=Exit.ATTENTION)
    sandbox.change(faults={}, deactivated=True)
    desk.type("retry", "--yes", code=Exit.ACCESS)
    sandbox.change(deactivated=False, wrong_region="api-in21.leadsquared.com")
    desk.type("resume", "--yes", code=Exit.ACCESS)
    _with_wrong_keys(desk)
    _with_an_unreachable_host(desk)

    assert {"succeeded", "rejected"} < desk.states().keys()
    everything = dict(written(desk))
    assert {"migrator.db", "all.csv", "report.html", "(output)"} <= everything.keys()
    assert b"# keys: *** and ***, secretKey=***" in everything["report.html"]
    assert b"mx_Custom_6" in everything["migrator.db"]
    for key in (ACCESS_KEY, SECRET_KEY, WRONG_ACCESS, WRONG_SECRET):
        for form in forms_of(key):
            found = [name for name, content in everything.items() if form.encode() in content]
            assert not found, f"{form} is in {found}"


def test_a_key_that_the_crm_repeats_in_its_answer_is_not_kept(
    start_sandbox: StartSandbox, open_desk: OpenDesk
) -> None:
    # The 401 of a wrong region names a host; here that name holds the key.
    sandbox = start_sandbox("--wrong-region", f"{SECRET_KEY}.leadsquared.com")
    desk = open_desk(sandbox)
    desk.write_sheet(deals(2))

    ended = desk.run(code=Exit.ACCESS)

    assert ".leadsquared.com" in ended.errors
    for form in forms_of(SECRET_KEY):
        assert not [name for name, content in written(desk) if form.encode() in content]


@pytest.mark.skipif(not HAS_SIGNALS, reason="a mode of files is POSIX's")
def test_the_ledger_is_its_owners_alone(start_sandbox: StartSandbox, open_desk: OpenDesk) -> None:
    sandbox = start_sandbox("--latency", "0.1")
    desk = open_desk(sandbox, limit="20/0.2")
    desk.write_sheet(deals(100))
    process = desk.start("run", "deals.csv", "-m", "deals.yaml", "--yes")
    sandbox.wait_for_updates(10, process)

    modes = {
        path.name: path.stat().st_mode & 0o777 for path in desk.folder.glob("migrator.db*")
        if not path.name.endswith(".lock")
    }  # fmt: skip
    assert modes.keys() >= {"migrator.db", "migrator.db-wal"}
    assert set(modes.values()) == {0o600}
    desk.end(process)


def test_no_argument_takes_a_key(start_sandbox: StartSandbox, open_desk: OpenDesk) -> None:
    desk = open_desk(start_sandbox())

    for command in ("check", "run", "resume", "retry", "export", "report"):
        offered = desk.type(command, "--help").output.lower()
        assert "key" not in offered.replace("these keys belong", ""), command


def forms_of(key: str) -> set[str]:
    """The key as it could stand in a text: raw, URL-encoded, Base64 at any offset."""
    forms = {key, urllib.parse.quote(key, safe=""), urllib.parse.quote_plus(key)}
    forms |= {form.lower() for form in forms} | {urllib.parse.quote(key)}
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            data = b"\0" * offset + key.encode()
            whole = encode(data).decode()
            # Without the characters that hold bits of what stands before or after.
            forms.add(whole[(offset * 8 + 5) // 6 : len(data) * 8 // 6])
    return forms


def test_the_search_would_find_a_key_in_each_form() -> None:
    header = base64.b64encode(f"user:{SECRET_KEY}:x".encode()).decode()
    query = urllib.parse.urlencode({"secretKey": SECRET_KEY})

    for text in (f"key {SECRET_KEY}.", header, query, query.lower()):
        assert any(form in text for form in forms_of(SECRET_KEY)), text


def _with_wrong_keys(desk: Desk) -> None:
    right = dict(desk.environment)
    desk.write_sheet(deals(2), name="other.csv")
    desk.environment |= {"LSQ_ACCESS_KEY": WRONG_ACCESS, "LSQ_SECRET_KEY": WRONG_SECRET}
    desk.run(sheet="other.csv", code=Exit.ACCESS)
    desk.environment |= {"LSQ_API_HOST": f"https://{WRONG_ACCESS}:{WRONG_SECRET}@127.0.0.1"}
    desk.run(sheet="other.csv", code=5)
    desk.environment |= right


def _with_an_unreachable_host(desk: Desk) -> None:
    right = dict(desk.environment)
    address = f"http://127.0.0.1:{closed_port()}"
    desk.environment |= {"LSQ_API_HOST": address, "LSQ_ACCESS_KEY": WRONG_ACCESS}
    desk.run(sheet="other.csv", code=Exit.TARGET)
    desk.environment |= right


def written(desk: Desk) -> Iterator[tuple[str, bytes]]:
    """Every file below the desk by its name, and all that was printed."""
    for path in desk.folder.rglob("*"):
        if path.is_file():
            yield path.name, path.read_bytes()
    yield "(output)", "\n".join(desk.said).encode()
