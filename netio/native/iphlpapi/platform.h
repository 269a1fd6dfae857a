/* SPDX-License-Identifier: MIT */
/* The backend interface with the system headers that it needs. Each backend has a file of this name. */
#ifndef NETIO_PLATFORM_H
#define NETIO_PLATFORM_H

/* Only in this order do the SDK's headers declare the rows, and the functions with a DWORD result. */
#include <winsock2.h>

#include <ws2tcpip.h>

#include <iphlpapi.h>

#include <netioapi.h>

/* A macro of COM's headers; backend.h has parameters of that name. */
#undef interface

#include "backend.h"
#include "layout.h"

/* The IPv6 scope of an interface is its index. */
#define NETIO_SCOPE_IS_NAME 0
#define NETIO_HAS_NAMESPACES 0
/* The backend has the functions of rtnetlink/detail.h. */
#define NETIO_HAS_DETAIL 0

#endif
