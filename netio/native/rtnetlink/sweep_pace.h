/* SPDX-License-Identifier: MIT */
/* Limits the packets of a sweep to a rate: at most that many in any second, and never more than a few at once. Pure. */
#ifndef NETIO_SWEEP_PACE_H
#define NETIO_SWEEP_PACE_H

#include <stdbool.h>
#include <stdint.h>

#define PACE_SECOND_NS 1000000000

/*
 * The generic cell rate algorithm. A sender that was late may send a burst of a hundredth of the rate at once, so the
 * interval is that of a rate which is lower by as much. Times are in nanoseconds.
 */
struct pace {
    int64_t interval, tolerance;
    int64_t next; /* when the next packet would be sent without a burst */
};

static inline struct pace pace_of(uint32_t rate)
{
    const int64_t burst = rate < 200 ? 1 : rate / 100;
    const int64_t interval = (PACE_SECOND_NS + rate - burst) / (rate - burst + 1); /* rounded up */

    return (struct pace){.interval = interval, .tolerance = (burst - 1) * interval};
}

static inline bool pace_allows(const struct pace *pace, int64_t now)
{
    return now >= pace->next - pace->tolerance;
}

static inline void pace_sent(struct pace *pace, int64_t now)
{
    pace->next = (pace->next > now ? pace->next : now) + pace->interval;
}

/* When to wake up in order to send: half a burst is sent at once, which takes fewer wake-ups. */
static inline int64_t pace_due(const struct pace *pace)
{
    return pace->next - pace->tolerance / 2;
}

#endif
