# SPDX-License-Identifier: MIT
"""Figures of a run of the tests, which .ci/figures.py prints as a table."""

import os
from pathlib import Path


def record(kind: str, name: str, number: int) -> None:
    """Appends a figure to the file that NETIO_FIGURES names, if there is one."""
    if "NETIO_FIGURES" in os.environ:
        with Path(os.environ["NETIO_FIGURES"]).open("a") as file:
            file.write(f"{kind}\t{name}\t{number}\n")
