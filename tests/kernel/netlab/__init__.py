# SPDX-License-Identifier: MIT
"""Support for the kernel tests: namespaces, hosts on a wire, captures, faults, and the table as other tools read it."""
