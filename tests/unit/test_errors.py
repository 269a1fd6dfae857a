# SPDX-License-Identifier: MIT
"""Every code has its exception, text and hint, and an exception survives pickle and copy."""

import copy
import errno
import pickle
import re

import pytest

import netio
from netio import Neighbor, NetioError
from netio._native import lib
from netio.errors import Hint, check, failure, invalid

TABLE = [
    (2, netio.InterfaceNotFoundError, LookupError, errno.ENODEV, "STATUS_NOT_FOUND"),
    (3, netio.NamespaceNotFoundError, LookupError, errno.ENOENT, None),
    (5, netio.AccessDeniedError, PermissionError, errno.EACCES, "STATUS_ACCESS_DENIED"),
    (8, NetioError, OSError, errno.ENOMEM, "STATUS_NO_MEMORY"),
    (50, netio.NotSupportedError, OSError, errno.EOPNOTSUPP, "STATUS_NOT_SUPPORTED"),
    (67, netio.UnreachableError, TimeoutError, errno.EHOSTUNREACH, "STATUS_BAD_NETWORK_NAME"),
    (87, netio.InvalidParameterError, ValueError, errno.EINVAL, "STATUS_INVALID_PARAMETER"),
    (1168, netio.InterfaceNotFoundError, LookupError, errno.ENODEV, "STATUS_NOT_FOUND"),
    (1231, netio.UnreachableError, TimeoutError, errno.EHOSTUNREACH, "STATUS_NETWORK_UNREACHABLE"),
    (1232, netio.UnreachableError, TimeoutError, errno.EHOSTUNREACH, "STATUS_HOST_UNREACHABLE"),
    (1450, netio.TableFullError, OSError, errno.ENOBUFS, "STATUS_INSUFFICIENT_RESOURCES"),
    (5010, netio.NeighborExistsError, FileExistsError, errno.EEXIST, None),
    (0x20000000 | errno.EPROTO, NetioError, OSError, errno.EPROTO, None),
    (317, NetioError, OSError, errno.EIO, None),
]

ENTRY = Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")


@pytest.mark.parametrize(("code", "kind", "builtin", "number", "ntstatus"), TABLE)
def test_exception_of_a_code(
    code: int, kind: type[NetioError], builtin: type[OSError], number: int, ntstatus: str | None
) -> None:
    with pytest.raises(builtin) as caught:
        check("GetIpNetEntry2", code, "192.0.2.7 on eth0")
    error = caught.value
    assert type(error) is kind
    assert isinstance(error, NetioError)
    assert (error.operation, error.code, error.errno, error.ntstatus) == ("GetIpNetEntry2", code, number, ntstatus)
    assert (error.row, error.position) == (None, None)
    text = error.strerror or ""
    prefix, suffix = "GetIpNetEntry2 192.0.2.7 on eth0: ", f" (code {code})"
    assert text.startswith(prefix)
    assert text.endswith(suffix)
    assert len(text) > len(prefix) + len(suffix) + 5
    assert error.subject == "192.0.2.7 on eth0"
    assert text.removeprefix(prefix).startswith(error.reason)
    assert len(error.reason) > 5


REASONS = [
    (2, False, "there is no such interface", Hint.LIST_INTERFACES),
    (3, False, "there is no such network namespace", Hint.LIST_NAMESPACES),
    (5, False, "administrator rights are missing", Hint.ELEVATE),
    (8, False, "out of memory", None),
    (67, False, "no reply: the host is silent, the address is not on that link, or the link is down", None),
    (1168, False, "there is no such interface", Hint.LIST_INTERFACES),
    (1168, True, "the address has no entry there", Hint.CREATE_OR_RESOLVE),
    (1231, False, "there is no route to the address", Hint.NAME_INTERFACE),
    (1232, False, "the host is unreachable", Hint.NAME_INTERFACE),
    (5010, False, "the address already has an entry there", Hint.SET_OR_REPLACE),
]

ADVICE = {
    Hint.LIST_INTERFACES: "list_interfaces() returns those that exist",
    Hint.ELEVATE: "use sudo or CAP_NET_ADMIN, on Windows an elevated prompt",
    Hint.NAME_INTERFACE: "name the interface with interface=",
    Hint.CREATE_OR_RESOLVE: "create_neighbor() creates one, resolve_neighbor() probes the link",
    Hint.SET_OR_REPLACE: "set_neighbor() changes it, replace_neighbor() writes it in either case",
    Hint.LIST_NAMESPACES: "list_namespaces() returns those that have a name",
}


@pytest.mark.parametrize(("code", "known", "reason", "hint"), REASONS)
def test_reason_and_hint_of_a_code(code: int, known: bool, reason: str, hint: Hint | None) -> None:
    """Bug: a program that words the advice itself finds it in the reason as well, or in neither."""
    error = failure("SetIpNetEntry2", code, "192.0.2.7", meaning=code if known else None)
    assert (error.subject, error.reason, error.hint) == ("192.0.2.7", reason, hint)
    advice = "" if hint is None else f"; {ADVICE[hint]}"
    assert error.strerror == f"SetIpNetEntry2 192.0.2.7: {reason}{advice} (code {code})"


@pytest.mark.parametrize("hint", Hint)
def test_given_reason_has_the_given_hint_only(hint: Hint) -> None:
    """Bug: the advice of the table follows a reason that it does not fit, or a hint has no text."""
    code = lib.ERROR_NETWORK_UNREACHABLE
    error = failure("GetIpNetEntry2", code, "x", reason="it is elsewhere", hint=hint)
    assert (error.reason, error.hint) == ("it is elsewhere", hint)
    assert error.strerror == f"GetIpNetEntry2 x: it is elsewhere; {ADVICE[hint]} (code {code})"
    error = failure("GetIpNetEntry2", code, "x", reason="it is elsewhere")
    assert (error.reason, error.hint) == ("it is elsewhere", None)
    assert error.strerror == f"GetIpNetEntry2 x: it is elsewhere (code {code})"


def test_functions_in_the_advice_exist() -> None:
    """Bug: the advice names a function that was renamed."""
    names = re.findall(r"(\w+)\(\)", " ".join(ADVICE.values()))
    assert len(names) == 6
    assert set(names) <= set(netio.__all__)


def test_success_raises_nothing() -> None:
    check("GetIpNetEntry2", lib.NO_ERROR)


def test_every_code_of_the_compiled_module_is_in_the_table() -> None:
    codes = {getattr(lib, name) for name in dir(lib) if name.startswith("ERROR_")}
    assert codes == {code for code, *_ in TABLE if code < 0x20000000 and code != 317}


def test_1168_refers_to_the_entry_if_the_interface_is_known() -> None:
    error = failure("SetIpNetEntry2", lib.ERROR_NOT_FOUND, meaning=lib.ERROR_NOT_FOUND)
    assert type(error) is netio.NeighborNotFoundError
    assert (error.code, error.errno, error.ntstatus) == (1168, errno.ENOENT, "STATUS_NOT_FOUND")


def test_every_exception_is_a_netio_error() -> None:
    public = [getattr(netio, name) for name in netio.__all__ if name.endswith("Error")]
    assert len(public) == 10
    for kind in public:
        assert issubclass(kind, NetioError)
        assert issubclass(kind, OSError)
        assert kind.__name__ in netio.errors.__doc__


def test_error_of_a_rejected_value_has_no_operation() -> None:
    error = invalid("no good")
    assert (error.operation, error.code, error.strerror) == ("", 87, "no good")
    assert (error.subject, error.reason, error.hint) == ("", "no good", None)
    error = invalid("it is ambiguous", hint=Hint.NAME_INTERFACE)
    assert (error.reason, error.hint) == ("it is ambiguous", Hint.NAME_INTERFACE)
    assert error.strerror == f"it is ambiguous; {ADVICE[Hint.NAME_INTERFACE]}"


def test_attributes_of_an_error_that_a_program_creates() -> None:
    """Bug: a program that raises such an error itself, in a test for example, finds no attributes."""
    error = netio.UnreachableError()
    assert (error.operation, error.code, error.subject, error.reason, error.hint) == ("", 0, "", "", None)


ATTRIBUTES = (
    *("operation", "code", "errno", "strerror", "ntstatus", "subject", "reason", "hint", "row", "position"),
    "__notes__",
)


@pytest.mark.parametrize("code", [code for code, *_ in TABLE])
@pytest.mark.parametrize("known", [False, True])
def test_pickle_and_copy(code: int, known: bool) -> None:
    error = failure("SetIpNetEntry2", code, "x", meaning=code if known else None, row=ENTRY, position=3)
    error.add_note("note of a test")
    assert (error.row, error.position) == (ENTRY, 3)
    twins = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*twins, copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        for name in ATTRIBUTES:
            assert getattr(twin, name) == getattr(error, name)
        assert getattr(twin, "winerror", code) == code


def test_message_shows_the_beginning_of_a_long_word() -> None:
    """Bug: a message is as long as the input that it is about."""
    error = failure("GetIpNetEntry2", 2, "192.0.2.1 on " + "x" * 40_000, reason="y" * 40_000)
    shown = f"{'x' * 80}... (40,000 characters): {'y' * 80}... (40,000 characters)"
    assert error.strerror == f"GetIpNetEntry2 192.0.2.1 on {shown} (code 2)"
    longest = ":".join(["02"] * 32)
    assert failure("", 5, longest).subject == longest
