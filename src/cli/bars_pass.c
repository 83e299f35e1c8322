/*
 * bars_pass.c - trades through tw_bars into the writer.
 *
 * A file holds its symbols in any mixture, and each has a clock of its own: a bar ends by a trade
 * of its own symbol or with the file, never because another symbol is further on. So a file that
 * holds one symbol after the other gives the same bars as one that is sorted by time.
 *
 * With a horizon each symbol has a set of its own, made when it is first seen: what has to be kept
 * for corrections is a lot for a symbol, and how many there are is not known before. A row that
 * takes a trade back waits for the next one, which may be what it is corrected to.
 */
#include "bars_pass.h"

#include <stdio.h>
#include <string.h>

#include "progress.h"

enum { HORIZON_BAR_MAX = 8192 }; /* of a symbol that can be revised */

/* Where bars go while a pass runs. */
typedef struct bars_route {
    bars_writer *writer;
    const bars_plan *plan;
    const tw_symbols *symbols;
    tw_symbol only; /* every bar is of this one (a store); TW_SYMBOL_NONE: each says its own */
} bars_route;

static void plot_bar(const bars_route *route, const tw_bar *bar, const tw_bars_detail *detail) {
    bars_plot *plot = route->plan->plot;
    if (plot == NULL || route->writer->error.status != TW_OK || bars_plot_put(plot, bar, detail))
        return;
    (void)tw_error_set(&route->writer->error, TW_USAGE,
                       "there is more than one symbol (%s, %s ...): choose the one to plot with "
                       "--symbol",
                       tw_symbols_name(route->symbols, plot->symbol),
                       tw_symbols_name(route->symbols, bar->symbol));
}

static void on_bar(void *context, const tw_bar *bar, const tw_bars_detail *detail) {
    const bars_route *route = context;
    tw_bar named = *bar;
    if (route->only != TW_SYMBOL_NONE)
        named.symbol = route->only;
    bars_writer_put(route->writer, detail->frame, &named, route->symbols);
    plot_bar(route, &named, detail);
}

static tw_status make_bars(const bars_route *route, uint32_t symbol_count_max, tw_bars **ret_bars,
                           tw_error *error) {
    const bars_frames *frames = &route->writer->frames;
    tw_bars_config config = {.frame_count = frames->count,
                             .symbol_count_max = symbol_count_max,
                             .zone = route->plan->zone,
                             .empty_count_max = route->plan->empty_count_max,
                             .stamp_close = route->plan->stamp_close,
                             .skip_partial = route->plan->skip_partial,
                             .has_conditions = route->plan->conditions != '\0',
                             .has_tape_c = route->plan->conditions == 'T',
                             .horizon_ns = route->plan->horizon_ns,
                             .horizon_trade_max = route->plan->horizon_trade_max,
                             .horizon_bar_max = HORIZON_BAR_MAX};
    memcpy(config.frames, frames->frames, sizeof config.frames);
    if (config.has_conditions)
        tw_bars_conditions_consolidated(route->plan->conditions == 'C' ? 'C' : 'A',
                                        &config.conditions);
    if (config.has_tape_c)
        tw_bars_conditions_consolidated('C', &config.tape_c);
    tw_status status = tw_bars_new(NULL, &config, ret_bars);
    if (status != TW_OK)
        return tw_error_set(error, status, "the bars cannot be kept: %s",
                            tw_status_sentence(status));
    return TW_OK;
}

static void add_counts(const tw_bars *bars, bars_totals *totals) {
    tw_bars_counts counts;
    if (bars == NULL)
        return;
    tw_bars_count(bars, &counts);
    for (int i = 0; i < TW_BARS_REASON_COUNT; i++)
        totals->excluded += counts.excluded[i];
    for (int i = 0; i < TW_BARS_FRAME_COUNT_MAX; i++)
        totals->revisions += counts.revisions[i];
    totals->cancelled += counts.cancelled;
    totals->corrected += counts.corrected;
    totals->unknown += counts.unknown;
    totals->squeezed += counts.squeezed;
}

static void name_plotted(const bars_route *route, bars_totals *totals) {
    const bars_plot *plot = route->plan->plot;
    if (plot != NULL && plot->symbol != TW_SYMBOL_NONE)
        snprintf(totals->plotted, sizeof totals->plotted, "%s",
                 tw_symbols_name(route->symbols, plot->symbol));
}

/* The sentence for a trade that is well written but that no bar can take. */
static const char *refusal_of(tw_status status) {
    if (status == TW_RANGE)
        return "the time is too far from today for a bar";
    if (status == TW_LIMIT)
        return "this trade alone would make more than 65536 bars of one kind";
    if (status == TW_OVERFLOW)
        return "with this size the volume of a bar would pass 9223372036.854775807";
    return tw_status_sentence(status);
}

/* ---- a file -------------------------------------------------------------------------------- */

typedef struct file_pass {
    const char *path;
    tw_symbols *symbols;
    tw_tape *tape;
    tw_bars *bars;  /* of all symbols; with a horizon NULL, and */
    tw_bars **sets; /* [INPUT_SYMBOL_COUNT_MAX], each of one, or NULL where it was not seen */
    bars_route route;
    tw_slice only; /* symbol; empty: all */
    rejects *aside;
    progress bar;
    tw_trade taken_back; /* with a horizon: waits for what it is corrected to */
    bool has_taken_back;
    uint64_t trades;
    uint64_t late;
} file_pass;

static tw_status set_of(file_pass *pass, tw_symbol symbol, tw_bars **ret_set, tw_error *error) {
    tw_bars **set = &pass->sets[symbol];
    tw_status status = *set == NULL ? make_bars(&pass->route, 1, set, error) : TW_OK;
    pass->route.only = symbol;
    *ret_set = *set;
    return status;
}

/* What is not kept any more cannot be taken back, which is counted. */
static tw_status take_back(file_pass *pass, tw_error *error) {
    tw_bars *set = NULL;
    pass->has_taken_back = false;
    tw_status status = set_of(pass, pass->taken_back.symbol, &set, error);
    if (status == TW_OK)
        status = tw_bars_cancel(set, 0, pass->taken_back.id, on_bar, &pass->route);
    return status == TW_NOT_FOUND ? TW_OK : status;
}

/* A row as it was reported: a trade, one taken back, or what one was corrected to. */
static tw_status take_reported(file_pass *pass, const tw_trade *trade, tw_error *error) {
    const tw_trade *before = &pass->taken_back;
    bool corrects = pass->has_taken_back && before->symbol == trade->symbol &&
                    before->id == trade->id && trade->quantity.nano > 0;
    tw_bars *set = NULL;
    tw_status status = TW_OK;
    if (pass->has_taken_back && !corrects)
        status = take_back(pass, error);
    if (status == TW_OK && trade->quantity.nano == 0) {
        pass->taken_back = *trade;
        pass->has_taken_back = true;
        return TW_OK;
    }
    if (status == TW_OK)
        status = set_of(pass, trade->symbol, &set, error);
    if (status != TW_OK)
        return status;
    tw_trade own = *trade;
    own.symbol = 0;
    pass->has_taken_back = false;
    if (!corrects)
        return tw_bars_push(set, &own, on_bar, &pass->route);
    status = tw_bars_correct(set, own.id, &own, on_bar, &pass->route);
    return status == TW_NOT_FOUND ? TW_OK : status;
}

static tw_status take_row(file_pass *pass, tw_error *error) {
    enum { TIME_FIELD = 1, SIZE_FIELD = 4 };
    tw_trade trade;
    tw_status status = tw_tape_next_trade(pass->tape, &trade, error);
    if (status != TW_OK)
        return status;
    if (pass->only.size > 0 &&
        !tw_slice_equal_string(pass->only, tw_symbols_name(pass->symbols, trade.symbol)))
        return TW_OK;
    status = pass->sets != NULL ? take_reported(pass, &trade, error)
                                : tw_bars_push(pass->bars, &trade, on_bar, &pass->route);
    if (status == TW_STATE) {
        pass->late++;
        status = TW_OK;
    }
    if (status == TW_NO_MEMORY)
        return status;
    const char *where = strcmp(pass->path, "-") == 0 ? "standard input" : pass->path;
    int field = status == TW_RANGE ? TIME_FIELD : SIZE_FIELD;
    if (status != TW_OK) /* a limit of what is made of the data is a fault of the data here */
        return tw_error_set_at(error, status == TW_LIMIT ? TW_RANGE : status, where,
                               tw_tape_tell(pass->tape).line, (uint64_t)field, "%s",
                               refusal_of(status));
    pass->trades += trade.quantity.nano > 0;
    return TW_OK;
}

static bool is_bad_row(tw_status status) {
    return status == TW_PARSE || status == TW_RANGE || status == TW_OVERFLOW || status == TW_LIMIT;
}

static void show_file_progress(file_pass *pass) {
    progress_draw(&pass->bar, input_fraction(pass->tape), pass->trades);
}

static tw_status flush_all(file_pass *pass, tw_error *error) {
    if (pass->sets == NULL) {
        tw_bars_flush(pass->bars, on_bar, &pass->route);
        return TW_OK;
    }
    tw_status status = pass->has_taken_back ? take_back(pass, error) : TW_OK;
    for (tw_symbol symbol = 0; symbol < INPUT_SYMBOL_COUNT_MAX && status == TW_OK; symbol++) {
        pass->route.only = symbol;
        if (pass->sets[symbol] != NULL)
            tw_bars_flush(pass->sets[symbol], on_bar, &pass->route);
    }
    return status;
}

static tw_status read_rows(file_pass *pass, tw_error *error) {
    tw_status status = TW_OK;
    while (status == TW_OK) {
        tw_error why = {0};
        status = take_row(pass, &why);
        if (is_bad_row(status) && pass->aside != NULL)
            status = rejects_put(pass->aside, &why, tw_tape_line(pass->tape), &why);
        if (status == TW_OK)
            status = pass->route.writer->error.status;
        else if (error != NULL)
            *error = why;
        if (progress_due(&pass->bar))
            show_file_progress(pass);
    }
    if (status == TW_EMPTY) /* the end, in its right place */
        status = flush_all(pass, error);
    if (pass->route.writer->error.status != TW_OK && error != NULL)
        *error = pass->route.writer->error;
    return status == TW_OK ? pass->route.writer->error.status : status;
}

static tw_status begin_file(file_pass *pass, tw_error *error) {
    bool reported = pass->route.plan->horizon_ns > 0;
    tw_status status = tw_symbols_new(NULL, INPUT_SYMBOL_COUNT_MAX, &pass->symbols);
    if (status == TW_OK && reported)
        pass->sets = TW_NEW(NULL, INPUT_SYMBOL_COUNT_MAX, tw_bars *);
    if (status != TW_OK || (reported && pass->sets == NULL))
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to read %s", pass->path);
    pass->route.symbols = pass->symbols;
    progress_start(&pass->bar, "trades");
    status = reported ? input_reports_open(pass->path, pass->symbols, &pass->tape, error)
                      : input_trades_open(pass->path, pass->symbols, &pass->tape, error);
    if (status == TW_OK && !reported)
        status = make_bars(&pass->route, INPUT_SYMBOL_COUNT_MAX, &pass->bars, error);
    return status;
}

static void end_file(file_pass *pass, bars_totals *totals) {
    for (tw_symbol i = 0; pass->sets != NULL && i < INPUT_SYMBOL_COUNT_MAX; i++) {
        add_counts(pass->sets[i], totals);
        tw_bars_free(pass->sets[i]);
    }
    TW_DELETE(NULL, pass->sets, INPUT_SYMBOL_COUNT_MAX, tw_bars *);
    tw_bars_free(pass->bars);
    tw_tape_close(pass->tape);
    tw_symbols_free(pass->symbols);
}

tw_status bars_pass_file(const char *path, const bars_plan *plan, bars_writer *writer,
                         rejects *aside, bars_totals *ret_totals, tw_error *error) {
    file_pass pass = {.path = path,
                      .aside = aside,
                      .only = tw_slice_of(plan->symbol),
                      .route = {.writer = writer, .plan = plan, .only = TW_SYMBOL_NONE}};
    tw_status status = begin_file(&pass, error);
    if (status == TW_OK)
        status = read_rows(&pass, error);
    progress_end(&pass.bar);
    *ret_totals = (bars_totals){.trades = pass.trades,
                                .late = pass.late,
                                .skipped = aside != NULL ? aside->count : 0,
                                .seconds = progress_seconds(&pass.bar)};
    add_counts(pass.bars, ret_totals);
    name_plotted(&pass.route, ret_totals);
    end_file(&pass, ret_totals);
    return status;
}

/* ---- a store ------------------------------------------------------------------------------- */

typedef struct store_pass {
    const input_store *input;
    bars_route route;
    tw_bars *bars;    /* of the symbol at hand, alone */
    uint32_t current; /* which one of the chosen */
    int64_t first_ns; /* its first trade; where its last one is, is known */
    bool begun;
    uint64_t trades;
    bars_totals totals;
    progress bar;
    tw_error *error;
} store_pass;

/* Symbols count alike; within one, time does. */
static void show_store_progress(store_pass *pass, int64_t time_ns) {
    const input_symbol *symbol = &pass->input->chosen[pass->current];
    double span = (double)symbol->newest_ns - (double)pass->first_ns;
    double within = span > 0.0 ? ((double)time_ns - (double)pass->first_ns) / span : 0.0;
    progress_draw(&pass->bar, (pass->current + within) / pass->input->chosen_count, pass->trades);
}

static tw_status on_trade(void *context, const tw_trade *stored) {
    store_pass *pass = context;
    tw_trade trade = *stored;
    trade.symbol = 0; /* the only one of pass->bars */
    if (!pass->begun)
        pass->first_ns = trade.time_ns;
    pass->begun = true;
    tw_status status = tw_bars_push(pass->bars, &trade, on_bar, &pass->route);
    if (status != TW_OK)
        return tw_error_set(pass->error, status == TW_LIMIT ? TW_RANGE : status,
                            "the trade of %s at %lld: %s",
                            tw_symbols_name(pass->route.symbols, pass->route.only),
                            (long long)trade.time_ns, refusal_of(status));
    pass->trades++;
    if (progress_due(&pass->bar))
        show_store_progress(pass, trade.time_ns);
    if (pass->route.writer->error.status != TW_OK && pass->error != NULL)
        *pass->error = pass->route.writer->error;
    return pass->route.writer->error.status;
}

static tw_status pass_symbol(store_pass *pass, const input_symbol *symbol, tw_error *error) {
    tw_status status = make_bars(&pass->route, 1, &pass->bars, error);
    if (status != TW_OK)
        return status;
    pass->route.only = symbol->symbol;
    pass->begun = false;
    const tw_store_range range = {
        .from_ns = INT64_MIN, .to_ns = INT64_MAX, .symbol = symbol->symbol};
    status = tw_store_read_trades(pass->input->store, &range, on_trade, pass, error);
    if (status == TW_OK)
        tw_bars_flush(pass->bars, on_bar, &pass->route);
    add_counts(pass->bars, &pass->totals);
    tw_bars_free(pass->bars);
    pass->bars = NULL;
    return status;
}

tw_status bars_pass_store(const input_store *input, const bars_plan *plan, bars_writer *writer,
                          bars_totals *ret_totals, tw_error *error) {
    store_pass pass = {.input = input,
                       .route = {.writer = writer, .plan = plan, .symbols = input->symbols},
                       .error = error};
    tw_status status = TW_OK;
    progress_start(&pass.bar, "trades");
    for (uint32_t i = 0; i < input->chosen_count && status == TW_OK; i++) {
        pass.current = i;
        status = pass_symbol(&pass, &input->chosen[i], error);
    }
    progress_end(&pass.bar);
    *ret_totals = pass.totals;
    ret_totals->trades = pass.trades;
    ret_totals->seconds = progress_seconds(&pass.bar);
    name_plotted(&pass.route, ret_totals);
    if (status == TW_OK && writer->error.status != TW_OK) {
        status = writer->error.status;
        if (error != NULL)
            *error = writer->error;
    }
    return status;
}
