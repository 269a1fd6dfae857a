# SPDX-License-Identifier: MIT
"""Serializes values for another process."""

import io
import pickle
from ipaddress import IPv6Address


class _Pickler(pickle.Pickler):
    # Early releases of Python 3.11 drop the scope of a pickled IPv6 address; its text keeps the scope.
    dispatch_table = {IPv6Address: lambda address: (IPv6Address, (str(address),))}  # noqa: RUF012


def dump(value: object) -> bytes:
    """Pickles a value like pickle.dumps(), and keeps the scopes of IPv6 addresses."""
    stream = io.BytesIO()
    _Pickler(stream).dump(value)
    return stream.getvalue()
