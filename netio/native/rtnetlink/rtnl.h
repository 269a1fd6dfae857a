/* SPDX-License-Identifier: MIT */
/*
 * The mechanics of rtnetlink: requests, answers, dumps. Knows no neighbour.
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

/* Dumps come in datagrams as large as the reader's buffer, up to this. */
#define RTNL_BUFFER_SIZE 32768

/* Requests in one send: more gain nothing. */
#define RTNL_BATCH_MAX 128

/* The result of a request in a batch that had no answer: it may have been carried out or not. No errno is above 0. */
#define RTNL_UNANSWERED 1

struct rtnl_socket {
    int fd;
    uint32_t sequence; /* of the last request */
    bool overrun;      /* it had no room for an answer to what was sent last: that one will not come */
};

struct rtnl_request {
    union {
        struct nlmsghdr header;
        unsigned char bytes[256];
    } message;
    bool overflow; /* something did not fit: never sent */
};

/* Requests that go in one send, and after it what each came to: 0, a negative errno or RTNL_UNANSWERED. */
struct rtnl_batch {
    size_t count, size;
    int results[RTNL_BATCH_MAX];
    _Alignas(NLMSG_ALIGNTO) unsigned char bytes[RTNL_BATCH_MAX * sizeof(struct rtnl_request)];
};

/*
 * Where datagrams come from: a socket, or a test. Returns the whole length of the next one, also where
 * that is more than size, or a negative errno; *sender becomes the port that sent it, 0 for the kernel.
 */
typedef ssize_t rtnl_receive(void *source, void *buffer, size_t size, uint32_t *sender);

/* Takes one message of an answer; a negative errno ends the reading. */
typedef int rtnl_visit(void *visitor, const struct nlmsghdr *message);

/* Takes the message that answers the request at that place of a batch; a negative errno becomes its result. */
typedef int rtnl_visit_place(void *visitor, size_t place, const struct nlmsghdr *message);

/* A socket of the caller's network namespace; groups: a mask of RTMGRP_ bits to subscribe to, or 0. */
int rtnl_open(struct rtnl_socket *socket, uint32_t groups);
void rtnl_close(struct rtnl_socket *socket);

/* Begins a request of that type and flags with its fixed part. */
void rtnl_begin(struct rtnl_request *request, uint16_t type, uint16_t flags, const void *fixed, size_t size);
/* Adds an attribute. */
void rtnl_put(struct rtnl_request *request, uint16_t type, const void *data, size_t size);

/* Sends a request and reads its answer: an acknowledgement, one message, or a dump. */
int rtnl_ask(struct rtnl_socket *socket, struct rtnl_request *request, rtnl_visit *visit, void *visitor);

/* Forgets what was visited: it is told anew. */
typedef void rtnl_restart(void *visitor);

/* Asks for a dump, again and again where a change interrupts it; in the end -EAGAIN: none came whole. */
int rtnl_dump(struct rtnl_socket *socket, struct rtnl_request *request, rtnl_restart *restart, rtnl_visit *visit,
              void *visitor);

/*
 * Reads the answer to the request of that sequence number. -EAGAIN: a dump that a change interrupted, so
 * what was visited may not be whole; -EBADMSG: a length that cannot be; -EMSGSIZE: a datagram over
 * RTNL_BUFFER_SIZE; -ETIMEDOUT: the answer has been lost. Datagrams of other processes and messages of other requests are passed over.
 */
int rtnl_read_answer(rtnl_receive *receive, void *source, uint32_t sequence, rtnl_visit *visit, void *visitor);

/* How many requests of that many may go in one send, so that the socket has room for an answer to each. */
size_t rtnl_batch_limit(const struct rtnl_socket *socket, size_t count);

/* Begins a batch, and adds a request to one that is not full. */
void rtnl_batch_begin(struct rtnl_batch *batch);
void rtnl_batch_add(struct rtnl_batch *batch, const struct rtnl_request *request);

/*
 * Sends a batch and reads its answers. With visit each request is answered by a message or an error. Without, the
 * last one asks for an acknowledgement and the others are answered only where they fail.
 */
void rtnl_batch_ask(struct rtnl_socket *socket, struct rtnl_batch *batch, rtnl_visit_place *visit, void *visitor);

/*
 * Reads the answers to count requests with sequence numbers from first on. Where an answer has been lost, what had
 * none by then is RTNL_UNANSWERED. What else comes is passed over, a second answer to a request too.
 */
void rtnl_read_batch(rtnl_receive *receive, void *source, uint32_t first, size_t count, int *results,
                     rtnl_visit_place *visit, void *visitor);

/* Visits the events that wait in a subscribed socket, and returns when there are none. -ENOBUFS: some were lost. */
int rtnl_read_events(struct rtnl_socket *socket, rtnl_visit *visit, void *visitor);

/*
 * Finds the attributes of a message behind a fixed part of that size: found[type] for each type below count,
 * NULL where it is absent; others are passed over. -EBADMSG: a length that cannot be.
 */
int rtnl_attributes(const struct nlmsghdr *message, size_t fixed, const struct rtattr *found[], size_t count);

#endif
