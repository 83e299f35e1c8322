/*
 * alpaca_record_stream.c - tables of the stream's messages beside trades, quotes, bars and books.
 */
#include <string.h>

#include "alpaca_record.h"
#include "tradewind/time.h"

/* ---- trading status ---- */

#define STATUS(key, member) WORD_ROW(tw_alpaca_trading_status, key, member, WORD_SLICE, WORD_OMIT)

static const word_field status_fields[TW_ALPACA_TRADING_STATUS_FIELD_COUNT] = {
    [TW_ALPACA_TRADING_STATUS_SYMBOL] = STATUS("S", symbol),
    [TW_ALPACA_TRADING_STATUS_CODE] = STATUS("sc", code),
    [TW_ALPACA_TRADING_STATUS_MESSAGE] = STATUS("sm", message),
    [TW_ALPACA_TRADING_STATUS_REASON_CODE] = STATUS("rc", reason_code),
    [TW_ALPACA_TRADING_STATUS_REASON_MESSAGE] = STATUS("rm", reason_message),
    [TW_ALPACA_TRADING_STATUS_TIME] = STATUS("t", time),
    [TW_ALPACA_TRADING_STATUS_TAPE] = STATUS("z", tape),
};

/* The codes of both plans: CTA's are digits, UTP's are letters. */
static tw_trading_phase phase_of(tw_slice code) {
    static const struct {
        char code;
        tw_trading_phase phase;
    } phases[] = {
        {'H', TW_PHASE_HALTED},  {'P', TW_PHASE_HALTED},  {'E', TW_PHASE_HALTED},
        {'D', TW_PHASE_HALTED},  {'2', TW_PHASE_HALTED},  {'Q', TW_PHASE_QUOTING},
        {'3', TW_PHASE_QUOTING}, {'T', TW_PHASE_TRADING}, {'5', TW_PHASE_TRADING},
    };
    for (size_t i = 0; code.size == 1 && i < sizeof phases / sizeof phases[0]; i++)
        if (code.data[0] == phases[i].code)
            return phases[i].phase;
    return TW_PHASE_NONE;
}

/* A halt must be heard whatever its time looks like, so the time is kept as it was written. */
static void complete_status(void *record) {
    tw_alpaca_trading_status *status = record;
    status->phase = (uint8_t)phase_of(status->code);
    if (tw_time_parse(status->time, &status->time_ns) != TW_OK)
        status->time_ns = 0;
}

const record_word tw_word_trading_status = {
    .table = RECORD_ROWS(status_fields),
    .present = offsetof(tw_alpaca_trading_status, present),
    .type = "s",
    .symbol = TW_ALPACA_TRADING_STATUS_SYMBOL,
    .complete = complete_status,
};

/* ---- price bands ---- */

#define BAND(key, member, form) WORD_ROW(tw_alpaca_band, key, member, form, WORD_OMIT)

static const word_field band_fields[TW_ALPACA_BAND_FIELD_COUNT] = {
    [TW_ALPACA_BAND_SYMBOL] = BAND("S", symbol, WORD_SLICE),
    [TW_ALPACA_BAND_UP] = BAND("u", up.nano, WORD_NUMBER),
    [TW_ALPACA_BAND_DOWN] = BAND("d", down.nano, WORD_NUMBER),
    [TW_ALPACA_BAND_INDICATOR] = BAND("i", indicator, WORD_SLICE),
    [TW_ALPACA_BAND_TIME] = BAND("t", time_ns, WORD_TIME),
    [TW_ALPACA_BAND_TAPE] = BAND("z", tape, WORD_SLICE),
};
const record_word tw_word_band = {
    .table = RECORD_ROWS(band_fields),
    .present = offsetof(tw_alpaca_band, present),
    .type = "l",
    .symbol = TW_ALPACA_BAND_SYMBOL,
};

/* ---- corrections ---- */

#define CORRECTION(key, member, form) WORD_ROW(tw_alpaca_correction, key, member, form, WORD_OMIT)

static const word_field correction_fields[TW_ALPACA_CORRECTION_FIELD_COUNT] = {
    [TW_ALPACA_CORRECTION_SYMBOL] = CORRECTION("S", symbol, WORD_SLICE),
    [TW_ALPACA_CORRECTION_EXCHANGE] = CORRECTION("x", exchange, WORD_SLICE),
    [TW_ALPACA_CORRECTION_ORIGINAL_ID] = CORRECTION("oi", original_id, WORD_COUNT),
    [TW_ALPACA_CORRECTION_ORIGINAL_PRICE] = CORRECTION("op", original_price.nano, WORD_NUMBER),
    [TW_ALPACA_CORRECTION_ORIGINAL_SIZE] = CORRECTION("os", original_size.nano, WORD_NUMBER),
    [TW_ALPACA_CORRECTION_ORIGINAL_CONDITIONS] = CORRECTION("oc", original_conditions, WORD_LIST),
    [TW_ALPACA_CORRECTION_ID] = CORRECTION("ci", id, WORD_COUNT),
    [TW_ALPACA_CORRECTION_PRICE] = CORRECTION("cp", price.nano, WORD_NUMBER),
    [TW_ALPACA_CORRECTION_SIZE] = CORRECTION("cs", size.nano, WORD_NUMBER),
    [TW_ALPACA_CORRECTION_CONDITIONS] = CORRECTION("cc", conditions, WORD_LIST),
    [TW_ALPACA_CORRECTION_TIME] = CORRECTION("t", time_ns, WORD_TIME),
    [TW_ALPACA_CORRECTION_TAPE] = CORRECTION("z", tape, WORD_SLICE),
};
const record_word tw_word_correction = {
    .table = RECORD_ROWS(correction_fields),
    .present = offsetof(tw_alpaca_correction, present),
    .type = "c",
    .symbol = TW_ALPACA_CORRECTION_SYMBOL,
};

/* ---- cancels and errors ---- */

#define CANCEL(key, member, form) WORD_ROW(tw_alpaca_cancel_error, key, member, form, WORD_OMIT)

static const word_field cancel_fields[TW_ALPACA_CANCEL_ERROR_FIELD_COUNT] = {
    [TW_ALPACA_CANCEL_ERROR_SYMBOL] = CANCEL("S", symbol, WORD_SLICE),
    [TW_ALPACA_CANCEL_ERROR_ID] = CANCEL("i", id, WORD_COUNT),
    [TW_ALPACA_CANCEL_ERROR_EXCHANGE] = CANCEL("x", exchange, WORD_SLICE),
    [TW_ALPACA_CANCEL_ERROR_PRICE] = CANCEL("p", price.nano, WORD_NUMBER),
    [TW_ALPACA_CANCEL_ERROR_SIZE] = CANCEL("s", size.nano, WORD_NUMBER),
    [TW_ALPACA_CANCEL_ERROR_ACTION] = CANCEL("a", action, WORD_SLICE),
    [TW_ALPACA_CANCEL_ERROR_TAPE] = CANCEL("z", tape, WORD_SLICE),
    [TW_ALPACA_CANCEL_ERROR_TIME] = CANCEL("t", time_ns, WORD_TIME),
};
const record_word tw_word_cancel_error = {
    .table = RECORD_ROWS(cancel_fields),
    .present = offsetof(tw_alpaca_cancel_error, present),
    .type = "x",
    .symbol = TW_ALPACA_CANCEL_ERROR_SYMBOL,
};

/* ---- imbalances ---- */

#define IMBALANCE(key, member, form) WORD_ROW(tw_alpaca_imbalance, key, member, form, WORD_OMIT)

static const word_field imbalance_fields[TW_ALPACA_IMBALANCE_FIELD_COUNT] = {
    [TW_ALPACA_IMBALANCE_SYMBOL] = IMBALANCE("S", symbol, WORD_SLICE),
    [TW_ALPACA_IMBALANCE_PRICE] = IMBALANCE("p", price.nano, WORD_NUMBER),
    [TW_ALPACA_IMBALANCE_TAPE] = IMBALANCE("z", tape, WORD_SLICE),
    [TW_ALPACA_IMBALANCE_TIME] = IMBALANCE("t", time_ns, WORD_TIME),
};
const record_word tw_word_imbalance = {
    .table = RECORD_ROWS(imbalance_fields),
    .present = offsetof(tw_alpaca_imbalance, present),
    .type = "i",
    .symbol = TW_ALPACA_IMBALANCE_SYMBOL,
};
