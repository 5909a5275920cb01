"""The command line: ``python -m flow <command>``."""

import os
import sys

from flow.commands import designs, housekeeping, search, stages
from flow.commands.app import app
from flow.errors import describe, please_report
from spikecae.errors import FAILED, INTERNAL

__all__ = ["COMMANDS", "app", "main"]

COMMANDS = (stages, designs, search, housekeeping)
"""Modules that give the application its commands, in this order."""


def main() -> None:
    """Run the command line; known errors end in a message and status 1, the program's own faults ask for a report."""
    try:
        app()
    except Exception as error:
        if os.environ.get("SPIKECAE_DEBUG") == "1":
            raise
        message = describe(error)
        print(please_report(error) if message is None else f"error: {message}", file=sys.stderr)
        sys.exit(INTERNAL if message is None else FAILED)
