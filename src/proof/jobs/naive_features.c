/* naive_features.c - see naive_features.h. */
#include "naive_features.h"

#include <math.h>

static double mean_of(const double *values, size_t count) {
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    return sum / (double)count;
}

static double deviation_of(const double *values, double mean, size_t count, size_t ddof) {
    double squares = 0;
    for (size_t i = 0; i < count; i++)
        squares += (values[i] - mean) * (values[i] - mean);
    return sqrt(squares / (double)(count - ddof));
}

static void returns(const double *prices, size_t days, double *ret) {
    for (size_t day = 0; day < days; day++)
        ret[day] = day >= 1 ? log(prices[day] / prices[day - 1]) : NAN;
}

static void volatility(const double *log_returns, size_t days, double *ret) {
    for (size_t day = 0; day < days; day++) {
        ret[day] = NAN;
        if (day < NAIVE_QUARTER)
            continue;
        const double *window = &log_returns[day + 1 - NAIVE_QUARTER];
        double mean = mean_of(window, NAIVE_QUARTER);
        ret[day] = deviation_of(window, mean, NAIVE_QUARTER, 1) * sqrt(252);
    }
}

static void z_score(const double *prices, size_t days, double *ret) {
    for (size_t day = 0; day < days; day++) {
        ret[day] = NAN;
        if (day + 1 < NAIVE_QUARTER)
            continue;
        const double *window = &prices[day + 1 - NAIVE_QUARTER];
        double mean = mean_of(window, NAIVE_QUARTER);
        ret[day] = (prices[day] - mean) / deviation_of(window, mean, NAIVE_QUARTER, 0);
    }
}

static void relative_strength(const double *prices, size_t days, double *ret) {
    for (size_t day = 0; day < days; day++) {
        double up = 0;
        double down = 0;
        ret[day] = NAN;
        if (day < NAIVE_RSI_WINDOW)
            continue;
        for (size_t i = day + 1 - NAIVE_RSI_WINDOW; i <= day; i++) {
            double change = prices[i] - prices[i - 1];
            if (change > 0)
                up += change;
            else
                down -= change;
        }
        ret[day] = up + down > 0 ? 100 * up / (up + down) : 100;
    }
}

static void exponential_mean(const double *prices, size_t days, double *ret) {
    double mean = days > 0 ? prices[0] : 0;
    for (size_t day = 0; day < days; day++) {
        mean += 2.0 / (NAIVE_MONTH + 1) * (prices[day] - mean);
        ret[day] = mean;
    }
}

static void bollinger_place(const double *prices, size_t days, double *ret) {
    for (size_t day = 0; day < days; day++) {
        ret[day] = NAN;
        if (day + 1 < NAIVE_MONTH)
            continue;
        const double *window = &prices[day + 1 - NAIVE_MONTH];
        double mean = mean_of(window, NAIVE_MONTH);
        double deviation = deviation_of(window, mean, NAIVE_MONTH, 0);
        ret[day] = (prices[day] - mean + 2 * deviation) / (4 * deviation);
    }
}

void naive_features(const double *prices, size_t days, double *const ret_values[NAIVE_FEATURES]) {
    returns(prices, days, ret_values[0]);
    volatility(ret_values[0], days, ret_values[1]);
    z_score(prices, days, ret_values[2]);
    relative_strength(prices, days, ret_values[3]);
    exponential_mean(prices, days, ret_values[4]);
    bollinger_place(prices, days, ret_values[5]);
}
