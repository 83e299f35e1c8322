/* open_metrics.c - see open_metrics.h. Line by line; of what came before only the family, the
 * histogram being read and the names of all series are kept. */
#include "open_metrics.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tradewind/text.h"

enum { SERIES_MAX = 65536, FAMILY_MAX = 4096, LINE_MAX_SIZE = 4096 };

typedef struct reading {
    unsigned line;
    char family[256];
    char kind[16];
    bool has_unit;
    bool has_help;
    bool has_sample;
    uint64_t families[FAMILY_MAX]; /* hashes of names */
    size_t family_count;
    uint64_t series[SERIES_MAX];
    size_t series_count;
    char buckets[LINE_MAX_SIZE]; /* labels of the histogram being read, without le */
    double bound;
    double below;
    bool in_buckets;
    char problem[LINE_MAX_SIZE + 256];
} reading;

static bool wrong(reading *now, const char *format, ...) TW_PRINTF(2, 3);

static bool wrong(reading *now, const char *format, ...) {
    int used = snprintf(now->problem, sizeof now->problem, "line %u: ", now->line);
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(now->problem + used, sizeof now->problem - (size_t)used, format, arguments);
    va_end(arguments);
    return false;
}

static uint64_t hash_of(const char *text) {
    uint64_t hash = UINT64_C(14695981039346656037);
    for (; *text != '\0'; text++)
        hash = (hash ^ (unsigned char)*text) * UINT64_C(1099511628211);
    return hash;
}

static bool remember(uint64_t *all, size_t *count, size_t limit, const char *text) {
    uint64_t hash = hash_of(text);
    for (size_t i = 0; i < *count; i++) {
        if (all[i] == hash)
            return false;
    }
    if (*count == limit)
        return false;
    all[(*count)++] = hash;
    return true;
}

static size_t name_size(const char *text, bool colon) {
    size_t size = 0;
    for (; text[size] != '\0'; size++) {
        char c = text[size];
        bool letter =
            (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
        if (!letter && !(size > 0 && c >= '0' && c <= '9'))
            break;
    }
    return size;
}

/* The end of an escaped text that ends at `end`; NULL for an escape that is none. */
static const char *escaped_end(const char *text, char end) {
    for (; *text != end && *text != '\0'; text++) {
        if (*text == '\\' && strchr("n\\\"", *++text) == NULL)
            return NULL;
    }
    return *text == end ? text : NULL;
}

static bool parse_number(const char *text, double *ret_value) {
    static const char *const words[] = {"+Inf", "-Inf", "NaN"};
    static const double values[] = {INFINITY, -INFINITY, NAN};
    for (size_t i = 0; i < 3; i++) {
        if (strcmp(text, words[i]) == 0) {
            *ret_value = values[i];
            return true;
        }
    }
    char *end = NULL;
    if (text[strspn(text, "0123456789.eE+-")] != '\0')
        return false;
    *ret_value = strtod(text, &end);
    return end != text && *end == '\0';
}

/* ---- metadata ------------------------------------------------------------------------------ */

static bool begin_family(reading *now, const char *name, const char *kind) {
    if (now->in_buckets)
        return wrong(now, "the buckets of %s have no end", now->family);
    if (now->family[0] != '\0' && !now->has_sample)
        return wrong(now, "family %s has no sample", now->family);
    if (!remember(now->families, &now->family_count, FAMILY_MAX, name))
        return wrong(now, "family %s stands twice", name);
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    size_t i = 0;
    while (i < 3 && strcmp(kind, kinds[i]) != 0)
        i++;
    if (i == 3)
        return wrong(now, "type %s", kind);
    snprintf(now->family, sizeof now->family, "%s", name);
    snprintf(now->kind, sizeof now->kind, "%s", kind);
    now->has_unit = now->has_help = now->has_sample = false;
    return true;
}

static bool read_unit(reading *now, const char *unit) {
    size_t size = strlen(unit);
    size_t name = strlen(now->family);
    if (now->has_unit || now->has_sample)
        return wrong(now, "UNIT out of place");
    now->has_unit = true;
    if (size == 0 || name < size + 2 || now->family[name - size - 1] != '_' ||
        strcmp(now->family + name - size, unit) != 0)
        return wrong(now, "unit %s is no suffix of %s", unit, now->family);
    return true;
}

static bool read_metadata(reading *now, const char *line) {
    const char *word = line + 2;
    const char *name = strchr(word, ' ');
    const char *rest = name != NULL ? strchr(name + 1, ' ') : NULL;
    char own[256];
    if (strncmp(line, "# ", 2) != 0 || rest == NULL)
        return wrong(now, "a line of metadata that is none: %s", line);
    snprintf(own, sizeof own, "%.*s", (int)(rest - name - 1), name + 1);
    if (own[0] == '\0' || name_size(own, true) != strlen(own))
        return wrong(now, "metric name %s", own);
    if (strncmp(word, "TYPE ", 5) == 0)
        return begin_family(now, own, rest + 1);
    if (strcmp(own, now->family) != 0)
        return wrong(now, "%s among the lines of %s", own, now->family);
    if (strncmp(word, "UNIT ", 5) == 0)
        return read_unit(now, rest + 1);
    if (strncmp(word, "HELP ", 5) != 0 || now->has_help || now->has_sample)
        return wrong(now, "out of place: %s", line);
    now->has_help = true;
    const char *end = escaped_end(rest + 1, '\0');
    return end != NULL ? true : wrong(now, "an escape that is none: %s", rest + 1);
}

/* ---- samples ------------------------------------------------------------------------------- */

typedef struct sample {
    char name[256];
    char labels[LINE_MAX_SIZE]; /* without le */
    char le[64];
    double value;
} sample;

/* One name="value"; `at` moves behind it. */
static bool read_label(reading *now, const char **at, sample *to, bool first) {
    const char *name = *at;
    size_t size = name_size(name, false);
    if (size == 0 || name[size] != '=' || name[size + 1] != '"')
        return wrong(now, "a label that is none: %s", name);
    const char *value = name + size + 2;
    const char *end = escaped_end(value, '"');
    if (end == NULL)
        return wrong(now, "a label value without end, or with a wrong escape: %s", name);
    if (size == 2 && strncmp(name, "le", 2) == 0) {
        snprintf(to->le, sizeof to->le, "%.*s", (int)(end - value), value);
    } else {
        size_t used = strlen(to->labels);
        snprintf(to->labels + used, sizeof to->labels - used, "%s%.*s", first ? "" : ",",
                 (int)(end + 1 - name), name);
    }
    *at = end + 1;
    return true;
}

static bool read_sample_line(reading *now, const char *line, sample *to) {
    size_t size = name_size(line, true);
    const char *at = line + size;
    *to = (sample){0};
    snprintf(to->name, sizeof to->name, "%.*s", (int)size, line);
    if (*at == '{') {
        at++;
        for (bool first = true; *at != '}'; first = false) {
            if (!first && *at++ != ',')
                return wrong(now, "labels without a comma between: %s", line);
            if (!read_label(now, &at, to, to->labels[0] == '\0'))
                return false;
        }
        at++;
    }
    if (size == 0 || *at != ' ' || !parse_number(at + 1, &to->value))
        return wrong(now, "not a sample: %s", line);
    char series[LINE_MAX_SIZE];
    snprintf(series, sizeof series, "%.*s", (int)(at - line), line);
    if (!remember(now->series, &now->series_count, SERIES_MAX, series))
        return wrong(now, "series %s stands twice", series);
    return true;
}

/* What follows the family's name, or NULL when the sample is of another family. */
static const char *suffix_of(const reading *now, const sample *from) {
    size_t size = strlen(now->family);
    return size > 0 && strncmp(from->name, now->family, size) == 0 ? from->name + size : NULL;
}

static bool read_bucket(reading *now, const sample *from) {
    double bound = 0.0;
    if (!parse_number(from->le, &bound) || strpbrk(from->le, ".eI") == NULL)
        return wrong(now, "bound %s is not canonical", from->le);
    if (!now->in_buckets) {
        snprintf(now->buckets, sizeof now->buckets, "%s", from->labels);
        now->bound = -INFINITY;
        now->below = 0.0;
        now->in_buckets = true;
    }
    if (strcmp(now->buckets, from->labels) != 0)
        return wrong(now, "buckets of {%s} among those of {%s}", from->labels, now->buckets);
    if (bound <= now->bound || from->value < now->below)
        return wrong(now, "bucket %s does not ascend", from->le);
    now->bound = bound;
    now->below = from->value;
    return true;
}

static bool read_histogram(reading *now, const sample *from, const char *suffix) {
    if (strcmp(suffix, "_bucket") == 0)
        return read_bucket(now, from);
    if (from->le[0] != '\0')
        return wrong(now, "%s has a bound", from->name);
    if (strcmp(from->labels, now->buckets) != 0)
        return wrong(now, "%s of {%s} after buckets of {%s}", from->name, from->labels,
                     now->buckets);
    if (strcmp(suffix, "_count") == 0) {
        if (!now->in_buckets || !isinf(now->bound) || now->below != from->value)
            return wrong(now, "count %.0f, but %.0f up to +Inf", from->value, now->below);
        now->in_buckets = false;
        return true;
    }
    return strcmp(suffix, "_sum") == 0 || strcmp(suffix, "_created") == 0
               ? true
               : wrong(now, "%s in a histogram", from->name);
}

static bool read_sample(reading *now, const char *line) {
    sample from;
    if (!read_sample_line(now, line, &from))
        return false;
    const char *suffix = suffix_of(now, &from);
    if (suffix == NULL)
        return wrong(now, "%s among the samples of %s", from.name, now->family);
    now->has_sample = true;
    if (strcmp(now->kind, "histogram") == 0)
        return read_histogram(now, &from, suffix);
    if (from.le[0] != '\0')
        return wrong(now, "%s has a bound", from.name);
    if (strcmp(now->kind, "gauge") == 0)
        return *suffix == '\0' ? true : wrong(now, "%s in a gauge", from.name);
    if (strcmp(suffix, "_total") != 0 && strcmp(suffix, "_created") != 0)
        return wrong(now, "%s in a counter", from.name);
    return from.value >= 0.0 ? true : wrong(now, "%s is %g", from.name, from.value);
}

static bool read_lines(reading *now, const char *text) {
    char line[LINE_MAX_SIZE];
    while (*text != '\0') {
        const char *end = strchr(text, '\n');
        now->line++;
        if (end == NULL)
            return wrong(now, "no line feed at the end");
        if ((size_t)(end - text) >= sizeof line)
            return wrong(now, "longer than %zu bytes", sizeof line);
        snprintf(line, sizeof line, "%.*s", (int)(end - text), text);
        text = end + 1;
        if (strcmp(line, "# EOF") == 0)
            return *text == '\0' ? true : wrong(now, "something after # EOF");
        if (line[0] == '#' ? !read_metadata(now, line) : !read_sample(now, line))
            return false;
    }
    return wrong(now, "no # EOF");
}

const char *open_metrics_problem(const char *text) {
    static reading now;
    memset(&now, 0, sizeof now);
    if (!tw_slice_is_utf8(tw_slice_of(text)))
        return "it is not UTF-8";
    if (!read_lines(&now, text))
        return now.problem;
    if (now.in_buckets)
        return "the last buckets have no end";
    return NULL;
}

bool open_metrics_value(const char *text, const char *series, double *ret_value) {
    size_t size = strlen(series);
    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, series, size) == 0 && line[size] == ' ') {
            *ret_value = strtod(line + size + 1, NULL);
            return true;
        }
    }
    return false;
}
