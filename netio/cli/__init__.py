# SPDX-License-Identifier: MIT
"""The netio command. Nothing that the library needs: click and rich come with the extra `cli`."""

import sys


def main() -> None:
    """Runs the command, or says what it lacks."""
    try:
        from netio.cli.commands import run

        run()
    except ModuleNotFoundError as error:
        if error.name not in ("click", "rich"):
            raise
        sys.exit("netio: the command line needs click and rich; install them with: pip install 'netioapi[cli]'")
