# SPDX-License-Identifier: MIT
"""The command netio. The library does not need it: click and rich are installed with the extra `cli`."""

import sys

# Exit status.
FAILED = 1
INTERRUPTED = 128 + 2  # as a shell reports SIGINT

# The extra of netio that installs a package.
_EXTRAS = {"click": "cli", "rich": "cli", "aiooui": "oui", "prometheus_client": "prometheus"}


def main() -> None:
    """Runs the command, or reports which package is missing."""
    try:
        from netio.cli.commands import run

        run()
    except KeyboardInterrupt:  # during the imports
        sys.exit(INTERRUPTED)
    except ModuleNotFoundError as error:
        if error.name not in _EXTRAS:
            raise
        # Double quotes work in every shell; cmd.exe does not know others.
        sys.exit(f'netio: {error.name} is missing; install it with: pip install "netioapi[{_EXTRAS[error.name]}]"')
