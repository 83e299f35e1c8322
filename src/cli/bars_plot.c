/* bars_plot.c - see bars_plot.h. */
#include "bars_plot.h"

#include <stdio.h>

#include "gnuplot.h"
#include "tradewind/time.h"

void bars_plot_init(bars_plot *plot, uint32_t frame) {
    *plot = (bars_plot){.symbol = TW_SYMBOL_NONE, .frame = frame, .bars_a_candle = 1};
}

/* ---- Candles ------------------------------------------------------------------------------- */

static void join(bars_candle *candle, const bars_candle *next) {
    candle->high = next->high > candle->high ? next->high : candle->high;
    candle->low = next->low < candle->low ? next->low : candle->low;
    candle->close = next->close;
    candle->volume += next->volume;
    candle->bar_count += next->bar_count;
}

/* Each two side by side become one. */
static void thin(bars_plot *plot) {
    for (size_t i = 0; i < BARS_PLOT_CANDLE_MAX / 2; i++) {
        bars_candle both = plot->candles[2 * i];
        join(&both, &plot->candles[2 * i + 1]);
        plot->candles[i] = both;
    }
    plot->candle_count = BARS_PLOT_CANDLE_MAX / 2;
    plot->bars_a_candle *= 2;
}

bool bars_plot_put(bars_plot *plot, const tw_bar *bar, const tw_bars_detail *detail) {
    if (detail->frame != plot->frame)
        return true;
    if (plot->symbol == TW_SYMBOL_NONE)
        plot->symbol = bar->symbol;
    if (plot->symbol != bar->symbol)
        return false;
    plot->bar_count++;
    bars_candle own = {bar->time_ns,
                       bar->open.nano,
                       bar->high.nano,
                       bar->low.nano,
                       bar->close.nano,
                       (double)bar->volume.nano * 1e-9,
                       1};
    bars_candle *last = plot->candle_count > 0 ? &plot->candles[plot->candle_count - 1] : NULL;
    if (last != NULL && last->bar_count < plot->bars_a_candle) {
        join(last, &own);
        return true;
    }
    if (plot->candle_count == BARS_PLOT_CANDLE_MAX)
        thin(plot);
    plot->candles[plot->candle_count++] = own;
    return true;
}

/* ---- The script ---------------------------------------------------------------------------- */

typedef struct bars_picture {
    const bars_plot *plot;
    const char *symbol;
    const char *frame;
} bars_picture;

static const char style[] =
    "set multiplot\nset lmargin at screen 0.075\nset rmargin at screen 0.975\nset tics front\n"
    "set border 3\nset xtics nomirror\nset ytics nomirror\nset grid back lc '#dddddd'\n"
    "set style fill solid 1.0\nunset key\nset boxwidth 0.7\n";

static const char upper[] =
    "set bmargin at screen 0.32\nset tmargin at screen 0.92\nset ylabel 'price'\n"
    "plot $bars using ($5 >= $2 ? $1 : NaN):2:3:4:5 with candlesticks lc '#1a7f5a' fs solid, \\\n"
    " $bars using ($5 < $2 ? $1 : NaN):2:3:4:5 with candlesticks lc '#b2182b' fs solid\n";

static const char lower[] =
    "unset title\nset bmargin at screen 0.09\nset tmargin at screen 0.29\nset ylabel 'volume'\n"
    "set yrange [0:*]\n"
    "plot $bars using ($5 >= $2 ? $1 : NaN):6 with boxes lc '#7fbfa5', \\\n"
    " $bars using ($5 < $2 ? $1 : NaN):6 with boxes lc '#e3a0a0'\n";

static void put_candles(FILE *script, const bars_plot *plot) {
    fprintf(script, "$bars << END\n");
    for (size_t i = 0; i < plot->candle_count; i++) {
        const bars_candle *candle = &plot->candles[i];
        fprintf(script, "%zu %.9f %.9f %.9f %.9f %.9g\n", i, (double)candle->open * 1e-9,
                (double)candle->low * 1e-9, (double)candle->high * 1e-9,
                (double)candle->close * 1e-9, candle->volume);
    }
    fprintf(script, "END\n");
}

/* Some candles' times, in two lines: the date and the hour. */
static void put_times(FILE *script, const bars_plot *plot, bool shown) {
    size_t step = plot->candle_count / 9 + 1;
    fprintf(script, "set xtics (");
    for (size_t i = 0; i < plot->candle_count; i += step) {
        char text[TW_TIME_TEXT_SIZE];
        tw_time_format(plot->candles[i].time_ns, 0, text);
        if (shown)
            fprintf(script, "%s\"%.10s\\n%.8s\" %zu", i == 0 ? "" : ", ", text, text + 11, i);
        else
            fprintf(script, "%s\"\" %zu", i == 0 ? "" : ", ", i);
    }
    fprintf(script, ")\n");
}

/* The names of symbols and frames have neither quotes nor spaces. */
static bool put_script(FILE *script, void *context) {
    const bars_picture *picture = context;
    const bars_plot *plot = picture->plot;
    put_candles(script, plot);
    fprintf(script, "set terminal pngcairo size 1600,1000 font 'sans,12' background '#ffffff'\n");
    fputs(style, script);
    fprintf(script, "set title \"%s  %s    %llu bars", picture->symbol, picture->frame,
            (unsigned long long)plot->bar_count);
    if (plot->bars_a_candle > 1)
        fprintf(script, " (%llu a candle)", (unsigned long long)plot->bars_a_candle);
    fprintf(script, "\" font 'sans,15' noenhanced\n");
    fprintf(script, "set xrange [-1:%zu]\n", plot->candle_count);
    put_times(script, plot, false);
    fputs(upper, script);
    put_times(script, plot, true);
    fputs(lower, script);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}

tw_status bars_plot_draw(const bars_plot *plot, const char *symbol, const char *frame,
                         const char *path, tw_error *error) {
    char what[TW_ERROR_MESSAGE_SIZE];
    if (plot->candle_count == 0)
        return tw_error_set(error, TW_EMPTY, "there is no %s bar to plot", frame);
    bars_picture picture = {plot, symbol, frame};
    snprintf(what, sizeof what, "the %s bars of %s", frame, symbol);
    return gnuplot_draw(path, put_script, &picture, what, error);
}
