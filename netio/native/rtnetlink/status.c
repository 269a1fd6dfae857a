/* SPDX-License-Identifier: MIT */
#include "status.h"

#include <errno.h>

#include "rtnl.h"

DWORD win32_status(int error)
{
    if (-error > RTNL_REFUSED)
        return NETIO_ERRNO | (DWORD)(-error - RTNL_REFUSED);
    switch (-error) {
    case 0:
        return NO_ERROR;
    case EPERM:
    case EACCES:
        return ERROR_ACCESS_DENIED;
    case ENOMEM:
        return ERROR_NOT_ENOUGH_MEMORY;
    case EOPNOTSUPP:
    case EAFNOSUPPORT:
        return ERROR_NOT_SUPPORTED;
    case EINVAL:
        return ERROR_INVALID_PARAMETER;
    case ENODEV:
    case ENOENT:
        return ERROR_NOT_FOUND;
    case ENETUNREACH:
        return ERROR_NETWORK_UNREACHABLE;
    case EHOSTUNREACH:
        return ERROR_HOST_UNREACHABLE;
    case ENOBUFS:
        return ERROR_NO_SYSTEM_RESOURCES;
    case EEXIST:
        return ERROR_OBJECT_ALREADY_EXISTS;
    default:
        return NETIO_ERRNO | (DWORD)-error;
    }
}
