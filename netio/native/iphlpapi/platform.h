/* SPDX-License-Identifier: MIT */
/* The SDK's headers. Only in this order do they declare the rows, and the functions with a DWORD result. */
#ifndef NETIO_PLATFORM_H
#define NETIO_PLATFORM_H

#include <winsock2.h>

#include <ws2tcpip.h>

#include <iphlpapi.h>

#include <netioapi.h>

/* A macro of COM's headers; backend.h has parameters of that name. */
#undef interface

#include "layout.h"
#include "backend.h"

#endif
