"""`migrator report`: the ledger's own figures, on a page that is sound and loads nothing."""

import json
import re
from html.parser import HTMLParser
from typing import Any, Final

import pytest

from tests.acceptance.rehearsal import (
    ACCESS_KEY,
    MAPPING,
    SECRET_KEY,
    Deal,
    Desk,
    Exit,
    SandboxProcess,
    deals,
    guid,
)

VOID: Final = {"meta", "br", "path", "use", "hr", "link", "img", "input"}
AS_STATUS: Final = (
    "rows_read", "blank_rows", "states", "is_whole", "unfinished", "in_doubt_note_only", "waiting",
    "merged", "corrected", "notes_possibly_twice", "calls", "verified", "otherwise", "conflicts",
)  # fmt: skip


class Sound(HTMLParser):
    """Refuses what a strict reader would: a tag that is not closed, an id twice, a dead link."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.ids: list[str] = []
        self.named: list[str] = []
        self.levels: list[int] = []
        self.loads: list[str] = []
        self.tags: set[str] = set()
        self.unscoped = 0
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs), f"an attribute twice in <{tag}>"
        self.tags.add(tag)
        if tag not in VOID:
            self.open.append(tag)
        self.ids += [value or "" for name, value in attrs if name == "id"]
        self.named += (given.get("aria-labelledby") or "").split()
        href = given.get("href") or ""
        if href.startswith("#"):
            self.named.append(href[1:])
        self.loads += [given[name] or "" for name in ("src", "srcset", "data") if name in given]
        self.loads += [href] if href and not href.startswith("#") else []
        if re.fullmatch("h[1-6]", tag):
            self.levels.append(int(tag[1]))
        self.unscoped += tag == "th" and "scope" not in given

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open, f"</{tag}> closes nothing"
            assert self.open.pop() == tag, f"</{tag}> at {self.getpos()}"


@pytest.fixture
def reported(sandbox: SandboxProcess, desk: Desk) -> Desk:
    """40 rows that succeeded and were read back, one that failed, one that was rejected."""
    sandbox.change(unknown=[guid(41)])
    known = [{"id": guid(n), "fields": {"mx_Custom_11": "West"}} for n in range(1, 41)]
    sandbox.ask("POST", "opportunities", known)
    desk.write_sheet([*deals(41), Deal(opportunity=guid(42), name="<i>Two", amount="<b>about 5")])
    desk.run("--verify", code=Exit.ATTENTION)
    return desk


def page(desk: Desk, *options: str) -> str:
    desk.type("report", *options, "-o", "report.html")
    return (desk.folder / "report.html").read_text(encoding="utf-8")


def as_json(desk: Desk, *options: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(desk.type("report", *options, "--format", "json").output)
    return content


def test_the_balance_is_that_of_status(reported: Desk) -> None:
    status, report = reported.status(), as_json(reported)

    assert report["balance"] == {name: status[name] for name in AS_STATUS}
    assert report["reasons"] == status["reasons"]
    assert report["next"] == status["next"]
    assert report["balance"]["states"]["succeeded"] == 40
    text = page(reported)
    assert "= 42 rows read" in text
    assert "succeeded (of these 40 verified)" in text


def test_every_call_of_the_ledger_is_in_a_bucket(reported: Desk) -> None:
    report = as_json(reported)
    sql = "SELECT verdict, count(*) AS n FROM calls GROUP BY verdict"
    asked = reported.type("ledger", "query", sql, "--format", "json").output
    in_ledger = {one["verdict"]: one["n"] for one in json.loads(asked)}

    assert report["course"]["verdicts"] == in_ledger
    buckets = report["speed"]["buckets"]
    assert sum(bucket["calls"] for bucket in buckets) == report["balance"]["calls"] == 41
    assert sum(bucket["rows"].get("succeeded", 0) for bucket in buckets) == 40
    assert report["speed"]["limit_per_second"] == 500.0


def test_what_was_there_before_is_counted_against_what_was_written(reported: Desk) -> None:
    found = as_json(reported)["before_and_after"]

    assert (found["opportunities"], found["with_image"]) == (40, 40)
    (region,) = (one for one in found["fields"] if one["schema_name"] == "mx_Custom_11")
    assert {one["value"]: (one["before"], one["after"]) for one in region["values"]} == {
        "West": (40, 0),
        "South": (0, 40),
    }


def test_the_page_is_sound_and_loads_nothing(reported: Desk) -> None:
    text = page(reported)
    found = Sound(text)

    assert len(found.ids) == len(set(found.ids))
    assert set(found.named) <= set(found.ids)
    assert found.loads == []
    assert found.tags.isdisjoint({"script", "iframe", "object", "link", "img", "form", "base"})
    assert not re.search(r"https?://|@import|url\((?!#)", text.replace("http://127.0.0.1", ""))
    assert found.levels[0] == 1
    assert found.levels.count(1) == 1
    for above, below in zip(found.levels, found.levels[1:], strict=False):
        assert below <= above + 1
    assert found.unscoped == 0
    assert '<html lang="en">' in text
    assert 'name="viewport"' in text
    assert text.count('role="img"') == 4  # two charts, each for a desk and for a phone
    assert "<i>Two" not in text
    assert "&lt;b&gt;about 5" in text


def test_the_mapping_stands_in_it_without_keys(sandbox: SandboxProcess, desk: Desk) -> None:
    mapping = (desk.folder / "deals.yaml").read_text(encoding="utf-8")
    desk.write_mapping(f"{mapping}# {ACCESS_KEY} / {SECRET_KEY}\n# agreed with sales\n")
    desk.write_sheet(deals(2))
    desk.run()
    (desk.folder / "deals.yaml").unlink()

    texts = [page(desk), as_json(desk)["run"]["mapping"]["text"]]
    texts.append(desk.type("report", "--format", "md").output)

    for text in texts:
        assert "# agreed with sales" in text
        assert ACCESS_KEY not in text
        assert SECRET_KEY not in text


def test_rows_that_need_a_person_stand_in_a_table_with_what_to_do(reported: Desk) -> None:
    report = as_json(reported)
    rows = report["attention"]["rows"]

    assert [(one["row"], one["state"]) for one in rows] == [(42, "failed"), (43, "rejected")]
    assert all(one["reason"] and one["advice"] for one in rows)
    assert report["attention"]["command"].startswith("migrator export r1-")
    assert report["attention"]["command"] in page(reported)


def test_a_run_that_was_stopped_says_so_at_the_top(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(5))
    desk.run("--limit", "2", code=Exit.STOPPED)

    assert "This run is not finished: 3 rows are left" in page(desk)
    assert "not finished: 3 rows left" in desk.type("report", "--format", "md").output

    desk.type("resume", "--yes")
    assert "not finished" not in page(desk)
    assert len(as_json(desk)["run"]["commands"]) == 2


def test_a_run_without_calls_makes_a_page(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet([Deal(opportunity=guid(1), name="One", amount="no number")])
    desk.run(code=Exit.ATTENTION)

    text = page(desk)

    Sound(text)
    assert "No update was sent." in text
    assert as_json(desk)["speed"]["buckets"] == []


def test_an_undo_and_what_it_undoes_name_each_other(
    reported: Desk, sandbox: SandboxProcess
) -> None:
    edited = [{"id": guid(3), "fields": {"mx_Custom_1": "Edited"}}]
    sandbox.ask("POST", "opportunities", edited)
    reported.type("undo", "r1", "--yes", "--patience", "0.5", code=None)

    original, undo = as_json(reported, "r1"), as_json(reported, "r2")

    assert original["run"]["undone_by"] == [undo["run"]["id"]]
    assert undo["run"]["parent"] == original["run"]["id"]
    assert undo["run"]["mapping"] == original["run"]["mapping"]
    assert [one["found"] for one in undo["kept"]["values"]] == ["Edited"]
    assert undo["kept"] == original["kept"]
    assert "This run was undone" in page(reported, "r1")
    Sound(page(reported, "r2"))


def test_a_reconcile_tells_its_conflicts(desk: Desk, sandbox: SandboxProcess) -> None:
    desk.write_sheet(deals(4))
    told = ("reconcile", "deals.csv", "-m", "deals.yaml", "--yes", "--patience", "0.5")
    desk.type(*told, "--max-changes", "100%", code=None)
    sandbox.ask("POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_1": "Theirs"}}])
    changed = deals(4)
    changed[1] = Deal(opportunity=guid(2), name="Ours", amount="2.50", region="South")
    desk.write_sheet(changed)
    desk.type(*told, "--max-changes", "100%", code=None)

    report = as_json(desk)

    assert report["run"]["kind"] == "reconcile"
    (conflict,) = report["in_conflict"]["values"]
    assert (conflict["wanted"], conflict["found"]) == ("Ours", "Theirs")
    assert "In conflict" in page(desk)


def test_a_report_replaces_a_report_and_nothing_else(reported: Desk) -> None:
    page(reported)
    first = reported.type("report", "-o", "report.html")
    before = (reported.folder / "deals.csv").read_bytes()

    reported.type("report", "--format", "html", "-o", "deals.csv", code=Exit.USAGE)
    reported.type("report", "-o", "report.pdf", code=Exit.USAGE)
    reported.type("report", code=Exit.USAGE)

    assert first.errors.startswith("report of run r1-")
    assert (reported.folder / "deals.csv").read_bytes() == before
    assert reported.status()["is_whole"]


def test_a_row_that_goes_with_one_that_failed_needs_a_person_too(
    sandbox: SandboxProcess, desk: Desk
) -> None:
    desk.write_mapping(MAPPING.replace('Remarks}"', 'Remarks}", rows_per_opportunity: merge'))
    desk.write_sheet([*deals(3), Deal(opportunity=guid(2), name="Again")])
    sandbox.strike("mx_input", opportunity=guid(2), path="Update")
    desk.run(code=Exit.ATTENTION)

    attention = as_json(desk)["attention"]

    assert [row["row"] for row in attention["rows"]] == [3, 5]
    assert attention["total"] == 2
