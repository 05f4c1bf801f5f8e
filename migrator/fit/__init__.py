"""Whether a mapping, and what it sends, fits an opportunity type as its account describes it.

Owns the rules by which LeadSquared would refuse a field or a value, so that all of them are known
before the first call. It reads no files, makes no calls, and changes no value.
"""

from migrator.fit.misfit import Code, Misfit
from migrator.fit.values import ValueChecks
from migrator.fit.whole import fit

__all__ = ["Code", "Misfit", "ValueChecks", "fit"]
