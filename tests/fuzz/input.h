/* SPDX-License-Identifier: MIT */
/* The input of one run of a fuzz target, read from its front; 0 after its end. */
#ifndef NETIO_FUZZ_INPUT_H
#define NETIO_FUZZ_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* Ends the run as a finding. */
#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
            abort(); \
        } \
    } while (0)

/* The bytes that are left. */
extern size_t input_left;

void input_begin(const uint8_t *bytes, size_t size);

/* Copies up to size bytes, and fills the rest with 0. Returns the number of bytes that the input had. */
size_t input_take(void *to, size_t size);

uint8_t input_byte(void);

/* Returns a number below limit, which is at most 256. */
unsigned input_below(unsigned limit);

/* Returns memory of exactly that size, so that the sanitizer detects each access beyond it. */
void *input_memory(size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
