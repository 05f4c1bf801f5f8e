"""The catalogue knows every code that the program gives, and each of them once."""

import re
from collections import Counter
from pathlib import Path

import pytest

from migrator.catalogue import Kind, all_kinds, find
from migrator.convert import Fault
from migrator.errors import ExitCode
from migrator.fit.misfit import Code
from migrator.profile import cautions

ROOT = Path(__file__).parents[2]
CODES = [kind.code for kind in all_kinds()]


def test_each_code_stands_once() -> None:
    assert [code for code, count in Counter(CODES).items() if count > 1] == []


@pytest.mark.parametrize("given", [Fault, Code])
def test_codes_of_problems_are_explained(given: type[Fault] | type[Code]) -> None:
    assert [one.value for one in given if one not in CODES] == []


def test_codes_that_are_written_out_are_explained() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("migrator/**/*.py"))
    written = set(re.findall(r'\bcode="([a-z-]+)"', text))

    assert len(written) > 30
    assert written - set(CODES) == set()


def test_cautions_of_forms_and_flaws_are_explained() -> None:
    forms = [said[0] for said in cautions._SAID_OF_FORMS.values()]
    flaws = list(cautions._FLAWS)

    assert {*forms, *flaws} - set(CODES) == set()


def test_exit_codes_are_explained_and_no_others() -> None:
    explained = {code for code in CODES if code.startswith("exit-")}

    assert explained == {f"exit-{int(code)}" for code in ExitCode}


def test_the_exceptions_that_the_vendor_names_are_told_apart() -> None:
    sandbox = "".join(
        path.read_text(encoding="utf-8") for path in ROOT.glob("migrator/sandbox/*.py")
    )
    names = set(re.findall(r"MX[A-Z][A-Za-z]+Exception", sandbox))

    assert len(names) >= 10
    assert [name for name in names if find(name) is None] == []


@pytest.mark.parametrize("kind", list(all_kinds()), ids=lambda kind: kind.code)
def test_a_kind_says_what_it_means_and_what_to_do(kind: Kind) -> None:
    assert re.fullmatch(r"[a-z]+(-[a-z0-9]+)*", kind.code)
    assert not kind.title.endswith(".")
    assert kind.means.endswith(".")
    assert kind.mend.endswith(".")
