/*
 * performance_names.c - figures by their names, and the options in force as words.
 */
#include "performance_priv.h"

#include <string.h>

const char *tw_figure_name(tw_figure figure) {
    return (unsigned)figure < TW_FIGURE_COUNT ? performance_figure_row(figure)->name : NULL;
}

tw_figure tw_figure_from_name(const char *name) {
    TW_ASSERT(name != NULL);
    for (unsigned i = 0; i < TW_FIGURE_COUNT; i++)
        if (strcmp(performance_figure_row((tw_figure)i)->name, name) == 0)
            return (tw_figure)i;
    return TW_FIGURE_COUNT;
}

bool tw_figure_needs_benchmark(tw_figure figure) {
    TW_ASSERT(figure < TW_FIGURE_COUNT);
    return (performance_figure_row(figure)->needs & GROUPS_OF_PAIRS) != 0;
}

size_t tw_performance_conventions(const tw_performance_config *config,
                                  tw_risk_convention *ret_conventions, size_t room) {
    TW_ASSERT(config != NULL && (ret_conventions != NULL || room == 0));
    static const char *const annual[] = {"arithmetic: a N", "compound: (1 + a)^N - 1"};
    static const char *const captures[] = {"growth rates a year", "compounded returns", "means"};
    static const char *const burkes[] = {"depths of drawdowns", "drawdown at each observation",
                                         "runs of losses, compounded as percents"};
    const tw_risk_convention all[] = {
        {"sign", "losses are positive"},
        {"path", "starts at 1 before the first return"},
        {"rates",
         config->compound_rates ? "a yearly rate is compounded" : "a yearly rate is divided by N"},
        {"deviation", config->ddof == 0 ? "ddof 0" : "ddof 1"},
        {"downside", config->downside_subset     ? "over the shortfalls"
                     : config->partial_ddof == 0 ? "over all observations"
                                                 : "over all observations but one"},
        {"sharpe", config->raw_deviation ? "over the deviation of returns"
                                         : "over the deviation of excesses"},
        {"specific_risk", config->residual_ddof == 0   ? "ddof 0"
                          : config->residual_ddof == 1 ? "ddof 1"
                                                       : "ddof 2"},
        {"alpha", annual[config->annual]},
        {"capture", captures[config->capture]},
        {"burke", burkes[config->burke]},
        {"quantile", tw_quantile_text((tw_quantile_kind)config->quantile)},
        {"tail_method", tw_risk_method_name((tw_risk_method)config->tail_method)},
        {"expected_shortfall", tw_shortfall_text((tw_shortfall_kind)config->shortfall)},
        {"quotient_by_zero", config->infinite_quotients ? "infinite" : "missing"},
        {"missing", config->fail_missing         ? "refused"
                    : config->missing_takes_time ? "skipped and counted; its time goes by"
                                                 : "skipped and counted"},
    };
    size_t count = sizeof all / sizeof all[0];
    count = count < room ? count : room;
    for (size_t i = 0; i < count; i++)
        ret_conventions[i] = all[i];
    return count;
}
