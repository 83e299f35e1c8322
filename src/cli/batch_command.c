/* batch_command.c - `tradewind batch`: bars of files as features of every symbol at once. */
#include <string.h>

#include "batch_cleaning.h"
#include "batch_options.h"
#include "batch_plot.h"
#include "batch_report.h"
#include "batch_splits.h"
#include "command.h"
#include "interruption.h"
#include "tradewind/time.h"
#include "tradewind/workers.h"
#include "zone_file.h"

/* What one run holds. */
typedef struct batch_run {
    const batch_options *options;
    const tw_arguments *arguments;
    char texts[TW_CONFIG_TEXT_SIZE]; /* the list, cut into words */
    const char *words[TW_FEATURES_COUNT_MAX];
    size_t word_count;
    int64_t timeframe_ns;
    batch_files files;
    batch_input input;
    uint64_t bar_count;
    batch_panel panel;
    tw_workers *workers;
    tw_features *features;
    double *benchmark;
    double *values[TW_FEATURES_COUNT_MAX * TW_INDICATOR_OUTPUTS_MAX];
    rejects aside;
    output_file out;
    output_file picture;
} batch_run;

/* ---- features --------------------------------------------------------------------------- */

/* Cuts the list at the commas outside of brackets. */
static tw_status cut_list(batch_run *all, tw_error *error) {
    int depth = 0;
    memcpy(all->texts, all->options->features, sizeof all->texts);
    all->words[all->word_count++] = all->texts;
    for (char *at = all->texts; *at != '\0'; at++) {
        depth += *at == '(' ? 1 : 0;
        depth -= *at == ')' ? 1 : 0;
        if (*at != ',' || depth > 0)
            continue;
        if (all->word_count == TW_FEATURES_COUNT_MAX)
            return tw_error_set(error, TW_USAGE, "--features: at most %d at once",
                                TW_FEATURES_COUNT_MAX);
        *at = '\0';
        all->words[all->word_count++] = at + 1;
    }
    return TW_OK;
}

static tw_status make_features(batch_run *all, size_t columns, tw_error *error) {
    const tw_features_config config = {
        .texts = all->words,
        .count = all->word_count,
        .columns_max = columns,
        .runner = all->workers != NULL ? tw_workers_runner(all->workers) : NULL};
    return tw_features_new(NULL, &config, &all->features, error);
}

static tw_status check_names(const tw_features *features, tw_error *error) {
    for (size_t a = 0; a < tw_features_outputs(features); a++) {
        for (size_t b = 0; b < a; b++) {
            if (strcmp(tw_features_name(features, a), tw_features_name(features, b)) == 0)
                return tw_error_set(error, TW_USAGE, "--features: %s is there twice",
                                    tw_features_name(features, a));
        }
    }
    return TW_OK;
}

/* Before anything is read: the features as those of one symbol. */
static tw_status check_features(batch_run *all, tw_error *error) {
    tw_status status = cut_list(all, error);
    if (status == TW_OK)
        status = make_features(all, 1, error);
    if (status == TW_NOT_FOUND || status == TW_PARSE || status == TW_RANGE)
        return tw_error_set(error, TW_USAGE, "--features: %s", error->message);
    if (status == TW_OK)
        status = check_names(all->features, error);
    bool pairs =
        status == TW_OK && (tw_features_inputs(all->features) & 1U << TW_INDICATOR_OTHER) != 0;
    tw_features_free(all->features);
    all->features = NULL;
    if (pairs && all->options->benchmark[0] == '\0')
        return tw_error_set(error, TW_USAGE,
                            "one of the features compares with another symbol: say which with "
                            "--benchmark SYMBOL");
    return status;
}

static tw_status check_timeframe(batch_run *all, tw_error *error) {
    const char *text = all->options->timeframe;
    if (text[0] == '\0' || tw_timeframe_parse(tw_slice_of(text), &all->timeframe_ns) == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_USAGE, "--timeframe: \"%s\" is none; write for instance 1m or 1d",
                        text);
}

/* ---- run ----------------------------------------------------------------------------------- */

static tw_status read_input(batch_run *all, tw_error *error) {
    bool skips = all->options->skip_bad[0] != '\0';
    all->aside.several = all->arguments->operand_count > 1;
    all->files = (batch_files){.paths = all->arguments->operands,
                               .count = all->arguments->operand_count,
                               .timeframe_ns = all->timeframe_ns,
                               .aside = skips ? &all->aside : NULL};
    tw_status status = skips ? rejects_open(&all->aside, all->options->skip_bad, error) : TW_OK;
    return status == TW_OK ? batch_input_read(&all->input, &all->files, error) : status;
}

static tw_status make_panel(batch_run *all, tw_error *error) {
    const batch_options *options = all->options;
    TW_AUTO(tw_zone) *zone = NULL;
    const batch_cleaning cleaning = {.splits_path =
                                         options->splits[0] != '\0' ? options->splits : NULL,
                                     .spikes = options->spikes,
                                     .fill = (uint32_t)options->fill,
                                     .way = {.runner = tw_workers_runner(all->workers)}};
    tw_status status =
        options->calendar == 1 ? zone_file_read("America/New_York", &zone, error) : TW_OK;
    const batch_wishes wishes = {.columns_more = tw_features_outputs(all->features), .zone = zone};
    if (status == TW_OK)
        status = batch_panel_make(&all->panel, &all->input, &all->files, &wishes, error);
    all->bar_count = all->input.count;
    batch_input_drop_bars(&all->input);
    if (status == TW_OK)
        status = batch_clean(&all->panel, &cleaning, error);
    if (status == TW_OK)
        batch_splits_suspect(&all->panel, all->input.timeframe_ns);
    return status;
}

/* The column of a symbol that an option names. */
static tw_status find_symbol(const batch_run *all, const char *option, const char *name,
                             size_t *ret_column, tw_error *error) {
    if (batch_panel_find(&all->panel, tw_slice_of(name), ret_column) == TW_OK)
        return TW_OK;
    return tw_error_set(error, TW_NOT_FOUND, "--%s: there is no bar of %s", option, name);
}

static tw_status take_benchmark(batch_run *all, tw_error *error) {
    const batch_panel *panel = &all->panel;
    size_t column = 0;
    if (all->options->benchmark[0] == '\0')
        return TW_OK;
    tw_status status = find_symbol(all, "benchmark", all->options->benchmark, &column, error);
    if (status != TW_OK)
        return status;
    all->benchmark = TW_NEW(tw_allocator_system(), panel->shape.rows, double);
    if (all->benchmark == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for the benchmark");
    for (size_t i = 0; i < panel->shape.rows; i++)
        all->benchmark[i] = panel->inputs[TW_INDICATOR_CLOSE][i * panel->shape.columns + column];
    return TW_OK;
}

/* The picture has no name yet then. */
static tw_status draw(batch_run *all, const batch_result *result, tw_error *error) {
    batch_plot plot = {
        .result = result, .symbol = SIZE_MAX, .timeframe_ns = all->input.timeframe_ns};
    tw_status status = TW_OK;
    if (all->options->symbol[0] != '\0')
        status = find_symbol(all, "symbol", all->options->symbol, &plot.symbol, error);
    if (status == TW_OK)
        status = output_file_open(&all->picture, all->options->plot, error);
    if (status == TW_OK)
        status = batch_plot_draw(&plot, all->picture.temporary, error);
    return status;
}

static tw_status compute(batch_run *all, tw_error *error) {
    tw_features_panel panel = {
        .shape = all->panel.shape, .benchmark = all->benchmark, .resets = all->panel.resets};
    for (size_t s = 0; s < TW_INDICATOR_OTHER; s++)
        panel.inputs[s] = all->panel.inputs[s];
    for (size_t o = 0; o < tw_features_outputs(all->features); o++) {
        all->values[o] = batch_matrix_new(all->panel.shape);
        if (all->values[o] == NULL)
            return tw_error_set(error, TW_NO_MEMORY, "there is no memory for %zu columns",
                                tw_features_outputs(all->features));
    }
    tw_status status = tw_features_run(all->features, &panel, all->values);
    TW_ASSERT(status == TW_OK); /* it was made for as many symbols */
    return status;
}

static tw_status publish(batch_run *all, tw_error *error) {
    output_file *const files[] = {&all->picture, &all->aside.file, &all->out};
    return output_files_keep(files, sizeof files / sizeof files[0], error);
}

static tw_status write_rows(batch_run *all, batch_result *result, int64_t begin_ns,
                            tw_error *error) {
    const batch_options *options = all->options;
    uint64_t rows = 0;
    tw_status status = output_file_open(&all->out, options->out, error);
    if (status == TW_OK)
        status = batch_write_rows(result, &all->out, &rows, error);
    if (status == TW_OK)
        status = publish(all, error);
    result->seconds = (double)(tw_time_monotonic_ns() - begin_ns) / 1e9;
    if (status != TW_OK || batch_to_standard_output(options))
        return status;
    return options->json ? batch_print_summary_json(result, rows, error)
                         : batch_print_summary(result, rows, options->out, error);
}

static tw_status report(batch_run *all, int64_t begin_ns, tw_error *error) {
    batch_result result = {.panel = &all->panel,
                           .features = all->features,
                           .values = all->values,
                           .bars = all->bar_count,
                           .skipped = all->aside.count};
    if (all->options->plot[0] != '\0') {
        tw_status drawn = draw(all, &result, error);
        if (drawn != TW_OK)
            return drawn;
    }
    if (!all->options->latest)
        return write_rows(all, &result, begin_ns, error);
    tw_status status = all->options->json ? batch_print_latest_json(&result, error)
                                          : batch_print_latest(&result, error);
    return status == TW_OK ? publish(all, error) : status;
}

static tw_status run_all(batch_run *all, tw_error *error) {
    int64_t begin_ns = tw_time_monotonic_ns();
    tw_status status = tw_workers_new(NULL, (uint32_t)all->options->threads, &all->workers, error);
    if (status == TW_OK)
        status = read_input(all, error);
    if (status == TW_OK)
        status = make_features(all, tw_symbols_count(all->input.symbols), error);
    if (status == TW_OK)
        status = make_panel(all, error);
    if (status == TW_OK)
        status = take_benchmark(all, error);
    if (status == TW_OK)
        status = compute(all, error);
    if (status == TW_OK)
        status = report(all, begin_ns, error);
    if (status == TW_OK)
        rejects_tell("batch", all->aside.count, all->options->skip_bad);
    return status;
}

static void free_all(batch_run *all) {
    output_file_drop(&all->aside.file);
    output_file_drop(&all->out);
    output_file_drop(&all->picture);
    for (size_t o = 0; o < sizeof all->values / sizeof all->values[0]; o++)
        batch_matrix_free(all->values[o], all->panel.shape);
    TW_DELETE(tw_allocator_system(), all->benchmark, all->panel.shape.rows, double);
    batch_panel_free(&all->panel);
    tw_features_free(all->features);
    tw_workers_free(all->workers);
    batch_input_close(&all->input);
}

static tw_status run(void *target, const tw_arguments *arguments, tw_error *error) {
    const batch_options *options = target;
    static batch_run all; /* too large for a stack of functions */
    all = (batch_run){.options = options, .arguments = arguments};
    tw_status status = batch_options_check(options, arguments, error);
    if (status == TW_OK)
        status = check_timeframe(&all, error);
    if (status == TW_OK)
        status = check_features(&all, error);
    if (status != TW_OK)
        return status;
    interruption_watch();
    status = run_all(&all, error);
    free_all(&all);
    return status;
}

int command_batch(int argc, char **argv) {
    batch_options options;
    static const tw_argument_short shorts[] = {
        {'f', "features"}, {'t', "timeframe"}, {'b', "benchmark"}, {'o', "out"}, {'l', "latest"}};
    const tw_arguments_table tables[] = {
        {.section = "batch",
         .options = batch_option_table,
         .count = batch_option_count,
         .target = &options,
         .shorts = shorts,
         .short_count = sizeof shorts / sizeof shorts[0]},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind batch",
        .operands = "FILE...",
        .summary =
            "Bars as features of every symbol at once: returns, volatility, z-score, RSI, MACD, "
            "ATR,\n"
            "Bollinger bands and about a hundred others, as CSV: ts_ns,symbol,close,FEATURES.\n"
            "FILES are CSV of bars (ts_ns,symbol,timeframe,open,high,low,close,volume,...), "
            "plain,\n"
            "gzip or zstd; - is standard input. An empty field: there is no answer yet, or a bar\n"
            "that it needs is missing.",
        .example = "tradewind batch bars/1d.csv --out features.csv\n"
                   "tradewind batch bars/1d.csv --latest --features 'rsi(14),cross_rank(roc(20))'\n"
                   "tradewind batch bars/*.csv --timeframe 1d --benchmark SPY --features "
                   "'beta(60),correlation(60)'\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = TW_ARGUMENTS_OPERAND_COUNT_MAX,
    };
    return command_main(&spec, argc, argv, run, &options);
}
