# SPDX-License-Identifier: MIT
"""The netio command. Nothing that the library needs: click and rich come with the extra `cli`."""

import sys

# Exit status.
FAILED = 1
INTERRUPTED = 128 + 2  # as a shell counts a SIGINT

# The extra of netio that has a package.
_EXTRAS = {"click": "cli", "rich": "cli", "aiooui": "oui"}


def main() -> None:
    """Runs the command, or says what it lacks."""
    try:
        from netio.cli.commands import run

        run()
    except KeyboardInterrupt:  # while all that was being loaded
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        sys.exit(f"netio: {error.name} is missing; install it with: pip install 'netioapi[{_EXTRAS[error.name]}]'")
