"""How long `migrator report` takes, and how large its page is, for a night of 20,000 rows.

python benchmarks/report_size.py [--rows 20000] [--keep FOLDER]

The ledger is filled by the steps that a run takes: planned from a CSV by a mapping, each call's
intent and outcome written down, with rate answers, an outage, a stop and a resume the next evening,
failures of several kinds, rejected rows, rows in doubt, before-images, and a read-back that finds
something. Only nothing is sent, and time is made up.
"""

import argparse
import csv
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from migrator import load_mapping, open_ledger
from migrator.ledger import Ledger
from migrator.ledger.dispatches import DispatchRecord
from migrator.ledger.findings import Written
from migrator.model import Call, Doubt, Failed, InDoubt, NotSent, Reading, Run, Succeeded, Verdict
from migrator.runs.planning import SheetRows, open_source, write_plan

MOST_SECONDS, MOST_BYTES = 5.0, 2 * 1024 * 1024
MAPPING = """\
# Deals of the old CRM, 2024; agreed with sales on the 4th of November.
version: 1
source: {timezone: Asia/Kolkata}
opportunity: {type: 12000, id: Opportunity Id, note: "{Remarks}"}
fields:
  mx_Custom_1: Name
  mx_Custom_2:
    {column: Stage, type: choice, values: {Won: Closed Won, Lost: Closed Lost}, otherwise: keep}
  mx_Custom_6: {column: Amount, type: number, grouping: western}
  mx_Custom_11: Region
"""
COLUMNS = ("Opportunity Id", "Name", "Stage", "Amount", "Region", "Remarks")
STAGES = ("Won", "Lost", "On hold", "Prospecting", "Negotiation")
BEFORE = ("Open", "Open", "Open", "Qualified", "Closed Won", "")
BEGAN = 1_795_965_000.0  # an evening of November 2026 in India
PER_CALL = 0.207
APPLIED = Reading(verdict=Verdict.APPLIED, status=200)
RATE = Reading(
    verdict=Verdict.RATE,
    status=429,
    exception="MXAPIRateLimitExceededException",
    message="API calls exceeded the limit of 25 in 5 second(s)",
)
LOST = Reading(verdict=Verdict.UNKNOWN, message="no answer in time")
GONE = Reading(verdict=Verdict.TARGET_FAULT, message="no connection")
REFUSALS = (
    ("MXInvalidDropDownValueException", 'mx_Custom_2: "{stage}" is not an option'),
    ("MXOpportunityNotFoundException", "Opportunity {id} does not exist"),
    ("MXInvalidDataException", "mx_Custom_1 is longer than 200 characters <b>(row {row})</b>"),
)


def guid(number: int) -> str:
    return f"5ca5b042-51ea-4699-86f0-{number:012x}"


def write_sheet(path: Path, count: int) -> None:
    draw = random.Random(7)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        for number in range(1, count + 1):
            amount = "about 5 lakh" if number % 120 == 0 else f"{draw.randrange(1_000, 999_999):,}"
            region = draw.choice(("North", "South", "East", "West"))
            stage = draw.choice(STAGES)
            writer.writerow([guid(number), f"Deal {number}", stage, amount, region, f"n{number}"])


class Night:
    """What a night of sending writes into a ledger."""

    def __init__(self, ledger: Ledger, run: Run, per_call: float) -> None:
        self.ledger, self.run, self.per_call = ledger, run, per_call
        self.now = BEGAN
        self.draw = random.Random(11)

    def sent(self) -> None:
        """Every planned row, in two evenings."""
        entries = self.ledger.work.pick(self.run, after=0, limit=2**31, chosen=None)
        self.images(entries)
        half, outage = len(entries) * 3 // 5, len(entries) // 4
        began = self.now
        for number, entry in enumerate(entries):
            if number == half:
                self.keep(began)
                self.now += 14 * 3600.0
                began = self.now
            if number == outage:
                for one in entries[number : number + 8]:
                    self.call(one, NotSent(reading=GONE), GONE)
                self.now += 420.0
            if number % 2_500 == 2_400:
                self.call(entry, NotSent(reading=RATE), RATE)
                self.now += 5.25
            self.end(entry, number)
        self.keep(began)

    def images(self, entries: list[Any]) -> None:
        shown = {
            entry.opportunity: {
                "mx_Custom_2": self.draw.choice(BEFORE),
                "mx_Custom_11": self.draw.choice(("", "South", "N/A")),
            }
            for entry in entries
        }
        self.ledger.images.keep(self.run, shown, at=self.now)

    def keep(self, began: float) -> None:
        record = DispatchRecord(began, self.now, "0.9.0", "api-in21.leadsquared.com", 25, 5.0)
        self.ledger.dispatches.keep(self.run, record)

    def end(self, entry: Any, number: int) -> None:
        if number % 40 == 7:
            kind, text = REFUSALS[number // 40 % 3]
            told = text.format(stage=STAGES[number % 5], id=entry.opportunity_id, row=entry.row)
            reading = Reading(verdict=Verdict.REFUSED, status=500, exception=kind, message=told)
            self.call(entry, Failed(reading=reading), reading)
        elif number % 333 == 99:
            self.call(entry, InDoubt(doubt=Doubt.NOTE, reading=LOST), LOST)
        else:
            self.call(entry, Succeeded(note_confirmed=True), APPLIED)

    def call(self, entry: Any, outcome: Any, reading: Reading) -> None:
        work = self.ledger.work
        attempt = work.intend(entry, with_note=True, again=False, at=self.now)
        answered = self.now + 0.1 + self.draw.random() * 0.3
        call = Call(attempt=attempt, reading=reading, at=answered)
        work.settle(self.run, entry, outcome, call=call, with_note=True, holds=True, at=answered)
        self.now += self.per_call

    def read_back(self) -> None:
        numbers = [
            e.number for e in self.ledger.records.entries(self.run) if e.state == "succeeded"
        ]
        lost = [(Written(n, "mx_Custom_1", f"Deal {n}"), f"DEAL {n}") for n in numbers[50::4_000]]
        self.ledger.findings.keep(self.run, numbers[:-500], lost, at=self.now)


def fill(folder: Path, count: int, per_call: float) -> None:
    """Make sheet, mapping and ledger in a folder."""
    (folder / "deals.yaml").write_text(MAPPING, encoding="utf-8")
    write_sheet(folder / "deals.csv", count)
    mapping = load_mapping(folder / "deals.yaml")
    with open_ledger(folder / "migrator.db") as ledger:
        with open_source(folder / "deals.csv", mapping) as rows:
            planned = write_plan(
                ledger,
                SheetRows(rows),
                mapping,
                account="api-in21.leadsquared.com/22824",
                name="deals.csv",
                mixed_ids=False,
                keeps_images=True,
            )
        ledger.plans.mark(planned.run, send_all=False)
        run = ledger.plans.seal(
            planned.run, content_digest=planned.content_digest, rows_read=count, blank_rows=2
        )
        database = ledger._database  # noqa: SLF001 - one transaction instead of 40,000
        with database.transaction():
            ledger.work.begin(run)
            night = Night(ledger, run, per_call)
            night.sent()
            night.read_back()
            ledger.work.finish(run, at=night.now)
            database.change("UPDATE runs SET created_at = ?", BEGAN - 180.0)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--per-call", type=float, default=PER_CALL, help="seconds, made up")
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files there")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = options.keep or Path(name)
        folder.mkdir(parents=True, exist_ok=True)
        fill(folder, options.rows, options.per_call)
        for ending in ("html", "md", "json"):
            path = folder / f"report.{ending}"
            told = ["--ledger", str(folder / "migrator.db"), "-o", str(path)]
            began, used = time.perf_counter(), os.times()
            subprocess.run(
                [sys.executable, "-m", "migrator", "report", *told],
                check=True,
                stderr=subprocess.DEVNULL,
            )
            seconds, size = time.perf_counter() - began, path.stat().st_size
            cpu = os.times().children_user - used.children_user
            print(
                f"report.{ending} of {options.rows:,} rows: {seconds:.2f} s ({cpu:.2f} s CPU), "
                f"{size:,} bytes"
            )
            if ending == "html":
                met = seconds < MOST_SECONDS and size < MOST_BYTES
                print(f"goal, under {MOST_SECONDS:g} s and 2 MB: {'met' if met else 'NOT MET'}")


if __name__ == "__main__":
    main()
