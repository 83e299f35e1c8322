/*
 * risk_factors.h - how the assets of a portfolio move with factors: regressed exposures.
 *
 * Factors are the columns of a wide CSV of their own, of returns or of other changes. A row counts
 * where every factor and everything that is held has its value at the same time.
 */
#ifndef TRADEWIND_CLI_RISK_FACTORS_H
#define TRADEWIND_CLI_RISK_FACTORS_H

#include "json_writer.h"
#include "risk_input.h"
#include "tradewind/task.h"

/* Zeroed, it is empty, and there are no factors. */
typedef struct risk_factors {
    risk_input table; /* its assets are the factors */
    double *betas;    /* [assets held or not][factors]; NaN of those that are not held */
    double *exposure; /* [factors]: of the portfolio */
    double *ts;       /* [factors]: its t statistics */
    size_t assets;
    size_t rows; /* that count */
    double r_squared;
} risk_factors;

/* A file of changes, read for the assets of `input`. The runner may be NULL. TW_PARSE, TW_RANGE,
 * TW_EMPTY and the like; TW_RANGE for a name that is an asset's, too, and a factor that does not
 * vary or follows from others. Free it in any case. */
tw_status risk_factors_read(risk_factors *factors, const risk_input *input, const char *path,
                            const tw_task_runner *runner, tw_error *error) TW_MUST_CHECK;
void risk_factors_free(risk_factors *factors);

/* A table after an empty line, and a member of a document; nothing without factors. */
tw_status risk_factors_print(const risk_factors *factors, tw_error *error) TW_MUST_CHECK;
void risk_factors_put(const risk_factors *factors, json_writer *writer);

#endif
