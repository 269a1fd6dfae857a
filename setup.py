# SPDX-License-Identifier: MIT
"""The compiled module, and the ABI tag of the wheel, which depends on the interpreter."""

import sysconfig

from setuptools import setup

limited_api = not sysconfig.get_config_var("Py_GIL_DISABLED")

setup(
    cffi_modules=["build_netio.py:ffibuilder"],
    options={"bdist_wheel": {"py_limited_api": "cp311"}} if limited_api else {},
)
