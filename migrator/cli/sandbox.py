"""`migrator sandbox`: start the local imitation of LeadSquared and tell how to reach it.

Parses, starts, prints; what the sandbox does is decided in `migrator.sandbox`.
"""

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from migrator.errors import ExitCode, SettingsError, UsageError

if TYPE_CHECKING:
    from migrator.sandbox import Sandbox, SandboxOptions

EPILOG = """\
The lines on standard output name the account for the other commands; Ctrl-C ends the sandbox.

examples:
  migrator sandbox --schema sample_data/schema.json
  migrator sandbox --ids-from deals.csv --id-column "Opportunity Id" \\
      --latency 0.2-1 --faults lost_after=0.02,http503=0.05 --seed 7 --log calls.jsonl

faults that strike a call, and not the next one:
  lost_before, lost_after  the connection is closed before or after the update is applied
  hang                     no answer (--hang seconds)
  rate429, rate403, rate200  "limit exceeded" out of turn
  http500_html, http500_empty, http502, http503, http504  a gateway's page instead of JSON
  mx_transient             an MX error that says "try again"
  truncated                applied, but the answer breaks off
  foreign403, foreign404   a page that is not LeadSquared's
faults that strike the same opportunity each time until it is mended:
  http400, mx500, mx_input, http404_mx

what it serves under /v2/:
  OpportunityManagement.svc/ Update, GetOpportunityDetails, GetOpportunitiesById,
      GetOpportunitiesOfLead, GetOpportunitiesByUniqueLeadField, GetOpportunityTypes,
      GetOpportunityTypeMetadata, IsOpportunityEnabled
  UserManagement.svc/Users.Get, Authentication.svc/UserByAccessKey.Get
an endpoint that is --closed is "refused" (500, no permission) or "missing" (404).

look at it and change it while it runs (no keys, JSON):
  GET /sandbox/state [?id=]        opportunities, with every note and its count
  GET, PATCH /sandbox/settings     such as {"limit": 1000, "faults": {}, "down": true}
  POST /sandbox/opportunities      {"id": GUID}: exists from now on, and no lasting fault strikes
                                   it; with "fields", somebody else edits it
  GET, POST, DELETE /sandbox/faults  {"fault": "lost_after", "times": 3, "opportunity": GUID}
  GET /sandbox/log, GET /sandbox/stats
"""


UNPUBLISHED: Final = {
    "created_on": (("enabled", "ignored", "error"), "what a written CreatedOn does"),
    "blank": (("clears", "ignored", "error"), 'what "" does to a field'),
    "unknown_field": (("error", "ignored"), "what a SchemaName does that is not declared"),
    "read_only": (("ignored", "error"), "what a read-only field does"),
    "too_long": (("error", "truncated", "ignored"), "what a text does that is too long"),
}
"""Each switch, what it can be (first the default), and what it is about."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options; values are checked when the command runs."""
    parser.add_argument(
        "--port", type=int, default=0, help="port on 127.0.0.1 (default: a free one)"
    )
    parser.add_argument(
        "--keys",
        default="u$rsandbox:sandbox-secret",
        metavar="ACCESS:SECRET",
        help="the keys it accepts",
    )
    parser.add_argument("--log", type=Path, metavar="FILE", help="add each request as a JSON line")
    _add_account_arguments(parser.add_argument_group("the account"))
    _add_unpublished_arguments(parser.add_argument_group("what LeadSquared does not publish"))
    _add_limit_arguments(parser.add_argument_group("the limit"))
    _add_trouble_arguments(parser.add_argument_group("time and trouble"))


def _add_account_arguments(group: Any) -> None:
    group.add_argument(
        "--opportunities",
        type=Path,
        metavar="FILE",
        help='JSON: [{"id", "auto_id", "type", "lead", "lead_fields", "note", "fields"}]',
    )
    group.add_argument("--ids-from", type=Path, metavar="FILE.csv", help="only its ids exist")
    group.add_argument("--id-column", metavar="NAME", help="the column of --ids-from")
    group.add_argument(
        "--unknown", action="append", default=[], metavar="ID", help="an id that does not exist"
    )
    group.add_argument(
        "--schema", type=Path, metavar="FILE", help="JSON: opportunity types, their fields, users"
    )
    group.add_argument(
        "--notes", choices=("add", "overwrite"), default="add", help="what a second note does"
    )
    group.add_argument("--organisation", default="22824", help='its short code; "" tells none')
    group.add_argument("--time-zone", default="Asia/Kolkata", help="the account's time zone")
    group.add_argument(
        "--wrong-region", default="", metavar="HOST", help="401 that names this host"
    )
    group.add_argument(
        "--not-enabled", action="store_true", help="IsOpportunityEnabled says Disabled"
    )
    group.add_argument("--deactivated", action="store_true", help="the user is inactive: 401")


def _add_unpublished_arguments(group: Any) -> None:
    for name, (choices, meaning) in UNPUBLISHED.items():
        option = f"--{name.replace('_', '-')}"
        group.add_argument(option, choices=choices, default=choices[0], help=meaning)
    group.add_argument(
        "--status-comment", action="store_true", help="a change of Status needs mx_Custom_19"
    )
    group.add_argument(
        "--mark-errors", action="store_true", help='errors also say "IsMXException": true'
    )
    group.add_argument(
        "--type-required", action="store_true", help="GetOpportunitiesOfLead needs opportunityType"
    )
    group.add_argument(
        "--date-style",
        choices=("plain", "millis", "us", "epoch"),
        default="plain",
        help="how reads write times; each was seen",
    )
    group.add_argument(
        "--closed",
        action="append",
        default=[],
        metavar="ENDPOINT=HOW",
        help="such as GetOpportunitiesById=refused",
    )


def _add_limit_arguments(group: Any) -> None:
    group.add_argument("--limit", default="25/5", metavar="CALLS/SECONDS", help="default: 25/5")
    group.add_argument(
        "--counting",
        choices=("log", "fixed", "weighted", "weighted-real", "bucket"),
        default="log",
        help="exact log, fixed windows, weighted windows with a floored or a real estimate, "
        "or a bucket that leaks (docs/quota.md has the formulas)",
    )
    group.add_argument("--phase", type=float, default=0.0, help="where windows begin, in seconds")
    group.add_argument(
        "--daily", type=int, metavar="CALLS", help="admitted in a UTC day (default: any number)"
    )
    group.add_argument("--count-refused", action="store_true", help="refused calls count as well")
    group.add_argument(
        "--rate-status", type=int, choices=(429, 403, 200), default=429, help="how it refuses"
    )
    group.add_argument("--retry-after", type=float, metavar="SECONDS", help="tell it when refusing")


def _add_trouble_arguments(group: Any) -> None:
    group.add_argument(
        "--uplink",
        default="0",
        metavar="SECONDS",
        help="under way before a call is counted; one number, or 0.01-0.1",
    )
    group.add_argument("--latency", default="0", metavar="SECONDS", help="one number, or 0.2-1")
    group.add_argument(
        "--latency-before", type=float, default=0.5, metavar="SHARE", help="of it before applying"
    )
    group.add_argument(
        "--read-lag", type=float, default=0.0, metavar="SECONDS", help="until reads show a write"
    )
    group.add_argument(
        "--index-lag",
        type=float,
        default=0.0,
        metavar="SECONDS",
        help="until reads by lead show one",
    )
    group.add_argument("--faults", default="", metavar="NAME=CHANCE,…", help="see below")
    group.add_argument("--seed", type=int, default=0, help="another seed strikes other calls")
    group.add_argument(
        "--hang", type=float, default=120.0, metavar="SECONDS", help="see hang below"
    )


def run(options: argparse.Namespace) -> int:
    """Serve until Ctrl-C or SIGTERM."""
    from migrator.sandbox import serve

    chosen = _chosen(options)
    try:
        stats = serve(chosen, announce=_announce)
    except OSError as error:
        raise SettingsError(
            f"the sandbox cannot start: {error.strerror or error}",
            where=f"port {chosen.port}",
            advice="Choose another --port (0 takes a free one), or another --log file.",
        ) from error
    print(f"sandbox: {stats.calls} calls, {stats.refused} over the limit", file=sys.stderr)
    return ExitCode.OK


def _chosen(options: argparse.Namespace) -> "SandboxOptions":
    from migrator.sandbox import SandboxOptions

    try:
        access, secret = _pair(options.keys, ":", "--keys takes ACCESS:SECRET")
        return SandboxOptions(
            port=options.port,
            access_key=access,
            secret_key=secret,
            log_file=options.log,
            log_kept=100_000,
            deactivated=options.deactivated,
            wrong_region=options.wrong_region,
            enabled=not options.not_enabled,
            organisation=options.organisation,
            time_zone=options.time_zone,
            notes=options.notes,
            **_content(options),
            **_unpublished(options),
            **_limits(options),
            **_trouble(options),
        )
    except (OSError, ValueError) as error:
        raise UsageError(str(error), advice="See `migrator sandbox --help`.") from error


def _content(options: argparse.Namespace) -> dict[str, Any]:
    from migrator.sandbox import schema_from_json

    schema = schema_from_json(options.schema) if options.schema else None
    return {
        "seeds": _seeds(options),
        "unknown": tuple(options.unknown),
        "types": schema.types if schema else (),
        "users": schema.users if schema else (),
    }


def _unpublished(options: argparse.Namespace) -> dict[str, Any]:
    from migrator.sandbox import Breaches, DateStyle, OnBreach

    switches = {name: OnBreach(getattr(options, name)) for name in UNPUBLISHED}
    rule = "--closed takes ENDPOINT=refused or ENDPOINT=missing"
    return {
        "breaches": Breaches(**switches, status_comment=options.status_comment),
        "marked_errors": options.mark_errors,
        "type_required": options.type_required,
        "date_style": DateStyle(options.date_style),
        "closed": dict(_pair(text, "=", rule) for text in options.closed),
    }


def _limits(options: argparse.Namespace) -> dict[str, Any]:
    from migrator.sandbox import Counting

    limit, window = _pair(options.limit, "/", "--limit takes CALLS/SECONDS, such as 25/5")
    return {
        "limit": int(limit),
        "window": float(window),
        "counting": Counting(options.counting),
        "phase": options.phase,
        "daily": options.daily,
        "refused_count": options.count_refused,
        "disguise": options.rate_status,
        "retry_after": options.retry_after,
    }


def _trouble(options: argparse.Namespace) -> dict[str, Any]:
    return {
        "uplink": _seconds(options.uplink),
        "latency": _seconds(options.latency),
        "latency_before": options.latency_before,
        "read_lag": options.read_lag,
        "index_lag": options.index_lag,
        "faults": _chances(options.faults),
        "seed": options.seed,
        "hang_seconds": options.hang,
    }


def _seconds(text: str) -> tuple[float, float]:
    low, _, high = text.partition("-")
    return float(low), float(high or low)


def _seeds(options: argparse.Namespace) -> Any:
    from migrator.sandbox import seeds_from_csv, seeds_from_json

    if options.ids_from and options.opportunities:
        raise ValueError("--opportunities and --ids-from exclude each other")
    if options.opportunities:
        return seeds_from_json(options.opportunities)
    if options.ids_from:
        if not options.id_column:
            raise ValueError("--ids-from needs --id-column NAME")
        return seeds_from_csv(options.ids_from, options.id_column)
    return None


def _pair(text: str, separator: str, rule: str) -> tuple[str, str]:
    first, found, second = text.partition(separator)
    if not (first and found and second):
        raise ValueError(f'{rule}, not "{text}"')
    return first, second


def _chances(text: str) -> dict[str, float]:
    rule = "--faults takes NAME=CHANCE, several with commas between"
    pairs = (_pair(part, "=", rule) for part in text.split(",") if part)
    return {name.strip(): float(chance) for name, chance in pairs}


def _announce(sandbox: "Sandbox") -> None:
    account = {
        "LSQ_API_HOST": sandbox.url,
        "LSQ_ACCESS_KEY": sandbox.options.access_key,
        "LSQ_SECRET_KEY": sandbox.options.secret_key,
    }
    for name, value in account.items():
        print(export_line(name, value, windows=sys.platform == "win32"))
    sys.stdout.flush()
    print(f"sandbox: serving at {sandbox.url}; Ctrl-C ends it", file=sys.stderr, flush=True)


def export_line(name: str, value: str, *, windows: bool) -> str:
    """A line that sets a variable in the user's shell, whatever characters the value has.

    >>> print(export_line("LSQ_ACCESS_KEY", "u$r1", windows=False))
    export LSQ_ACCESS_KEY='u$r1'
    >>> print(export_line("LSQ_ACCESS_KEY", "u$r1", windows=True))
    $env:LSQ_ACCESS_KEY = 'u$r1'
    """
    if windows:
        doubled = value.replace("'", "''")
        return f"$env:{name} = '{doubled}'"
    closed = value.replace("'", "'\\''")
    return f"export {name}='{closed}'"
