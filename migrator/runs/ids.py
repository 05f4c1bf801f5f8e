"""`ids`: look the opportunities of a sheet up by their leads, and write the sheet with their ids.

Owns the order of the steps: read, price, ask, write. The sheet is read twice; what is kept in
memory grows with its different leads, not with its rows. Nothing is sent that changes anything.
"""

import asyncio
import os
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from migrator.cells import is_blank
from migrator.clock import local_time
from migrator.errors import AllowanceError, MigratorError, SourceError, UsageError
from migrator.loader import Rows
from migrator.lookups import Answer, LeadKey, lead_key
from migrator.mapping import did_you_mean, listed
from migrator.model import Rejected
from migrator.reports.text import counted, duration, noun
from migrator.reports.whole_file import refuse_unwritable
from migrator.reports.xlsx_export import refuse_rows
from migrator.runs.accounts import account_of
from migrator.runs.delivering import on_signals
from migrator.runs.ids_sheet import IdsFound, IdsOptions, LeadSheet, write_ids
from migrator.runs.looking_up import LookingUp, Wanted
from migrator.runs.world import World

SUFFIXES: Final = (".xlsx", ".csv")

OpenSheet = Callable[[], Rows]


# ------------------------------------------------------------------ the steps


def find_ids(world: World, open_sheet: OpenSheet, output: Path, options: IdsOptions) -> IdsFound:
    """Look up, and write the sheet with the ids to ``output``, a new .xlsx or .csv file.

    Raises:
        MigratorError: The sheet cannot be read, or the output not be written; what was answered
            is kept.
    """
    refuse_output(output)
    sheet = _read_leads(open_sheet, options)
    if output.suffix.lower() == ".xlsx":
        refuse_rows(sheet.last_row - 1, where=str(output))
    refuse_unwritable(output)
    if not sheet.keys:
        raise _no_leads(sheet, options)
    settings = world.settings
    known = world.ledger.accounts.known(settings.account_host, settings.key_digest)
    to_ask = _to_ask(world, known, sheet, options)
    found = IdsFound(file=sheet.file, output=output, leads=len(sheet.keys), calls=len(to_ask))
    if to_ask and not world.operator.permits(_price(world, known, found), _question(found)):
        return replace(found, declined=True)
    account = account_of(world)
    if account != known:
        to_ask = _to_ask(world, account, sheet, options)
        found.calls = len(to_ask)
    if to_ask:
        world.run_to_end(_ask(world, account, to_ask, options, found))
        world.operator.close()
    if found.asked == found.calls:
        found.error, found.signal = None, 0
        with open_sheet() as rows, _answers_are_kept():
            write_ids(_answers(world, account, options), rows, sheet, options, found)
    return found


@contextmanager
def _answers_are_kept() -> Iterator[None]:
    """Say of a sheet that could not be written that the calls were not in vain."""
    try:
        yield
    except SourceError as error:
        raise SourceError(
            error.problem,
            where=error.where,
            advice=f"{error.advice} What LeadSquared answered is kept and costs no second call.",
        ) from error


def _answers(world: World, account: str, options: IdsOptions) -> Callable[[LeadKey], Answer | None]:
    def answer_of(key: LeadKey) -> Answer | None:
        kept = world.ledger.lookups.kept(account, options.event_code, key, columns=options.columns)
        return kept.answer if kept is not None else None

    return answer_of


def refuse_output(path: Path, *, has_quoting: bool = False) -> None:
    """Do nothing if the sheet may be written to ``path``.

    Args:
        path: Where it is to be.
        has_quoting: Whether the source is a text with another quote or escape character.

    Raises:
        UsageError: It is of another kind, or there already, or its folder is not.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(
            f'the sheet is written as .xlsx or .csv, not "{path.suffix or path.name}"',
            where=str(path),
            advice="Name it so: -o FILE.xlsx or -o FILE.csv.",
        )
    if has_quoting and path.suffix.lower() == ".csv":
        raise UsageError(
            "a CSV with --quote or --escape is read, but not written",
            where=str(path),
            advice="Write a workbook, which the same mapping reads: -o FILE.xlsx.",
        )
    if path.exists():
        raise UsageError(
            "this file is there already, and is not replaced",
            where=str(path),
            advice=f"Name another, such as -o {free_name(path)}.",
        )
    if not path.absolute().parent.is_dir():
        raise UsageError(
            "the folder for the sheet does not exist",
            where=str(path),
            advice=f"Make {path.absolute().parent}, or name another file with -o FILE.",
        )


def free_name(path: Path) -> Path:
    """The path itself, or with a number behind its name, such that nothing is there."""
    stem, number = re.sub(r"-\d{1,3}$", "", path.stem), 2
    while path.exists():
        path = path.with_name(f"{stem}-{number}{path.suffix}")
        number += 1
    return path


def _read_leads(open_sheet: OpenSheet, options: IdsOptions) -> LeadSheet:
    keys: dict[LeadKey, None] = {}
    with open_sheet() as rows:
        lead_at = _place_of(options.lead_column, rows)
        for _, column in options.match:
            _place_of(column, rows)
        last, no_key = 1, ""
        for row in rows:
            if isinstance(row, Rejected):
                last = row.row.row
                continue
            last = row.row
            key = lead_key(options.lead_field, row.cells[lead_at])
            if isinstance(key, LeadKey):
                keys[key] = None
            elif not is_blank(row.cells[lead_at]):
                no_key = no_key or key
        return LeadSheet(
            file=rows.file,
            sheet=rows.sheet,
            columns=rows.columns,
            positions=rows.positions,
            encoding=rows.encoding,
            delimiter=rows.delimiter,
            last_row=last,
            no_key=no_key,
            keys=keys,
        )


def _place_of(column: str, rows: Rows) -> int:
    if column in rows.columns:
        return rows.columns.index(column)
    raise UsageError(
        f'the sheet has no column "{column}"',
        where=rows.file,
        advice=f"{did_you_mean(column, rows.columns)}Its columns are {listed(rows.columns)}. Write "
        "the name as it stands there.",
    )


def _no_leads(sheet: LeadSheet, options: IdsOptions) -> UsageError:
    column = options.lead_column
    advice = f'Every cell of "{column}" is blank: name the column that tells each row\'s lead.'
    if sheet.no_key and not options.lead_field:
        advice = (
            f"--lead-id takes LeadSquared's own id of the lead, but {sheet.no_key}. For a mail "
            f'address or a phone number write --lead-field "EmailAddress={column}".'
        )
    return UsageError(
        "no row names a lead", where=f'{sheet.file}, column "{column}"', advice=advice
    )


def _to_ask(
    world: World, account: str | None, sheet: LeadSheet, options: IdsOptions
) -> list[LeadKey]:
    """The leads of which nothing is kept that still counts."""
    if account is None or options.again:
        return list(sheet.keys)
    now, lookups = world.clock.wall(), world.ledger.lookups

    def counts(key: LeadKey) -> bool:
        kept = lookups.kept(account, options.event_code, key, columns=options.columns)
        return kept is not None and kept.counts(now)

    return [key for key in sheet.keys if not counts(key)]


# ------------------------------------------------------------------ the price


def _price(world: World, account: str | None, found: IdsFound) -> list[str]:
    rate = world.rate()
    seconds = found.calls / rate.per_second
    known = found.leads - found.calls
    kept = f" ({known:,} {noun(known, 'lead')} known from before)" if known else ""
    price = (
        f"{counted(found.leads, 'distinct lead')}: {counted(found.calls, 'call')}{kept}, about "
        f"{duration(seconds)} at {rate}. The calls only read; the "
        "limit is shared by everything that uses the account."
    )
    lines = [price]
    daily = world.settings.daily_limit
    if daily is not None and account is not None:
        count = world.day_count(account)
        left = max(0, daily - count.today())
        lines.append(
            f"{left:,} of the day's {daily:,} calls left until {local_time(count.next_day())}"
        )
    return lines


def _question(found: IdsFound) -> str:
    return f"Make {counted(found.calls, 'call')}?"


# ------------------------------------------------------------------ asking


async def _ask(
    world: World, account: str, keys: Sequence[LeadKey], options: IdsOptions, found: IdsFound
) -> None:
    wanted = Wanted(account=account, event_code=options.event_code, columns=options.columns)
    caught: list[int] = []
    async with world.connected(account) as (client, quota), world.thread() as thread:
        looking_up = LookingUp(
            wanted,
            ledger=world.ledger,
            thread=thread,
            client=client,
            quota=quota,
            clock=world.clock,
            progress=world.operator,
            patience=options.patience,
        )
        loop = asyncio.get_running_loop()

        def stop(number: int) -> None:
            caught.append(number)
            if len(caught) > 1:
                os._exit(128 + number)  # what is answered is in the ledger
            world.operator.say("stopping: calls under way are finished; once more leaves at once")
            loop.call_soon_threadsafe(looking_up.stop)

        with on_signals(stop):
            await looking_up.ask(keys)
    found.asked, found.error = looking_up.asked, _in_our_words(looking_up.error)
    found.signal = caught[0] if caught else 0


def _in_our_words(error: MigratorError | None) -> MigratorError | None:
    """The day's calls are spent: the quota speaks of runs, and there is none here."""
    if not isinstance(error, AllowanceError):
        return error
    advice = error.advice.replace("run `migrator resume`", "type the same command again")
    return AllowanceError(error.problem, where=error.where, advice=advice)
