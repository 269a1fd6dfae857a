/* SPDX-License-Identifier: MIT */
/* What C that serves both systems includes: the seam, behind the headers that it needs on this one. */
#ifndef NETIO_SDK_H
#define NETIO_SDK_H

#include "shim.h"

#endif
