/* SPDX-License-Identifier: MIT */
#include "probe.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "link.h"
#include "netns.h"

#define DISCARD_PORT 9 /* RFC 863: the receiver discards what it gets */

static int bind_all(const struct probe_socket *sock)
{
    const int one_hop = 1, index = (int)sock->index;
    const bool ip6 = sock->family == AF_INET6;
    SOCKADDR_INET source = sock->source;

    if (setsockopt(sock->fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, sizeof index) < 0 ||
        setsockopt(sock->fd, ip6 ? IPPROTO_IPV6 : IPPROTO_IP, ip6 ? IPV6_UNICAST_HOPS : IP_TTL, &one_hop,
                   sizeof one_hop) < 0)
        return -errno;
    source.Ipv4.sin_port = 0;
    if (ip6) {
        source.Ipv6.sin6_flowinfo = 0;
        source.Ipv6.sin6_scope_id = sock->index;
    }
    if (source.si_family != 0 &&
        bind(sock->fd, (const struct sockaddr *)&source, ip6 ? sizeof source.Ipv6 : sizeof source.Ipv4) < 0)
        return -errno;
    return 0;
}

int probe_open(struct probe_socket *sock, int netns, ADDRESS_FAMILY family, NET_IFINDEX index,
               const SOCKADDR_INET *source)
{
    int error;

    if (sock->fd >= 0 && sock->family == family && sock->index == index &&
        memcmp(&sock->source, source, sizeof *source) == 0)
        return 0;
    probe_close(sock);
    sock->family = family;
    sock->index = index;
    sock->source = *source;
    sock->fd = netns_socket(netns, family, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (sock->fd < 0)
        return sock->fd;
    error = bind_all(sock);
    if (error != 0)
        probe_close(sock);
    return error;
}

int probe_send(const struct probe_socket *sock, const SOCKADDR_INET *destination)
{
    const bool ip6 = sock->family == AF_INET6;
    SOCKADDR_INET to = *destination;

    to.Ipv4.sin_port = htons(DISCARD_PORT);
    if (ip6) {
        to.Ipv6.sin6_flowinfo = 0;
        to.Ipv6.sin6_scope_id = sock->index;
    }
    if (sendto(sock->fd, "", 0, 0, (const struct sockaddr *)&to, ip6 ? sizeof to.Ipv6 : sizeof to.Ipv4) < 0)
        return -errno;
    return 0;
}

void probe_close(struct probe_socket *sock)
{
    if (sock->fd >= 0)
        close(sock->fd);
    sock->fd = -1;
}
