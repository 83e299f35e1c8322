/*
 * run_symbols.c - see run_symbols.h.
 *
 * The exchange of a demo fixes what there is; else it is what --symbols and --targets name.
 */
#include "run_symbols.h"

#include <math.h>

#include "named_rows.h"

/* A target that no row has set yet. */
static const double TARGET_NONE = -1.0;

static tw_status add_symbol(run_session *session, tw_slice name, tw_error *error) {
    tw_symbol symbol;
    tw_status status = tw_symbols_intern(session->symbols, tw_slice_trim(name), &symbol);
    if (status != TW_OK)
        tw_error_set(error, status == TW_FULL ? TW_FULL : TW_USAGE,
                     "\"%.*s\" cannot be a symbol: %s", (int)name.size, name.data,
                     tw_status_sentence(status));
    return status;
}

enum { TARGET_SYMBOL, TARGET_WEIGHT };

static tw_status read_weight(const named_rows *rows, double *total, double *ret_weight,
                             tw_error *error) {
    static const char wanted[] = "a number like 0.25 for the weight";
    tw_status status = named_rows_number(rows, TARGET_WEIGHT, wanted, ret_weight, error);
    if (status != TW_OK)
        return status;
    if (!(*ret_weight >= 0.0 && *ret_weight <= 1.0))
        return named_rows_bad(rows, TARGET_WEIGHT, TW_RANGE, error,
                              "the weight must be 0 to 1, not %.6g", *ret_weight);
    *total += *ret_weight;
    if (*total > 1.0 + 1e-9)
        return named_rows_bad(rows, TARGET_WEIGHT, TW_RANGE, error,
                              "the weights add up to %.6g here, which is more than 1", *total);
    return TW_OK;
}

/* Reads one row. Symbols are added to the table unless the exchange fixed them. */
static tw_status read_target(run_session *session, const named_rows *rows, double *total,
                             tw_error *error) {
    tw_slice name = named_rows_field(rows, TARGET_SYMBOL);
    double weight = 0.0;
    tw_status status = read_weight(rows, total, &weight, error);
    if (status != TW_OK)
        return status;
    if (session->exchange == NULL && add_symbol(session, name, error) != TW_OK)
        return named_rows_bad(rows, TARGET_SYMBOL, error->status == TW_FULL ? TW_FULL : TW_PARSE,
                              error, "\"%.*s\" cannot be a symbol", (int)name.size, name.data);
    tw_symbol symbol = tw_symbols_find(session->symbols, name);
    if (symbol == TW_SYMBOL_NONE)
        return named_rows_bad(rows, TARGET_SYMBOL, TW_RANGE, error,
                              "the exchange has no symbol \"%.*s\"; name it with --symbols",
                              (int)name.size, name.data);
    if (session->targets[symbol] != TARGET_NONE)
        return named_rows_bad(rows, TARGET_SYMBOL, TW_PARSE, error, "\"%.*s\" is there twice",
                              (int)name.size, name.data);
    session->targets[symbol] = weight;
    return TW_OK;
}

/* The file is one of targets of `rebalance`, too, whose bands are not used here. */
static tw_status read_target_rows(run_session *session, size_t *ret_count, tw_error *error) {
    static const named_column columns[] = {{"symbol", true}, {"weight", true}, {"band", false}};
    named_rows rows;
    double total = 0.0;
    tw_status status = named_rows_open(&rows, session->options->targets, columns,
                                       sizeof columns / sizeof columns[0], error);
    while (status == TW_OK && (status = named_rows_next(&rows, error)) == TW_OK) {
        status = read_target(session, &rows, &total, error);
        *ret_count += status == TW_OK ? 1 : 0;
    }
    named_rows_close(&rows);
    return status;
}

/* Symbols that the file does not name have the target zero. */
static tw_status read_targets(run_session *session, tw_error *error) {
    size_t count = 0;
    if (session->options->targets[0] == '\0')
        return TW_OK;
    session->targets = TW_NEW(NULL, RUN_SYMBOL_COUNT_MAX, double);
    if (session->targets == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the targets");
    for (size_t i = 0; i < RUN_SYMBOL_COUNT_MAX; i++)
        session->targets[i] = TARGET_NONE;
    tw_status status = read_target_rows(session, &count, error);
    if (status != TW_EMPTY)
        return status;
    if (count == 0)
        return tw_error_set_at(error, TW_EMPTY, session->options->targets, 1, 0,
                               "there is no target after the header");
    for (size_t i = 0; i < RUN_SYMBOL_COUNT_MAX; i++)
        session->targets[i] = fmax(session->targets[i], 0.0);
    return TW_OK;
}

static tw_status add_symbol_list(run_session *session, tw_error *error) {
    tw_slice rest = tw_slice_of(session->market->symbols);
    tw_status status = TW_OK;
    while (status == TW_OK && rest.size > 0)
        status = add_symbol(session, tw_slice_split(&rest, ','), error);
    return status;
}

tw_status run_symbols_make(run_session *session, tw_error *error) {
    tw_status status = tw_symbols_new(NULL, RUN_SYMBOL_COUNT_MAX, &session->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "no memory for the symbols");
    for (uint32_t i = 0; session->exchange != NULL && status == TW_OK &&
                         i < tw_exchange_symbol_count(session->exchange);
         i++)
        status =
            add_symbol(session, tw_slice_of(tw_exchange_symbol_name(session->exchange, i)), error);
    if (status == TW_OK && session->exchange == NULL)
        status = add_symbol_list(session, error);
    if (status == TW_OK)
        status = read_targets(session, error);
    session->symbol_count = tw_symbols_count(session->symbols);
    if (status == TW_OK && session->symbol_count == 0)
        status = tw_error_set(error, TW_USAGE,
                              "there is nothing to trade: name symbols with --symbols AAPL,MSFT or "
                              "weights with --targets FILE");
    return status;
}
