/* timers.h - a binary heap of deadlines; private to the loop. */
#ifndef TRADEWIND_EDGE_LOOP_TIMERS_H
#define TRADEWIND_EDGE_LOOP_TIMERS_H

#include <stdbool.h>
#include <stdint.h>

#include "tradewind/loop.h"

typedef struct timer_heap {
    const tw_allocator *allocator;
    tw_loop_timer *slots;      /* count_max of them */
    tw_loop_timer **heap;      /* the running ones, earliest first */
    tw_loop_timer *first_free; /* of the others, those that ran before */
    uint32_t count;
    uint32_t used_count; /* slots behind these never ran */
    uint32_t count_max;
    uint64_t sequence; /* of the timer started last */
} timer_heap;

struct tw_loop_timer {
    timer_heap *owner;
    tw_loop_timer *next_free;
    tw_loop_on_timer on_timer;
    void *context;
    int64_t deadline_ns;
    int64_t repeat_ns;
    uint64_t sequence;
    uint32_t position; /* in the heap */
    bool running;
};

tw_status loop_timers_init(timer_heap *timers, const tw_allocator *allocator, uint32_t count_max);
void loop_timers_done(timer_heap *timers);

/* A running timer, or NULL at the limit. */
tw_loop_timer *loop_timers_start(timer_heap *timers, int64_t deadline_ns, int64_t repeat_ns);
void loop_timers_stop(tw_loop_timer *timer);

/* The earliest deadline, or INT64_MAX. */
int64_t loop_timers_next_ns(const timer_heap *timers);

/* Calls all timers due at `now_ns` but those started meanwhile; returns how many. */
uint32_t loop_timers_run(timer_heap *timers, int64_t now_ns);

#endif
