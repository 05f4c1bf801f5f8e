"""What check proposes to paste is a mapping that parses and does what it says."""

from hypothesis import given
from hypothesis import strategies as st

from migrator.mapper import map_row
from migrator.mapping import parse_mapping
from migrator.model import SourceRow, Update
from migrator.snippets import Wrong, values_snippet

HEAD = "version: 1\nopportunity: {type: 12000, id: Id}\nfields:\n"
GUID = "5ca5b042-51ea-4699-b6f0-84c40ab12770"
OPTIONS = ("Open", "Won", "Lost", 'Invalid/ "Junk"', "a: b")


def test_a_near_option_is_proposed_and_a_far_one_stays_a_comment() -> None:
    mapping = parse_mapping(HEAD + "  mx_Custom_2: Stage\n", name="m.yaml")

    found = values_snippet(mapping, "mx_Custom_2", [Wrong("won ", 412), Wrong("xyz", 1)], OPTIONS)

    assert found is not None
    assert found.line == 4
    assert "      won: Won  # 412 rows\n" in found.yaml
    assert "      # xyz: ...  # 1 row; no option is near" in found.yaml


def test_a_slip_of_a_word_that_is_known_means_what_the_word_means() -> None:
    text = HEAD + "  mx_Custom_2: {type: choice, column: Stage, values: {won: Closed Won}}\n"
    mapping = parse_mapping(text, name="m.yaml")

    found = values_snippet(mapping, "mx_Custom_2", [Wrong("wonn", 2)], ["Closed Won"])

    assert found is not None
    assert "      wonn: Closed Won  # 2 rows" in found.yaml


def test_a_proposal_without_any_near_option_changes_nothing() -> None:
    mapping = parse_mapping(HEAD + "  mx_Custom_1: A\n  mx_Custom_2: Stage\n", name="m.yaml")

    found = values_snippet(mapping, "mx_Custom_2", [Wrong("xyz", 1)], OPTIONS)

    assert found is not None
    lines = found.yaml.splitlines()
    assert all(line.startswith("  # ") for line in lines)
    # Without the signs it is the field: what a person fills in stands under `values:`.
    bare = "\n".join(f"  {line.removeprefix('  # ')}" for line in lines)
    filled = parse_mapping(f"{HEAD}{bare}\n".replace("...", "Won"), name="m.yaml")
    assert getattr(filled.fields["mx_Custom_2"], "values", {}) == {"xyz": "Won"}


def test_an_option_with_another_number_is_never_proposed() -> None:
    mapping = parse_mapping(HEAD + "  mx_Custom_2: Zone\n", name="m.yaml")

    found = values_snippet(
        mapping, "mx_Custom_2", [Wrong("Zone 11", 3), Wrong("zone-1", 2)], ["Zone 1", "Zone 12"]
    )

    assert found is not None
    assert "      # Zone 11: ...  # 3 rows; no option is near" in found.yaml
    assert "      zone-1: Zone 1  # 2 rows" in found.yaml


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["won ", "WON", "lost", 'invalid/"junk"', "a:b", "#Won", "- Won"]),
            st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8),
        ),
        min_size=1,
        max_size=6,
        unique=True,
    ),
    st.sampled_from(
        ["Stage", "{column: Stage, type: choice, values: {Neu: Open, 'no: x': Won}, blank: error}"]
    ),
)
def test_any_proposal_parses_and_sends_options(values: list[str], field: str) -> None:
    mapping = parse_mapping(f"{HEAD}  mx_Custom_2: {field}\n", name="m.yaml")

    found = values_snippet(mapping, "mx_Custom_2", [Wrong(value, 1) for value in values], OPTIONS)

    assert found is not None
    changed = parse_mapping(f"{HEAD}  mx_Custom_9: {{constant: x}}\n{found.yaml}\n", name="m.yaml")
    choice = changed.fields.get("mx_Custom_2")
    proposed = dict(getattr(choice, "values", {}))
    assert set(proposed.values()) <= set(OPTIONS)
    for key, option in proposed.items():
        row = SourceRow("d.csv", "", 2, 2, ("Id", "Stage"), (GUID, f" {key} "))
        update = map_row(row, changed)
        assert isinstance(update, Update)
        assert dict(update.fields)["mx_Custom_2"] == option
