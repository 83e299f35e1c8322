/* run_report_table.c - one line a symbol: what was held and is, what it cost, how far off it is. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "readable.h"
#include "run_report.h"
#include "table.h"

enum { ROWS_SHOWN_MAX = 40 };

/* Signed, in hundredths of a percent of the portfolio; nothing where it is at its target. */
static const char *distance(const tw_engine_holding *holding, char *buffer) {
    snprintf(buffer, READABLE_SIZE, "%+.2f%%%s",
             100.0 * (holding->weight_after - holding->weight_target),
             run_holding_is_outside(holding) ? " !" : "  ");
    return buffer;
}

static const char *change(const run_cost *cost, char *buffer) {
    char number[READABLE_SIZE];
    if (cost->bought.nano == 0)
        return "";
    snprintf(buffer, READABLE_SIZE, "%s%s", cost->bought.nano > 0 ? "+" : "",
             readable_decimal(cost->bought.nano, 0, 4, number));
    return buffer;
}

static void add_row(table *rows, const char *name, const tw_engine_holding *holding,
                    const run_cost *cost) {
    char text[READABLE_SIZE];
    table_row(rows);
    table_cell(rows, name);
    table_cell(rows, readable_decimal(holding->quantity_before.nano, 0, 4, text));
    table_cell(rows, change(cost, text));
    table_cell(rows, readable_decimal(holding->quantity_after.nano, 0, 4, text));
    table_cell(rows, readable_decimal(holding->price.nano, 2, 2, text));
    table_cell(rows, cost->traded.nano > 0 ? readable_decimal(cost->traded.nano, 2, 2, text) : "");
    table_cell(rows,
               cost->expected.nano > 0 ? readable_decimal(cost->shortfall.nano, 2, 2, text) : "");
    table_cell(rows, readable_percent(holding->weight_before, text));
    table_cell(rows, readable_percent(holding->weight_after, text));
    table_cell(rows, readable_percent(holding->weight_target, text));
    table_cell(rows, distance(holding, text));
    table_cell(rows, readable_percent(holding->volatility_share, text));
}

/* Those with the largest share of what was traded or is off come first; a tie goes by name. */
typedef struct shown_row {
    uint32_t symbol;
    double importance;
} shown_row;

static int by_importance(const void *a, const void *b) {
    const shown_row *first = a;
    const shown_row *second = b;
    if (first->importance != second->importance)
        return first->importance > second->importance ? -1 : 1;
    return (first->symbol > second->symbol) - (first->symbol < second->symbol);
}

static void rank(const run_session *session, const run_figures *figures, shown_row *shown) {
    double equity = (double)figures->engine.equity_after.nano;
    for (uint32_t s = 0; s < session->symbol_count; s++) {
        const tw_engine_holding *holding = &figures->holdings[s];
        double traded = equity > 0.0 ? (double)figures->costs.symbols[s].traded.nano / equity : 0.0;
        shown[s].symbol = s;
        shown[s].importance = traded + fabs(holding->weight_after - holding->weight_target);
    }
    if (session->symbol_count > ROWS_SHOWN_MAX) /* all that fit stand in their own order */
        qsort(shown, session->symbol_count, sizeof shown[0], by_importance);
}

tw_status run_report_table(const run_session *session, const run_figures *figures,
                           tw_error *error) {
    uint32_t count =
        session->symbol_count < ROWS_SHOWN_MAX ? session->symbol_count : ROWS_SHOWN_MAX;
    shown_row *shown = TW_NEW(NULL, session->symbol_count, shown_row);
    if (shown == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "no memory for the report");
    rank(session, figures, shown);
    table *rows =
        table_new("SYMBOL|>WAS|>TRADED|>IS|>PRICE|>VALUE|>COST|>BEFORE|>NOW|>TARGET|>OFF BY|"
                  ">OF RISK");
    for (uint32_t i = 0; i < count; i++) {
        uint32_t s = shown[i].symbol;
        add_row(rows, tw_symbols_name(session->symbols, s), &figures->holdings[s],
                &figures->costs.symbols[s]);
    }
    TW_DELETE(NULL, shown, session->symbol_count, shown_row);
    tw_status status = table_end(rows, error);
    if (count < session->symbol_count)
        printf("and %u more, that traded less and are nearer to their targets.\n",
               session->symbol_count - count);
    return status;
}
