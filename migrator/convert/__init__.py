"""One cell to one value, as a field of the mapping says, or the reason why there is none.

Owns the types of the mapping language. Every conversion gives exactly one of value and refusal,
for any cell, and never raises; text stays text unless a type is declared. What a blank cell
means, and what becomes of the row, is decided by `migrator.mapper`.
"""

from migrator.convert.columnwise import Columnwise
from migrator.convert.conversion import Conversion, conversion
from migrator.convert.refusal import Fault, Refused, quoted
from migrator.convert.users import by_email

__all__ = ["Columnwise", "Conversion", "Fault", "Refused", "by_email", "conversion", "quoted"]
