/* run_limits.c - see run_limits.h. */
#include "run_limits.h"

#include <math.h>
#include <stddef.h>

#include "tradewind/time.h"

static const tw_config_option limit_table[] = {
    {"max-shares", TW_CONFIG_DECIMAL, NULL, "0", NULL, "0",
     "largest quantity of one order; 0: no limit", NULL, offsetof(run_limits, quantity_max_nano)},
    {"max-position", TW_CONFIG_DECIMAL, NULL, "0", NULL, "0",
     "largest value of one position, open orders counted; 0: no limit", NULL,
     offsetof(run_limits, position_value_max_nano)},
    {"max-gross", TW_CONFIG_PERCENT, NULL, "0%", "400%", "0%",
     "largest value of all positions as a share of equity, open orders counted; 0: no limit", NULL,
     offsetof(run_limits, gross_max)},
    {"max-var", TW_CONFIG_PERCENT, NULL, "0%", "100%", "0%",
     "largest value at risk (99 % of a day, normal) as a share of equity; 0: no limit", NULL,
     offsetof(run_limits, value_at_risk_max)},
    {"max-day-loss", TW_CONFIG_PERCENT, NULL, "0%", "100%", "0%",
     "a loss of the day above this share of equity stops all but closing orders until the next "
     "day; "
     "0: no limit (live demands one)",
     NULL, offsetof(run_limits, day_loss_max)},
    {"max-drawdown", TW_CONFIG_PERCENT, NULL, "0%", "100%", "0%",
     "a fall from the highest equity of the run above this stops all but closing orders; 0: no "
     "limit",
     NULL, offsetof(run_limits, drawdown_max)},
    {"max-losses", TW_CONFIG_INTEGER, NULL, "0", "1000000", "0",
     "so many orders in a row that closed at a loss stop all but closing orders; 0: no limit", NULL,
     offsetof(run_limits, losses_max)},
    {"max-errors", TW_CONFIG_INTEGER, NULL, "0", "1000000", "20",
     "so many orders refused by the venue within a minute stop all but closing orders; 0: no limit",
     NULL, offsetof(run_limits, error_max)},
    {"max-repeats", TW_CONFIG_INTEGER, NULL, "0", "1000000", "0",
     "so many orders of one symbol and side within a minute stop that side; 0: no limit", NULL,
     offsetof(run_limits, repeat_max)},
    {"max-open", TW_CONFIG_INTEGER, NULL, "0", "1000000", "0", "open orders at once; 0: no limit",
     NULL, offsetof(run_limits, open_max)},
    {"max-rate", TW_CONFIG_INTEGER, NULL, "0", "100000", "0",
     "orders a second that pass; the rest is denied; 0: no limit", NULL,
     offsetof(run_limits, rate_max)},
    {"max-cancel-rate", TW_CONFIG_INTEGER, NULL, "0", "100000", "0",
     "cancels of late orders a second; the rest waits, but never those of a kill or of the end; 0: "
     "no limit",
     NULL, offsetof(run_limits, cancel_rate_max)},
    {"max-day-orders", TW_CONFIG_INTEGER, NULL, "0", "1000000000", "0", "orders a day; 0: no limit",
     NULL, offsetof(run_limits, day_max)},
    {"duplicate-window", TW_CONFIG_DURATION, NULL, "0s", "1h", "1s",
     "an order like another of so short a time ago (symbol, side, quantity and price) is denied; "
     "0: "
     "none is",
     NULL, offsetof(run_limits, duplicate_span_ns)},
    {"on-stop", TW_CONFIG_CHOICE, NULL, NULL, NULL, "none",
     "what else a tripped stop does: none (all but closing orders are denied), or a kill of this "
     "level",
     "none|new|cancel|flatten", offsetof(run_limits, on_stop)},
};

tw_arguments_table run_limits_arguments(const char *heading, run_limits *target) {
    return (tw_arguments_table){
        .heading = heading,
        .section = "limits",
        .options = limit_table,
        .count = sizeof limit_table / sizeof limit_table[0],
        .target = target,
    };
}

static int64_t share_nano(double share) {
    return llround(share * (double)TW_NANO);
}

void run_limits_apply(const run_options *options, const run_limits *limits,
                      tw_pretrade_config *ret_controls) {
    tw_pretrade_config_init(ret_controls);
    ret_controls->limits = (tw_pretrade_limits){
        .quantity_max = {limits->quantity_max_nano},
        .value_max = {options->order_value_max_nano},
        .collar_nano = share_nano(options->collar),
        .price_age_ns_max = 5 * TW_NS_PER_MINUTE,
        .position_value_max = {limits->position_value_max_nano},
        .position_share_max_nano = share_nano(options->position_weight_max),
        .repeat_max = (uint32_t)limits->repeat_max,
        .repeat_span_ns = TW_NS_PER_MINUTE,
    };
    ret_controls->gross_share_max_nano = share_nano(limits->gross_max);
    ret_controls->value_at_risk_share_max_nano = share_nano(limits->value_at_risk_max);
    ret_controls->day_loss_share_max_nano = share_nano(limits->day_loss_max);
    ret_controls->drawdown_share_max_nano = share_nano(limits->drawdown_max);
    ret_controls->losses_max = (uint32_t)limits->losses_max;
    ret_controls->error_max = (uint32_t)limits->error_max;
    ret_controls->error_span_ns = TW_NS_PER_MINUTE;
    ret_controls->open_max = (uint32_t)limits->open_max;
    ret_controls->message_max[TW_PRETRADE_SUBMIT] = (uint32_t)limits->rate_max;
    ret_controls->message_max[TW_PRETRADE_CANCEL] = (uint32_t)limits->cancel_rate_max;
    ret_controls->message_day_max[TW_PRETRADE_SUBMIT] = (uint32_t)limits->day_max;
    ret_controls->duplicate_span_ns = limits->duplicate_span_ns;
}
