"""The mapping: every kind of slip in its text, and columns that the sheet does not have."""

from tests.acceptance.error_scene import CHECK, RUN, Group, Scene

case = Group("The mapping")

HEAD = "version: 1\nopportunity: {type: 12000, id: Opportunity Id}\n"

TYPOS = {
    "A column that the sheet does not have": HEAD + "fields:\n  mx_Custom_6: Ammount\n",
    "Several columns that the sheet does not have": (
        'version: 1\nopportunity: {type: 12000, id: Opp Id, note: "{Remark}"}\n'
        "fields:\n  mx_Custom_6: Amounts\n"
    ),
    "An unknown key": HEAD + "fields:\n  mx_Custom_6: {colum: Amount, type: number}\n",
    "An unknown key at the top": HEAD + "feilds:\n  mx_Custom_6: Amount\n",
    "A type that there is not": HEAD + "fields:\n  mx_Custom_6: {column: Amount, type: numeric}\n",
    "Wrong indentation": HEAD + "fields:\n  mx_Custom_1: Name\n   mx_Custom_6: Amount\n",
    "A tab": HEAD + "fields:\n\tmx_Custom_1: Name\n",
    "A key that stands twice": HEAD + "fields:\n  mx_Custom_1: Name\n  mx_Custom_1: Region\n",
    "A SchemaName that stands twice in another spelling": (
        HEAD + "fields:\n  mx_Custom_1: Name\n  mx_custom_1: Region\n"
    ),
    "No id": "version: 1\nopportunity: {type: 12000}\nfields:\n  mx_Custom_1: Name\n",
    "No opportunity": "version: 1\nfields:\n  mx_Custom_1: Name\n",
    "No version": "opportunity: {type: 12000, id: Opportunity Id}\nfields: {mx_Custom_1: Name}\n",
    "An unknown version": "version: 2\n"
    + HEAD.partition("\n")[2]
    + "fields: {mx_Custom_1: Name}\n",
    "A time zone that there is not": (
        "version: 1\nsource: {timezone: Asia/Calcuta}\n"
        "opportunity: {type: 12000, id: Opportunity Id}\nfields: {mx_Custom_1: Name}\n"
    ),
    "A format that is not read": (
        HEAD + 'fields:\n  mx_Custom_8: {column: Name, type: date, formats: ["DD/MM/YYYY"]}\n'
    ),
    "A format with an unknown letter": (
        HEAD + 'fields:\n  mx_Custom_8: {column: Name, type: date, formats: ["%d/%m/%Q"]}\n'
    ),
    "A date and time without a time zone": (
        HEAD + 'fields:\n  CreatedOn: {column: Name, type: datetime, formats: ["%Y-%m-%d %H:%M"]}\n'
    ),
    "A choice without values": HEAD + "fields:\n  mx_Custom_2: {column: Name, type: choice}\n",
    "A constant and a column": HEAD + "fields:\n  mx_Custom_2: {column: Name, constant: x}\n",
    "A key without a value": HEAD + "fields:\n  mx_Custom_1:\n",
    "Braces without quotes": (
        "version: 1\nopportunity: {type: 12000, id: Opportunity Id, note: {Remarks}}\n"
        "fields: {mx_Custom_1: Name}\n"
    ),
    "A colon in a text without quotes": HEAD + "fields:\n  mx_Custom_1: Name: first\n",
    "A list where keys belong": HEAD + "fields:\n  - mx_Custom_1: Name\n",
    "A quote that is never closed": HEAD + 'fields:\n  mx_Custom_1: "Name\n',
    "A bracket that is never closed": HEAD + "fields: {mx_Custom_1: Name\n",
    "Nothing to send": HEAD,
    "An empty file": "",
    "The sheet in the mapping's place": "Opportunity Id,Name\n1,Deal 1\n",
}
for title, text in TYPOS.items():

    @case(title, CHECK, code=4)
    def _(at: Scene, text: str = text) -> None:
        at.write_mapping(text)


@case("A mapping that is not UTF-8", CHECK, code=4)
def _(at: Scene) -> None:
    at.file("deals.yaml", (HEAD + "fields:\n  mx_Custom_1: Größe\n").encode("cp1252"))


@case("A workbook in the mapping's place", "migrator check deals.csv -m deals.xlsx", code=4)
def _(at: Scene) -> None:
    at.sample("deals.xlsx")


@case("A folder in the mapping's place", "migrator check deals.csv -m mappings", code=4)
def _(at: Scene) -> None:
    (at.folder / "mappings").mkdir()


case("A mapping that is not there", "migrator check deals.csv -m dael.yaml", code=4)
case("A mapping that is not there, at run", f"{RUN.replace('deals.yaml', 'offers.yml')}", code=4)
