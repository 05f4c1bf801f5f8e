"""Looking ids up: the command line, the sheet, the answers, and how it stops."""

from tests.acceptance.error_scene import Group, Scene, on_terminal, without_root_power
from tests.acceptance.rehearsal import guid

case = Group("Looking ids up")

IDS = "migrator ids leads.csv --lead-field EmailAddress=Mail --type 12000 -o with_ids.xlsx --yes"
BY_ID = "migrator ids leads.csv --lead-id Lead --type 12000 -o with_ids.xlsx --yes"
LOOK_UP = "GetOpportunitiesByUniqueLeadField"


def leads(at: Scene, *mails: str, column: str = "Mail") -> None:
    at.write_sheet([(mail, "Acme") for mail in mails], columns=(column, "Deal"), name="leads.csv")


def known(at: Scene) -> None:
    """Two leads, of which the second has two opportunities."""
    at.sandbox.ask(
        "POST",
        "opportunities",
        [
            {
                "id": guid(900 + number),
                "lead": f"1ead0000-0000-4000-8000-{lead:012}",
                "lead_fields": {"EmailAddress": f"buyer{lead}@example.com"},
                # Listed by the day they were made, which two of them must not tell apart.
                "fields": {
                    "mx_Custom_1": f"Deal {number}",
                    "Status": "Open",
                    "CreatedOn": "2024-04-02 10:00:00",
                },
            }
            for number, lead in ((1, 1), (2, 2), (3, 2))
        ],
    )
    leads(at, "buyer1@example.com", "buyer2@example.com", "nobody@example.com", "")


case("No lead", "migrator ids leads.csv --type 12000 -o with_ids.xlsx", code=2)
case("No opportunity type", "migrator ids leads.csv --lead-id Lead -o with_ids.xlsx", code=2)
case("No file to write", "migrator ids leads.csv --lead-id Lead --type 12000", code=2)
case("A lead named in two ways", f"{IDS} --lead-id Lead", code=2)
case("A field without its column", f"{IDS} --match mx_Custom_1", code=2)
case("A type that is no number", IDS.replace("12000", "Deals"), code=2)
case("The lead's id in other letters", IDS.replace("EmailAddress", "ProspectId"), code=2)
case("A file to write of another kind", IDS.replace(".xlsx", ".ods"), code=2)
case("A folder to write to that there is not", IDS.replace("with", "there/with"), code=2)
case("A CSV with another quote", f"{IDS.replace('.xlsx', '.csv')} --quote none", code=2)
case("A sheet that there is not", IDS, code=3)


@case("A file that is there already", IDS, code=2)
def _(at: Scene) -> None:
    leads(at, "buyer1@example.com")
    at.file("with_ids.xlsx", "mine")
    at.keep("with_ids.xlsx")


@case("A column that the sheet does not have", IDS, code=2)
def _(at: Scene) -> None:
    leads(at, "buyer1@example.com", column="E-Mail")


@case("A column without a lead in it", IDS, code=2)
def _(at: Scene) -> None:
    leads(at, "", " ")


@case("A sheet that needs an option", IDS, code=3)
def _(at: Scene) -> None:
    at.file("leads.csv", "Mail,Deal\nbuyer1@example.com,Zoë\n".encode("cp1252"))


@case("Nobody to ask", IDS.removesuffix(" --yes"), code=2)
def _(at: Scene) -> None:
    known(at)


@case("A no", IDS.removesuffix(" --yes"), code=0)
def _(at: Scene) -> None:
    known(at)
    on_terminal(at, keys="n\n")


@case("None, several and no lead", IDS, code=10)
def _(at: Scene) -> None:
    known(at)


@case("A lead field that there is not", IDS.replace("EmailAddress", "Emailaddress"), code=10)
def _(at: Scene) -> None:
    known(at)


@case("Lead ids that are none", BY_ID.replace("--lead-id Lead", "--lead-id Mail"), code=2)
def _(at: Scene) -> None:
    known(at)


@case("An opportunity type that there is not", BY_ID.replace("12000", "12999"), code=2)
def _(at: Scene) -> None:
    leads(at, *(f"1ead0000-0000-4000-8000-{number:012}" for number in range(40)), column="Lead")
    at.set(LSQ_RATE_LIMIT="25/1")
    at.differs[r"kept: \d+ of 40"] = "kept: {answered} of 40"


@case("Keys refused", IDS, code=8)
def _(at: Scene) -> None:
    known(at)
    at.done(IDS.replace("with_ids", "first"), code=10)
    leads(at, "buyer3@example.com")
    at.sandbox.change(deactivated=True)


@case("The look-up is closed to these keys", IDS, code=8)
def _(at: Scene) -> None:
    known(at)
    at.sandbox.change(closed={LOOK_UP: "refused"})
    at.on_end.callback(at.sandbox.change, closed={})


@case("The CRM does not answer", IDS, code=7)
def _(at: Scene) -> None:
    known(at)
    at.set(LSQ_API_HOST="http://127.0.0.1:9")


@case("A folder that may not be written to", IDS.replace("with", "locked/with"), code=3)
def _(at: Scene) -> None:
    known(at)
    (at.folder / "locked").mkdir(mode=0o500)
    without_root_power(at)


@case("A file to write that is a folder", IDS.replace("with_ids.xlsx", "taken.csv"), code=2)
def _(at: Scene) -> None:
    known(at)
    (at.folder / "taken.csv").mkdir()
