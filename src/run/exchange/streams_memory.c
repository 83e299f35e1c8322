/*
 * streams_memory.c - what all streams together may hold, and who is closed when that is too much.
 *
 * Idea: sockets and frames take their memory through an allocator that counts, so that what many
 * share counts once. When it is over the bound, those for whom the most waits are told that they
 * are slow, all who have at least half of the most in one pass: so few passes are enough.
 */
#include "streams_priv.h"

static void *count_allocate(void *context, size_t size, size_t alignment) {
    stream_memory *memory = context;
    void *block = tw_allocate(memory->under, 1, size, alignment);
    memory->used += block != NULL ? size : 0;
    return block;
}

static void count_release(void *context, void *block, size_t size, size_t alignment) {
    stream_memory *memory = context;
    TW_ASSERT(memory->used >= size);
    memory->used -= size;
    tw_release(memory->under, block, 1, size, alignment);
}

void stream_memory_init(stream_memory *memory, const tw_allocator *under) {
    memory->counting = (tw_allocator){count_allocate, count_release, memory};
    memory->under = under;
    memory->used = 0;
}

bool stream_memory_is_scarce(const streams *set) {
    return set->memory.used > set->memory_size_max / 2;
}

static size_t waiting_for(const stream_client *client) {
    return client->slow ? 0 : tw_socket_get_stats(client->socket).queue_size;
}

static size_t most_waiting(const streams *set) {
    size_t most = 0;
    for (uint32_t i = 0; i < set->client_count; i++) {
        size_t size = waiting_for(set->clients[i]);
        most = size > most ? size : most;
    }
    return most;
}

void stream_memory_keep(streams *set) {
    while (set->memory.used > set->memory_size_max) {
        size_t most = most_waiting(set);
        if (most == 0)
            return; /* nobody is slow: it is what connections cost */
        for (uint32_t i = 0; i < set->client_count; i++)
            if (waiting_for(set->clients[i]) >= most - most / 2)
                client_drop_slow(set->clients[i]);
    }
}
