"""The settings' texts: the environment, and a `.env` file in the working folder below it.

Owns where settings are looked for; what they mean is `migrator.settings`. What the environment
names goes before the file, so that a shell or a scheduler can override it.
"""

import os
import stat
from collections.abc import Mapping
from enum import StrEnum
from io import StringIO
from pathlib import Path
from typing import Final

from dotenv.parser import Binding, parse_stream

from migrator.errors import SettingsError

FILE_NAME: Final = ".env"
PREFIXES: Final = ("LSQ_", "MIGRATOR_")  #: A .env file may serve other programs, too.
KEYS: Final = frozenset({"LSQ_ACCESS_KEY", "LSQ_SECRET_KEY"})
LARGEST: Final = 1024 * 1024  #: Bytes; a longer file is not a list of settings.


def read_environment(folder: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """``environ``, and below it the settings of ``folder``'s .env file, where there is one.

    Values are taken as they stand: a ``$`` in a key is a dollar sign.

    Raises:
        SettingsError: The file cannot be read, has a line that is no setting, or holds keys that
            others may read.
    """
    path = folder / FILE_NAME
    return {**_settings_of(path), **environ} if path.is_file() else dict(environ)


class Origin(StrEnum):
    """Where a setting comes from."""

    OPTION = "command line"
    ENVIRONMENT = "environment"
    FILE = ".env file"
    DEFAULT = "default"


def origins(folder: Path, environ: Mapping[str, str]) -> dict[str, Origin]:
    """Where each setting comes from that is set; what is not named here, or blank, is a default.

    Args:
        folder: As for `read_environment`, whose order holds here, too.
        environ: The same.

    Raises:
        SettingsError: As `read_environment`.
    """
    return {
        name: Origin.ENVIRONMENT if name in environ else Origin.FILE
        for name, value in read_environment(folder, environ).items()
        if name.startswith(PREFIXES) and value.strip(" \t'\"")
    }


def _settings_of(path: Path) -> dict[str, str]:
    settings: dict[str, str] = {}
    for binding in parse_stream(StringIO(_text_of(path))):
        _refuse_what_is_no_setting(path, binding)
        if binding.key and binding.key.startswith(PREFIXES):
            settings[binding.key] = binding.value or ""
    if KEYS & settings.keys() and _others_may_read(path):
        raise SettingsError(
            "the file holds keys, and other people on this machine may read it",
            where=str(path.absolute()),
            advice=f"Let only its owner read it: chmod 600 {FILE_NAME}",
        )
    return settings


def _text_of(path: Path) -> str:
    try:
        if path.stat().st_size > LARGEST:
            raise _unreadable(path, "it is too large for a list of settings")
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise _unreadable(path, "it is not UTF-8") from None
    except OSError as error:
        raise _unreadable(path, str(error.strerror)) from error


def _unreadable(path: Path, why: str) -> SettingsError:
    return SettingsError(
        f"the file of settings cannot be read ({why})",
        where=str(path.absolute()),
        advice="Save it as UTF-8 text with lines such as LSQ_API_HOST=api-in21.leadsquared.com, "
        "or move it away.",
    )


def _refuse_what_is_no_setting(path: Path, binding: Binding) -> None:
    """A line that is passed over in silence may have been meant as a setting."""
    text = binding.original.string.strip()
    if binding.error or (binding.key is not None and binding.value is None and text):
        raise SettingsError(
            "this line is no setting",  # It may hold a key: it is not shown.
            where=f"{path.absolute()}, line {_line_of(binding)}",
            advice="Write NAME=value, a comment that begins with #, or nothing. A value with "
            "spaces, # or quotes stands in single quotes.",
        )


def _line_of(binding: Binding) -> int:
    """The parser counts blank lines before a setting as part of it."""
    text = binding.original.string
    return binding.original.line + len(text) - len(text.lstrip("\n"))


def _others_may_read(path: Path) -> bool:
    """Windows keeps rights elsewhere: its user folders are private as they are."""
    if os.name == "nt":
        return False
    return bool(path.stat().st_mode & (stat.S_IRGRP | stat.S_IROTH))
