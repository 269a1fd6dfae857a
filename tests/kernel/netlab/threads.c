/* SPDX-License-Identifier: MIT */
/*
 * All functions of the backend in several threads at once, to be built with ThreadSanitizer. Usage: threads INDEX SECONDS;
 * INDEX is an interface with 192.0.2.0/24 whose only other host is 192.0.2.2.
 *
 * A watch is shared as in Python: a lock around each call, but not around the wait for its descriptor, and the main thread
 * wakes and closes it. Each other thread has its own resolver or calls functions without a session. Prints the number of
 * rounds of each thread.
 */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "platform.h"

#define ROWS 8

/* The first tasks: those that read the watch, and all that use it. */
#define READERS 2
#define WATCHERS 3

static struct {
    NET_IFINDEX index;
    atomic_bool ends;
    pthread_mutex_t lock; /* of the watch */
    netio_watch *watch;
    bool is_closed;
} shared = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void make_rows(MIB_IPNET_ROW2 *rows, size_t count, unsigned first)
{
    memset(rows, 0, count * sizeof *rows);
    for (size_t i = 0; i < count; i++) {
        rows[i].Address.si_family = AF_INET;
        rows[i].Address.Ipv4.sin_addr.s_addr = htonl(0xc0000200u + first + (unsigned)i);
        rows[i].InterfaceIndex = shared.index;
        rows[i].PhysicalAddressLength = 6;
        rows[i].PhysicalAddress[0] = 2;
        rows[i].PhysicalAddress[5] = (UCHAR)first;
    }
}

static void require(bool holds, const char *what)
{
    if (!holds) {
        fprintf(stderr, "threads: %s\n", what);
        exit(1);
    }
}

/* Reads changes until the watch is closed. */
static unsigned long read_watch(void)
{
    static _Thread_local netio_change changes[NETIO_WATCH_ROOM];
    static _Thread_local MIB_IPNET_ROW2 rows[2 * NETIO_WATCH_ROOM];
    unsigned long rounds = 0;
    bool is_closed;

    do {
        struct pollfd wait = {.events = POLLIN};
        size_t count = 0;
        DWORD code = WAIT_TIMEOUT;

        pthread_mutex_lock(&shared.lock);
        is_closed = shared.is_closed;
        wait.fd = netio_watch_fd(shared.watch);
        if (!is_closed)
            code = netio_watch_read(shared.watch, NETIO_WATCH_ROOM, changes, rows, &count);
        pthread_mutex_unlock(&shared.lock);
        require(code == NO_ERROR || code == WAIT_TIMEOUT, "the watch reported an error");
        rounds += count != 0;
        if (code == WAIT_TIMEOUT && !is_closed)
            (void)poll(&wait, 1, -1);
    } while (!is_closed);
    return rounds;
}

static unsigned long copy_watch(void)
{
    unsigned long rounds = 0;

    for (; !shared.ends; rounds++) {
        MIB_IPNET_TABLE2 *table = NULL;
        netio_interface *interfaces = NULL;
        size_t count;
        DWORD code;

        pthread_mutex_lock(&shared.lock);
        code = netio_watch_table(shared.watch, &table, &interfaces, &count);
        netio_watch_wake(shared.watch);
        pthread_mutex_unlock(&shared.lock);
        require(code == NO_ERROR, "the table of the watch was not copied");
        netio_free(table);
        netio_free(interfaces);
        usleep(500);
    }
    return rounds;
}

static unsigned long write_entries(void)
{
    static _Atomic unsigned writers;
    const unsigned first = 100 + ROWS * writers++;
    MIB_IPNET_ROW2 rows[ROWS];
    DWORD results[ROWS];
    unsigned long rounds = 0;

    make_rows(rows, ROWS, first);
    for (; !shared.ends; rounds++) {
        netio_replace(NETIO_OWN_NETNS, rows, ROWS, results);
        for (size_t i = 0; i < ROWS; i++)
            require(results[i] == NO_ERROR, "an entry was not written");
        netio_delete(NETIO_OWN_NETNS, rows, ROWS, results);
        for (size_t i = 0; i < ROWS; i++)
            require(results[i] == NO_ERROR, "an entry was not deleted");
    }
    return rounds;
}

static unsigned long read_all(void)
{
    unsigned long rounds = 0;

    for (; !shared.ends; rounds++) {
        MIB_IPNET_TABLE2 *table = NULL;
        netio_interface *interfaces = NULL, *all = NULL, of_entry;
        netio_address *addresses = NULL;
        MIB_IPNET_ROW2 row;
        size_t count;

        require(netio_table(NETIO_OWN_NETNS, AF_UNSPEC, NULL, NULL, &table, &interfaces, &count) == NO_ERROR, "table");
        require(netio_interfaces(NETIO_OWN_NETNS, &all, &count) == NO_ERROR, "interfaces");
        require(netio_addresses(NETIO_OWN_NETNS, &addresses, &count) == NO_ERROR, "addresses");
        make_rows(&row, 1, 100);
        memset(&of_entry, 0, sizeof of_entry);
        (void)netio_get(NETIO_OWN_NETNS, &of_entry, &row);
        netio_free(table);
        netio_free(interfaces);
        netio_free(all);
        netio_free(addresses);
    }
    return rounds;
}

/* Resolves a host again and again, and closes half of the sessions with pending rows. */
static unsigned long resolve(void)
{
    unsigned long rounds = 0;

    for (; !shared.ends; rounds++) {
        netio_resolver *resolver;
        MIB_IPNET_ROW2 rows[2];
        DWORD results[2];
        size_t tags[2], count = 2;

        require(netio_resolver_open(NETIO_OWN_NETNS, false, &resolver) == NO_ERROR, "a resolver was not opened");
        make_rows(rows, 2, 2);
        require(netio_resolver_submit(resolver, rows, 2, NULL, 0) == NO_ERROR, "rows were not submitted");
        if (rounds % 2 == 0)
            (void)netio_resolver_wait(resolver, 20, tags, rows, results, &count);
        netio_resolver_close(resolver);
    }
    return rounds;
}

struct task {
    const char *name;
    unsigned long (*run)(void);
    unsigned long rounds;
    pthread_t thread;
};

static void *start(void *task)
{
    ((struct task *)task)->rounds = ((struct task *)task)->run();
    return NULL;
}

static void open_watch(void)
{
    require(netio_watch_open(NETIO_OWN_NETNS, AF_UNSPEC, NULL, true, 0, &shared.watch) == NO_ERROR,
            "the watch was not opened");
}

static void close_watch(void)
{
    pthread_mutex_lock(&shared.lock);
    shared.is_closed = true;
    netio_watch_wake(shared.watch);
    pthread_mutex_unlock(&shared.lock);
}

int main(int count, char **words)
{
    struct task tasks[] = {
        {.name = "read watch", .run = read_watch},     {.name = "read watch too", .run = read_watch},
        {.name = "copy watch", .run = copy_watch},     {.name = "write", .run = write_entries},
        {.name = "write too", .run = write_entries},   {.name = "read", .run = read_all},
        {.name = "resolve", .run = resolve},           {.name = "resolve too", .run = resolve},
    };
    const size_t number = sizeof tasks / sizeof *tasks;

    require(count == 3, "usage: threads INDEX SECONDS");
    shared.index = (NET_IFINDEX)strtoul(words[1], NULL, 10);
    for (size_t i = number; i > 0; i--) {
        if (i == WATCHERS)
            open_watch(); /* among the first calls of the other threads, which initialise what is shared */
        require(pthread_create(&tasks[i - 1].thread, NULL, start, &tasks[i - 1]) == 0, "a thread was not created");
    }
    sleep((unsigned)strtoul(words[2], NULL, 10));
    shared.ends = true;
    for (size_t i = READERS; i < number; i++)
        pthread_join(tasks[i].thread, NULL);
    close_watch();
    for (size_t i = 0; i < READERS; i++)
        pthread_join(tasks[i].thread, NULL);
    netio_watch_close(shared.watch);
    for (size_t i = 0; i < number; i++)
        printf("%s: %lu\n", tasks[i].name, tasks[i].rounds);
    return 0;
}
