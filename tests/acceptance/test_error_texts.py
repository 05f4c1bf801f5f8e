"""Every way it can go wrong, tried as a new user would: the texts are those that were reviewed."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.acceptance import error_cases
from tests.acceptance.error_scene import CASES, Case, Scene, reviewed, shown, write
from tests.acceptance.rehearsal import SandboxProcess

CALM = {
    "deactivated": False,
    "wrong_region": "",
    "faults": {},
    "down": False,
    "latency": 0,
    "latency_before": 0.5,
    "unknown": [],
    "created_on": "enabled",
    "blank": "clears",
}


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    sandbox = SandboxProcess.start(tmp_path_factory.mktemp("sandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def scene(tmp_path: Path, shared: SandboxProcess) -> Iterator[Scene]:
    scene = Scene.laid_out(tmp_path / "deals", shared)
    with scene.on_end:
        yield scene
    shared.change(**CALM)


@pytest.mark.parametrize(
    "case", [pytest.param(case, id=f"{case.group}: {case.title}") for case in CASES]
)
def test_the_text_is_the_reviewed_one(case: Case, scene: Scene) -> None:
    text = shown(case, scene)

    if os.environ.get("MIGRATOR_WRITE_TEXTS"):
        write(case, text)
    assert text == reviewed().get((case.group, case.title)), "review it: see error_texts.md"


def test_the_reviewed_file_holds_no_case_that_is_gone_and_none_twice() -> None:
    titles = [(case.group, case.title) for case in CASES]

    assert error_cases.GROUPS
    assert len(set(titles)) == len(titles)
    assert list(reviewed()) == titles
