"""Saved metadata: what is written is read again, and nothing else is overwritten."""

from pathlib import Path

import pytest

from migrator.errors import SettingsError
from migrator.metadata import FORM, FieldInfo, Metadata, TypeInfo, UserInfo
from migrator.runs.metadata_files import load_metadata, refuse_overwriting, save_metadata

DEAL = TypeInfo(
    code=12000,
    name="Größe",
    fields=(
        FieldInfo(
            schema_name="mx_Custom_2",
            options=("won ", "Won"),
            options_under={"Open": ("New",)},
            old_options={"Old": "New"},
            members=(FieldInfo(schema_name="mx_CustomObject_1", max_length=6),),
        ),
    ),
)
LOAN = TypeInfo(code=12001, name="Loan")
ASHA = UserInfo(id="1", email="asha@example.com", is_active=False)


def saved(path: Path, *types: TypeInfo, host: str = "api.leadsquared.com", **more: object) -> Path:
    content = {"host": host, "types": types, "read_at": "2026-11-24 21:00:00", **more}
    save_metadata(path, Metadata.model_validate(content))
    return path


def refusal(path: Path, *, code: int | None = 12000, users: bool = False) -> str:
    with pytest.raises(SettingsError) as caught:
        refuse_overwriting(path, host="api.leadsquared.com", code=code, users=users)
    return str(caught.value)


def test_what_was_saved_is_read_again(tmp_path: Path) -> None:
    whole = Metadata(host="h", read_at="2026-11-24 21:00:00", types=(DEAL, LOAN), users=(ASHA,))

    save_metadata(tmp_path / "deals.json", whole)

    assert load_metadata(tmp_path / "deals.json") == whole
    assert [file.name for file in tmp_path.iterdir()] == ["deals.json"]


def test_a_missing_file_is_told_its_neighbour(tmp_path: Path) -> None:
    saved(tmp_path / "deals.json", DEAL)

    with pytest.raises(SettingsError, match=r'Did you mean "deals\.json"\?'):
        load_metadata(tmp_path / "deal.json")


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"types": [{"name": "no code"}]}', "version: 1", "\x00"]
)
def test_a_file_of_something_else_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "other.json"
    path.write_text(content)

    with pytest.raises(SettingsError, match="no saved metadata"):
        load_metadata(path)


def test_a_file_of_a_newer_form_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.json"
    path.write_text(f'{{"form": {FORM + 1}}}')

    with pytest.raises(SettingsError, match="Install the newer migrator"):
        load_metadata(path)


def test_a_folder_is_no_metadata(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="this is a folder"):
        load_metadata(tmp_path)
    assert "this is a folder" in refusal(tmp_path)


def test_a_file_is_replaced_by_what_holds_as_much(tmp_path: Path) -> None:
    place = {"host": "api.leadsquared.com", "users": False}

    refuse_overwriting(tmp_path / "new.json", code=12000, **place)
    refuse_overwriting(saved(tmp_path / "one.json", DEAL), code=12000, **place)
    refuse_overwriting(saved(tmp_path / "two.json", DEAL, LOAN), code=None, **place)


def test_a_file_that_holds_more_is_left_alone(tmp_path: Path) -> None:
    both = saved(tmp_path / "two.json", DEAL, LOAN)
    other = saved(tmp_path / "other.json", DEAL, host="api-us11.leadsquared.com")
    people = saved(tmp_path / "people.json", DEAL, users=(ASHA,))

    assert "other types besides (12001)" in refusal(both)
    assert "the metadata of api-us11.leadsquared.com" in refusal(other)
    assert "Add --users" in refusal(people)
    refuse_overwriting(people, host="api.leadsquared.com", code=12000, users=True)


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "deals.yaml"
    path.write_text("version: 1\n")

    assert "it is no saved metadata" in refusal(path)
    assert "--force" in refusal(path)


def test_a_folder_that_is_not_there_is_said_in_the_words_of_the_option(tmp_path: Path) -> None:
    from migrator.errors import SourceError

    with pytest.raises(SourceError) as caught:
        saved(tmp_path / "nowhere" / "deals.json", DEAL)

    assert "the folder for the metadata does not exist" in str(caught.value)
    assert "--save FILE" in str(caught.value)
