/*
 * limiter_queue.c - who waits: asked, served by priority and arrival, timed out, cancelled. The
 * invariants are drawn in limiter_priv.h.
 *
 * A turn walks the waiters in their order. The first who wants from a bucket and cannot have it
 * claims all his buckets; whoever comes after and wants from a claimed one is passed over, and
 * claims his too. So no waiter is overtaken at any bucket, and those of other buckets pass.
 */
#include "limiter_priv.h"

#define CLAIM_WORDS (TW_LIMITER_BUCKET_MAX / 64)

struct answer {
    tw_limiter_on_answer on_answer;
    void *context;
    tw_status status;
    int64_t wait_ns;
};

struct batch {
    struct answer answers[BATCH_SIZE];
    uint32_t count;
};

struct claims {
    uint64_t words[CLAIM_WORDS];
};

/* ---- the lists ---- */

static void count_waiting(tw_limiter *limiter, const tw_limiter_want *want, int32_t moved) {
    for (uint32_t i = 0; i < want->part_count; i++)
        limiter->buckets[want->parts[i].bucket].waiting[want->priority] += (uint32_t)moved;
    limiter->figures.waiting += (uint32_t)moved;
}

static void append_locked(tw_limiter *limiter, struct waiter *waiter) {
    struct list *list = &limiter->lists[waiter->want.priority];
    waiter->next = NULL;
    waiter->previous = list->last;
    if (list->last != NULL)
        list->last->next = waiter;
    else
        list->first = waiter;
    list->last = waiter;
    count_waiting(limiter, &waiter->want, 1);
}

/* Out of its list and free for the next. */
static void drop_locked(tw_limiter *limiter, struct waiter *waiter) {
    struct list *list = &limiter->lists[waiter->want.priority];
    if (waiter->previous != NULL)
        waiter->previous->next = waiter->next;
    else
        list->first = waiter->next;
    if (waiter->next != NULL)
        waiter->next->previous = waiter->previous;
    else
        list->last = waiter->previous;
    count_waiting(limiter, &waiter->want, -1);
    if (limiter->figures.waiting == 0)
        limiter->deadline_ns = INT64_MAX;
    waiter->on_answer = NULL;
    waiter->generation++;
    waiter->next = limiter->free_waiters;
    limiter->free_waiters = waiter;
}

static void answer_locked(tw_limiter *limiter, struct waiter *waiter, tw_status status,
                          struct batch *batch) {
    int64_t wait_ns = limiter->clock_ns - waiter->asked_ns;
    TW_ASSERT(batch->count < BATCH_SIZE);
    batch->answers[batch->count++] = (struct answer){.on_answer = waiter->on_answer,
                                                     .context = waiter->context,
                                                     .status = status,
                                                     .wait_ns = wait_ns};
    drop_locked(limiter, waiter);
}

/* ---- asking ---- */

static uint64_t number_of(const tw_limiter *limiter, const struct waiter *waiter) {
    return ((uint64_t)waiter->generation << 32) | (uint64_t)(waiter - limiter->waiters + 1);
}

static tw_status may_ask_locked(tw_limiter *limiter, const tw_limiter_want *want,
                                int64_t deadline_ns, int64_t *ret_ready_ns) {
    *ret_ready_ns = limiter_ready_locked(limiter, want);
    if (limiter->closed)
        return TW_CLOSED;
    if (!limiter_fits_locked(limiter, want))
        return TW_RANGE;
    if (deadline_ns <= limiter->clock_ns ||
        (*ret_ready_ns != INT64_MAX && *ret_ready_ns >= deadline_ns)) {
        limiter->figures.timeouts[want->priority]++;
        return TW_TIMEOUT;
    }
    if (limiter->free_waiters == NULL) {
        limiter->figures.refused++;
        return TW_FULL;
    }
    return TW_OK;
}

tw_status tw_limiter_ask(tw_limiter *limiter, const tw_limiter_want *want, int64_t now_ns,
                         const tw_limiter_patience *patience, tw_limiter_request *ret_request) {
    TW_ASSERT(patience->on_answer != NULL && ret_request != NULL);
    int64_t deadline_ns = patience->deadline_ns;
    TW_ASSERT(deadline_ns != TW_WAIT_FOREVER);
    int64_t ready_ns = 0;
    limiter_enter(limiter, now_ns);
    limiter_expect(limiter, want);
    int64_t next_before_ns = limiter->next_ns;
    tw_status status = may_ask_locked(limiter, want, deadline_ns, &ready_ns);
    if (status == TW_OK) {
        struct waiter *waiter = limiter->free_waiters;
        limiter->free_waiters = waiter->next;
        waiter->want = *want;
        waiter->asked_ns = limiter->clock_ns;
        waiter->deadline_ns = deadline_ns;
        waiter->on_answer = patience->on_answer;
        waiter->context = patience->context;
        append_locked(limiter, waiter);
        if (deadline_ns < limiter->deadline_ns)
            limiter->deadline_ns = deadline_ns;
        int64_t due_ns = ready_ns < deadline_ns ? ready_ns : deadline_ns;
        if (due_ns < limiter->next_ns)
            limiter->next_ns = due_ns;
        ret_request->number = number_of(limiter, waiter);
    }
    limiter_leave(limiter, next_before_ns);
    return status;
}

tw_status tw_limiter_cancel(tw_limiter *limiter, tw_limiter_request request) {
    uint64_t place = request.number & UINT32_MAX;
    tw_status status = TW_NOT_FOUND;
    limiter_enter(limiter, 0);
    int64_t next_before_ns = limiter->next_ns;
    if (place >= 1 && place <= limiter->config.waiter_max) {
        struct waiter *waiter = &limiter->waiters[place - 1];
        if (waiter->on_answer != NULL && number_of(limiter, waiter) == request.number) {
            drop_locked(limiter, waiter);
            limiter->figures.cancelled++;
            limiter->next_ns = limiter->figures.waiting > 0 ? 0 : INT64_MAX; /* who was behind */
            status = TW_OK;
        }
    }
    limiter_leave(limiter, next_before_ns);
    return status;
}

/* ---- turning ---- */

/* Answers those who are too late; the others' first deadline is known afterwards. */
static void expire_locked(tw_limiter *limiter, struct batch *batch) {
    int64_t first_ns = INT64_MAX;
    if (limiter->clock_ns < limiter->deadline_ns)
        return;
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
        for (struct waiter *waiter = limiter->lists[i].first; waiter != NULL;) {
            struct waiter *next = waiter->next;
            if (batch->count == BATCH_SIZE)
                return;
            if (waiter->deadline_ns <= limiter->clock_ns) {
                limiter->figures.timeouts[i]++;
                answer_locked(limiter, waiter, TW_TIMEOUT, batch);
            } else if (waiter->deadline_ns < first_ns) {
                first_ns = waiter->deadline_ns;
            }
            waiter = next;
        }
    }
    limiter->deadline_ns = first_ns;
}

/* Claims the buckets of a want; true if one was claimed before. */
static bool claim(struct claims *claims, const tw_limiter_want *want) {
    bool claimed = false;
    for (uint32_t i = 0; i < want->part_count; i++) {
        uint32_t bucket = want->parts[i].bucket;
        uint64_t bit = UINT64_C(1) << bucket % 64;
        claimed |= (claims->words[bucket / 64] & bit) != 0;
        claims->words[bucket / 64] |= bit;
    }
    return claimed;
}

static bool is_claimed(const struct claims *claims, const tw_limiter_want *want) {
    struct claims copy = *claims;
    return claim(&copy, want);
}

static void grant_locked(tw_limiter *limiter, struct waiter *waiter, struct batch *batch) {
    int64_t wait_ns = limiter->clock_ns - waiter->asked_ns;
    limiter_take_locked(limiter, &waiter->want);
    limiter->figures.waited++;
    limiter->figures.wait_ns_sum += wait_ns;
    if (wait_ns > limiter->figures.wait_ns_max)
        limiter->figures.wait_ns_max = wait_ns;
    answer_locked(limiter, waiter, TW_OK, batch);
}

/* Every bucket that is waited for is claimed: whoever comes after would be passed over. */
static bool is_over(const struct claims *claims, const struct claims *wanted) {
    for (uint32_t i = 0; i < CLAIM_WORDS; i++) {
        if ((wanted->words[i] & ~claims->words[i]) != 0)
            return false;
    }
    return true;
}

static struct claims wanted_locked(const tw_limiter *limiter) {
    struct claims wanted = {{0}};
    for (uint32_t i = 0; i < limiter->figures.buckets; i++) {
        for (int j = 0; j < TW_LIMITER_PRIORITY_COUNT; j++) {
            if (limiter->buckets[i].waiting[j] > 0)
                wanted.words[i / 64] |= UINT64_C(1) << i % 64;
        }
    }
    return wanted;
}

/* Grants the waiter if it can, or claims its buckets; lowers `*next_ns` to when it can be. */
static void serve_one_locked(tw_limiter *limiter, struct waiter *waiter, struct claims *claims,
                             int64_t *next_ns, struct batch *batch) {
    if (is_claimed(claims, &waiter->want)) {
        (void)claim(claims, &waiter->want);
        return;
    }
    int64_t ready_ns = limiter_ready_locked(limiter, &waiter->want);
    if (ready_ns <= limiter->clock_ns) {
        grant_locked(limiter, waiter, batch);
        return;
    }
    (void)claim(claims, &waiter->want);
    *next_ns = ready_ns < *next_ns ? ready_ns : *next_ns;
}

/* Grants whom it can; false if the batch is full before the end. */
static bool serve_locked(tw_limiter *limiter, struct batch *batch) {
    struct claims claims = {{0}};
    struct claims wanted = wanted_locked(limiter);
    int64_t next_ns = INT64_MAX;
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT && !is_over(&claims, &wanted); i++) {
        for (struct waiter *waiter = limiter->lists[i].first;
             waiter != NULL && !is_over(&claims, &wanted);) {
            struct waiter *next = waiter->next;
            if (batch->count == BATCH_SIZE)
                return false;
            serve_one_locked(limiter, waiter, &claims, &next_ns, batch);
            waiter = next;
        }
    }
    limiter->next_ns = next_ns < limiter->deadline_ns ? next_ns : limiter->deadline_ns;
    return true;
}

static void tell(const struct batch *batch) {
    for (uint32_t i = 0; i < batch->count; i++) {
        const struct answer *answer = &batch->answers[i];
        answer->on_answer(answer->context, answer->status, answer->wait_ns);
    }
}

uint32_t tw_limiter_turn(tw_limiter *limiter, int64_t now_ns) {
    uint32_t done = 0;
    bool over = false;
    while (!over) {
        struct batch batch = {.count = 0};
        limiter_enter(limiter, now_ns);
        over = limiter->clock_ns < limiter->next_ns;
        if (!over) {
            expire_locked(limiter, &batch);
            over = serve_locked(limiter, &batch);
        }
        limiter_leave(limiter, limiter->next_ns);
        tell(&batch);
        done += batch.count;
    }
    return done;
}

int64_t tw_limiter_next_ns(tw_limiter *limiter) {
    limiter_enter(limiter, 0);
    int64_t next_ns = limiter->next_ns;
    limiter_leave(limiter, next_ns);
    return next_ns;
}

void tw_limiter_close(tw_limiter *limiter) {
    bool over = false;
    while (!over) {
        struct batch batch = {.count = 0};
        limiter_enter(limiter, 0);
        limiter->closed = true;
        for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
            while (limiter->lists[i].first != NULL && batch.count < BATCH_SIZE)
                answer_locked(limiter, limiter->lists[i].first, TW_CLOSED, &batch);
        }
        over = limiter->figures.waiting == 0;
        if (over)
            limiter->next_ns = limiter->deadline_ns = INT64_MAX;
        limiter_leave(limiter, limiter->next_ns);
        tell(&batch);
    }
}

/* ---- proof ---- */

void tw_limiter_check(tw_limiter *limiter) {
    uint32_t total = 0;
    limiter_enter(limiter, 0);
    for (uint32_t b = 0; b < limiter->figures.buckets; b++) {
        const struct bucket *bucket = &limiter->buckets[b];
        TW_ASSERT(bucket->level <= bucket_cap(bucket) && bucket->unit > 0);
        TW_ASSERT(bucket->level >= 0 || bucket->rate == 0);
        for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
            uint32_t count = 0;
            for (const struct waiter *at = limiter->lists[i].first; at != NULL; at = at->next) {
                for (uint32_t j = 0; j < at->want.part_count; j++)
                    count += at->want.parts[j].bucket == b;
            }
            TW_ASSERT(count == bucket->waiting[i]);
        }
    }
    for (int i = 0; i < TW_LIMITER_PRIORITY_COUNT; i++) {
        for (const struct waiter *at = limiter->lists[i].first; at != NULL; at = at->next) {
            TW_ASSERT(at->want.priority == (uint32_t)i && at->on_answer != NULL);
            TW_ASSERT(at->deadline_ns >= limiter->deadline_ns);
            total++;
        }
    }
    TW_ASSERT(total == limiter->figures.waiting);
    limiter_leave(limiter, limiter->next_ns);
}
