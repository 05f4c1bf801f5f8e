"""The same opportunity in several rows, where the mapping merges them or wants one row each."""

from tests.acceptance.error_scene import CHECK, RUN, Group, Scene
from tests.acceptance.rehearsal import MAPPING, Deal, Exit, guid

case = Group("Several rows of one opportunity")


def write_mapping(at: Scene, way: str) -> None:
    note = 'note: "{Remarks}"'
    at.write_mapping(MAPPING.replace(note, f"{note}, rows_per_opportunity: {way}"))


def several(at: Scene, *numbers: int, name: str = "deals.csv") -> None:
    at.write_sheet([Deal(opportunity=guid(n), name=f"Deal {n}") for n in numbers], name=name)


@case("A word that rows_per_opportunity does not take", CHECK, code=4)
def _(at: Scene) -> None:
    write_mapping(at, "merged")


@case("One opportunity in several rows where one is wanted", code=4)
def _(at: Scene) -> None:
    write_mapping(at, "error")
    several(at, 911, 912, 911)


@case("Many opportunities in several rows where one is wanted", code=4)
def _(at: Scene) -> None:
    write_mapping(at, "error")
    several(at, *[911 + n % 7 for n in range(30)], *[911] * 12)


@case(
    "Rows in two files where one is wanted", "migrator run deals*.csv -m deals.yaml --yes", code=4
)
def _(at: Scene) -> None:
    write_mapping(at, "error")
    several(at, 911, 912)
    several(at, 912, name="deals2.csv")


def failed_together(at: Scene, *, keep: slice) -> None:
    """Rows 2 and 4 went in one call, which LeadSquared refused; mend.csv has some of them."""
    write_mapping(at, "merge")
    several(at, 913, 914, 913)
    at.sandbox.strike("mx_input", opportunity=guid(913))
    at.done(RUN, code=Exit.ATTENTION)
    at.done("migrator export --failed -o mend.csv")
    at.rewrite_export("mend.csv", at.read_export("mend.csv")[keep])


MEND = RUN.replace("deals.csv", "mend.csv")


@case("A mended export that lacks a row of a merged opportunity", MEND, code=3)
def _(at: Scene) -> None:
    failed_together(at, keep=slice(1, None))


@case("A mended export with a merged row alone", MEND, code=3)
def _(at: Scene) -> None:
    failed_together(at, keep=slice(None, 1))


@case("A mended export with two copies of a row that differ", MEND, code=3)
def _(at: Scene) -> None:
    failed_together(at, keep=slice(None))
    rows = at.read_export("mend.csv")
    at.rewrite_export("mend.csv", [*rows, rows[0] | {"Name": "Another"}])


@case("A mended export whose merged rows have succeeded meanwhile", MEND, code=0)
def _(at: Scene) -> None:
    failed_together(at, keep=slice(None))
    at.done("migrator retry --yes")


@case("A merged row that is named for a retry", "migrator retry --rows 2 --yes", code=0, sends=1)
def _(at: Scene) -> None:
    failed_together(at, keep=slice(None))
