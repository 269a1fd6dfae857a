/* SPDX-License-Identifier: MIT */
/* Included before everything else in the C test: counts the memory blocks that the backend holds. */
#ifndef NETIO_COUNTED_H
#define NETIO_COUNTED_H

#include <stdlib.h>

void *counted_calloc(size_t count, size_t size);
void *counted_realloc(void *memory, size_t size);
void counted_free(void *memory);

#define calloc counted_calloc
#define realloc counted_realloc
#define free counted_free

#endif
