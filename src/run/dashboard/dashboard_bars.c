/*
 * dashboard_bars.c - the bars of a selection as JSON: [unix seconds, open, high, low, close,
 * volume].
 *
 *     store: what was committed | view: what ended since it was selected | the one in progress
 *
 * The three overlap or leave a gap for as long as the recorder has not committed what ended before
 * the selection was heard of; a bar is taken from the later of them, and the stream tells all bars
 * once more when the recorder must have caught up.
 */
#include "dashboard_priv.h"

static void append_bar(tw_text *text, const tw_bar *bar) {
    tw_text_append_char(text, '[');
    tw_text_append_i64(text, bar->time_ns / TW_NS_PER_SECOND);
    const int64_t nanos[] = {bar->open.nano, bar->high.nano, bar->low.nano, bar->close.nano,
                             bar->volume.nano};
    for (size_t i = 0; i < sizeof nanos / sizeof nanos[0]; i++) {
        tw_text_append_char(text, ',');
        tw_text_append_double(text, tw_decimal_to_double(nanos[i]));
    }
    tw_text_append_char(text, ']');
}

static void append_head(const tw_dashboard *dashboard, const dashboard_stream *stream,
                        const char *type, tw_text *text) {
    char timeframe[TW_TIME_TEXT_SIZE];
    tw_timeframe_format(dashboard->config.timeframes_ns[stream->frame], timeframe);
    tw_text_append_format(text, "{\"type\":\"%s\",\"symbol\":", type);
    tw_text_append_json(text, tw_slice_of(dashboard_name(dashboard, stream->symbol)));
    tw_text_append_format(text, ",\"timeframe\":\"%s\",", timeframe);
}

/* Bars of the store that are older than `before_ns`; returns how many. */
static size_t read_past(tw_dashboard *dashboard, const dashboard_stream *stream,
                        int64_t before_ns) {
    const tw_dashboard_config *config = &dashboard->config;
    if (config->read_bars == NULL)
        return 0;
    size_t count = config->read_bars(config->read_context, stream->symbol,
                                     dashboard->config.timeframes_ns[stream->frame],
                                     dashboard->bars, TW_DASHBOARD_BAR_COUNT_MAX);
    TW_ASSERT(count <= TW_DASHBOARD_BAR_COUNT_MAX);
    while (count > 0 && dashboard->bars[count - 1].time_ns >= before_ns)
        count--;
    return count;
}

void dashboard_bars_write_all(tw_dashboard *dashboard, const dashboard_stream *stream,
                              const tw_engine_view_selection *selection, tw_text *text) {
    size_t recent = selection->bar_count + (selection->has_current ? 1 : 0);
    int64_t before_ns = selection->bar_count > 0 ? selection->bars[0].time_ns
                        : selection->has_current ? selection->current.time_ns
                                                 : INT64_MAX;
    size_t past = read_past(dashboard, stream, before_ns);
    size_t room = TW_DASHBOARD_BAR_COUNT_MAX - recent;
    size_t first = past > room ? past - room : 0;
    append_head(dashboard, stream, "bars", text);
    tw_text_append_string(text, "\"bars\":[");
    const char *comma = "";
    for (size_t i = first; i < past; i++, comma = ",") {
        tw_text_append_string(text, comma);
        append_bar(text, &dashboard->bars[i]);
    }
    for (uint32_t i = 0; i < selection->bar_count; i++, comma = ",") {
        tw_text_append_string(text, comma);
        append_bar(text, &selection->bars[i]);
    }
    if (selection->has_current) {
        tw_text_append_string(text, comma);
        append_bar(text, &selection->current);
    }
    tw_text_append_string(text, "]}");
}

void dashboard_bars_write_one(const tw_dashboard *dashboard, const dashboard_stream *stream,
                              const tw_bar *bar, tw_text *text) {
    append_head(dashboard, stream, "bar", text);
    tw_text_append_string(text, "\"bar\":");
    append_bar(text, bar);
    tw_text_append_char(text, '}');
}
