"""The command line: one file per noun, and the only place that prints."""

from __future__ import annotations

import io
import sys


def main() -> None:
    """Run `penmark`. What goes to a file or a pipe is UTF-8, whatever the terminal's encoding."""
    from penmark.cli.app import command_tree

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding=None if stream.isatty() else "utf-8", errors="backslashreplace")
    app = command_tree(*sys.argv[1:2])
    if sys.argv[1:] in ([], ["--help"]):
        app.rich_markup_mode = None  # A list of commands needs no panels, and loading them takes half the time.
    app(prog_name="penmark")
