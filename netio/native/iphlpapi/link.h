/* SPDX-License-Identifier: MIT */
/* Interfaces by what Windows knows without their drivers. */
#ifndef NETIO_LINK_H
#define NETIO_LINK_H

#include "platform.h"

/*
 * Finds an interface as netio_interface_find does, but sets only LUID, index, name and scope: it reads no driver's
 * statistics. ERROR_FILE_NOT_FOUND: the interface does not exist.
 */
DWORD link_identify(netio_interface *interface);

#endif
