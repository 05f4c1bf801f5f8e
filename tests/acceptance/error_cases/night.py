"""What ends or holds up a night: the day's calls, the first live row, edits, another ledger."""

import re
import sqlite3

from tests.acceptance.error_scene import LEDGER, RUN, Group, Scene
from tests.acceptance.rehearsal import Exit, guid

case = Group("The night")
CREATED_ON = '  CreatedOn: {constant: "2019-04-02 12:13:44"}\n'
TIME = r"\d{4}-\d\d-\d\d \d\d:\d\d(:\d\d)?( [A-Z]+ \(UTC[+-]\d\d:\d\d\)| UTC)?"


@case("A .env file that others may read", code=5)
def _(at: Scene) -> None:
    at.file(".env", "LSQ_SECRET_KEY=x\n").chmod(0o644)


@case("A .env file with a line that is no setting", code=5)
def _(at: Scene) -> None:
    at.file(".env", "LSQ_AUTH=header\nLSQ_SECRET_KEY mIstyped/Secret==\n").chmod(0o600)


@case("A settings file with an unknown section", code=5)
def _(at: Scene) -> None:
    at.file("migrator.toml", '[exeptions]\nretry = ["MXConcurrencyException"]\n')


@case("A settings file that moves what cannot be moved", code=5)
def _(at: Scene) -> None:
    at.file("migrator.toml", '[exceptions]\nretry = [\n  "MXAPIRateLimitExceededException",\n]\n')


@case("A settings file that names a type twice", code=5)
def _(at: Scene) -> None:
    at.file(
        "migrator.toml", '[exceptions]\nretry = ["MXXSSException"]\nfinal = ["MXXSSException"]\n'
    )


@case("A settings file that is no TOML", code=5)
def _(at: Scene) -> None:
    at.file("migrator.toml", "[exceptions]\nretry = [MXXSSException]\n")


@case("A settings file that is not there", code=5)
def _(at: Scene) -> None:
    at.set(MIGRATOR_SETTINGS="account.toml")


@case("A misspelt setting", code=5)
def _(at: Scene) -> None:
    at.environment["LSQ_ACESS_KEY"] = at.environment.pop("LSQ_ACCESS_KEY")


@case("The day's calls are spent", code=9, sends=None)
def _(at: Scene) -> None:
    at.set(LSQ_DAILY_LIMIT="2", TZ="Asia/Kolkata")
    at.differs[TIME] = "{date}"


@case("The day's calls are spent, as LeadSquared tells", code=9, sends=None)
def _(at: Scene) -> None:
    at.sandbox.change(daily=0, daily_message="API calls exceeded the limit of 10000 in 1 day(s)")
    at.set(TZ="Asia/Kolkata")
    at.differs[TIME] = "{date}"
    at.on_end.callback(at.sandbox.change, daily=None)


@case("A CreatedOn that the account ignores", f"{RUN} --patience 1", code=12, sends=1)
def _(at: Scene) -> None:
    at.sandbox.change(created_on="ignored")
    at.write_mapping((at.folder / "deals.yaml").read_text(encoding="utf-8") + CREATED_ON)
    at.differs[r'found as "[^"]*"'] = 'found as "{date}"'


@case("A field that the account does not clear", f"{RUN} --patience 1", code=12, sends=1)
def _(at: Scene) -> None:
    at.sandbox.change(blank="ignored")
    text = (at.folder / "deals.yaml").read_text(encoding="utf-8")
    at.write_mapping(re.sub("Region", "{column: Region, blank: clear}", text))
    kept = {"id": guid(901), "fields": {"mx_Custom_11": "North"}}  # other cases have other ones
    at.sandbox.ask("POST", "opportunities", [kept])
    at.write_sheet([(guid(901), "Deal", "1", "", ""), (guid(902), "Deal", "1", "", "")])


@case("Rows that somebody edited since they failed", "migrator retry --yes", code=10, sends=0)
def _(at: Scene) -> None:
    at.sandbox.strike("mx_input", opportunity=guid(903))
    at.write_sheet([(guid(903), "Deal 3", "1", "South", "")])
    at.done(RUN, code=Exit.ATTENTION)
    with sqlite3.connect(at.folder / LEDGER) as ledger:
        ledger.execute("UPDATE entries SET updated_at = updated_at - 86400")
    ledger.close()
    edited = {"id": guid(903), "fields": {"mx_Custom_1": "Edited by hand"}}
    at.sandbox.ask("POST", "opportunities", [edited])
    at.differs[TIME] = "{date}"


@case("A ledger that does not know what another one has sent", code=2)
def _(at: Scene) -> None:
    at.done(RUN)
    (at.folder / "elsewhere").mkdir()
    (at.folder / LEDGER).rename(at.folder / "elsewhere" / LEDGER)
    known = at.folder / "state" / "ledgers.json"
    known.write_text(known.read_text("utf-8").replace(LEDGER, f"elsewhere/{LEDGER}"), "utf-8")
    at.differs[TIME] = "{date}"


@case("A ledger in a synced folder", code=0, sends=3)
def _(at: Scene) -> None:
    (at.folder / "Dropbox").mkdir()
    at.set(MIGRATOR_LEDGER="Dropbox/migrator.db")


case("A time that is none", f"{RUN} --until 25:00", code=2)
case("A number of failures that is none", f"{RUN} --max-failures few", code=2)
case("An outage of no length", f"{RUN} --max-outage 0", code=2)
case("A share in per cent", f"{RUN} --share 80%", code=2)
case("A canary and a limit", f"{RUN} --canary 5 --limit 10", code=2)


@case("Too many rows fail", f"{RUN} --max-failures 1", code=12, sends=None)
def _(at: Scene) -> None:
    at.sandbox.strike("mx_input", opportunity=guid(904))
    at.write_sheet([(guid(904), "Deal 4", "1", "South", "")])


@case("A row of the canary fails", f"{RUN} --canary 1", code=12, sends=None)
def _(at: Scene) -> None:
    at.sandbox.strike("mx_input", opportunity=guid(904))
    at.write_sheet([(guid(904), "Deal 4", "1", "South", "")])


@case("The account's limit is lower than thought", code=0, sends=None)
def _(at: Scene) -> None:
    at.sandbox.strike("rate429", path="Update")
    at.set(LSQ_RATE_LIMIT="100000/0.2")


@case("A reason that no row failed for", "migrator retry --yes --reason timeout", code=2)
def _(at: Scene) -> None:
    at.sandbox.strike("mx_input", opportunity=guid(904))
    at.write_sheet([(guid(904), "Deal 4", "1", "South", "")])
    at.done(RUN, code=Exit.ATTENTION)


@case("An export of another kind", "migrator export --all -o all.ods", code=2)
def _(at: Scene) -> None:
    at.finished()


@case("An export into a workbook that is open in Excel", "migrator export --all -o a.xlsx", code=3)
def _(at: Scene) -> None:
    at.finished()
    at.file("a.xlsx", b"")
    at.file("~$a.xlsx", b"")


@case("An export over the sheet itself", "migrator export --all -o deals.csv", code=2)
def _(at: Scene) -> None:
    at.finished()
    at.keep("deals.csv")
