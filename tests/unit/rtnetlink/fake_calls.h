/* SPDX-License-Identifier: MIT */
/*
 * Included before each file of the backend (-include), so that its system calls go to a fake kernel: feed_backend.c, or
 * the one of tests/fuzz. The headers of the system then declare the functions of the fake kernel.
 */
#ifndef NETIO_FAKE_CALLS_H
#define NETIO_FAKE_CALLS_H

#define bind fake_bind
#define clock_gettime fake_clock_gettime
#define close fake_close
#define getsockopt fake_getsockopt
#define ioctl fake_ioctl
#define poll fake_poll
#define recvfrom fake_recvfrom
#define recvmmsg fake_recvmmsg
#define send fake_send
#define sendto fake_sendto
#define setsockopt fake_setsockopt
#define socket fake_socket

#endif
