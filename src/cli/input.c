/* input.c - opens what commands read and says clearly what is not there. */
#include "input.h"

#include <stdlib.h>
#include <string.h>

/* How many symbols a message lists. */
enum { SHOWN_COUNT = 5 };

static tw_status bad_input(tw_status status, tw_error *error) {
    if (status != TW_INVALID)
        return status;
    error->status = TW_PARSE;
    return TW_PARSE;
}

/* ---- symbols ------------------------------------------------------------------------------- */

static tw_status ignore_symbol(void *context, tw_symbol symbol, const char *name) {
    (void)context;
    (void)symbol;
    (void)name;
    return TW_OK; /* reading them has put them into the table */
}

static tw_status unknown_symbol(const input_store *input, const char *path, const char *name,
                                tw_error *error) {
    char memory[SHOWN_COUNT * (TW_SYMBOL_NAME_SIZE + 2) + 32];
    tw_text known = tw_text_over(memory, sizeof memory);
    uint32_t count = tw_symbols_count(input->symbols);
    for (uint32_t i = 0; i < count && i < SHOWN_COUNT; i++)
        tw_text_append_format(&known, "%s%s", i == 0 ? "" : ", ",
                              tw_symbols_name(input->symbols, i));
    if (count > SHOWN_COUNT)
        tw_text_append_format(&known, " and %lu more", (unsigned long)(count - SHOWN_COUNT));
    if (count == 0)
        return tw_error_set(error, TW_NOT_FOUND, "%s has no symbol \"%s\": it has none at all",
                            path, name);
    return tw_error_set(error, TW_NOT_FOUND, "%s has no symbol \"%s\"; it has %s", path, name,
                        memory);
}

static tw_status choose_named(input_store *input, const char *path, const char *name,
                              tw_error *error) {
    input_symbol *chosen = &input->chosen[input->chosen_count];
    chosen->symbol = tw_symbols_find(input->symbols, tw_slice_of(name));
    if (chosen->symbol == TW_SYMBOL_NONE)
        return unknown_symbol(input, path, name, error);
    for (uint32_t i = 0; i < input->chosen_count; i++) {
        if (input->chosen[i].symbol == chosen->symbol)
            return tw_error_set(error, TW_USAGE, "%s is named twice", name);
    }
    chosen->name = tw_symbols_name(input->symbols, chosen->symbol);
    tw_status status = tw_store_last_trade(input->store, chosen->symbol, &chosen->newest_ns, error);
    if (status == TW_EMPTY)
        return tw_error_set(error, TW_EMPTY, "%s has no trades of %s", path, name);
    if (status == TW_OK)
        input->chosen_count++;
    return status;
}

static int by_name(const void *a, const void *b) {
    return strcmp(((const input_symbol *)a)->name, ((const input_symbol *)b)->name);
}

static tw_status choose_all(input_store *input, const char *path, tw_error *error) {
    uint32_t count = tw_symbols_count(input->symbols);
    for (uint32_t i = 0; i < count; i++) {
        input_symbol *chosen = &input->chosen[input->chosen_count];
        *chosen = (input_symbol){.name = tw_symbols_name(input->symbols, i), .symbol = i};
        tw_status status = tw_store_last_trade(input->store, i, &chosen->newest_ns, error);
        if (status == TW_OK)
            input->chosen_count++;
        else if (status != TW_EMPTY)
            return status;
    }
    if (input->chosen_count == 0)
        return tw_error_set(error, TW_EMPTY, "%s has no trades", path);
    qsort(input->chosen, input->chosen_count, sizeof input->chosen[0], by_name);
    return TW_OK;
}

static tw_status choose(input_store *input, const char *path, const char *const *names,
                        size_t name_count, tw_error *error) {
    uint32_t count = tw_symbols_count(input->symbols);
    if (name_count > count) /* one of them cannot be there */
        count = (uint32_t)name_count;
    input->chosen_capacity = count + 1;
    input->chosen = TW_NEW(NULL, input->chosen_capacity, input_symbol);
    if (input->chosen == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the symbols of %s", path);
    if (name_count == 0)
        return choose_all(input, path, error);
    tw_status status = TW_OK;
    for (size_t i = 0; i < name_count && status == TW_OK; i++)
        status = choose_named(input, path, names[i], error);
    return status;
}

/* ---- opening ------------------------------------------------------------------------------- */

tw_status input_any_store_open(const char *path, tw_store_mode mode, tw_symbols **ret_symbols,
                               tw_store **ret_store, tw_error *error) {
    *ret_symbols = NULL;
    *ret_store = NULL;
    tw_status status = tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, ret_symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory to open a store");
    const tw_store_config config = {.path = path, .mode = (uint8_t)mode, .symbols = *ret_symbols};
    status = tw_store_open(&config, ret_store, error);
    if (status != TW_OK)
        return bad_input(status, error);
    return tw_store_read_symbols(*ret_store, ignore_symbol, NULL, error);
}

tw_status input_store_open(input_store *input, const char *path, const char *const *names,
                           size_t name_count, tw_error *error) {
    *input = (input_store){0};
    tw_status status =
        input_any_store_open(path, TW_STORE_READ, &input->symbols, &input->store, error);
    return status == TW_OK ? choose(input, tw_store_path(input->store), names, name_count, error)
                           : status;
}

void input_store_close(input_store *input) {
    tw_store_free(input->store);
    TW_DELETE(NULL, input->chosen, input->chosen_capacity, input_symbol);
    tw_symbols_free(input->symbols);
    *input = (input_store){0};
}

tw_status input_trades_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                            tw_error *error) {
    const tw_tape_config config = {.path = path, .format = TW_TAPE_TRADES, .symbols = symbols};
    return bad_input(tw_tape_open(&config, ret_tape, error), error);
}

tw_status input_reports_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                             tw_error *error) {
    const tw_tape_config config = {
        .path = path, .format = TW_TAPE_TRADES, .symbols = symbols, .as_reported = true};
    return bad_input(tw_tape_open(&config, ret_tape, error), error);
}

tw_status input_bars_open(const char *path, tw_symbols *symbols, tw_tape **ret_tape,
                          tw_error *error) {
    const tw_tape_config config = {.path = path, .format = TW_TAPE_BARS, .symbols = symbols};
    return bad_input(tw_tape_open(&config, ret_tape, error), error);
}

tw_status input_rows_open(const char *path, tw_tape **ret_tape, tw_error *error) {
    const tw_tape_config config = {.path = path, .format = TW_TAPE_ROWS};
    return bad_input(tw_tape_open(&config, ret_tape, error), error);
}

double input_fraction(const tw_tape *tape) {
    tw_tape_position position = tw_tape_tell(tape);
    return position.bytes > 0 ? (double)position.bytes_read / (double)position.bytes : -1.0;
}
