/* SPDX-License-Identifier: MIT */
#include "input.h"

#include <string.h>

size_t input_left;

static const uint8_t *next;

void input_begin(const uint8_t *bytes, size_t size)
{
    next = bytes;
    input_left = size;
}

size_t input_take(void *to, size_t size)
{
    const size_t count = size < input_left ? size : input_left;

    memset(to, 0, size);
    if (count != 0) {
        memcpy(to, next, count);
        next += count;
    }
    input_left -= count;
    return count;
}

uint8_t input_byte(void)
{
    uint8_t byte;

    input_take(&byte, sizeof byte);
    return byte;
}

unsigned input_below(unsigned limit)
{
    return input_byte() % limit;
}

void *input_memory(size_t size)
{
    void *memory = malloc(size == 0 ? 1 : size);

    CHECK(memory != NULL);
    memset(memory, 0xa5, size);
    return memory;
}
