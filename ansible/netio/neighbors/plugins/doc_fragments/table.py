# SPDX-License-Identifier: MIT
"""The documentation of the options and requirements that the writing modules share."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible reads DOCUMENTATION."""

    DOCUMENTATION = r"""
options:
  owner:
    description:
      - The number of the program that owns the entries, from 5 to 255. The kernel stores it as the protocol of an entry
        (rtnetlink(7)), so that other programs see that the entry has an owner.
      - Entries that have it are deleted only by tasks that give the same number.
    type: int
  missing_interfaces:
    description:
      - Whether an interface that does not exist is a failure, or its entries are left out.
    type: str
    choices: [fail, skip]
    default: fail
requirements:
  - netioapi on the managed host, which the role P(netio.neighbors.netio#role) installs
  - Python 3.11 or later on the managed host
  - Linux, and the right to write the neighbour table (root, or the capability CAP_NET_ADMIN)
"""
