# SPDX-License-Identifier: MIT
"""Runs the netio command: python -m netio."""

from netio.cli import main

main()
