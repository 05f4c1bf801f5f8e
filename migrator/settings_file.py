"""`migrator.toml`: what is said of an account once, for every run.

Owns the file's place, its keys, and what is wrong with it, with its lines. Whose account it is and
how fast stand in the environment (`migrator.settings`); the file holds no keys. A file that is
wrong is refused whole: a slip must not become a rule.
"""

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from migrator.errors import SettingsError
from migrator.verdicts import MovedExceptions, cannot_be_moved, is_one_of

FILE_NAME: Final = "migrator.toml"
SETTINGS: Final = "MIGRATOR_SETTINGS"
LARGEST: Final = 1024 * 1024  #: Bytes; a longer file is no list of settings.

_TYPE: Final = re.compile(r"[A-Za-z_][\w.]{0,199}", re.ASCII)
_SHAPE: Final = 'Write a list of names, such as retry = ["MXConcurrencyException"].'
_SEE: Final = "docs/verdicts.md shows what may stand here."


def _exception_type(text: str) -> str:
    if not _TYPE.fullmatch(text):
        raise ValueError("is no ExceptionType")
    if cannot_be_moved(text):
        raise ValueError("means access or rate, and cannot be moved")
    return text


ExceptionType = Annotated[str, AfterValidator(_exception_type)]


class Exceptions(BaseModel):
    """ExceptionTypes of which the user knows better whether they pass."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    retry: list[ExceptionType] = Field(
        default=[], description="ExceptionTypes that may pass: the row is tried again"
    )
    final: list[ExceptionType] = Field(
        default=[], description="ExceptionTypes that speak of the row: it fails at once"
    )


class SettingsFile(BaseModel):
    """All that the file may say."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    exceptions: Exceptions = Field(default_factory=Exceptions)

    @property
    def moved(self) -> MovedExceptions:
        """What it moves."""
        return MovedExceptions(
            retry=tuple(self.exceptions.retry), final=tuple(self.exceptions.final)
        )


def read_settings_file(folder: Path, environ: Mapping[str, str]) -> SettingsFile:
    """The settings file; where there is none, nothing is said.

    Args:
        folder: Where `migrator.toml` is looked for.
        environ: `MIGRATOR_SETTINGS` in it names another file, which must be there.

    Raises:
        SettingsError: It cannot be read, or says what it may not.
    """
    named = environ.get(SETTINGS, "").strip()
    path = (folder / Path(named).expanduser()) if named else folder / FILE_NAME
    if not named and not path.exists():
        return SettingsFile()
    text = _text_of(path, is_named=bool(named))
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _no_toml(path, error) from error
    try:
        found = SettingsFile.model_validate(content)
    except ValidationError as error:
        raise _wrong(path, text, error) from error
    for name in found.moved.retry:
        if is_one_of(name, found.moved.final):
            line = _line_of(text, ("exceptions", "final"), name)
            raise SettingsError(
                f"{name} stands in both lists, retry and final",
                where=_where(path, line),
                advice="Keep it in one: retry where it may pass, final where it never does.",
            )
    return found


def _text_of(path: Path, *, is_named: bool) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise _unreadable(path, "it is too large for a list of settings", is_named=is_named)
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not UTF-8", is_named=is_named) from None
    except OSError as error:
        raise _unreadable(path, error.strerror or str(error), is_named=is_named) from error


def _unreadable(path: Path, why: str, *, is_named: bool) -> SettingsError:
    instead = f"Check {SETTINGS}, or unset it" if is_named else "Mend it, or move it away"
    return SettingsError(
        f"the settings file cannot be read ({why})",
        where=str(path.absolute()),
        advice=f"{instead}. It is a text in TOML; {_SEE}",
    )


def _no_toml(path: Path, error: tomllib.TOMLDecodeError) -> SettingsError:
    found = re.fullmatch(r"(.*?) \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    said, line = (found[1], int(found[2] or 0)) if found else (str(error), 0)
    return SettingsError(
        f"the settings file is no TOML ({said[:1].lower()}{said[1:]})",
        where=_where(path, line),
        advice=f"A section is [exceptions], a line name = value, a text stands in quotes. {_SEE}",
    )


def _wrong(path: Path, text: str, error: ValidationError) -> SettingsError:
    """The first thing that is wrong with what the file says."""
    details = error.errors(include_url=False)[0]
    loc = tuple(str(part) for part in details["loc"] if isinstance(part, str))
    given = details["input"]
    where = _where(path, _line_of(text, loc, given if isinstance(given, str) else None))
    if details["type"] == "extra_forbidden":
        problem, advice = _unknown(loc)
    elif details["type"] == "value_error":
        problem = f'"{given}" {details["ctx"]["error"]}'
        advice = _not_movable(given)
    elif len(loc) < 2:
        problem, advice = (
            f"{loc[0]} is no section",
            f"Write [{loc[0]}], and its lines below. {_SEE}",
        )
    else:
        problem, advice = f"{'.'.join(loc)} is no list of texts", _SHAPE
    return SettingsError(problem, where=where, advice=advice)


def _unknown(loc: tuple[str, ...]) -> tuple[str, str]:
    known = {(): list(SettingsFile.model_fields), ("exceptions",): list(Exceptions.model_fields)}
    allowed = known[loc[:-1]]
    near = get_close_matches(loc[-1], allowed, n=1)
    meant = f"Was {near[0]} meant? " if near else ""
    if len(loc) == 1:
        meant = f"Was [{near[0]}] meant? " if near else ""
        listed = ", ".join(f"[{name}]" for name in allowed)
        return f'unknown section or key "{loc[0]}"', f"{meant}Sections are: {listed}. {_SEE}"
    listed = ", ".join(allowed)
    return f'unknown key "{loc[-1]}" in [{loc[0]}]', f"{meant}Allowed here: {listed}."


def _not_movable(name: str) -> str:
    if cannot_be_moved(name):
        return (
            "Such an answer speaks of the whole account, of no row: the run pauses or stops by "
            "itself. Take it out."
        )
    return "Write the ExceptionType as `migrator status` shows it, such as MXXSSException."


# ------------------------------------------------------------------ lines

_SECTION: Final = re.compile(r"""\s*\[\s*["']?([\w-]+)["']?\s*\]""")
_KEY: Final = re.compile(r"""\s*["']?([\w-]+)["']?\s*[.=]""")


def _line_of(text: str, loc: tuple[str, ...], value: str | None) -> int:
    r"""The line of a section, of a key in it, or of a text in the key's list; 0 where not found.

    tomllib tells no lines of what it read. A file that is written in an unusual way may be
    misjudged here, in its line only.

    >>> _line_of('[exceptions]\nretry = [\n  "A",\n  "B"]', ("exceptions", "retry"), "B")
    4
    """
    section, found = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if heading := _SECTION.match(line):
            section = heading[1]
            found = number if loc[:1] == (section,) else 0
            if found and len(loc) == 1:
                return number
        elif (key := _KEY.match(line)) and not section and loc[:1] == (key[1],):
            found = number
        if found and len(loc) > 1 and (key := _KEY.match(line)) and key[1] == loc[1]:
            return _line_of_text(text, number, value)
    return found


def _line_of_text(text: str, first: int, value: str | None) -> int:
    if value is not None:
        for number, line in enumerate(text.splitlines()[first - 1 :], first):
            if f'"{value}"' in line or f"'{value}'" in line:
                return number
    return first


def _where(path: Path, line: int) -> str:
    return f"{path.absolute()}, line {line}" if line else str(path.absolute())
