/* bars_picture.c - see bars_picture.h. */
#include "bars_picture.h"

#include <math.h>
#include <string.h>

#include "time_labels.h"
#include "tradewind/time.h"

/* ---- Sizes, in pixels ---------------------------------------------------------------------- */

enum {
    WIDTH = 1600,
    TITLE = 46,
    PRICE = 560,
    VOLUME = 150,
    PANEL = 170,
    GAP = 14, /* above the legend of each panel */
    LEGEND_ROW = 17,
    LEGEND_WIDTH = 1380,
    BOTTOM = 58, /* the times, in two lines */
    LABEL_MOST = 12,
    NARROWEST = 24 /* bars a picture has room for at least */
};

static const char *const colours[] = {"#1f5c8b", "#d98200", "#7a3e9d", "#2a9d8f",
                                      "#b5179e", "#6b705c", "#0077b6", "#9c6644"};

enum { COLOUR_COUNT = sizeof colours / sizeof colours[0] };

/* Where between its bounds an oscillator is usually read: lines for the eye. */
typedef struct guide_lines {
    const char *name;
    double lower;
    double upper;
} guide_lines;

static const guide_lines guides[] = {{"rsi", 30, 70},
                                     {"stochastic", 20, 80},
                                     {"mfi", 20, 80},
                                     {"williams_r", -80, -20},
                                     {"cci", -100, 100}};

static bool is_below(const bars_indicator *entry) {
    return !entry->over_price;
}

static size_t count_panels(const bars_plot *plot) {
    size_t count = 0;
    for (size_t i = 0; i < plot->indicators.count; i++)
        count += is_below(&plot->indicators.entries[i]);
    return count;
}

/* ---- Legends ------------------------------------------------------------------------------- */

/* The name of a line: of the indicator, and of the output where it has several. */
static void write_name(const bars_indicator *entry, uint32_t output, char *text, size_t size) {
    bool several = (entry->outputs & (entry->outputs - 1)) != 0;
    snprintf(text, size, "%s%s%s", entry->name, several ? " " : "",
             several ? entry->about->outputs[output] : "");
}

/* How many names there are, and how long the longest of them is. */
static void add_names(const bars_indicator *entry, size_t *count, size_t *longest) {
    char name[2 * BARS_INDICATOR_NAME_SIZE];
    for (uint32_t o = 0; o < entry->about->output_count; o++) {
        if ((entry->outputs >> o & 1) == 0)
            continue;
        write_name(entry, o, name, sizeof name);
        ++*count;
        *longest = strlen(name) > *longest ? strlen(name) : *longest;
    }
}

/* gnuplot gives each name the room of the longest, about seven pixels a letter. */
static size_t legend_height(size_t count, size_t longest) {
    size_t a_row = LEGEND_WIDTH / (7 * longest + 60);
    size_t rows = a_row > 0 ? (count + a_row - 1) / a_row : count;
    return GAP + LEGEND_ROW * (rows > 0 ? rows : 1);
}

static size_t price_legend(const bars_plot *plot) {
    size_t count = 0;
    size_t longest = 0;
    for (size_t i = 0; i < plot->indicators.count; i++)
        if (!is_below(&plot->indicators.entries[i]))
            add_names(&plot->indicators.entries[i], &count, &longest);
    return legend_height(count, longest);
}

static size_t panel_legend(const bars_indicator *entry) {
    size_t count = 0;
    size_t longest = 0;
    add_names(entry, &count, &longest);
    return legend_height(count, longest);
}

static size_t height_of(const bars_plot *plot) {
    size_t height = TITLE + price_legend(plot) + PRICE + legend_height(1, 6) + VOLUME + BOTTOM;
    for (size_t i = 0; i < plot->indicators.count; i++)
        if (is_below(&plot->indicators.entries[i]))
            height += panel_legend(&plot->indicators.entries[i]) + PANEL;
    return height;
}

/* ---- Data ---------------------------------------------------------------------------------- */

/* Columns: 1 place, 2 open, 3 low, 4 high, 5 close, 6 volume, then the lines of the indicators. */
enum { FIRST_LINE = 7 };

static void put_data(FILE *script, const bars_picture *picture) {
    const bars_plot *plot = picture->plot;
    fprintf(script, "$bars << END\n");
    for (size_t i = picture->begin; i < plot->candle_count; i++) {
        const bars_candle *candle = &plot->candles[i];
        fprintf(script, "%zu %.9f %.9f %.9f %.9f %.9g", i - picture->begin, candle->open,
                candle->low, candle->high, candle->close, candle->volume);
        for (size_t n = 0; n < plot->indicators.count; n++) {
            const bars_indicator *entry = &plot->indicators.entries[n];
            for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++) {
                if (entry->values[o] == NULL)
                    continue;
                if (isfinite(entry->values[o][i]))
                    fprintf(script, " %.12g", entry->values[o][i]);
                else
                    fputs(" NaN", script);
            }
        }
        fputc('\n', script);
    }
    fprintf(script, "END\n");
}

/* Prices, and lines over them unless they lead far away: a band may triple the range. */
static void put_price_range(FILE *script, const bars_picture *picture) {
    const bars_plot *plot = picture->plot;
    double low = INFINITY;
    double high = -INFINITY;
    for (size_t i = picture->begin; i < plot->candle_count; i++) {
        low = fmin(low, plot->candles[i].low);
        high = fmax(high, plot->candles[i].high);
    }
    double span = high > low ? high - low : fmax(fabs(high) * 0.01, 1e-9);
    double least = low - span;
    double most = high + span;
    for (size_t n = 0; n < plot->indicators.count; n++) {
        const bars_indicator *entry = &plot->indicators.entries[n];
        for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++) {
            if (entry->values[o] == NULL || is_below(entry))
                continue;
            for (size_t i = picture->begin; i < plot->candle_count; i++) {
                double value = entry->values[o][i];
                low = isfinite(value) ? fmin(low, fmax(value, least)) : low;
                high = isfinite(value) ? fmax(high, fmin(value, most)) : high;
            }
        }
    }
    span = high > low ? high - low : span;
    fprintf(script, "set yrange [%.12g:%.12g]\n", low - 0.04 * span, high + 0.04 * span);
}

/* ---- Units --------------------------------------------------------------------------------- */

/* Large numbers are written in thousands, millions ... */
typedef struct unit {
    double scale;
    const char *suffix;
} unit;

static unit unit_of(double most) {
    static const unit units[] = {{1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++)
        if (most >= 2.0 * units[i].scale)
            return units[i];
    return (unit){1.0, ""};
}

static unit unit_of_volume(const bars_picture *picture) {
    double most = 0.0;
    for (size_t i = picture->begin; i < picture->plot->candle_count; i++)
        most = fmax(most, picture->plot->candles[i].volume);
    return unit_of(most);
}

/* Numbers of five digits are written as they are. */
static unit unit_of_panel(const bars_picture *picture, const bars_indicator *entry) {
    double most = 0.0;
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        for (size_t i = picture->begin; entry->values[o] != NULL && i < entry->rows; i++)
            most = isfinite(entry->values[o][i]) ? fmax(most, fabs(entry->values[o][i])) : most;
    return most < 1e5 ? (unit){1.0, ""} : unit_of(most);
}

/* ---- Panels -------------------------------------------------------------------------------- */

/* How far down the picture has come, and which column and colour are next. */
typedef struct layout {
    size_t height;
    size_t top; /* of what is next */
    size_t column;
    size_t colour;
} layout;

static void begin_panel(FILE *script, layout *at, size_t legend, size_t height) {
    double whole = (double)at->height;
    at->top += legend;
    fprintf(script, "set tmargin at screen %.5f\n", 1.0 - (double)at->top / whole);
    at->top += height;
    fprintf(script, "set bmargin at screen %.5f\n", 1.0 - (double)at->top / whole);
}

static void put_times(FILE *script, const bars_picture *picture, bool shown) {
    const bars_plot *plot = picture->plot;
    size_t count = plot->candle_count - picture->begin;
    int64_t times_ns[BARS_PLOT_SHOWN_MAX];
    TW_ASSERT(count <= BARS_PLOT_SHOWN_MAX);
    for (size_t i = 0; i < count; i++)
        times_ns[i] = plot->candles[picture->begin + i].time_ns;
    time_labels_put(script, times_ns, count, LABEL_MOST, shown);
}

/* A line for each output. */
static void put_lines(FILE *script, const bars_indicator *entry, double scale, layout *at) {
    char name[2 * BARS_INDICATOR_NAME_SIZE];
    bool is_first = true;
    for (uint32_t o = 0; o < entry->about->output_count; o++) {
        if (entry->values[o] == NULL)
            continue;
        bool is_bars = strcmp(entry->about->outputs[o], "histogram") == 0;
        write_name(entry, o, name, sizeof name);
        fprintf(script, "%s$bars using 1:($%zu/%g) with %s lc '%s' title \"%s\"",
                is_first ? "" : ", \\\n ", at->column, scale,
                is_bars                          ? "boxes fs solid 0.45"
                : at->colour / COLOUR_COUNT == 0 ? "lines lw 1.6"
                                                 : "lines lw 1.6 dt 2",
                is_bars ? "#8a8f98" : colours[at->colour % COLOUR_COUNT], name);
        at->column++;
        at->colour += !is_bars;
        is_first = false;
    }
}

static void skip_lines(const bars_indicator *entry, layout *at) {
    for (size_t o = 0; o < TW_INDICATOR_OUTPUTS_MAX; o++)
        at->column += entry->values[o] != NULL;
}

static void put_price(FILE *script, const bars_picture *picture, layout *at) {
    const bars_plot *plot = picture->plot;
    double close = plot->candles[plot->candle_count - 1].close;
    begin_panel(script, at, price_legend(plot), PRICE);
    put_times(script, picture, false);
    put_price_range(script, picture);
    fprintf(script,
            "set format y '%%.10g'\nset arrow 1 from graph 0, first %.9f to graph 1, first %.9f "
            "nohead dt 3 lc '#555555'\nset label 1 '%.8g' at graph 1.004, first %.9f left front "
            "font 'sans,12' tc '#222222'\n",
            close, close, close, close);
    fputs("plot $bars using ($5 >= $2 ? $1 : NaN):2:3:4:5 with candlesticks lc '#1a7f5a' notitle, "
          "\\\n $bars using ($5 < $2 ? $1 : NaN):2:3:4:5 with candlesticks lc '#b2182b' notitle",
          script);
    at->column = FIRST_LINE;
    for (size_t n = 0; n < plot->indicators.count; n++) {
        const bars_indicator *entry = &plot->indicators.entries[n];
        if (is_below(entry)) {
            skip_lines(entry, at);
            continue;
        }
        fputs(", \\\n ", script);
        put_lines(script, entry, 1.0, at);
    }
    fputs("\nunset arrow 1\nunset label 1\n", script);
}

static void put_volume(FILE *script, const bars_picture *picture, layout *at, bool is_last) {
    begin_panel(script, at, legend_height(1, 6), VOLUME);
    put_times(script, picture, is_last);
    unit scale = unit_of_volume(picture);
    fprintf(script,
            "set yrange [0:*]\nset format y '%%.6g%s'\nset ytics autofreq\n"
            "plot $bars using ($5 >= $2 ? $1 : NaN):($6/%g) with boxes lc '#7fbfa5' title "
            "'volume', \\\n $bars using ($5 < $2 ? $1 : NaN):($6/%g) with boxes lc '#e3a0a0' "
            "notitle\n",
            scale.suffix, scale.scale, scale.scale);
}

static void put_guides(FILE *script, const bars_indicator *entry) {
    for (size_t i = 0; i < sizeof guides / sizeof guides[0]; i++) {
        if (strcmp(guides[i].name, entry->about->name) != 0)
            continue;
        fprintf(script,
                "set arrow 1 from graph 0, first %g to graph 1, first %g nohead dt 2 lc '#999999'\n"
                "set arrow 2 from graph 0, first %g to graph 1, first %g nohead dt 2 lc '#999999'\n"
                "set yrange [*<%g:%g<*]\nset ytics (%g, %g, %g)\n",
                guides[i].lower, guides[i].lower, guides[i].upper, guides[i].upper, guides[i].lower,
                guides[i].upper, guides[i].lower, (guides[i].lower + guides[i].upper) / 2.0,
                guides[i].upper);
    }
}

static void put_panels(FILE *script, const bars_picture *picture, layout *at) {
    const bars_plot *plot = picture->plot;
    size_t rest = count_panels(plot);
    at->column = FIRST_LINE;
    for (size_t n = 0; n < plot->indicators.count; n++) {
        const bars_indicator *entry = &plot->indicators.entries[n];
        if (!is_below(entry)) {
            skip_lines(entry, at);
            continue;
        }
        at->colour = 0;
        begin_panel(script, at, panel_legend(entry), PANEL);
        put_times(script, picture, --rest == 0);
        unit scale = unit_of_panel(picture, entry);
        fprintf(script, "set yrange [*:*]\nset format y '%%.6g%s'\nset ytics autofreq\n",
                scale.suffix);
        put_guides(script, entry);
        fputs("plot ", script);
        put_lines(script, entry, scale.scale, at);
        fputs("\nunset arrow\n", script);
    }
}

/* ---- The script ---------------------------------------------------------------------------- */

static const char style[] =
    "set multiplot\nset lmargin at screen 0.065\nset rmargin at screen 0.94\nset tics front\n"
    "set border 3 lc '#444444'\nset xtics nomirror\nset ytics nomirror\n"
    "set grid back lt 1 lc '#dcdcdc' lw 1\nset style fill solid 1.0\nset boxwidth 0.7\n"
    "set key at graph 0, graph 1 left bottom horizontal Left reverse noenhanced samplen 1.6 "
    "font 'sans,11'\n";

/* From when to when: dates, with times unless bars are days, and no date twice. */
static void put_span(FILE *script, const bars_picture *picture) {
    enum { DATE = 10, CLOCK = 5, SECONDS = 8 };
    const bars_plot *plot = picture->plot;
    char from[TW_TIME_TEXT_SIZE];
    char to[TW_TIME_TEXT_SIZE];
    tw_time_format(plot->candles[picture->begin].time_ns, 0, from);
    tw_time_format(plot->candles[plot->candle_count - 1].time_ns, 0, to);
    bool days = plot->timeframe_ns > 0 && plot->timeframe_ns % TW_NS_PER_DAY == 0;
    bool minutes = plot->timeframe_ns > 0 && plot->timeframe_ns % TW_NS_PER_MINUTE == 0;
    bool same_day = strncmp(from, to, DATE) == 0;
    int clock = minutes ? CLOCK : SECONDS;
    if (days)
        fprintf(script, "%.10s%s%.10s", from, same_day ? "" : " to ", same_day ? "" : to);
    else
        fprintf(script, "%.10s %.*s to %.10s%s%.*s UTC", from, clock, from + 11, same_day ? "" : to,
                same_day ? "" : " ", clock, to + 11);
}

static void put_title(FILE *script, const bars_picture *picture, size_t height) {
    const bars_plot *plot = picture->plot;
    size_t shown = plot->candle_count - picture->begin;
    double top = 1.0 - 28.0 / (double)height;
    fprintf(script,
            "set label 9 \"%s  %s\" at screen 0.065, screen %.5f left font 'sans,17' noenhanced\n"
            "set label 8 \"",
            picture->symbol, picture->frame, top);
    if (shown < plot->bar_count)
        fprintf(script, "the last %zu of ", shown);
    fprintf(script, "%llu %s, ", (unsigned long long)plot->bar_count,
            plot->bar_count == 1 ? "bar" : "bars");
    put_span(script, picture);
    fprintf(script, "\" at screen 0.94, screen %.5f right font 'sans,12' tc '#444444' noenhanced\n",
            top);
}

bool bars_picture_put(FILE *script, void *context) {
    const bars_picture *picture = context;
    const bars_plot *plot = picture->plot;
    layout at = {.height = height_of(plot), .top = TITLE};
    put_data(script, picture);
    fprintf(script, "set terminal pngcairo size %d,%zu font 'sans,12' background '#ffffff'\n",
            (int)WIDTH, at.height);
    fputs(style, script);
    put_title(script, picture, at.height);
    size_t shown = plot->candle_count - picture->begin;
    fprintf(script, "set xrange [-1:%zu]\n", shown < NARROWEST ? NARROWEST : shown);
    put_price(script, picture, &at);
    fputs("unset label 8\nunset label 9\n", script);
    put_volume(script, picture, &at, count_panels(plot) == 0);
    put_panels(script, picture, &at);
    fputs("unset multiplot\nunset output\n", script);
    return true;
}
