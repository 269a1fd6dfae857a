# SPDX-License-Identifier: MIT
"""Settings of the documentation site: sphinx-build -nW docs docs/_build."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import netio

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "netio"
author = "the netio authors"
project_copyright = "the netio authors"
version = release = netio.__version__

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_click",
    "sphinx_copybutton",
]
exclude_patterns = ["_build"]
# Single backquotes in docstrings.
default_role = "literal"
html_theme = "furo"
html_title = f"netio {release}"

# A heading of a page can be linked to, as in "states.md#stale".
myst_heading_anchors = 3
# The commands of an example, without prompts and output.
copybutton_prompt_text = r">>> |\.\.\. |\$ |> "
copybutton_prompt_is_regexp = True

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

# Pages of other projects are not linked: the site is built without network.
_LIBRARY = [
    "collections.abc",
    "contextlib",
    "datetime",
    "ipaddress",
    "numpy",
    "os",
    "pathlib",
    "prometheus_client",
    "typing",
]
nitpick_ignore_regex = [("py:.*", rf"(IPv[46]Address|PhysicalAddressLike|timedelta|({'|'.join(_LIBRARY)})\..*)")]

_PAGES = "https://learn.microsoft.com/windows/win32/api/netioapi/nf-netioapi-"


def link_windows_functions(*arguments: object) -> None:
    """Link the functions that a docstring names after "Windows:" to the pages of Microsoft."""
    lines = arguments[-1]
    assert isinstance(lines, list)
    for position, line in enumerate(lines):
        if line.startswith("Windows: "):
            lines[position] = re.sub(
                r"\b(Convert|Create|Delete|Flush|Get|Resolve|Set)\w+",
                lambda name: f"`{name[0]} <{_PAGES}{name[0].lower()}>`__",
                line,
            )


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-docstring", link_windows_functions)
