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

DWORD netio_linux_table(int netns, ADDRESS_FAMILY family, const NET_LUID *interface, bool proxy,
                        MIB_IPNET_TABLE2 **table, netio_linux_detail **details);
DWORD netio_linux_get(int netns, netio_interface *interface, bool proxy, MIB_IPNET_ROW2 *row,
                      netio_linux_detail *detail);
