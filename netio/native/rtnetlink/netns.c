/* SPDX-License-Identifier: MIT */
#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/nsfs.h>

#include "platform.h"
#include "rtnl.h"
#include "status.h"

/* setns() allocates memory, so it can fail for lack of it. The kernel frees some within this time, or kills. */
#define RETURN_ATTEMPTS 1000
#define RETURN_PAUSE_NS 1000000

static int open_here(int family, int type, int protocol)
{
    const int fd = socket(family, type | SOCK_CLOEXEC, protocol);

    if (fd < 0 && family == AF_NETLINK && (errno == EACCES || errno == EPERM || errno == EAFNOSUPPORT))
        return -(RTNL_REFUSED + errno);
    return fd < 0 ? -errno : fd;
}

/* Ends the process if the return fails: everything that it does afterwards would affect another network. */
static void return_to(int own)
{
    const struct timespec pause = {.tv_nsec = RETURN_PAUSE_NS};

    for (int attempt = 0; attempt < RETURN_ATTEMPTS; attempt++) {
        if (setns(own, CLONE_NEWNET) == 0)
            return;
        nanosleep(&pause, NULL);
    }
    perror("netio: cannot return to the network namespace of this thread");
    abort();
}

int netns_socket(int netns, int family, int type, int protocol)
{
    int own, result;

    if (netns == NETIO_OWN_NETNS)
        return open_here(family, type, protocol);
    own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
    if (own < 0)
        return -errno;
    /* A thread may be allowed to leave its namespace, but not to return. Entering the own one shows that beforehand. */
    if (setns(own, CLONE_NEWNET) < 0 || setns(netns, CLONE_NEWNET) < 0) {
        result = -errno;
    } else {
        result = open_here(family, type, protocol);
        return_to(own);
    }
    close(own);
    return result;
}

DWORD netio_netns_check(int netns)
{
    int fd = ioctl(netns, NS_GET_NSTYPE);

    if (fd != CLONE_NEWNET)
        return ERROR_INVALID_PARAMETER;
    fd = netns_socket(netns, AF_UNIX, SOCK_DGRAM, 0);
    if (fd >= 0)
        close(fd);
    return win32_status(fd < 0 ? fd : 0);
}
