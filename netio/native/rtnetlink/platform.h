/* SPDX-License-Identifier: MIT */
/* The backend interface with the system headers that it needs. Each backend has a file of this name. */
#ifndef NETIO_PLATFORM_H
#define NETIO_PLATFORM_H

#include "backend.h"

/* The IPv6 scope of an interface is its name, not its index. */
#define NETIO_SCOPE_IS_NAME 1
#define NETIO_HAS_NAMESPACES 1
/* The backend has the functions of rtnetlink/detail.h and parameters.h. */
#define NETIO_HAS_DETAIL 1

#endif
