"""LibreOffice as a person uses it: opens a workbook, types, saves.

Owns the processes; what is typed is done by `type_in_office.py` in a Python that LibreOffice's
bridge is installed for, which is not ours.
"""

import functools
import json
import shutil
import subprocess
import uuid
from pathlib import Path
from typing import Any, Final

TYPIST: Final = Path(__file__).with_name("type_in_office.py")
LONGEST: Final = 120.0


@functools.cache
def missing() -> str:
    """What is not installed; "" when all is there."""
    if shutil.which("soffice") is None:
        return "LibreOffice (soffice) is not installed"
    return "" if _python() else "no Python here has LibreOffice's uno bridge (python3-uno)"


def _python() -> str:
    office = shutil.which("soffice") or ""
    beside = Path(office).resolve().with_name("python")
    for candidate in (str(beside), "/usr/bin/python3", "python3"):
        found = shutil.which(candidate) or ""
        asked = [found, "-c", "import uno"]
        if found and subprocess.run(asked, capture_output=True, check=False).returncode == 0:
            return found
    return ""


def typed(source: Path, target: Path, *, profile: Path, **edits: Any) -> None:
    """Open a workbook, type into it, and save it as ``target``."""
    pipe = f"migrator{uuid.uuid4().hex}"
    office = subprocess.Popen(
        [
            "soffice",
            "--headless",
            "--norestore",
            "--nologo",
            f"-env:UserInstallation={profile.absolute().as_uri()}",
            f"--accept=pipe,name={pipe};urp;",
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        done = subprocess.run(
            [_python(), str(TYPIST), pipe, str(source), str(target), json.dumps(edits)],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        office.wait(LONGEST)
    finally:
        office.kill()
        office.wait()
