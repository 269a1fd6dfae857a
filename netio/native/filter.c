/* SPDX-License-Identifier: MIT */
#include "filter.h"

#include <string.h>

#include "inet.h"

bool filter_accepts(const MIB_IPNET_ROW2 *like, const MIB_IPNET_ROW2 *row)
{
    ULONG length;

    if (like == NULL)
        return true;
    if (like->Address.si_family != AF_UNSPEC && !inet_equal(&like->Address, &row->Address))
        return false;
    length = like->PhysicalAddressLength;
    return length == 0 || (length == row->PhysicalAddressLength && length <= sizeof row->PhysicalAddress &&
                           memcmp(like->PhysicalAddress, row->PhysicalAddress, length) == 0);
}
