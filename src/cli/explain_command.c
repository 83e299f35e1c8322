/* explain_command.c - `tradewind explain`: why an order was made, and what became of it. */
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "input.h"
#include "journal_fields.h"
#include "tradewind/time.h"

typedef struct explain_options {
    char database[TW_CONFIG_TEXT_SIZE];
    bool json;
} explain_options;

static const tw_config_option explain_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db", "the store of the run", NULL,
     offsetof(explain_options, database)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print the entries as one JSON document",
     NULL, offsetof(explain_options, json)},
};

enum { ENTRY_COUNT_MAX = 4096 };

typedef struct kept_entry {
    uint64_t sequence;
    int64_t time_ns;
    char kind[TW_STORE_KIND_SIZE_MAX + 1];
    char *payload;
} kept_entry;

/* What of the journal is about one order. */
typedef struct explain_desk {
    const explain_options *options;
    const char *order; /* a whole client order id, or the number at its end */
    tw_symbols *symbols;
    tw_store *store;
    tw_json_reader *reader;
    kept_entry entries[ENTRY_COUNT_MAX];
    size_t count;
    bool cut;           /* there was more */
    kept_entry decided; /* the newest before the order's first entry: decision or kill */
    kept_entry limits;
} explain_desk;

static tw_status keep(kept_entry *place, const tw_store_record *record) {
    TW_DELETE(NULL, place->payload, JOURNAL_PAYLOAD_SIZE_MAX, char);
    *place = (kept_entry){.sequence = record->sequence, .time_ns = record->time_ns};
    place->payload = TW_NEW(NULL, JOURNAL_PAYLOAD_SIZE_MAX, char);
    if (place->payload == NULL)
        return TW_NO_MEMORY;
    tw_status status = tw_slice_copy(record->kind, place->kind, sizeof place->kind);
    return status == TW_OK
               ? tw_slice_copy(record->payload, place->payload, JOURNAL_PAYLOAD_SIZE_MAX)
               : status;
}

static tw_status keep_next(explain_desk *desk, const tw_store_record *record) {
    if (desk->count == ENTRY_COUNT_MAX) {
        desk->cut = true;
        return TW_OK;
    }
    return keep(&desk->entries[desk->count++], record);
}

/* The decision and the limits in force come before the order's own entries. */
static void keep_reasons(explain_desk *desk) {
    kept_entry *reasons[] = {&desk->limits, &desk->decided};
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++) {
        if (reasons[i]->payload == NULL)
            continue;
        desk->entries[desk->count++] = *reasons[i];
        reasons[i]->payload = NULL;
    }
}

static tw_status on_record(void *context, const tw_store_record *record) {
    explain_desk *desk = context;
    if (tw_slice_equal_string(record->kind, "decision") ||
        tw_slice_equal_string(record->kind, "kill"))
        return desk->count == 0 ? keep(&desk->decided, record) : TW_OK;
    if (tw_slice_equal_string(record->kind, "limits"))
        return desk->count == 0 ? keep(&desk->limits, record) : TW_OK;
    if (!journal_is_about(record->payload, desk->order))
        return TW_OK;
    if (desk->count == 0)
        keep_reasons(desk);
    return keep_next(desk, record);
}

/* ---- printing ------------------------------------------------------------------------------ */

/* A control's [limit, figure]. */
typedef struct text_pair {
    tw_slice texts[2];
    size_t count;
} text_pair;

static tw_status take_item(void *context, tw_json_value *value) {
    text_pair *pair = context;
    if (pair->count == 2)
        return TW_CORRUPT;
    return tw_json_scalar(value, &pair->texts[pair->count++]);
}

static tw_status print_field(void *context, tw_slice key, tw_json_value *value) {
    (void)context;
    text_pair pair = {0};
    if (tw_slice_equal_string(key, "order"))
        return TW_OK;
    printf("    %-20.*s ", (int)key.size, key.data);
    bool is_control = tw_json_kind_of(value) == TW_JSON_ARRAY;
    tw_status status = is_control ? tw_json_each_item(value, take_item, &pair)
                                  : tw_json_scalar(value, &pair.texts[0]);
    if (status != TW_OK)
        return status;
    if (is_control)
        printf("%.*s, limit %.*s\n", (int)pair.texts[1].size, pair.texts[1].data,
               (int)pair.texts[0].size, pair.texts[0].data);
    else
        printf("%.*s\n", (int)pair.texts[0].size, pair.texts[0].data);
    return TW_OK;
}

static tw_status print_fields(void *context, tw_json_value *value) {
    return tw_json_each_field(value, print_field, context);
}

static tw_status print_words(explain_desk *desk, tw_error *error) {
    for (size_t i = 0; i < desk->count; i++) {
        const kept_entry *entry = &desk->entries[i];
        char time[TW_TIME_TEXT_SIZE];
        tw_time_format(entry->time_ns, 9, time);
        printf("%s  %" PRIu64 "  %s\n", time, entry->sequence, entry->kind);
        tw_status status =
            tw_json_read(desk->reader, tw_slice_of(entry->payload), print_fields, desk, error);
        if (status != TW_OK)
            return status;
    }
    if (desk->cut)
        printf("There is more: only %d entries are shown.\n", ENTRY_COUNT_MAX);
    return TW_OK;
}

static void print_json(const explain_desk *desk) {
    printf("[");
    for (size_t i = 0; i < desk->count; i++) {
        const kept_entry *entry = &desk->entries[i];
        printf("%s{\"sequence\":%" PRIu64 ",\"time_ns\":%" PRId64
               ",\"kind\":\"%s\",\"payload\":%s}",
               i == 0 ? "" : ",", entry->sequence, entry->time_ns, entry->kind, entry->payload);
    }
    printf("]\n");
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status read_journal(explain_desk *desk, tw_error *error) {
    tw_status status = input_any_store_open(desk->options->database, TW_STORE_READ, &desk->symbols,
                                            &desk->store, error);
    if (status == TW_OK &&
        tw_json_reader_new(NULL, JOURNAL_PAYLOAD_SIZE_MAX, &desk->reader) != TW_OK)
        return tw_error_set(error, TW_NO_MEMORY, "no memory to read the journal");
    if (status == TW_OK)
        status = tw_store_read_journal(desk->store, 1, on_record, desk, error);
    if (status == TW_OK && desk->count == 0)
        return tw_error_set(error, TW_NOT_FOUND, "the journal of %s has no order %s",
                            tw_store_path(desk->store), desk->order);
    return status;
}

static void free_desk(explain_desk *desk) {
    for (size_t i = 0; i < desk->count; i++)
        TW_DELETE(NULL, desk->entries[i].payload, JOURNAL_PAYLOAD_SIZE_MAX, char);
    TW_DELETE(NULL, desk->decided.payload, JOURNAL_PAYLOAD_SIZE_MAX, char);
    TW_DELETE(NULL, desk->limits.payload, JOURNAL_PAYLOAD_SIZE_MAX, char);
    tw_json_reader_free(desk->reader);
    tw_store_free(desk->store);
    tw_symbols_free(desk->symbols);
}

static tw_status explain(void *target, const tw_arguments *arguments, tw_error *error) {
    static explain_desk desk;
    if (arguments->operand_count == 0)
        return tw_error_set(error, TW_USAGE, "say which order, like `tradewind explain 17`");
    desk = (explain_desk){.options = target, .order = arguments->operands[0]};
    tw_status status = read_journal(&desk, error);
    if (status == TW_OK && desk.options->json)
        print_json(&desk);
    else if (status == TW_OK)
        status = print_words(&desk, error);
    free_desk(&desk);
    return status;
}

int command_explain(int argc, char **argv) {
    static explain_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "explain",
         .options = explain_table,
         .count = sizeof explain_table / sizeof explain_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind explain",
        .operands = "ORDER",
        .summary =
            "Why an order of a run was made and what became of it: the limits in force, the\n"
            "decision, what each control said, the intent, the venue's answers, the fills.\n"
            "ORDER is a client order id, or the number at its end.",
        .example = "  tradewind explain 17 --db trading.db\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = 1,
    };
    return command_main(&spec, argc, argv, explain, &options);
}
