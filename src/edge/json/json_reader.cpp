/*
 * json_reader.cpp - a shim of C++: a visitor over simdjson's On-Demand parser.
 *
 * On-Demand finds the structure of the whole input first (that part is chosen for the machine's
 * instruction set when the program starts) and then walks it once, forward. It checks only what
 * is looked at; so that malformed input is never accepted by accident, a value that the visitor
 * leaves alone is walked by check().
 *
 * Invariants
 * 1. Nothing throws: the file is compiled without exceptions and every simdjson result is taken
 *    apart by hand.
 * 2. `buffer` has SIMDJSON_PADDING bytes behind the longest input, all of them written.
 * 3. Every string is unescaped at most once (`taken`), so simdjson's string buffer, which is sized
 *    for one copy of the input, cannot overflow.
 * 4. Recursion is bounded by TW_JSON_DEPTH_MAX: `depth` counts visits and checks alike.
 *
 * Written for the part of the interface that versions 3.0 to 3.12 share.
 */
/* simdjson's own consistency checks are for programs that use it wrongly; the tests of this
 * module run under sanitizers instead. */
#ifndef SIMDJSON_DEVELOPMENT_CHECKS
#define SIMDJSON_DEVELOPMENT_CHECKS 0
#endif

#include "json.h"
#include "json_value.h"

#include <cstring>
#include <new>
#include <string_view>

#include <simdjson.h>

using simdjson::error_code;
using simdjson::SUCCESS;
namespace ondemand = simdjson::ondemand;

static const size_t padding = simdjson::SIMDJSON_PADDING;
static_assert(padding >= 32, "tw_json_padded promises that many");

struct tw_json_reader {
    const tw_allocator *allocator = nullptr;
    size_t size_max = 0;
    char *buffer = nullptr;
    size_t input_size = 0;
    tw_error *error = nullptr; /* of the read that is running */
    unsigned depth = 0;
    ondemand::parser parser;
};

struct text_value : tw_json_value {
    tw_json_reader *reader;
    ondemand::value value;
    std::string_view token; /* trimmed */
};

static text_value *text(tw_json_value *value) {
    return static_cast<text_value *>(value);
}

namespace {
extern const json_encoding text_encoding; /* at the end */
}

static_assert(alignof(tw_json_reader) <= 64, "tw_allocate must be able to align it");

static std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.back() == ' ' || text.back() == '\n' || text.back() == '\r' ||
                             text.back() == '\t'))
        text.remove_suffix(1);
    return text;
}

static tw_json_kind kind_of(std::string_view token) {
    switch (token.empty() ? '\0' : token[0]) {
    case '{':
        return TW_JSON_OBJECT;
    case '[':
        return TW_JSON_ARRAY;
    case '"':
        return TW_JSON_STRING;
    case 't':
    case 'f':
        return TW_JSON_BOOLEAN;
    case 'n':
        return TW_JSON_NULL;
    default:
        return !token.empty() && (token[0] == '-' || (token[0] >= '0' && token[0] <= '9'))
                   ? TW_JSON_NUMBER
                   : TW_JSON_NOTHING;
    }
}

static size_t digits(std::string_view text, size_t from) {
    size_t count = 0;
    while (from + count < text.size() && text[from + count] >= '0' && text[from + count] <= '9')
        count++;
    return count;
}

/* The grammar of RFC 8259, section 6. */
static bool is_number(std::string_view text) {
    size_t at = !text.empty() && text[0] == '-' ? 1 : 0;
    size_t whole = digits(text, at);
    if (whole == 0 || (whole > 1 && text[at] == '0'))
        return false;
    at += whole;
    if (at < text.size() && text[at] == '.') {
        size_t fraction = digits(text, ++at);
        if (fraction == 0)
            return false;
        at += fraction;
    }
    if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
        at++;
        if (at < text.size() && (text[at] == '+' || text[at] == '-'))
            at++;
        size_t exponent = digits(text, at);
        if (exponent == 0)
            return false;
        at += exponent;
    }
    return at == text.size();
}

static tw_status fail_at(tw_json_reader *reader, const char *place, const char *sentence) {
    size_t offset =
        place == nullptr ? reader->input_size : static_cast<size_t>(place - reader->buffer);
    if (offset > reader->input_size)
        offset = reader->input_size;
    return tw_error_set_at(reader->error, TW_PARSE, "json", 0, offset + 1, "%s", sentence);
}

static tw_status fail_with(tw_json_reader *reader, const char *place, error_code code) {
    if (code == simdjson::MEMALLOC)
        return tw_error_set(reader->error, TW_NO_MEMORY, "no memory to parse JSON");
    return fail_at(reader, place, simdjson::error_message(code));
}

/* Where simdjson stands now; `fallback` when it does not know. */
static const char *place_of(ondemand::value &value, const char *fallback) {
    const char *place = nullptr;
    if (value.current_location().get(place) != SUCCESS)
        return fallback;
    return place;
}

static text_value value_of(tw_json_reader *reader, ondemand::value value) {
    text_value result{
        {&text_encoding, TW_JSON_NOTHING, false}, reader, value, trim(value.raw_json_token())};
    result.kind = kind_of(result.token);
    return result;
}

static tw_status check(text_value *value);
static tw_status text_each_field(tw_json_value *base, tw_json_on_field on_field, void *context);
static tw_status text_each_item(tw_json_value *base, tw_json_on_value on_item, void *context);
static tw_status text_scalar(tw_json_value *base, tw_slice *ret_text);

static tw_status check_item(void *, tw_json_value *value) {
    return check(text(value));
}

static tw_status check_field(void *, tw_slice, tw_json_value *value) {
    return check(text(value));
}

/* Walks a value that nobody took, so that malformed input is found (see the top). */
static tw_status check(text_value *value) {
    if (value->taken)
        return TW_OK;
    if (value->kind == TW_JSON_OBJECT)
        return text_each_field(value, check_field, nullptr);
    if (value->kind == TW_JSON_ARRAY)
        return text_each_item(value, check_item, nullptr);
    tw_slice ignored;
    return text_scalar(value, &ignored);
}

static tw_status enter(text_value *value, tw_json_kind kind) {
    value->taken = true;
    if (value->kind != kind)
        return fail_at(value->reader, value->token.data(),
                       kind == TW_JSON_OBJECT ? "expected an object" : "expected an array");
    if (value->reader->depth >= TW_JSON_DEPTH_MAX)
        return fail_at(value->reader, value->token.data(), "it is nested too deeply");
    value->reader->depth++;
    return TW_OK;
}

extern "C" {

tw_status tw_json_reader_new(const tw_allocator *allocator, size_t size_max,
                             tw_json_reader **ret_reader) {
    TW_ASSERT(size_max > 0 && size_max <= (size_t{1} << 30));
    void *block = tw_allocate(allocator, 1, sizeof(tw_json_reader), 64);
    if (block == nullptr)
        return TW_NO_MEMORY;
    void *buffer = tw_allocate(allocator, size_max + padding, 1, 64);
    if (buffer == nullptr) {
        tw_release(allocator, block, 1, sizeof(tw_json_reader), 64);
        return TW_NO_MEMORY;
    }
    tw_json_reader *reader = new (block) tw_json_reader;
    reader->allocator = allocator;
    reader->size_max = size_max;
    reader->buffer = static_cast<char *>(buffer);
    if (reader->parser.allocate(size_max, simdjson::DEFAULT_MAX_DEPTH) != SUCCESS) {
        tw_json_reader_free(reader);
        return TW_NO_MEMORY;
    }
    *ret_reader = reader;
    return TW_OK;
}

void tw_json_reader_free(tw_json_reader *reader) {
    if (reader == nullptr)
        return;
    const tw_allocator *allocator = reader->allocator;
    char *buffer = reader->buffer;
    size_t size = reader->size_max + padding;
    reader->~tw_json_reader();
    tw_release(allocator, buffer, size, 1, 64);
    tw_release(allocator, reader, 1, sizeof(tw_json_reader), 64);
}

const char *tw_json_padded(tw_json_reader *reader, tw_slice input) {
    if (input.size > reader->size_max)
        return nullptr;
    if (input.size > 0 && input.data != reader->buffer)
        std::memcpy(reader->buffer, input.data, input.size);
    std::memset(reader->buffer + input.size, 0, padding);
    return reader->buffer;
}

tw_status tw_json_read(tw_json_reader *reader, tw_slice input, tw_json_on_value on_root,
                       void *context, tw_error *error) {
    if (tw_json_padded(reader, input) == nullptr)
        return tw_error_set(error, TW_FULL, "the input has %zu bytes, at most %zu are read",
                            input.size, reader->size_max);
    reader->input_size = input.size;
    reader->error = error;
    reader->depth = 0;

    ondemand::document document;
    ondemand::value root;
    error_code code =
        reader->parser.iterate(reader->buffer, input.size, input.size + padding).get(document);
    if (code == SUCCESS)
        code = document.get_value().get(root);
    if (code != SUCCESS)
        return fail_with(reader, reader->buffer, code);

    text_value value = value_of(reader, root);
    tw_status status = on_root(context, &value);
    if (status == TW_OK)
        status = check(&value);
    const char *place = nullptr;
    if (status == TW_OK && document.current_location().get(place) != simdjson::OUT_OF_BOUNDS)
        status = fail_at(reader, place, "something follows the end of the JSON document");
    reader->error = nullptr;
    return status;
}

} /* extern "C" */

/* How much of a text stands before the first quote or backslash. Keys and most values are short,
 * so that a plain loop is quicker than a call. */
static size_t plain_size(const char *text, size_t size_max) {
    size_t size = 0;
    while (size < size_max && text[size] != '"' && text[size] != '\\')
        size++;
    return size;
}

/* A string is what stands between its quotes, unless something in it is escaped: simdjson's first
 * pass has found its end and has refused bytes that no string may hold. */
static error_code key_of(const tw_json_reader *reader, ondemand::field &field,
                         std::string_view *ret_key) {
    const char *begin = field.key().raw();
    size_t left = reader->input_size - static_cast<size_t>(begin - reader->buffer);
    size_t size = plain_size(begin, left);
    if (size == left || begin[size] != '"')
        return field.unescaped_key().get(*ret_key);
    *ret_key = std::string_view(begin, size);
    return SUCCESS;
}

static error_code string_of(text_value *value, std::string_view *ret_content) {
    std::string_view token = value->token;
    if (token.size() < 2 || plain_size(token.data() + 1, token.size() - 1) != token.size() - 2 ||
        token.back() != '"')
        return value->value.get_string().get(*ret_content);
    *ret_content = token.substr(1, token.size() - 2);
    /* Taken all the same: simdjson would pass over a string that is left, and a colon behind it. */
    return value->value.get_raw_json_string().error();
}

static tw_status text_each_field(tw_json_value *base, tw_json_on_field on_field, void *context) {
    text_value *value = text(base);
    tw_json_reader *reader = value->reader;
    tw_status status = enter(value, TW_JSON_OBJECT);
    if (status != TW_OK)
        return status;
    ondemand::object object;
    error_code code = value->value.get_object().get(object);
    if (code != SUCCESS)
        return fail_with(reader, place_of(value->value, value->token.data()), code);
    for (auto result : object) {
        ondemand::field field;
        std::string_view key;
        code = std::move(result).get(field);
        if (code == SUCCESS)
            code = key_of(reader, field, &key);
        if (code != SUCCESS)
            return fail_with(reader, place_of(value->value, value->token.data()), code);
        text_value child = value_of(reader, field.value());
        status = on_field(context, tw_slice{key.data(), key.size()}, &child);
        if (status == TW_OK)
            status = check(&child);
        if (status != TW_OK)
            return status;
    }
    reader->depth--;
    return TW_OK;
}

static tw_status text_each_item(tw_json_value *base, tw_json_on_value on_item, void *context) {
    text_value *value = text(base);
    tw_json_reader *reader = value->reader;
    tw_status status = enter(value, TW_JSON_ARRAY);
    if (status != TW_OK)
        return status;
    ondemand::array array;
    error_code code = value->value.get_array().get(array);
    if (code != SUCCESS)
        return fail_with(reader, place_of(value->value, value->token.data()), code);
    for (auto result : array) {
        ondemand::value item;
        code = std::move(result).get(item);
        if (code != SUCCESS)
            return fail_with(reader, place_of(value->value, value->token.data()), code);
        text_value child = value_of(reader, item);
        status = on_item(context, &child);
        if (status == TW_OK)
            status = check(&child);
        if (status != TW_OK)
            return status;
    }
    reader->depth--;
    return TW_OK;
}

/* An empty object cannot be entered twice: simdjson leaves it when it enters it. */
static bool is_empty_object(const text_value *value) {
    const char *next = value->token.data() + 1;
    while (*next == ' ' || *next == '\n' || *next == '\r' || *next == '\t')
        next++;
    return *next == '}';
}

static tw_status text_peek(tw_json_value *base, const char *key, tw_slice *ret_text) {
    text_value *value = text(base);
    *ret_text = tw_slice{nullptr, 0};
    if (value->kind != TW_JSON_OBJECT || is_empty_object(value))
        return TW_OK;
    ondemand::object object;
    ondemand::value found;
    std::string_view found_text;
    error_code code = value->value.get_object().get(object);
    if (code == SUCCESS)
        code = object.find_field(key).get(found);
    if (code == SUCCESS)
        found_text = trim(found.raw_json_token());
    else if (code != simdjson::NO_SUCH_FIELD)
        return fail_with(value->reader, value->token.data(), code);
    code = object.reset().error();
    if (code != SUCCESS)
        return fail_with(value->reader, value->token.data(), code);
    if (found_text.size() >= 2 && found_text.front() == '"' && found_text.back() == '"' &&
        found_text.find('\\') == std::string_view::npos)
        *ret_text = tw_slice{found_text.data() + 1, found_text.size() - 2};
    return TW_OK;
}

static tw_status text_scalar(tw_json_value *base, tw_slice *ret_text) {
    text_value *value = text(base);
    value->taken = true;
    std::string_view content = value->token;
    error_code code = SUCCESS;
    bool good = true;
    switch (value->kind) {
    case TW_JSON_STRING:
        code = string_of(value, &content);
        break;
    case TW_JSON_NUMBER:
        good = is_number(content);
        break;
    case TW_JSON_BOOLEAN:
        good = content == "true" || content == "false";
        break;
    case TW_JSON_NULL:
        good = content == "null";
        content = std::string_view();
        break;
    case TW_JSON_OBJECT:
    case TW_JSON_ARRAY:
    case TW_JSON_NOTHING:
        good = false;
        break;
    }
    if (code != SUCCESS)
        return fail_with(value->reader, value->token.data(), code);
    if (!good)
        return fail_at(value->reader, value->token.data(), "expected a JSON scalar");
    ret_text->data = content.data();
    ret_text->size = content.size();
    return TW_OK;
}

static tw_status text_fail(tw_json_value *base, tw_status status, const char *sentence) {
    text_value *value = text(base);
    size_t offset = static_cast<size_t>(value->token.data() - value->reader->buffer);
    return tw_error_set_at(value->reader->error, status, "json", 0, offset + 1, "%s", sentence);
}

namespace {
const json_encoding text_encoding = {text_each_field, text_each_item, text_scalar, text_peek,
                                     text_fail};
}
