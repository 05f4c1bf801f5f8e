"""A local imitation of LeadSquared, to learn, to rehearse and to test with.

It shares no code with the client it tests: a shared constant or parser would make both wrong
together. What it imitates, and how sure that is, stands in `docs/` and in each module.
"""

from migrator.sandbox.faults import FAULTS
from migrator.sandbox.files import (
    Schema,
    rules_from_json,
    schema_from_json,
    seeds_from_csv,
    seeds_from_json,
)
from migrator.sandbox.limits import Counting
from migrator.sandbox.log import Record, Stats
from migrator.sandbox.options import SandboxOptions
from migrator.sandbox.schema import CHOICES, Breaches, FieldRule, OnBreach, OpportunityType
from migrator.sandbox.server import Sandbox
from migrator.sandbox.serving import serve
from migrator.sandbox.showing import DateStyle
from migrator.sandbox.state import Opportunity, Seed, named
from migrator.sandbox.users import User

__all__ = [
    "CHOICES",
    "FAULTS",
    "Breaches",
    "Counting",
    "DateStyle",
    "FieldRule",
    "OnBreach",
    "Opportunity",
    "OpportunityType",
    "Record",
    "Sandbox",
    "SandboxOptions",
    "Schema",
    "Seed",
    "Stats",
    "User",
    "named",
    "rules_from_json",
    "schema_from_json",
    "seeds_from_csv",
    "seeds_from_json",
    "serve",
]
