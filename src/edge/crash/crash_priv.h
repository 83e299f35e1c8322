/* crash_priv.h - the file of a dump: a head, then events until its end. */
#ifndef TRADEWIND_CRASH_PRIV_H
#define TRADEWIND_CRASH_PRIV_H

#include "tradewind/crash.h"

#define CRASH_MAGIC "TWFLIGHT"
#define CRASH_VERSION 1

typedef struct crash_head {
    char magic[8];
    uint32_t version;
    uint32_t event_size;
    tw_crash_summary summary;
} crash_head;

_Static_assert(sizeof(tw_crash_summary) == 88, "dumps hold it as it is");
_Static_assert(sizeof(crash_head) == 104, "without a hole that could hold somebody's bytes");

#endif
