"""What holds for all tests: which are for `make soak` only, and that none has a deadline."""

from collections.abc import Iterable

import pytest
from hypothesis import settings

# The machines are shared: how long an example takes says nothing.
settings.register_profile("migrator", deadline=None)
settings.load_profile("migrator")

LONG = ("test_kill_and_resume.py", "test_secrets.py", "test_stopping.py")
"""Acceptance files that take minutes together, and whose moments drift on a loaded machine; the
same facts are proved, smaller, in test_first_evening.py."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.soak)
