/* SPDX-License-Identifier: MIT */
/* What C that serves both systems includes: the seam, behind the headers that it needs on this one. */
#ifndef NETIO_PLATFORM_H
#define NETIO_PLATFORM_H

#include "backend.h"

#endif
