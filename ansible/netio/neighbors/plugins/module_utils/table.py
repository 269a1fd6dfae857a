# SPDX-License-Identifier: MIT
"""The parts that the modules share: the import of netio, entries as arguments and results, and a plan."""

from __future__ import annotations

import traceback

from ansible.module_utils.basic import missing_required_lib

try:
    import netio
    import netio.linux

    HAS_NETIO, IMPORT_ERROR = True, None
except ImportError:
    netio = None
    HAS_NETIO, IMPORT_ERROR = False, traceback.format_exc()

# Failures that a message quotes; the result has all of them.
_MOST_QUOTED = 5

# An Ethernet address such as 52:54:00:12:34:56 that YAML read as a number of base 60 has so many digits.
_LENGTHS_OF_BASE_60 = (10, 11)

OWNER = {"type": "int"}
ROUTER = {"type": "bool", "default": False}
ADDRESS = {"type": "str", "aliases": ["ip"]}
PHYSICAL_ADDRESS = {"type": "str", "aliases": ["mac", "lladdr"]}
INTERFACE = {"type": "str", "aliases": ["dev"]}
MISSING_INTERFACES = {"type": "str", "choices": ["fail", "skip"], "default": "fail"}


def require_netio(module):
    """Ends the module unless netio can be imported."""
    if not HAS_NETIO:
        url = "https://netioapi.readthedocs.io/en/latest/ansible.html"
        module.fail_json(msg=missing_required_lib("netioapi", url=url), exception=IMPORT_ERROR)


def desired_entries(module, items, *, interface=None):
    """Returns the desired entries of arguments. Ends the module if one is invalid."""
    entries, failures = [], []
    for item in items:
        try:
            entries.append(_desired_entry(item, item["interface"] or interface or ""))
        except ValueError as error:
            failures.append({**failures_of(error)[0], "address": item["address"]})
    if failures:
        fail(module, "nothing was written", failures, changed=False)
    return entries


def _desired_entry(item, interface):
    physical_address = item["physical_address"]
    if physical_address.isdigit() and len(physical_address) in _LENGTHS_OF_BASE_60:
        raise ValueError(
            f"invalid physical address {physical_address!r}: YAML reads an address of decimal digits as a number; "
            "write it in quotes"
        )
    return netio.Neighbor(item["address"], physical_address, interface=interface, is_router=item["router"])


def describe(entry):
    """Returns the fields of an entry that a module can write."""
    return {
        "address": str(entry.address),
        "physical_address": str(entry.physical_address),
        "interface": entry.interface,
        "router": entry.is_router,
    }


def _line(entry):
    """Returns an entry as one line of a diff."""
    words = [str(entry.address), str(entry.physical_address or "unresolved"), ascii(entry.interface)[1:-1]]
    if entry.is_router:
        words.append("router")
    if entry.state is not netio.NeighborState.PERMANENT:
        words.append(str(entry.state))
    return " ".join(words)


def diff_of(changes):
    """Returns the two texts that Ansible compares, from pairs: the entry as it is and as it will be, or None."""
    before, after = [], []
    for is_now, will_be in changes:
        if is_now is not None:
            before.append(_line(is_now))
        if will_be is not None:
            after.append(_line(will_be))
        if is_now is not None and will_be is not None and before[-1] == after[-1]:
            before[-1] += " of another owner"
    texts = ["".join(f"{line}\n" for line in lines) for lines in (before, after)]
    return {"before_header": "neighbors", "after_header": "neighbors", "before": texts[0], "after": texts[1]}


def _pair(change):
    will_be = None if change.action is netio.PlannedAction.DELETE else change.neighbor
    return change.previous, will_be


def failures_of(error):
    """Returns each error of a call of netio as a dictionary."""
    return [_failure_of(one) for one in getattr(error, "exceptions", [error])]


def _failure_of(error):
    """Returns an error as a dictionary, without the name of the Windows function that the message of netio has."""
    row = getattr(error, "row", None)
    parts = filter(None, (getattr(error, "subject", ""), getattr(error, "reason", "")))
    return {
        "msg": ": ".join(parts) or str(error),
        "type": type(error).__name__,
        "address": str(row.address) if row else "",
        "interface": row.interface if row else "",
    }


def fail(module, summary, failures, **result):
    """Ends the module with a message that quotes the first failures."""
    quoted = "; ".join(failure["msg"] for failure in failures[:_MOST_QUOTED])
    more = f"; and {len(failures) - _MOST_QUOTED} more" if len(failures) > _MOST_QUOTED else ""
    advice = ""
    if any(failure["type"] == "AccessDeniedError" for failure in failures):
        advice = "; set 'become: true', since only root may write the table"
    module.fail_json(msg=f"{summary}: {quoted}{more}{advice}", failures=failures, **result)


def fail_with(module, summary, error, **result):
    """Ends the module with the errors of a call of netio."""
    fail(module, summary, failures_of(error), **result)


def apply_entries(module, entries, *, interfaces=(), purge=False):
    """Makes the table have the entries, by one plan, and ends the module."""
    parameters = module.params
    try:
        plan = netio.plan_neighbors(
            entries,
            interfaces=interfaces,
            prune=purge,
            owner=parameters["owner"],
            missing_interfaces=parameters["missing_interfaces"],
        )
    except (netio.NetioError, ExceptionGroup) as error:
        fail_with(module, "nothing was written", error, changed=False)
    result = _result_of(plan)
    changes = len(plan.changes)
    if plan.conflicts and module.check_mode:
        failures = [_planned_conflict(change) for change in plan.conflicts]
        fail(module, f"{len(failures)} entries would not be written", failures, **result)
    if not module.check_mode:
        try:
            plan.apply()
        except ExceptionGroup as error:
            failed = sum(one.position is not None for one in error.exceptions)
            result["changed"] = failed < changes
            fail_with(module, error.message, error, **result)
    module.exit_json(**result)


def delete_entry(module):
    """Deletes one permanent entry, if the table has it, and ends the module."""
    parameters = module.params
    result = {"changed": False, "changes": [], "diff": diff_of([]), "missing_interfaces": []}
    try:
        found = netio.linux.get_neighbor(parameters["address"], interface=parameters["interface"])
    except netio.NeighborNotFoundError:
        module.exit_json(**result)
    except netio.InterfaceNotFoundError as error:
        if parameters["missing_interfaces"] == "fail":
            fail_with(module, "nothing was deleted", error, changed=False)
        module.exit_json(**{**result, "missing_interfaces": [parameters["interface"]]})
    except netio.NetioError as error:
        fail_with(module, "nothing was deleted", error, changed=False)
    entry = found.neighbor
    if entry.state is not netio.NeighborState.PERMANENT:
        module.exit_json(**result)
    own = {one.key for one in netio.plannable_neighbors(interface=entry.interface)}
    if entry.key not in own and found.protocol != parameters["owner"]:
        message = f"{entry.address} on {entry.interface}: another program owns the entry"
        fail(module, "nothing was deleted", [_conflict(entry, message)], **result)
    try:
        if not module.check_mode:
            netio.delete_neighbor(entry.address, interface=entry.interface, missing_ok=True)
    except netio.NetioError as error:
        fail_with(module, "nothing was deleted", error, changed=False)
    change = {"action": "delete", **describe(entry)}
    module.exit_json(**{**result, "changed": True, "changes": [change], "diff": diff_of([(entry, None)])})


def _planned_conflict(change):
    entry = change.neighbor
    return _conflict(entry, f"{entry.address} at {entry.physical_address} on {entry.interface}: {change.reason}")


def _conflict(entry, message):
    return {
        "msg": message,
        "type": "NeighborExistsError",
        "address": str(entry.address),
        "interface": entry.interface,
    }


def _result_of(plan):
    return {
        "changed": bool(plan.changes),
        "diff": diff_of(map(_pair, plan.changes)),
        "changes": [{"action": change.action.value, **describe(change.neighbor)} for change in plan.changes],
        "created": plan.creates,
        "updated": plan.updates,
        "deleted": plan.deletes,
        "unchanged": plan.unchanged,
        "missing_interfaces": list(plan.missing_interfaces),
    }
