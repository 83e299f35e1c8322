/*
 * metrics_expose.c - all series, one after the other, and their OpenMetrics 1.0 text.
 *
 * The text is made by a visitor of tw_metrics_each like any other sink. A histogram is written
 * with buckets that end at powers of two, because there tw_histogram counts exactly; in seconds
 * these are decimal fractions of at most 13 digits, written without rounding.
 */
#include "metrics_priv.h"

#include <math.h>

#define DIGITS_MAX 20
#define SECONDS_SCALE 9  /* decimals of a second that is counted in nanoseconds */
#define EXPONENT_MIN -4  /* from here on ... */
#define EXPONENT_MAX 5   /* ... to here Go's %g writes no exponent */
#define NUMBER_SIZE 32   /* any number written here */
#define LINE_SIZE 16     /* the suffix, blanks, braces and line feed of a line */
#define METADATA_SIZE 64 /* the fixed words of the three metadata lines */

struct exposition {
    const tw_metrics *metrics;
    tw_text *text;
    uint32_t family; /* whose metadata stands above, or UINT32_MAX */
};

static uint32_t cell_of(const struct family *family, uint32_t index) {
    return family->first_cell + index;
}

/* All of a sample but its value; `index` == series_max is "other". */
static void describe(const struct family *family, uint32_t family_index, uint32_t index,
                     tw_metrics_sample *ret_sample) {
    *ret_sample = (tw_metrics_sample){.family = {family_index},
                                      .kind = family->kind,
                                      .name = family->name,
                                      .help = family->help,
                                      .unit = family->unit,
                                      .label_count = family->label_count};
    for (uint32_t i = 0; i < family->label_count; i++) {
        ret_sample->label_names[i] = family->labels[i];
        ret_sample->label_values[i] =
            index == family->series_max ? OTHER_VALUE : family->series[index].values[i];
    }
}

/* Merges the value of a series and shows it, unless it is a gauge that nobody has set. */
static bool show(const tw_metrics *metrics, uint32_t family_index, uint32_t index,
                 tw_metrics_visitor visitor, void *context) {
    const struct family *family = &metrics->families[family_index];
    uint32_t cell = cell_of(family, index);
    tw_metrics_sample sample;
    describe(family, family_index, index, &sample);
    if (family->kind == TW_METRICS_HISTOGRAM) {
        tw_histogram merged;
        tw_histogram_init(&merged);
        tw_metrics_histogram_merge(metrics, (tw_metrics_histogram){cell}, &merged);
        sample.histogram = &merged;
        return visitor(context, &sample);
    }
    if (family->kind == TW_METRICS_COUNTER)
        sample.counter = tw_metrics_counter_value(metrics, (tw_metrics_counter){cell});
    if (family->kind == TW_METRICS_GAUGE)
        sample.gauge = metrics_merge_gauge(metrics, cell, family->merge);
    return isnan(sample.gauge) || visitor(context, &sample);
}

/* The registry's own family: one counter for each family that has labels. */
static void describe_overflow(const tw_metrics *metrics, uint32_t family_index,
                              tw_metrics_sample *ret_sample) {
    const struct family *family = &metrics->families[family_index];
    *ret_sample = (tw_metrics_sample){
        .family = {metrics->family_count},
        .kind = TW_METRICS_COUNTER,
        .name = OVERFLOW_FAMILY_NAME,
        .help = "Requests for a label set beyond the limit of its family",
        .unit = "",
        .label_count = 1,
        .label_names = {"family"},
        .label_values = {family->name},
        .counter = atomic_load_explicit(&family->overflow_count, memory_order_relaxed)};
}

static bool show_family(const tw_metrics *metrics, uint32_t family_index,
                        tw_metrics_visitor visitor, void *context) {
    const struct family *family = &metrics->families[family_index];
    uint32_t count = atomic_load_explicit(&family->series_count, memory_order_acquire);
    bool going_on = true;
    for (uint32_t i = 0; i < count && going_on; i++)
        going_on = show(metrics, family_index, i, visitor, context);
    if (going_on && atomic_load_explicit(&family->other_used, memory_order_relaxed))
        going_on = show(metrics, family_index, family->series_max, visitor, context);
    return going_on;
}

void tw_metrics_each(const tw_metrics *metrics, tw_metrics_visitor visitor, void *context) {
    bool going_on = true;
    for (uint32_t i = 0; i < metrics->family_count && going_on; i++)
        going_on = show_family(metrics, i, visitor, context);
    for (uint32_t i = 0; i < metrics->family_count && going_on; i++) {
        tw_metrics_sample sample;
        describe_overflow(metrics, i, &sample);
        if (metrics->families[i].label_count > 0)
            going_on = visitor(context, &sample);
    }
}

/* The escapes of help texts and label values (ABNF "escaped-char"). */
static void append_escaped(tw_text *text, const char *string) {
    for (; *string != '\0'; string++) {
        if (*string == '\n') {
            tw_text_append_string(text, "\\n");
            continue;
        }
        if (*string == '\\' || *string == '"')
            tw_text_append_char(text, '\\');
        tw_text_append_char(text, *string);
    }
}

static bool is_in_seconds(const tw_metrics_sample *sample) {
    return tw_slice_equal_string(tw_slice_of(sample->unit), "seconds");
}

/* Nanoseconds as a plain number of seconds, exactly; anything else as it is. */
static void append_scaled(tw_text *text, uint64_t value, bool is_nanoseconds) {
    if (!is_nanoseconds) {
        tw_text_append_u64(text, value);
        return;
    }
    tw_text_append_u64(text, value / 1000000000);
    uint64_t rest = value % 1000000000;
    if (rest != 0)
        tw_text_append_char(text, '.');
    for (uint64_t unit = 100000000; rest != 0; unit /= 10) {
        tw_text_append_char(text, (char)('0' + rest / unit));
        rest %= unit;
    }
}

/* The digits of d.ddd and the power of ten that follows it, of value * 10^-scale; value > 0. */
struct scientific {
    char digits[DIGITS_MAX];
    int count;
    int exponent;
};

static struct scientific scientific_of(uint64_t value, int scale) {
    struct scientific number = {.count = 0};
    uint64_t unit = 1;
    while (value / unit >= 10)
        unit *= 10;
    for (; unit > 0; unit /= 10)
        number.digits[number.count++] = (char)('0' + value / unit % 10);
    number.exponent = number.count - 1 - scale;
    while (number.count > 1 && number.digits[number.count - 1] == '0')
        number.count--;
    return number;
}

static void append_exponential(tw_text *text, const struct scientific *number) {
    tw_text_append_char(text, number->digits[0]);
    if (number->count > 1)
        tw_text_append_char(text, '.');
    for (int i = 1; i < number->count; i++)
        tw_text_append_char(text, number->digits[i]);
    int size = number->exponent < 0 ? -number->exponent : number->exponent;
    tw_text_append_string(text, number->exponent < 0 ? "e-" : "e+");
    tw_text_append_char(text, (char)('0' + size / 10));
    tw_text_append_char(text, (char)('0' + size % 10));
}

/* "Canonical Numbers": as Go's %g writes the shortest digits, with ".0" if nothing else tells
 * that it is no integer. The powers of two used here have at most 13 digits, so the exact ones
 * are the shortest. */
static void append_canonical(tw_text *text, uint64_t value, int scale) {
    struct scientific number = scientific_of(value, scale);
    if (number.exponent < EXPONENT_MIN || number.exponent > EXPONENT_MAX) {
        append_exponential(text, &number);
        return;
    }
    int first = number.exponent < 0 ? number.exponent : 0; /* place of the first digit shown */
    int last = number.exponent + 1 > number.count ? number.exponent + 1 : number.count;
    for (int i = first; i < last; i++) {
        tw_text_append_char(text, i >= 0 && i < number.count ? number.digits[i] : '0');
        if (i == (number.exponent < 0 ? first : number.exponent))
            tw_text_append_char(text, '.');
    }
    if (last == number.exponent + 1)
        tw_text_append_char(text, '0');
}

static void append_metadata_line(tw_text *text, const char *keyword, const char *name,
                                 const char *value) {
    if (*value == '\0')
        return;
    tw_text_append_string(text, "# ");
    tw_text_append_string(text, keyword);
    tw_text_append_char(text, ' ');
    tw_text_append_string(text, name);
    tw_text_append_char(text, ' ');
    append_escaped(text, value);
    tw_text_append_char(text, '\n');
}

static void append_metadata(tw_text *text, const tw_metrics_sample *sample) {
    static const char *const kinds[] = {[TW_METRICS_COUNTER] = "counter",
                                        [TW_METRICS_GAUGE] = "gauge",
                                        [TW_METRICS_HISTOGRAM] = "histogram"};
    append_metadata_line(text, "TYPE", sample->name, kinds[sample->kind]);
    append_metadata_line(text, "UNIT", sample->name, sample->unit);
    append_metadata_line(text, "HELP", sample->name, sample->help);
}

/* "name_suffix{label="value",le="..."} ": `le` is a bound, 0 for none, UINT64_MAX for +Inf. */
static void append_series(tw_text *text, const tw_metrics_sample *sample, const char *suffix,
                          uint64_t le) {
    tw_text_append_string(text, sample->name);
    tw_text_append_string(text, suffix);
    if (sample->label_count > 0 || le != 0) {
        const char *before = "{";
        for (uint32_t i = 0; i < sample->label_count; i++) {
            tw_text_append_string(text, before);
            tw_text_append_string(text, sample->label_names[i]);
            tw_text_append_string(text, "=\"");
            append_escaped(text, sample->label_values[i]);
            tw_text_append_char(text, '"');
            before = ",";
        }
        if (le != 0) {
            tw_text_append_string(text, before);
            tw_text_append_string(text, "le=\"");
            if (le == UINT64_MAX)
                tw_text_append_string(text, "+Inf");
            else
                append_canonical(text, le, is_in_seconds(sample) ? SECONDS_SCALE : 0);
            tw_text_append_char(text, '"');
        }
        tw_text_append_char(text, '}');
    }
    tw_text_append_char(text, ' ');
}

static void append_number_line(tw_text *text, const tw_metrics_sample *sample, const char *suffix,
                               uint64_t value, bool is_nanoseconds) {
    append_series(text, sample, suffix, 0);
    append_scaled(text, value, is_nanoseconds);
    tw_text_append_char(text, '\n');
}

static void append_created(const struct exposition *out, const tw_metrics_sample *sample) {
    int64_t created = out->metrics->config.created_time_ns;
    if (created != 0)
        append_number_line(out->text, sample, "_created", (uint64_t)created, true);
}

static void append_bucket(tw_text *text, const tw_metrics_sample *sample, uint64_t le,
                          uint64_t count) {
    append_series(text, sample, "_bucket", le);
    tw_text_append_u64(text, count);
    tw_text_append_char(text, '\n');
}

static void append_histogram(const struct exposition *out, const tw_metrics_sample *sample) {
    const struct family *family = &out->metrics->families[sample->family.index];
    tw_histogram_bucket bucket = {0};
    size_t cursor = 0;
    uint64_t below = 0;
    bool has_bucket = tw_histogram_next(sample->histogram, &cursor, &bucket);
    for (unsigned power = family->bucket_first; power <= family->bucket_last;
         power += family->bucket_step) {
        int64_t bound = INT64_C(1) << power;
        while (has_bucket && bucket.high <= bound) {
            below += bucket.count;
            has_bucket = tw_histogram_next(sample->histogram, &cursor, &bucket);
        }
        append_bucket(out->text, sample, (uint64_t)bound, below);
    }
    uint64_t count = tw_histogram_count(sample->histogram);
    uint64_t sum = (uint64_t)tw_histogram_sum(sample->histogram);
    append_bucket(out->text, sample, UINT64_MAX, count);
    append_number_line(out->text, sample, "_count", count, false);
    append_number_line(out->text, sample, "_sum", sum, is_in_seconds(sample));
    append_created(out, sample);
}

static void append_gauge(tw_text *text, const tw_metrics_sample *sample) {
    append_series(text, sample, "", 0);
    if (isinf(sample->gauge))
        tw_text_append_string(text, sample->gauge > 0 ? "+Inf" : "-Inf");
    else
        tw_text_append_double(text, sample->gauge);
    tw_text_append_char(text, '\n');
}

static bool append_sample(void *context, const tw_metrics_sample *sample) {
    struct exposition *out = context;
    if (out->family != sample->family.index) {
        append_metadata(out->text, sample);
        out->family = sample->family.index;
    }
    switch (sample->kind) {
    case TW_METRICS_COUNTER:
        append_number_line(out->text, sample, "_total", sample->counter, is_in_seconds(sample));
        append_created(out, sample);
        break;
    case TW_METRICS_GAUGE:
        append_gauge(out->text, sample);
        break;
    case TW_METRICS_HISTOGRAM:
        append_histogram(out, sample);
        break;
    }
    return !out->text->truncated;
}

tw_status tw_metrics_expose(const tw_metrics *metrics, tw_text *text) {
    size_t size_before = text->size;
    struct exposition out = {metrics, text, UINT32_MAX};
    tw_metrics_each(metrics, append_sample, &out);
    tw_text_append_string(text, "# EOF\n");
    if (!text->truncated)
        return TW_OK;
    text->size = size_before;
    text->data[size_before] = '\0';
    return TW_FULL;
}

static size_t metadata_size(const tw_metrics_sample *sample) {
    return METADATA_SIZE + 3 * tw_slice_of(sample->name).size + tw_slice_of(sample->unit).size +
           2 * tw_slice_of(sample->help).size;
}

/* A line with the longest number; every byte of a value may need an escape. */
static size_t line_size(const tw_metrics_sample *sample) {
    size_t size = LINE_SIZE + NUMBER_SIZE + tw_slice_of(sample->name).size;
    for (uint32_t i = 0; i < sample->label_count; i++)
        size += tw_slice_of(sample->label_names[i]).size +
                2 * tw_slice_of(sample->label_values[i]).size + sizeof("=\"\",");
    return size;
}

static size_t series_size(const struct family *family, const tw_metrics_sample *sample) {
    size_t line = line_size(sample);
    if (sample->kind == TW_METRICS_GAUGE)
        return line;
    if (sample->kind == TW_METRICS_COUNTER)
        return 2 * line;
    size_t buckets = (size_t)(family->bucket_last - family->bucket_first) / family->bucket_step + 2;
    return buckets * (line + NUMBER_SIZE) + 3 * line;
}

static size_t family_size(const tw_metrics *metrics, uint32_t family_index) {
    const struct family *family = &metrics->families[family_index];
    uint32_t count = atomic_load_explicit(&family->series_count, memory_order_acquire);
    tw_metrics_sample sample;
    size_t size = 0;
    for (uint32_t i = 0; i < count; i++) {
        describe(family, family_index, i, &sample);
        size += series_size(family, &sample);
    }
    /* "other" may come any moment, and the family's line of the overflow counter. */
    describe(family, family_index, family->series_max, &sample);
    size += metadata_size(&sample) + series_size(family, &sample);
    describe_overflow(metrics, family_index, &sample);
    return size + 2 * line_size(&sample);
}

size_t tw_metrics_expose_size(const tw_metrics *metrics) {
    size_t size = sizeof("# EOF\n") + 2 * METADATA_SIZE + 4 * sizeof(OVERFLOW_FAMILY_NAME);
    for (uint32_t i = 0; i < metrics->family_count; i++)
        size += family_size(metrics, i);
    return size;
}
