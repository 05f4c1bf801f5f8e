"""Move spreadsheets of opportunities into LeadSquared."""

__version__ = "0.1.0"
