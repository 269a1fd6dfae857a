#!/usr/bin/python
# SPDX-License-Identifier: MIT

from __future__ import annotations

DOCUMENTATION = r"""
---
module: neighbor
short_description: Pin the physical address of one neighbour
version_added: 0.1.0
description:
  - Creates, updates or deletes one permanent entry of the neighbour table of a Linux host.
  - A permanent entry fixes the physical (MAC) address of an IP address, so that no other host can take it over.
  - It stays until the host restarts or the interface is set down.
options:
  state:
    description:
      - V(present) makes the entry permanent, with the physical address of O(physical_address).
      - V(absent) deletes the entry if it is permanent. Those that the kernel learned stay, since it learns them again.
    type: str
    choices: [present, absent]
    default: present
extends_documentation_fragment:
  - netio.neighbors.entry
  - netio.neighbors.table
attributes:
  check_mode:
    description: Returns the changes without making them.
    support: full
  diff_mode:
    description: Shows the entry before and after the change.
    support: full
seealso:
  - module: netio.neighbors.neighbors
  - module: netio.neighbors.neighbors_info
author:
  - the netio authors (@netioapi)
"""

EXAMPLES = r"""
- name: Pin the physical address of the gateway
  netio.neighbors.neighbor:
    address: 192.0.2.1
    physical_address: "02:00:5e:00:00:01"
  become: true

- name: Delete the entry of a host that was replaced
  netio.neighbors.neighbor:
    address: 2001:db8::7
    interface: eth0
    state: absent
  become: true
"""

RETURN = r"""
changes:
  description: The change that was made, or would be made in check mode.
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
      address: 192.0.2.1
      physical_address: "02:00:5e:00:00:01"
      interface: eth0
      router: false
missing_interfaces:
  description: The interface, if it does not exist and was skipped.
  returned: success
  type: list
  elements: str
failures:
  description: Why the entry was not written.
  returned: failure
  type: list
  elements: dict
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
    delete_entry,
    desired_entries,
    require_netio,
)


def main():
    """Carries out one task."""
    module = AnsibleModule(
        argument_spec={
            "address": {**ADDRESS, "required": True},
            "physical_address": PHYSICAL_ADDRESS,
            "interface": INTERFACE,
            "router": ROUTER,
            "owner": OWNER,
            "missing_interfaces": MISSING_INTERFACES,
            "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        },
        required_if=[("state", "present", ["physical_address"])],
        supports_check_mode=True,
    )
    require_netio(module)
    if module.params["state"] == "absent":
        delete_entry(module)
    else:
        apply_entries(module, desired_entries(module, [module.params]))


if __name__ == "__main__":
    main()
