"""A first mapping: files that are there, sheets that cannot be read, questions left open."""

import json

from tests.acceptance.error_scene import Group, Scene
from tests.acceptance.rehearsal import deals

case = Group("A first mapping")
INIT = "migrator init deals.csv"

case("A draft where a mapping is", f"{INIT} -o deals.yaml", code=2)


@case("A draft where a mapping is, and a second one", f"{INIT} -o deals.yaml", code=2)
def _(at: Scene) -> None:
    at.file("deals-2.yaml", b"version: 1\n")


@case("A draft where a folder is", f"{INIT} -o mappings", code=2)
def _(at: Scene) -> None:
    (at.folder / "mappings").mkdir()


case("A draft in folders that are not there", f"{INIT} -o crm/mappings/deals.yaml", code=2)
case("A draft for a sheet that is not there", "migrator init dealls.csv", code=3)


@case("A sheet that is not in the workbook", "migrator init deals.xlsx --sheet Dials", code=3)
def _(at: Scene) -> None:
    at.sample("deals.xlsx")


@case("A draft for a sheet with a title above the header", "migrator init preamble.csv", code=3)
def _(at: Scene) -> None:
    at.sample("traps/preamble.csv")


@case("A draft for a sheet without rows", "migrator init header_only.csv", code=3)
def _(at: Scene) -> None:
    at.sample("traps/header_only.csv")


case("A draft for several sheets", "migrator init deals.csv more.csv", code=2)
case("A zone that there is not", f"{INIT} --timezone Asia/Calcuta", code=2)
case("An id column that is not in the sheet", f"{INIT} --id 'Oportunity Id'", code=2)
case("A type that is no number", f"{INIT} --type Opportunity", code=2)
case("Online without a type", f"{INIT} --online", code=2)
case("Online and metadata", f"{INIT} --type 12000 --online --metadata fields.json", code=2)
case("Metadata that are not there", f"{INIT} --metadata fields.json", code=5)


@case("A type that the metadata have not", f"{INIT} --type 12001 --metadata fields.json", code=2)
def _(at: Scene) -> None:
    at.file("fields.json", json.dumps({"types": TYPES[:1]}).encode())


@case("Metadata of several types", f"{INIT} --metadata fields.json", code=2)
def _(at: Scene) -> None:
    at.file("fields.json", json.dumps({"types": TYPES}).encode())


TYPES = [{"code": 12000, "name": "Opportunity"}, {"code": 12002, "name": "Renewal"}]


@case("A draft with open questions", "migrator check deals.csv -m draft.yaml", code=4)
def _(at: Scene) -> None:
    at.write_sheet(
        [(*row.cells[:2], "02/04/2024 10:00", *row.cells[3:]) for row in deals(2)],
        columns=("Id", "Name", "Closed", "Region", "Remarks"),
    )
    at.done(f"{INIT} -o draft.yaml", code=0)


@case("A suggestion taken without its number", "migrator check deals.csv -m draft.yaml", code=4)
def _(at: Scene) -> None:
    at.done(f"{INIT} -o draft.yaml --type 12000", code=0)
    path = at.folder / "draft.yaml"
    text = path.read_text(encoding="utf-8").replace("  # mx_Custom_?:", "  mx_Custom_?:")
    path.write_text(text, encoding="utf-8")


@case("A draft of which nothing is taken", "migrator check deals.csv -m draft.yaml", code=4)
def _(at: Scene) -> None:
    at.done(f"{INIT} -o draft.yaml --type 12000", code=0)
