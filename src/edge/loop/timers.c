/*
 * timers.c - deadlines in order.
 *
 * Idea: an array heap of pointers to preallocated timers; each timer knows its place, so a stop
 * is O(log n) without a search.
 *
 * Invariants
 *   1. heap[0 .. count) are exactly the timers with `running` set; heap[i]->position == i.
 *   2. A parent is never later than its children: by deadline, then by sequence. No two timers
 *      have the same sequence, so the order is total and a run is reproducible.
 *   3. The other slots are in the free list, or behind the first `used_count` and never touched.
 */
#include "timers.h"

#include <stddef.h>

static bool earlier(const tw_loop_timer *a, const tw_loop_timer *b) {
    if (a->deadline_ns != b->deadline_ns)
        return a->deadline_ns < b->deadline_ns;
    return a->sequence < b->sequence;
}

static void place(timer_heap *timers, tw_loop_timer *timer, uint32_t position) {
    timers->heap[position] = timer;
    timer->position = position;
}

static void sift_up(timer_heap *timers, tw_loop_timer *timer) {
    uint32_t position = timer->position;
    while (position > 0) {
        uint32_t parent = (position - 1) / 2;
        if (!earlier(timer, timers->heap[parent]))
            break;
        place(timers, timers->heap[parent], position);
        position = parent;
    }
    place(timers, timer, position);
}

static void sift_down(timer_heap *timers, tw_loop_timer *timer) {
    uint32_t position = timer->position;
    for (;;) {
        uint32_t child = 2 * position + 1;
        if (child >= timers->count)
            break;
        if (child + 1 < timers->count && earlier(timers->heap[child + 1], timers->heap[child]))
            child++;
        if (!earlier(timers->heap[child], timer))
            break;
        place(timers, timers->heap[child], position);
        position = child;
    }
    place(timers, timer, position);
}

tw_status loop_timers_init(timer_heap *timers, const tw_allocator *allocator, uint32_t count_max) {
    timers->allocator = allocator;
    timers->count_max = count_max;
    timers->slots = TW_NEW(allocator, count_max, tw_loop_timer);
    timers->heap = TW_NEW(allocator, count_max, tw_loop_timer *);
    if (timers->slots == NULL || timers->heap == NULL) {
        loop_timers_done(timers);
        return TW_NO_MEMORY;
    }
    return TW_OK;
}

void loop_timers_done(timer_heap *timers) {
    TW_DELETE(timers->allocator, timers->slots, timers->count_max, tw_loop_timer);
    TW_DELETE(timers->allocator, timers->heap, timers->count_max, tw_loop_timer *);
    timers->slots = NULL;
    timers->heap = NULL;
}

tw_loop_timer *loop_timers_start(timer_heap *timers, int64_t deadline_ns, int64_t repeat_ns) {
    tw_loop_timer *timer = timers->first_free;
    if (timer != NULL)
        timers->first_free = timer->next_free;
    else if (timers->used_count < timers->count_max)
        timer = &timers->slots[timers->used_count++];
    else
        return NULL;
    timer->owner = timers;
    timer->deadline_ns = deadline_ns;
    timer->repeat_ns = repeat_ns;
    timer->sequence = ++timers->sequence;
    timer->running = true;
    timer->position = timers->count++;
    sift_up(timers, timer);
    return timer;
}

void loop_timers_stop(tw_loop_timer *timer) {
    timer_heap *timers = timer->owner;
    TW_ASSERT(timer->running);
    TW_ASSERT(timers->heap[timer->position] == timer);
    tw_loop_timer *last = timers->heap[--timers->count];
    if (last != timer) {
        place(timers, last, timer->position);
        sift_up(timers, last);
        sift_down(timers, last);
    }
    timer->running = false;
    timer->next_free = timers->first_free;
    timers->first_free = timer;
}

int64_t loop_timers_next_ns(const timer_heap *timers) {
    return timers->count == 0 ? INT64_MAX : timers->heap[0]->deadline_ns;
}

/* Moves a repeating timer to its next period after `now_ns`; missed ones are skipped. */
static void start_next_period(timer_heap *timers, tw_loop_timer *timer, int64_t now_ns) {
    int64_t late_ns = now_ns - timer->deadline_ns;
    timer->deadline_ns = now_ns + timer->repeat_ns - late_ns % timer->repeat_ns;
    timer->sequence = ++timers->sequence;
    sift_down(timers, timer);
}

uint32_t loop_timers_run(timer_heap *timers, int64_t now_ns) {
    uint64_t sequence_max = timers->sequence;
    uint32_t count = 0;
    while (timers->count > 0) {
        tw_loop_timer *timer = timers->heap[0];
        if (timer->deadline_ns > now_ns || timer->sequence > sequence_max)
            break;
        tw_loop_on_timer on_timer = timer->on_timer;
        void *context = timer->context;
        if (timer->repeat_ns > 0)
            start_next_period(timers, timer, now_ns);
        else
            loop_timers_stop(timer);
        count++;
        on_timer(context);
    }
    return count;
}
