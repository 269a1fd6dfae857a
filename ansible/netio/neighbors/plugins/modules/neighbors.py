#!/usr/bin/python
# SPDX-License-Identifier: MIT

from __future__ import annotations

DOCUMENTATION = r"""
---
module: neighbors
short_description: Make the neighbour table have a list of permanent entries
version_added: 0.1.0
description:
  - Compares a list of permanent entries with the neighbour table of a Linux host, and writes the differences.
  - The list is one plan. If an entry is invalid, or its interface does not exist, nothing is written.
  - Entries of routing daemons, orchestrators and the kernel are never changed. If such an entry is in the way, the
    module makes all other changes and then fails.
options:
  entries:
    description:
      - The desired entries. The list may be empty, for O(purge).
    type: list
    elements: dict
    required: true
    suboptions:
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
        type: str
        required: true
        aliases: [mac, lladdr]
      interface:
        description:
          - The name of the interface. Without it O(interface) is used, and without that the interface of the route to
            the address.
        type: str
        aliases: [dev]
      router:
        description:
          - Whether the entry gets the router flag of IPv6. V(false) keeps the flag of an existing entry.
        type: bool
        default: false
  interface:
    description:
      - The name of the interface of entries that name none.
    type: str
    aliases: [dev]
  purge:
    description:
      - Whether to delete the other permanent entries of the interfaces that occur in O(entries) or O(interfaces).
      - With O(owner) only entries that have this owner are deleted.
    type: bool
    default: false
  interfaces:
    description:
      - The names of further interfaces for O(purge).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - netio.neighbors.table
attributes:
  check_mode:
    description: Returns the changes without making them.
    support: full
  diff_mode:
    description: Shows the entries before and after the changes.
    support: full
seealso:
  - module: netio.neighbors.neighbor
  - module: netio.neighbors.neighbors_info
author:
  - the netio authors (@netioapi)
"""

EXAMPLES = r"""
- name: Pin the servers of a rack
  netio.neighbors.neighbors:
    interface: eth0
    entries:
      - {address: 192.0.2.7, physical_address: "02:00:5e:00:00:07"}
      - {address: 192.0.2.8, physical_address: "02:00:5e:00:00:08"}
  become: true

- name: Make the entries of this play exactly those of the list, and leave the entries of others alone
  netio.neighbors.neighbors:
    entries: "{{ pinned }}"
    interfaces: [eth0]
    purge: true
    owner: 77
  become: true
"""

RETURN = r"""
changes:
  description: The changes that were made, or would be made in check mode.
  returned: success
  type: list
  elements: dict
  contains:
    action:
      description: One of V(create), V(update) and V(delete).
      type: str
    address:
      description: The IP address.
      type: str
    physical_address:
      description: The physical address.
      type: str
    interface:
      description: The name of the interface.
      type: str
    router:
      description: Whether the entry has the router flag of IPv6.
      type: bool
  sample:
    - action: create
      address: 192.0.2.7
      physical_address: "02:00:5e:00:00:07"
      interface: eth0
      router: false
created:
  description: The number of entries that were created.
  returned: success
  type: int
  sample: 1
updated:
  description: The number of entries that were updated.
  returned: success
  type: int
  sample: 0
deleted:
  description: The number of entries that were deleted.
  returned: success
  type: int
  sample: 0
unchanged:
  description: The number of desired entries that the table had.
  returned: success
  type: int
  sample: 1
missing_interfaces:
  description: The names of interfaces that do not exist, whose entries were skipped.
  returned: success
  type: list
  elements: str
failures:
  description: Why entries were not written, one for each entry.
  returned: failure
  type: list
  elements: dict
  contains:
    msg:
      description: The entry and the reason.
      type: str
    type:
      description: The name of the exception of netio.
      type: str
    address:
      description: The IP address; empty if the failure is not about one entry.
      type: str
    interface:
      description: The name of the interface; may be empty.
      type: str
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netio.neighbors.plugins.module_utils.table import (
    ADDRESS,
    INTERFACE,
    MISSING_INTERFACES,
    OWNER,
    PHYSICAL_ADDRESS,
    ROUTER,
    apply_entries,
    desired_entries,
    require_netio,
)


def main():
    """Carries out one task."""
    entry = {
        "address": {**ADDRESS, "required": True},
        "physical_address": {**PHYSICAL_ADDRESS, "required": True},
        "interface": INTERFACE,
        "router": ROUTER,
    }
    module = AnsibleModule(
        argument_spec={
            "entries": {"type": "list", "elements": "dict", "required": True, "options": entry},
            "interface": INTERFACE,
            "purge": {"type": "bool", "default": False},
            "interfaces": {"type": "list", "elements": "str", "default": []},
            "owner": OWNER,
            "missing_interfaces": MISSING_INTERFACES,
        },
        supports_check_mode=True,
    )
    require_netio(module)
    parameters = module.params
    entries = desired_entries(module, parameters["entries"], interface=parameters["interface"])
    apply_entries(module, entries, interfaces=parameters["interfaces"], purge=parameters["purge"])


if __name__ == "__main__":
    main()
