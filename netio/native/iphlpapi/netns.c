/* SPDX-License-Identifier: MIT */
#include "platform.h"

DWORD netio_netns_check(int netns)
{
    return netns == NETIO_OWN_NETNS ? NO_ERROR : ERROR_NOT_SUPPORTED;
}
