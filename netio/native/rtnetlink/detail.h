/* SPDX-License-Identifier: MIT */
/* The part of an entry that only Linux has. It extends the backend interface; the results are Win32 error numbers too. */
#ifndef NETIO_DETAIL_H
#define NETIO_DETAIL_H

#include <stdbool.h>

#include "platform.h"

/* The place of the NTF_EXT_ flags above the NTF_ flags. */
#define NETIO_FLAGS_EXT_SHIFT 8

/* Beside the row of an entry. Ages are in milliseconds, UINT32_MAX at most. A proxy entry has only flags and protocol. */
typedef struct netio_linux_detail {
    uint32_t flags;      /* NTF_ in the low byte, NTF_EXT_ in the others */
    uint32_t probes;     /* sent without a reply since the entry was last valid */
    uint32_t used;       /* the age of the last use */
    uint32_t confirmed;  /* the age of the last confirmation; the kernel makes one up for a new entry */
    uint32_t updated;    /* the age of the last change of state or physical address */
    uint32_t references; /* users of the entry in the kernel, besides the table */
    uint16_t nud;        /* NUD_ */
    uint8_t protocol;    /* RTPROT_ of the last writer, 0 if it did not set one */
} netio_linux_detail;

/*
 * netio_table with the details, one for each row. The caller frees the arrays with netio_free. master is NULL, or
 * selects the entries of the interfaces that belong to it. ERROR_NOT_SUPPORTED: also a kernel that cannot do so.
 */
DWORD netio_linux_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const NET_LUID *master,
                        bool proxy, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                        netio_interface **interfaces, size_t *interface_count);

/*
 * netio_get with the detail. A proxy entry needs an interface, since the routes do not determine it. One for all
 * interfaces is found, too: then the interface has only the scope "0".
 */
DWORD netio_linux_get(int netns, netio_interface *interface, bool proxy, MIB_IPNET_ROW2 *row,
                      netio_linux_detail *detail);

typedef enum netio_linux_verb {
    NETIO_LINUX_CREATE,
    NETIO_LINUX_REPLACE, /* creates each entry, or sets it if it exists */
    NETIO_LINUX_DELETE,
} netio_linux_verb;

/*
 * Writes entries. Of a row the key and the physical address are read, which may be empty; of a detail nud, flags and
 * protocol, for DELETE only the flag NTF_PROXY. ERROR_INVALID_PARAMETER: the kernel rejects the combination. ETIMEDOUT
 * with NETIO_ERRNO: the reply was lost, so the outcome is unknown.
 */
void netio_linux_write(int netns, netio_linux_verb verb, const MIB_IPNET_ROW2 *rows, const netio_linux_detail *details,
                       size_t count, DWORD *results);

/*
 * Makes the kernel probe entries, of which the key is read, and does not wait. PERMANENT and NOARP entries stay as they
 * are. Entries of other programs keep their flags. ERROR_NOT_FOUND: there is no such entry, or no such interface.
 */
void netio_linux_probe(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);

/*
 * netio_watch_open, netio_watch_read and netio_watch_table with a detail for each row. Another nud, flag or protocol is
 * a change, too, if the kernel announces it. The watch is one for all other functions, too. ERROR_INVALID_PARAMETER: it
 * has no details, since netio_watch_open opened it.
 */
DWORD netio_linux_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial,
                             ULONG receive_buffer, netio_watch **watch);
DWORD netio_linux_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows,
                             netio_linux_detail *details, size_t *count);
DWORD netio_linux_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                              netio_interface **interfaces, size_t *interface_count);

#endif
