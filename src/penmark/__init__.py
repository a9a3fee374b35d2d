"""penmark measures writing, measures the judges that measure writing, and makes writers better.

`penmark.open`, `penmark.write`, `penmark.judge`, `penmark.compare` and `penmark.report` are loaded when first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"
__all__ = ["CallOptions", "JudgeOptions", "__version__", "compare", "judge", "open", "report", "write"]


def __getattr__(name: str) -> Any:  # noqa: ANN401  Whatever the api offers.
    if name not in __all__:
        raise AttributeError(f"module 'penmark' has no attribute {name!r}")
    return getattr(import_module("penmark.api"), name)
