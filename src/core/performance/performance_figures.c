/*
 * performance_figures.c - the formulas of one series, from its facts, and the table of all figures.
 *
 * A sum that was taken of scaled differences is brought back by its scale; a quotient of two sums
 * of one power needs no scale. Annual rates of growth are compounded; the risk-free rate beside
 * them is, too.
 */
#include "performance_figures.h"

#include "performance_priv.h"

typedef const performance_facts facts_of;

double performance_quotient(facts_of *f, double a, double b) {
    if (b != 0 || isnan(a))
        return a / b;
    return f->config->infinite_quotients && a != 0 ? copysign(INFINITY, a) : NAN;
}

double performance_years(facts_of *f, double count) {
    double missing = f->config->missing_takes_time ? f->skipped : 0;
    return (count + missing) / f->config->periods_per_year;
}

double performance_root_periods(facts_of *f) {
    return sqrt(f->config->periods_per_year);
}

double performance_free_annual(facts_of *f) {
    series_growth growth = {.value = 1 + f->free};
    return f->free == 0 ? 0 : series_growth_rate(growth, f->config->periods_per_year);
}

static double upper(facts_of *f, const series_sums *sums, int power) {
    return series_above(&f->size, sums, power);
}

static double lower(facts_of *f, const series_sums *sums, int power) {
    return series_below(&f->size, sums, power);
}

/* ---- Counts and levels --------------------------------------------------------------------- */

static double observations(facts_of *f) {
    return f->size.count;
}

static double skipped(facts_of *f) {
    return f->skipped;
}

static double mean(facts_of *f) {
    return f->moments.mean;
}

static double mean_annual(facts_of *f) {
    return f->moments.mean * f->config->periods_per_year;
}

static double geometric_mean(facts_of *f) {
    return series_growth_rate(f->growth, 1 / f->size.count);
}

static double total_return(facts_of *f) {
    return series_growth_rate(f->growth, 1);
}

static double cagr(facts_of *f) {
    return series_growth_rate(f->growth, 1 / performance_years(f, f->size.count));
}

static double best(facts_of *f) {
    return f->moments.greatest;
}

static double worst(facts_of *f) {
    return f->moments.least;
}

static double worst_realisation(facts_of *f) {
    return -f->moments.least;
}

static double range(facts_of *f) {
    return f->moments.greatest - f->moments.least;
}

/* ---- Spread and shape ---------------------------------------------------------------------- */

static double volatility(facts_of *f) {
    return series_deviation(&f->size, &f->moments, f->config->ddof);
}

static double variance(facts_of *f) {
    double scale = f->moments.scale;
    return series_variance(&f->size, f->moments.square, f->config->ddof) / scale / scale;
}

static double volatility_annual(facts_of *f) {
    return volatility(f) * performance_root_periods(f);
}

static double semi_variance(facts_of *f) {
    double scale = f->halves.scale;
    return series_variance(&f->size, f->halves.lower[1], f->config->partial_ddof) / scale / scale;
}

static double semi_deviation(facts_of *f) {
    return sqrt(semi_variance(f));
}

static double mean_absolute_deviation(facts_of *f) {
    return upper(f, &f->halves, 1) + lower(f, &f->halves, 1);
}

static double mean_absolute_distance(facts_of *f) {
    return upper(f, &f->about_wanted, 1) + lower(f, &f->about_wanted, 1);
}

static double first_lower(facts_of *f) {
    return lower(f, &f->about_wanted, 1);
}

static double fourth_lower(facts_of *f) {
    return lower(f, &f->about_wanted, 4);
}

static double first_lower_mean(facts_of *f) {
    return lower(f, &f->halves, 1);
}

static double fourth_lower_mean(facts_of *f) {
    return lower(f, &f->halves, 4);
}

static double lower_partial_moment(facts_of *f) {
    return f->shortfall_power / f->size.weight;
}

static double central_moment(facts_of *f, double sum, int power) {
    double moment = sum / f->size.weight;
    for (int i = 0; i < power; i++)
        moment /= f->moments.scale;
    return moment;
}

static double second_moment(facts_of *f) {
    return central_moment(f, f->moments.square, 2);
}

static double third_moment(facts_of *f) {
    return central_moment(f, f->moments.cube, 3);
}

static double fourth_moment(facts_of *f) {
    return central_moment(f, f->moments.fourth, 4);
}

static double skewness(facts_of *f) {
    return series_skewness(&f->size, &f->moments);
}

static double kurtosis(facts_of *f) {
    return series_kurtosis(&f->size, &f->moments);
}

static double excess_kurtosis(facts_of *f) {
    return kurtosis(f) - 3;
}

static double skewness_sample(facts_of *f) {
    return series_skewness_sample(&f->size, &f->moments);
}

static double kurtosis_sample(facts_of *f) {
    double n = f->size.count;
    return n > 3 ? (n + 1) * (n - 1) / ((n - 2) * (n - 3)) * kurtosis(f) : NAN;
}

static double excess_kurtosis_sample(facts_of *f) {
    return series_excess_kurtosis_sample(&f->size, &f->moments);
}

/* ---- Below and above the minimum acceptable return ------------------------------------------ */

static double downside_variance(facts_of *f) {
    const series_sums *sums = &f->about_wanted;
    if (!f->config->downside_subset)
        return series_downside_variance(&f->size, sums, f->config->partial_ddof);
    return sums->below > 0 ? sums->lower[1] / sums->scale / sums->scale / sums->below : 0;
}

static double downside_deviation(facts_of *f) {
    return sqrt(downside_variance(f));
}

static double downside_deviation_annual(facts_of *f) {
    return downside_deviation(f) * performance_root_periods(f);
}

static double downside_frequency(facts_of *f) {
    return f->about_wanted.below / f->size.weight;
}

static double upside_variance(facts_of *f) {
    return upper(f, &f->about_wanted, 2);
}

static double upside_risk(facts_of *f) {
    return sqrt(upside_variance(f));
}

static double upside_potential(facts_of *f) {
    return upper(f, &f->about_wanted, 1);
}

static double upside_frequency(facts_of *f) {
    return f->about_wanted.above / f->size.weight;
}

static double percent_up(facts_of *f) {
    return f->about_zero.above / f->size.weight;
}

static double percent_down(facts_of *f) {
    return f->about_zero.below / f->size.weight;
}

/* ---- Reward to risk ------------------------------------------------------------------------ */

/* The deviation that Sharpe divides by. */
static double sharpe_deviation(facts_of *f) {
    return f->config->raw_deviation ? volatility(f)
                                    : series_deviation(&f->size, &f->excess, f->config->ddof);
}

static double sharpe(facts_of *f) {
    return performance_quotient(f, f->excess.mean, sharpe_deviation(f));
}

static double sharpe_annual(facts_of *f) {
    return sharpe(f) * performance_root_periods(f);
}

static double sharpe_geometric(facts_of *f) {
    double rate = series_growth_rate(f->excess_growth, 1 / performance_years(f, f->size.count));
    return performance_quotient(f, rate, sharpe_deviation(f) * performance_root_periods(f));
}

static double adjusted(facts_of *f, double ratio) {
    return ratio * (1 + skewness(f) / 6 * ratio - excess_kurtosis(f) / 24 * ratio * ratio);
}

static double sharpe_adjusted(facts_of *f) {
    return adjusted(f, sharpe_annual(f));
}

static double sharpe_adjusted_geometric(facts_of *f) {
    return adjusted(f, sharpe_geometric(f));
}

/* Bailey and Lopez de Prado 2012. */
static double sharpe_probabilistic(facts_of *f) {
    double ratio = sharpe(f);
    double shape = f->config->normal_kurtosis ? 3 : kurtosis(f);
    double spread = 1 - skewness(f) * ratio + (shape - 1) / 4 * ratio * ratio;
    double distance = (ratio - f->config->reference_sharpe) * sqrt(f->size.count - 1);
    return normal_probability(distance / sqrt(spread));
}

static double above_wanted(facts_of *f) {
    return upside_potential(f) - lower(f, &f->about_wanted, 1);
}

static double sortino(facts_of *f) {
    return performance_quotient(f, above_wanted(f), downside_deviation(f));
}

static double sortino_annual(facts_of *f) {
    return sortino(f) * performance_root_periods(f);
}

static double omega(facts_of *f) {
    return performance_quotient(f, f->about_wanted.upper[0], f->about_wanted.lower[0]);
}

static double omega_sharpe(facts_of *f) {
    return performance_quotient(f, above_wanted(f), first_lower(f));
}

static double kappa(facts_of *f) {
    double order = f->config->partial_order;
    double moment = lower_partial_moment(f);
    double risk = order == 2                  ? sqrt(moment)
                  : order == 1 || moment == 0 ? moment
                                              : natural_power(moment, 1 / order);
    return performance_quotient(f, above_wanted(f), risk);
}

static double upside_potential_ratio(facts_of *f) {
    return performance_quotient(f, upside_potential(f), downside_deviation(f));
}

static double gain_loss(facts_of *f) {
    return performance_quotient(f, f->about_zero.upper[0], f->about_zero.lower[0]);
}

static double d_ratio(facts_of *f) {
    const series_sums *sums = &f->about_zero;
    return performance_quotient(f, sums->below * sums->lower[0], sums->above * sums->upper[0]);
}

static double prospect(facts_of *f) {
    double value =
        upper(f, &f->about_zero, 1) - f->config->loss_aversion * lower(f, &f->about_zero, 1);
    double wanted = f->config->prospect_of_sum ? f->wanted / f->size.count : f->wanted;
    return performance_quotient(f, value - wanted, downside_deviation(f));
}

static double volatility_skewness(facts_of *f) {
    return performance_quotient(f, f->about_wanted.upper[1], f->about_wanted.lower[1]);
}

static double variability_skewness(facts_of *f) {
    return sqrt(volatility_skewness(f));
}

static double kelly(facts_of *f) {
    double deviation = sharpe_deviation(f);
    return performance_quotient(f, f->excess.mean, deviation * deviation);
}

static double kelly_half(facts_of *f) {
    return kelly(f) / 2;
}

/* ---- Drawdowns ----------------------------------------------------------------------------- */

static double max_drawdown(facts_of *f) {
    return f->max_drawdown;
}

/* Of what is the mean over the drawdowns; 0 without any. */
static double over_drawdowns(facts_of *f, double sum) {
    return f->drawdowns.count > 0 ? sum / f->drawdowns.count : 0;
}

static double average_drawdown(facts_of *f) {
    return over_drawdowns(f, f->drawdowns.depths);
}

static double average_length(facts_of *f) {
    return over_drawdowns(f, f->drawdowns.lengths);
}

static double average_recovery(facts_of *f) {
    return over_drawdowns(f, f->drawdowns.recoveries);
}

static double pain_index(facts_of *f) {
    return f->drawdowns.mean;
}

static double ulcer_index(facts_of *f) {
    return sqrt(f->drawdowns.mean_square);
}

static double calmar(facts_of *f) {
    return performance_quotient(f, cagr(f), f->max_drawdown);
}

static double sterling(facts_of *f) {
    return performance_quotient(f, cagr(f), f->max_drawdown + f->config->sterling_excess);
}

static double premium(facts_of *f) {
    return cagr(f) - performance_free_annual(f);
}

static double burke_squares(facts_of *f) {
    switch ((tw_burke_kind)f->config->burke) {
    case TW_BURKE_RUNS:
        return f->drawdowns.run_squares;
    case TW_BURKE_PERIODS:
        return f->drawdowns.mean_square * f->size.count;
    case TW_BURKE_DRAWDOWNS:
    default:
        return f->drawdowns.depth_squares;
    }
}

static double burke(facts_of *f) {
    return performance_quotient(f, premium(f), sqrt(burke_squares(f)));
}

static double burke_modified(facts_of *f) {
    return burke(f) * sqrt(f->size.count);
}

static double pain_ratio(facts_of *f) {
    return performance_quotient(f, premium(f), pain_index(f));
}

static double martin(facts_of *f) {
    return performance_quotient(f, premium(f), ulcer_index(f));
}

/* ---- The table ----------------------------------------------------------------------------- */

enum {
    GROWTH_PATH = GROUP_GROWTH | GROUP_PATH,
    GROWTH_DRAWDOWNS = GROUP_GROWTH | GROUP_DRAWDOWNS,
    EXCESS_RAW = GROUP_EXCESS | GROUP_MOMENTS,
    PAIR_RATES = GROUP_PAIR | GROUP_RATES,
    EXCESS_ALL = GROUP_EXCESS | GROUP_MOMENTS | GROUP_EXCESS_GROWTH
};

static const performance_figure table[TW_FIGURE_COUNT] = {
    [TW_FIGURE_OBSERVATIONS] = {"observations", GROUP_NONE, observations, NULL},
    [TW_FIGURE_SKIPPED] = {"skipped", GROUP_NONE, skipped, NULL},
    [TW_FIGURE_MEAN] = {"mean", GROUP_MOMENTS, mean, NULL},
    [TW_FIGURE_MEAN_ANNUAL] = {"mean_annual", GROUP_MOMENTS, mean_annual, NULL},
    [TW_FIGURE_GEOMETRIC_MEAN] = {"geometric_mean", GROUP_GROWTH, geometric_mean, NULL},
    [TW_FIGURE_TOTAL_RETURN] = {"total_return", GROUP_GROWTH, total_return, NULL},
    [TW_FIGURE_CAGR] = {"cagr", GROUP_GROWTH, cagr, NULL},
    [TW_FIGURE_BEST] = {"best", GROUP_MOMENTS, best, NULL},
    [TW_FIGURE_WORST] = {"worst", GROUP_MOMENTS, worst, NULL},
    [TW_FIGURE_WORST_REALISATION] = {"worst_realisation", GROUP_MOMENTS, worst_realisation, NULL},
    [TW_FIGURE_RANGE] = {"range", GROUP_MOMENTS, range, NULL},
    [TW_FIGURE_VARIANCE] = {"variance", GROUP_MOMENTS, variance, NULL},
    [TW_FIGURE_VOLATILITY] = {"volatility", GROUP_MOMENTS, volatility, NULL},
    [TW_FIGURE_VOLATILITY_ANNUAL] = {"volatility_annual", GROUP_MOMENTS, volatility_annual, NULL},
    [TW_FIGURE_EWMA_VOLATILITY] = {"ewma_volatility", GROUP_SERIES, NULL,
                                   performance_ewma_volatility},
    [TW_FIGURE_SEMI_VARIANCE] = {"semi_variance", GROUP_HALVES, semi_variance, NULL},
    [TW_FIGURE_SEMI_DEVIATION] = {"semi_deviation", GROUP_HALVES, semi_deviation, NULL},
    [TW_FIGURE_MEAN_ABSOLUTE_DEVIATION] = {"mean_absolute_deviation", GROUP_HALVES,
                                           mean_absolute_deviation, NULL},
    [TW_FIGURE_MEAN_ABSOLUTE_DISTANCE] = {"mean_absolute_distance", GROUP_WANTED,
                                          mean_absolute_distance, NULL},
    [TW_FIGURE_GINI_MEAN_DIFFERENCE] = {"gini_mean_difference", GROUP_SERIES, NULL,
                                        performance_gini},
    [TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT] = {"first_lower_partial_moment", GROUP_WANTED,
                                              first_lower, NULL},
    [TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT] = {"fourth_lower_partial_moment", GROUP_WANTED,
                                               fourth_lower, NULL},
    [TW_FIGURE_FIRST_LOWER_PARTIAL_MOMENT_MEAN] = {"first_lower_partial_moment_mean", GROUP_HALVES,
                                                   first_lower_mean, NULL},
    [TW_FIGURE_FOURTH_LOWER_PARTIAL_MOMENT_MEAN] = {"fourth_lower_partial_moment_mean",
                                                    GROUP_HALVES, fourth_lower_mean, NULL},
    [TW_FIGURE_LOWER_PARTIAL_MOMENT] = {"lower_partial_moment", GROUP_WANTED, lower_partial_moment,
                                        NULL},
    [TW_FIGURE_SECOND_CENTRAL_MOMENT] = {"second_central_moment", GROUP_MOMENTS, second_moment,
                                         NULL},
    [TW_FIGURE_THIRD_CENTRAL_MOMENT] = {"third_central_moment", GROUP_MOMENTS, third_moment, NULL},
    [TW_FIGURE_FOURTH_CENTRAL_MOMENT] = {"fourth_central_moment", GROUP_MOMENTS, fourth_moment,
                                         NULL},
    [TW_FIGURE_SKEWNESS] = {"skewness", GROUP_MOMENTS, skewness, NULL},
    [TW_FIGURE_SKEWNESS_SAMPLE] = {"skewness_sample", GROUP_MOMENTS, skewness_sample, NULL},
    [TW_FIGURE_KURTOSIS] = {"kurtosis", GROUP_MOMENTS, kurtosis, NULL},
    [TW_FIGURE_EXCESS_KURTOSIS] = {"excess_kurtosis", GROUP_MOMENTS, excess_kurtosis, NULL},
    [TW_FIGURE_KURTOSIS_SAMPLE] = {"kurtosis_sample", GROUP_MOMENTS, kurtosis_sample, NULL},
    [TW_FIGURE_EXCESS_KURTOSIS_SAMPLE] = {"excess_kurtosis_sample", GROUP_MOMENTS,
                                          excess_kurtosis_sample, NULL},
    [TW_FIGURE_AUTOCORRELATION] = {"autocorrelation", GROUP_SERIES, NULL,
                                   performance_autocorrelation},
    [TW_FIGURE_LJUNG_BOX] = {"ljung_box", GROUP_SERIES, NULL, performance_ljung_box},
    [TW_FIGURE_LJUNG_BOX_PROBABILITY] = {"ljung_box_probability", GROUP_SERIES, NULL,
                                         performance_ljung_box_probability},
    [TW_FIGURE_HURST] = {"hurst", GROUP_SERIES | GROUP_MOMENTS, NULL, performance_hurst},
    [TW_FIGURE_STABILITY] = {"stability", GROUP_SERIES, NULL, performance_stability},
    [TW_FIGURE_DOWNSIDE_DEVIATION] = {"downside_deviation", GROUP_WANTED, downside_deviation, NULL},
    [TW_FIGURE_DOWNSIDE_DEVIATION_ANNUAL] = {"downside_deviation_annual", GROUP_WANTED,
                                             downside_deviation_annual, NULL},
    [TW_FIGURE_DOWNSIDE_VARIANCE] = {"downside_variance", GROUP_WANTED, downside_variance, NULL},
    [TW_FIGURE_DOWNSIDE_POTENTIAL] = {"downside_potential", GROUP_WANTED, first_lower, NULL},
    [TW_FIGURE_DOWNSIDE_FREQUENCY] = {"downside_frequency", GROUP_WANTED, downside_frequency, NULL},
    [TW_FIGURE_UPSIDE_RISK] = {"upside_risk", GROUP_WANTED, upside_risk, NULL},
    [TW_FIGURE_UPSIDE_VARIANCE] = {"upside_variance", GROUP_WANTED, upside_variance, NULL},
    [TW_FIGURE_UPSIDE_POTENTIAL] = {"upside_potential", GROUP_WANTED, upside_potential, NULL},
    [TW_FIGURE_UPSIDE_FREQUENCY] = {"upside_frequency", GROUP_WANTED, upside_frequency, NULL},
    [TW_FIGURE_PERCENT_UP] = {"percent_up", GROUP_ZERO, percent_up, NULL},
    [TW_FIGURE_PERCENT_DOWN] = {"percent_down", GROUP_ZERO, percent_down, NULL},
    [TW_FIGURE_SHARPE] = {"sharpe", EXCESS_RAW, sharpe, NULL},
    [TW_FIGURE_SHARPE_ANNUAL] = {"sharpe_annual", EXCESS_RAW, sharpe_annual, NULL},
    [TW_FIGURE_SHARPE_GEOMETRIC] = {"sharpe_geometric", EXCESS_ALL, sharpe_geometric, NULL},
    [TW_FIGURE_SHARPE_ADJUSTED] = {"sharpe_adjusted", EXCESS_RAW, sharpe_adjusted, NULL},
    [TW_FIGURE_SHARPE_ADJUSTED_GEOMETRIC] = {"sharpe_adjusted_geometric", EXCESS_ALL,
                                             sharpe_adjusted_geometric, NULL},
    [TW_FIGURE_SHARPE_PROBABILISTIC] = {"sharpe_probabilistic", EXCESS_RAW, sharpe_probabilistic,
                                        NULL},
    [TW_FIGURE_SHARPE_VALUE_AT_RISK] = {"sharpe_value_at_risk", EXCESS_RAW | GROUP_SERIES, NULL,
                                        performance_sharpe_value_at_risk},
    [TW_FIGURE_SHARPE_SHORTFALL] = {"sharpe_shortfall", EXCESS_RAW | GROUP_SERIES, NULL,
                                    performance_sharpe_shortfall},
    [TW_FIGURE_SORTINO] = {"sortino", GROUP_WANTED, sortino, NULL},
    [TW_FIGURE_SORTINO_ANNUAL] = {"sortino_annual", GROUP_WANTED, sortino_annual, NULL},
    [TW_FIGURE_OMEGA] = {"omega", GROUP_WANTED, omega, NULL},
    [TW_FIGURE_OMEGA_SHARPE] = {"omega_sharpe", GROUP_WANTED, omega_sharpe, NULL},
    [TW_FIGURE_KAPPA] = {"kappa", GROUP_WANTED, kappa, NULL},
    [TW_FIGURE_UPSIDE_POTENTIAL_RATIO] = {"upside_potential_ratio", GROUP_WANTED,
                                          upside_potential_ratio, NULL},
    [TW_FIGURE_GAIN_LOSS] = {"gain_loss", GROUP_ZERO, gain_loss, NULL},
    [TW_FIGURE_D_RATIO] = {"d_ratio", GROUP_ZERO, d_ratio, NULL},
    [TW_FIGURE_PROSPECT] = {"prospect", GROUP_ZERO | GROUP_WANTED, prospect, NULL},
    [TW_FIGURE_VOLATILITY_SKEWNESS] = {"volatility_skewness", GROUP_WANTED, volatility_skewness,
                                       NULL},
    [TW_FIGURE_VARIABILITY_SKEWNESS] = {"variability_skewness", GROUP_WANTED, variability_skewness,
                                        NULL},
    [TW_FIGURE_KELLY] = {"kelly", EXCESS_RAW, kelly, NULL},
    [TW_FIGURE_KELLY_HALF] = {"kelly_half", EXCESS_RAW, kelly_half, NULL},
    [TW_FIGURE_MAX_DRAWDOWN] = {"max_drawdown", GROUP_PATH, max_drawdown, NULL},
    [TW_FIGURE_AVERAGE_DRAWDOWN] = {"average_drawdown", GROUP_DRAWDOWNS, average_drawdown, NULL},
    [TW_FIGURE_AVERAGE_LENGTH] = {"average_length", GROUP_DRAWDOWNS, average_length, NULL},
    [TW_FIGURE_AVERAGE_RECOVERY] = {"average_recovery", GROUP_DRAWDOWNS, average_recovery, NULL},
    [TW_FIGURE_PAIN_INDEX] = {"pain_index", GROUP_DRAWDOWNS, pain_index, NULL},
    [TW_FIGURE_ULCER_INDEX] = {"ulcer_index", GROUP_DRAWDOWNS, ulcer_index, NULL},
    [TW_FIGURE_CALMAR] = {"calmar", GROWTH_PATH, calmar, NULL},
    [TW_FIGURE_STERLING] = {"sterling", GROWTH_PATH, sterling, NULL},
    [TW_FIGURE_BURKE] = {"burke", GROWTH_DRAWDOWNS, burke, NULL},
    [TW_FIGURE_BURKE_MODIFIED] = {"burke_modified", GROWTH_DRAWDOWNS, burke_modified, NULL},
    [TW_FIGURE_PAIN_RATIO] = {"pain_ratio", GROWTH_DRAWDOWNS, pain_ratio, NULL},
    [TW_FIGURE_MARTIN] = {"martin", GROWTH_DRAWDOWNS, martin, NULL},
    [TW_FIGURE_VALUE_AT_RISK] = {"value_at_risk", GROUP_SERIES, NULL, performance_value_at_risk},
    [TW_FIGURE_EXPECTED_SHORTFALL] = {"expected_shortfall", GROUP_SERIES, NULL,
                                      performance_shortfall},
    [TW_FIGURE_TAIL_RATIO] = {"tail_ratio", GROUP_SERIES, NULL, performance_tail_ratio},
    [TW_FIGURE_ENTROPIC_RISK] = {"entropic_risk", GROUP_SERIES | GROUP_MOMENTS, NULL,
                                 performance_entropic},
    [TW_FIGURE_ENTROPIC_VALUE_AT_RISK] = {"entropic_value_at_risk", GROUP_SERIES | GROUP_MOMENTS,
                                          NULL, performance_entropic_value_at_risk},
    [TW_FIGURE_PARETO_SHAPE] = {"pareto_shape", GROUP_SERIES, NULL, performance_pareto_shape},
    [TW_FIGURE_PARETO_SCALE] = {"pareto_scale", GROUP_SERIES, NULL, performance_pareto_scale},
    [TW_FIGURE_PARETO_VALUE_AT_RISK] = {"pareto_value_at_risk", GROUP_SERIES, NULL,
                                        performance_pareto_value_at_risk},
    [TW_FIGURE_PARETO_SHORTFALL] = {"pareto_shortfall", GROUP_SERIES, NULL,
                                    performance_pareto_shortfall},
    [TW_FIGURE_BENCHMARK_SKIPPED] = {"benchmark_skipped", GROUP_PAIR, against_skipped, NULL},
    [TW_FIGURE_ALPHA] = {"alpha", GROUP_PAIR, against_alpha, NULL},
    [TW_FIGURE_ALPHA_ANNUAL] = {"alpha_annual", GROUP_PAIR, against_alpha_annual, NULL},
    [TW_FIGURE_BETA] = {"beta", GROUP_PAIR, against_beta, NULL},
    [TW_FIGURE_FAMA_BETA] = {"fama_beta", GROUP_PAIR, against_fama_beta, NULL},
    [TW_FIGURE_CORRELATION] = {"correlation", GROUP_PAIR, against_correlation, NULL},
    [TW_FIGURE_R_SQUARED] = {"r_squared", GROUP_PAIR, against_r_squared, NULL},
    [TW_FIGURE_BETA_BULL] = {"beta_bull", GROUP_BULL, against_beta_bull, NULL},
    [TW_FIGURE_BETA_BEAR] = {"beta_bear", GROUP_BEAR, against_beta_bear, NULL},
    [TW_FIGURE_TIMING] = {"timing", GROUP_BULL | GROUP_BEAR, against_timing, NULL},
    [TW_FIGURE_UP_ALPHA] = {"up_alpha", GROUP_UP, against_up_alpha, NULL},
    [TW_FIGURE_UP_BETA] = {"up_beta", GROUP_UP, against_up_beta, NULL},
    [TW_FIGURE_DOWN_ALPHA] = {"down_alpha", GROUP_DOWN, against_down_alpha, NULL},
    [TW_FIGURE_DOWN_BETA] = {"down_beta", GROUP_DOWN, against_down_beta, NULL},
    [TW_FIGURE_CAPTURE] = {"capture", PAIR_RATES, against_capture, NULL},
    [TW_FIGURE_UP_CAPTURE] = {"up_capture", GROUP_UP, against_up_capture, NULL},
    [TW_FIGURE_DOWN_CAPTURE] = {"down_capture", GROUP_DOWN, against_down_capture, NULL},
    [TW_FIGURE_UP_DOWN_CAPTURE] = {"up_down_capture", GROUP_UP | GROUP_DOWN,
                                   against_up_down_capture, NULL},
    [TW_FIGURE_BATTING] = {"batting", GROUP_PAIR, against_batting, NULL},
    [TW_FIGURE_UP_BATTING] = {"up_batting", GROUP_UP, against_up_batting, NULL},
    [TW_FIGURE_DOWN_BATTING] = {"down_batting", GROUP_DOWN, against_down_batting, NULL},
    [TW_FIGURE_UP_NUMBER] = {"up_number", GROUP_UP, against_up_number, NULL},
    [TW_FIGURE_DOWN_NUMBER] = {"down_number", GROUP_DOWN, against_down_number, NULL},
    [TW_FIGURE_TRACKING_ERROR] = {"tracking_error", GROUP_PAIR, against_tracking_error, NULL},
    [TW_FIGURE_TRACKING_ERROR_ANNUAL] = {"tracking_error_annual", GROUP_PAIR,
                                         against_tracking_error_annual, NULL},
    [TW_FIGURE_ACTIVE_PREMIUM] = {"active_premium", PAIR_RATES, against_active_premium, NULL},
    [TW_FIGURE_INFORMATION] = {"information", GROUP_PAIR, against_information, NULL},
    [TW_FIGURE_INFORMATION_ANNUAL] = {"information_annual", GROUP_PAIR, against_information_annual,
                                      NULL},
    [TW_FIGURE_INFORMATION_GEOMETRIC] = {"information_geometric", PAIR_RATES,
                                         against_information_geometric, NULL},
    [TW_FIGURE_JENSEN_ALPHA] = {"jensen_alpha", PAIR_RATES, against_jensen_alpha, NULL},
    [TW_FIGURE_REGRESSION_EPSILON] = {"regression_epsilon", PAIR_RATES, against_epsilon, NULL},
    [TW_FIGURE_SYSTEMATIC_RISK] = {"systematic_risk", GROUP_PAIR, against_systematic, NULL},
    [TW_FIGURE_SPECIFIC_RISK] = {"specific_risk", GROUP_PAIR, against_specific, NULL},
    [TW_FIGURE_TOTAL_RISK] = {"total_risk", GROUP_PAIR, against_total_risk, NULL},
    [TW_FIGURE_APPRAISAL] = {"appraisal", PAIR_RATES, against_appraisal, NULL},
    [TW_FIGURE_APPRAISAL_MODIFIED] = {"appraisal_modified", PAIR_RATES, against_appraisal_modified,
                                      NULL},
    [TW_FIGURE_APPRAISAL_ALTERNATIVE] = {"appraisal_alternative", PAIR_RATES,
                                         against_appraisal_alternative, NULL},
    [TW_FIGURE_TREYNOR] = {"treynor", PAIR_RATES, against_treynor, NULL},
    [TW_FIGURE_TREYNOR_MODIFIED] = {"treynor_modified", PAIR_RATES, against_treynor_modified, NULL},
    [TW_FIGURE_M_SQUARED] = {"m_squared", PAIR_RATES, against_m_squared, NULL},
    [TW_FIGURE_M_SQUARED_EXCESS] = {"m_squared_excess", PAIR_RATES, against_m_squared_excess, NULL},
    [TW_FIGURE_M_SQUARED_EXCESS_GEOMETRIC] = {"m_squared_excess_geometric", PAIR_RATES,
                                              against_m_squared_geometric, NULL},
    [TW_FIGURE_M_SQUARED_SORTINO] = {"m_squared_sortino", PAIR_RATES, against_m_squared_sortino,
                                     NULL},
    [TW_FIGURE_OMEGA_EXCESS] = {"omega_excess", PAIR_RATES, against_omega_excess, NULL},
};

const performance_figure *performance_figure_row(tw_figure figure) {
    TW_ASSERT(figure < TW_FIGURE_COUNT && table[figure].name != NULL);
    return &table[figure];
}
