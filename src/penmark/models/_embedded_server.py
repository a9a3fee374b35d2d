"""The child process of the embedded model: serves one GGUF file on 127.0.0.1 until its standard input closes.

Run as `python -m penmark.models._embedded_server MODEL.gguf CONTEXT_TOKENS`. Prints its address as one line, and
after it "guided" where it understands `guided_grammar`.
A child of its own, so that a crash in native code cannot take penmark down, and so that it ends with its parent.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Mapping

GUIDED = "guided"


def guided_grammar(schema: Mapping[str, object]) -> str:
    """A grammar for JSON of this schema without white space between its parts, for servers built with llguidance."""
    return f"%llguidance {{}}\nstart: %json {json.dumps({**schema, 'x-guidance': {'whitespace_flexible': False}})}"


def main() -> None:
    """Serve until the parent closes our standard input or dies."""
    import xllamacpp

    path, context_tokens = sys.argv[1], int(sys.argv[2])
    parameters = xllamacpp.CommonParams()
    parameters.model.path = path
    parameters.n_ctx = context_tokens
    parameters.n_parallel = 1  # One slot: the siblings of a response then always meet its warm prefix.
    parameters.cache_prompt = True
    parameters.ctx_shift = False  # A prompt that does not fit is an error, never silently cut.
    parameters.fit_params = False
    parameters.ui = False
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = 0
    parameters.verbosity = -1
    threads = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    server = xllamacpp.Server(parameters)
    sys.stdout.write(f"{server.listening_address} {GUIDED if _is_guided() else ''}\n")
    sys.stdout.flush()
    sys.stdin.read()
    os._exit(0)  # Native threads may still run; nothing here needs saving.


def _is_guided() -> bool:
    import xllamacpp

    return bool(xllamacpp.json_schema_to_grammar("{}").startswith("%llguidance"))


if __name__ == "__main__":
    main()
