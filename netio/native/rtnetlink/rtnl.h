/* SPDX-License-Identifier: MIT */
/*
 * The mechanics of rtnetlink: requests, replies, dumps, notifications. Nothing here is specific to neighbours.
 *
 *   datagram   | nlmsghdr | payload | pad | nlmsghdr | payload | pad | ...
 *   payload    | fixed part, e.g. struct ndmsg | pad | rtattr | data | pad | rtattr | ...
 *
 * Functions return 0 or a negative errno.
 */
#ifndef NETIO_RTNL_H
#define NETIO_RTNL_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* The kernel makes the datagrams of a dump as large as the reader's buffer, up to this size. */
#define RTNL_BUFFER_SIZE 32768

/* The number of notifications that are read with one system call. */
#define RTNL_NOTIFICATIONS_AT_ONCE 32

/* Requests in one send. More gain nothing. */
#define RTNL_BATCH_MAX 128

/* The result of a request in a batch without a reply: the kernel may have executed it or not. An errno is negative. */
#define RTNL_NO_REPLY 1

/* Large arrays are on the heap everywhere in this backend: threads may have stacks of 64 kB. */
struct rtnl_socket {
    int fd;
    int netns;             /* the network namespace in which it was opened (netns.h) */
    unsigned char *buffer; /* for one datagram, or a few notifications */
    uint32_t sequence; /* of the last request */
    int64_t deadline;  /* of the reply to the last request */
    bool received;     /* a datagram, since the last request */
    bool overrun;      /* it had no room for a reply to the last request: that reply will not arrive */
    bool waited;       /* for a reply that was lost: it does not wait for another one */
};

struct rtnl_request {
    union {
        struct nlmsghdr header;
        unsigned char bytes[256];
    } message;
    bool overflow; /* a part did not fit: the request is not sent */
};

/* Requests for one send, and afterwards the result of each: 0, a negative errno or RTNL_NO_REPLY. */
struct rtnl_batch {
    size_t count, size;
    int results[RTNL_BATCH_MAX];
    _Alignas(NLMSG_ALIGNTO) unsigned char bytes[RTNL_BATCH_MAX * sizeof(struct rtnl_request)];
};

/*
 * Receives a datagram from a socket, or from a test. Returns its full length, even if only RTNL_BUFFER_SIZE bytes of it
 * are in *data, or a negative errno. Sets *sender to the port that sent it, 0 for the kernel.
 */
typedef ssize_t rtnl_receive(void *source, const unsigned char **data, uint32_t *sender);

/* Handles one message of a reply. A negative errno ends the reading. */
typedef int rtnl_visit(void *visitor, const struct nlmsghdr *message);

/* Handles the reply to the request at that place of a batch. A negative errno becomes the result of the request. */
typedef int rtnl_visit_place(void *visitor, size_t place, const struct nlmsghdr *message);

/*
 * rtnl_open returns -(RTNL_REFUSED + errno) if a sandbox does not permit netlink sockets. Privilege does not help then.
 * Every errno of the kernel is below this number.
 */
#define RTNL_REFUSED 4096

/* Opens a socket in a network namespace (netns.h). groups is a mask of RTMGRP_ bits to subscribe to, or 0. */
int rtnl_open(struct rtnl_socket *socket, int netns, uint32_t groups);
/* Subscribes a socket that was opened without groups, for options that must be set before. */
int rtnl_subscribe(struct rtnl_socket *socket, uint32_t groups);
void rtnl_close(struct rtnl_socket *socket);

/* Starts a request of that type and flags with its fixed part. */
void rtnl_begin(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *fixed, size_t size);
/* Adds an attribute. */
void rtnl_put(struct rtnl_request *request, uint16_t type, const void *data, size_t size);

/*
 * Starts an attribute that contains the attributes which are added next, and ends it. Returns its place in the request,
 * which rtnl_end_nested needs.
 */
size_t rtnl_begin_nested(struct rtnl_request *request, uint16_t type);
void rtnl_end_nested(struct rtnl_request *request, size_t place);

/*
 * Sends a request and reads its reply: one message or a dump, which are visited, or an acknowledgement. -EBADMSG: the
 * kernel sent another kind of reply.
 */
int rtnl_call(struct rtnl_socket *socket, struct rtnl_request *request, rtnl_visit *visit, void *visitor);

/* Discards the messages visited so far: the dump restarts. */
typedef void rtnl_restart(void *visitor);

/* Requests a dump, and repeats it if a change interrupts it. -EAGAIN: a change interrupted every attempt. */
int rtnl_dump(struct rtnl_socket *socket, struct rtnl_request *request, rtnl_restart *restart, rtnl_visit *visit,
              void *visitor);

/* A dump that is read in parts. The socket has no other request until it ended. */
struct rtnl_dump {
    struct rtnl_request request;
    bool interrupted; /* by a change: the messages may be incomplete */
    bool ended;
};

/* Sends the request; reads one datagram of the reply, until dump->ended. */
int rtnl_dump_begin(struct rtnl_socket *socket, struct rtnl_dump *dump);
int rtnl_dump_part(struct rtnl_socket *socket, struct rtnl_dump *dump, rtnl_visit *visit, void *visitor);

/*
 * Reads the reply to a request. Skips datagrams of other processes and replies to other requests. -EAGAIN: a change
 * interrupted the dump, so the visited messages may be incomplete; -EBADMSG: an invalid length, or another kind of
 * reply; -EMSGSIZE: a datagram larger than RTNL_BUFFER_SIZE; -ETIMEDOUT: the reply was lost.
 */
int rtnl_read_reply(rtnl_receive *receive, void *source, const struct nlmsghdr *request, rtnl_visit *visit,
                    void *visitor);

/* Returns how many of count requests the socket can take in one send, so that it has room for a reply to each. */
size_t rtnl_batch_limit(const struct rtnl_socket *socket, size_t count);

/* Empty a batch; add a request to a batch that is not full. */
void rtnl_batch_begin(struct rtnl_batch *batch);
void rtnl_batch_add(struct rtnl_batch *batch, const struct rtnl_request *request);

/*
 * Sends a batch and reads the replies. With visit, the reply to each request is a message or an error. Without visit,
 * the last request demands an acknowledgement, and the kernel replies to the others only if they fail.
 */
void rtnl_batch_call(struct rtnl_socket *socket, struct rtnl_batch *batch, rtnl_visit_place *visit, void *visitor);

/*
 * Reads the replies to count requests of the type of the first one, whose sequence numbers follow each other. If a
 * reply was lost, all requests without a reply get the result RTNL_NO_REPLY. Skips all other messages, also a second
 * reply to a request.
 */
void rtnl_read_replies(rtnl_receive *receive, void *source, const struct nlmsghdr *first, size_t count, int *results,
                       rtnl_visit_place *visit, void *visitor);

/*
 * Visits RTNL_NOTIFICATIONS_AT_ONCE notifications in the queue of a subscribed socket at most. Those about interfaces
 * may lack their last attributes. Sets *lost if some were lost. -EAGAIN: the queue is empty.
 */
int rtnl_read_queue(struct rtnl_socket *socket, bool *lost, rtnl_visit *visit, void *visitor);

/* Visits the notifications in the queue until it is empty. -ENOBUFS: some were lost. */
int rtnl_read_notifications(struct rtnl_socket *socket, rtnl_visit *visit, void *visitor);

/*
 * Finds the attributes of a message after its fixed part: sets found[type] for each type below count, NULL if it is
 * absent. Skips other types. -EBADMSG: invalid length.
 */
int rtnl_attributes(const struct nlmsghdr *message, size_t fixed, const struct rtattr *found[], size_t count);

/* Finds the attributes inside another one in the same way. */
int rtnl_nested_attributes(const struct rtattr *outer, const struct rtattr *found[], size_t count);

/* Returns the attribute at an offset of data and moves the offset behind it. NULL: none, or its length is invalid. */
const struct rtattr *rtnl_next_attribute(const void *data, size_t size, size_t *offset);

#endif
