# SPDX-License-Identifier: MIT
"""Settings of the documentation site: sphinx-build -nW docs docs/_build."""

import netio

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
html_theme = "furo"
html_title = f"netio {release}"

# A heading of a page can be linked to, as in "states.md#stale".
myst_heading_anchors = 3
copybutton_exclude = ".linenos, .gp, .go"

autodoc_member_order = "bysource"
autodoc_typehints = "signature"
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True
python_use_unqualified_type_names = True

# Pages of other projects are not linked: the site is built without network.
_LIBRARY = ["collections.abc", "contextlib", "datetime", "ipaddress", "numpy", "os", "pathlib", "typing"]
nitpick_ignore_regex = [("py:.*", rf"(IPv[46]Address|PhysicalAddressLike|timedelta|({'|'.join(_LIBRARY)})\..*)")]
