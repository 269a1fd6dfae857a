/* SPDX-License-Identifier: MIT */
/*
 * Resolving over ResolveIpNetEntry2, which blocks for seconds and cannot be interrupted: so each row is a callback of
 * a thread pool of the session's own. Who owns what:
 *
 *   query     the callback, until it has an answer; then the session's list, until it is handed out
 *   session   freed with the last reference: its user has one until close, each callback has one until it ends
 */
#include "platform.h"

#include <stdbool.h>
#include <stdlib.h>

#define WAIT_LIMIT_MS 50

/* As many rows as the Python layer has in flight by default: a silent host must not keep another one waiting. */
#define MOST_THREADS 256

/* The default of the program, times 256, is more than a 32-bit process can spare. */
#define STACK_RESERVE (256 * 1024)
#define STACK_COMMIT (16 * 1024)

/* One submitted row. */
struct query {
    netio_resolver *resolver;
    struct query *next;
    size_t tag;
    MIB_IPNET_ROW2 row;   /* key, then the answer */
    SOCKADDR_INET source; /* family 0: the system chooses */
    DWORD result;
};

struct netio_resolver {
    TP_CALLBACK_ENVIRON environment;
    PTP_POOL pool;
    volatile LONG references;
    SRWLOCK lock; /* for what follows */
    CONDITION_VARIABLE answered;
    struct query *first, **last; /* the answers, in the order in which they came */
    bool closed;
};

/* The lock is not held here: who frees the memory under a lock cannot release it. */
static void release(netio_resolver *resolver)
{
    if (InterlockedDecrement(&resolver->references) == 0)
        free(resolver);
}

static bool is_closed(netio_resolver *resolver)
{
    bool closed;

    AcquireSRWLockShared(&resolver->lock);
    closed = resolver->closed;
    ReleaseSRWLockShared(&resolver->lock);
    return closed;
}

static void ask(struct query *query)
{
    MIB_IPNET_ROW2 row = query->row;

    query->result = ResolveIpNetEntry2(&row, query->source.si_family == 0 ? NULL : &query->source);
    if (query->result == NO_ERROR)
        query->row = row;
}

static void deliver(netio_resolver *resolver, struct query *query)
{
    bool closed;

    AcquireSRWLockExclusive(&resolver->lock);
    closed = resolver->closed;
    if (!closed) {
        *resolver->last = query;
        resolver->last = &query->next;
    }
    ReleaseSRWLockExclusive(&resolver->lock);
    if (closed)
        free(query);
    else
        WakeConditionVariable(&resolver->answered);
}

static void CALLBACK run(PTP_CALLBACK_INSTANCE instance, PVOID context)
{
    struct query *query = context;
    netio_resolver *resolver = query->resolver;

    (void)instance;
    if (!is_closed(resolver))
        ask(query);
    deliver(resolver, query);
    release(resolver);
}

/* The module stays loaded as long as one of its callbacks runs. */
static DWORD keep_loaded(PTP_CALLBACK_ENVIRON environment)
{
    static const char inside = 0;
    const DWORD flags = GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT;
    HMODULE module;

    if (!GetModuleHandleExW(flags, (LPCWSTR)(const void *)&inside, &module))
        return GetLastError();
    SetThreadpoolCallbackLibrary(environment, module);
    return NO_ERROR;
}

static DWORD open_pool(netio_resolver *resolver)
{
    TP_POOL_STACK_INFORMATION stack = {STACK_RESERVE, STACK_COMMIT};

    resolver->pool = CreateThreadpool(NULL);
    if (resolver->pool == NULL)
        return GetLastError();
    SetThreadpoolThreadMaximum(resolver->pool, MOST_THREADS);
    if (!SetThreadpoolStackInformation(resolver->pool, &stack))
        return GetLastError();
    SetThreadpoolCallbackPool(&resolver->environment, resolver->pool);
    SetThreadpoolCallbackRunsLong(&resolver->environment);
    return keep_loaded(&resolver->environment);
}

DWORD netio_resolver_open(netio_resolver **out)
{
    netio_resolver *resolver = calloc(1, sizeof *resolver);
    DWORD code;

    *out = NULL;
    if (resolver == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    InitializeThreadpoolEnvironment(&resolver->environment);
    InitializeSRWLock(&resolver->lock);
    InitializeConditionVariable(&resolver->answered);
    resolver->references = 1;
    resolver->last = &resolver->first;
    code = open_pool(resolver);
    if (code != NO_ERROR)
        netio_resolver_close(resolver);
    else
        *out = resolver;
    return code;
}

void netio_resolver_close(netio_resolver *resolver)
{
    struct query *unread;

    if (resolver == NULL)
        return;
    AcquireSRWLockExclusive(&resolver->lock);
    resolver->closed = true;
    unread = resolver->first;
    ReleaseSRWLockExclusive(&resolver->lock);
    while (unread != NULL) {
        struct query *next = unread->next;

        free(unread);
        unread = next;
    }
    if (resolver->pool != NULL)
        CloseThreadpool(resolver->pool); /* goes away after its last callback, without waiting for it here */
    DestroyThreadpoolEnvironment(&resolver->environment);
    release(resolver);
}

static DWORD submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source, size_t tag)
{
    struct query *query = calloc(1, sizeof *query);
    DWORD code;

    if (query == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    query->resolver = resolver;
    query->tag = tag;
    query->row = *row;
    if (source != NULL)
        query->source = *source;
    InterlockedIncrement(&resolver->references);
    if (TrySubmitThreadpoolCallback(run, query, &resolver->environment))
        return NO_ERROR;
    code = GetLastError();
    free(query);
    release(resolver);
    return code;
}

DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag)
{
    DWORD code = NO_ERROR;

    for (size_t i = 0; i < count && code == NO_ERROR; i++)
        code = submit(resolver, &rows[i], source, first_tag + i);
    return code;
}

/* Hands out answers, at most room of them. The lock is held. */
static size_t hand_out(netio_resolver *resolver, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results, size_t room)
{
    size_t answers = 0;

    for (; answers < room && resolver->first != NULL; answers++) {
        struct query *query = resolver->first;

        tags[answers] = query->tag;
        rows[answers] = query->row;
        results[answers] = query->result;
        resolver->first = query->next;
        free(query);
    }
    if (resolver->first == NULL)
        resolver->last = &resolver->first;
    return answers;
}

DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results,
                          size_t *count)
{
    const DWORD limit = wait_ms < WAIT_LIMIT_MS ? wait_ms : WAIT_LIMIT_MS;

    AcquireSRWLockExclusive(&resolver->lock);
    if (resolver->first == NULL)
        SleepConditionVariableSRW(&resolver->answered, &resolver->lock, limit, 0);
    *count = hand_out(resolver, tags, rows, results, *count);
    ReleaseSRWLockExclusive(&resolver->lock);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}
