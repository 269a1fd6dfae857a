/* SPDX-License-Identifier: MIT */
/* The backend interface with the system headers that it needs. Each backend has a file of this name. */
#ifndef NETIO_PLATFORM_H
#define NETIO_PLATFORM_H

#include "backend.h"

#endif
