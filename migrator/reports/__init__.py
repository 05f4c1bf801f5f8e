"""Entries and balances as text and CSV.

Owns how results look; it reads no ledger and prints nothing: it is handed values, it gives text.
"""
