/*
 * exchange_symbols.c - which symbols there are, and in which order: the tape's, then those of the
 * file, the list or the prices, else twenty large stocks; then made-up ones, if more were asked
 * for. The order is that of how busy they are (activity.h).
 */
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "exchange_priv.h"
#include "tradewind/tape.h"

enum { LINE_SIZE = 65536 };

static const char *const BUILT_IN_SYMBOLS =
    "AAPL,MSFT,GOOG,AMZN,NVDA,META,TSLA,JPM,V,XOM,WMT,KO,PEP,CSCO,INTC,AMD,NFLX,DIS,BA,CAT";

static tw_status intern(tw_exchange *exchange, tw_slice name, tw_error *error) {
    tw_symbol symbol;
    tw_status status = tw_symbols_intern(exchange->symbols, tw_slice_trim(name), &symbol);
    if (status != TW_OK)
        tw_error_set(error, status, "\"%.*s\" cannot be a symbol: %s", (int)name.size, name.data,
                     tw_status_sentence(status));
    return status;
}

static tw_status intern_list(tw_exchange *exchange, const char *list, tw_error *error) {
    tw_slice rest = tw_slice_of(list);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.data != NULL)
        status = intern(exchange, tw_slice_split(&rest, ','), error);
    return status;
}

/* Names in a text file, separated by commas, blanks or lines; # begins a comment. */
static tw_status intern_line(tw_exchange *exchange, char *line, tw_error *error) {
    tw_status status = TW_OK;
    char *place = NULL;
    line[strcspn(line, "#")] = '\0';
    for (char *name = strtok_r(line, ", \t\r\n", &place); status == TW_OK && name != NULL;
         name = strtok_r(NULL, ", \t\r\n", &place))
        status = intern(exchange, tw_slice_of(name), error);
    return status;
}

static tw_status intern_file(tw_exchange *exchange, const char *path, tw_error *error) {
    char line[LINE_SIZE];
    tw_status status = TW_OK;
    FILE *file = fopen(path, "re");
    if (file == NULL)
        return tw_error_set_errno(error, errno, "cannot open %s", path);
    while (status == TW_OK && fgets(line, sizeof line, file) != NULL) {
        if (strlen(line) + 1 == sizeof line)
            status = tw_error_set(error, TW_PARSE, "%s: a line is longer than %d bytes", path,
                                  LINE_SIZE - 2);
        else
            status = intern_line(exchange, line, error);
    }
    if (status == TW_OK && ferror(file))
        status = tw_error_set_errno(error, errno, "cannot read %s", path);
    fclose(file);
    if (status == TW_OK && tw_symbols_count(exchange->symbols) == 0)
        status = tw_error_set(error, TW_PARSE, "%s: there is no symbol", path);
    return status;
}

/* Fills up to as many symbols as were asked for: ZAAA, ZAAB ... ZZZZ. */
static tw_status intern_made_up(tw_exchange *exchange, tw_error *error) {
    tw_status status = TW_OK;
    for (uint32_t i = 0;
         status == TW_OK && tw_symbols_count(exchange->symbols) < exchange->config.symbol_count;
         i++) {
        char name[] = {'Z', (char)('A' + i / 676), (char)('A' + i / 26 % 26), (char)('A' + i % 26),
                       '\0'};
        status = intern(exchange, tw_slice_of(name), error);
    }
    return status;
}

/* The tape's symbols: as configured, else the file's name up to its first "_". */
static tw_slice tape_symbol_name(const tw_exchange_config *config) {
    if (config->tape_symbol != NULL && config->tape_symbol[0] != '\0')
        return tw_slice_of(config->tape_symbol);
    const char *slash = strrchr(config->tape, '/');
    tw_slice name = tw_slice_of(slash == NULL ? config->tape : slash + 1);
    for (size_t i = 0; i < name.size; i++) {
        if (name.data[i] == '_' || name.data[i] == '.')
            name.size = i;
    }
    return name;
}

/* The tape's symbols are the first. */
static tw_status intern_tape(tw_exchange *exchange, tw_error *error) {
    tw_slice rest = tape_symbol_name(&exchange->config);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.data != NULL)
        status = intern(exchange, tw_slice_split(&rest, ','), error);
    exchange->tape_symbol_count = tw_symbols_count(exchange->symbols);
    return status;
}

/* Columns of the price file whose last row has a value are listed; the others have stopped. */
static tw_status intern_columns(tw_exchange *exchange, const tw_tape_table *table,
                                tw_error *error) {
    tw_status status = TW_OK;
    for (size_t c = 0; status == TW_OK && c < table->column_count; c++) {
        double last = table->values[(table->row_count - 1) * table->column_count + c];
        if (!isnan(last))
            status = intern(exchange, tw_slice_of(table->names[c]), error);
    }
    return status;
}

static tw_status intern_chosen(tw_exchange *exchange, const tw_tape_table *table, tw_error *error) {
    const tw_exchange_config *config = &exchange->config;
    if (config->symbols_file != NULL)
        return intern_file(exchange, config->symbols_file, error);
    if (config->symbols != NULL && config->symbols[0] != '\0')
        return intern_list(exchange, config->symbols, error);
    if (table->row_count > 0)
        return intern_columns(exchange, table, error);
    return intern_list(exchange, BUILT_IN_SYMBOLS, error);
}

tw_status exchange_name_symbols(tw_exchange *exchange, const tw_tape_table *table,
                                tw_error *error) {
    const tw_exchange_config *config = &exchange->config;
    tw_status status = TW_OK;
    if (config->tape != NULL)
        status = intern_tape(exchange, error);
    if (status == TW_OK)
        status = intern_chosen(exchange, table, error);
    return status == TW_OK ? intern_made_up(exchange, error) : status;
}

tw_status exchange_mark_hard_to_borrow(tw_exchange *exchange, tw_error *error) {
    const char *list = exchange->config.hard_to_borrow;
    if (list == NULL || list[0] == '\0')
        return TW_OK;
    tw_slice rest = tw_slice_of(list);
    while (rest.data != NULL) {
        tw_slice name = tw_slice_trim(tw_slice_split(&rest, ','));
        tw_symbol symbol = tw_symbols_find(exchange->symbols, name);
        if (symbol == TW_SYMBOL_NONE)
            return tw_error_set(error, TW_INVALID,
                                "\"%.*s\" cannot be hard to borrow: it is not traded here",
                                (int)name.size, name.data);
        ledger_set_hard_to_borrow(exchange->ledger, symbol);
    }
    return TW_OK;
}
