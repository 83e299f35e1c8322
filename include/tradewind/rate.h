/*
 * rate.h - a rate of return with its unit, for the free of risk and the least acceptable one.
 *
 * Rates without a unit are the most misused input of risk figures: 0.02 is 2% of something. A
 * yearly rate is divided by the number of periods a year.
 *
 * Threads: plain data.
 */
#ifndef TRADEWIND_RATE_H
#define TRADEWIND_RATE_H

#include <stdint.h>

typedef enum tw_rate_unit {
    TW_RATE_UNIT_MISSING = 0, /* a bare number: refused */
    TW_RATE_PER_PERIOD = 1,
    TW_RATE_PER_YEAR = 2
} tw_rate_unit;

/* A rate of return and what it is per. 0.02 is 2%. */
typedef struct tw_rate {
    double value;
    uint8_t unit; /* tw_rate_unit */
} tw_rate;

#endif
