# SPDX-License-Identifier: MIT
"""Every code has its exception, and an exception survives pickle and copy."""

import copy
import errno
import pickle

import pytest

import netio
from netio import Neighbor, NetioError
from netio._native import lib
from netio.errors import check, failure, invalid

TABLE = [
    (2, netio.InterfaceNotFoundError, LookupError, errno.ENODEV, "STATUS_NOT_FOUND"),
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

ROW = Neighbor("192.0.2.7", "02:00:5e:00:00:07", interface="eth0")


@pytest.mark.parametrize(("code", "kind", "builtin", "number", "ntstatus"), TABLE)
def test_code(code: int, kind: type[NetioError], builtin: type[OSError], number: int, ntstatus: str | None) -> None:
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


def test_success_is_no_error() -> None:
    check("GetIpNetEntry2", lib.NO_ERROR)


def test_every_code_of_the_compiled_module_is_in_the_table() -> None:
    codes = {getattr(lib, name) for name in dir(lib) if name.startswith("ERROR_")}
    assert codes == {code for code, *_ in TABLE if code < 0x20000000 and code != 317}


def test_1168_speaks_of_the_row_where_the_interface_is_known() -> None:
    error = failure("SetIpNetEntry2", lib.ERROR_NOT_FOUND, interface_known=True)
    assert type(error) is netio.NeighborNotFoundError
    assert (error.code, error.errno, error.ntstatus) == (1168, errno.ENOENT, "STATUS_NOT_FOUND")


def test_the_tree() -> None:
    public = [getattr(netio, name) for name in netio.__all__ if name.endswith("Error")]
    assert len(public) == 9
    for kind in public:
        assert issubclass(kind, NetioError)
        assert issubclass(kind, OSError)
        assert kind.__name__ in netio.errors.__doc__


def test_refused_text_has_no_operation() -> None:
    error = invalid("no good")
    assert (error.operation, error.code, error.strerror) == ("", 87, "no good")


@pytest.mark.parametrize("code", [code for code, *_ in TABLE])
@pytest.mark.parametrize("known", [False, True])
def test_pickle_and_copy(code: int, known: bool) -> None:
    error = failure("SetIpNetEntry2", code, "x", interface_known=known, row=ROW, position=3)
    error.add_note("seen by a test")
    assert (error.row, error.position) == (ROW, 3)
    twins = [pickle.loads(pickle.dumps(error, protocol)) for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1)]
    for twin in (*twins, copy.copy(error), copy.deepcopy(error)):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        for name in ("operation", "code", "errno", "strerror", "ntstatus", "row", "position", "__notes__"):
            assert getattr(twin, name) == getattr(error, name)
        assert getattr(twin, "winerror", code) == code
