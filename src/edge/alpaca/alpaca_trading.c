/*
 * alpaca_trading.c - errors, multi-status answers, trade updates and the commands of both streams.
 *
 * Keys of an envelope may come in any order ("data" before "stream"), so everything that a
 * message can hold is gathered first and judged at its end.
 */
#include <string.h>

#include "alpaca_reader.h"
#include "alpaca_word.h"
#include "tradewind/alpaca.h"

/* ---- words ---- */

static const char *const event_names[] = {
    [TW_ALPACA_EVENT_OTHER] = "",
    [TW_ALPACA_EVENT_NEW] = "new",
    [TW_ALPACA_EVENT_FILL] = "fill",
    [TW_ALPACA_EVENT_PARTIAL_FILL] = "partial_fill",
    [TW_ALPACA_EVENT_CANCELED] = "canceled",
    [TW_ALPACA_EVENT_EXPIRED] = "expired",
    [TW_ALPACA_EVENT_DONE_FOR_DAY] = "done_for_day",
    [TW_ALPACA_EVENT_REPLACED] = "replaced",
    [TW_ALPACA_EVENT_ACCEPTED] = "accepted",
    [TW_ALPACA_EVENT_REJECTED] = "rejected",
    [TW_ALPACA_EVENT_PENDING_NEW] = "pending_new",
    [TW_ALPACA_EVENT_STOPPED] = "stopped",
    [TW_ALPACA_EVENT_PENDING_CANCEL] = "pending_cancel",
    [TW_ALPACA_EVENT_PENDING_REPLACE] = "pending_replace",
    [TW_ALPACA_EVENT_CALCULATED] = "calculated",
    [TW_ALPACA_EVENT_SUSPENDED] = "suspended",
    [TW_ALPACA_EVENT_RESTATED] = "restated",
    [TW_ALPACA_EVENT_REPLACE_REJECTED] = "order_replace_rejected",
    [TW_ALPACA_EVENT_CANCEL_REJECTED] = "order_cancel_rejected",
};
#define EVENT_COUNT (sizeof event_names / sizeof event_names[0])

const char *tw_alpaca_event_name(tw_alpaca_event event) {
    return (size_t)event < EVENT_COUNT ? event_names[event] : "";
}

tw_alpaca_event tw_alpaca_event_of(tw_slice word) {
    for (size_t i = 1; i < EVENT_COUNT; i++)
        if (tw_slice_equal_string(word, event_names[i]))
            return (tw_alpaca_event)i;
    return TW_ALPACA_EVENT_OTHER;
}

const char *tw_alpaca_trade_mark_name(tw_trade_mark mark) {
    static const char *const names[] = {
        [TW_TRADE_STANDS] = "",
        [TW_TRADE_CANCELED] = "canceled",
        [TW_TRADE_CORRECTED] = "corrected",
        [TW_TRADE_INCORRECT] = "incorrect",
    };
    return (size_t)mark < sizeof names / sizeof names[0] ? names[mark] : "";
}

const char *tw_alpaca_channel_name(tw_alpaca_channel channel) {
    static const char *const names[TW_ALPACA_CHANNEL_COUNT] = {
        "trades",   "quotes", "bars",       "updatedBars", "dailyBars",
        "statuses", "lulds",  "imbalances", "orderbooks",  "news"};
    unsigned bits = (unsigned)channel;
    bool one = bits != 0 && (bits & (bits - 1)) == 0 && bits <= TW_ALPACA_CHANNEL_ALL;
    return one ? names[__builtin_ctz(bits)] : "";
}

bool tw_alpaca_stream_error_is_final(int64_t code) {
    return code == 402 || code == 404 || code == 408 || code == 409 || code == 410 || code == 411;
}

/* ---- errors ---- */

/* Keeps what stands beside code and message; the whole body stays readable to whoever wants more.
 */
static void keep_detail(tw_alpaca_error *problem, tw_slice key, tw_slice text, bool quoted) {
    if (problem->detail_count == TW_ALPACA_DETAIL_COUNT)
        return;
    tw_alpaca_detail *detail = &problem->details[problem->detail_count];
    if (!tw_word_copy(key, detail->name, sizeof detail->name) ||
        !tw_word_copy(text, detail->value, sizeof detail->value)) {
        memset(detail, 0, sizeof *detail);
        return;
    }
    detail->quoted = quoted;
    problem->detail_count++;
}

tw_status tw_alpaca_read_error_field(tw_alpaca_error *problem, tw_slice key, tw_json_value *value) {
    tw_json_kind kind = tw_json_kind_of(value);
    if (kind == TW_JSON_OBJECT || kind == TW_JSON_ARRAY || kind == TW_JSON_NULL)
        return TW_OK;
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (tw_slice_equal_string(key, "message"))
        (void)tw_word_copy(text, problem->message, sizeof problem->message);
    else if (!tw_slice_equal_string(key, "code"))
        keep_detail(problem, key, text, kind == TW_JSON_STRING);
    else if (tw_parse_i64(text, &problem->code) != TW_OK)
        (void)tw_word_copy(text, problem->code_word, sizeof problem->code_word);
    return TW_OK;
}

static tw_status on_error_field(void *context, tw_slice key, tw_json_value *value) {
    return tw_alpaca_read_error_field(context, key, value);
}

tw_status tw_alpaca_read_error(tw_json_value *value, tw_alpaca_error *ret_problem) {
    memset(ret_problem, 0, sizeof *ret_problem);
    return tw_json_each_field(value, on_error_field, ret_problem);
}

static tw_status on_error_root(void *context, tw_json_value *root) {
    return tw_alpaca_read_error(root, context);
}

tw_status tw_alpaca_decode_error(tw_alpaca_reader *reader, tw_slice json,
                                 tw_alpaca_error *ret_problem, tw_error *error) {
    tw_alpaca_error problem;
    tw_status status = tw_json_read(reader->json, json, on_error_root, &problem, error);
    if (status == TW_OK)
        *ret_problem = problem;
    return status;
}

void tw_alpaca_encode_error(tw_text *text, int64_t code, const char *message) {
    tw_text_append_char(text, '{');
    if (code != 0) {
        tw_text_append_string(text, "\"code\":");
        tw_text_append_i64(text, code);
        tw_text_append_char(text, ',');
    }
    tw_text_append_string(text, "\"message\":");
    tw_word_put_string(text, message);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_problem(tw_text *text, const tw_alpaca_error *problem) {
    bool first = true;
    tw_text_append_char(text, '{');
    if (problem->code_word[0] != '\0') {
        tw_word_key(text, "code", &first);
        tw_word_put_string(text, problem->code_word);
    } else if (problem->code != 0) {
        tw_word_key(text, "code", &first);
        tw_text_append_i64(text, problem->code);
    }
    tw_word_key(text, "message", &first);
    tw_word_put_string(text, problem->message);
    for (uint32_t i = 0; i < problem->detail_count; i++) {
        const tw_alpaca_detail *detail = &problem->details[i];
        tw_text_append_char(text, ',');
        tw_word_put_string(text, detail->name);
        tw_text_append_char(text, ':');
        if (detail->quoted)
            tw_word_put_string(text, detail->value);
        else
            tw_text_append_string(text, detail->value);
    }
    tw_text_append_char(text, '}');
}

/* ---- multi-status ---- */

typedef struct entry_context {
    tw_alpaca_on_entry on_entry;
    void *context;
    tw_slice name;
    int64_t status;
    tw_alpaca_error problem;
    bool has_body;
} entry_context;

tw_status tw_alpaca_read_integer(tw_json_value *value, int64_t *ret_integer) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status != TW_OK)
        return status;
    if (text.size == 0)
        return TW_EMPTY;
    status = tw_parse_i64(text, ret_integer);
    return status == TW_OK ? TW_OK : tw_json_fail(value, status, "expected an integer");
}

static tw_status on_entry_field(void *context, tw_slice key, tw_json_value *value) {
    entry_context *c = context;
    if (tw_slice_equal_string(key, "status"))
        return tw_alpaca_read_integer(value, &c->status);
    if (tw_slice_equal_string(key, "id") || tw_slice_equal_string(key, "symbol"))
        return tw_json_scalar(value, &c->name);
    if (tw_slice_equal_string(key, "body") && tw_json_kind_of(value) == TW_JSON_OBJECT) {
        c->has_body = true;
        return tw_alpaca_read_error(value, &c->problem);
    }
    return TW_OK;
}

static tw_status on_entry_object(void *context, tw_json_value *value) {
    entry_context *c = context;
    c->name = (tw_slice){NULL, 0};
    c->status = 0;
    c->has_body = false;
    tw_status status = tw_json_each_field(value, on_entry_field, c);
    if (status != TW_OK)
        return status;
    bool failed = c->status >= 300 || c->status < 200;
    c->problem.http_status = (int)c->status;
    c->on_entry(c->context, c->name, (int)c->status, failed && c->has_body ? &c->problem : NULL);
    return TW_OK;
}

static tw_status on_entries(void *context, tw_json_value *root) {
    if (tw_json_kind_of(root) != TW_JSON_ARRAY)
        return on_entry_object(context, root);
    return tw_json_each_item(root, on_entry_object, context);
}

tw_status tw_alpaca_decode_multi_status(tw_alpaca_reader *reader, tw_slice json,
                                        tw_alpaca_on_entry on_entry, void *context,
                                        tw_error *error) {
    entry_context c;
    memset(&c, 0, sizeof c);
    c.on_entry = on_entry;
    c.context = context;
    return tw_json_read(reader->json, json, on_entries, &c, error);
}

/* ---- trading stream: the server's messages ---- */

#define UPDATE(key, member, form) WORD_ROW(tw_alpaca_order_update, key, member, form, WORD_OMIT)
static const word_field update_fields[TW_ALPACA_UPDATE_FIELD_COUNT] = {
    [TW_ALPACA_UPDATE_EVENT] = UPDATE("event", event_word, WORD_TEXT),
    [TW_ALPACA_UPDATE_TIMESTAMP] = UPDATE("timestamp", timestamp_ns, WORD_TIME),
    [TW_ALPACA_UPDATE_EXECUTION_ID] = UPDATE("execution_id", execution_id, WORD_TEXT),
    [TW_ALPACA_UPDATE_PRICE] = UPDATE("price", price.nano, WORD_DECIMAL),
    [TW_ALPACA_UPDATE_QTY] = UPDATE("qty", quantity.nano, WORD_DECIMAL),
    [TW_ALPACA_UPDATE_POSITION_QTY] = UPDATE("position_qty", position.nano, WORD_DECIMAL),
    [TW_ALPACA_UPDATE_AT] = UPDATE("at", at_ns, WORD_TIME),
    [TW_ALPACA_UPDATE_EVENT_ID] = UPDATE("event_id", event_id, WORD_TEXT),
};
static const word_table update_table = {update_fields, TW_ALPACA_UPDATE_FIELD_COUNT};

typedef struct trading_context {
    tw_alpaca_reader *reader;
    tw_alpaca_trading_message message;
    tw_slice stream;
    tw_slice status;
    uint32_t hint;
} trading_context;

static tw_status on_stream_name(void *context, tw_json_value *value) {
    bool *trade_updates = context;
    tw_slice name;
    tw_status status = tw_json_scalar(value, &name);
    if (status == TW_OK && tw_slice_equal_string(name, "trade_updates"))
        *trade_updates = true;
    return status;
}

static tw_status on_data_field(void *context, tw_slice key, tw_json_value *value) {
    trading_context *c = context;
    tw_alpaca_order_update *update = &c->message.update;
    tw_json_kind kind = tw_json_kind_of(value);
    if (tw_slice_equal_string(key, "order") && kind == TW_JSON_OBJECT)
        return tw_alpaca_read_order(c->reader, value, &update->order, NULL, 0);
    if (tw_slice_equal_string(key, "streams") && kind == TW_JSON_ARRAY)
        return tw_json_each_item(value, on_stream_name, &c->message.trade_updates);
    if (kind == TW_JSON_OBJECT || kind == TW_JSON_ARRAY)
        return TW_OK;
    if (tw_slice_equal_string(key, "status"))
        return tw_json_scalar(value, &c->status);
    uint32_t row = tw_word_find(&update_table, key, &c->hint);
    if (row == update_table.count)
        return TW_OK;
    return tw_word_decode(&update_table, row, value, update, &update->present);
}

static tw_status on_trading_field(void *context, tw_slice key, tw_json_value *value) {
    trading_context *c = context;
    if (tw_slice_equal_string(key, "stream"))
        return tw_json_scalar(value, &c->stream);
    if (tw_slice_equal_string(key, "data") && tw_json_kind_of(value) == TW_JSON_OBJECT)
        return tw_json_each_field(value, on_data_field, c);
    return TW_OK;
}

static tw_status on_trading(void *context, tw_json_value *root) {
    trading_context *c = context;
    tw_status status = tw_json_each_field(root, on_trading_field, c);
    if (status != TW_OK)
        return status;
    tw_alpaca_trading_message *message = &c->message;
    message->kind = TW_ALPACA_TRADING_OTHER;
    if (tw_slice_equal_string(c->stream, "authorization"))
        message->kind = tw_slice_equal_string(c->status, "authorized")
                            ? TW_ALPACA_TRADING_AUTHORIZED
                            : TW_ALPACA_TRADING_UNAUTHORIZED;
    else if (tw_slice_equal_string(c->stream, "listening"))
        message->kind = TW_ALPACA_TRADING_LISTENING;
    else if (tw_slice_equal_string(c->stream, "trade_updates"))
        message->kind = TW_ALPACA_TRADING_UPDATE;
    message->update.event = (uint8_t)tw_alpaca_event_of(tw_slice_of(message->update.event_word));
    return TW_OK;
}

tw_status tw_alpaca_decode_trading(tw_alpaca_reader *reader, tw_slice json,
                                   tw_alpaca_trading_message *ret_message, tw_error *error) {
    trading_context c;
    memset(&c, 0, sizeof c);
    c.reader = reader;
    c.message.update.order.order.symbol = TW_SYMBOL_NONE;
    tw_status status = tw_json_read(reader->json, json, on_trading, &c, error);
    if (status == TW_OK)
        *ret_message = c.message;
    return status;
}

void tw_alpaca_encode_order_update(tw_text *text, const tw_alpaca_order_update *update) {
    tw_text_append_string(text, "{\"stream\":\"trade_updates\",\"data\":");
    tw_alpaca_encode_order_event(text, update);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_order_event(tw_text *text, const tw_alpaca_order_update *update) {
    tw_alpaca_order_update copy = *update;
    if (copy.event_word[0] == '\0')
        (void)tw_word_copy(tw_slice_of(tw_alpaca_event_name((tw_alpaca_event)copy.event)),
                           copy.event_word, sizeof copy.event_word);
    bool first = true;
    tw_text_append_char(text, '{');
    for (uint32_t row = 0; row < update_table.count; row++) {
        tw_word_encode(&update_table, row, &copy, copy.present, text, &first);
        if (row == TW_ALPACA_UPDATE_EVENT) {
            tw_word_key(text, "order", &first);
            tw_alpaca_encode_order(text, &copy.order, NULL, 0);
        }
    }
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_authorization(tw_text *text, bool authorized, const char *action) {
    tw_text_append_string(text, "{\"stream\":\"authorization\",\"data\":{\"status\":");
    tw_text_append_string(text, authorized ? "\"authorized\"" : "\"unauthorized\"");
    tw_text_append_string(text, ",\"action\":");
    tw_word_put_string(text, action);
    tw_text_append_string(text, "}}");
}

void tw_alpaca_encode_listening(tw_text *text, bool trade_updates) {
    tw_text_append_string(text, "{\"stream\":\"listening\",\"data\":{\"streams\":[");
    tw_text_append_string(text, trade_updates ? "\"trade_updates\"]}}" : "]}}");
}

/* ---- both streams: the client's commands ---- */

typedef struct command_context {
    tw_alpaca_command command;
    tw_alpaca_on_name on_name;
    void *context;
    tw_alpaca_channel channel; /* whose list is being read */
    bool naming;               /* second pass: hand out the names */
} command_context;

static tw_status copy_secret(tw_json_value *value, char *buffer) {
    tw_slice text;
    tw_status status = tw_json_scalar(value, &text);
    if (status == TW_OK && !tw_word_copy(text, buffer, TW_ALPACA_KEY_SIZE))
        return tw_json_fail(value, TW_RANGE, "a key is longer than %d bytes",
                            TW_ALPACA_KEY_SIZE - 1);
    return status;
}

static tw_status on_listen_name(void *context, tw_json_value *value) {
    tw_alpaca_command *command = context;
    tw_slice name;
    tw_status status = tw_json_scalar(value, &name);
    if (status != TW_OK)
        return status;
    if (tw_slice_equal_string(name, "trade_updates"))
        command->trade_updates = true;
    else
        command->other_count++;
    return TW_OK;
}

static tw_status on_symbol_name(void *context, tw_json_value *value) {
    command_context *c = context;
    tw_slice name;
    tw_status status = tw_json_scalar(value, &name);
    if (status == TW_OK && c->naming)
        c->on_name(c->context, &c->command, c->channel, name);
    return status;
}

static tw_status on_channel_list(command_context *c, tw_slice key, tw_json_value *value) {
    for (unsigned i = 0; i < TW_ALPACA_CHANNEL_COUNT; i++) {
        c->channel = (tw_alpaca_channel)(1u << i);
        if (!tw_slice_equal_string(key, tw_alpaca_channel_name(c->channel)))
            continue;
        c->command.channels = (uint16_t)(c->command.channels | 1u << i);
        return tw_json_each_item(value, on_symbol_name, c);
    }
    return TW_OK;
}

static tw_status on_command_field(void *context, tw_slice key, tw_json_value *value) {
    command_context *c = context;
    tw_json_kind kind = tw_json_kind_of(value);
    if (tw_slice_equal_string(key, "data") && kind == TW_JSON_OBJECT)
        return tw_json_each_field(value, on_command_field, c);
    if (tw_slice_equal_string(key, "streams") && kind == TW_JSON_ARRAY)
        return c->naming ? TW_OK : tw_json_each_item(value, on_listen_name, &c->command);
    if (kind == TW_JSON_ARRAY)
        return on_channel_list(c, key, value);
    if (kind == TW_JSON_OBJECT)
        return TW_OK;
    if (tw_slice_equal_string(key, "key") || tw_slice_equal_string(key, "key_id"))
        return copy_secret(value, c->command.key);
    if (tw_slice_equal_string(key, "secret") || tw_slice_equal_string(key, "secret_key"))
        return copy_secret(value, c->command.secret);
    if (!tw_slice_equal_string(key, "action"))
        return TW_OK;
    tw_slice word;
    tw_status status = tw_json_scalar(value, &word);
    if (status == TW_OK)
        (void)tw_word_copy(word, c->command.action_word, sizeof c->command.action_word);
    return status;
}

static tw_status on_command(void *context, tw_json_value *root) {
    return tw_json_each_field(root, on_command_field, context);
}

static tw_alpaca_action action_of(const char *word) {
    static const struct {
        const char *name;
        tw_alpaca_action action;
    } names[] = {
        {"auth", TW_ALPACA_ACTION_AUTH},           {"authenticate", TW_ALPACA_ACTION_AUTHENTICATE},
        {"subscribe", TW_ALPACA_ACTION_SUBSCRIBE}, {"unsubscribe", TW_ALPACA_ACTION_UNSUBSCRIBE},
        {"listen", TW_ALPACA_ACTION_LISTEN},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(word, names[i].name) == 0)
            return names[i].action;
    return TW_ALPACA_ACTION_OTHER;
}

/* One visit of the input, whichever encoding it has. */
static tw_status visit_command(tw_alpaca_reader *reader, tw_slice input, bool msgpack,
                               command_context *c, tw_error *error) {
    return msgpack ? tw_msgpack_read(reader->msgpack, input, on_command, c, error)
                   : tw_json_read(reader->json, input, on_command, c, error);
}

static tw_status read_command(tw_alpaca_reader *reader, tw_slice input, bool msgpack,
                              command_context *c, tw_error *error) {
    tw_status status = visit_command(reader, input, msgpack, c, error);
    if (status != TW_OK)
        return status;
    c->command.action = (uint8_t)action_of(c->command.action_word);
    if (c->on_name == NULL || c->command.channels == 0)
        return TW_OK;
    c->naming = true;
    return visit_command(reader, input, msgpack, c, error);
}

tw_status tw_alpaca_decode_command(tw_alpaca_reader *reader, tw_slice json,
                                   tw_alpaca_command *ret_command, tw_alpaca_on_name on_name,
                                   void *context, tw_error *error) {
    command_context c = {.on_name = on_name, .context = context};
    tw_status status = read_command(reader, json, false, &c, error);
    if (status == TW_OK)
        *ret_command = c.command;
    return status;
}

tw_status tw_alpaca_decode_command_msgpack(tw_alpaca_reader *reader, tw_slice input,
                                           tw_alpaca_command *ret_command,
                                           tw_alpaca_on_name on_name, void *context,
                                           tw_error *error) {
    TW_ASSERT(reader->msgpack != NULL);
    command_context c = {.on_name = on_name, .context = context};
    tw_status status = read_command(reader, input, true, &c, error);
    if (status == TW_OK)
        *ret_command = c.command;
    return status;
}

void tw_alpaca_encode_auth(tw_text *text, const char *key, const char *secret) {
    tw_text_append_string(text, "{\"action\":\"auth\",\"key\":");
    tw_word_put_string(text, key);
    tw_text_append_string(text, ",\"secret\":");
    tw_word_put_string(text, secret);
    tw_text_append_char(text, '}');
}

void tw_alpaca_encode_authenticate(tw_text *text, const char *key, const char *secret) {
    tw_text_append_string(text, "{\"action\":\"authenticate\",\"data\":{\"key_id\":");
    tw_word_put_string(text, key);
    tw_text_append_string(text, ",\"secret_key\":");
    tw_word_put_string(text, secret);
    tw_text_append_string(text, "}}");
}

void tw_alpaca_encode_listen(tw_text *text, bool trade_updates) {
    tw_text_append_string(text, "{\"action\":\"listen\",\"data\":{\"streams\":[");
    tw_text_append_string(text, trade_updates ? "\"trade_updates\"]}}" : "]}}");
}
