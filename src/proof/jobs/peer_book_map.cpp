/* peer_book_map.cpp - see peer_book_map.h. */
#include "peer_book_map.h"

#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace {

struct order {
    uint32_t symbol;
    uint32_t quantity;
    int32_t price;
    uint8_t side;
};

struct sides {
    std::map<int32_t, uint64_t, std::greater<int32_t>> bids;
    std::map<int32_t, uint64_t> asks;
};

template <class Levels> void take(Levels &levels, const order &from, uint32_t quantity) {
    auto level = levels.find(from.price);
    level->second -= quantity;
    if (level->second == 0)
        levels.erase(level);
}

} // namespace

struct peer_book {
    std::unordered_map<uint64_t, order> orders;
    std::vector<sides> symbols;

    void add(const stream_op &op) {
        orders.emplace(op.id, order{op.symbol, op.quantity, op.price, op.side});
        if (op.side == 0)
            symbols[op.symbol].bids[op.price] += op.quantity;
        else
            symbols[op.symbol].asks[op.price] += op.quantity;
    }

    void reduce(const stream_op &op) {
        auto found = orders.find(op.id);
        if (found == orders.end())
            return;
        order &from = found->second;
        if (from.side == 0)
            take(symbols[from.symbol].bids, from, op.quantity);
        else
            take(symbols[from.symbol].asks, from, op.quantity);
        from.quantity -= op.quantity;
        if (from.quantity == 0)
            orders.erase(found);
    }
};

peer_book *peer_book_new(uint32_t symbol_count) {
    auto *book = new peer_book;
    book->symbols.resize(symbol_count);
    return book;
}

void peer_book_free(peer_book *book) {
    delete book;
}

void peer_book_apply(peer_book *book, const stream_op *ops, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        if (ops[i].kind == 0)
            book->add(ops[i]);
        else
            book->reduce(ops[i]);
    }
}

void peer_book_best(const peer_book *book, uint32_t symbol, peer_best *ret_best) {
    const sides &both = book->symbols[symbol];
    *ret_best = peer_best{};
    if (!both.bids.empty()) {
        ret_best->bid_price = both.bids.begin()->first;
        ret_best->bid_quantity = both.bids.begin()->second;
    }
    if (!both.asks.empty()) {
        ret_best->ask_price = both.asks.begin()->first;
        ret_best->ask_quantity = both.asks.begin()->second;
    }
}
