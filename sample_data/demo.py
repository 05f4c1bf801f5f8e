"""`make demo`: a newcomer's first minute with migrator, on the built-in sandbox.

Runs the commands a person would type, prints each before it runs, kills one in the middle, and in
the end holds the sandbox's state against the workbook, read without migrator's help.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections import Counter
from pathlib import Path

from openpyxl import load_workbook

HERE = Path(__file__).resolve().parent
SHEET = HERE / "deals.xlsx"
MAPPING = HERE.parent / "mappings" / "deals.yaml"
CALLS_BEFORE_THE_KILL = 60
FAULTS = "lost_after=0.02,lost_before=0.01,http503=0.02,rate429=0.01,http404_mx=0.04"


class DemoError(Exception):
    """Something is not as it must be."""


class Demo:
    """One demonstration in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.log = folder / "calls.jsonl"
        self.environment = os.environ | {
            "MIGRATOR_STATE_DIR": str(folder / "state"),
            "MIGRATOR_LEDGER": str(folder / "migrator.db"),
            "PYTHONUTF8": "1",
        }
        self.sandbox: subprocess.Popen[str] | None = None

    # ---------------------------------------------------------- the sandbox

    def start_sandbox(self) -> None:
        """Start it on a free port and take over the lines it prints."""
        arguments = ["sandbox", "--latency", "0.1-0.3", "--faults", FAULTS, "--seed", "11"]
        arguments += ["--log", str(self.log)]
        say(f"$ migrator {' '.join(arguments[:-1])} calls.jsonl")
        self.sandbox = subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=self.environment,
        )
        if self.sandbox.stdout is None:
            raise DemoError("the sandbox has no output")
        while "LSQ_SECRET_KEY" not in self.environment or "LSQ_API_HOST" not in self.environment:
            line = self.sandbox.stdout.readline()
            if not line:
                raise DemoError("the sandbox did not start")
            name, equals, value = line.strip().removeprefix("export ").partition("=")
            if equals and name.startswith("LSQ_"):
                self.environment[name] = value.strip("'\"")
                shown = value if name == "LSQ_API_HOST" else "'…'"
                say(f"  export {name}={shown}")

    def control(self, method: str, path: str, content: object = None) -> object:
        """Look at the sandbox, or change it: a person would use curl."""
        request = urllib.request.Request(
            f"{self.environment['LSQ_API_HOST']}{path}",
            method=method,
            data=None if content is None else json.dumps(content).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def updates_logged(self) -> int:
        """How many updates have reached the sandbox."""
        if not self.log.exists():
            return 0
        text = self.log.read_text(encoding="utf-8")
        return sum("/Update" in line for line in text.splitlines())

    # ---------------------------------------------------------- commands

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command as a person would type it."""
        shown = [Path(word).name if Path(word).is_absolute() else word for word in arguments]
        say(f"\n$ migrator {' '.join(shown)}")
        return subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=None if sys.stderr.isatty() else subprocess.DEVNULL,
            text=True,
            encoding="utf-8",
            env=self.environment,
            cwd=self.folder,
        )

    def command(self, *arguments: str, expected: int, lines: int = 40) -> str:
        """Run a command; its exit code must be the expected one."""
        process = self.start(*arguments)
        output, _ = process.communicate(timeout=120)
        for line in output.splitlines()[:lines]:
            say(f"  {line}")
        say(f"  (exit {process.returncode})")
        if process.returncode != expected:
            raise DemoError(f"exit {process.returncode}, expected {expected}")
        return output

    def run_and_kill(self) -> None:
        """Start the run and kill it, as a power cut would."""
        process = self.start("run", str(SHEET), "-m", str(MAPPING), "--yes", "--patience", "3")
        while self.updates_logged() < CALLS_BEFORE_THE_KILL:
            if process.poll() is not None:
                raise DemoError("the run ended before it could be killed")
            time.sleep(0.05)
        process.kill()
        process.communicate()
        say(f"  (killed with SIGKILL after {self.updates_logged()} calls)")

    # ---------------------------------------------------------- the story

    def play(self) -> None:
        """The whole demonstration."""
        heading("A local imitation of LeadSquared: 25 calls per 5 s, lost answers, odd pages")
        self.start_sandbox()
        heading("1. Check: every row is read and mapped, nothing is sent")
        self.command("check", str(SHEET), "-m", str(MAPPING), expected=10, lines=18)
        heading("2. Run: planned into the ledger, then sent; and the machine dies in the middle")
        self.run_and_kill()
        heading("3. Status: the ledger knows what was sent, and what may have been")
        self.command("status", expected=0, lines=9)
        heading("4. Resume: what is in doubt is settled by reading, the rest is sent")
        self.command("resume", "--yes", "--patience", "3", expected=10)
        heading("5. The cause of the failures is mended in LeadSquared; retry sends those rows")
        self.control("PATCH", "/sandbox/settings", {"faults": {}})
        self.command("retry", "--yes", expected=10)
        heading("6. Export: the rows that need a person, to be mended in a spreadsheet program")
        self.command("export", "--rejected", "-o", str(self.folder / "rejected.csv"), expected=0)
        heading("7. The same command again: everything is known, no call is made")
        before = self.updates_logged()
        self.command("run", str(SHEET), "-m", str(MAPPING), "--yes", expected=10, lines=7)
        if self.updates_logged() != before:
            raise DemoError("the second run sent something")
        heading("8. The proof: the balance, and the sandbox's state against the workbook")
        self.prove()

    def prove(self) -> None:
        """Every mappable row is in the sandbox, once."""
        process = self.start("status", "--json")
        status = json.loads(process.communicate()[0])
        states = status["states"]
        rejected = {row for reason in status["reasons"] for row in reason["rows"]}
        if (
            not status["is_whole"]
            or states["succeeded"] != status["rows_read"] - states["rejected"]
        ):
            raise DemoError(f"the balance is not as expected: {states}")
        say(
            f"  balance: {status['rows_read']} rows read = {states['succeeded']} succeeded "
            f"+ {states['rejected']} rejected"
        )
        compared = self.compare_with_sandbox(rejected)
        say(f"  {compared} opportunities in the sandbox hold the workbook's last values,")
        say("  each note as often as the workbook has it")
        twice = status["notes_possibly_twice"]
        say(f"  (the balance says that {twice} notes were sent again after a lost answer)")

    def compare_with_sandbox(self, rejected: set[int]) -> int:
        """Amounts and notes, opportunity by opportunity."""
        amounts, notes = expected_state(rejected)
        found = self.control("GET", "/sandbox/state")
        if not isinstance(found, dict):
            raise DemoError("the sandbox tells no state")
        opportunities = {item["id"].lower(): item for item in found["opportunities"]}
        for identity, amount in amounts.items():
            item = opportunities.get(identity, {"fields": {}, "notes": {}})
            if item["fields"].get("mx_Custom_6", "") != amount:
                raise DemoError(f"{identity}: amount {item['fields'].get('mx_Custom_6')}")
            if counted(item["notes"]) != notes[identity]:
                raise DemoError(f"{identity}: notes {item['notes']}, expected {notes[identity]}")
        return len(amounts)


def counted(notes: object) -> Counter[str]:
    """The sandbox's notes as text to count."""
    if isinstance(notes, dict):
        return Counter({text: int(count) for text, count in notes.items()})
    found: Counter[str] = Counter()
    for note in notes if isinstance(notes, list) else ():
        found[note["text"]] += int(note.get("count", 1))
    return found


def expected_state(rejected: set[int]) -> tuple[dict[str, str], dict[str, Counter[str]]]:
    """Amount and notes per opportunity, from the workbook alone."""
    sheet = load_workbook(SHEET, data_only=True)["Deals"]
    rows = sheet.iter_rows(values_only=True)
    header = [str(name).strip() if name is not None else "" for name in next(rows)]
    amounts: dict[str, str] = {}
    notes: dict[str, Counter[str]] = {}
    for number, cells in enumerate(rows, 2):
        row = dict(zip(header, cells, strict=False))
        if number in rejected or all(cell in (None, "") for cell in cells):
            continue
        identity = str(row["Opportunity Id"]).strip(" {}\"'").lower()
        amount = row["Amount"]
        if amount not in (None, ""):
            is_whole = isinstance(amount, float) and amount.is_integer()
            amounts[identity] = str(int(amount)) if is_whole else str(amount)
        else:
            amounts.setdefault(identity, "")
        remarks = row["Remarks"]
        seen = notes.setdefault(identity, Counter())
        if remarks is not None and str(remarks).strip():
            seen[f"Migrated from the old CRM: {remarks}"] += 1
    return amounts, notes


def say(line: str) -> None:
    """Print at once, so that a pipe sees it, too."""
    print(line, flush=True)


def heading(text: str) -> None:
    """A step of the story."""
    say(f"\n{text}\n{'-' * len(text)}")


def main() -> int:
    """Play it in a folder that is removed in the end."""
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="migrator-demo-", ignore_cleanup_errors=True) as folder:
        demo = Demo(Path(folder))
        try:
            demo.play()
        except (DemoError, OSError, subprocess.TimeoutExpired) as error:
            say(f"\nTHE DEMO FAILED: {error}")
            return 1
        finally:
            if demo.sandbox is not None:
                demo.sandbox.terminate()
                demo.sandbox.communicate()
    say(f"\nDone in {time.monotonic() - began:.0f} s; the folder it worked in is removed.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
