# SPDX-License-Identifier: MIT
"""What is collected where, and in whose name."""

import getpass
import os
import sys
from contextlib import suppress

collect_ignore = ["windows", "windows_live"]
if sys.platform == "win32":
    collect_ignore += ["columns", "kernel", "typing", "unit/rtnetlink"]
else:

    def pytest_configure() -> None:
        """Takes an ordinary user into a namespace of the user's own, where the kernel tests may make networks.

        Now, since that is for a process without threads only, and some libraries start theirs when they are imported.
        """
        if os.geteuid() != 0:
            from netlab.namespace import leave_the_machine

            # In there one is called root, but the folder of temporary files stays that of the user.
            os.environ.setdefault("LOGNAME", getpass.getuser())
            with suppress(OSError):  # the kernel tests try again, and say what is missing
                leave_the_machine()
