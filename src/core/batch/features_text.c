/*
 * features_text.c - a feature's text: read, and made into the names of columns.
 *
 *     feature = [ cross "(" ] indicator [ "." output ] [ ")" ]
 */
#include "features_priv.h"

#include <string.h>

#include "tradewind/text.h"

/* A word further from every name than this is not guessed at. */
#define SLIP_DISTANCE_MAX 2

static const struct {
    const char *prefix;
    feature_cross cross;
} crosses[] = {{"cross_rank(", FEATURE_CROSS_RANK},
               {"cross_percentile(", FEATURE_CROSS_PERCENTILE},
               {"cross_zscore(", FEATURE_CROSS_ZSCORE}};

static tw_status take_cross(const char *text, tw_slice *rest, feature *of, tw_error *error) {
    for (size_t i = 0; i < sizeof crosses / sizeof crosses[0]; i++) {
        size_t size = strlen(crosses[i].prefix);
        if (!tw_slice_starts_with(*rest, crosses[i].prefix))
            continue;
        if (rest->data[rest->size - 1] != ')')
            return tw_error_set(error, TW_PARSE,
                                "feature \"%s\": it has to end with the bracket of %.*s)", text,
                                (int)size, crosses[i].prefix);
        *rest = tw_slice_trim((tw_slice){rest->data + size, rest->size - size - 1});
        of->cross = crosses[i].cross;
        return TW_OK;
    }
    return TW_OK;
}

/* Cuts ".output" off, which stands behind the brackets of the parameters if there are any. */
static tw_slice take_output(tw_slice *series) {
    size_t at = 0;
    for (size_t i = 0; i < series->size; i++) {
        if (series->data[i] == ')')
            at = i;
    }
    while (at < series->size && series->data[at] != '.')
        at++;
    if (at == series->size)
        return (tw_slice){NULL, 0};
    tw_slice output = {series->data + at + 1, series->size - at - 1};
    series->size = at;
    return output;
}

static void list_outputs(const tw_indicator_description *what, char *list, size_t size) {
    tw_text text = tw_text_over(list, size);
    for (uint32_t o = 0; o < what->output_count; o++) {
        tw_text_append_string(&text, o > 0 ? ", " : "");
        tw_text_append_string(&text, what->outputs[o]);
    }
}

static tw_status choose_outputs(const char *text, tw_slice output, feature *of, tw_error *error) {
    const tw_indicator_description *what = tw_indicator_describe(of->config.kind);
    for (uint32_t o = 0; o < what->output_count; o++) {
        if (output.data == NULL || tw_slice_equal_string(output, what->outputs[o]))
            of->outputs[of->output_count++] = o;
    }
    if (of->output_count == 0) {
        char list[256];
        list_outputs(what, list, sizeof list);
        return tw_error_set(error, TW_NOT_FOUND, "%s: %s has no output \"%.*s\"; it has %s", text,
                            what->name, (int)output.size, output.data, list);
    }
    if (of->cross != FEATURE_SERIES)
        of->output_count = 1;
    return TW_OK;
}

/* Letters, digits and points stay, spaces go, a closing bracket ends a word, all else is "_". */
static void append_clean(tw_text *name, const char *text) {
    for (const char *at = text; *at != '\0'; at++) {
        bool kept = (*at >= 'a' && *at <= 'z') || (*at >= '0' && *at <= '9');
        bool number = *at == '.' && at[1] >= '0' && at[1] <= '9';
        if (kept || number || *at == '-')
            tw_text_append_char(name, *at);
        else if (*at != ' ' && *at != '\t' && *at != ')')
            tw_text_append_char(name, '_');
    }
}

static void name_base(feature *of, const char *series) {
    tw_text base = tw_text_over(of->base, sizeof of->base);
    for (size_t i = 0; i < sizeof crosses / sizeof crosses[0]; i++) {
        if (of->cross == crosses[i].cross)
            append_clean(&base, crosses[i].prefix);
    }
    append_clean(&base, series);
    TW_ASSERT(!base.truncated);
}

/* Names the one that was probably meant. */
static tw_status no_indicator(const char *text, const char *series, tw_error *error) {
    tw_slice rest = tw_slice_of(series);
    tw_slice word = tw_slice_trim(tw_slice_split(&rest, '('));
    size_t least = SLIP_DISTANCE_MAX + 1;
    const char *nearest = NULL;
    for (size_t i = 0; word.size <= 64 && i < tw_indicator_kind_count(); i++) {
        const char *name = tw_indicator_describe((tw_indicator_kind)i)->name;
        size_t distance = tw_slice_distance(word, tw_slice_of(name));
        nearest = distance < least ? name : nearest;
        least = distance < least ? distance : least;
    }
    return tw_error_set(error, TW_NOT_FOUND, "feature \"%s\": there is no indicator %.*s%s%s%s",
                        text, (int)word.size, word.data, nearest != NULL ? "; did you mean " : "",
                        nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
}

tw_status feature_parse(const char *text, feature *ret_feature, tw_error *error) {
    feature of = {.cross = FEATURE_SERIES};
    tw_slice series = tw_slice_trim(tw_slice_of(text));
    char name[TW_FEATURES_TEXT_SIZE_MAX];
    if (series.size == 0 || series.size >= sizeof name)
        return tw_error_set(error, TW_RANGE,
                            "a feature is a text of 1 to %d bytes; \"%.40s\" has %zu",
                            TW_FEATURES_TEXT_SIZE_MAX - 1, text, series.size);
    tw_status status = take_cross(text, &series, &of, error);
    if (status != TW_OK)
        return status;
    tw_slice output = take_output(&series);
    output = output.data != NULL ? tw_slice_trim(output) : output;
    memcpy(name, series.data, series.size);
    name[series.size] = '\0';
    name_base(&of, name);
    tw_error why = {0};
    status = tw_indicator_parse(name, &of.config, &why);
    if (status == TW_NOT_FOUND)
        return no_indicator(text, name, error);
    if (status != TW_OK)
        return tw_error_set(error, status, "feature \"%s\": %s", text, why.message);
    status = choose_outputs(text, output, &of, error);
    if (status == TW_OK)
        *ret_feature = of;
    return status;
}

void feature_name(const feature *of, size_t index, char ret_name[TW_FEATURES_NAME_SIZE]) {
    const tw_indicator_description *what = tw_indicator_describe(of->config.kind);
    const char *output = what->outputs[of->outputs[index]];
    tw_text name = tw_text_over(ret_name, TW_FEATURES_NAME_SIZE);
    tw_text_append_string(&name, of->base);
    if (what->output_count > 1 && strcmp(output, what->name) != 0) {
        tw_text_append_char(&name, '_');
        tw_text_append_string(&name, output);
    }
    TW_ASSERT(!name.truncated);
}
