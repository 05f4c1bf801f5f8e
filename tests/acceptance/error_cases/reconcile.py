"""What holds up a reconcile: sheets not to be trusted, conflicts, another one under way."""

from filelock import FileLock

from tests.acceptance.error_scene import Group, Scene
from tests.acceptance.rehearsal import Deal, deals, guid

case = Group("The same sheet every night")

RECONCILE = "migrator reconcile deals.csv -m deals.yaml --yes"
NO_NOTES = """\
version: 1
opportunity: {type: 12000, id: Opportunity Id}
fields:
  mx_Custom_1: Name
  mx_Custom_6: {column: Amount, type: number}
  mx_Custom_11: Region
"""


def held(at: Scene, count: int, **fields: str) -> None:
    """Let LeadSquared hold what the plain sheet says, but for ``fields``."""
    at.write_mapping(NO_NOTES)
    at.sandbox.ask(
        "POST",
        "opportunities",
        [
            {
                "id": row.opportunity,
                "fields": {
                    "mx_Custom_1": row.name,
                    "mx_Custom_6": row.amount,
                    "mx_Custom_11": row.region,
                }
                | fields,
            }
            for row in deals(count)
        ],
    )


@case("A sheet without rows", RECONCILE, code=12)
def _(at: Scene) -> None:
    at.write_sheet([])


@case("Too many opportunities would change", RECONCILE, code=12)
def _(at: Scene) -> None:
    held(at, 60, mx_Custom_11="North")
    at.write_sheet(deals(60))


@case("The same, as a dry run", f"{RECONCILE} --dry-run --max-changes 2", code=11)
def _(at: Scene) -> None:
    held(at, 3, mx_Custom_11="North")


@case("A column is suddenly blank", RECONCILE, code=12)
def _(at: Scene) -> None:
    held(at, 3)
    at.done(RECONCILE)
    at.write_sheet([Deal(opportunity=guid(1), name="Deal 1", amount="1.50")])


@case("Another one is under way", RECONCILE, code=6)
def _(at: Scene) -> None:
    held(at, 3)
    at.done(RECONCILE)
    (file,) = (at.folder / "state" / "reconcile").glob("*.lock")
    lock = FileLock(file)
    lock.acquire()
    at.on_end.callback(lock.release)
    at.differs[r"process \d+ on \S+, since [^)]*\)+"] = "process {pid} on {machine}, since {date})"


@case("Somebody changed a value", RECONCILE, code=10, sends=1)
def _(at: Scene) -> None:
    held(at, 3)
    at.done(RECONCILE)
    at.sandbox.ask(
        "POST", "opportunities", [{"id": guid(2), "fields": {"mx_Custom_11": "By somebody"}}]
    )
    rows = [row for row in deals(3) if row.opportunity != guid(2)]
    rows.append(Deal(opportunity=guid(2), name="Renamed", amount="2.50", region="South"))
    at.write_sheet(rows)


@case("Nobody can be asked", RECONCILE.removesuffix(" --yes"), code=2)
def _(at: Scene) -> None:
    held(at, 3, mx_Custom_11="North")


@case("An export of a run", RECONCILE.replace("deals.csv", "fix.csv"), code=2)
def _(at: Scene) -> None:
    at.finished()
    at.done("migrator export --all -o fix.csv")


@case("A file of differences without a dry run", f"{RECONCILE} -o all.csv", code=2)
def _(at: Scene) -> None:
    held(at, 1)


@case("A file of differences of another kind", f"{RECONCILE} --dry-run -o all.txt", code=2)
def _(at: Scene) -> None:
    held(at, 1)


@case("No part and no number", f"{RECONCILE} --max-changes many", code=2)
def _(at: Scene) -> None:
    held(at, 1)
