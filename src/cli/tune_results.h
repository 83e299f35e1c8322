/*
 * tune_results.h - what was measured of settings, what it speaks for, and the forms it is told in.
 */
#ifndef TRADEWIND_CLI_TUNE_RESULTS_H
#define TRADEWIND_CLI_TUNE_RESULTS_H

#include "config_edit.h"
#include "config_rows.h"
#include "tune_curve.h"
#include "tune_workload.h"

enum { TUNE_VALUE_SIZE = 40, TUNE_WHY_SIZE = 320, TUNE_ADVICE_COUNT = 8 };

typedef enum tune_kind { TUNE_COUNTS, TUNE_SPANS } tune_kind; /* of values */

/* One setting. */
typedef struct tune_advice {
    const char *section; /* of a configuration file; NULL: a value for the library */
    const char *name;    /* the key, or the library's name for it */
    const char *title;
    const char *figure; /* the heading of its figures: "ROWS/S" */
    const char *job;    /* of the benchmark suite, that shows the same; NULL: none */
    const char *unset;  /* the default; empty: there is none */
    tune_kind kind;
    bool share; /* figures are shares */
    const tune_curve *curve;
    char now[CONFIG_VALUE_SIZE];  /* what is in force; of the library: the default */
    uint32_t now_place;           /* of the curve; its count: that was not measured */
    char chosen[TUNE_VALUE_SIZE]; /* as it is written into a file; empty: nothing is chosen */
    char why[TUNE_WHY_SIZE];      /* it is chosen, or nothing is */
} tune_advice;

typedef struct tune_results {
    const char *database;
    const char *tape; /* empty: the store's trades */
    tune_workload workload;
    double noise_limit;
    tune_curve batches;
    tune_curve delays;
    tune_curve handles;
    tune_curve entries;
    tune_curve lives;
    tune_curve workers;
    uint32_t threads; /* that asked for handles */
    uint32_t processors;
    tune_advice advice[TUNE_ADVICE_COUNT];
    config_change changes[TUNE_ADVICE_COUNT]; /* that were written, or would be */
    uint32_t change_count;
    const char *written; /* the file; empty: none */
} tune_results;

/* Says what the curves speak for. `rows` are the settings in force. */
void tune_advise(tune_results *results, const config_rows *rows);

/* "10,000", "50 ms" of a curve's value; "702,123" or "1.2%" of a figure. */
char *tune_value_text(const tune_advice *advice, double value, char buffer[TUNE_VALUE_SIZE]);
char *tune_figure_text(const tune_advice *advice, double figure, char buffer[TUNE_VALUE_SIZE]);

/* On standard output. TW_CANCELLED, TW_IO and the like. */
tw_status tune_print(const tune_results *results, tw_error *error) TW_MUST_CHECK;
tw_status tune_print_json(const tune_results *results, tw_error *error) TW_MUST_CHECK;

/* Can the file be written? TW_USAGE: it is read; else as tune_write. */
tw_status tune_write_check(const char *path, const tune_results *results,
                           tw_error *error) TW_MUST_CHECK;

/* Changes what is chosen in the configuration file at `path`, made if it is not there. It is
 * replaced whole, once the new one was read as every command reads it: `rows` are that. */
tw_status tune_write(const char *path, tune_results *results, config_rows *rows,
                     tw_error *error) TW_MUST_CHECK;

#endif
