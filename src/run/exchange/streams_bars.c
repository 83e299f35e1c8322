/*
 * streams_bars.c - bars, the day so far behind each bar of a minute, as the venue tells it each
 * minute, and price bands.
 *
 * Price bands are those of the Limit Up-Limit Down plan (National Market System Plan to Address
 * Extraordinary Market Volatility, section V and appendix A), for regular hours and as if all
 * stocks were of tier 1: the reference is the mean price of the last five minutes, and stays until
 * another differs from it by one percent; bands are 5 % away above 3 dollars, 20 % from 0.75 on,
 * below that 75 % or 15 cents, whichever is less; twice as far in the last 25 minutes of the day.
 * After a halt the price at which trading resumes is the reference. They are told, and nothing in
 * the matching holds orders to them.
 */
#include "session.h"
#include "streams_priv.h"
#include "tradewind/alpaca_records.h"
#include "tradewind/time.h"

static const int64_t CENT_NANO = TW_NANO / 100;

/* The mean of the last five minutes that traded, this one among them. */
static int64_t mean_price(stream_day *day, const tw_bar *minute) {
    int64_t sum = 0;
    day->prices[day->price_count++ % STREAM_BAND_MINUTES] = minute->vwap.nano;
    uint32_t count =
        day->price_count < STREAM_BAND_MINUTES ? day->price_count : STREAM_BAND_MINUTES;
    for (uint32_t i = 0; i < count; i++)
        sum += day->prices[i] / count;
    return sum;
}

static int64_t band_width(int64_t reference_nano, bool twice) {
    int64_t width = reference_nano / 20;
    if (reference_nano < TW_NANO * 3 / 4)
        width = reference_nano * 3 / 4 < 15 * CENT_NANO ? reference_nano * 3 / 4 : 15 * CENT_NANO;
    else if (reference_nano <= 3 * TW_NANO)
        width = reference_nano / 5;
    return twice ? 2 * width : width;
}

/* To the nearest cent. */
static int64_t in_cents(int64_t nano) {
    return (nano + CENT_NANO / 2) / CENT_NANO * CENT_NANO;
}

static void tell_bands(streams *set, tw_symbol symbol, int64_t time_ns) {
    int64_t reference_nano = set->days[symbol].reference_nano;
    int64_t width = band_width(reference_nano, set->days[symbol].twice);
    int64_t down = in_cents(reference_nano - width);
    tw_alpaca_band band = {
        .symbol = tw_slice_of(tw_symbols_name(set->market.symbols, symbol)),
        .up = {in_cents(reference_nano + width)},
        .down = {down > CENT_NANO ? down : CENT_NANO},
        .indicator = tw_slice_of("B"),
        .tape = tw_slice_of("C"),
        .time_ns = time_ns,
        .present = (UINT64_C(1) << TW_ALPACA_BAND_FIELD_COUNT) - 1,
    };
    tw_alpaca_record record = {.kind = TW_ALPACA_RECORD_BAND, .as.band = &band};
    if (!feed_wanted(&set->market, TW_ALPACA_CHANNEL_LULDS, symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_record(&set->scratch, &record);
    feed_tell(&set->market, TW_ALPACA_CHANNEL_LULDS, symbol);
}

/* Each day begins without a reference. */
static stream_day *day_of(streams *set, const tw_bar *minute) {
    stream_day *day = &set->days[minute->symbol];
    int64_t date = session_day_of(minute->time_ns);
    if (day->date != date)
        *day = (stream_day){.date = date};
    return day;
}

static void move_bands(streams *set, const tw_bar *minute) {
    stream_day *day = day_of(set, minute);
    int64_t end_ns = minute->time_ns + TW_NS_PER_MINUTE;
    int64_t until_ns = 0;
    if (session_phase_at(end_ns, &until_ns) != SESSION_REGULAR)
        return;
    int64_t mean = mean_price(day, minute);
    int64_t moved =
        mean > day->reference_nano ? mean - day->reference_nano : day->reference_nano - mean;
    bool twice = until_ns - end_ns <= 25 * TW_NS_PER_MINUTE && mean > 3 * TW_NANO;
    if (moved < day->reference_nano / 100 && twice == day->twice && day->reference_nano > 0)
        return;
    day->twice = twice;
    if (moved >= day->reference_nano / 100)
        day->reference_nano = mean;
    tell_bands(set, minute->symbol, end_ns);
}

/* The price at which trading resumes is the next reference. */
void bands_reopen(streams *set, tw_symbol symbol, int64_t time_ns, tw_price price) {
    if (session_phase_at(time_ns, NULL) != SESSION_REGULAR)
        return;
    set->days[symbol].price_count = 0;
    set->days[symbol].reference_nano = price.nano;
    tell_bands(set, symbol, time_ns);
}

/* ---- bars ----------------------------------------------------------------------------------- */

static void tell_bar(streams *set, const tw_bar *bar, tw_alpaca_channel channel,
                     tw_alpaca_bar_kind kind) {
    if (!feed_wanted(&set->market, channel, bar->symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_bar(&set->scratch, bar, kind, set->market.symbols);
    feed_tell(&set->market, channel, bar->symbol);
}

void streams_on_bar(streams *set, const tw_bar *minute, const tw_bar *day) {
    tell_bar(set, minute, TW_ALPACA_CHANNEL_BARS, TW_ALPACA_BAR_MINUTE);
    tell_bar(set, day, TW_ALPACA_CHANNEL_DAILY_BARS, TW_ALPACA_BAR_DAILY);
    move_bands(set, minute);
}

void streams_on_updated_bar(streams *set, const tw_bar *minute) {
    tell_bar(set, minute, TW_ALPACA_CHANNEL_UPDATED_BARS, TW_ALPACA_BAR_UPDATED);
}
