/*
 * doctor_online.c - addresses, credentials, and with --online the venue itself: one call after the
 * other, each with a deadline, and the two streams opened and closed again. Nothing is ordered.
 */
#include <stdio.h>
#include <string.h>

#include "doctor.h"
#include "tradewind/alpaca_client.h"
#include "tradewind/alpaca_stream.h"
#include "tradewind/time.h"

#define PATIENCE_NS (15 * TW_NS_PER_SECOND)
#define SKEW_NS_MAX (2 * TW_NS_PER_SECOND)

/* One question to the venue at a time. */
typedef struct doctor_online {
    doctor_list *list;
    const venue_options *access;
    tw_loop *loop;
    tw_http_client *http;
    tw_symbols *symbols;
    tw_symbol symbol;
    tw_alpaca_client *client;
    int64_t asked_ns;
    int64_t asked_wall_ns;
    uint64_t advised; /* bits of statuses whose advice was given already */
    bool answered;
} doctor_online;

/* ---- what a failure means ------------------------------------------------------------------ */

static const char *advice_for(tw_status status, bool here) {
    switch ((int)status) {
    case TW_AUTH:
        return "the key, its secret and the address must belong together: paper keys begin with PK "
               "and work with the paper venue only";
    case TW_REFUSED:
        return "the account or its plan does not allow it";
    case TW_THROTTLED:
        return "another program uses up the account's requests a minute";
    case TW_BUSY:
        return "the plan allows one connection and another program has it";
    case TW_UNREACHABLE:
        if (here)
            return "nothing listens there; start it with `tradewind exchange --listen ...`";
        return "look at the address, the name server, a proxy (https_proxy) and the network";
    case TW_TIMEOUT:
        return "the network or the venue is slow; status.alpaca.markets says how the venue is";
    default:
        return "try again; status.alpaca.markets says how the venue is";
    }
}

static void say_failure(doctor_online *online, const char *what, tw_status status,
                        const char *message) {
    doctor_finding *finding = doctor_say(online->list, DOCTOR_UNREACHABLE, what, "%s", message);
    uint64_t bit = (uint64_t)1 << (-(int)status & 63);
    const char *url = online->access->trading_url;
    bool here = strstr(url, "//127.") != NULL || strstr(url, "//localhost") != NULL;
    if ((online->advised & bit) == 0)
        doctor_advise(finding, "%s", advice_for(status, here));
    online->advised |= bit;
}

static double milliseconds(const doctor_online *online) {
    return (double)(tw_time_monotonic_ns() - online->asked_ns) / 1e6;
}

/* ---- calls --------------------------------------------------------------------------------- */

static void on_account(void *context, const tw_alpaca_result *result,
                       const tw_alpaca_account *account) {
    doctor_online *online = context;
    online->answered = true;
    if (account == NULL) {
        say_failure(online, "account", result->status, result->message);
        return;
    }
    bool blocked = account->trading_blocked || account->account_blocked ||
                   account->trade_suspended_by_user || strcmp(account->status, "ACTIVE") != 0;
    char limit[64] = "";
    if (result->rate_remaining >= 0)
        snprintf(limit, sizeof limit, ", %lld requests left this minute",
                 (long long)result->rate_remaining);
    doctor_finding *finding =
        doctor_say(online->list, blocked ? DOCTOR_BAD : DOCTOR_GOOD, "account",
                   "%s, answered in %.0f ms%s", account->status, milliseconds(online), limit);
    if (blocked)
        doctor_advise(finding, "the account may not trade now; the venue's web page says why");
}

static void on_clock(void *context, const tw_alpaca_result *result, const tw_alpaca_clock *clock) {
    doctor_online *online = context;
    online->answered = true;
    if (clock == NULL) {
        say_failure(online, "venue's clock", result->status, result->message);
        return;
    }
    int64_t middle_ns = online->asked_wall_ns + (tw_time_monotonic_ns() - online->asked_ns) / 2;
    int64_t skew_ns = clock->timestamp_ns - middle_ns;
    bool far = skew_ns > SKEW_NS_MAX || skew_ns < -SKEW_NS_MAX;
    doctor_finding *finding = doctor_say(online->list, far ? DOCTOR_NOTE : DOCTOR_GOOD,
                                         "venue's clock", "%+.3f s from ours; the market is %s",
                                         (double)skew_ns / 1e9, clock->is_open ? "open" : "closed");
    if (far)
        doctor_advise(finding,
                      "right if it is a simulated exchange; else synchronise this machine");
}

static void on_quote(void *context, const tw_quote *quote) {
    (void)context;
    (void)quote;
}

static void on_quotes(void *context, const tw_alpaca_result *result) {
    doctor_online *online = context;
    online->answered = true;
    if (result->status != TW_OK)
        say_failure(online, "market data", result->status, result->message);
    else
        doctor_say(online->list, DOCTOR_GOOD, "market data", "answered in %.0f ms",
                   milliseconds(online));
}

/* ---- streams ------------------------------------------------------------------------------- */

static void on_ready(void *context) {
    doctor_online *online = context;
    online->answered = true;
}

typedef struct stream_check {
    doctor_online *online;
    const char *what;
} stream_check;

static void on_stream_ready(void *context) {
    stream_check *check = context;
    doctor_say(check->online->list, DOCTOR_GOOD, check->what, "open and authorised in %.0f ms",
               milliseconds(check->online));
    on_ready(check->online);
}

static void on_stream_down(void *context, tw_status status, const char *reason) {
    stream_check *check = context;
    check->online->answered = true;
    say_failure(check->online, check->what, status, reason);
}

static void ask(doctor_online *online) {
    online->answered = false;
    online->asked_ns = tw_time_monotonic_ns();
    online->asked_wall_ns = tw_time_wall_ns();
}

/* Turns the loop until the question is answered. */
static void wait_for_answer(doctor_online *online, const char *what) {
    int64_t until_ns = online->asked_ns + PATIENCE_NS;
    tw_error error = {0};
    while (!online->answered) {
        int64_t left_ns = until_ns - tw_time_monotonic_ns();
        if (left_ns <= 0 || tw_loop_turn(online->loop, left_ns, NULL, &error) != TW_OK) {
            say_failure(online, what, TW_TIMEOUT, "no answer");
            return;
        }
    }
}

/* A deadline below our patience, so that the stream itself says where it stood. */
static void look_at_stream(doctor_online *online, const char *what, tw_alpaca_stream_kind kind,
                           const char *url) {
    static const char *const names[] = {"AAPL"};
    stream_check check = {online, what};
    tw_alpaca_stream *stream = NULL;
    tw_error error = {0};
    tw_alpaca_stream_config config = {
        .kind = kind,
        .url = url,
        .key_id = online->access->key_id,
        .secret = online->access->secret,
        .channels = TW_ALPACA_CHANNEL_TRADES,
        .names = names,
        .name_count = 1,
        .handshake_timeout_ns = PATIENCE_NS - 2 * TW_NS_PER_SECOND,
    };
    tw_alpaca_stream_callbacks callbacks = {
        .context = &check, .on_ready = on_stream_ready, .on_down = on_stream_down};
    ask(online);
    tw_status status =
        tw_alpaca_stream_new(NULL, online->loop, &config, &callbacks, online->symbols, &stream);
    if (status == TW_OK)
        status = tw_alpaca_stream_open(stream, &error);
    if (status == TW_OK)
        wait_for_answer(online, what);
    else
        say_failure(online, what, status,
                    error.message[0] != '\0' ? error.message : tw_status_sentence(status));
    tw_alpaca_stream_free(stream);
}

/* ---- the venue ----------------------------------------------------------------------------- */

static void ask_account(doctor_online *online) {
    ask(online);
    tw_status status = tw_alpaca_client_account(online->client, on_account, online);
    if (status == TW_OK)
        wait_for_answer(online, "account");
    else
        say_failure(online, "account", status, tw_status_sentence(status));
}

static void ask_clock(doctor_online *online) {
    ask(online);
    tw_status status = tw_alpaca_client_clock(online->client, on_clock, online);
    if (status == TW_OK)
        wait_for_answer(online, "venue's clock");
    else
        say_failure(online, "venue's clock", status, tw_status_sentence(status));
}

static void ask_quotes(doctor_online *online) {
    ask(online);
    tw_status status = tw_alpaca_client_latest_quotes(online->client, &online->symbol, 1, on_quote,
                                                      on_quotes, online);
    if (status == TW_OK)
        wait_for_answer(online, "market data");
    else
        say_failure(online, "market data", status, tw_status_sentence(status));
}

static void ask_streams(doctor_online *online) {
    char url[TW_CONFIG_TEXT_SIZE * 2 + 16];
    const venue_options *access = online->access;
    snprintf(url, sizeof url, "%s/v2/%s", access->stream_url, access->feed);
    look_at_stream(online, "data stream", TW_ALPACA_STREAM_MARKET_DATA, url);
    /* http becomes ws, https becomes wss. */
    snprintf(url, sizeof url, "ws%s/stream", access->trading_url + strlen("http"));
    look_at_stream(online, "trading stream", TW_ALPACA_STREAM_TRADING, url);
}

static tw_status open_online(doctor_online *online, tw_error *error) {
    tw_alpaca_client_config config = {
        .trading_url = online->access->trading_url,
        .data_url = online->access->data_url,
        .key_id = online->access->key_id,
        .secret = online->access->secret,
    };
    tw_status status = tw_symbols_new(NULL, 4, &online->symbols);
    if (status == TW_OK)
        status = tw_symbols_intern(online->symbols, tw_slice_of("AAPL"), &online->symbol);
    if (status == TW_OK)
        status = tw_loop_new(NULL, &online->loop, error);
    if (status == TW_OK)
        status = tw_http_client_new(online->loop, NULL, &online->http, error);
    if (status == TW_OK)
        status = tw_alpaca_client_new(NULL, online->loop, online->http, &config, online->symbols,
                                      &online->client);
    return status;
}

static void close_online(doctor_online *online) {
    tw_alpaca_client_free(online->client);
    tw_http_client_free(online->http);
    tw_loop_free(online->loop);
    tw_symbols_free(online->symbols);
}

static void speak(doctor_list *list, const venue_options *access) {
    doctor_online online = {.list = list, .access = access};
    tw_error error = {0};
    tw_status status = open_online(&online, &error);
    if (status == TW_OK) {
        ask_account(&online);
        ask_clock(&online);
        ask_quotes(&online);
        ask_streams(&online);
    } else {
        doctor_say(list, DOCTOR_BAD, "venue", "%s",
                   error.message[0] != '\0' ? error.message : tw_status_sentence(status));
    }
    close_online(&online);
}

void doctor_look_at_venue(doctor_list *list, const venue_options *access, bool online) {
    bool keyed = access->key_id[0] != '\0' && access->secret[0] != '\0';
    doctor_say(list, DOCTOR_GOOD, "venue", "%s, data from %s", access->trading_url,
               access->data_url);
    if (keyed)
        doctor_say(list, DOCTOR_GOOD, "credentials", "a key and its secret are set");
    else
        doctor_advise(doctor_say(list, online ? DOCTOR_BAD : DOCTOR_NOTE, "credentials",
                                 "none, so only --venue demo can trade"),
                      "set APCA_API_KEY_ID and APCA_API_SECRET_KEY, or key-id and secret-key under "
                      "[venue] in a configuration file that only you can read");
    if (online && keyed)
        speak(list, access);
}
