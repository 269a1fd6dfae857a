/* SPDX-License-Identifier: MIT */
/* Kernel errors as Win32 numbers. */
#ifndef NETIO_STATUS_H
#define NETIO_STATUS_H

#include "backend.h"

/* The Win32 number of 0 or a negative errno. */
DWORD code_of(int error);

#endif
