"""What is generated from the models is fresh, and says what the program does."""

import json
import re
import runpy
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from ruamel.yaml import YAML

from migrator.cli import COMMANDS, build_parser
from migrator.errors import MappingError
from migrator.mapping import load_mapping, parse_mapping
from migrator.settings import NAMES
from migrator.verdicts import RULES
from tests.docs.test_pages import GUIDE

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
SCHEMA = json.loads((ROOT / "mappings" / "mapping.schema.json").read_text(encoding="utf-8"))
WORKED = sorted((ROOT / "mappings").glob("*.yaml"))
HEAD = "version: 1\nopportunity: {type: 12000, id: Id}\n"


def as_an_editor(text: str) -> Any:
    """The content as an editor sees it: YAML 1.2 with numbers and truth values; keys are texts."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text)))


def faults(text: str) -> list[str]:
    validator = jsonschema.Draft7Validator(SCHEMA)
    return [error.message for error in validator.iter_errors(as_an_editor(text))]


def test_the_generated_files_are_fresh() -> None:
    made = runpy.run_path(str(ROOT / "docs" / "make_reference.py"))

    for path in made["PAGES"]:
        page = path.read_text(encoding="utf-8")
        assert made["page"](page) == page, "run `make docs`"
    assert made["schema_text"]() == (ROOT / "mappings" / "mapping.schema.json").read_text(
        encoding="utf-8"
    ), "run `make docs`"
    for path, text in made["whole_pages"]().items():
        assert path.read_text(encoding="utf-8") == text, "run `make docs`"


@pytest.mark.parametrize("command", COMMANDS)
def test_the_page_of_commands_has_every_option_that_help_prints(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    page = (REFERENCE / "commands.md").read_text(encoding="utf-8")
    sections = re.findall(rf"(?ms)^## {command}(?: \w+)?$.*?(?=^## |\Z)", page)
    with pytest.raises(SystemExit):
        build_parser().parse_args([command, "--help"])
    printed = capsys.readouterr().out

    options = set(re.findall(r"(?m)^  (?:-\w(?: \S+)?, )?(--[\w-]+)", printed)) - {"--help"}
    listed = set(re.findall(r"(?m)^\| (?:`-\w`, )?`(--[\w-]+)", "".join(sections)))

    assert sections
    assert options <= listed


def test_the_page_of_settings_says_what_the_program_takes_where_nothing_is_said() -> None:
    page = (REFERENCE / "settings.md").read_text(encoding="utf-8")

    for name, default in (("LSQ_RATE_LIMIT", "25/5"), ("MIGRATOR_LEDGER", "migrator.db")):
        assert re.search(rf"(?m)^\| `{name}` \| .* \| `{default}` \|$", page)
    assert all(f"`{name}`" in page for name in NAMES)


def test_the_page_of_the_ledger_says_of_every_column_of_a_view_what_it_means() -> None:
    page = (REFERENCE / "ledger.md").read_text(encoding="utf-8")
    views = page.partition("## Views")[2].partition("## Tables")[0]

    assert re.findall(r"(?m)^### (\w+)$", views)[:3] == ["balance", "failures", "calls"]
    assert re.findall(r"(?m)^\| `(\w+)` \| *\|$", views) == []


def test_the_table_of_verdicts_shows_every_rule_with_its_exit_code() -> None:
    page = (ROOT / "docs" / "verdicts.md").read_text(encoding="utf-8")

    for number, rule in enumerate(RULES, 1):
        (line,) = [line for line in page.splitlines() if line.startswith(f"| {number} | ")]
        assert f"| {rule.name} | {rule.when} | **{rule.verdict}** |" in line
        assert rule.then.exit is None or f"(exit {int(rule.then.exit)})" in line


def test_the_schema_is_one() -> None:
    jsonschema.Draft7Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("path", WORKED, ids=lambda path: path.name)
def test_every_worked_mapping_fits_the_schema(path: Path) -> None:
    load_mapping(path)

    assert faults(path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("field", [field for field, _, _ in GUIDE])
def test_every_line_of_the_field_guide_fits_the_schema(field: str) -> None:
    assert faults(f"{HEAD}fields:\n  {field}\n") == []


def test_the_example_of_the_reference_fits_the_schema() -> None:
    page = (ROOT / "docs" / "mapping.md").read_text(encoding="utf-8")
    example = re.findall(r"```yaml\n(version.*?)```", page, re.DOTALL)[0]

    parse_mapping(example, name="mapping.md")
    assert faults(example) == []


@pytest.mark.parametrize(
    "text",
    [
        HEAD.replace("version: 1", "version: 2"),
        HEAD.replace("type: 12000, ", ""),
        HEAD + "sorce: {}\n",
        HEAD + "source: {timezon: UTC}\n",
        HEAD + "fields: {mx_Custom_1: }\n",
        HEAD + "fields: {mx_Custom_1: [A, B]}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, type: nummber}}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, grouping: indian}}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, type: choice}}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, max_length: 0}}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, required: maybe}}\n",
        HEAD + "fields: {ModifiedOn: A}\n",
        HEAD + "fields: {mx_Custom_1: {fields: {Street: A}}}\n",
        HEAD + "fields: {mx_Custom_1: {fields: {}}}\n",
        HEAD + "fields: {mx_Custom_1: {column: A, type: datetime, time: 25h}}\n",
    ],
)
def test_an_editor_marks_what_the_program_refuses(text: str) -> None:
    assert faults(text)
    with pytest.raises(MappingError):
        parse_mapping(text, name="m.yaml")


@pytest.mark.parametrize(
    "fields",
    [
        "{mx_Custom_1: 2024, mx_Custom_2: {constant: no}, mx_Custom_3: {constant: 1e5}}",
        "{CreatedOn: Created}",
        '{CreatedOn: {column: Created, formats: "%Y-%m-%d %H:%M %z"}}',
        "{mx_Custom_1: {column: A, blank_values: [0, -, NA], clear_value: 0x}}",
        "{mx_Custom_1: {column: A, type: boolean, true: [yes, 1], false: [no, 0]}}",
        "{mx_Custom_1: {column: A, type: choice, values: {1: One, yes: Two}}}",
        "{mx_Custom_17: {fields: {mx_CustomObject_1: A}}}",
    ],
)
def test_an_editor_takes_what_the_program_takes(fields: str) -> None:
    text = f"{HEAD}fields: {fields}\n"

    parse_mapping(text, name="m.yaml")
    assert faults(text) == []


def test_every_key_is_described() -> None:
    for name, model in SCHEMA["$defs"].items():
        for key, value in model["properties"].items():
            assert value.get("description"), f"{name}.{key}"
