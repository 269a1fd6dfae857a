/* SPDX-License-Identifier: MIT */
/* A kernel for the backend that answers as the fuzzer's input says: replies, errors, lost and invalid messages. */
#ifndef NETIO_FUZZ_FAKE_KERNEL_H
#define NETIO_FUZZ_FAKE_KERNEL_H

#include "platform.h"

/* Starts without sockets. With lies, bytes of replies are wrong. The allocation of that number fails; 0: none. */
void kernel_begin(bool lies, unsigned failing_allocation);

/* Remembers the key of an entry, about which the kernel then sends notifications. */
void kernel_learn(const MIB_IPNET_ROW2 *row);

/* From now on, the entries of dumps have these keys. */
void kernel_dump_learned(void);

/* Timers and instances of epoll included. */
unsigned kernel_open_sockets(void);

#endif
