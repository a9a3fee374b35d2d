"""What a query demands, and whether a text obeys.

`extract` reads the demands that a rule can check out of a Chinese or English query; `check` says whether a text
obeys one, with the measured value, how far off it is, and a sentence about it. Each family of demands is one file,
its patterns and its checks side by side: lengths, parts, keywords, case, layout, edges, languages. `ifeval` reads
IFEval's names for them.
"""

from penmark.requirements.checking import CHECKS, check, is_checkable, validate
from penmark.requirements.extraction import extract
from penmark.requirements.finding import Finding, length_score

__all__ = ["CHECKS", "Finding", "check", "extract", "is_checkable", "length_score", "validate"]
