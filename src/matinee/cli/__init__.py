"""The `matinee` command: one file per verb, one way to say what went wrong."""

from __future__ import annotations

import sys

from matinee.errors import MatineeError

EXIT_ERROR = 1
EXIT_INTERRUPTED = 130


def main() -> None:
    """Run the command line; mistakes end in one message and a non-zero exit, never in a traceback."""
    from matinee.cli.app import app

    try:
        app(standalone_mode=True)
    except MatineeError as error:
        _complain(error)
        sys.exit(EXIT_ERROR)
    except KeyboardInterrupt:
        sys.stderr.write("\nStopped. Nothing was left half done.\n")
        sys.exit(EXIT_INTERRUPTED)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(EXIT_ERROR)


def _complain(error: MatineeError) -> None:
    from matinee.cli.console import err

    err.print("Error:", style="bold red", end=" ")
    err.print(error.message, markup=False, soft_wrap=True)
    if error.hint:
        err.print(error.hint, markup=False, soft_wrap=True, style="dim")
