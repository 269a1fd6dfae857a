/* SPDX-License-Identifier: MIT */
/* The C declarations of detail.h for cffi, which only Linux has. They contain no numbers either. */

typedef struct {
    uint32_t flags;
    uint32_t probes;
    uint32_t used;
    uint32_t confirmed;
    uint32_t updated;
    uint32_t references;
    uint16_t nud;
    uint8_t protocol;
    ...;
} netio_linux_detail;

typedef enum { NETIO_LINUX_CREATE, NETIO_LINUX_REPLACE, NETIO_LINUX_DELETE, ... } netio_linux_verb;

DWORD netio_linux_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, const NET_LUID *master,
                        bool proxy, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                        netio_interface **interfaces, size_t *interface_count);
DWORD netio_linux_get(int netns, netio_interface *interface, bool proxy, MIB_IPNET_ROW2 *row,
                      netio_linux_detail *detail);
void netio_linux_write(int netns, netio_linux_verb verb, const MIB_IPNET_ROW2 *rows, const netio_linux_detail *details,
                       size_t count, DWORD *results);
void netio_linux_probe(int netns, const MIB_IPNET_ROW2 *rows, size_t count, DWORD *results);
DWORD netio_linux_watch_open(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool initial,
                             ULONG receive_buffer, netio_watch **watch);
DWORD netio_linux_watch_read(netio_watch *watch, size_t room, netio_change *changes, MIB_IPNET_ROW2 *rows,
                             netio_linux_detail *details, size_t *count);
DWORD netio_linux_watch_table(netio_watch *watch, MIB_IPNET_TABLE2 **table, netio_linux_detail **details,
                              netio_interface **interfaces, size_t *interface_count);
