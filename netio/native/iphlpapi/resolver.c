/* SPDX-License-Identifier: MIT */
/*
 * Resolving over ResolveIpNetEntry2, which blocks for seconds and cannot be interrupted. Therefore each row that is
 * not a duplicate is a callback in a thread pool of the session.
 *
 * row       registered in the session's pending set until its callback has the result, then in the completed list
 * session   counted references: one of the caller until netio_resolver_close, one of each callback until it ends
 */
#include <stdbool.h>
#include <stdlib.h>

#include "calls.h"
#include "inet.h"
#include "pending.h"
#include "platform.h"

#define WAIT_LIMIT_MS 50

/* The number of addresses that netio probes at a time by default: a silent host must not delay another one. */
#define MAX_THREADS 256

/* The default stack size of a program, times 256, is more than a 32-bit process can spare. */
#define STACK_RESERVE (256 * 1024)
#define STACK_COMMIT (16 * 1024)

struct resolution {
    struct pending pending; /* must be the first member */
    netio_resolver *resolver;
};

struct netio_resolver {
    TP_CALLBACK_ENVIRON environment;
    PTP_POOL pool;
    volatile LONG references;
    SRWLOCK lock; /* protects the members below */
    CONDITION_VARIABLE completed;
    struct pending_set pending;
    bool closed;
};

/* The caller must not hold the lock, which this may free. */
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

static void complete(netio_resolver *resolver, struct pending *pending, DWORD result, const MIB_IPNET_ROW2 *entry)
{
    AcquireSRWLockExclusive(&resolver->lock);
    pending_complete(&resolver->pending, pending, result, entry);
    if (resolver->closed)
        pending_free_completed(&resolver->pending);
    ReleaseSRWLockExclusive(&resolver->lock);
    WakeConditionVariable(&resolver->completed);
}

/* The source of a row. A link-local address needs its interface as scope, which is the interface of the row. */
static SOCKADDR_INET source_on_interface(const struct pending *pending)
{
    const MIB_IPNET_ROW2 *row = &pending->row;
    SOCKADDR_INET source = pending->source;
    NET_IFINDEX index = row->InterfaceIndex;

    if (!inet_is_link_local(&source))
        return source;
    if (row->InterfaceLuid.Value != 0)
        call_luid_to_index(&row->InterfaceLuid, &index); /* 0 for an unknown interface */
    source.Ipv6.sin6_scope_id = index;
    return source;
}

/*
 * ResolveIpNetEntry2 removes any entry first, and Microsoft documents no exception for permanent ones, so these are read
 * and returned. On a failure the content of the entry is undefined.
 */
static DWORD resolve(const struct pending *pending, MIB_IPNET_ROW2 *entry)
{
    const SOCKADDR_INET source = source_on_interface(pending);

    *entry = pending->row;
    if (call_get_entry(entry) == NO_ERROR && entry->State == NlnsPermanent)
        return NO_ERROR;
    *entry = pending->row;
    return call_resolve_entry(entry, source.si_family == 0 ? NULL : &source);
}

static void CALLBACK run(PTP_CALLBACK_INSTANCE instance, PVOID context)
{
    struct resolution *resolution = context;
    netio_resolver *resolver = resolution->resolver;
    MIB_IPNET_ROW2 entry;
    DWORD result = ERROR_OPERATION_ABORTED; /* of a closed session, which returns nothing */

    (void)instance;
    if (!is_closed(resolver))
        result = resolve(&resolution->pending, &entry);
    complete(resolver, &resolution->pending, result, result == NO_ERROR ? &entry : NULL);
    release(resolver);
}

/* Keeps the module loaded while one of its callbacks runs. */
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
    SetThreadpoolThreadMaximum(resolver->pool, MAX_THREADS);
    if (!SetThreadpoolStackInformation(resolver->pool, &stack))
        return GetLastError();
    SetThreadpoolCallbackPool(&resolver->environment, resolver->pool);
    SetThreadpoolCallbackRunsLong(&resolver->environment);
    return keep_loaded(&resolver->environment);
}

/* ResolveIpNetEntry2 removes an existing entry before it probes, and there is no other function that probes. */
DWORD netio_resolver_open(int netns, bool keep, netio_resolver **out)
{
    netio_resolver *resolver;
    DWORD status;

    (void)netns;
    *out = NULL;
    if (keep)
        return ERROR_NOT_SUPPORTED;
    resolver = calloc(1, sizeof *resolver);
    if (resolver == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    InitializeThreadpoolEnvironment(&resolver->environment);
    InitializeSRWLock(&resolver->lock);
    InitializeConditionVariable(&resolver->completed);
    resolver->references = 1;
    pending_init(&resolver->pending);
    status = open_pool(resolver);
    if (status != NO_ERROR)
        netio_resolver_close(resolver);
    else
        *out = resolver;
    return status;
}

/* Rows that are still registered belong to their callbacks, which complete and thereby free them. */
void netio_resolver_close(netio_resolver *resolver)
{
    if (resolver == NULL)
        return;
    AcquireSRWLockExclusive(&resolver->lock);
    resolver->closed = true;
    pending_free_completed(&resolver->pending);
    ReleaseSRWLockExclusive(&resolver->lock);
    if (resolver->pool != NULL)
        CloseThreadpool(resolver->pool); /* ends after its last callback, without waiting for it here */
    DestroyThreadpoolEnvironment(&resolver->environment);
    release(resolver);
}

/* The lock is held, so that a callback cannot complete a row before its duplicates are registered. */
static DWORD submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *row, const SOCKADDR_INET *source, size_t tag)
{
    struct resolution *resolution = pending_new(sizeof *resolution, row, source, tag);
    DWORD status;

    if (resolution == NULL)
        return ERROR_NOT_ENOUGH_MEMORY;
    resolution->resolver = resolver;
    if (!pending_register(&resolver->pending, &resolution->pending))
        return NO_ERROR;
    InterlockedIncrement(&resolver->references);
    if (TrySubmitThreadpoolCallback(run, resolution, &resolver->environment))
        return NO_ERROR;
    status = GetLastError();
    pending_unregister(&resolver->pending, &resolution->pending);
    free(resolution);
    InterlockedDecrement(&resolver->references); /* the caller still has a reference */
    return status;
}

DWORD netio_resolver_submit(netio_resolver *resolver, const MIB_IPNET_ROW2 *rows, size_t count,
                            const SOCKADDR_INET *source, size_t first_tag)
{
    DWORD status = NO_ERROR;

    AcquireSRWLockExclusive(&resolver->lock);
    for (size_t i = 0; i < count && status == NO_ERROR; i++)
        status = submit(resolver, &rows[i], source, first_tag + i);
    ReleaseSRWLockExclusive(&resolver->lock);
    return status;
}

DWORD netio_resolver_wait(netio_resolver *resolver, DWORD wait_ms, size_t *tags, MIB_IPNET_ROW2 *rows, DWORD *results,
                          size_t *count)
{
    const DWORD limit = wait_ms < WAIT_LIMIT_MS ? wait_ms : WAIT_LIMIT_MS;

    AcquireSRWLockExclusive(&resolver->lock);
    if (resolver->pending.completed == NULL)
        SleepConditionVariableSRW(&resolver->completed, &resolver->lock, limit, 0);
    *count = pending_pop(&resolver->pending, tags, rows, results, *count);
    ReleaseSRWLockExclusive(&resolver->lock);
    return *count == 0 ? WAIT_TIMEOUT : NO_ERROR;
}

int netio_resolver_fd(const netio_resolver *resolver)
{
    (void)resolver;
    return -1;
}

DWORD netio_resolver_due(netio_resolver *resolver)
{
    bool has_completed;

    AcquireSRWLockShared(&resolver->lock);
    has_completed = resolver->pending.completed != NULL;
    ReleaseSRWLockShared(&resolver->lock);
    return has_completed ? 0 : NETIO_NEVER;
}
