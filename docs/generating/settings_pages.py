"""The pages of settings and of exit codes.

Owns how they read. Names and defaults come from the program, an exit code's words from
`migrator.errors`; a setting's words stand in the README's table, once.
"""

import re
from collections.abc import Iterator
from pathlib import Path

from migrator import settings, settings_file
from migrator.errors import MEANINGS, ExitCode

ROOT = Path(__file__).parents[2]
SETTINGS_HEAD = """\
# Settings

In the environment, or in a file `.env` in the working folder, which only its owner may read, since
it holds keys. What the environment names goes before the file, and an option before both. A name
that begins with `LSQ_` and is none of these is taken for misspelt: `migrator doctor` names it, and
says of each setting where it comes from.

## In the environment

| setting | means | where nothing is said |
| --- | --- | --- |
"""
FILE_HEAD = """
## In the settings file

`migrator.toml` in the working folder, or the file that `MIGRATOR_SETTINGS` names. It holds no keys.
A file that is wrong is refused whole, with its line (exit 5).

| section | key | means |
| --- | --- | --- |
"""
FILE_EXAMPLE = """
```toml
[exceptions]
retry = ["MXConcurrencyException"]
final = ["MXDatabaseException"]
```

[What a reply means](../verdicts.md) says what moving an exception does.
"""
EXIT_HEAD = """\
# Exit codes

What the process says to its caller: a script, cron, systemd. Where several hold, the first of 8, 9,
7, 12, 10 counts. [Errors](../errors.md) says of each which texts come with it and what to do;
[every night by itself](../nightly.md) who is to be woken by which.

| exit | name | means |
| ---: | --- | --- |
"""
_ROW = re.compile(r"(?m)^\| ((?:`\w+`(?:, )?)+) \| (.*) \|$")


def settings_page() -> str:
    """Every setting, in the README's order."""
    return "".join([SETTINGS_HEAD, *_settings(), FILE_HEAD, *_of_file(), FILE_EXAMPLE])


def exit_codes_page() -> str:
    """Every exit code."""
    rows = (
        f"| [{code.value}](../errors.md#exit-{_section(code)}) | {code.name.lower()} | {means} |\n"
        for code, means in MEANINGS.items()
    )
    return "".join([EXIT_HEAD, *rows])


def exit_codes_table() -> str:
    """The same for the README, where both interruptions share a line."""
    both = f"{int(ExitCode.INTERRUPTED)}, {int(ExitCode.TERMINATED)}"
    lines = ["| exit | means |", "| ---: | --- |"]
    for code, means in MEANINGS.items():
        if code is not ExitCode.TERMINATED:
            shown = both if code is ExitCode.INTERRUPTED else str(code.value)
            lines.append(f"| {shown} | {means} |")
    return "\n".join([*lines, ""])


def _section(code: ExitCode) -> int:
    return int(ExitCode.INTERRUPTED if code is ExitCode.TERMINATED else code)


def _settings() -> Iterator[str]:
    told = _told()
    known = {*settings.NAMES, *_of_migrator()}
    if set(told) != known:
        different = ", ".join(sorted(known ^ set(told)))
        raise SystemExit(f"the README's table of settings and the program differ: {different}")
    defaults = _defaults()
    for name, means in told.items():
        yield f"| `{name}` | {means} | {defaults.get(name, 'none')} |\n"


def _of_migrator() -> set[str]:
    """The settings of the program itself, which have no list of their own."""
    values = [*vars(settings).values(), *vars(settings_file).values()]
    return {
        value
        for value in values
        if isinstance(value, str) and re.fullmatch(r"MIGRATOR_[A-Z_]+", value)
    }


def _told() -> dict[str, str]:
    """Each setting's words, from the README, whose links are seen from here."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    table = text.partition("\n## Settings\n")[2].partition("\n## ")[0]
    told: dict[str, str] = {}
    for names, means in _ROW.findall(table):
        for name in re.findall(r"`(\w+)`", names):
            told[name] = means.replace("](docs/", "](../")
    return told


def _defaults() -> dict[str, str]:
    """What the program takes where nothing is said, asked of the program."""
    rate = settings.quota_settings({})
    fields = settings.Settings.model_fields
    return {
        settings.HOST: "required",
        settings.ACCESS_KEY: "required",
        settings.SECRET_KEY: "required",
        settings.RATE_LIMIT: f"`{rate.limit}/{rate.window:g}`",
        settings.QUOTA: f"`{fields['quota_mode'].default}`",
        settings.SHARE: f"`{fields['share'].default:g}`",
        settings.AUTH: "`query`",
        settings.LEDGER: f"`{settings.ledger_path({})}`",
        settings.MEMORY: f"`{settings.memory_budget({}) // 1024**3}GiB`",
        settings_file.SETTINGS: f"`{settings_file.FILE_NAME}`",
        settings.STATE_DIR: "the user's state folder",
    }


def _of_file() -> Iterator[str]:
    for section, model in settings_file.SettingsFile.model_fields.items():
        kind = model.annotation
        for key, field in getattr(kind, "model_fields", {}).items():
            yield f"| `[{section}]` | `{key}` | {field.description or ''} |\n"
