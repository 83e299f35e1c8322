/*
 * quiet_account.c - see quiet_account.h. All of it is made from fixed seeds.
 */
#include "quiet_account.h"
#include "bench.h"

#include <math.h>
#include <stdlib.h>

#include "quiet_venue.h"
#include "tradewind/random.h"
#include "tradewind/time.h"

static const double EQUITY = 10e6; /* dollars */

int64_t quiet_cents(double dollars) {
    return llround(dollars * 100.0) * (TW_NANO / 100);
}

static void make_closes(quiet_account *account, tw_random *random) {
    uint32_t n = account->symbol_count;
    for (size_t day = account->day_count - 1; day-- > 0;) {
        double market = 0.01 * (tw_random_uniform(random) - 0.5);
        for (uint32_t s = 0; s < n; s++) {
            double own = 0.03 * (tw_random_uniform(random) - 0.5);
            account->closes[day * n + s] =
                account->closes[(day + 1) * n + s] * (1.0 - market - own);
        }
    }
}

void quiet_account_make(quiet_account *account, uint32_t symbol_count, uint32_t day_count) {
    uint32_t n = symbol_count;
    tw_random random;
    tw_random_init(&random, 5, 0);
    *account = (quiet_account){.symbol_count = n, .day_count = day_count};
    account->quantity_nano = calloc(n, sizeof(int64_t));
    account->price_nano = calloc(n, sizeof(int64_t));
    account->closes = calloc((size_t)day_count * n, sizeof(double));
    require(account->quantity_nano != NULL && account->price_nano != NULL &&
                account->closes != NULL,
            "memory for an account");
    double left = EQUITY;
    for (uint32_t s = 0; s < n; s++) {
        double price = 20.0 + (double)tw_random_below(&random, 8000) / 100.0;
        double shares = floor(0.98 * EQUITY / n / price);
        account->price_nano[s] = quiet_cents(price);
        account->quantity_nano[s] = (int64_t)shares * TW_NANO;
        account->closes[(size_t)(day_count - 1) * n + s] = price;
        left -= shares * price;
    }
    account->cash_nano = quiet_cents(left);
    make_closes(account, &random);
}

void quiet_account_done(quiet_account *account) {
    free(account->quantity_nano);
    free(account->price_nano);
    free(account->closes);
}

static void set_controls(uint32_t n, bool risk, tw_pretrade_config *config) {
    tw_pretrade_config_init(config);
    config->limits = (tw_pretrade_limits){
        .quantity_max = {100000 * TW_NANO},
        .value_max = {1000000 * TW_NANO},
        .collar_nano = TW_NANO / 200,
        .price_age_ns_max = 300 * TW_NS_PER_SECOND,
        .position_max = {1000000 * TW_NANO},
        .position_value_max = {5000000 * TW_NANO},
        .position_share_max_nano = TW_NANO / 2,
        .open_max = 100,
        .repeat_max = 1000,
        .repeat_span_ns = TW_NS_PER_MINUTE,
    };
    config->gross_share_max_nano = 2 * TW_NANO;
    config->net_share_max_nano = 2 * TW_NANO;
    config->value_at_risk_share_max_nano = risk ? TW_NANO / 2 : 0;
    config->open_max = n;
    config->message_max[TW_PRETRADE_SUBMIT] = 1000;
    config->message_max[TW_PRETRADE_CANCEL] = 1000;
    config->message_day_max[TW_PRETRADE_SUBMIT] = 1000000;
    config->duplicate_span_ns = TW_NS_PER_SECOND;
    config->day_loss_max.nano = 5000000 * TW_NANO;
    config->day_loss_share_max_nano = TW_NANO / 2;
    config->drawdown_share_max_nano = TW_NANO / 2;
    config->losses_max = 100000;
    config->error_max = 20;
    config->error_span_ns = TW_NS_PER_MINUTE;
}

void quiet_engine_config(uint32_t symbol_count, uint32_t day_count, bool risk,
                         tw_engine_config *ret_config) {
    *ret_config = (tw_engine_config){
        .strategy_name = "bench",
        .epoch = 1,
        .symbol_count = symbol_count,
        .order_count_max = 16384,
        .level_count_max = 64 * symbol_count,
        .history_days_max = day_count,
        .window_count = 100,
        .timeframes_ns = {TW_NS_PER_SECOND, TW_NS_PER_MINUTE, TW_NS_PER_HOUR},
        .timeframe_count = 3,
        .strategy = TW_STRATEGY_EQUAL,
        .cash_weight = 0.02,
        .band = 0.5,
        .order_patience_ns = TW_NS_PER_MINUTE,
        .lot = {TW_NANO},
        .kill_on_stop = TW_KILL_CANCEL,
        .warm_ns_max = TW_NS_PER_SECOND,
        .decision_gap_ns = TW_NS_PER_SECOND,
        .monotonic_ns = tw_time_monotonic_ns,
    };
    set_controls(symbol_count, risk, &ret_config->controls);
}
