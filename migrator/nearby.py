"""A file that is not there: the one beside it that may be meant.

Owns that look into the folder; it opens no file.
"""

from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path


def instead_of(path: Path, endings: Collection[str]) -> str:
    """Where the trouble is, as sentences with a space after them; "" when nothing is near.

    Args:
        path: The file that is not there.
        endings: Of the files that may be meant, such as ".csv"; in lower case.
    """
    folder = path.parent
    if not folder.is_dir():
        return f"There is no folder {folder.absolute()}. "
    try:
        names = sorted(file.name for file in folder.iterdir())
    except OSError:
        return ""
    known = {
        name.casefold(): name
        for name in names
        if Path(name).suffix.lower() in endings and not name.startswith((".", "~$"))
    }
    wanted = path.name.casefold()
    near = [name for name in known if Path(name).stem == Path(wanted).stem]
    near += get_close_matches(wanted, known, n=1)
    return f'Did you mean "{known[near[0]]}"? ' if near else ""
