/* model_map.c - random operations on a map and on an array kept in order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tradewind/map.h"

#define ENTRY_MAX 200
#define STEP_COUNT 30000

struct table {
    tw_map_entry entries[ENTRY_MAX];
    size_t count;
    size_t max;
};

/* SplitMix64. */
static uint64_t next_random(uint64_t *seed) {
    uint64_t z = (*seed += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static size_t place_of(const struct table *table, uint64_t key) {
    size_t i = 0;
    while (i < table->count && table->entries[i].key < key)
        i++;
    return i;
}

static bool is_at(const struct table *table, size_t place, uint64_t key) {
    return place < table->count && table->entries[place].key == key;
}

static tw_status table_put(struct table *table, uint64_t key, uint64_t value) {
    size_t place = place_of(table, key);
    if (!is_at(table, place, key)) {
        if (table->count == table->max)
            return TW_FULL;
        memmove(&table->entries[place + 1], &table->entries[place],
                (table->count - place) * sizeof(tw_map_entry));
        table->count++;
    }
    table->entries[place] = (tw_map_entry){key, value};
    return TW_OK;
}

static void table_drop(struct table *table, size_t place) {
    memmove(&table->entries[place], &table->entries[place + 1],
            (table->count - place - 1) * sizeof(tw_map_entry));
    table->count--;
}

/* Few enough keys to meet again; small, great and scattered ones. */
static uint64_t key_of(uint64_t number) {
    uint64_t index = number % 150;
    switch (number / 150 % 3) {
    case 0:
        return index;
    case 1:
        return UINT64_MAX - index;
    default:
        return index << 40;
    }
}

static void step(tw_map *map, struct table *table, uint64_t number, bool filling) {
    uint64_t key = key_of(number >> 8);
    uint64_t value = 1;
    size_t place = place_of(table, key);
    bool known = is_at(table, place, key);
    assert_int_equal(tw_map_get(map, key, &value), known);
    assert_true(value == (known ? table->entries[place].value : 1));
    if ((number & 3) != 0 ? filling : !filling) {
        assert_int_equal(tw_map_put(map, key, number), table_put(table, key, number));
    } else {
        uint64_t dropped = 1;
        assert_int_equal(tw_map_drop(map, key, &dropped), known);
        assert_true(dropped == value);
        if (known)
            table_drop(table, place);
        assert_null(tw_map_find(map, key));
    }
    assert_int_equal(tw_map_count(map), table->count);
}

static void run(uint64_t seed) {
    struct table table = {.max = 1 + next_random(&seed) % ENTRY_MAX};
    tw_map_config config = {.entry_initial = 1 + next_random(&seed) % table.max,
                            .entry_max = table.max,
                            .hash_seed = next_random(&seed)};
    TW_AUTO(tw_map) *map = NULL;
    assert_int_equal(tw_map_new(NULL, &config, &map), TW_OK);
    for (int i = 0; i < STEP_COUNT; i++) {
        step(map, &table, next_random(&seed), (i / 700) % 2 == 0);
        if (i % 16 != 0)
            continue;
        tw_map_entry sorted[ENTRY_MAX];
        tw_map_check(map);
        assert_int_equal(tw_map_sorted(map, sorted, ENTRY_MAX), table.count);
        if (table.count > 0)
            assert_memory_equal(sorted, table.entries, table.count * sizeof(tw_map_entry));
    }
}

static void test_a_map_is_a_sorted_table(void **state) {
    (void)state;
    for (uint64_t seed = 0; seed < 20; seed++)
        run(seed);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_map_is_a_sorted_table)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
