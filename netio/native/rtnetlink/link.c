/* SPDX-License-Identifier: MIT */
#include "link.h"

#include <errno.h>
#include <linux/if.h>
#include <linux/if_arp.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "array.h"
#include "status.h"

/* Newer than the kernel headers of old build images. */
#ifndef IFLA_ALT_IFNAME
#define IFLA_ALT_IFNAME 53
#endif
#ifndef IFLA_PROP_LIST
#define IFLA_PROP_LIST 52
#endif
#ifndef ALTIFNAMSIZ
#define ALTIFNAMSIZ 128
#endif

#define LUID_INDEX_SHIFT 24
#define LUID_TYPE_SHIFT 48
#define LUID_INDEX_MASK 0xffffffu

/* IANA ifType (ianaiftype-mib) of an ARPHRD_ type. */
static ULONG64 iana_type(unsigned short hardware_type)
{
    switch (hardware_type) {
    case ARPHRD_ETHER:
        return 6;
    case ARPHRD_IEEE802_TR:
        return 9;
    case ARPHRD_PPP:
        return 23;
    case ARPHRD_LOOPBACK:
        return 24;
    case ARPHRD_ATM:
        return 37;
    case ARPHRD_IEEE80211:
    case ARPHRD_IEEE80211_PRISM:
    case ARPHRD_IEEE80211_RADIOTAP:
        return 71;
    case ARPHRD_TUNNEL:
    case ARPHRD_TUNNEL6:
    case ARPHRD_SIT:
    case ARPHRD_IPGRE:
    case ARPHRD_IP6GRE:
        return 131;
    case ARPHRD_IEEE1394:
        return 144;
    case ARPHRD_INFINIBAND:
        return 199;
    default:
        return 1;
    }
}

NET_LUID link_luid(unsigned short hardware_type, NET_IFINDEX index)
{
    NET_LUID luid = {.Value = 0};

    if (index <= LUID_INDEX_MASK)
        luid.Value = iana_type(hardware_type) << LUID_TYPE_SHIFT | (ULONG64)index << LUID_INDEX_SHIFT;
    return luid;
}

/* IFF_RUNNING is the operational state of RFC 2863; the kernel sets it also if the driver does not report that state. */
static ULONG interface_flags(unsigned flags)
{
    return (flags & IFF_NOARP ? 0u : NETIO_INTERFACE_PROBES) | (flags & IFF_RUNNING ? NETIO_INTERFACE_UP : 0u);
}

/*
 * Loopback and point-to-point interfaces have a physical address, but not their neighbours: IPv4 keeps one entry for
 * all of them. Those addresses are zero, or the IP address of a tunnel.
 */
static void set_physical_address(netio_interface *interface, unsigned flags, const void *address, size_t size)
{
    if (flags & (IFF_LOOPBACK | IFF_POINTOPOINT))
        return;
    memcpy(interface->physical_address, address, size);
    interface->physical_address_length = (ULONG)size;
}

static int parse_link(const struct nlmsghdr *message, netio_interface *interface)
{
    const struct rtattr *found[IFLA_IFNAME + 1];
    const struct ifinfomsg *fixed = NLMSG_DATA(message);
    const int error = rtnl_attributes(message, sizeof *fixed, found, IFLA_IFNAME + 1);
    size_t size;

    if (error != 0)
        return error;
    if (found[IFLA_IFNAME] == NULL || RTA_PAYLOAD(found[IFLA_IFNAME]) > IFNAMSIZ ||
        (found[IFLA_ADDRESS] != NULL && RTA_PAYLOAD(found[IFLA_ADDRESS]) > sizeof interface->physical_address))
        return -EBADMSG;
    memset(interface, 0, sizeof *interface);
    interface->index = (NET_IFINDEX)fixed->ifi_index;
    interface->luid = link_luid(fixed->ifi_type, interface->index);
    if (found[IFLA_ADDRESS] != NULL)
        set_physical_address(interface, fixed->ifi_flags, RTA_DATA(found[IFLA_ADDRESS]),
                             RTA_PAYLOAD(found[IFLA_ADDRESS]));
    interface->flags = interface_flags(fixed->ifi_flags);
    size = RTA_PAYLOAD(found[IFLA_IFNAME]);
    memcpy(interface->name, RTA_DATA(found[IFLA_IFNAME]), size);
    memcpy(interface->scope, RTA_DATA(found[IFLA_IFNAME]), size);
    return 0;
}

static bool has_alternative_name(const struct nlmsghdr *message, const char *name)
{
    const struct rtattr *found[IFLA_PROP_LIST + 1], *list, *one;
    size_t offset = 0;

    if (rtnl_attributes(message, sizeof(struct ifinfomsg), found, IFLA_PROP_LIST + 1) != 0 ||
        found[IFLA_PROP_LIST] == NULL)
        return false;
    list = found[IFLA_PROP_LIST];
    while ((one = rtnl_next_attribute(RTA_DATA(list), RTA_PAYLOAD(list), &offset)) != NULL)
        if ((one->rta_type & NLA_TYPE_MASK) == IFLA_ALT_IFNAME && RTA_PAYLOAD(one) == strlen(name) + 1 &&
            memcmp(RTA_DATA(one), name, strlen(name)) == 0)
            return true;
    return false;
}

/* The interface of a request, by index if that is not 0, else by name, and the reply. */
struct wanted_link {
    NET_IFINDEX index;
    const char *name;
    netio_interface found;
};

static int visit_link(void *visitor, const struct nlmsghdr *message)
{
    struct wanted_link *wanted = visitor;
    const netio_interface *found = &wanted->found;
    const int error = parse_link(message, &wanted->found);
    bool is_right;

    if (error != 0)
        return error;
    if (wanted->index != 0)
        is_right = found->index == wanted->index;
    else
        is_right = strcmp(found->name, wanted->name) == 0 || has_alternative_name(message, wanted->name);
    return is_right ? 0 : -EBADMSG;
}

/*
 * Fast path for Ethernet, whose physical addresses have 6 bytes: ioctls take a fifth of the time of RTM_GETLINK.
 * Returns false if RTM_GETLINK is needed, also if the interface is renamed between the ioctls. Without the flags, which
 * cost a quarter of the time, the members that follow from them are wrong.
 */
static bool find_ethernet(int fd, NET_IFINDEX index, bool with_flags, netio_interface *interface)
{
    struct ifreq name = {.ifr_ifindex = (int)index}, request;
    unsigned char address[ETH_ALEN];
    unsigned short flags = 0;

    if (ioctl(fd, SIOCGIFNAME, &name) != 0)
        return false;
    request = name;
    if (ioctl(fd, SIOCGIFHWADDR, &request) != 0 || request.ifr_hwaddr.sa_family != ARPHRD_ETHER)
        return false;
    memcpy(address, request.ifr_hwaddr.sa_data, sizeof address);
    if (with_flags) {
        if (ioctl(fd, SIOCGIFFLAGS, &request) != 0)
            return false;
        flags = (unsigned short)request.ifr_flags;
    }
    if (ioctl(fd, SIOCGIFINDEX, &request) != 0 || (NET_IFINDEX)request.ifr_ifindex != index)
        return false;
    memset(interface, 0, sizeof *interface);
    interface->index = index;
    interface->luid = link_luid(ARPHRD_ETHER, index);
    set_physical_address(interface, flags, address, sizeof address);
    interface->flags = interface_flags(flags);
    memcpy(interface->name, name.ifr_name, strnlen(name.ifr_name, IFNAMSIZ));
    memcpy(interface->scope, interface->name, IFNAMSIZ);
    return true;
}

/*
 * Returns the index of a name, or 0 if RTM_GETLINK is needed. The socket stays bound to the interface, which has no
 * effect on rtnetlink. SIOCGIFINDEX would make the kernel load a module of that name if the interface does not exist.
 */
static NET_IFINDEX index_of(int fd, const char *name)
{
    const size_t length = strnlen(name, IFNAMSIZ);
    int index = 0;
    socklen_t size = sizeof index;

    if (length == 0 || length == IFNAMSIZ ||
        setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, name, (socklen_t)length) != 0 ||
        getsockopt(fd, SOL_SOCKET, SO_BINDTOIFINDEX, &index, &size) != 0 || index <= 0)
        return 0;
    return (NET_IFINDEX)index;
}

static void link_request(struct rtnl_request *request, uint16_t flags, NET_IFINDEX index)
{
    const struct ifinfomsg fixed = {.ifi_family = AF_UNSPEC, .ifi_index = (int)index};
    const uint32_t without_counters = RTEXT_FILTER_SKIP_STATS;

    rtnl_begin(request, RTM_GETLINK, flags, &fixed, sizeof fixed);
    rtnl_put(request, IFLA_EXT_MASK, &without_counters, sizeof without_counters);
}

int link_find(struct rtnl_socket *sock, netio_interface *interface)
{
    const NET_LUID luid = interface->luid;
    NET_IFINDEX index = interface->index;
    struct wanted_link wanted = {.name = interface->name};
    struct rtnl_request request;
    int error;

    if (luid.Value != 0)
        index = (NET_IFINDEX)(luid.Value >> LUID_INDEX_SHIFT & LUID_INDEX_MASK);
    else if (index == 0)
        index = index_of(sock->fd, interface->name);
    if (luid.Value != 0 || index != 0) {
        if (index == 0 || index > INT32_MAX)
            return -ENODEV;
        if (find_ethernet(sock->fd, index, true, interface))
            return luid.Value == 0 || interface->luid.Value == luid.Value ? 0 : -ENODEV;
        link_request(&request, 0, index);
    } else {
        const size_t length = strnlen(interface->name, sizeof interface->name);

        if (length == 0 || length >= ALTIFNAMSIZ)
            return -ENODEV;
        link_request(&request, 0, 0);
        rtnl_put(&request, length < IFNAMSIZ ? IFLA_IFNAME : IFLA_ALT_IFNAME, interface->name, length + 1);
    }
    wanted.index = index;
    error = rtnl_call(sock, &request, visit_link, &wanted);
    if (error != 0)
        return error;
    *interface = wanted.found;
    return luid.Value == 0 || interface->luid.Value == luid.Value ? 0 : -ENODEV;
}

static int look_up(struct rtnl_socket *sock, NET_LUID luid, NET_IFINDEX index, struct link *link)
{
    netio_interface interface = {.luid = luid, .index = index};
    const int error = link_find(sock, &interface);

    *link = (struct link){interface.luid, interface.index, interface.physical_address_length, interface.flags};
    return error;
}

int link_recall(struct rtnl_socket *sock, struct recent_links *recent, NET_LUID luid, NET_IFINDEX index,
                struct link *link)
{
    const size_t count = sizeof recent->links / sizeof *recent->links;
    int error;

    for (size_t i = 0; i < count; i++) {
        const struct link *known = &recent->links[i];

        if (known->index != 0 && (luid.Value != 0 ? known->luid.Value == luid.Value : known->index == index)) {
            *link = *known;
            return 0;
        }
    }
    error = look_up(sock, luid, index, link);
    if (error == 0)
        recent->links[recent->next++ % count] = *link;
    return error;
}

/* Looks an interface up and adds it to the set. One that was removed is added, too. */
static int learn(struct rtnl_socket *sock, struct interface_set *set, NET_IFINDEX index)
{
    netio_interface *added = interface_set_add(set, index);
    int error = 0;

    if (added == NULL)
        return -ENOMEM;
    if (!find_ethernet(sock->fd, index, false, added))
        error = link_find(sock, added);
    if (error == -ENODEV)
        interface_set_removed(added);
    return error == -ENODEV ? 0 : error;
}

int link_fill_luids(struct rtnl_socket *sock, MIB_IPNET_ROW2 *rows, size_t count, struct interface_set *set)
{
    for (size_t i = 0; i < count; i++) {
        const NET_IFINDEX index = rows[i].InterfaceIndex;
        const netio_interface *interface = interface_set_find(set, index);
        const int error = interface == NULL ? learn(sock, set, index) : 0;

        if (error != 0)
            return error;
        if (interface == NULL)
            interface = interface_set_find(set, index);
        rows[i].InterfaceLuid = interface->luid;
    }
    return 0;
}

/* All interfaces, in the order of the dump. */
struct link_list {
    netio_interface *links;
    size_t count, room;
};

static int visit_listed_link(void *visitor, const struct nlmsghdr *message)
{
    struct link_list *list = visitor;
    void *links = array_with_room(list->links, list->count, &list->room, 0, sizeof *list->links);
    int error;

    if (links == NULL)
        return -ENOMEM;
    list->links = links;
    error = parse_link(message, &list->links[list->count]);
    if (error == 0)
        list->count++;
    return error;
}

static void restart_list(void *visitor)
{
    struct link_list *list = visitor;

    list->count = 0;
}

static int dump_links(int netns, struct link_list *list)
{
    struct rtnl_socket sock;
    struct rtnl_request request;
    int error = rtnl_open(&sock, netns, 0);

    if (error != 0)
        return error;
    link_request(&request, NLM_F_DUMP, 0);
    error = rtnl_dump(&sock, &request, restart_list, visit_listed_link, list);
    rtnl_close(&sock);
    return error;
}

DWORD netio_interfaces(int netns, netio_interface **list, size_t *count)
{
    struct link_list links = {0};
    const int error = dump_links(netns, &links);

    *list = NULL;
    *count = 0;
    if (error != 0) {
        free(links.links);
        return win32_status(error);
    }
    *list = links.links;
    *count = links.count;
    return NO_ERROR;
}

DWORD netio_interface_find(int netns, netio_interface *interface)
{
    struct rtnl_socket sock;
    int error = rtnl_open(&sock, netns, 0);

    if (error != 0)
        return win32_status(error);
    error = link_find(&sock, interface);
    rtnl_close(&sock);
    return error == -ENODEV ? ERROR_FILE_NOT_FOUND : win32_status(error);
}
