"""Where penmark keeps files that are no project's own: benchmarks that were fetched, models that were converted."""

from __future__ import annotations

import os
from pathlib import Path


def data_folder() -> Path:
    """Where benchmark files are: PENMARK_DATA, else penmark's folder among the user's data."""
    if os.environ.get("PENMARK_DATA"):
        return Path(os.environ["PENMARK_DATA"])
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "penmark"


def cache_folder() -> Path:
    """Where what can be made again is kept, such as converted models: penmark's folder among the user's caches."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "penmark"
