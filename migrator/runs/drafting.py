"""`init`: a first mapping for a sheet, from its cells and from what the account says.

Owns the way from the inspected sheet to a file that replaces none.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from migrator.drafting import Draft, Sheet, draft
from migrator.errors import UsageError
from migrator.loader.rows import DEFAULT_BUDGET
from migrator.mapping import did_you_mean, listed
from migrator.mapping.json_schema import json_schema, schema_text
from migrator.metadata import Metadata, TypeInfo
from migrator.runs.inspecting import Inspected, inspect_sheet
from migrator.zones import zone_names

_MOST_TRIED: Final = 1000
SCHEMA: Final = "mapping.schema.json"  #: Beside a draft, for editors.


def draft_mapping(
    path: str | Path,
    *,
    code: int | None = None,
    metadata: Metadata | None = None,
    timezone: str | None = None,
    id_column: str | None = None,
    reading: Mapping[str, Any] | None = None,
    beside: Path | None = None,
    budget: int = DEFAULT_BUDGET,
) -> Draft:
    """Draft a mapping for a sheet.

    Args:
        path: The sheet.
        code: The opportunity type's event code; None: the metadata's only type, else asked.
        metadata: What the account says of its types; None: no SchemaName is known.
        timezone: IANA name of the zone whose clock the sheet's times show; None: asked.
        id_column: The column that holds the opportunity's id; None: guessed, or asked.
        reading: How the sheet is read: parameters of `inspect_sheet` by name.
        beside: The file that the draft will be; its folder gets the mapping's JSON Schema, which
            the draft names for editors. None: the draft names none.
        budget: Bytes of memory that reading a workbook may take.

    Raises:
        UsageError: No such zone, type or column.
        SourceError: The sheet cannot be read.
    """
    if timezone is not None and timezone not in zone_names():
        raise UsageError(
            f'there is no time zone "{timezone}"',
            advice=f"{did_you_mean(timezone, zone_names())}A zone has an IANA name such as "
            "Asia/Kolkata.",
        )
    type_ = _the_type(metadata, code) if metadata is not None else None
    said = {name: value for name, value in (reading or {}).items() if value is not None}
    inspected = inspect_sheet(path, **said, budget=budget)
    names = [column.name for column in inspected.columns]
    if id_column is not None and id_column not in names:
        raise UsageError(
            f'the sheet has no column "{id_column}"',
            where=str(path),
            advice=f"{did_you_mean(id_column, names)}Its columns are {listed(names)}. Correct "
            "--id, or leave it out.",
        )
    return draft(
        _sheet(inspected, said),
        code=type_.code if type_ is not None else code,
        timezone=timezone,
        id_column=id_column,
        type_=type_,
        users=metadata.users if metadata is not None else (),
        schema=offer_schema(beside.parent) if beside is not None else "",
    )


def _sheet(inspected: Inspected, said: Mapping[str, Any]) -> Sheet:
    keys = {name: str(value) for name, value in said.items()}
    if "sheet" in keys or len(inspected.sheets) > 1:
        # By its name: a number would mean another sheet once one is moved.
        keys = {"sheet": inspected.sheet} | {k: v for k, v in keys.items() if k != "sheet"}
    return Sheet(
        file=inspected.path.name,
        rows=inspected.rows_read - inspected.refused,
        columns=inspected.columns,
        reading=tuple(keys.items()),
    )


def _the_type(metadata: Metadata, code: int | None) -> TypeInfo:
    """The type that is meant, which has its fields."""
    types = ", ".join(f"{one.code} ({one.name})" for one in metadata.types) or "none"
    if code is None:
        if len(metadata.types) != 1:
            raise UsageError(
                "which opportunity type is the sheet for?",
                advice=f"Name it by --type N. The metadata has: {types}.",
            )
        return metadata.types[0]
    found = metadata.type(code)
    if found is None:
        raise UsageError(
            f"the metadata has no opportunity type {code}",
            advice=f"It has: {types}. Correct --type, or write it anew: `migrator fields --type "
            f"{code} --save FILE`.",
        )
    return found


# ------------------------------------------------------------------ the files


def has_schema(folder: Path) -> bool:
    """Whether a folder has a file of the schema's name, whatever is in it."""
    return (folder / SCHEMA).exists()


def offer_schema(folder: Path) -> str:
    """The name of the mapping's JSON Schema in a folder, put there where it is missing.

    "" where a file of that name is something else; that one is left as it is.
    """
    path = folder / SCHEMA
    if not has_schema(folder):
        write_draft(schema_text(), path)
        return SCHEMA
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return ""
    is_ours = isinstance(found, dict) and found.get("title") == json_schema()["title"]
    return SCHEMA if is_ours else ""


def refuse_place(path: Path) -> None:
    """Refuse to write over anything, before the work is done.

    Raises:
        UsageError: There is a file already, and one that is free is named; or no folder for it.
    """
    if not any(folder.is_dir() for folder in (path.parent, path.parent.parent)):
        raise UsageError(
            "the folder for the draft does not exist",
            where=str(path),
            advice=f"Make {path.absolute().parent}, or name another file with -o FILE.",
        )
    if path.is_dir():
        raise UsageError(
            "this is a folder",
            where=str(path),
            advice=f"Name a file in it: -o {free_name(path / 'mapping.yaml')}.",
        )
    if path.exists() or path.is_symlink():
        raise UsageError(
            "there is a file of this name, and init replaces none",
            where=str(path),
            advice=f"This name is free: -o {free_name(path)}.",
        )


def free_name(path: Path) -> Path:
    """The path itself, or the first numbered one beside it that does not exist."""
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in range(2, _MOST_TRIED))
    return next((one for one in (path, *numbered) if not one.exists()), path)


def write_draft(text: str, path: Path) -> None:
    """Write a file whole or not at all, and never over another.

    Its folder is made where only that is missing.

    Raises:
        UsageError: There is a file already, or none can be written.
    """
    refuse_place(path)
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(exist_ok=True)
        part.write_text(text, encoding="utf-8", newline="\n")
        _publish(part, path)
    except FileExistsError:
        refuse_place(path)
        raise
    except OSError as error:
        raise UsageError(
            f"the draft cannot be written ({error.strerror or error})",
            where=str(path),
            advice="Name a file in a folder that you may write to: -o FILE.",
        ) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)


def _publish(part: Path, path: Path) -> None:
    """Give the file its name, unless another has taken it in the meantime."""
    try:
        # Unlike a rename, a link never replaces.
        path.hardlink_to(part)
    except FileExistsError:
        raise
    except OSError:  # a disk without links, such as exFAT
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(part.read_text(encoding="utf-8"))
