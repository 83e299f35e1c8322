/* history_query.c - parameters one by one, each with its own refusal. */
#include "history_query.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "query.h"
#include "session.h"

enum { LIMIT_DEFAULT = 1000, DATE_SIZE = sizeof "2026-01-05" - 1 };

/* 1900-01-01: what lies before it is as good as the beginning. */
static const int64_t FIRST_NS = INT64_C(-2208988800000000000);

/* ---- refusals ------------------------------------------------------------------------------ */

static bool invalid(exchange_call *call, const char *name, tw_slice text) {
    answer_error(call, 400, 0, "invalid %s: %.*s", name, (int)text.size,
                 text.data == NULL ? "" : text.data);
    return false;
}

/* A parameter's text; false without one, or with an empty one. */
static bool query(const exchange_call *call, const char *name, tw_slice *ret_text) {
    *ret_text = query_text(call, name);
    return ret_text->size > 0;
}

static bool is_one_of(tw_slice text, const char *const *words, size_t count) {
    for (size_t i = 0; i < count; i++)
        if (tw_slice_equal_string(text, words[i]))
            return true;
    return false;
}

/* ---- symbols ------------------------------------------------------------------------------- */

static int compare_names(const void *a, const void *b, void *context) {
    return strcmp(tw_symbols_name(context, *(const tw_symbol *)a),
                  tw_symbols_name(context, *(const tw_symbol *)b));
}

/* Sorted by name, each once. */
static void sort_symbols(const exchange_call *call, history_query *query) {
    tw_symbol *symbols = query->symbols;
    uint32_t kept = 0;
    qsort_r(symbols, query->symbol_count, sizeof symbols[0], compare_names,
            call->exchange->symbols);
    for (uint32_t i = 0; i < query->symbol_count; i++)
        if (kept == 0 || symbols[kept - 1] != symbols[i])
            symbols[kept++] = symbols[i];
    query->symbol_count = kept;
}

static bool read_symbols(exchange_call *call, history_query *ret_query) {
    tw_slice names = {0};
    if (ret_query->single) {
        tw_symbol symbol = tw_symbols_find(call->exchange->symbols, tw_slice_of(call->names[0]));
        if (symbol != TW_SYMBOL_NONE)
            ret_query->symbols[ret_query->symbol_count++] = symbol;
        return true;
    }
    if (!query(call, "symbols", &names)) {
        answer_error(call, 400, 0, "symbols is required");
        return false;
    }
    while (names.data != NULL) {
        tw_slice name = tw_slice_trim(tw_slice_split(&names, ','));
        tw_symbol symbol = tw_symbols_find(call->exchange->symbols, name);
        if (symbol == TW_SYMBOL_NONE)
            continue;
        if (ret_query->symbol_count == SYMBOL_COUNT_MAX)
            sort_symbols(call, ret_query);
        if (ret_query->symbol_count == SYMBOL_COUNT_MAX)
            break; /* all that there can be */
        ret_query->symbols[ret_query->symbol_count++] = symbol;
    }
    sort_symbols(call, ret_query);
    return true;
}

/* ---- times --------------------------------------------------------------------------------- */

/* A date is a day of New York: its begin, or as an end its last nanosecond. */
static bool read_time(exchange_call *call, const char *name, bool end, int64_t *ret_ns) {
    tw_slice text = {0};
    int64_t time_ns = 0;
    if (!query(call, name, &text))
        return true;
    if (tw_time_parse(text, &time_ns) != TW_OK)
        return invalid(call, name, text);
    if (time_ns < FIRST_NS)
        time_ns = FIRST_NS;
    if (time_ns > EXCHANGE_END_NS)
        time_ns = EXCHANGE_END_NS;
    if (text.size == DATE_SIZE) {
        int64_t day = tw_time_floor(time_ns, TW_NS_PER_DAY) / TW_NS_PER_DAY;
        time_ns = end ? session_time_of(day + 1, 0, 0) - 1 : session_time_of(day, 0, 0);
    }
    *ret_ns = time_ns;
    return true;
}

static bool read_range(exchange_call *call, history_query *ret_query) {
    int64_t now_ns = floor_now(call->exchange->floor);
    ret_query->from_ns = session_time_of(session_day_of(now_ns), 0, 0);
    ret_query->to_ns = now_ns;
    if (!read_time(call, "start", false, &ret_query->from_ns) ||
        !read_time(call, "end", true, &ret_query->to_ns))
        return false;
    tw_slice text = {0};
    if (ret_query->from_ns > ret_query->to_ns && query(call, "start", &text) &&
        query(call, "end", &text)) {
        answer_error(call, 400, 0, "end should not be before start");
        return false;
    }
    return true;
}

/* ---- words --------------------------------------------------------------------------------- */

static bool read_limit(exchange_call *call, history_query *ret_query) {
    tw_slice text = {0};
    ret_query->limit = LIMIT_DEFAULT;
    if (!query(call, "limit", &text))
        return true;
    if (tw_parse_u64(text, &ret_query->limit) == TW_OK && ret_query->limit > 0 &&
        ret_query->limit <= HISTORY_LIMIT_MAX)
        return true;
    answer_error(call, 400, 0, "invalid limit: it must be 1 to %d", HISTORY_LIMIT_MAX);
    return false;
}

static bool read_sort(exchange_call *call, history_query *ret_query) {
    tw_slice text = {0};
    if (!query(call, "sort", &text))
        return true;
    ret_query->descending = tw_slice_equal_string(text, "desc");
    return ret_query->descending || tw_slice_equal_string(text, "asc") ||
           invalid(call, "sort", text);
}

/* Which feeds may be named is the venue's rule; without a name the history is sip's, and the newest
 * records are of the best feed of the plan. */
static bool read_feed(exchange_call *call, history_query *ret_query) {
    static const char *const feeds[] = {"sip", "iex", "otc", "boats", "delayed_sip", "overnight"};
    bool basic = call->exchange->config.plan == TW_EXCHANGE_PLAN_BASIC;
    history_kind kind = ret_query->kind;
    size_t count = kind == HISTORY_LATEST ? 6 : kind == HISTORY_AUCTIONS ? 1 : 4;
    tw_slice text = {0};
    ret_query->feed = basic && kind == HISTORY_LATEST ? FEED_IEX : FEED_SIP;
    if (!query(call, "feed", &text))
        return true;
    size_t f = 0;
    while (f < count && !tw_slice_equal_string(text, feeds[f]))
        f++;
    ret_query->feed = (history_feed)f;
    return f < count || invalid(call, "feed", text);
}

/* On a basic plan the last 15 minutes of sip are not to be had; where no end is named it is that
 * long ago. */
static bool allow_feed(exchange_call *call, history_query *ret_query) {
    const fault_moments *moments = &call->exchange->moments;
    int64_t until_ns = floor_now(call->exchange->floor) - FEED_DELAY_NS;
    tw_slice text = {0};
    if (ret_query->kind == HISTORY_QUOTES && moments->stale && moments->stale_ns < ret_query->to_ns)
        ret_query->to_ns = moments->stale_ns;
    if (ret_query->feed >= FEED_OTC && ret_query->feed != FEED_DELAYED_SIP)
        ret_query->symbol_count = 0;
    if (ret_query->feed == FEED_DELAYED_SIP)
        ret_query->to_ns = until_ns;
    if (call->exchange->config.plan != TW_EXCHANGE_PLAN_BASIC || ret_query->feed != FEED_SIP ||
        ret_query->to_ns <= until_ns)
        return true;
    if (ret_query->kind == HISTORY_LATEST || query(call, "end", &text)) {
        answer_error(call, 403, 0, "subscription does not permit querying recent SIP data");
        return false;
    }
    ret_query->to_ns = until_ns;
    return true;
}

/* There are no rates of exchange: all is in dollars. */
static bool read_currency(exchange_call *call, history_query *ret_query) {
    tw_slice text = {0};
    ret_query->has_currency = query(call, "currency", &text);
    return !ret_query->has_currency || tw_slice_equal_string(text, "USD") ||
           invalid(call, "currency", text);
}

/* Nothing is ever split or paid here, so that all adjustments are the same. */
static bool read_adjustment(exchange_call *call) {
    static const char *const words[] = {"raw", "split", "dividend", "spin-off", "all"};
    tw_slice text = {0};
    if (!query(call, "adjustment", &text))
        return true;
    for (tw_slice rest = text; rest.data != NULL;)
        if (!is_one_of(tw_slice_split(&rest, ','), words, sizeof words / sizeof words[0]))
            return invalid(call, "adjustment", text);
    return true;
}

/* "-" or a day; no symbol ever changes its name here. */
static bool read_asof(exchange_call *call) {
    tw_slice text = {0};
    int64_t time_ns = 0;
    if (!query(call, "asof", &text) || tw_slice_equal_string(text, "-"))
        return true;
    return (text.size == DATE_SIZE && tw_time_parse(text, &time_ns) == TW_OK) ||
           invalid(call, "asof", text);
}

static bool read_frame(exchange_call *call, history_query *ret_query) {
    tw_slice text = {0};
    return (query(call, "timeframe", &text) && bar_frame_read(text, &ret_query->frame)) ||
           invalid(call, "timeframe", text);
}

/* ---- tokens -------------------------------------------------------------------------------- */

/* Auctions are those of days, and told as daily bars are. */
static bool is_of_bars(history_kind kind) {
    return kind == HISTORY_BARS || kind == HISTORY_AUCTIONS;
}

void history_token(const tw_exchange *exchange, const history_query *query, tw_symbol symbol,
                   int64_t time_ns, uint64_t number, char token[HISTORY_TOKEN_SIZE]) {
    char time[TW_TIME_TEXT_SIZE];
    char plain[HISTORY_TOKEN_SIZE * 3 / 4];
    const char *name = tw_symbols_name(exchange->symbols, symbol);
    tw_time_format(time_ns, 9, time);
    int size =
        is_of_bars(query->kind)
            ? snprintf(plain, sizeof plain, "%s|%c|%s", name, bar_frame_letter(query->frame), time)
            : snprintf(plain, sizeof plain, "%s|%s|%llu", name, time, (unsigned long long)number);
    TW_ASSERT(size > 0 && (size_t)size < sizeof plain);
    EVP_EncodeBlock((unsigned char *)token, (const unsigned char *)plain, size);
}

/* The plain text of a token without its padding; 0 when it is none. */
static size_t decode(tw_slice token, char plain[HISTORY_TOKEN_SIZE]) {
    if (token.size >= HISTORY_TOKEN_SIZE || token.size % 4 != 0)
        return 0;
    int size =
        EVP_DecodeBlock((unsigned char *)plain, (const unsigned char *)token.data, (int)token.size);
    while (size > 0 && plain[size - 1] == '\0')
        size--;
    return size > 0 ? (size_t)size : 0;
}

static bool read_token(exchange_call *call, history_query *ret_query) {
    char plain[HISTORY_TOKEN_SIZE];
    tw_slice token = {0};
    if (!query(call, "page_token", &token))
        return true;
    tw_slice rest = {plain, decode(token, plain)};
    tw_slice name = tw_slice_split(&rest, '|');
    tw_slice first = tw_slice_split(&rest, '|');
    bool bars = is_of_bars(ret_query->kind);
    ret_query->resumed = true;
    ret_query->token_symbol = tw_symbols_find(call->exchange->symbols, name);
    bool good = ret_query->token_symbol != TW_SYMBOL_NONE && rest.data != NULL &&
                tw_time_parse(bars ? rest : first, &ret_query->token_ns) == TW_OK &&
                ret_query->token_ns > FIRST_NS && ret_query->token_ns < EXCHANGE_END_NS;
    if (good && bars)
        good = first.size == 1 && first.data[0] == bar_frame_letter(ret_query->frame);
    else if (good)
        good = tw_parse_u64(rest, &ret_query->token_number) == TW_OK &&
               ret_query->token_number < UINT64_MAX;
    if (!good)
        answer_error(call, 400, 0, "invalid page_token");
    return good;
}

/* ---- all ----------------------------------------------------------------------------------- */

bool history_query_read(exchange_call *call, history_kind kind, bool single,
                        history_query *ret_query) {
    ret_query->kind = kind;
    ret_query->single = single;
    ret_query->descending = false;
    ret_query->resumed = false;
    ret_query->symbol_count = 0;
    ret_query->frame = (bar_frame){BAR_DAY, 1};
    ret_query->to_ns = floor_now(call->exchange->floor);
    if (!read_symbols(call, ret_query) || !read_feed(call, ret_query) ||
        !read_currency(call, ret_query))
        return false;
    if (kind == HISTORY_LATEST)
        return allow_feed(call, ret_query);
    if (kind == HISTORY_BARS && (!read_frame(call, ret_query) || !read_adjustment(call)))
        return false;
    return read_limit(call, ret_query) && read_range(call, ret_query) &&
           read_sort(call, ret_query) && read_asof(call) && read_token(call, ret_query) &&
           allow_feed(call, ret_query);
}
