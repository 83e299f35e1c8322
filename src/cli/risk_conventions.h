/*
 * risk_conventions.h - how the figures of `tradewind risk` were made: in words, and the numbers
 * that the words leave open (rates with their units, decay, paths, seed, kind of quantile).
 */
#ifndef TRADEWIND_CLI_RISK_CONVENTIONS_H
#define TRADEWIND_CLI_RISK_CONVENTIONS_H

#include "json_writer.h"
#include "tradewind/performance.h"
#include "tradewind/risk.h"

/* The foot of the tables, after an empty line. */
void risk_conventions_print(const tw_risk_config *config);

/* The member `conventions` of a document, and `figure_conventions` of the figures of one series. */
void risk_conventions_put(const tw_risk_config *config, json_writer *writer);
void risk_conventions_put_figures(const tw_performance_config *config, json_writer *writer);

#endif
