"""Settings in the environment and in a .env file."""

import sys
from pathlib import Path

import pytest

from migrator.environment import Origin, origins, read_environment
from migrator.errors import SettingsError

ACCESS, SECRET = "u$rOne4711", "sEcret0815"


def write(folder: Path, text: str, *, mode: int = 0o600, encoding: str = "utf-8") -> Path:
    path = folder / ".env"
    path.write_text(text, encoding=encoding)
    path.chmod(mode)
    return path


def test_a_dollar_in_a_key_is_a_dollar_however_it_is_quoted(tmp_path: Path) -> None:
    write(tmp_path, f"LSQ_ACCESS_KEY={ACCESS}\nexport LSQ_SECRET_KEY='{ACCESS}'\n")

    found = read_environment(tmp_path, {"r": "x"})

    assert found == {"r": "x", "LSQ_ACCESS_KEY": ACCESS, "LSQ_SECRET_KEY": ACCESS}


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    write(tmp_path, "LSQ_RATE_LIMIT=10/5\nLSQ_AUTH=header\n")

    found = read_environment(tmp_path, {"LSQ_RATE_LIMIT": "20/5"})

    assert found == {"LSQ_RATE_LIMIT": "20/5", "LSQ_AUTH": "header"}


def test_other_programs_settings_are_left_alone(tmp_path: Path) -> None:
    write(tmp_path, "# database\nDATABASE_URL=x\n\nLSQ_AUTH=header # as advised\n")

    assert read_environment(tmp_path, {}) == {"LSQ_AUTH": "header"}


def test_a_byte_order_mark_hides_no_setting(tmp_path: Path) -> None:
    write(tmp_path, "LSQ_AUTH=header\r\n", encoding="utf-8-sig")

    assert read_environment(tmp_path, {}) == {"LSQ_AUTH": "header"}


def test_without_a_file_the_environment_stands(tmp_path: Path) -> None:
    assert read_environment(tmp_path, {"A": "b"}) == {"A": "b"}


@pytest.mark.parametrize("line", [f"LSQ_SECRET_KEY {SECRET}", "LSQ_SECRET_KEY", f"={SECRET}"])
def test_a_line_that_is_no_setting_is_named_and_not_shown(tmp_path: Path, line: str) -> None:
    write(tmp_path, f"LSQ_AUTH=query\n\n{line}\n")

    with pytest.raises(SettingsError) as caught:
        read_environment(tmp_path, {})

    assert f"{tmp_path / '.env'}, line 3" in str(caught.value)
    assert SECRET not in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept elsewhere there")
def test_keys_that_others_may_read_are_refused(tmp_path: Path) -> None:
    write(tmp_path, f"LSQ_SECRET_KEY={SECRET}\n", mode=0o644)

    with pytest.raises(SettingsError, match="chmod 600"):
        read_environment(tmp_path, {})


@pytest.mark.skipif(sys.platform == "win32", reason="rights are kept elsewhere there")
def test_a_file_without_keys_may_be_read_by_all(tmp_path: Path) -> None:
    write(tmp_path, "LSQ_RATE_LIMIT=10/5\n", mode=0o644)

    assert read_environment(tmp_path, {}) == {"LSQ_RATE_LIMIT": "10/5"}


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "LSQ_AUTH=header\n", encoding="utf-16")

    with pytest.raises(SettingsError, match="not UTF-8"):
        read_environment(tmp_path, {})


def test_a_file_of_another_size_altogether_is_refused(tmp_path: Path) -> None:
    write(tmp_path, "#" * (1024 * 1024 + 1))

    with pytest.raises(SettingsError, match="too large"):
        read_environment(tmp_path, {})


def test_where_a_setting_comes_from_is_told_and_a_blank_one_comes_from_nowhere(
    tmp_path: Path,
) -> None:
    (tmp_path / ".env").write_text("LSQ_AUTH=header\nLSQ_SHARE=0.5\nLSQ_QUOTA=''\n")

    found = origins(tmp_path, {"LSQ_SHARE": "0.8", "LSQ_PROXY": '""', "HOME": "/root"})

    assert found == {"LSQ_AUTH": Origin.FILE, "LSQ_SHARE": Origin.ENVIRONMENT}
