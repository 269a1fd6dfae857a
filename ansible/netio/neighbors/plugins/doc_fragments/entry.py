# SPDX-License-Identifier: MIT
"""The documentation of the options of one entry."""

from __future__ import annotations


class ModuleDocFragment:
    """Ansible reads DOCUMENTATION."""

    DOCUMENTATION = r"""
options:
  address:
    description:
      - The IPv4 or IPv6 address.
    type: str
    required: true
    aliases: [ip]
  physical_address:
    description:
      - The physical address, in any usual notation. Write it in quotes, because YAML reads an address of decimal
        digits, such as 52:54:00:12:34:56, as a number.
      - Required if O(state=present).
    type: str
    aliases: [mac, lladdr]
  interface:
    description:
      - The name of the interface. Without it the interface of the route to the address is used.
    type: str
    aliases: [dev]
  router:
    description:
      - Whether the entry gets the router flag of IPv6. V(false) keeps the flag of an existing entry.
    type: bool
    default: false
"""
