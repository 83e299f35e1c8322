/*
 * monitor_command.c - `tradewind monitor`: a run in the terminal, from its dashboard's state.
 *
 *     FILE-listen, FILE-token --> GET /api/state --> monitor_state --> monitor_screen --> terminal
 *
 * On a terminal it asks again and again until q, an interrupt, or the end of the run; anywhere
 * else, and with --once or --json, it asks once.
 */
#include <errno.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "beside_store.h"
#include "command.h"
#include "monitor_screen.h"
#include "monitor_terminal.h"
#include "tradewind/http.h"
#include "tradewind/loop.h"
#include "tradewind/store.h"
#include "tradewind/time.h"

enum { DOCUMENT_SIZE_MAX = 16 * 1024 * 1024, SCREEN_SIZE = 96 * 1024, LINE_SIZE_MAX = 256 };

static const int64_t ANSWER_NS = 5 * TW_NS_PER_SECOND;
static const int64_t GONE_NS = 10 * TW_NS_PER_SECOND; /* without an answer the run is given up */
static const int64_t KEY_NS = 50 * TW_NS_PER_MS;

typedef struct monitor_options {
    char database[TW_CONFIG_TEXT_SIZE];
    int64_t every_ns;
    bool once;
    bool json;
} monitor_options;

static const tw_config_option monitor_table[] = {
    {"db", TW_CONFIG_TEXT, "FILE", NULL, NULL, "tradewind.db",
     "the store of the run, which its token lies beside", NULL,
     offsetof(monitor_options, database)},
    {"every", TW_CONFIG_DURATION, NULL, "100ms", "1m", "1s", "how often to look", NULL,
     offsetof(monitor_options, every_ns)},
    {"once", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one state as text and end", NULL,
     offsetof(monitor_options, once)},
    {"json", TW_CONFIG_BOOLEAN, NULL, NULL, NULL, "no", "print one state as a JSON document", NULL,
     offsetof(monitor_options, json)},
};

typedef struct monitor {
    const monitor_options *options;
    char store[TW_CONFIG_TEXT_SIZE + TW_STORE_MASK_SIZE]; /* as it may be shown */
    char url[LINE_SIZE_MAX + 32];
    char bearer[LINE_SIZE_MAX + 16];
    tw_loop *loop;
    tw_http_client *client;
    tw_json_reader *reader;
    monitor_state *state;
    char *screen; /* SCREEN_SIZE */

    bool answered; /* the call that goes on has ended, as follows */
    tw_error failure;
    int64_t heard_ns; /* monotonic: the newest state; 0: none yet */
    bool interrupted;
} monitor;

/* ---- where it is --------------------------------------------------------------------------- */

/* The first line of a small file beside the store. */
static tw_status read_line(const monitor *to, const char *what, char line[LINE_SIZE_MAX],
                           tw_error *error) {
    char path[BESIDE_PATH_SIZE];
    beside_store(to->options->database, what, path, sizeof path);
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return tw_error_set(error, TW_NOT_FOUND,
                            "no run of %s shows itself: there is no %s. Start one with "
                            "`tradewind run --db %s --listen 0`",
                            to->store, path, to->store);
    if (file == NULL)
        return tw_error_set_errno(error, errno, "%s cannot be read", path);
    bool read = fgets(line, LINE_SIZE_MAX, file) != NULL;
    fclose(file);
    line[read ? strcspn(line, "\r\n") : 0] = '\0';
    return line[0] != '\0' ? TW_OK : tw_error_set(error, TW_PARSE, "%s is empty", path);
}

/* "127.0.0.1:8787", "http://127.0.0.1:8787/" and "8787" are one. */
static void name_url(monitor *to, const char *address) {
    const char *scheme = "http://";
    size_t skip = strncmp(address, scheme, strlen(scheme)) == 0 ? strlen(scheme) : 0;
    size_t size = strcspn(address + skip, "/");
    bool port_alone = memchr(address + skip, ':', size) == NULL;
    snprintf(to->url, sizeof to->url, "%s%s%.*s/api/state", scheme, port_alone ? "127.0.0.1:" : "",
             (int)size, address + skip);
}

static tw_status find_run(monitor *to, const tw_arguments *arguments, tw_error *error) {
    char address[LINE_SIZE_MAX];
    char token[LINE_SIZE_MAX];
    tw_status status = TW_OK;
    if (arguments->operand_count > 0)
        name_url(to, arguments->operands[0]);
    else if ((status = read_line(to, "listen", address, error)) == TW_OK)
        name_url(to, address);
    if (status == TW_OK)
        status = read_line(to, "token", token, error);
    if (status == TW_OK)
        snprintf(to->bearer, sizeof to->bearer, "Bearer %s", token);
    explicit_bzero(token, sizeof token);
    return status;
}

/* ---- asking -------------------------------------------------------------------------------- */

static tw_status judge(monitor *to, const tw_http_result *result, tw_error *error) {
    if (result->status != TW_OK)
        return tw_error_set(error, result->status, "%s: %s", to->url, result->message);
    if (result->http_status == 401)
        return tw_error_set(error, TW_AUTH,
                            "%s does not take the token beside %s: it belongs to another run",
                            to->url, to->store);
    if (result->http_status != 200)
        return tw_error_set(error, TW_REFUSED, "%s answers with %u", to->url, result->http_status);
    return monitor_state_read(to->reader, result->body, to->state, error);
}

static void on_done(void *context, const tw_http_result *result) {
    monitor *to = context;
    to->answered = true;
    to->failure = (tw_error){0};
    to->failure.status = judge(to, result, &to->failure);
    if (to->failure.status != TW_OK)
        return;
    to->heard_ns = tw_loop_now_ns(to->loop);
    if (to->options->json)
        printf("%.*s\n", (int)result->body.size, result->body.data);
}

/* Sends the question; its answer comes with a turn of the loop. */
static tw_status ask(monitor *to, tw_error *error) {
    const tw_http_header header = {{"Authorization", 13}, tw_slice_of(to->bearer)};
    const tw_http_call call = {.method = "GET",
                               .url = to->url,
                               .headers = &header,
                               .header_count = 1,
                               .total_timeout_ns = ANSWER_NS,
                               .response_size_max = DOCUMENT_SIZE_MAX,
                               .authenticated = true};
    to->answered = false;
    return tw_http_client_send(to->client, &call, on_done, to, NULL, error);
}

static tw_status await(monitor *to, tw_error *error) {
    tw_status status = TW_OK;
    while (status == TW_OK && !to->answered && !to->interrupted)
        status = tw_loop_turn(to->loop, KEY_NS, NULL, error);
    if (status == TW_OK && to->answered && to->failure.status != TW_OK) {
        *error = to->failure;
        status = to->failure.status;
    }
    return status;
}

/* ---- showing ------------------------------------------------------------------------------- */

static tw_status print_once(monitor *to, tw_error *error) {
    const monitor_screen screen = {.width = MONITOR_WIDTH_MAX, .note = "", .name = to->store};
    tw_status status = ask(to, error);
    if (status == TW_OK)
        status = await(to, error);
    if (status == TW_OK && to->interrupted)
        return tw_error_set(error, TW_INTERRUPTED, "interrupted");
    if (status != TW_OK || to->options->json || to->heard_ns == 0)
        return status;
    tw_text text = tw_text_over(to->screen, SCREEN_SIZE);
    monitor_screen_write(&screen, to->state, "\n", &text);
    fwrite(text.data, 1, text.size, stdout);
    return TW_OK;
}

static tw_status draw(monitor *to, int64_t now_ns, tw_error *error) {
    char note[128] = "";
    const char *no_color = secure_getenv("NO_COLOR");
    monitor_screen screen = {
        .coloured = no_color == NULL || no_color[0] == '\0', .note = note, .name = to->store};
    monitor_terminal_size(&screen.width, &screen.height);
    screen.width = screen.width < MONITOR_WIDTH_MAX ? screen.width : MONITOR_WIDTH_MAX;
    double age = (double)(now_ns - to->heard_ns) / 1e9 + to->state->age;
    if (to->failure.status != TW_OK)
        snprintf(note, sizeof note, "NO ANSWER: this is %.0f s old", age);
    else if (to->state->age > 3.0)
        snprintf(note, sizeof note, "THE ENGINE STANDS STILL: this is %.0f s old", age);
    tw_text text = tw_text_over(to->screen, SCREEN_SIZE);
    monitor_screen_write(&screen, to->state, MONITOR_LINE_END, &text);
    return monitor_terminal_show(tw_text_slice(&text), error);
}

static void on_signal(void *context, int number) {
    (void)number;
    ((monitor *)context)->interrupted = true;
}

static bool wants_to_leave(const monitor *to) {
    char key = 0;
    while ((key = monitor_terminal_key()) != 0) {
        if (key == 'q' || key == 'Q')
            return true;
    }
    return to->interrupted;
}

/* The run has taken its address away: it ended in order. */
static bool run_has_ended(const monitor *to, const tw_arguments *arguments) {
    char path[BESIDE_PATH_SIZE];
    beside_store(to->options->database, "listen", path, sizeof path);
    return arguments->operand_count == 0 && access(path, F_OK) != 0;
}

/* Asks every so often and draws what is known, until the user leaves or the run has gone. */
static tw_status watch(monitor *to, const tw_arguments *arguments, tw_error *error) {
    int64_t next_ns = tw_time_monotonic_ns() + to->options->every_ns;
    tw_status status = draw(to, tw_time_monotonic_ns(), error);
    bool asked = false;
    while (status == TW_OK && !wants_to_leave(to)) {
        status = tw_loop_turn(to->loop, KEY_NS, NULL, error);
        int64_t now_ns = tw_time_monotonic_ns();
        if (status != TW_OK || (asked && !to->answered) || (!asked && now_ns < next_ns))
            continue;
        if (asked) {
            asked = false;
            status = draw(to, now_ns, error);
            if (to->failure.status != TW_OK && run_has_ended(to, arguments))
                return TW_OK;
            if (to->failure.status != TW_OK && now_ns - to->heard_ns >= GONE_NS) {
                *error = to->failure;
                return error->status;
            }
            continue;
        }
        next_ns = now_ns + to->options->every_ns;
        asked = true;
        status = ask(to, error);
    }
    return status;
}

static tw_status watch_terminal(monitor *to, const tw_arguments *arguments, tw_error *error) {
    tw_status status = ask(to, error); /* before the screen changes: what fails is said plainly */
    if (status == TW_OK)
        status = await(to, error);
    if (status != TW_OK || to->interrupted)
        return status;
    status = monitor_terminal_open(error);
    if (status == TW_OK)
        status = watch(to, arguments, error);
    monitor_terminal_close();
    return status;
}

/* ---- the command --------------------------------------------------------------------------- */

static tw_status make(monitor *to, tw_error *error) {
    const tw_http_client_config config = {.in_flight_count_max = 1, .proxy = ""};
    tw_status status = tw_loop_new(NULL, &to->loop, error);
    if (status == TW_OK)
        status = tw_loop_signal_start(to->loop, SIGINT, on_signal, to);
    if (status == TW_OK)
        status = tw_loop_signal_start(to->loop, SIGTERM, on_signal, to);
    if (status == TW_OK)
        status = tw_http_client_new(to->loop, &config, &to->client, error);
    if (status == TW_OK)
        status = tw_json_reader_new(NULL, DOCUMENT_SIZE_MAX, &to->reader);
    to->state = TW_NEW(NULL, 1, monitor_state);
    to->screen = TW_NEW(NULL, SCREEN_SIZE, char);
    if (status == TW_OK && (to->state == NULL || to->screen == NULL))
        status = TW_NO_MEMORY;
    return status == TW_OK || error->message[0] != '\0'
               ? status
               : tw_error_set(error, status, "%s", tw_status_sentence(status));
}

static void give_back(monitor *to) {
    tw_http_client_free(to->client);
    tw_json_reader_free(to->reader);
    tw_loop_free(to->loop);
    TW_DELETE(NULL, to->state, 1, monitor_state);
    TW_DELETE(NULL, to->screen, SCREEN_SIZE, char);
    explicit_bzero(to->bearer, sizeof to->bearer);
}

static tw_status look(void *target, const tw_arguments *arguments, tw_error *error) {
    static monitor to;
    to.options = target;
    tw_store_mask(to.options->database, to.store, sizeof to.store);
    bool once = to.options->once || to.options->json || !monitor_terminal_is_there();
    tw_status status = make(&to, error);
    if (status == TW_OK)
        status = find_run(&to, arguments, error);
    if (status == TW_OK)
        status = once ? print_once(&to, error) : watch_terminal(&to, arguments, error);
    give_back(&to);
    return status;
}

int command_monitor(int argc, char **argv) {
    static monitor_options options;
    static const tw_argument_short shorts[] = {{'d', "db"}};
    const tw_arguments_table tables[] = {
        {.section = "monitor",
         .options = monitor_table,
         .count = sizeof monitor_table / sizeof monitor_table[0],
         .target = &options,
         .shorts = shorts,
         .short_count = 1},
    };
    const tw_arguments_spec spec = {
        .command = "tradewind monitor",
        .operands = "[ADDR:PORT]",
        .summary = "Shows a run that was started with --listen, in the terminal; q ends it. The "
                   "address\nis in FILE-listen beside the store unless it is given.",
        .example = "  tradewind monitor --db trading.db\n"
                   "  tradewind monitor --db trading.db --once\n"
                   "  tradewind monitor --db trading.db --json | jq .account.equity\n",
        .tables = tables,
        .table_count = 1,
        .operand_count_max = 1,
    };
    return command_main(&spec, argc, argv, look, &options);
}
