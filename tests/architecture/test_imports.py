"""The dependency direction, and what a quick command must not import."""

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAVY = ("aiohttp", "pandas", "openpyxl", "pydantic", "ruamel", "sqlite3", "asyncio", "orjson")


def test_every_module_imports_only_what_stands_below_it() -> None:
    # A process of its own: import-linter sets up the logging of the whole process.
    code = (
        "from importlinter.cli import lint_imports; raise SystemExit(lint_imports(no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout


def _imported_by(*arguments: str) -> set[str]:
    code = (
        "import sys\n"
        "from migrator.cli import main\n"
        "try:\n"
        f"    main({list(arguments)!r})\n"
        "except SystemExit:\n"
        "    pass\n"
        "print('MODULES', *sorted(sys.modules))\n"
    )
    # The measurement of coverage would bring modules of its own.
    environment = {name: v for name, v in os.environ.items() if not name.startswith("COVERAGE")}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("MODULES"))
    return set(line.split())


def test_help_version_and_usage_errors_import_nothing_heavy() -> None:
    for arguments in (("--help",), ("--version",), ("run",), ("nonsense",), ("check", "--help")):
        assert not _imported_by(*arguments).intersection(HEAVY), arguments
