# SPDX-License-Identifier: MIT
"""What is collected where: on Windows tests/unit, without the Linux side."""

import sys

collect_ignore = ["windows", "windows_live"]
if sys.platform == "win32":
    collect_ignore += ["columns", "kernel", "typing", "unit/rtnetlink"]
