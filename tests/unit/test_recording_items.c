/* test_recording_items.c - what is read as an item, and what no run writes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "recording_items.h"

/* Packs an item as it is and reads it back. */
static tw_status read_back(item_head head, const void *payload) {
    item_context *context = NULL;
    uint8_t bytes[ITEM_PACKED_SIZE_MAX];
    item read = {0};
    assert_int_equal(item_context_new(NULL, 1, &context), TW_OK);
    tw_slice packed = {(const char *)bytes, item_pack(context, &head, payload, bytes)};
    tw_status status = item_unpack(context, &packed, &read);
    if (status == TW_OK) {
        assert_int_equal(packed.size, 0);
        assert_memory_equal(&read.head, &head, sizeof head);
        assert_memory_equal(read.as.words, payload, head.size);
    }
    item_context_free(context);
    return status;
}

/* A call that was answered as always has no item, and no status is above zero. */
static void an_answer_is_a_failure_of_a_known_call(void **state) {
    (void)state;
    static const struct {
        int64_t answer;
        uint8_t group;
        tw_status status;
    } rows[] = {
        {TW_FULL, GROUP_TRADE, TW_OK},
        {INT16_MIN, GROUP_BAR_SHOWN, TW_OK},
        {TW_OK, GROUP_TRADE, TW_CORRUPT},
        {1, GROUP_TRADE, TW_CORRUPT},
        {INT16_MIN - 1, GROUP_TRADE, TW_CORRUPT},
        {INT64_MIN, GROUP_TRADE, TW_CORRUPT},
        {TW_FULL, GROUP_COUNT, TW_CORRUPT},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        item_head head = {.kind = ITEM_ANSWER, .sub = rows[i].group, .size = 8, .call = 3};
        assert_int_equal(read_back(head, &rows[i].answer), rows[i].status);
    }
}

static void a_kill_has_a_level_and_a_source(void **state) {
    (void)state;
    static const uint64_t nothing = 0;
    for (unsigned sub = 0; sub < 256; sub++) {
        item_head head = {.kind = ITEM_KILL, .sub = (uint8_t)sub};
        bool known = (sub & 15) <= TW_KILL_FLATTEN && sub >> 4 <= TW_KILL_BY_PAGE;
        assert_int_equal(read_back(head, &nothing), known ? TW_OK : TW_CORRUPT);
    }
}

/* An id without an end would be read beyond it. */
static void texts_have_an_end(void **state) {
    (void)state;
    tw_order order = {.quantity = {1}, .client_order_id = "a", .venue_order_id = "b"};
    item_head head = {.kind = ITEM_ADOPTED, .size = sizeof order};
    assert_int_equal(read_back(head, &order), TW_OK);
    memset(order.client_order_id, 'x', sizeof order.client_order_id);
    assert_int_equal(read_back(head, &order), TW_CORRUPT);
    order.client_order_id[0] = '\0';
    memset(order.venue_order_id, 'x', sizeof order.venue_order_id);
    assert_int_equal(read_back(head, &order), TW_CORRUPT);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_a_failure_of_a_known_call),
        cmocka_unit_test(a_kill_has_a_level_and_a_source),
        cmocka_unit_test(texts_have_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
