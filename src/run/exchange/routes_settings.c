/*
 * routes_settings.c - GET and PATCH /v2/account/configurations.
 *
 * A change is taken whole or not at all: words are checked before the first is kept. The settings
 * take effect with the next order (account_power.c, order_gate.c).
 */
#include <string.h>

#include "exchange_priv.h"

static const char *const emails[] = {"all", "none", NULL};

static void answer_settings(exchange_call *call) {
    const account_settings *settings = &call->account->settings;
    tw_alpaca_configuration words = {
        .dtbp_check = tw_slice_of(account_check_name(settings->dtbp_check)),
        .trade_confirm_email = tw_slice_of(emails[settings->no_email ? 1 : 0]),
        .pdt_check = tw_slice_of(account_check_name(settings->pdt_check)),
        .max_margin_multiplier_nano = settings->multiplier_max * TW_NANO,
        .max_options_trading_level = settings->options_level_max,
        .suspend_trade = settings->suspend_trade,
        .no_shorting = settings->no_shorting,
        .fractional_trading = settings->fractional_trading,
        .ptp_no_exception_entry = settings->ptp_no_exception_entry,
        .disable_overnight_trading = settings->disable_overnight_trading,
        .present = ~UINT64_C(0),
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_CONFIGURATION, .as.configuration = &words};
    tw_text_clear(&call->exchange->body);
    tw_alpaca_encode_record(&call->exchange->body, &record);
    answer_body(call, 200);
}

void route_settings(exchange_call *call) {
    answer_settings(call);
}

/* The settings as they will be. */
typedef struct settings_change {
    account_settings settings;
    const char *wrong; /* the first setting whose value is none, or NULL */
} settings_change;

static bool has(const tw_alpaca_configuration *words, tw_alpaca_configuration_field field) {
    return (words->present & TW_ALPACA_BIT(field)) != 0;
}

static void take_check(settings_change *change, tw_slice word, const char *name, uint8_t *check) {
    for (uint32_t i = 0; i < ACCOUNT_CHECK_COUNT; i++) {
        if (tw_slice_equal_string(word, account_check_name((uint8_t)i))) {
            *check = (uint8_t)i;
            return;
        }
    }
    change->wrong = name;
}

static void take_words(settings_change *change, const tw_alpaca_configuration *words) {
    account_settings *settings = &change->settings;
    if (has(words, TW_ALPACA_CONFIGURATION_DTBP_CHECK))
        take_check(change, words->dtbp_check, "dtbp_check", &settings->dtbp_check);
    if (has(words, TW_ALPACA_CONFIGURATION_PDT_CHECK))
        take_check(change, words->pdt_check, "pdt_check", &settings->pdt_check);
    if (has(words, TW_ALPACA_CONFIGURATION_TRADE_CONFIRM_EMAIL)) {
        settings->no_email = tw_slice_equal_string(words->trade_confirm_email, emails[1]);
        if (!settings->no_email && !tw_slice_equal_string(words->trade_confirm_email, emails[0]))
            change->wrong = "trade_confirm_email";
    }
}

static void take_numbers(settings_change *change, const tw_alpaca_configuration *words) {
    account_settings *settings = &change->settings;
    if (has(words, TW_ALPACA_CONFIGURATION_MAX_MARGIN_MULTIPLIER)) {
        settings->multiplier_max = words->max_margin_multiplier_nano / TW_NANO;
        bool known = words->max_margin_multiplier_nano == TW_NANO ||
                     words->max_margin_multiplier_nano == 2 * TW_NANO ||
                     words->max_margin_multiplier_nano == 4 * TW_NANO;
        if (!known)
            change->wrong = "max_margin_multiplier";
    }
    if (has(words, TW_ALPACA_CONFIGURATION_MAX_OPTIONS_TRADING_LEVEL)) {
        settings->options_level_max = words->max_options_trading_level;
        if (settings->options_level_max < 0 || settings->options_level_max > 3)
            change->wrong = "max_options_trading_level";
    }
}

static void take_switches(account_settings *settings, const tw_alpaca_configuration *words) {
    if (has(words, TW_ALPACA_CONFIGURATION_SUSPEND_TRADE))
        settings->suspend_trade = words->suspend_trade;
    if (has(words, TW_ALPACA_CONFIGURATION_NO_SHORTING))
        settings->no_shorting = words->no_shorting;
    if (has(words, TW_ALPACA_CONFIGURATION_FRACTIONAL_TRADING))
        settings->fractional_trading = words->fractional_trading;
    if (has(words, TW_ALPACA_CONFIGURATION_PTP_NO_EXCEPTION_ENTRY))
        settings->ptp_no_exception_entry = words->ptp_no_exception_entry;
    if (has(words, TW_ALPACA_CONFIGURATION_DISABLE_OVERNIGHT_TRADING))
        settings->disable_overnight_trading = words->disable_overnight_trading;
}

static void on_configuration(void *context, const tw_alpaca_record *record) {
    settings_change *change = context;
    take_words(change, record->as.configuration);
    take_numbers(change, record->as.configuration);
    take_switches(&change->settings, record->as.configuration);
}

void route_settings_change(exchange_call *call) {
    settings_change change = {.settings = call->account->settings};
    tw_alpaca_record_sink sink = {.context = &change, .on_record = on_configuration};
    tw_error error = {0};
    /* A list of settings is none, although its records could be read. */
    if (!tw_slice_starts_with(tw_slice_trim(tw_http_request_body(call->request)), "{")) {
        answer_error(call, 422, CODE_REQUEST, "request body format is invalid: not an object");
        return;
    }
    if (tw_alpaca_decode_records(call->exchange->reader, TW_ALPACA_RECORD_CONFIGURATION,
                                 tw_http_request_body(call->request), &sink, &error) != TW_OK) {
        answer_error(call, 422, CODE_REQUEST, "request body format is invalid: %s", error.message);
        return;
    }
    if (change.wrong != NULL) {
        answer_error(call, 422, CODE_REQUEST, "invalid %s", change.wrong);
        return;
    }
    call->account->settings = change.settings;
    answer_settings(call);
}
