"""A local imitation of LeadSquared, to learn, to rehearse and to test with.

It shares no code with the client it tests: a shared constant or parser would make both wrong
together. What it imitates, and how sure that is, stands in `docs/` and in each module.
"""

from migrator.sandbox.faults import FAULTS
from migrator.sandbox.files import rules_from_json, seeds_from_csv, seeds_from_json
from migrator.sandbox.limits import Counting
from migrator.sandbox.log import Record, Stats
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.schema import Breaches, FieldRule, OnBreach
from migrator.sandbox.server import Sandbox
from migrator.sandbox.serving import serve
from migrator.sandbox.state import Opportunity, Seed, named

__all__ = [
    "FAULTS",
    "Breaches",
    "Counting",
    "FieldRule",
    "OnBreach",
    "Opportunity",
    "Record",
    "Sandbox",
    "SandboxOptions",
    "Seed",
    "Stats",
    "named",
    "rules_from_json",
    "seeds_from_csv",
    "seeds_from_json",
    "serve",
]
