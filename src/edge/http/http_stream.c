/*
 * http_stream.c - bodies that are taken piece by piece, with back-pressure.
 *
 * libcurl's write callback only keeps the bytes (http_stream_keep); they are handed out by
 * http_stream_deliver, outside of libcurl, where a callback may send, cancel and resume as
 * anywhere.
 *
 *     on_body returns true     the window is empty again; a stalled libcurl goes on
 *     on_body returns false    paused: nothing is handed out, the window fills, libcurl stalls,
 *                              the kernel's buffers fill, the server waits
 *
 * Invariants
 *   1. A call has at most `stream_window_size` bytes that were not taken, or one piece of
 *      libcurl's (16 KiB) if that is more.
 *   2. `listed` is true if and only if the slot is in `arrived`, once. A call that ends meanwhile
 *      stays there: the next one in its slot then has nothing to hand out when its turn comes.
 *   3. A call that libcurl is done with is LANDED for as long as it is paused, and its last
 * callback comes after its last piece.
 */
#include "http_client_priv.h"

static void list(call_slot *slot) {
    tw_http_client *client = slot->client;
    if (slot->listed)
        return;
    slot->listed = true;
    slot->next_arrived = NULL;
    if (client->arrived_last != NULL)
        client->arrived_last->next_arrived = slot;
    else
        client->arrived_first = slot;
    client->arrived_last = slot;
}

static call_slot *unlist(tw_http_client *client) {
    call_slot *slot = client->arrived_first;
    if (slot == NULL)
        return NULL;
    client->arrived_first = slot->next_arrived;
    if (client->arrived_first == NULL)
        client->arrived_last = NULL;
    slot->listed = false;
    return slot;
}

static bool is_open(const call_slot *slot) {
    return slot->on_body != NULL && (slot->state == RUNNING || slot->state == LANDED);
}

size_t http_stream_keep(call_slot *slot, const char *data, size_t size) {
    tw_http_client *client = slot->client;
    size_t kept = slot->body.size;
    if (kept > 0 &&
        (kept >= client->stream_window_size || size > client->stream_window_size - kept)) {
        slot->stalled = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    slot->status = http_bytes_append(client->allocator, &slot->body, data, size);
    if (slot->status != TW_OK)
        return CURL_WRITEFUNC_ERROR;
    slot->body_size += size;
    list(slot);
    return size;
}

/* One callback with all that has arrived. */
static void hand_out(call_slot *slot) {
    tw_http_client *client = slot->client;
    long http_status = (long)slot->http_status;
    if (slot->state == RUNNING)
        curl_easy_getinfo(slot->easy, CURLINFO_RESPONSE_CODE, &http_status);
    tw_http_result so_far = {
        .http_status = (uint32_t)http_status,
        .sent = true,
        .send_count = slot->send_count,
        .head = {slot->head.data, slot->head.size},
        .message = "",
    };
    tw_slice piece = {slot->body.data, slot->body.size};
    slot->body.size = 0;
    client->in_callback = true;
    bool goes_on = slot->on_body(slot->context, &so_far, piece);
    client->in_callback = false;
    slot->paused = !goes_on;
}

/* Lets a stalled libcurl go on, which may bring the next piece at once. */
static void go_on(call_slot *slot) {
    slot->stalled = false;
    CURLcode code = curl_easy_pause(slot->easy, CURLPAUSE_CONT);
    if (code == CURLE_OK)
        return;
    /* A limit of ours, met by what libcurl had kept; or no memory. */
    http_client_end_early(slot, slot->status != TW_OK ? slot->status : TW_NO_MEMORY);
}

uint32_t http_stream_deliver(tw_http_client *client) {
    uint32_t count = 0;
    call_slot *slot = NULL;
    while ((slot = unlist(client)) != NULL) {
        if (!is_open(slot) || slot->paused)
            continue;
        if (slot->body.size > 0) {
            hand_out(slot);
            count++;
        }
        if (!is_open(slot) || slot->paused)
            continue;
        if (slot->state == LANDED)
            http_client_land(slot);
        else if (slot->stalled)
            go_on(slot);
    }
    return count;
}

void http_stream_resume(call_slot *slot) {
    if (!is_open(slot) || !slot->paused)
        return;
    slot->paused = false;
    list(slot);
    tw_loop_defer(slot->client->loop, &slot->client->deliver);
}
