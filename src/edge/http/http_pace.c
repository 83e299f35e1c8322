/*
 * http_pace.c - a body in pieces of a tenth of a second.
 *
 * A piece is sent when its time has come: so many bytes as the rate allows since the last one, at
 * least one. Without a timer the next piece comes at once: a fault that cannot be carried out is
 * none.
 */
#include "http_pace.h"

#include <string.h>

#include "tradewind/time.h"

struct http_pace {
    http_paces *owner;
    http_pace *next;
    http_pace *previous;
    struct MHD_Connection *connection;
    tw_loop_timer *timer; /* while the connection is suspended */
    char *body;
    size_t size;
    size_t end;   /* where it is cut; `size` if it is not */
    size_t piece; /* bytes that may go at once */
    int64_t wait_ns;
    bool ready;  /* the wait before the next piece is over */
    bool ending; /* the server is: send nothing more */
};

static void resume(http_pace *pace) {
    pace->ready = true;
    MHD_resume_connection(pace->connection);
    tw_loop_defer(pace->owner->loop, pace->owner->run_again);
}

static void on_due(void *context) {
    http_pace *pace = context;
    pace->timer = NULL;
    resume(pace);
}

/* True if the connection is suspended until the next piece. */
static bool wait_for_next(http_pace *pace) {
    pace->ready = tw_loop_timer_start(pace->owner->loop, pace->wait_ns, 0, on_due, pace,
                                      &pace->timer) != TW_OK;
    if (!pace->ready)
        MHD_suspend_connection(pace->connection);
    return !pace->ready;
}

static ssize_t read_piece(void *context, uint64_t position, char *buffer, size_t capacity) {
    http_pace *pace = context;
    if (pace->ending || position >= pace->end)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (!pace->ready && wait_for_next(pace))
        return 0;
    size_t size = pace->end - (size_t)position;
    size = size < pace->piece ? size : pace->piece;
    size = size < capacity ? size : capacity;
    memcpy(buffer, pace->body + position, size);
    pace->ready = pace->wait_ns == 0;
    return (ssize_t)size;
}

static void pace_free(void *context) {
    http_pace *pace = context;
    if (pace->next != NULL)
        pace->next->previous = pace->previous;
    if (pace->previous != NULL)
        pace->previous->next = pace->next;
    else
        pace->owner->first = pace->next;
    tw_loop_timer_stop(pace->timer);
    TW_DELETE(pace->owner->allocator, pace->body, pace->size, char);
    TW_DELETE(pace->owner->allocator, pace, 1, http_pace);
}

static http_pace *pace_new(http_paces *paces, struct MHD_Connection *connection,
                           const tw_http_answer *answer) {
    http_pace *pace = TW_NEW(paces->allocator, 1, http_pace);
    char *body = TW_NEW(paces->allocator, answer->body.size, char);
    if (pace == NULL || body == NULL) {
        if (pace != NULL)
            TW_DELETE(paces->allocator, pace, 1, http_pace);
        if (body != NULL)
            TW_DELETE(paces->allocator, body, answer->body.size, char);
        return NULL;
    }
    memcpy(body, answer->body.data, answer->body.size);
    bool cut = answer->cut_size > 0 && answer->cut_size < answer->body.size;
    *pace = (http_pace){
        .owner = paces,
        .next = paces->first,
        .connection = connection,
        .body = body,
        .size = answer->body.size,
        .end = cut ? answer->cut_size : answer->body.size,
        .piece = answer->body.size,
        .ready = true,
    };
    if (answer->bytes_per_second > 0) {
        pace->piece = answer->bytes_per_second < 10 ? 1 : answer->bytes_per_second / 10;
        pace->wait_ns = (int64_t)pace->piece * TW_NS_PER_SECOND / answer->bytes_per_second;
    }
    if (paces->first != NULL)
        paces->first->previous = pace;
    paces->first = pace;
    return pace;
}

struct MHD_Response *http_pace_response(http_paces *paces, struct MHD_Connection *connection,
                                        const tw_http_answer *answer) {
    enum { BLOCK_SIZE = 16384 };
    TW_ASSERT(answer->body.size > 0);
    http_pace *pace = pace_new(paces, connection, answer);
    if (pace == NULL)
        return NULL;
    struct MHD_Response *response =
        MHD_create_response_from_callback(pace->size, BLOCK_SIZE, read_piece, pace, pace_free);
    if (response == NULL)
        pace_free(pace);
    return response;
}

void http_paces_end(http_paces *paces) {
    for (http_pace *pace = paces->first; pace != NULL; pace = pace->next) {
        pace->ending = true;
        if (pace->timer == NULL)
            continue;
        tw_loop_timer_stop(pace->timer);
        pace->timer = NULL;
        resume(pace);
    }
}
