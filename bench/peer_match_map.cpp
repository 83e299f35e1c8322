/* peer_match_map.cpp - see peer_match_map.h. */
#include "peer_match_map.h"

#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <unordered_map>

namespace {

enum event_kind : uint32_t {
    ACCEPTED = 1,
    REJECTED = 2,
    TRADE = 3,
    RESTED = 4,
    REPLACED = 6,
    CANCELLED = 7,
    BEST_CHANGED = 8
};

struct order {
    uint64_t id;
    int64_t price;
    int64_t open;
    uint8_t side;
};

using queue = std::list<order>;

struct level {
    int64_t total = 0;
    queue orders;
};

using bids = std::map<int64_t, level, std::greater<int64_t>>;
using asks = std::map<int64_t, level>;

struct best {
    int64_t price = 0;
    int64_t size = 0;

    bool operator!=(const best &other) const {
        return price != other.price || size != other.size;
    }
};

template <class Levels> best best_of(const Levels &levels) {
    return levels.empty() ? best{} : best{levels.begin()->first, levels.begin()->second.total};
}

} // namespace

struct peer_match {
    bids buys;
    asks sells;
    std::unordered_map<uint64_t, queue::iterator> ids;
    best best_bid;
    best best_ask;
    peer_match_sink sink;
    void *context;

    void tell(event_kind kind, const order &about, int64_t quantity, uint64_t maker_id = 0,
              int64_t price = 0) {
        const peer_match_event event = {about.id, maker_id,   kind == TRADE ? price : about.price,
                                        quantity, about.open, kind};
        sink(context, &event);
    }

    template <class Levels> void take(Levels &levels, order &taker) {
        while (taker.open > 0 && !levels.empty()) {
            auto at = levels.begin();
            if (levels.key_comp()(taker.price, at->first))
                return;
            order &maker = at->second.orders.front();
            const int64_t quantity = std::min(taker.open, maker.open);
            const uint64_t maker_id = maker.id;
            const int64_t price = maker.price;
            taker.open -= quantity;
            maker.open -= quantity;
            at->second.total -= quantity;
            if (maker.open == 0) {
                ids.erase(maker.id);
                at->second.orders.pop_front();
                if (at->second.orders.empty())
                    levels.erase(at);
            }
            tell(TRADE, taker, quantity, maker_id, price);
        }
    }

    template <class Levels> void rest(Levels &levels, const order &resting) {
        level &at = levels[resting.price];
        at.total += resting.open;
        at.orders.push_back(resting);
        ids.emplace(resting.id, std::prev(at.orders.end()));
        tell(RESTED, resting, resting.open);
    }

    template <class Levels> void erase(Levels &levels, queue::iterator at) {
        auto found = levels.find(at->price);
        found->second.total -= at->open;
        found->second.orders.erase(at);
        if (found->second.orders.empty())
            levels.erase(found);
    }

    void remove(std::unordered_map<uint64_t, queue::iterator>::iterator found) {
        const queue::iterator at = found->second;
        ids.erase(found);
        if (at->side == 0)
            erase(buys, at);
        else
            erase(sells, at);
    }

    void work(order taker, bool rests) {
        if (taker.side == 0)
            take(sells, taker);
        else
            take(buys, taker);
        if (taker.open == 0)
            return;
        if (!rests)
            tell(CANCELLED, taker, taker.open);
        else if (taker.side == 0)
            rest(buys, taker);
        else
            rest(sells, taker);
    }

    void submit(const match_message &message) {
        const order taker = {message.id, message.price, message.quantity, message.side};
        if (ids.count(message.id) != 0) {
            tell(REJECTED, taker, taker.open);
            return;
        }
        tell(ACCEPTED, taker, taker.open);
        work(taker, message.kind == MESSAGE_LIMIT);
    }

    void cancel(const match_message &message) {
        auto found = ids.find(message.id);
        if (found == ids.end()) {
            tell(REJECTED, order{message.id, 0, 0, 0}, 0);
            return;
        }
        order gone = *found->second;
        const int64_t quantity = gone.open;
        gone.open = 0;
        remove(found);
        tell(CANCELLED, gone, quantity);
    }

    void apply(const match_message &message) {
        if (message.kind == MESSAGE_CANCEL)
            cancel(message);
        else if (message.kind == MESSAGE_REPLACE)
            replace(message);
        else
            submit(message);
        const best bid = best_of(buys);
        const best ask = best_of(sells);
        if (bid != best_bid || ask != best_ask)
            tell(BEST_CHANGED, order{}, 0);
        best_bid = bid;
        best_ask = ask;
    }

    void replace(const match_message &message) {
        auto found = ids.find(message.id);
        if (found == ids.end()) {
            tell(REJECTED, order{message.id, 0, 0, 0}, 0);
            return;
        }
        order &old = *found->second;
        order changed = old;
        changed.price = message.price;
        changed.open = message.quantity;
        if (changed.price == old.price && changed.open <= old.open) {
            (old.side == 0 ? buys[old.price] : sells[old.price]).total -= old.open - changed.open;
            old.open = changed.open;
            tell(REPLACED, changed, changed.open);
            return;
        }
        remove(found);
        tell(REPLACED, changed, changed.open);
        work(changed, true);
    }
};

peer_match *peer_match_new(peer_match_sink sink, void *context) {
    auto *match = new peer_match;
    match->sink = sink;
    match->context = context;
    return match;
}

void peer_match_free(peer_match *match) {
    delete match;
}

void peer_match_apply(peer_match *match, const match_message *messages, uint32_t count) {
    for (uint32_t i = 0; i < count; i++)
        match->apply(messages[i]);
}
