/* test_tax_lots.c - the rules of tradewind/tax_lots.h, one a test. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/tax_lots.h"
#include "tradewind/time.h"

#define LOTS 8

static int64_t day_of(int32_t year, int32_t month, int32_t day) {
    int64_t days = 0;
    assert_int_equal(tw_date_to_days((tw_date){year, month, day}, &days), TW_OK);
    return days;
}

static tw_tax_lot lot(int64_t quantity, int64_t price, int64_t day) {
    return (tw_tax_lot){
        .quantity = {quantity * TW_NANO}, .price = {price * TW_NANO}, .day = day, .symbol = 3};
}

/* A sale on the 1st of July 2024 at 100. */
static tw_tax_lots_input sale_of(int64_t quantity, const tw_tax_lot *lots, size_t count) {
    return (tw_tax_lots_input){.symbol = 3,
                               .quantity = {quantity * TW_NANO},
                               .price = {100 * TW_NANO},
                               .day = day_of(2024, 7, 1),
                               .lots = lots,
                               .lot_count = count};
}

static tw_tax_lots_result close_lots(tw_lots_order order, const tw_tax_lots_input *input,
                                     tw_tax_closing *ret_closings) {
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    config.order = (uint8_t)order;
    tw_tax_lots_result result;
    tw_error error = {0};
    tw_status status = tw_tax_lots_close(&config, input, ret_closings, &result, &error);
    if (status != TW_OK)
        fail_msg("%s: %s", tw_status_name(status), error.message);
    return result;
}

static void assert_order(tw_lots_order order, const tw_tax_lots_input *input,
                         const size_t *expected) {
    tw_tax_closing closings[LOTS];
    tw_tax_lots_result result = close_lots(order, input, closings);
    assert_int_equal(result.count, input->lot_count);
    for (size_t k = 0; k < result.count; k++)
        if (closings[k].lot != expected[k])
            fail_msg("%s: place %zu is lot %zu", tw_lots_order_name(order), k, closings[k].lot);
}

static void test_every_order_is_its_own(void **state) {
    (void)state;
    tw_tax_lot lots[6] = {
        lot(1, 90, day_of(2020, 1, 2)),  /* long-term gain */
        lot(1, 130, day_of(2021, 1, 2)), /* long-term loss */
        lot(1, 98, day_of(2024, 1, 2)),  /* short-term gain */
        lot(1, 110, day_of(2024, 2, 2)), /* short-term loss */
        lot(1, 100, day_of(2023, 1, 2)), /* neither */
        lot(1, 70, day_of(2022, 1, 2)),  /* greater long-term gain */
    };
    tw_tax_lots_input input = sale_of(6, lots, 6);
    assert_order(TW_LOTS_HIGHEST_COST, &input, (size_t[]){1, 3, 4, 2, 0, 5});
    assert_order(TW_LOTS_LOWEST_COST, &input, (size_t[]){5, 0, 2, 4, 3, 1});
    assert_order(TW_LOTS_FIRST_IN, &input, (size_t[]){0, 1, 5, 4, 2, 3});
    assert_order(TW_LOTS_LAST_IN, &input, (size_t[]){3, 2, 4, 5, 1, 0});
    assert_order(TW_LOTS_LONG_TERM, &input, (size_t[]){1, 4, 0, 5, 3, 2});
    assert_order(TW_LOTS_LOSS_FIRST, &input, (size_t[]){3, 1, 4, 0, 5, 2});
    /* 37% and 20%: -6, -3.7, 0, 0.74, 2, 6. */
    assert_order(TW_LOTS_LEAST_TAX, &input, (size_t[]){1, 3, 4, 2, 0, 5});
}

static void test_ties_go_to_the_earlier_purchase_then_the_lower_index(void **state) {
    (void)state;
    tw_tax_lot lots[4] = {lot(1, 90, day_of(2024, 3, 2)), lot(1, 90, day_of(2024, 3, 1)),
                          lot(1, 90, day_of(2024, 3, 2)), lot(1, 90, day_of(2024, 3, 1))};
    tw_tax_lots_input input = sale_of(4, lots, 4);
    for (int order = 0; order <= TW_LOTS_LEAST_TAX; order++)
        if (order != TW_LOTS_LAST_IN)
            assert_order((tw_lots_order)order, &input, (size_t[]){1, 3, 0, 2});
    assert_order(TW_LOTS_LAST_IN, &input, (size_t[]){0, 2, 1, 3});
}

static void test_the_last_lot_is_closed_in_part(void **state) {
    (void)state;
    tw_tax_lot lots[3] = {lot(10, 80, day_of(2020, 1, 2)), lot(5, 120, day_of(2021, 1, 2)),
                          lot(7, 90, day_of(2024, 1, 2))};
    lots[1].symbol = 4; /* another's: passed over */
    tw_tax_lots_input input = sale_of(12, lots, 3);
    tw_tax_closing closings[3];
    tw_tax_lots_result result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.count, 2);
    assert_int_equal(closings[0].lot, 2);
    assert_int_equal(closings[0].quantity.nano, 7 * TW_NANO);
    assert_int_equal(closings[0].gain.nano, 70 * TW_NANO);
    assert_int_equal(closings[0].long_term, 0);
    assert_int_equal(closings[1].lot, 0);
    assert_int_equal(closings[1].quantity.nano, 5 * TW_NANO);
    assert_int_equal(closings[1].long_term, 1);
    assert_int_equal(result.proceeds.nano, 1200 * TW_NANO);
    assert_int_equal(result.cost.nano, 1030 * TW_NANO);
    assert_int_equal(result.gain_short.nano, 70 * TW_NANO);
    assert_int_equal(result.gain_long.nano, 100 * TW_NANO);
    assert_int_equal(result.tax.nano, 70 * TW_NANO / 100 * 37 + 20 * TW_NANO);
}

static void test_a_year_is_of_the_calendar_and_must_be_exceeded(void **state) {
    (void)state;
    const struct {
        tw_date bought;
        tw_date first_long;
    } cases[] = {
        {{2023, 1, 15}, {2024, 1, 16}},   {{2023, 2, 27}, {2024, 2, 28}},
        {{2023, 2, 28}, {2024, 3, 1}}, /* the holding begins on the 1st of March */
        {{2023, 3, 1}, {2024, 3, 2}},     {{2024, 2, 28}, {2025, 3, 1}},
        {{2024, 2, 29}, {2025, 3, 1}},    {{2023, 12, 31}, {2025, 1, 1}},
        {{1999, 12, 30}, {2000, 12, 31}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t bought = 0;
        int64_t first = 0;
        assert_int_equal(tw_date_to_days(cases[i].bought, &bought), TW_OK);
        assert_int_equal(tw_date_to_days(cases[i].first_long, &first), TW_OK);
        if (tw_tax_is_long_term(bought, first - 1) || !tw_tax_is_long_term(bought, first))
            fail_msg("case %zu", i);
    }
    assert_false(tw_tax_is_long_term(0, 0));
}

static void test_the_term_of_a_closing_is_that_of_its_days(void **state) {
    (void)state;
    /* Every day of five years, so that the short cut to the first long-term day is seen whole. */
    int64_t begin = day_of(2022, 1, 1);
    for (int64_t day = begin; day < begin + 5 * 365; day++) {
        tw_tax_lot lots[5];
        for (int k = 0; k < 5; k++)
            lots[k] = lot(1, 100, day - 364 - k);
        tw_tax_lots_input input = sale_of(5, lots, 5);
        input.day = day;
        tw_tax_closing closings[5];
        (void)close_lots(TW_LOTS_FIRST_IN, &input, closings);
        for (int k = 0; k < 5; k++)
            assert_int_equal(closings[k].long_term,
                             tw_tax_is_long_term(lots[closings[k].lot].day, day));
    }
}

static void test_a_loss_does_not_count_as_far_as_it_is_bought_again(void **state) {
    (void)state;
    tw_tax_lot lots[2] = {lot(10, 120, day_of(2023, 1, 2)), lot(4, 95, day_of(2024, 6, 1))};
    tw_tax_lots_input input = sale_of(10, lots, 2);
    tw_tax_closing closings[2];
    /* The 1st of June is 30 days before the sale: 4 of the 10 that lose are bought again. */
    tw_tax_lots_result result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.count, 1);
    assert_int_equal(closings[0].gain.nano, -200 * TW_NANO);
    assert_int_equal(closings[0].washed.nano, 4 * TW_NANO);
    assert_int_equal(closings[0].disallowed_loss.nano, 80 * TW_NANO);
    assert_int_equal(result.disallowed_long.nano, 80 * TW_NANO);
    assert_int_equal(result.disallowed_short.nano, 0);
    assert_int_equal(result.tax.nano, -24 * TW_NANO); /* 20% of -120 */
    lots[1].day--;                                    /* the 31st of May is 31 days before */
    result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.washed.nano, 0);
    /* What is planned counts as well: 30 days after, but not 31, and not of another symbol. */
    tw_tax_purchase purchases[3] = {
        {.quantity = {3 * TW_NANO}, .day = day_of(2024, 7, 31), .symbol = 3},
        {.quantity = {5 * TW_NANO}, .day = day_of(2024, 8, 1), .symbol = 3},
        {.quantity = {7 * TW_NANO}, .day = day_of(2024, 7, 1), .symbol = 4}};
    input.purchases = purchases;
    input.purchase_count = 3;
    result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.washed.nano, 3 * TW_NANO);
    /* No more than is sold. */
    purchases[0].quantity.nano = 30 * TW_NANO;
    result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.washed.nano, 10 * TW_NANO);
    assert_int_equal(result.disallowed_long.nano, 200 * TW_NANO);
    assert_int_equal(result.tax.nano, 0);
    /* Gains are never touched. */
    input.price.nano = 130 * TW_NANO;
    result = close_lots(TW_LOTS_HIGHEST_COST, &input, closings);
    assert_int_equal(result.washed.nano, 0);
}

static void test_the_rest_of_a_lot_is_no_purchase_against_a_part_of_it(void **state) {
    (void)state;
    tw_tax_lot lots[2] = {lot(10, 120, day_of(2024, 6, 20)), lot(2, 130, day_of(2024, 1, 2))};
    tw_tax_lots_input input = sale_of(4, lots, 1);
    tw_tax_closing closings[2];
    tw_tax_lots_result result = close_lots(TW_LOTS_FIRST_IN, &input, closings);
    assert_int_equal(result.washed.nano, 0);
    /* But it is one against the other lot. */
    input = sale_of(4, lots, 2);
    result = close_lots(TW_LOTS_FIRST_IN, &input, closings);
    assert_int_equal(closings[0].lot, 1);
    assert_int_equal(closings[0].washed.nano, 2 * TW_NANO);
    assert_int_equal(closings[1].washed.nano, 0);
    /* What is sold whole leaves nothing that was bought again. */
    input = sale_of(12, lots, 2);
    result = close_lots(TW_LOTS_FIRST_IN, &input, closings);
    assert_int_equal(result.washed.nano, 0);
}

static void test_losses_that_do_not_count_are_rounded_up(void **state) {
    (void)state;
    tw_tax_lot lots[1] = {lot(3, 100, day_of(2023, 1, 2))};
    lots[0].price.nano += 1; /* a loss of 3e-9 on 3 shares, of which a third of one is bought */
    tw_tax_purchase purchases[1] = {
        {.quantity = {TW_NANO / 3}, .day = day_of(2024, 7, 2), .symbol = 3}};
    tw_tax_lots_input input = sale_of(3, lots, 1);
    input.purchases = purchases;
    input.purchase_count = 1;
    tw_tax_closing closings[1];
    (void)close_lots(TW_LOTS_FIRST_IN, &input, closings);
    assert_int_equal(closings[0].gain.nano, -3);
    assert_int_equal(closings[0].disallowed_loss.nano, 1);
}

static void refuse(const tw_tax_lots_config *config, const tw_tax_lots_input *input,
                   tw_status wanted, const char *words) {
    tw_tax_closing closings[LOTS];
    tw_tax_closing before[LOTS];
    memset(closings, 0x5a, sizeof closings);
    memcpy(before, closings, sizeof before);
    tw_tax_lots_result result;
    memset(&result, 0x5a, sizeof result);
    tw_error error = {0};
    assert_int_equal(tw_tax_lots_close(config, input, closings, &result, &error), wanted);
    if (strstr(error.message, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.message, words);
    assert_memory_equal(closings, before, sizeof closings);
    assert_int_equal(result.count, before[0].lot);
    assert_int_equal(tw_tax_lots_close(config, input, closings, &result, NULL), wanted);
}

static void test_the_cost_of_a_trade_is_shared_out_and_makes_losses(void **state) {
    (void)state;
    tw_tax_closing closings[LOTS];
    const tw_tax_lot lots[] = {lot(1, 100, day_of(2024, 1, 2)), lot(2, 40, day_of(2020, 1, 2)),
                               lot(4, 99, day_of(2024, 1, 3))};
    tw_tax_lots_input input = sale_of(7, lots, 3);
    input.trade_cost.nano = 10 * TW_NANO; /* no whole number of 1e-9 a share */
    tw_tax_lots_result result = close_lots(TW_LOTS_LOSS_FIRST, &input, closings);
    assert_int_equal(closings[0].lot, 0); /* 100 - 10/7 is less than 100 and than 99 */
    assert_int_equal(closings[1].lot, 2);
    assert_int_equal(closings[0].proceeds.nano, 100 * TW_NANO - 1428571428);
    assert_int_equal(result.proceeds.nano, 690 * TW_NANO);
    assert_int_equal(result.gain_short.nano, 4 * TW_NANO - 10 * TW_NANO * 5 / 7);
    assert_int_equal(result.gain_short.nano + result.gain_long.nano, 690 * TW_NANO - 576 * TW_NANO);
    input.trade_cost.nano = -1;
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    tw_error error = {0};
    assert_int_equal(tw_tax_lots_close(&config, &input, closings, &result, &error), TW_INVALID);
    assert_non_null(strstr(error.message, "the cost of the sale is below 0"));
}

/* Sold short at 130 and 90, bought back at 100. */
static void test_a_short_position_is_closed_by_a_purchase(void **state) {
    (void)state;
    tw_tax_closing closings[LOTS];
    tw_tax_lot lots[] = {lot(2, 130, day_of(2020, 1, 2)), lot(2, 90, day_of(2024, 6, 20)),
                         lot(9, 10, day_of(2020, 1, 2)), lot(1, 90, day_of(2024, 6, 21))};
    lots[0].is_short = lots[1].is_short = lots[3].is_short = 1;
    tw_tax_lots_input input = sale_of(3, lots, 4);
    input.closes_short = 1;
    input.trade_cost.nano = 3 * TW_NANO;
    tw_tax_lots_result result = close_lots(TW_LOTS_LEAST_TAX, &input, closings);
    assert_int_equal(result.count, 2);
    assert_int_equal(closings[0].lot, 1); /* the loss */
    assert_int_equal(closings[0].proceeds.nano, 180 * TW_NANO);
    assert_int_equal(closings[0].cost.nano, 202 * TW_NANO);
    assert_int_equal(closings[0].gain.nano, -22 * TW_NANO);
    assert_int_equal(closings[1].lot, 3);
    assert_int_equal(closings[1].long_term, 0);
    assert_int_equal(result.washed.nano, 0); /* both that were sold short lately are closed whole */
    input.quantity.nano = 2 * TW_NANO;       /* leaves the one of the 21st of June */
    result = close_lots(TW_LOTS_LEAST_TAX, &input, closings);
    assert_int_equal(result.washed.nano, TW_NANO);
    assert_int_equal(result.disallowed_short.nano, 23 * TW_NANO / 2);
    result = close_lots(TW_LOTS_LOWEST_COST, &input, closings); /* the greatest gain */
    assert_int_equal(closings[0].lot, 0);
    assert_int_equal(closings[0].long_term, 0); /* after four years */
    assert_int_equal(result.gain_short.nano, 57 * TW_NANO);
    input.quantity.nano = 6 * TW_NANO;
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    tw_error error = {0};
    assert_int_equal(tw_tax_lots_close(&config, &input, closings, &result, &error), TW_RANGE);
    assert_non_null(strstr(error.message, "6 are bought back but only 5 are short"));
}

/* Losses of the higher rate first, gains of the lower. */
static void test_the_rates_decide_which_losses_go_first(void **state) {
    (void)state;
    tw_tax_closing closings[LOTS];
    const tw_tax_lot lots[] = {lot(1, 110, day_of(2024, 1, 2)), lot(1, 120, day_of(2020, 1, 2)),
                               lot(1, 80, day_of(2024, 1, 2)), lot(1, 70, day_of(2020, 1, 2))};
    const tw_tax_lots_input input = sale_of(4, lots, 4);
    static const size_t usual[] = {0, 1, 3, 2};
    static const size_t turned[] = {1, 0, 2, 3};
    assert_order(TW_LOTS_LOSS_FIRST, &input, usual);
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    config.order = TW_LOTS_LOSS_FIRST;
    config.long_rate_nano = config.short_rate_nano + 1;
    tw_tax_lots_result result;
    assert_int_equal(tw_tax_lots_close(&config, &input, closings, &result, NULL), TW_OK);
    for (size_t k = 0; k < 4; k++)
        assert_int_equal(closings[k].lot, turned[k]);
}

static void test_what_cannot_be_is_refused_and_nothing_is_written(void **state) {
    (void)state;
    tw_tax_lots_config config;
    tw_tax_lots_config_init(&config);
    tw_tax_lot lots[2] = {lot(10, 120, day_of(2023, 1, 2)), lot(4, 95, day_of(2024, 6, 1))};
    tw_tax_lots_input input = sale_of(15, lots, 2);
    refuse(&config, &input, TW_RANGE, "15 are sold but only 14 are held");
    input = sale_of(0, lots, 2);
    refuse(&config, &input, TW_INVALID, "the sale needs a quantity");
    input = sale_of(1, lots, 0);
    refuse(&config, &input, TW_NOT_FOUND, "no lot");
    input = sale_of(1, lots, 2);
    input.symbol = 9;
    refuse(&config, &input, TW_NOT_FOUND, "no lot");
    input = sale_of(1, lots, 2);
    input.price.nano = -1;
    refuse(&config, &input, TW_INVALID, "the sale needs");
    input = sale_of(1, lots, 2);
    input.day = day_of(2024, 5, 1);
    refuse(&config, &input, TW_INVALID, "lot 1 was bought after the sale");
    input.day = INT64_MAX;
    refuse(&config, &input, TW_INVALID, "the sale needs");
    input = sale_of(1, lots, 2);
    lots[1].quantity.nano = 0;
    refuse(&config, &input, TW_INVALID, "lot 1 needs");
    lots[1] = lot(4, -1, 0);
    refuse(&config, &input, TW_INVALID, "lot 1 needs");
    lots[1] = lot(4, 1, INT64_MIN);
    refuse(&config, &input, TW_INVALID, "lot 1 needs");
    lots[1] = lot(4000000000, 3, 0);
    refuse(&config, &input, TW_OVERFLOW, "the cost of the lots");
    lots[1] = lot(400000000, 1, 0);
    input.quantity.nano = 90000000 * TW_NANO;
    refuse(&config, &input, TW_OVERFLOW, "the proceeds");
    input = sale_of(1, lots, 2);
    tw_tax_purchase purchases[1] = {{.quantity = {0}, .day = 0}};
    input.purchases = purchases;
    input.purchase_count = 1;
    refuse(&config, &input, TW_INVALID, "purchase 0 needs");
    input.purchase_count = 0;
    config.order = 7;
    refuse(&config, &input, TW_INVALID, "no order 7");
    tw_tax_lots_config_init(&config);
    config.long_rate_nano = TW_NANO + 1;
    refuse(&config, &input, TW_INVALID, "a tax rate");
}

static void test_orders_have_names(void **state) {
    (void)state;
    for (int i = 0; i <= TW_LOTS_LEAST_TAX; i++) {
        tw_lots_order order = TW_LOTS_HIGHEST_COST;
        tw_slice name = tw_slice_of(tw_lots_order_name((tw_lots_order)i));
        assert_int_equal(tw_lots_order_parse(name, &order), TW_OK);
        assert_int_equal(order, i);
    }
    tw_lots_order order = TW_LOTS_LONG_TERM;
    assert_int_equal(tw_lots_order_parse(tw_slice_of("fifo"), &order), TW_PARSE);
    assert_int_equal(order, TW_LOTS_LONG_TERM);
    assert_string_equal(tw_lots_order_name((tw_lots_order)99), "?");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_order_is_its_own),
        cmocka_unit_test(test_ties_go_to_the_earlier_purchase_then_the_lower_index),
        cmocka_unit_test(test_the_last_lot_is_closed_in_part),
        cmocka_unit_test(test_a_year_is_of_the_calendar_and_must_be_exceeded),
        cmocka_unit_test(test_the_term_of_a_closing_is_that_of_its_days),
        cmocka_unit_test(test_a_loss_does_not_count_as_far_as_it_is_bought_again),
        cmocka_unit_test(test_the_rest_of_a_lot_is_no_purchase_against_a_part_of_it),
        cmocka_unit_test(test_losses_that_do_not_count_are_rounded_up),
        cmocka_unit_test(test_the_cost_of_a_trade_is_shared_out_and_makes_losses),
        cmocka_unit_test(test_a_short_position_is_closed_by_a_purchase),
        cmocka_unit_test(test_the_rates_decide_which_losses_go_first),
        cmocka_unit_test(test_what_cannot_be_is_refused_and_nothing_is_written),
        cmocka_unit_test(test_orders_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
