/*
 * answers.c - how the exchange answers: JSON, nothing, or an error in the venue's shape.
 *
 * Every answer carries X-Request-ID, as the venue's do, and what is left of the quota of requests.
 * What the HTTP server refuses by itself is answered here as well, so that a client meets one
 * shape.
 */
#include <stdarg.h>
#include <stdio.h>

#include "exchange_priv.h"

enum { ANSWER_HEADER_COUNT = 5 };

/* The headers of an answer; what their values point to lives as long as this. */
typedef struct answer_headers {
    char id[TW_VENUE_ORDER_ID_SIZE];
    char memory[64];
    tw_http_header list[ANSWER_HEADER_COUNT];
    size_t count;
} answer_headers;

static void add_number(answer_headers *headers, tw_text *text, const char *name, int64_t value) {
    size_t begin = text->size;
    tw_text_append_i64(text, value);
    headers->list[headers->count++] =
        (tw_http_header){tw_slice_of(name), {headers->memory + begin, text->size - begin}};
}

static void fill_headers(exchange_call *call, answer_headers *headers) {
    const quota_verdict *quota = &call->quota;
    tw_text text = tw_text_over(headers->memory, sizeof headers->memory);
    uuid_write(&call->exchange->random, headers->id);
    headers->list[0] = (tw_http_header){tw_slice_of("X-Request-ID"), tw_slice_of(headers->id)};
    headers->count = 1;
    if (call->allow[0] != '\0')
        headers->list[headers->count++] =
            (tw_http_header){tw_slice_of("Allow"), tw_slice_of(call->allow)};
    if (quota->limit == 0)
        return;
    add_number(headers, &text, "X-RateLimit-Limit", quota->limit);
    add_number(headers, &text, "X-RateLimit-Remaining", quota->remaining);
    add_number(headers, &text, "X-RateLimit-Reset", quota->reset_s);
}

/* A change is durable before it is acknowledged; one that cannot be is not. */
static void send_answer(exchange_call *call, uint32_t http_status, const char *type,
                        tw_slice body) {
    if (!exchange_keep(call->exchange)) {
        tw_http_reply_reset(call->reply);
        return;
    }
    answer_headers headers;
    fill_headers(call, &headers);
    exchange_figures_answer(&call->exchange->figures, call->method, call->pattern, http_status);
    tw_http_answer answer = {.status = http_status,
                             .content_type = type,
                             .body = body,
                             .headers = headers.list,
                             .header_count = headers.count};
    faulty_wire_send(call->exchange->faults, call->reply, &answer);
}

void answer_body(exchange_call *call, uint32_t http_status) {
    if (call->exchange->body.truncated) {
        answer_error(call, 500, 0, "the answer is larger than this server can send");
        return;
    }
    send_answer(call, http_status, "application/json; charset=UTF-8",
                tw_text_slice(&call->exchange->body));
}

tw_status answer_events(exchange_call *call, const event_span *span) {
    static const char type[] = "text/event-stream";
    if (tw_slice_equal_string(tw_http_request_method(call->request), "HEAD")) {
        send_answer(call, 200, type, (tw_slice){0});
        return TW_OK;
    }
    answer_headers headers;
    fill_headers(call, &headers);
    exchange_figures_answer(&call->exchange->figures, call->method, call->pattern, 200);
    const tw_http_answer answer = {.status = 200,
                                   .content_type = type,
                                   .headers = headers.list,
                                   .header_count = headers.count};
    return event_feeds_open(call->exchange->events, call->account, span, call->reply, &answer);
}

void answer_figures(exchange_call *call) {
    send_answer(call, 200, TW_METRICS_CONTENT_TYPE, tw_text_slice(&call->exchange->body));
}

void answer_page(exchange_call *call, tw_slice html) {
    send_answer(call, 200, "text/html; charset=utf-8", html);
}

void answer_empty(exchange_call *call, uint32_t http_status) {
    send_answer(call, http_status, NULL, (tw_slice){0});
}

void answer_error(exchange_call *call, uint32_t http_status, int64_t code, const char *format,
                  ...) {
    char message[256];
    char memory[6 * sizeof message + 64]; /* an escaped byte takes up to six */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    tw_text text = tw_text_over(memory, sizeof memory);
    tw_alpaca_encode_error(&text, code, message);
    send_answer(call, http_status, "application/json; charset=UTF-8", tw_text_slice(&text));
}

void answer_refusal(exchange_call *call, const ledger_refusal *refusal) {
    char memory[4096];
    tw_text text = tw_text_over(memory, sizeof memory);
    refusal_write(refusal, &text);
    send_answer(call, refusal->http_status, "application/json; charset=UTF-8",
                tw_text_slice(&text));
}

void exchange_refuse(void *context, uint32_t http_status, const char *sentence,
                     tw_http_reply *reply) {
    exchange_call call = {.exchange = context, .reply = reply};
    answer_error(&call, http_status, (int64_t)http_status * 100000 + 10000, "%s", sentence);
}
