# SPDX-License-Identifier: MIT
"""What the kernel tests are made of: namespaces, hosts on a wire, captures, and other tools' view of the table."""
