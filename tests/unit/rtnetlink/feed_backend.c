/* SPDX-License-Identifier: MIT */
/*
 * Calls functions of the backend with replies from standard input instead of a kernel, and prints what they return as
 * text, so that the output is the same on every machine. The requests are numbered from 1 on.
 *
 * A line in:  "interfaces", "addresses" or "entries", or "route", the destination (IPv4 or IPv6 in HEX) and the LUID
 *             of an interface or 0; then the datagrams of the kernel, each as HEX.
 * A line out: the result, then the members of each item, separated by commas.
 */
#include "fake_calls.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "detail.h"
#include "inet.h"
#include "platform.h"

#ifdef __GLIBC__
typedef unsigned long ioctl_request;
typedef int recvmmsg_flags;
#else /* musl */
typedef int ioctl_request;
typedef unsigned recvmmsg_flags;
#endif

#define DESCRIPTOR 1000
#define BUFFER_SIZE 212992

static char *replies; /* the rest of the line */

static size_t read_hex(const char *hex, unsigned char *bytes, size_t size)
{
    size_t count = 0;

    for (; count < size && hex[2 * count] != '\0' && hex[2 * count + 1] != '\0'; count++) {
        const char pair[3] = {hex[2 * count], hex[2 * count + 1], '\0'};

        bytes[count] = (unsigned char)strtoul(pair, NULL, 16);
    }
    return count;
}

static int fail(int error)
{
    errno = error;
    return -1;
}

int fake_socket(int family, int type, int protocol)
{
    (void)type;
    (void)protocol;
    return family == AF_NETLINK ? DESCRIPTOR : fail(EMFILE);
}

int fake_close(int fd)
{
    return fd == DESCRIPTOR ? 0 : fail(EBADF);
}

int fake_bind(int fd, const struct sockaddr *address, socklen_t size)
{
    (void)fd;
    (void)address;
    (void)size;
    return 0;
}

/* Fails for SO_BINDTODEVICE, so that the backend looks interfaces up by RTM_GETLINK. */
int fake_setsockopt(int fd, int level, int name, const void *value, socklen_t size)
{
    (void)fd;
    (void)value;
    (void)size;
    return level == SOL_SOCKET && name == SO_BINDTODEVICE ? fail(ENODEV) : 0;
}

int fake_getsockopt(int fd, int level, int name, void *value, socklen_t *size)
{
    const int room = BUFFER_SIZE;

    (void)fd;
    (void)level;
    (void)name;
    if (*size < sizeof room)
        return fail(EINVAL);
    memcpy(value, &room, sizeof room);
    return 0;
}

int fake_ioctl(int fd, ioctl_request request, ...)
{
    (void)fd;
    (void)request;
    return fail(ENODEV);
}

ssize_t fake_send(int fd, const void *data, size_t size, int flags)
{
    (void)fd;
    (void)data;
    (void)flags;
    return (ssize_t)size;
}

ssize_t fake_sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
    (void)to;
    (void)length;
    return fake_send(fd, data, size, flags);
}

ssize_t fake_recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
    const char *hex = strtok_r(NULL, " \n", &replies);

    (void)fd;
    (void)flags;
    if (hex == NULL)
        return fail(EAGAIN);
    if (from != NULL && length != NULL)
        memset(from, 0, *length);
    return (ssize_t)read_hex(hex, data, size);
}

int fake_recvmmsg(int fd, struct mmsghdr *messages, unsigned count, recvmmsg_flags flags,
                  struct timespec *timeout)
{
    (void)fd;
    (void)messages;
    (void)count;
    (void)flags;
    (void)timeout;
    return fail(EAGAIN);
}

/* A reply that is not there is lost. */
int fake_poll(struct pollfd *wait, nfds_t count, int milliseconds)
{
    (void)wait;
    (void)count;
    (void)milliseconds;
    return 0;
}

int fake_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){.tv_sec = 1};
    return 0;
}

static void print_bytes(const void *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        printf("%02x", ((const unsigned char *)bytes)[i]);
    putchar(',');
}

static void print_number(uint64_t number)
{
    printf("%" PRIu64 ",", number);
}

static void print_address(const SOCKADDR_INET *address)
{
    size_t size = 0;
    const void *bytes = inet_bytes(address, &size);

    print_bytes(bytes, bytes == NULL ? 0 : size);
}

static void print_interfaces(void)
{
    netio_interface *list;
    size_t count;

    printf("%lu", (unsigned long)netio_interfaces(NETIO_OWN_NETNS, &list, &count));
    for (size_t i = 0; i < count; i++) {
        printf(" %s,%s,", list[i].name, list[i].scope);
        print_number(list[i].luid.Value);
        print_number(list[i].index);
        print_number(list[i].flags);
        print_bytes(list[i].physical_address, list[i].physical_address_length);
    }
    netio_free(list);
}

static void print_addresses(void)
{
    netio_address *list;
    size_t count;

    printf("%lu", (unsigned long)netio_addresses(NETIO_OWN_NETNS, &list, &count));
    for (size_t i = 0; i < count; i++) {
        putchar(' ');
        print_address(&list[i].address);
        print_address(&list[i].prefix);
        print_number(list[i].prefix_length);
        print_number(list[i].index);
    }
    netio_free(list);
}

static void print_entry(const MIB_IPNET_ROW2 *row, const netio_linux_detail *detail)
{
    putchar(' ');
    print_address(&row->Address);
    print_bytes(row->PhysicalAddress, row->PhysicalAddressLength);
    print_number(row->InterfaceIndex);
    print_number(row->InterfaceLuid.Value);
    print_number(row->Flags);
    print_number(row->ReachabilityTime.LastReachable);
    print_number(detail->nud);
    print_number(detail->flags);
    print_number(detail->protocol);
    print_number(detail->probes);
    print_number(detail->used);
    print_number(detail->confirmed);
    print_number(detail->updated);
    print_number(detail->references);
}

static void print_entries(void)
{
    MIB_IPNET_TABLE2 *table = NULL;
    netio_linux_detail *details = NULL;
    netio_interface *interfaces = NULL;
    size_t count = 0;

    printf("%lu", (unsigned long)netio_linux_table(NETIO_OWN_NETNS, AF_UNSPEC, NULL, NULL, false, &table, &details,
                                                   &interfaces, &count));
    for (size_t i = 0; table != NULL && i < table->NumEntries; i++)
        print_entry(&table->Table[i], &details[i]);
    netio_free(table);
    netio_free(details);
    netio_free(interfaces);
}

static void print_route(void)
{
    const char *hex = strtok_r(NULL, " \n", &replies), *luid = strtok_r(NULL, " \n", &replies);
    unsigned char bytes[sizeof(struct in6_addr)];
    const size_t size = read_hex(hex, bytes, sizeof bytes);
    NET_LUID interface = {.Value = strtoull(luid, NULL, 10)};
    SOCKADDR_INET destination, gateway;
    DWORD result;

    memset(&destination, 0, sizeof destination);
    if (!inet_set(&destination, size == sizeof(struct in_addr) ? AF_INET : AF_INET6, bytes, size))
        exit(1);
    netio_route(NETIO_OWN_NETNS, &destination, &interface, &gateway, 1, &result);
    printf("%lu ", (unsigned long)result);
    print_number(interface.Value);
    print_address(&gateway);
}

int main(void)
{
    char *text = NULL;
    size_t room = 0;

    while (getline(&text, &room, stdin) > 0) {
        const char *function = strtok_r(text, " \n", &replies);

        if (strcmp(function, "interfaces") == 0)
            print_interfaces();
        else if (strcmp(function, "addresses") == 0)
            print_addresses();
        else if (strcmp(function, "entries") == 0)
            print_entries();
        else
            print_route();
        putchar('\n');
        fflush(stdout);
    }
    free(text);
    return 0;
}
