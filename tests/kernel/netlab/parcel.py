# SPDX-License-Identifier: MIT
"""Values on their way to another process and back."""

import io
import pickle
from ipaddress import IPv6Address


class _Pickler(pickle.Pickler):
    # Early releases of Python 3.11 lose the scope of a pickled address; text keeps it.
    dispatch_table = {IPv6Address: lambda address: (IPv6Address, (str(address),))}  # noqa: RUF012


def dump(value: object) -> bytes:
    """What pickle.dumps() gives, with the scopes of addresses."""
    stream = io.BytesIO()
    _Pickler(stream).dump(value)
    return stream.getvalue()
