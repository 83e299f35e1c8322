/*
 * window_pass.c - trades of a file through a window a symbol.
 *
 * A file holds its symbols in any mixture. A ring is made when its symbol is first met, since a
 * file does not say beforehand how many there are.
 */
#include "window_pass.h"

#include <math.h>
#include <string.h>

#include "input.h"
#include "progress.h"

enum { BUFFER_SIZE = 65536, ROW_SIZE_MAX = 512 };

typedef struct pass {
    const window_pass_config *config;
    tw_symbols *symbols;
    tw_tape *tape;
    tw_window **windows; /* [INPUT_SYMBOL_COUNT_MAX], NULL where a symbol has not traded */
    output_file *out;
    char *buffer;
    tw_text text; /* over the buffer */
    progress bar;
    uint64_t count;
} pass;

static tw_status flush(pass *p, tw_error *error) {
    tw_slice rows = tw_text_slice(&p->text);
    tw_status status = rows.size > 0 ? output_file_write(p->out, rows, error) : TW_OK;
    p->text = tw_text_over(p->buffer, BUFFER_SIZE); /* which clears what was there */
    return status;
}

/* The shortest digits that read back. Of at most fifteen they are found without a search: what has
 * nine decimals and reads back is the only such number of so few digits. */
static void append_number(tw_text *text, double value) {
    tw_text_append_char(text, ',');
    if (!isfinite(value))
        return; /* what does not exist is an empty field */
    double nano = value * 1e9;
    if (fabs(nano) < 1e15) {
        int64_t whole = llround(nano);
        if ((double)whole / 1e9 == value) {
            char digits[TW_DECIMAL_TEXT_SIZE];
            size_t size = tw_decimal_format(whole, digits);
            tw_text_append(text, (tw_slice){digits, size});
            return;
        }
    }
    tw_text_append_double(text, value);
}

static void append_row(pass *p, const tw_trade *trade, const tw_window_stats *stats) {
    tw_text *text = &p->text;
    tw_text_append_i64(text, trade->time_ns);
    tw_text_append_char(text, ',');
    tw_text_append_string(text, tw_symbols_name(p->symbols, trade->symbol));
    tw_text_append_char(text, ',');
    tw_text_append_u64(text, stats->n);
    append_number(text, stats->mean);
    append_number(text, stats->stddev);
    append_number(text, stats->min);
    append_number(text, stats->max);
    append_number(text, stats->vwap);
    append_number(text, stats->ema);
    tw_text_append_char(text, '\n');
    TW_ASSERT(!text->truncated);
}

static bool is_wanted(const pass *p, tw_symbol symbol) {
    const char *only = p->config->symbol;
    return only == NULL || strcmp(tw_symbols_name(p->symbols, symbol), only) == 0;
}

static tw_status take(pass *p, const tw_trade *trade, tw_error *error) {
    tw_window **window = &p->windows[trade->symbol];
    tw_status status = TW_OK;
    if (*window == NULL)
        status = tw_window_new(NULL, &p->config->window, window);
    if (status != TW_OK)
        return tw_error_set(error, status, "the window of %s cannot be kept: %s",
                            tw_symbols_name(p->symbols, trade->symbol), tw_status_sentence(status));
    /* The tape has refused times that run backwards and sizes below zero. */
    status = tw_window_push(*window, trade->time_ns, trade->price, trade->quantity);
    TW_ASSERT(status == TW_OK);
    tw_window_stats stats;
    tw_window_read(*window, 0, &stats);
    append_row(p, trade, &stats);
    if (p->config->plot != NULL &&
        !window_plot_put(p->config->plot, trade, tw_symbols_name(p->symbols, trade->symbol),
                         &stats))
        return tw_error_set(error, TW_USAGE,
                            "a picture is of one symbol, and there are trades of %s and of %s: say "
                            "which with --symbol",
                            tw_symbols_name(p->symbols, p->config->plot->symbol),
                            tw_symbols_name(p->symbols, trade->symbol));
    p->count++;
    return p->text.size > BUFFER_SIZE - ROW_SIZE_MAX ? flush(p, error) : TW_OK;
}

static bool is_bad_row(tw_status status) {
    return status == TW_PARSE || status == TW_RANGE;
}

static void show_progress(pass *p) {
    progress_draw(&p->bar, input_fraction(p->tape), p->count);
}

static tw_status read_rows(pass *p, tw_error *error) {
    tw_status status = TW_OK;
    while (status == TW_OK) {
        tw_trade trade;
        tw_error why = {0};
        status = tw_tape_next_trade(p->tape, &trade, &why);
        if (status == TW_OK && is_wanted(p, trade.symbol))
            status = take(p, &trade, &why);
        else if (is_bad_row(status) && p->config->aside != NULL)
            status = rejects_put(p->config->aside, &why, tw_tape_line(p->tape), &why);
        if (status != TW_OK && error != NULL)
            *error = why;
        if (progress_due(&p->bar))
            show_progress(p);
    }
    if (status != TW_EMPTY)
        return status;
    if (p->count == 0 && p->config->symbol != NULL)
        return tw_error_set(error, TW_NOT_FOUND, "%s has no trade of %s",
                            strcmp(p->config->path, "-") == 0 ? "standard input" : p->config->path,
                            p->config->symbol);
    return flush(p, error);
}

static tw_status begin(pass *p, tw_error *error) {
    p->windows = TW_NEW(tw_allocator_system(), INPUT_SYMBOL_COUNT_MAX, tw_window *);
    p->buffer = TW_NEW(tw_allocator_system(), BUFFER_SIZE, char);
    tw_status status = p->windows != NULL && p->buffer != NULL ? TW_OK : TW_NO_MEMORY;
    if (status == TW_OK)
        status = tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &p->symbols);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory to read %s", p->config->path);
    p->text = tw_text_over(p->buffer, BUFFER_SIZE);
    tw_text_append_string(&p->text, "ts_ns,symbol,n,mean,stddev,min,max,vwap,ema\n");
    return input_trades_open(p->config->path, p->symbols, &p->tape, error);
}

tw_status window_pass(const window_pass_config *config, output_file *out, uint64_t *ret_count,
                      tw_error *error) {
    pass p = {.config = config, .out = out};
    progress_start(&p.bar, "trades");
    tw_status status = begin(&p, error);
    if (status == TW_OK)
        status = read_rows(&p, error);
    progress_end(&p.bar);
    *ret_count = p.count;
    for (uint32_t i = 0; p.windows != NULL && i < INPUT_SYMBOL_COUNT_MAX; i++)
        tw_window_free(p.windows[i]);
    TW_DELETE(tw_allocator_system(), p.windows, INPUT_SYMBOL_COUNT_MAX, tw_window *);
    TW_DELETE(tw_allocator_system(), p.buffer, BUFFER_SIZE, char);
    tw_tape_close(p.tape);
    tw_symbols_free(p.symbols);
    return status;
}
