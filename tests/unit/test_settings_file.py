"""`migrator.toml`: what it may say, and how it is refused."""

from pathlib import Path

import pytest

from migrator.errors import ExitCode, SettingsError
from migrator.settings_file import read_settings_file
from migrator.verdicts import NOTHING_MOVED, MovedExceptions


def read(folder: Path, text: str) -> MovedExceptions:
    (folder / "migrator.toml").write_text(text, encoding="utf-8")
    return read_settings_file(folder, {}).moved


def refused(folder: Path, text: str) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        read(folder, text)
    assert caught.value.exit_code is ExitCode.SETTINGS
    assert caught.value.advice
    assert str(folder / "migrator.toml") in caught.value.where
    return caught.value


def test_without_a_file_nothing_is_moved(tmp_path: Path) -> None:
    assert read_settings_file(tmp_path, {}).moved == NOTHING_MOVED


@pytest.mark.parametrize("text", ["", "# nothing\n", "[exceptions]\n", "[exceptions]\nretry = []"])
def test_a_file_that_says_nothing_moves_nothing(tmp_path: Path, text: str) -> None:
    assert not read(tmp_path, text)


def test_both_lists_are_read(tmp_path: Path) -> None:
    text = '[exceptions]\nretry = ["MXConcurrencyException"]\nfinal = ["MXSomethingException"]\n'

    moved = read(tmp_path, text)

    assert moved.where("mxconcurrencyexception") == "retry"
    assert moved.where("MXSOMETHINGEXCEPTION") == "final"
    assert moved.where("MXXSSException") == ""
    assert str(moved) == (
        "MXConcurrencyException is tried again; MXSomethingException is never tried again"
    )


@pytest.mark.parametrize("named", ["other.toml", "sub/other.toml"])
def test_another_file_may_be_named_in_the_environment(tmp_path: Path, named: str) -> None:
    (tmp_path / "migrator.toml").write_text("[nonsense]", encoding="utf-8")
    (tmp_path / "sub").mkdir()
    text = '\ufeff[exceptions]\nretry = ["MXFooException"]\n'
    (tmp_path / named).write_text(text, encoding="utf-8")

    moved = read_settings_file(tmp_path, {"MIGRATOR_SETTINGS": named}).moved

    assert moved.retry == ("MXFooException",)


def test_a_file_that_is_named_must_be_there(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read") as caught:
        read_settings_file(tmp_path, {"MIGRATOR_SETTINGS": "gone.toml"})

    assert caught.value.where == str(tmp_path / "gone.toml")
    assert "MIGRATOR_SETTINGS" in caught.value.advice


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("\n[exceptons]\nretry = []\n", 2, 'unknown section or key "exceptons"'),
        ("retry = []\n", 1, 'unknown section or key "retry"'),
        ("[exceptions]\n\nretries = []\n", 3, 'unknown key "retries" in [exceptions]'),
        ("exceptions = 7\n", 1, "exceptions is no section"),
        ('[exceptions]\nretry = "MXFooException"\n', 2, "exceptions.retry is no list of texts"),
        ("[exceptions]\nfinal = [7]\n", 2, "exceptions.final is no list of texts"),
        ('[exceptions]\nretry = [\n  "MXA",\n  "",\n]\n', 4, '"" is no ExceptionType'),
        ('[exceptions]\nretry = ["two words"]\n', 2, '"two words" is no ExceptionType'),
        (
            '[exceptions]\nretry = [\n  "MXA",\n  "mxapiratelimitexceededexception",\n]\n',
            4,
            "means access or rate",
        ),
        ('[exceptions]\nfinal = ["MXInvalidAccessDetailsException"]', 2, "cannot be moved"),
        ('[exceptions]\nretry = ["MXUnauthorizedAccessException"]', 2, "cannot be moved"),
        (
            '[exceptions]\nretry = ["MXFooException"]\nfinal = ["MXA", "mxfooexception"]\n',
            3,
            "stands in both lists",
        ),
        ("[exceptions]\nretry = [MXFooException]\n", 2, "is no TOML"),
        ("[exceptions\n", 1, "is no TOML"),
    ],
)
def test_what_is_wrong_is_told_with_its_line(
    tmp_path: Path, text: str, line: int, problem: str
) -> None:
    error = refused(tmp_path, text)

    assert problem in error.problem
    assert error.where.endswith(f", line {line}")


def test_an_array_that_never_ends_is_refused(tmp_path: Path) -> None:
    assert "is no TOML" in refused(tmp_path, '[exceptions]\nretry = ["A",').problem


def test_a_near_name_is_proposed(tmp_path: Path) -> None:
    assert "Was [exceptions] meant?" in refused(tmp_path, "[exeptions]\n").advice
    assert "Was final meant?" in refused(tmp_path, "[exceptions]\nfinale = []\n").advice


def test_what_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "migrator.toml").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SettingsError, match="not UTF-8"):
        read_settings_file(tmp_path, {})

    (tmp_path / "migrator.toml").unlink()
    (tmp_path / "migrator.toml").mkdir()
    with pytest.raises(SettingsError, match="cannot be read"):
        read_settings_file(tmp_path, {})
