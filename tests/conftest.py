"""Which tests are for `make soak` only, besides those that say so themselves."""

from collections.abc import Iterable

import pytest

LONG = ("test_kill_and_resume.py", "test_secrets.py", "test_stopping.py")
"""Acceptance files that take minutes together, and whose moments drift on a loaded machine; the
same facts are proved, smaller, in test_first_evening.py."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: Iterable[pytest.Item]) -> None:
    for item in items:
        if item.path.name in LONG:
            item.add_marker(pytest.mark.soak)
