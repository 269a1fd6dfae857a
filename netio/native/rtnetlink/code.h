/* SPDX-License-Identifier: MIT */
/* Kernel errors as Win32 numbers. */
#ifndef NETIO_CODE_H
#define NETIO_CODE_H

#include "shim.h"

/* The Win32 number of 0 or a negative errno. */
DWORD code_of(int error);

#endif
