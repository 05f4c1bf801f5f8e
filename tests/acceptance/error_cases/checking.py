"""`check`: against metadata, without a sheet, and its workbook of problems."""

import orjson

from tests.acceptance.error_scene import CHECK, Group, Scene
from tests.acceptance.rehearsal import Deal, deals, guid

case = Group("Checking")

AGAINST = f"{CHECK} --metadata type.json"

TYPE = {
    "code": 12000,
    "name": "Opportunity",
    "fields": [
        {"schema_name": "mx_Custom_1", "display_name": "Name", "max_length": 200},
        {
            "schema_name": "mx_Custom_11",
            "display_name": "Region",
            "data_type": "SearchableDropdown",
            "options": ["South", "North"],
        },
    ],
}
MAPPING = """\
version: 1
opportunity: {type: 12000, id: Opportunity Id}
fields:
  mx_Custom_1: Name
  mx_Custom_11: Region
"""


def with_metadata(at: Scene, mapping: str = MAPPING, **changes: object) -> None:
    at.write_mapping(mapping)
    saved = {"host": "api.example.com", "read_at": "2026-11-25 09:00:00", "types": [TYPE | changes]}
    at.file("type.json", orjson.dumps(saved))


@case("Values that are no options", AGAINST, code=10)
def _(at: Scene) -> None:
    at.write_sheet(
        [
            Deal(opportunity=guid(n), name=f"Deal {n}", region=one)
            for n, one in enumerate(REGIONS, 1)
        ]
    )
    with_metadata(at)


REGIONS = ("south ", "Nroth", "South", "Elsewhere", "south ")


@case("A mapping for another type or account", AGAINST, code=4, advice=False)
def _(at: Scene) -> None:
    at.write_sheet(deals(1))
    with_metadata(at, MAPPING.replace("Name\n", '{column: Name, expect: "Deal Size"}\n', 1))


@case(
    "A field that the type does not have",
    "migrator check -m deals.yaml --metadata type.json",
    code=4,
    advice=False,
)
def _(at: Scene) -> None:
    with_metadata(at, MAPPING.replace("mx_Custom_11", "mx_Custom_12"))


case("A mapping alone, without metadata", "migrator check -m deals.yaml", code=0)


@case("Metadata of another type", AGAINST, code=5)
def _(at: Scene) -> None:
    with_metadata(at, code=12001)


case("Metadata that is not there", f"{CHECK} --metadata types.json", code=5)


@case("Metadata that is something else", f"{CHECK} --metadata deals.yaml", code=5)
def _(at: Scene) -> None:
    pass


@case("--online without settings", f"{CHECK} --online", code=5)
def _(at: Scene) -> None:
    at.unset("LSQ_API_HOST", "LSQ_ACCESS_KEY", "LSQ_SECRET_KEY")


case("A list of problems without a sheet", "migrator check -m deals.yaml --problems p.xlsx", code=2)
case("A list of problems that is no workbook", f"{CHECK} --problems problems.csv", code=2)
case("A list of problems in no folder", f"{CHECK} --problems lists/problems.xlsx", code=3)


@case("A list of problems that is open in Excel", f"{CHECK} --problems problems.xlsx", code=3)
def _(at: Scene) -> None:
    at.file("problems.xlsx", b"")
    at.file("~$problems.xlsx", b"\x05Night")


@case("Warnings are to fail", f"{CHECK} --fail-on warning", code=10)
def _(at: Scene) -> None:
    at.write_sheet([Deal(opportunity=guid(1), name=name) for name in ("Deal 1", "Deal 2")])
    at.write_mapping(MAPPING)


@case("Ids of two kinds, at check", CHECK, code=4, advice=False)
def _(at: Scene) -> None:
    at.write_sheet([*deals(1), Deal(opportunity="AUTO-7", name="Deal 2")])
    at.write_mapping(MAPPING)
