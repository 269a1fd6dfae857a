#!/usr/bin/python
# SPDX-License-Identifier: MIT

from __future__ import annotations

DOCUMENTATION = r"""
---
module: neighbors_info
short_description: Return the neighbour table, the interfaces and the limits of the table
version_added: 0.1.0
description:
  - Returns the entries of the neighbour table of a Linux host that match all given options, its interfaces, and the
    limits of the kernel's tables.
  - The module reads only. It needs no privileges and sends no packets.
options:
  family:
    description:
      - The IP version of the entries.
    type: str
    choices: [all, ipv4, ipv6]
    default: all
  interface:
    description:
      - The name of an interface.
    type: str
    aliases: [dev]
  address:
    description:
      - An IPv4 or IPv6 address, which is searched on every interface.
    type: str
    aliases: [ip]
  physical_address:
    description:
      - A physical address, in any usual notation.
    type: str
    aliases: [mac, lladdr]
  nud:
    description:
      - The states of the kernel, one of which an entry must have. Without it all states match.
    type: list
    elements: str
    choices: [none, incomplete, reachable, stale, delay, probe, failed, noarp, permanent]
requirements:
  - netioapi on the managed host, which the role P(netio.neighbors.netio#role) installs
  - Python 3.11 or later on the managed host
  - Linux
attributes:
  check_mode:
    description: The module changes nothing.
    support: full
  diff_mode:
    description: The module changes nothing.
    support: none
seealso:
  - module: netio.neighbors.neighbor
  - module: netio.neighbors.neighbors
author:
  - the netio authors (@netioapi)
"""

EXAMPLES = r"""
- name: Read the permanent entries of eth0
  netio.neighbors.neighbors_info:
    interface: eth0
    nud: [permanent]
  register: table

- name: Print the physical address of the gateway
  ansible.builtin.debug:
    msg: "{{ (table.neighbors | selectattr('address', 'equalto', '192.0.2.1') | first).physical_address }}"
"""

RETURN = r"""
neighbors:
  description: The entries, in the order of the kernel.
  returned: success
  type: list
  elements: dict
  contains:
    address:
      description: The IP address; a link-local one has its interface as scope.
      type: str
    physical_address:
      description: The physical address in lower case, with colons; empty if it is unknown.
      type: str
    interface:
      description: The name of the interface.
      type: str
    nud:
      description: The state in the kernel, as in O(nud).
      type: str
    resolved:
      description: Whether the physical address is known and in use.
      type: bool
    router:
      description: Whether the neighbour is a router (IPv6).
      type: bool
    flags:
      description: The names of the flags in the kernel.
      type: list
      elements: str
    protocol:
      description: The number of the program that wrote the entry (rtnetlink(7)); 0 if there is none.
      type: int
  sample:
    - address: 192.0.2.1
      physical_address: "02:00:5e:00:00:01"
      interface: eth0
      nud: permanent
      resolved: true
      router: false
      flags: []
      protocol: 4
interfaces:
  description: All interfaces of the host.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name.
      type: str
    index:
      description: The index.
      type: int
    physical_address:
      description: Its own physical address; empty if it has none.
      type: str
    is_up:
      description: Whether it is enabled and its link is up.
      type: bool
  sample:
    - name: eth0
      index: 2
      physical_address: "02:00:00:00:00:01"
      is_up: true
limits:
  description:
    - The limits of the table of each IP version, which V(ipv4) and V(ipv6) name. A version without a stack is missing.
    - The values RV(limits.gc_thresh1), RV(limits.gc_thresh2) and RV(limits.gc_thresh3) are numbers of entries;
      permanent entries do not count for the last two.
  returned: success
  type: dict
  contains:
    gc_thresh1:
      description: Below this number of entries unused ones are not removed.
      type: int
    gc_thresh2:
      description: Above this number of dynamic entries unused ones are removed at once.
      type: int
    gc_thresh3:
      description: At this number of dynamic entries a new one is refused.
      type: int
  sample:
    ipv4:
      gc_thresh1: 128
      gc_thresh2: 512
      gc_thresh3: 1024
"""

import socket

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.netio.neighbors.plugins.module_utils.table import (
    ADDRESS,
    INTERFACE,
    PHYSICAL_ADDRESS,
    fail_with,
    netio,
    require_netio,
)

_FAMILIES = {"all": socket.AF_UNSPEC, "ipv4": socket.AF_INET, "ipv6": socket.AF_INET6}
_STATES = ["none", "incomplete", "reachable", "stale", "delay", "probe", "failed", "noarp", "permanent"]


def facts(parameters):
    """Returns the result of the module. Raises netio.NetioError."""
    wanted = {
        name: parameters[name] for name in ("interface", "address", "physical_address") if parameters[name] is not None
    }
    family = _FAMILIES[parameters["family"]]
    matching = {entry.key for entry in netio.list_neighbors(family, **wanted)}
    detailed = netio.linux.list_neighbors(family, interface=parameters["interface"])
    entries = [_entry(entry) for entry in detailed if entry.neighbor.key in matching]
    states = parameters["nud"]
    return {
        "neighbors": [entry for entry in entries if states is None or entry["nud"] in states],
        "interfaces": [
            {
                "name": interface.name,
                "index": interface.index,
                "physical_address": str(interface.physical_address),
                "is_up": interface.is_up,
            }
            for interface in netio.list_interfaces()
        ],
        "limits": dict(_limits()),
    }


def _entry(entry):
    neighbor = entry.neighbor
    return {
        "address": str(neighbor.address),
        "physical_address": str(neighbor.physical_address),
        "interface": neighbor.interface,
        "nud": entry.nud.name.lower(),
        "resolved": neighbor.is_resolved,
        "router": neighbor.is_router,
        "flags": [flag.name.lower() for flag in entry.flags if flag.name],
        "protocol": entry.protocol,
    }


def _limits():
    """Yields the limits of each family that has a table."""
    for name in ("ipv4", "ipv6"):
        try:
            table = netio.linux.table_parameters(_FAMILIES[name])
        except netio.NotSupportedError:
            continue  # the kernel has no stack for the family
        yield name, {key: getattr(table, key) for key in ("gc_thresh1", "gc_thresh2", "gc_thresh3")}


def main():
    """Carries out one task."""
    module = AnsibleModule(
        argument_spec={
            "family": {"type": "str", "choices": list(_FAMILIES), "default": "all"},
            "interface": INTERFACE,
            "address": ADDRESS,
            "physical_address": PHYSICAL_ADDRESS,
            "nud": {"type": "list", "elements": "str", "choices": _STATES},
        },
        supports_check_mode=True,
    )
    require_netio(module)
    try:
        result = facts(module.params)
    except netio.NetioError as error:
        fail_with(module, "the table cannot be read", error)
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
