/* SPDX-License-Identifier: MIT */
#include "inet.h"

#include <string.h>

const void *inet_bytes(const SOCKADDR_INET *address, size_t *size)
{
    switch (address->si_family) {
    case AF_INET:
        *size = sizeof address->Ipv4.sin_addr;
        return &address->Ipv4.sin_addr;
    case AF_INET6:
        *size = sizeof address->Ipv6.sin6_addr;
        return &address->Ipv6.sin6_addr;
    default:
        *size = 0;
        return NULL;
    }
}

bool inet_set(SOCKADDR_INET *address, ADDRESS_FAMILY family, const void *bytes, size_t size)
{
    memset(address, 0, sizeof *address);
    if (family == AF_INET && size == sizeof address->Ipv4.sin_addr)
        memcpy(&address->Ipv4.sin_addr, bytes, size);
    else if (family == AF_INET6 && size == sizeof address->Ipv6.sin6_addr)
        memcpy(&address->Ipv6.sin6_addr, bytes, size);
    else
        return false;
    address->si_family = family;
    return true;
}

bool inet_equal(const SOCKADDR_INET *a, const SOCKADDR_INET *b)
{
    size_t size_a, size_b;
    const void *bytes_a = inet_bytes(a, &size_a);
    const void *bytes_b = inet_bytes(b, &size_b);

    return size_a == size_b && size_a != 0 && memcmp(bytes_a, bytes_b, size_a) == 0;
}

bool inet_is_ip(const SOCKADDR_INET *address)
{
    return address->si_family == AF_INET || address->si_family == AF_INET6;
}

bool inet_is_link_local(const SOCKADDR_INET *address)
{
    return address->si_family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&address->Ipv6.sin6_addr);
}

bool inet_is_multicast(const SOCKADDR_INET *address)
{
    if (address->si_family == AF_INET6)
        return IN6_IS_ADDR_MULTICAST(&address->Ipv6.sin6_addr);
    return address->si_family == AF_INET && ntohl(address->Ipv4.sin_addr.s_addr) >> 28 == 0xe; /* 224.0.0.0/4 */
}

bool inet_is_neighbor(const SOCKADDR_INET *address)
{
    const struct in6_addr *ip6 = &address->Ipv6.sin6_addr;
    ULONG ip4;

    switch (address->si_family) {
    case AF_INET:
        ip4 = ntohl(address->Ipv4.sin_addr.s_addr);
        return ip4 != INADDR_ANY && ip4 != INADDR_BROADCAST && ip4 >> 24 != 127;
    case AF_INET6:
        return !IN6_IS_ADDR_UNSPECIFIED(ip6) && !IN6_IS_ADDR_LOOPBACK(ip6) && !IN6_IS_ADDR_V4MAPPED(ip6);
    default:
        return false;
    }
}
