# SPDX-License-Identifier: MIT
"""The tests to collect on each system, and the namespaces of an unprivileged user."""

import getpass
import os
import sys
from contextlib import suppress

collect_ignore = ["windows", "windows_live"]
if "NETIO_FLEET" not in os.environ:  # tests/fleet/run sets it
    collect_ignore.append("fleet")
if sys.platform == "win32":
    collect_ignore += ["columns", "kernel", "typing", "unit/rtnetlink"]
else:

    def pytest_configure() -> None:
        """Move the process of an ordinary user into a user namespace, in which the kernel tests may create networks.

        This is possible only while the process has one thread, and some libraries start threads when imported.
        """
        if os.geteuid() != 0:
            from netlab.namespace import leave_the_machine

            # In that namespace the user is root, but the folder of temporary files still belongs to the user.
            os.environ.setdefault("LOGNAME", getpass.getuser())
            with suppress(OSError):  # the kernel tests try again and report the reason
                leave_the_machine()
