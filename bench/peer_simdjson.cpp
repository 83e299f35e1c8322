/*
 * peer_simdjson.cpp - see peer_simdjson.h. The parsers are kept between calls, as ours is.
 */
#include "peer_simdjson.h"

#include <cstdlib>
#include <string_view>

#include <simdjson.h>

namespace ondemand = simdjson::ondemand;

uint64_t peer_simdjson_dom(const char *json, size_t size) {
    static simdjson::dom::parser parser;
    simdjson::dom::element root;
    if (parser.parse(json, size, false).get(root) != simdjson::SUCCESS)
        abort();
    return static_cast<uint64_t>(root.type());
}

static uint64_t read_bar(ondemand::object bar) {
    double price = 0;
    double sum = 0;
    uint64_t count = 0;
    std::string_view time;
    static const char *const prices[] = {"o", "h", "l", "c", "v"};
    if (bar.find_field("t").get_string().get(time) != simdjson::SUCCESS)
        abort();
    for (const char *name : prices) {
        if (bar.find_field(name).get_double().get(price) != simdjson::SUCCESS)
            abort();
        sum += price;
    }
    if (bar.find_field("n").get_uint64().get(count) != simdjson::SUCCESS ||
        bar.find_field("vw").get_double().get(price) != simdjson::SUCCESS)
        abort();
    return static_cast<uint64_t>(sum + price) + count + static_cast<unsigned char>(time[0]);
}

uint64_t peer_simdjson_bars(const char *json, size_t size) {
    static ondemand::parser parser;
    ondemand::document document;
    ondemand::object symbols;
    uint64_t sum = 0;
    if (parser.iterate(json, size, size + simdjson::SIMDJSON_PADDING).get(document) !=
            simdjson::SUCCESS ||
        document.find_field("bars").get_object().get(symbols) != simdjson::SUCCESS)
        abort();
    for (auto symbol : symbols) {
        ondemand::array bars;
        if (symbol.value().get_array().get(bars) != simdjson::SUCCESS)
            abort();
        for (auto item : bars) {
            ondemand::object bar;
            if (item.get_object().get(bar) != simdjson::SUCCESS)
                abort();
            sum += read_bar(bar);
        }
    }
    return sum;
}
