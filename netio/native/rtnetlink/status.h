/* SPDX-License-Identifier: MIT */
/* Kernel errors as Win32 error numbers. */
#ifndef NETIO_STATUS_H
#define NETIO_STATUS_H

#include "platform.h"

/* Converts 0 or a negative errno to a Win32 error number. */
DWORD win32_status(int error);

#endif
