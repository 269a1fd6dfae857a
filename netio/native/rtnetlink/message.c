/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <linux/neighbour.h>
#include <stdio.h>
#include <string.h>

#include "platform.h"
#include "rtnl.h"

/* gc_thresh3 of the IPv4 and the IPv6 table; 0 if the kernel does not report it. */
struct thresholds {
    uint32_t ip4, ip6;
};

static int visit_table(void *visitor, const struct nlmsghdr *message)
{
    struct thresholds *thresholds = visitor;
    const struct rtattr *found[NDTA_THRESH3 + 1];
    const struct ndtmsg *fixed = NLMSG_DATA(message);
    const int error = rtnl_attributes(message, sizeof *fixed, found, NDTA_THRESH3 + 1);
    const struct rtattr *limit = error == 0 ? found[NDTA_THRESH3] : NULL;

    if (limit != NULL && RTA_PAYLOAD(limit) == sizeof thresholds->ip4)
        memcpy(fixed->ndtm_family == AF_INET6 ? &thresholds->ip6 : &thresholds->ip4, RTA_DATA(limit),
               sizeof thresholds->ip4);
    return error;
}

static struct thresholds read_thresholds(void)
{
    const struct ndtmsg fixed = {.ndtm_family = AF_UNSPEC};
    struct thresholds thresholds = {0};
    struct rtnl_request request;
    struct rtnl_socket sock;

    if (rtnl_open(&sock, NETIO_OWN_NETNS, 0) == 0) {
        rtnl_begin(&request, RTM_GETNEIGHTBL, NLM_F_DUMP, &fixed, sizeof fixed);
        (void)rtnl_call(&sock, &request, visit_table, &thresholds);
        rtnl_close(&sock);
    }
    return thresholds;
}

void netio_message(DWORD code, char *text, size_t size)
{
    if (code == ERROR_NO_SYSTEM_RESOURCES) {
        const struct thresholds thresholds = read_thresholds();

        snprintf(text, size,
                 "the kernel's neighbour table is full: gc_thresh3 is %u for IPv4 and %u for IPv6, "
                 "counted over all network namespaces of the kernel",
                 (unsigned)thresholds.ip4, (unsigned)thresholds.ip6);
    } else if (code == (NETIO_ERRNO | EAGAIN)) {
        snprintf(text, size, "the kernel's table changed during every attempt to read it; try again");
    } else if (code == (NETIO_ERRNO | EACCES) || code == (NETIO_ERRNO | EPERM) || code == (NETIO_ERRNO | EAFNOSUPPORT)) {
        snprintf(text, size, "this process may not open netlink sockets; allow AF_NETLINK in its sandbox");
    } else if (code & NETIO_ERRNO) {
        snprintf(text, size, "%s", strerror((int)(code & ~(DWORD)NETIO_ERRNO)));
    } else {
        snprintf(text, size, "Win32 error %u", (unsigned)code);
    }
}
