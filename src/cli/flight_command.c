/*
 * flight_command.c - `tradewind flight FILE`: what a crashed run left behind, for people and as
 * JSON.
 *
 * Times of the notes are monotonic; the head has both clocks, so each can be told as a time of day.
 */
#include <inttypes.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "command.h"
#include "json_writer.h"
#include "table.h"
#include "tradewind/crash.h"
#include "tradewind/time.h"

typedef struct flight_options {
    int64_t last;
    bool json;
} flight_options;

static const tw_config_option flight_table[] = {
    {"last", TW_CONFIG_INTEGER, NULL, "0", "1048576", "0",
     "only so many of the newest notes; 0: all", NULL, offsetof(flight_options, last)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one JSON document", NULL,
     offsetof(flight_options, json)},
};

enum { OPTION_COUNT = sizeof flight_table / sizeof flight_table[0] };

/* ---- words --------------------------------------------------------------------------------- */

/* "SIGSEGV", "SIGUSR1 (a request)"; a number that has no name is told as it is. */
static const char *reason_of(const tw_crash_summary *summary, char *buffer, size_t capacity) {
    const char *name = summary->signal > 0 ? sigabbrev_np(summary->signal) : NULL;
    if (summary->signal == 0)
        snprintf(buffer, capacity, "the program's own request");
    else if (summary->signal == SIGUSR1)
        snprintf(buffer, capacity, "SIGUSR1, a request");
    else if (name != NULL)
        snprintf(buffer, capacity, "SIG%s", name);
    else
        snprintf(buffer, capacity, "signal %d", summary->signal);
    return buffer;
}

static const char *time_of(const tw_crash_summary *summary, int64_t time_ns, char *buffer) {
    tw_time_format(summary->wall_ns - (summary->time_ns - time_ns), 6, buffer);
    return buffer;
}

static size_t first_shown(const tw_crash_dump *dump, const flight_options *options) {
    size_t last = (size_t)options->last;
    return last > 0 && last < dump->count ? dump->count - last : 0;
}

/* ---- printing ------------------------------------------------------------------------------ */

static void print_head(const tw_crash_dump *dump) {
    const tw_crash_summary *summary = &dump->summary;
    char reason[64];
    char when[TW_TIME_TEXT_SIZE];
    tw_time_format(summary->wall_ns, 6, when);
    printf("%s, process %d, thread %d, at %s: %s", summary->program, summary->pid, summary->thread,
           when, reason_of(summary, reason, sizeof reason));
    if (summary->address != 0)
        printf(" at address 0x%" PRIx64, summary->address);
    printf("\n%zu of %" PRIu64 " notes are kept", dump->count, summary->newest);
    if (summary->dropped > 0)
        printf(", %" PRIu64 " were dropped", summary->dropped);
    printf("%s\n\n", dump->cut ? "; the file has been cut" : "");
}

static void add_row(table *rows, const tw_crash_dump *dump, size_t index) {
    const tw_flight_event *event = &dump->events[index];
    char text[TW_TIME_TEXT_SIZE];
    table_row(rows);
    snprintf(text, sizeof text, "%" PRIu64, event->sequence);
    table_cell(rows, text);
    table_cell(rows, time_of(&dump->summary, event->time_ns, text));
    table_cell(rows, event->name);
    for (int i = 0; i < 2; i++) {
        snprintf(text, sizeof text, "%" PRId64, event->values[i]);
        table_cell(rows, text);
    }
    table_cell(rows, event->text);
}

static tw_status print_table(const tw_crash_dump *dump, const flight_options *options,
                             tw_error *error) {
    table *rows = table_new(">NOTE|TIME|WHAT|>FIRST|>SECOND|TEXT");
    for (size_t i = first_shown(dump, options); i < dump->count; i++)
        add_row(rows, dump, i);
    print_head(dump);
    return table_end(rows, error);
}

static void write_event(json_writer *w, const tw_crash_dump *dump, const tw_flight_event *event) {
    char text[TW_TIME_TEXT_SIZE];
    json_open(w, NULL, '{');
    json_count(w, "note", event->sequence);
    json_text(w, "time", time_of(&dump->summary, event->time_ns, text));
    json_text(w, "what", event->name);
    for (int i = 0; i < 2; i++) { /* as strings: numbers of JSON hold 53 bits */
        snprintf(text, sizeof text, "%" PRId64, event->values[i]);
        json_text(w, i == 0 ? "first" : "second", text);
    }
    json_text(w, "text", event->text);
    json_close(w);
}

static tw_status print_json(const tw_crash_dump *dump, const flight_options *options,
                            tw_error *error) {
    const tw_crash_summary *summary = &dump->summary;
    char reason[64];
    char when[TW_TIME_TEXT_SIZE];
    json_writer w = json_writer_begin();
    tw_time_format(summary->wall_ns, 6, when);
    json_text(&w, "program", summary->program);
    json_text(&w, "time", when);
    json_text(&w, "reason", reason_of(summary, reason, sizeof reason));
    json_number(&w, "signal", summary->signal);
    json_number(&w, "process", summary->pid);
    json_number(&w, "thread", summary->thread);
    json_count(&w, "address", summary->address);
    json_count(&w, "newest", summary->newest);
    json_count(&w, "dropped", summary->dropped);
    json_flag(&w, "cut", dump->cut);
    json_open(&w, "notes", '[');
    for (size_t i = first_shown(dump, options); i < dump->count; i++)
        write_event(&w, dump, &dump->events[i]);
    json_close(&w);
    return json_writer_end(&w, error);
}

/* ---- command ------------------------------------------------------------------------------- */

static tw_status show(void *target, const tw_arguments *arguments, tw_error *error) {
    const flight_options *options = target;
    tw_crash_dump dump;
    tw_status status = tw_crash_dump_read(NULL, arguments->operands[0], &dump, error);
    if (status != TW_OK)
        return status;
    status = options->json ? print_json(&dump, options, error) : print_table(&dump, options, error);
    tw_crash_dump_done(&dump);
    return status;
}

int command_flight(int argc, char **argv) {
    static flight_options options;
    const tw_arguments_table tables[] = {
        {.section = "flight", .options = flight_table, .count = OPTION_COUNT, .target = &options}};
    const tw_arguments_spec spec = {
        .command = "tradewind flight",
        .operands = "FILE",
        .summary = "Shows what a run that crashed, or that got SIGUSR1, wrote down of its last "
                   "moments.",
        .example = "  tradewind flight tradewind.db-flight\n"
                   "  tradewind flight --last 20 --json tradewind.db-flight\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_min = 1,
        .operand_count_max = 1,
    };
    return command_main(&spec, argc, argv, show, &options);
}
