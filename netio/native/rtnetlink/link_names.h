/* SPDX-License-Identifier: MIT */
/*
 * The interfaces that a session saw, with their present names. Those that were removed last keep their last name; the
 * others are forgotten, so that a session on a host with short-lived interfaces does not grow.
 */
#ifndef NETIO_LINK_NAMES_H
#define NETIO_LINK_NAMES_H

#include "interface_set.h"
#include "platform.h"
#include "rtnl.h"

struct link_names {
    struct rtnl_socket socket; /* for look-ups */
    struct interface_set set;
    size_t removed; /* interfaces of the set, at most */
    ULONG version;  /* changes with every name */
};

/* Opens the socket. The caller closes it with link_names_close also after a failure. */
int link_names_open(struct link_names *names, int netns);
void link_names_close(struct link_names *names);

/* Finds an interface; one that never existed has no name. *found is valid until the next call. */
int link_names_find(struct link_names *names, NET_IFINDEX index, const netio_interface **found);

/* Takes the name of an interface that the session saw from an RTM_NEWLINK, which may lack its last attributes. */
void link_names_update(struct link_names *names, const struct nlmsghdr *message);

/* Takes the index of an interface from an RTM_DELLINK. */
void link_names_removed(struct link_names *names, NET_IFINDEX index);

/* Forgets the first of the removed interfaces, if there are many. */
void link_names_forget(struct link_names *names);

/*
 * Looks each interface up again before its next use: notifications were lost. Forgets those that were not used since the
 * last time.
 */
void link_names_expire(struct link_names *names);

#endif
