"""What is typed: commands, options, runs and rows that there are not."""

from tests.acceptance.error_scene import CHECK, RUN, Group, Scene
from tests.acceptance.rehearsal import deals

case = Group("The command line")

case("No command of the ledger", "migrator ledger", code=2)
case("Nothing to run", "migrator run", code=2)
case("A plan and a sheet", "migrator run deals.csv --plan r1", code=2)
case("A plan and an option of planning", "migrator run --plan r1 --again", code=2)
case("A command in capitals", "migrator RUN deals.csv", code=2)
case("An option without a command", "migrator --pln", code=2)
case("A code that there is not", "migrator explain not-a-dat", code=2)
case("An exception of which nothing is known", "migrator explain MXNewException", code=2)
case("A shell that cannot complete", "migrator completion powershell", code=2)
case("A command that there is not", "migrator resum", code=2)
case("A command far from any", "migrator upload deals.csv", code=2)
case("An option that there is not", f"{RUN} --limt 3", code=2)
case("An option of another command", f"{CHECK} --yes", code=2)
case("No sheet", "migrator run -m deals.yaml", code=2)
case("No mapping", "migrator run deals.csv", code=2)
case("An option without its value", "migrator run deals.csv -m", code=2)
case("A name with a space and without quotes", "migrator check my deals.csv -m deals.yaml", code=3)
case("A limit that is no number", f"{RUN} --limit ten", code=2)
case("Rows that are no numbers", f"{RUN} --rows A2", code=2)
case("A limit and rows", f"{RUN} --limit 1 --rows 2", code=2)
case("A patience that is no time", f"{RUN} --patience soon", code=2)
case("No file for an export", "migrator export --failed", code=2)
case("A status without a ledger", "migrator status", code=6)
case("A resume without a ledger", "migrator resume --yes", code=6)


@case("A plan beside a run that has begun", "migrator plan deals.csv -m deals.yaml", code=2)
def _(at: Scene) -> None:
    at.done(f"{RUN} --limit 1", code=12)
    at.write_sheet(deals(2))


@case("A plan that a newer one has replaced", "migrator run --plan r1 --yes", code=2)
def _(at: Scene) -> None:
    at.done("migrator plan deals.csv -m deals.yaml")
    at.write_sheet(deals(2))
    at.done("migrator plan deals.csv -m deals.yaml")


@case("A run that there is not", "migrator status r7", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("A resume with nothing to resume", "migrator resume --yes", code=0)
def _(at: Scene) -> None:
    at.finished()


@case("A resume where no run was begun", "migrator resume --yes", code=2)
def _(at: Scene) -> None:
    at.done(f"{RUN} --rows 99", code=2)  # a slip leaves no plan behind


@case("A resume where two runs could be meant", "migrator resume --yes", code=2)
def _(at: Scene) -> None:
    at.done(f"{RUN} --limit 1", code=12)
    at.write_sheet(deals(3), name="other.csv")
    at.done("migrator run other.csv -m deals.yaml --yes --limit 1", code=12)


@case("A retry with nothing failed", "migrator retry --yes", code=0)
def _(at: Scene) -> None:
    at.finished()


case("No file for a report", "migrator report", code=2)
case("A report of another kind", "migrator report -o report.pdf", code=2)
case("A report that is printed, of no kind", "migrator report -o -", code=2)


@case("A report over the ledger", "migrator report --format json -o migrator.db", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("A report over the sheet", "migrator report --format md -o deals.csv", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("A report in a folder that there is not", "migrator report -o june/report.html", code=3)
def _(at: Scene) -> None:
    at.finished()


@case("A report of a run that there is not", "migrator report r7 -o report.html", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("An export without boxes", "migrator export -o out.csv", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("Rows that match nothing", f"{RUN} --rows 90-99", code=2)
def _(at: Scene) -> None:
    at.unset("COLUMNS")


@case("The same command again", RUN, code=0)
def _(at: Scene) -> None:
    at.finished()


case("No terminal and no --yes", "migrator run deals.csv -m deals.yaml", code=2)


LOGGED = f"{RUN} --log log.jsonl"
MEASURED = f"{RUN} --metrics night.prom"

case("A log in a folder that there is not", f"{RUN} --log logs/log.jsonl", code=2)
case("Metrics in a folder that there is not", f"{RUN} --metrics metrics/night.prom", code=2)
case("Values of a log that there is not", f"{RUN} --log-values", code=2)


@case("A log that is the sheet", f"{RUN} --log deals.csv", code=2)
def _(at: Scene) -> None:
    at.keep("deals.csv")


@case("A log that is a folder", LOGGED, code=2)
def _(at: Scene) -> None:
    (at.folder / "log.jsonl").mkdir()


@case("Metrics in place of the sheet", f"{RUN} --metrics deals.csv", code=2)
def _(at: Scene) -> None:
    at.keep("deals.csv")


@case("Metrics in place of a folder", MEASURED, code=2)
def _(at: Scene) -> None:
    (at.folder / "night.prom").mkdir()


case("A trusted field that is not sent", f"{RUN} --trust mx_Custom_7", code=2)
