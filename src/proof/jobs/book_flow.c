/*
 * book_flow.c - see book_flow.h.
 *
 * Orders lie about a middle that stands still, so that no book is ever crossed; the deeper the
 * book, the farther out they lie. Of what happens to one, most happens soon after it came.
 */
#include "book_flow.h"

#include <math.h>

#include "tradewind/alloc.h"
#include "tradewind/random.h"

enum {
    TICKS_MIDDLE = BOOK_FLOW_PRICES / 2,
    TICKS_OUT_MAX = TICKS_MIDDLE - 2,
    RECENT = 64,
    ADD_PERCENT = 46
};

typedef struct market {
    book_flow *flow;
    tw_random random;
    stream_op *live; /* each as it was added, with what is left of it */
    uint32_t live_count;
    uint64_t next_id;
} market;

static int32_t draw_distance(market *m) {
    double ticks = tw_random_exponential(&m->random, 4 + (double)m->flow->live / 100);
    return ticks < TICKS_OUT_MAX ? (int32_t)ticks : TICKS_OUT_MAX;
}

static stream_op make_add(market *m) {
    uint8_t side = (uint8_t)tw_random_below(&m->random, 2);
    int32_t distance = draw_distance(m);
    stream_op op = {.id = m->next_id++,
                    .price = side == 0 ? TICKS_MIDDLE - distance : TICKS_MIDDLE + 1 + distance,
                    .quantity = 1 + (uint32_t)tw_random_below(&m->random, 500),
                    .side = side};
    m->live[m->live_count++] = op;
    return op;
}

static stream_op make_change(market *m) {
    uint32_t recent = m->live_count < RECENT ? m->live_count : RECENT;
    uint32_t at = tw_random_below(&m->random, 10) < 7
                      ? m->live_count - 1 - (uint32_t)tw_random_below(&m->random, recent)
                      : (uint32_t)tw_random_below(&m->random, m->live_count);
    stream_op op = m->live[at];
    uint64_t roll = tw_random_below(&m->random, 100);
    op.kind = roll < 16 ? 3 : roll < 22 ? 1 : 2;
    if (roll < 10 && op.quantity > 1)
        op.quantity = 1 + (uint32_t)tw_random_below(&m->random, op.quantity - 1);
    m->live[at].quantity -= op.quantity;
    if (m->live[at].quantity == 0)
        m->live[at] = m->live[--m->live_count];
    return op;
}

/* The number of live orders wanders about what it was. */
static bool adds(market *m) {
    uint32_t live = m->flow->live;
    if (m->live_count <= live - live / 10)
        return true;
    return m->live_count < live + live / 10 && tw_random_below(&m->random, 100) < ADD_PERCENT;
}

static void make_ops(market *m) {
    book_flow *flow = m->flow;
    for (uint32_t i = 0; i < flow->live; i++) {
        flow->fill[i] = make_add(m);
        flow->left[i + 1] = flow->fill[i].quantity;
    }
    for (uint32_t i = 0; i < BOOK_FLOW_OPS; i++)
        flow->ops[i] = adds(m) ? make_add(m) : make_change(m);
}

tw_status book_flow_make(book_flow *flow, uint32_t live) {
    const tw_allocator *allocator = tw_allocator_system();
    TW_ASSERT(live >= 10);
    *flow = (book_flow){.live = live, .id_count = live + BOOK_FLOW_OPS + 1};
    flow->fill = TW_NEW(allocator, live, stream_op);
    flow->ops = TW_NEW(allocator, BOOK_FLOW_OPS, stream_op);
    flow->repair = TW_NEW(allocator, 2 * BOOK_FLOW_OPS, stream_op);
    flow->left = TW_NEW(allocator, flow->id_count, uint32_t);
    market m = {.flow = flow, .next_id = 1};
    m.live = TW_NEW(allocator, flow->id_count, stream_op);
    tw_status status = TW_NO_MEMORY;
    if (flow->fill != NULL && flow->ops != NULL && flow->repair != NULL && flow->left != NULL &&
        m.live != NULL) {
        tw_random_init(&m.random, 20, live);
        make_ops(&m);
        status = TW_OK;
    }
    TW_DELETE(allocator, m.live, flow->id_count, stream_op);
    return status;
}

void book_flow_free(book_flow *flow) {
    const tw_allocator *allocator = tw_allocator_system();
    TW_DELETE(allocator, flow->fill, flow->live, stream_op);
    TW_DELETE(allocator, flow->ops, BOOK_FLOW_OPS, stream_op);
    TW_DELETE(allocator, flow->repair, 2 * BOOK_FLOW_OPS, stream_op);
    TW_DELETE(allocator, flow->left, flow->id_count, uint32_t);
}

static uint32_t left_at_first(const book_flow *flow, uint64_t id) {
    return id <= flow->live ? flow->fill[id - 1].quantity : 0;
}

/* Brings one order back to what it was. */
static uint32_t repair_one(book_flow *flow, const stream_op *op, stream_op *repair) {
    uint32_t was = left_at_first(flow, op->id);
    uint32_t left = flow->left[op->id];
    uint32_t count = 0;
    if (left == was)
        return 0;
    stream_op back = *op;
    if (left > 0) {
        back.kind = 2;
        back.quantity = left;
        repair[count++] = back;
    }
    if (was > 0) {
        back.kind = 0;
        back.quantity = was;
        repair[count++] = back;
    }
    flow->left[op->id] = was;
    return count;
}

uint32_t book_flow_repair(book_flow *flow, uint32_t count) {
    TW_ASSERT(count <= BOOK_FLOW_OPS);
    uint32_t repairs = 0;
    for (uint32_t i = 0; i < count; i++) {
        const stream_op *op = &flow->ops[i];
        if (op->kind == 0)
            flow->left[op->id] = op->quantity;
        else
            flow->left[op->id] -= op->quantity;
    }
    for (uint32_t i = 0; i < count; i++)
        repairs += repair_one(flow, &flow->ops[i], &flow->repair[repairs]);
    return repairs;
}
