/*
 * fault_venue.c - a venue of a few orders a case, in Alpaca's words, written without the library's
 * own encoders so that a fault of theirs cannot hide.
 */
#include "fault_venue.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- what is carried out --------------------------------------------------------------- */

static bool is_submit(const fault_request *request) {
    return strcmp(request->method, "POST") == 0 && strcmp(request->path, "/v2/orders") == 0;
}

void fault_venue_begin(fault_case *of, const fault_request *request) {
    of->seen.requests++;
    if (strcmp(request->method, "GET") == 0)
        of->seen.reads++;
    if (is_submit(request))
        of->seen.submits++;
    if (strcmp(request->method, "PATCH") == 0)
        of->seen.replaces_begun++;
}

void fault_venue_whole(fault_case *of, const fault_request *request) {
    if (is_submit(request))
        of->seen.submits_whole++;
}

/* Copies the text of "name":"..." out of a flat JSON object; empty if it is not there. */
static void member(const fault_request *request, const char *name, char *buffer, size_t capacity) {
    char wanted[48];
    int size = snprintf(wanted, sizeof wanted, "\"%s\":\"", name);
    const char *at = request->body_size > 0
                         ? memmem(request->body, request->body_size, wanted, (size_t)size)
                         : NULL;
    size_t length = 0;
    if (at != NULL) {
        at += size;
        while (at + length < request->body + request->body_size && at[length] != '"' &&
               length + 1 < capacity)
            length++;
        memcpy(buffer, at, length);
    }
    buffer[length] = '\0';
}

static void say(fault_answer *answer, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void say(fault_answer *answer, int status, const char *format, ...) {
    va_list rest;
    va_start(rest, format);
    answer->status = status;
    vsnprintf(answer->body, sizeof answer->body, format, rest);
    va_end(rest);
}

static void say_order(fault_answer *answer, const fault_order *order) {
    say(answer, 200,
        "{\"id\":\"%s\",\"client_order_id\":\"%s\",\"created_at\":\"2026-01-05T15:00:00Z\","
        "\"submitted_at\":\"2026-01-05T15:00:00Z\",\"symbol\":\"%s\",\"qty\":\"%s\","
        "\"filled_qty\":\"0\",\"filled_avg_price\":null,\"order_class\":\"\",\"type\":\"limit\","
        "\"side\":\"%s\",\"time_in_force\":\"day\",\"limit_price\":\"100\",\"status\":\"%s\","
        "\"legs\":null}",
        order->id, order->client_order_id, order->symbol, order->quantity, order->side,
        order->status);
}

static fault_order *find(fault_case *of, const char *id, bool by_client_id) {
    for (uint32_t i = 0; i < of->order_count; i++)
        if (strcmp(by_client_id ? of->orders[i].client_order_id : of->orders[i].id, id) == 0)
            return &of->orders[i];
    return NULL;
}

/* A new order with the client order id of the request, and nothing else; NULL if it is not new. */
static fault_order *make(fault_case *of, const fault_request *request, fault_answer *answer) {
    char client_order_id[sizeof of->orders[0].client_order_id];
    member(request, "client_order_id", client_order_id, sizeof client_order_id);
    if (find(of, client_order_id, true) != NULL || of->order_count == FAULT_ORDER_COUNT_MAX) {
        of->seen.refused_twice++;
        say(answer, 422, "{\"code\":40010001,\"message\":\"client_order_id must be unique\"}");
        return NULL;
    }
    fault_order *order = &of->orders[of->order_count++];
    snprintf(order->id, sizeof order->id, "00000000-0000-4000-8000-%06u%06u", request->index,
             of->order_count);
    snprintf(order->client_order_id, sizeof order->client_order_id, "%s", client_order_id);
    order->status = "new";
    return order;
}

static void submit(fault_case *of, const fault_request *request, fault_answer *answer) {
    fault_order *order = make(of, request, answer);
    if (order == NULL)
        return;
    member(request, "symbol", order->symbol, sizeof order->symbol);
    member(request, "qty", order->quantity, sizeof order->quantity);
    member(request, "side", order->side, sizeof order->side);
    if (of->seen.applied++ == 0)
        snprintf(of->seen.client_order_id, sizeof of->seen.client_order_id, "%s",
                 order->client_order_id);
    say_order(answer, order);
}

static void query(fault_case *of, const fault_script *script, const char *id,
                  fault_answer *answer) {
    const fault_order *order = find(of, id, true);
    bool visible = of->queries++ >= script->visible_after;
    if (order != NULL && visible)
        say_order(answer, order);
    else
        say(answer, 404, "{\"code\":40410000,\"message\":\"order not found for %s\"}", id);
}

static void cancel(fault_case *of, const char *id, fault_answer *answer) {
    fault_order *order = find(of, id, false);
    if (order == NULL) {
        say(answer, 404, "{\"code\":40410000,\"message\":\"order not found for %s\"}", id);
    } else if (strcmp(order->status, "new") != 0) {
        say(answer, 422, "{\"code\":42210000,\"message\":\"order is already in \\\"%s\\\" state\"}",
            order->status);
    } else {
        order->status = "pending_cancel";
        of->seen.cancels++;
        say(answer, 204, "%s", "");
    }
}

/* The new order takes the place of the old one. */
static void replace(fault_case *of, const fault_request *request, const char *id,
                    fault_answer *answer) {
    fault_order *old = find(of, id, false);
    if (old == NULL) {
        say(answer, 404, "{\"code\":40410000,\"message\":\"order not found for %s\"}", id);
        return;
    }
    fault_order *order = make(of, request, answer);
    if (order == NULL)
        return;
    memcpy(order->symbol, old->symbol, sizeof order->symbol);
    memcpy(order->side, old->side, sizeof order->side);
    member(request, "qty", order->quantity, sizeof order->quantity);
    old->status = "replaced";
    of->seen.replaces++;
    say_order(answer, order);
}

static void list(const fault_case *of, fault_answer *answer) {
    fault_answer one;
    size_t size = 1;
    say(answer, 200, "[");
    for (uint32_t i = 0; i < of->order_count; i++) {
        say_order(&one, &of->orders[i]);
        size += (size_t)snprintf(answer->body + size, sizeof answer->body - size, "%s%s",
                                 i > 0 ? "," : "", one.body);
    }
    snprintf(answer->body + size, sizeof answer->body - size, "]");
}

void fault_venue_act(fault_case *of, const fault_script *script, const fault_request *request,
                     fault_answer *ret_answer) {
    static const char by_client_id[] = "/v2/orders:by_client_order_id?client_order_id=";
    static const char one_order[] = "/v2/orders/";
    const char *path = request->path;
    bool reads = strcmp(request->method, "GET") == 0;
    if (is_submit(request))
        submit(of, request, ret_answer);
    else if (reads && strncmp(path, by_client_id, sizeof by_client_id - 1) == 0)
        query(of, script, path + sizeof by_client_id - 1, ret_answer);
    else if (strncmp(path, one_order, sizeof one_order - 1) == 0 &&
             strcmp(request->method, "DELETE") == 0)
        cancel(of, path + sizeof one_order - 1, ret_answer);
    else if (strncmp(path, one_order, sizeof one_order - 1) == 0 &&
             strcmp(request->method, "PATCH") == 0)
        replace(of, request, path + sizeof one_order - 1, ret_answer);
    else if (reads && strncmp(path, "/v2/orders", 10) == 0)
        list(of, ret_answer);
    else if (reads && strncmp(path, "/v2/account", 11) == 0)
        say(ret_answer, 200,
            "{\"id\":\"7\",\"account_number\":\"A7\",\"status\":\"ACTIVE\","
            "\"currency\":\"USD\",\"cash\":\"1000\",\"equity\":\"1000\","
            "\"buying_power\":\"2000\"}");
    else if (reads && strncmp(path, "/v2/clock", 9) == 0)
        say(ret_answer, 200,
            "{\"timestamp\":\"2026-01-05T10:00:00-05:00\",\"is_open\":true,"
            "\"next_open\":\"2026-01-06T09:30:00-05:00\","
            "\"next_close\":\"2026-01-05T16:00:00-05:00\"}");
    else if (reads && strncmp(path, "/v2/stocks/bars", 15) == 0)
        say(ret_answer, 200,
            "{\"bars\":{\"AAPL\":[{\"t\":\"2026-01-05T15:00:00Z\",\"o\":1,\"h\":2,\"l\":0.5,"
            "\"c\":1.5,\"v\":100,\"n\":3,\"vw\":1.25}]},\"next_page_token\":null}");
    else
        say(ret_answer, 404, "{\"message\":\"no such page\"}");
}

/* ---- what is answered ------------------------------------------------------------------ */

/* The page, whether the request is carried out, whether anything is said, and what becomes of the
 * connection. */
static const fault_trait traits[FAULT_KIND_COUNT] = {
    [FAULT_NONE] = {"none", true, true, FAULT_STAYS},
    [FAULT_DELAY] = {"delay", true, true, FAULT_STAYS},
    [FAULT_DROP_UNREAD] = {"drop unread", false, false, FAULT_CLOSES},
    [FAULT_DROP_READ] = {"drop read", false, false, FAULT_CLOSES},
    [FAULT_RESET_READ] = {"reset read", false, false, FAULT_RESETS},
    [FAULT_MUTE_READ] = {"mute read", false, false, FAULT_MUTES},
    [FAULT_DROP_APPLIED] = {"drop applied", true, false, FAULT_CLOSES},
    [FAULT_RESET_APPLIED] = {"reset applied", true, false, FAULT_RESETS},
    [FAULT_MUTE_APPLIED] = {"mute applied", true, false, FAULT_MUTES},
    [FAULT_TRUNCATE_HEAD] = {"truncate head", true, true, FAULT_CLOSES},
    [FAULT_TRUNCATE_BODY] = {"truncate body", true, true, FAULT_CLOSES},
    [FAULT_STALL_BODY] = {"stall body", true, true, FAULT_MUTES},
    [FAULT_TRICKLE] = {"trickle", true, true, FAULT_STAYS},
    [FAULT_LIE_LONG] = {"lie long", true, true, FAULT_MUTES},
    [FAULT_LIE_SHORT] = {"lie short", true, true, FAULT_CLOSES},
    [FAULT_HTML_READ] = {"html read", false, true, FAULT_STAYS},
    [FAULT_HTML_APPLIED] = {"html applied", true, true, FAULT_STAYS},
    [FAULT_THROTTLE] = {"throttle", false, true, FAULT_STAYS},
    [FAULT_THROTTLE_BARE] = {"throttle bare", false, true, FAULT_STAYS},
    [FAULT_GARBAGE] = {"garbage", true, true, FAULT_CLOSES},
    [FAULT_DUPLICATE] = {"duplicate", true, true, FAULT_STAYS},
    [FAULT_CLOSE_HALF] = {"close half", true, true, FAULT_HALVES},
    [FAULT_BROKEN_JSON] = {"broken json", true, true, FAULT_STAYS},
    [FAULT_INTERIM] = {"interim", true, true, FAULT_STAYS},
    [FAULT_REDIRECT] = {"redirect", false, true, FAULT_STAYS},
    [FAULT_CHUNK_BROKEN] = {"chunk broken", true, true, FAULT_CLOSES},
};

const fault_trait *fault_trait_of(fault_kind kind) {
    return &traits[kind];
}

static size_t write_answer(int status, const char *type, const char *extra, const char *body,
                           size_t promised, char *buffer, size_t capacity) {
    if (status == 204)
        return (size_t)snprintf(buffer, capacity, "HTTP/1.1 204 No Content\r\n%s\r\n", extra);
    return (size_t)snprintf(buffer, capacity,
                            "HTTP/1.1 %d Said\r\nContent-Type: %s\r\nContent-Length: %zu\r\n"
                            "X-RateLimit-Limit: 200\r\nX-RateLimit-Remaining: 150\r\n%s\r\n%s",
                            status, type, promised, extra, body);
}

size_t fault_write(fault_step step, const fault_answer *answer, char *buffer, size_t capacity) {
    static const char json[] = "application/json";
    static const char page[] = "<html><body><h1>Bad Gateway</h1></body></html>";
    char extra[128] = "";
    size_t body_size = strlen(answer->body);
    size_t size = 0;
    switch ((int)step.kind) {
    case FAULT_TRUNCATE_HEAD:
        size = write_answer(answer->status, json, "", answer->body, body_size, buffer, capacity);
        return step.amount < 20 ? step.amount + 1 : size < 60 ? size / 2 : 20 + step.amount % 40;
    case FAULT_TRUNCATE_BODY:
    case FAULT_STALL_BODY:
        size = write_answer(answer->status, json, "", answer->body, body_size, buffer, capacity);
        return body_size > 1 ? size - body_size / 2 : size - 2;
    case FAULT_LIE_LONG:
        return write_answer(answer->status == 204 ? 200 : answer->status, json, "", answer->body,
                            body_size + 100, buffer, capacity);
    case FAULT_LIE_SHORT:
        return write_answer(answer->status, json, "", answer->body, body_size / 2, buffer,
                            capacity);
    case FAULT_HTML_READ:
    case FAULT_HTML_APPLIED:
        return write_answer((int)step.amount, "text/html", "", page, sizeof page - 1, buffer,
                            capacity);
    case FAULT_THROTTLE:
        snprintf(extra, sizeof extra, "Retry-After: %u\r\n", step.amount);
        return write_answer(429, json, extra,
                            "{\"code\":42910000,\"message\":\"rate limit exceeded\"}", 51, buffer,
                            capacity);
    case FAULT_THROTTLE_BARE:
        return (size_t)snprintf(buffer, capacity,
                                "HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n");
    case FAULT_GARBAGE:
        return (size_t)snprintf(buffer, capacity, "SSH-2.0-OpenSSH_9.2\r\nno HTTP at all\r\n");
    case FAULT_DUPLICATE:
        size = write_answer(answer->status, json, "", answer->body, body_size, buffer, capacity);
        memcpy(buffer + size, buffer, size);
        return size * 2;
    case FAULT_BROKEN_JSON:
        return write_answer(answer->status == 204 ? 200 : answer->status, json, "", "{\"id\":", 6,
                            buffer, capacity);
    case FAULT_INTERIM:
        size = (size_t)snprintf(buffer, capacity,
                                "HTTP/1.1 100 Continue\r\n\r\n"
                                "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n");
        return size + write_answer(answer->status, json, "", answer->body, body_size, buffer + size,
                                   capacity - size);
    case FAULT_REDIRECT:
        return write_answer(302, json, "Location: /0/v2/clock\r\n", "", 0, buffer, capacity);
    case FAULT_CHUNK_BROKEN:
        return (size_t)snprintf(buffer, capacity,
                                "HTTP/1.1 %d Said\r\nContent-Type: %s\r\n"
                                "Transfer-Encoding: chunked\r\n\r\n4\r\n{\"id\r\nzz\r\n",
                                answer->status == 204 ? 200 : answer->status, json);
    default:
        return write_answer(answer->status, json, "", answer->body, body_size, buffer, capacity);
    }
}
