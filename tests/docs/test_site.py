"""The documentation site builds without a warning, loads nothing from elsewhere, finds words."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from filelock import FileLock

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
LOADS = {"img": "src", "script": "src", "iframe": "src", "source": "src", "link": "href"}


class Loads(HTMLParser):
    """What a browser fetches to show a page; where a link leads is not among it."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value or "" for name, value in attrs if name == LOADS.get(tag)]
        self.found += [value or "" for name, value in attrs if name == "srcset"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; the first process of pytest-xdist builds it for all."""
    own = tmp_path_factory.getbasetemp()
    folder = (own.parent if "PYTEST_XDIST_WORKER" in os.environ else own) / "site"
    with FileLock(folder.with_name("site.lock")):
        if not (folder / "complete").exists():
            build(folder)
            (folder / "complete").touch()
    return folder / "html"


def build(folder: Path) -> None:
    options = ["-q", "-E", "-W", "--keep-going", "-b", "html", "-d", str(folder / "doctrees")]

    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *options, str(DOCS), str(folder / "html")],
        capture_output=True,
        encoding="utf-8",
        check=False,
    )

    assert done.returncode == 0, done.stderr


def loads_of(site: Path) -> Iterator[str]:
    for file in site.rglob("*"):
        if file.suffix == ".html":
            page = Loads()
            page.feed(file.read_text(encoding="utf-8"))
            yield from page.found
        if file.suffix in {".html", ".css", ".svg"}:
            text = file.read_text(encoding="utf-8")
            for found in re.finditer(r"""(?:url\(\s*|@import\s+)['"]?([^'")\s]+)""", text):
                yield found[1]


def test_no_page_loads_anything_from_another_host(site: Path) -> None:
    loads = list(loads_of(site))

    assert len(loads) > 500  # the check sees what is loaded
    assert [load for load in loads if re.match(r"(https?:)?//", load)] == []


def test_every_page_is_on_the_site_and_in_its_navigation(site: Path) -> None:
    pages = [page.relative_to(DOCS).with_suffix(".html") for page in DOCS.rglob("*.md")]
    front = (site / "index.html").read_text(encoding="utf-8")
    navigation = front.partition("sidebar-tree")[2].partition("</aside>")[0]

    assert len(pages) > 30
    for page in pages:
        assert (site / page).exists(), page
        if page.name != "index.html":
            assert f'href="{page.as_posix()}"' in navigation, page


def test_the_search_index_knows_where_a_word_stands(site: Path) -> None:
    text = (site / "searchindex.js").read_text(encoding="utf-8")
    index = json.loads(text.removeprefix("Search.setIndex(").removesuffix(")"))

    # The stem of "canary"; a word of headings alone stands among those of titles.
    numbers = {*index["terms"]["canari"], *index["titleterms"]["canari"]}

    assert {"brakes-and-outages", "real-migration"} <= {index["docnames"][n] for n in numbers}


def test_a_file_on_a_page_has_its_name_as_a_caption(site: Path) -> None:
    page = (site / "real-migration.html").read_text(encoding="utf-8")

    assert re.search(r'class="caption-text">deals\.yaml</span>', page)


def test_a_wide_example_can_be_scrolled_with_the_keyboard(site: Path) -> None:
    page = (site / "failed-rows.html").read_text(encoding="utf-8")

    assert '<pre tabindex="0">' in page
    assert "<pre>" not in page
