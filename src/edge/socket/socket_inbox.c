/*
 * socket_inbox.c - messages of any size through a ring of cells.
 *
 * Idea: a message is a cell that says what it is and as many cells as its bytes need, one behind
 * the other in the ring (kit/ring), which does all that threads need.
 *
 * Invariants
 *   1. A message is put in whole or not at all; where the ring's array ends it is committed in two
 *      pieces, the first of them with the head. So the taker looks whether all cells are there.
 *   2. A taker who finds nothing sets `hungry` and looks once more; a reader who has put something
 * in clears it and calls the hook if it was set. Both are exchanges of one word, so whoever comes
 *      second sees what the other did before: either the taker finds the message or he is woken.
 *   3. `dropped` is the reader's own until it goes out in a head; the total is for everybody.
 */
#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>

#include "tradewind/ring.h"
#include "tradewind/socket_inbox.h"

#define CELL_SIZE 64
#define SIZE_DEFAULT ((size_t)4 << 20)

typedef struct inbox_head {
    uint64_t size;
    uint64_t dropped;
    int64_t time_ns;
    uint8_t kind;
    uint8_t reserved[CELL_SIZE - 25];
} inbox_head;

_Static_assert(sizeof(inbox_head) == CELL_SIZE, "a head is one cell");

struct tw_socket_inbox {
    const tw_allocator *allocator;
    tw_ring *ring;
    tw_socket_inbox_config config;
    _Atomic bool hungry; /* the taker found nothing */
    uint64_t dropped;    /* since the last message that was put in */
    _Atomic uint64_t offered_total;
    _Atomic uint64_t dropped_total;
};

tw_status tw_socket_inbox_new(const tw_allocator *allocator, const tw_socket_inbox_config *config,
                              tw_socket_inbox **ret_inbox) {
    TW_ASSERT(ret_inbox != NULL);
    size_t size = config != NULL && config->size > 0 ? config->size : SIZE_DEFAULT;
    if (size > TW_SOCKET_INBOX_SIZE_MAX)
        return TW_RANGE;
    if (allocator == NULL)
        allocator = tw_allocator_system();
    tw_socket_inbox *inbox = TW_NEW(allocator, 1, tw_socket_inbox);
    if (inbox == NULL)
        return TW_NO_MEMORY;
    inbox->allocator = allocator;
    if (config != NULL)
        inbox->config = *config;
    size_t cells = (size + CELL_SIZE - 1) / CELL_SIZE;
    tw_status status = tw_ring_new(allocator, cells < 2 ? 2 : cells, CELL_SIZE, &inbox->ring);
    if (status != TW_OK) {
        tw_socket_inbox_free(inbox);
        return status;
    }
    *ret_inbox = inbox;
    return TW_OK;
}

void tw_socket_inbox_free(tw_socket_inbox *inbox) {
    if (inbox == NULL)
        return;
    tw_ring_free(inbox->ring);
    TW_DELETE(inbox->allocator, inbox, 1, tw_socket_inbox);
}

static size_t cells_of(size_t size) {
    return 1 + (size + CELL_SIZE - 1) / CELL_SIZE;
}

/* ---- the reader's side -------------------------------------------------------------------- */

/* Writes up to `left` bytes into the cells from `cells` on; returns how many. */
static size_t write_cells(char *cells, size_t count, const char *data, size_t left) {
    size_t size = count * CELL_SIZE < left ? count * CELL_SIZE : left;
    if (size > 0)
        memcpy(cells, data, size);
    return size;
}

static void put(tw_socket_inbox *inbox, const tw_socket_message *message, size_t cells) {
    inbox_head head = {.size = message->data.size,
                       .dropped = inbox->dropped,
                       .time_ns = message->time_ns,
                       .kind = message->kind};
    void *piece = NULL;
    size_t count = tw_ring_claim(inbox->ring, cells, &piece);
    TW_ASSERT(count > 0);
    memcpy(piece, &head, sizeof head);
    size_t written =
        write_cells((char *)piece + CELL_SIZE, count - 1, message->data.data, message->data.size);
    tw_ring_commit(inbox->ring, count);
    if (count == cells)
        return;
    size_t rest = tw_ring_claim(inbox->ring, cells - count, &piece); /* invariant 1 */
    TW_ASSERT(rest == cells - count);
    write_cells(piece, rest, message->data.data + written, message->data.size - written);
    tw_ring_commit(inbox->ring, rest);
}

static void tell(tw_socket_inbox *inbox) {
    bool hungry = atomic_exchange_explicit(&inbox->hungry, false, memory_order_acq_rel);
    if (hungry && inbox->config.on_news != NULL) /* invariant 2 */
        inbox->config.on_news(inbox->config.context);
}

bool tw_socket_inbox_offer(tw_socket_inbox *inbox, const tw_socket_message *message) {
    size_t cells = cells_of(message->data.size);
    atomic_fetch_add_explicit(&inbox->offered_total, 1, memory_order_relaxed);
    if (cells > tw_ring_capacity(inbox->ring) - tw_ring_count(inbox->ring)) {
        inbox->dropped++;
        atomic_fetch_add_explicit(&inbox->dropped_total, 1, memory_order_relaxed);
        return false;
    }
    put(inbox, message, cells);
    inbox->dropped = 0;
    tell(inbox);
    return true;
}

void tw_socket_inbox_close(tw_socket_inbox *inbox) {
    tw_ring_close(inbox->ring);
    tell(inbox);
}

/* ---- the handler's side ------------------------------------------------------------------- */

static void get(tw_socket_inbox *inbox, const inbox_head *head, char *buffer) {
    size_t cells = cells_of(head->size);
    size_t left = head->size;
    bool at_head = true;
    while (cells > 0) {
        const void *piece = NULL;
        size_t count = tw_ring_peek(inbox->ring, cells, &piece);
        TW_ASSERT(count > 0);
        const char *from = (const char *)piece + (at_head ? CELL_SIZE : 0);
        size_t room = (count - at_head) * CELL_SIZE;
        size_t size = room < left ? room : left;
        if (size > 0)
            memcpy(buffer + (head->size - left), from, size);
        left -= size;
        cells -= count;
        at_head = false;
        tw_ring_consume(inbox->ring, count);
    }
}

/* Whether a whole message is there (invariant 1), and its head. */
static bool see(tw_socket_inbox *inbox, inbox_head *ret_head) {
    const void *piece = NULL;
    if (tw_ring_peek(inbox->ring, 1, &piece) == 0)
        return false;
    memcpy(ret_head, piece, sizeof *ret_head);
    return tw_ring_count(inbox->ring) >= cells_of(ret_head->size);
}

tw_status tw_socket_inbox_take(tw_socket_inbox *inbox, char *buffer, size_t capacity,
                               tw_socket_letter *ret_letter) {
    inbox_head head = {0};
    if (!see(inbox, &head)) {
        atomic_exchange_explicit(&inbox->hungry, true, memory_order_acq_rel); /* invariant 2 */
        if (!see(inbox, &head))
            return tw_ring_drained(inbox->ring) ? TW_CLOSED : TW_EMPTY;
    }
    *ret_letter = (tw_socket_letter){.kind = head.kind,
                                     .size = head.size,
                                     .time_ns = head.time_ns,
                                     .dropped_count = head.dropped};
    if (head.size > capacity)
        return TW_RANGE;
    get(inbox, &head, buffer);
    return TW_OK;
}

tw_socket_inbox_stats tw_socket_inbox_get_stats(const tw_socket_inbox *inbox) {
    return (tw_socket_inbox_stats){
        .offered_count = atomic_load_explicit(&inbox->offered_total, memory_order_relaxed),
        .dropped_count = atomic_load_explicit(&inbox->dropped_total, memory_order_relaxed),
        .waiting_size = tw_ring_count(inbox->ring) * CELL_SIZE};
}
