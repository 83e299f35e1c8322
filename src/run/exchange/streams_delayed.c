/* streams_delayed.c - what /v2/delayed_sip tells; when, is delayed_feed.c's. */
#include "streams_priv.h"

bool streams_delayed_listened(const streams *set) {
    return set->delayed.audience_count > 0;
}

uint32_t streams_delayed_wanted(const streams *set, tw_symbol symbol) {
    static const tw_alpaca_channel channels[] = {TW_ALPACA_CHANNEL_TRADES, TW_ALPACA_CHANNEL_QUOTES,
                                                 TW_ALPACA_CHANNEL_BARS,
                                                 TW_ALPACA_CHANNEL_DAILY_BARS};
    uint32_t wanted = 0;
    for (size_t i = 0; i < sizeof channels / sizeof channels[0]; i++)
        if (feed_wanted(&set->delayed, channels[i], symbol))
            wanted |= (uint32_t)channels[i];
    return wanted;
}

void streams_on_delayed_trade(streams *set, const tw_trade *trade) {
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_trade(&set->scratch, trade, set->delayed.symbols);
    feed_tell(&set->delayed, TW_ALPACA_CHANNEL_TRADES, trade->symbol);
}

void streams_on_delayed_quote(streams *set, const tw_quote *quote) {
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_quote(&set->scratch, quote, set->delayed.symbols);
    feed_tell(&set->delayed, TW_ALPACA_CHANNEL_QUOTES, quote->symbol);
}

static void tell_bar(streams *set, const tw_bar *bar, tw_alpaca_channel channel,
                     tw_alpaca_bar_kind kind) {
    if (!feed_wanted(&set->delayed, channel, bar->symbol))
        return;
    tw_text_clear(&set->scratch);
    tw_alpaca_encode_stream_bar(&set->scratch, bar, kind, set->delayed.symbols);
    feed_tell(&set->delayed, channel, bar->symbol);
}

void streams_on_delayed_bar(streams *set, const tw_bar *minute, const tw_bar *day) {
    tell_bar(set, minute, TW_ALPACA_CHANNEL_BARS, TW_ALPACA_BAR_MINUTE);
    if (day != NULL)
        tell_bar(set, day, TW_ALPACA_CHANNEL_DAILY_BARS, TW_ALPACA_BAR_DAILY);
}
