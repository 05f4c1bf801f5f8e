"""`migrator check`: read and map every row, send nothing."""

import argparse
import gc
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from migrator.cli.common import the_environment
from migrator.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from migrator.mapping import Mapping
    from migrator.metadata import Metadata
    from migrator.runs.found import Checked
    from migrator.settings import RateLimit

EPILOG = """\
Exit codes: 0 all is well; 4 the mapping is wrong, or does not fit the sheet or the opportunity
type; 10 rows would be refused (or, with --fail-on warning, there are warnings).

example:
  migrator check deals.xlsx -m mappings/deals.yaml
  migrator check deals.xlsx -m mappings/deals.yaml --online --problems problems.xlsx
  migrator check deals.xlsx -m mappings/deals.yaml --metadata type-12000.json --fail-on warning
  migrator check -m mappings/deals.yaml
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.add_argument(
        "sheet",
        nargs="*",
        metavar="SHEET",
        help="a CSV or a workbook; several files of one header, or a pattern such as "
        "'deals-*.csv'; without one the mapping alone is checked",
    )
    parser.add_argument(
        "-m", "--mapping", type=Path, required=True, metavar="MAPPING", help="a mapping in YAML"
    )
    parser.add_argument(
        "--mixed-ids", action="store_true", help="take GUIDs and AutoIds in one sheet"
    )
    against = parser.add_mutually_exclusive_group()
    against.add_argument(
        "--online",
        action="store_true",
        help="hold mapping and values against the account: makes reading calls, and says which",
    )
    against.add_argument(
        "--metadata",
        type=Path,
        metavar="FILE",
        help="the same without a call: against what `migrator fields --save FILE` wrote",
    )
    parser.add_argument(
        "--problems",
        type=_workbook,
        metavar="FILE.xlsx",
        help="write every problem there, one line each, linked to its cell",
    )
    parser.add_argument(
        "--fail-on", choices=("warning",), help="end with exit code 10 for warnings, too"
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON")


def run(options: argparse.Namespace) -> int:
    """Check a sheet against a mapping."""
    from migrator.cli.checked import checked_json
    from migrator.cli.progress import Reading
    from migrator.mapping import load_mapping
    from migrator.runs.checking import check, check_mapping
    from migrator.settings import memory_budget, quota_settings

    if options.problems and not options.sheet:
        raise UsageError(
            "--problems lists the problems of rows, and no sheet is named",
            advice="Name the sheet: `migrator check SHEET -m MAPPING --problems FILE.xlsx`.",
        )
    # Rows come and go by the million and hold no circles; looking for some took a sixth of the
    # time.
    gc.set_threshold(100_000, 50, 100)
    environment = the_environment()
    rate = quota_settings(environment)
    mapping = load_mapping(options.mapping)
    metadata = _metadata(options, mapping)
    if options.sheet:
        with Reading("checking") as look:
            checked = check(
                options.sheet,
                mapping,
                mixed_ids=options.mixed_ids,
                metadata=metadata,
                problems=options.problems,
                budget=memory_budget(environment),
                look=look,
            )
    else:
        checked = check_mapping(mapping, metadata=metadata)
    code = _exit_code(checked, fails_on_warning=options.fail_on == "warning")
    if options.json:
        print(checked_json(checked, exit_code=code))
    else:
        _show(checked, rate, options)
    return code


def _show(checked: "Checked", rate: "RateLimit", options: argparse.Namespace) -> None:
    from migrator.cli.checked import checked_lines
    from migrator.cli.screen import columns_of, show

    command = shlex.join(["migrator", "check", *options.sheet, "-m", str(options.mapping)])
    for line in checked_lines(checked, rate, command=command, width=columns_of()):
        show(line)


def _exit_code(checked: "Checked", *, fails_on_warning: bool) -> ExitCode:
    if checked.has_misfit:
        return ExitCode.MAPPING
    if checked.has_refused_rows or (fails_on_warning and checked.warnings):
        return ExitCode.ROWS_NEED_ATTENTION
    return ExitCode.OK


def _metadata(options: argparse.Namespace, mapping: "Mapping") -> "Metadata | None":
    """What is known of the account; which calls that took is said on standard error."""
    if options.metadata is not None:
        from migrator.runs.metadata_files import load_metadata

        return load_metadata(options.metadata)
    if not options.online:
        return None
    from migrator.cli.common import the_link
    from migrator.runs.reading import read_metadata

    names_users = mapping.needs_users or "Owner" in mapping.fields
    return read_metadata(the_link(), mapping.opportunity.type, users=names_users)


def _workbook(text: str) -> Path:
    path = Path(text)
    if path.suffix.lower() != ".xlsx":
        raise argparse.ArgumentTypeError(
            f'"{text}" is no name of a workbook, such as problems.xlsx'
        )
    return path
