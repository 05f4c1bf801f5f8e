"""A first mapping for a sheet: what the columns prove is written, what they leave open is asked.

Owns the draft's text. It decides only what the evidence decides: a question stands as ``???``,
which no mapping may contain. It opens no file and makes no call.
"""

from migrator.drafting.model import Draft, Sheet
from migrator.drafting.whole import draft

__all__ = ["Draft", "Sheet", "draft"]
