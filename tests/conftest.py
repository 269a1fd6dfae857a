# SPDX-License-Identifier: MIT
"""What is collected where: the Linux side, its kernel tests and the type checker run on Linux only."""

import sys

collect_ignore = ["windows", "windows_live"]
if sys.platform == "win32":
    collect_ignore += ["kernel", "typing", "unit/rtnetlink"]
