/*
 * indicator_hurst.c - windows that are read as a whole for each row: Hurst's exponent, and the
 * slope of one series on another over the rows of one side.
 *
 * Compiled once for each level of vector instructions, but one lane at a time. The ring holds the
 * last n rows; a value that is missing makes the answer NaN by arithmetic.
 */
#include "indicator_lanes.h"

typedef struct line_fit {
    double count;
    double x;
    double y;
    double xx;
    double xy;
} line_fit;

static void add_point(line_fit *fit, double x, double y) {
    fit->count += 1;
    fit->x += x;
    fit->y += y;
    fit->xx += x * x;
    fit->xy += x * y;
}

static double slope_of(const line_fit *fit) {
    return (fit->count * fit->xy - fit->x * fit->y) / (fit->count * fit->xx - fit->x * fit->x);
}

static double value_at(const tw_step *s, size_t lane, size_t j) {
    return rows_oldest(s, j)[lane];
}

/* The range of the running sum of deviations from the mean, over the deviation: 0 without one. */
static double rescaled_range(const tw_step *s, size_t lane, size_t begin, size_t size) {
    double mean = 0;
    for (size_t j = 0; j < size; j++)
        mean += value_at(s, lane, begin + j);
    mean /= (double)size;
    double walk = 0;
    double least = value_at(s, lane, begin) - mean;
    double most = least;
    double squares = 0;
    for (size_t j = 0; j < size; j++) {
        double away = value_at(s, lane, begin + j) - mean;
        walk += away;
        squares += away * away;
        least = walk < least ? walk : least;
        most = walk > most ? walk : most;
    }
    double deviation = sqrt(squares / (double)size);
    return deviation != 0 ? (most - least) / deviation : 0;
}

/* Hurst (1951): rescaled ranges of the window cut into 1, 2, 4 ... parts grow with a power of their
 * length. What does not divide is left out at the old end. The corrected ranges are less what Anis
 * and Lloyd (1976) expect of independent returns, and more by the root that is meant to be there
 * (Weron, 2002): the weights have these differences. */
static void of_ranges(const tw_step *s, size_t lane) {
    line_fit plain = {0};
    line_fit corrected = {0};
    size_t parts = 1;
    for (size_t i = 0; i < TW_STEP_HURST_SIZES && s->n / parts >= TW_STEP_HURST_ROWS; i++) {
        size_t size = s->n / parts;
        double sum = 0;
        for (size_t part = 0; part < parts; part++)
            sum += rescaled_range(s, lane, s->n - size * (parts - part), size);
        double mean = sum / (double)parts;
        add_point(&plain, log10((double)size), log10(mean));
        add_point(&corrected, log10((double)size), log10(mean - s->weights[i]));
        parts *= 2;
    }
    s->out[0][lane] = within(slope_of(&plain));
    s->out[1][lane] = within(slope_of(&corrected));
}

/* The deviations of changes over 2, 3 ... m rows grow with a power of their number. */
static void of_lags(const tw_step *s, size_t lane) {
    line_fit fit = {0};
    for (size_t lag = 2; (double)lag <= s->m; lag++) {
        size_t count = s->n - lag;
        double mean = 0;
        for (size_t j = 0; j < count; j++)
            mean += value_at(s, lane, j + lag) - value_at(s, lane, j);
        mean /= (double)count;
        double squares = 0;
        for (size_t j = 0; j < count; j++) {
            double away = value_at(s, lane, j + lag) - value_at(s, lane, j) - mean;
            squares += away * away;
        }
        add_point(&fit, log((double)lag), log(sqrt(squares / (double)count)));
    }
    s->out[0][lane] = within(slope_of(&fit));
    s->out[1][lane] = NAN;
}

/* Of the lags up to m, or, where m is 0, of ranges. */
TW_INLINE void hurst_row(tw_step *s) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        s->ring[s->place * TW_LANES(s) + i] = s->in[0][i];
        s->out[0][i] = s->out[1][i] = NAN;
        if (rows_answer(s) && s->m > 0)
            of_lags(s, i);
        else if (rows_answer(s))
            of_ranges(s, i);
    }
    rows_advance(s);
}

/* The slope of b on a over the rows of the window where k a is above 0. */
static double slope_of_side(const tw_step *s, size_t lane) {
    const double *a = s->ring + lane;
    const double *b = a + s->n * TW_LANES(s);
    double count = 0;
    double mean_a = 0;
    double mean_b = 0;
    double missing = 0;
    for (size_t j = 0; j < s->n; j++) {
        double x = a[j * TW_LANES(s)];
        double y = b[j * TW_LANES(s)];
        bool among = s->k * x > 0;
        count += among ? 1 : 0;
        mean_a += among ? x : 0;
        mean_b += among ? y : 0;
        missing += (x - x) + (y - y);
    }
    mean_a /= count;
    mean_b /= count;
    double aa = missing;
    double ab = 0;
    for (size_t j = 0; j < s->n; j++) {
        double x = a[j * TW_LANES(s)];
        bool among = s->k * x > 0;
        double away = among ? x - mean_a : 0;
        aa += away * away;
        ab += among ? away * (b[j * TW_LANES(s)] - mean_b) : 0;
    }
    return aa > 0 ? ab / aa : NAN;
}

TW_INLINE void side_row(tw_step *s) {
    for (size_t i = 0; i < TW_LANES(s); i++) {
        s->ring[s->place * TW_LANES(s) + i] = s->in[0][i];
        s->ring[(s->n + s->place) * TW_LANES(s) + i] = s->in[1][i];
        s->out[0][i] = rows_answer(s) ? within(slope_of_side(s, i)) : NAN;
    }
    rows_advance(s);
}

TW_KERNEL(hurst, hurst_row(s))
TW_KERNEL(side, side_row(s))

void TW_LEVEL(tw_indicator_hurst)(tw_step_table *ret_table) {
    ret_table->kernels[TW_STEP_HURST] = hurst;
    ret_table->kernels[TW_STEP_SIDE] = side;
}
