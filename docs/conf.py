"""The documentation site: `make site` builds it from these pages, without the network.

Owns what Sphinx must be told so that the pages stay plain Markdown, which GitHub shows as well:
the navigation is made from the lists of links in index.md, a block that is a file (one that begins
with ```yaml deals.yaml) gets its name as a caption. It changes no page.
"""

import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sphinx.application import Sphinx

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from migrator import __version__  # noqa: E402 - found by the line above

project = "migrator"
version = release = __version__
project_copyright = ""
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
exclude_patterns = ["_static"]
suppress_warnings: list[str] = []
highlight_language = "text"

html_theme = "furo"
html_title = f"migrator {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_copyright = False
html_show_sphinx = False
html_theme_options = {"navigation_with_keys": True}

_FILE = re.compile(r"(?m)^```(\w+) (?!background$)([^\n]+)\n(.*?)^```$", re.DOTALL)
_SECTION = re.compile(r"(?m)^## ([^\n]+)\n(.*?)(?=^## |\Z)", re.DOTALL)
_PAGE = re.compile(r"\]\((?!\.\.)([\w/-]+)\.md\)")
_BESIDE = re.compile(r"\[([^\]]+)\]\((\.\./(?:tests|migrator|mappings)/[^)]+)\)")
_LEXERS = {"csv": "text", "sh": "bash"}


def _in_sphinx(app: "Sphinx", name: str, content: list[str]) -> None:
    """Give Sphinx a page as it needs it."""
    del app
    text = content[0]
    if name == "changes":
        text = (HERE.parent / "CHANGELOG.md").read_text(encoding="utf-8")
    if name == "index":
        text = _SECTION.sub(lambda found: found[0] + _tree(found[1], found[2]), text)
    text = text.replace("```console background\n", "```console\n")
    text = _FILE.sub(
        lambda found: (
            f"```{{code-block}} {_LEXERS.get(found[1], found[1])}\n"
            f":caption: {found[2]}\n\n{found[3]}```"
        ),
        text,
    )
    text = re.sub(r"(?m)^( *)```csv$", r"\1```text", text)
    content[0] = _BESIDE.sub(r"{download}`\1 <\2>`", text)


def _tree(title: str, listed: str) -> str:
    """The navigation of one section of index.md: the pages that it links to, in its order."""
    pages = list(dict.fromkeys(_PAGE.findall(listed)))
    if "reference/commands" in pages:
        # A generated page needs no line of its own to be found.
        there = sorted(f"reference/{page.stem}" for page in (HERE / "reference").glob("*.md"))
        pages += [page for page in there if page not in pages]
    lines = "\n".join(pages)
    return f"\n```{{toctree}}\n:hidden:\n:caption: {title}\n\n{lines}\n```\n\n" if pages else ""


def _for_keyboards(
    app: "Sphinx", name: str, template: str, context: dict[str, Any], doctree: object
) -> None:
    """Let examples that are wider than the page be scrolled without a mouse."""
    del app, name, template, doctree
    if "body" in context:
        context["body"] = context["body"].replace("<pre>", '<pre tabindex="0">')


def setup(app: "Sphinx") -> None:
    """Called by Sphinx."""
    app.connect("source-read", _in_sphinx)
    app.connect("html-page-context", _for_keyboards)
