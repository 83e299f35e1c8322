/*
 * peer_indicator.c - see peer_indicator.h. Periods are those of the texts in the table.
 */
#include "peer_indicator.h"

#include <math.h>
#include <string.h>

static void sma(const peer_bars *b, double *const *out) {
    double sum = 0;
    for (size_t i = 0; i < b->rows; i++) {
        sum += b->close[i];
        if (i >= 20)
            sum -= b->close[i - 20];
        out[0][i] = i >= 19 ? sum / 20 : NAN;
    }
}

static void smooth(const double *a, size_t rows, double rate, size_t seeds, double *ret) {
    double y = 0;
    for (size_t i = 0; i < seeds; i++) {
        y += a[i] / (double)seeds;
        ret[i] = NAN;
    }
    ret[seeds - 1] = y;
    for (size_t i = seeds; i < rows; i++) {
        y += rate * (a[i] - y);
        ret[i] = y;
    }
}

static void ema(const peer_bars *b, double *const *out) {
    smooth(b->close, b->rows, 2.0 / 21, 20, out[0]);
}

static void rsi(const peer_bars *b, double *const *out) {
    double up = 0;
    double down = 0;
    for (size_t i = 1; i < b->rows; i++) {
        double change = b->close[i] - b->close[i - 1];
        double gain = change > 0 ? change : 0;
        double loss = change < 0 ? -change : 0;
        if (i <= 14) {
            up += gain / 14;
            down += loss / 14;
        } else {
            up = (up * 13 + gain) / 14;
            down = (down * 13 + loss) / 14;
        }
        out[0][i] = i >= 14 ? 100 * up / (up + down) : NAN;
    }
}

static void macd(const peer_bars *b, double *const *out) {
    smooth(b->close, b->rows, 2.0 / 13, 12, out[0]);
    smooth(b->close, b->rows, 2.0 / 27, 26, out[1]);
    for (size_t i = 25; i < b->rows; i++)
        out[0][i] -= out[1][i];
    smooth(out[0] + 25, b->rows - 25, 0.2, 9, out[1] + 25);
    for (size_t i = 0; i < b->rows; i++)
        out[2][i] = out[0][i] - out[1][i];
}

/* The deviation by the difference of two sums: what must not be done. */
static void bollinger(const peer_bars *b, double *const *out) {
    double sum = 0;
    double squares = 0;
    for (size_t i = 0; i < b->rows; i++) {
        double now = b->close[i];
        double old = i >= 20 ? b->close[i - 20] : 0;
        sum += now - old;
        squares += now * now - old * old;
        double mean = sum / 20;
        double width = 2 * sqrt(squares / 20 - mean * mean);
        out[0][i] = mean;
        out[1][i] = mean + width;
        out[2][i] = mean - width;
    }
}

static void atr(const peer_bars *b, double *const *out) {
    out[0][0] = b->high[0] - b->low[0];
    for (size_t i = 1; i < b->rows; i++) {
        double last = b->close[i - 1];
        double range = fmax(b->high[i], last) - fmin(b->low[i], last);
        out[0][i] = range;
    }
    smooth(out[0] + 1, b->rows - 1, 1.0 / 14, 14, out[1] + 1);
}

/* The place of the extreme is kept, and looked for again when it has left. */
static void extremes(const double *a, size_t rows, size_t n, double sign, double *ret) {
    size_t at = 0;
    for (size_t i = 0; i < rows; i++) {
        if (at + n <= i) {
            at = i + 1 - n;
            for (size_t j = at + 1; j <= i; j++)
                at = sign * a[j] >= sign * a[at] ? j : at;
        } else if (sign * a[i] >= sign * a[at]) {
            at = i;
        }
        ret[i] = a[at];
    }
}

static void donchian(const peer_bars *b, double *const *out) {
    extremes(b->high, b->rows, 20, 1, out[0]);
    extremes(b->low, b->rows, 20, -1, out[2]);
    for (size_t i = 0; i < b->rows; i++)
        out[1][i] = (out[0][i] + out[2][i]) / 2;
}

static void stochastic(const peer_bars *b, double *const *out) {
    extremes(b->high, b->rows, 14, 1, out[0]);
    extremes(b->low, b->rows, 14, -1, out[1]);
    for (size_t i = 0; i < b->rows; i++)
        out[2][i] = 100 * (b->close[i] - out[1][i]) / (out[0][i] - out[1][i]);
    for (size_t i = 2; i < b->rows; i++)
        out[0][i] = (out[2][i] + out[2][i - 1] + out[2][i - 2]) / 3;
    for (size_t i = 4; i < b->rows; i++)
        out[1][i] = (out[0][i] + out[0][i - 1] + out[0][i - 2]) / 3;
}

peer_function peer_of(const char *text) {
    static const struct {
        const char *text;
        peer_function function;
    } peers[] = {
        {"sma(20)", sma},           {"ema(20)", ema},
        {"rsi(14)", rsi},           {"macd", macd},
        {"atr(14)", atr},           {"bollinger(20)", bollinger},
        {"donchian(20)", donchian}, {"stochastic", stochastic},
    };
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        if (strcmp(peers[i].text, text) == 0)
            return peers[i].function;
    }
    return NULL;
}
