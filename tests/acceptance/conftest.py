"""What the acceptance tests start and end: sandboxes, and desks in front of them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.acceptance.rehearsal import Desk, SandboxProcess

StartSandbox = Callable[..., SandboxProcess]
OpenDesk = Callable[..., Desk]


@pytest.fixture
def start_sandbox(tmp_path: Path) -> Iterator[StartSandbox]:
    """Start a sandbox with options of the command; it ends with the test."""
    started: list[SandboxProcess] = []

    def start(*options: str) -> SandboxProcess:
        started.append(SandboxProcess.start(tmp_path / "sandbox", *options))
        return started[-1]

    yield start
    for sandbox in started:
        sandbox.stop()


@pytest.fixture
def open_desk(tmp_path: Path) -> Iterator[OpenDesk]:
    """Open a desk in front of a sandbox; what runs there ends with the test."""
    opened: list[Desk] = []

    def open_(sandbox: SandboxProcess, *, limit: str = "100/0.2", name: str = "desk") -> Desk:
        desk = Desk.at(tmp_path / name, sandbox, limit=limit)
        opened.append(desk)
        return desk

    yield open_
    for desk in opened:
        desk.leave()


@pytest.fixture
def sandbox(start_sandbox: StartSandbox) -> SandboxProcess:
    """A sandbox where nothing goes wrong by itself."""
    return start_sandbox()


@pytest.fixture
def desk(sandbox: SandboxProcess, open_desk: OpenDesk) -> Desk:
    """A desk in front of `sandbox`."""
    return open_desk(sandbox)
