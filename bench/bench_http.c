/*
 * bench_http.c - many documents over few connections: one by one, the pool, and what others do.
 *
 *     bench_http [DOCUMENTS]    of the runs without latency, default 20000
 *
 * The server is tw_http_server in a process of its own: documents of 10 kB, at once ("/now") or
 * after 20 ms ("/late"). Everything shares this machine's processors with it.
 *
 * With latency: 1,000 documents over 100 connections are ten waves, which can take no less than
 * 200 ms. The pool is measured cold (connections are made while the clock runs) and warm.
 *
 * Without latency: the pool beside a loop around a bare libcurl multi handle, 100 easy handles that
 * are set up once and added again, their bodies kept whole until they are; the pool behind
 * tw_resilient, with limits, breakers, budget and hedges on; and, where they are installed, aiohttp
 * (peer_http.py) and wrk with one thread, which drops what it reads.
 *
 * Every row is run five times; the best and the median are printed, and the least processor time a
 * document, which a busy machine disturbs less. Nothing is asserted about time.
 */
#include <curl/curl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench.h"
#include "tradewind/http.h"
#include "tradewind/resilient.h"
#include "tradewind/time.h"

#define RUN_COUNT 5
#define CONNECTION_COUNT 100
#define DOCUMENT_SIZE 10000
#define LATENCY_NS (20 * TW_NS_PER_MS)
#define LATE_COUNT 1000
#define ONE_BY_ONE_COUNT 50

static char document[DOCUMENT_SIZE];

/* What a run took, by the clock and of this process's processor time. */
typedef struct run_time {
    double seconds;
    double cpu_seconds;
} run_time;

static run_time now(void) {
    struct timespec cpu;
    require(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &cpu) == 0, "the processor's clock");
    return (run_time){(double)tw_time_monotonic_ns() / 1e9,
                      (double)cpu.tv_sec + (double)cpu.tv_nsec / 1e9};
}

static run_time since(run_time begin) {
    run_time end = now();
    return (run_time){end.seconds - begin.seconds, end.cpu_seconds - begin.cpu_seconds};
}

/* ---- the server ----------------------------------------------------------------------- */

static void send_document(void *reply) {
    tw_http_answer answer = {
        .status = 200, .content_type = "application/json", .body = {document, sizeof document}};
    if (tw_http_reply_send(reply, &answer, NULL) != TW_OK)
        tw_http_reply_reset(reply);
}

static void handle(void *loop, const tw_http_request *request, tw_http_reply *reply) {
    tw_loop_timer *timer = NULL;
    if (!tw_slice_equal_string(tw_http_request_path(request), "/late")) {
        send_document(reply);
        return;
    }
    if (tw_loop_timer_start(loop, LATENCY_NS, 0, send_document, reply, &timer) != TW_OK)
        tw_http_reply_reset(reply);
}

static void serve(int port_pipe) {
    tw_loop *loop = NULL;
    tw_http_server *server = NULL;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    require(tw_loop_new(NULL, &loop, NULL) == TW_OK, "the server's loop");
    tw_http_server_config config = {.handler = handle, .context = loop};
    require(tw_http_server_start(loop, &config, &server, NULL) == TW_OK, "the server");
    uint16_t port = tw_http_server_port(server);
    require(write(port_pipe, &port, sizeof port) == sizeof port, "telling the port");
    for (;;)
        require(tw_loop_turn(loop, TW_NS_PER_SECOND, NULL, NULL) == TW_OK, "the server's turn");
}

static pid_t start_server(uint16_t *ret_port) {
    int ends[2];
    require(pipe(ends) == 0, "pipe");
    memset(document, '1', sizeof document);
    pid_t child = fork();
    require(child >= 0, "fork");
    if (child == 0)
        serve(ends[1]);
    require(read(ends[0], ret_port, sizeof *ret_port) == sizeof *ret_port, "the server's port");
    close(ends[0]);
    close(ends[1]);
    return child;
}

/* ---- our client ----------------------------------------------------------------------- */

typedef struct document_fetcher {
    tw_loop *loop;
    tw_http_client *client;
    tw_resilient *resilient; /* NULL: calls go to the client straight */
    char url[64];
    uint32_t begun;
    uint32_t done;
    uint32_t wanted;
    uint64_t size;
} document_fetcher;

static void send_one(document_fetcher *fetcher);

static void note(void *context, const tw_http_result *result) {
    document_fetcher *self = context;
    require(result->status == TW_OK && result->body.size == DOCUMENT_SIZE, "a document");
    self->done++;
    self->size += result->body.size;
    if (self->begun < self->wanted)
        send_one(self);
}

static void note_resilient(void *context, const tw_resilient_result *result) {
    require(result->status == TW_OK, "a resilient call");
    note(context, result->http);
}

static void send_resilient(document_fetcher *fetcher, const tw_http_call *http) {
    const tw_resilient_call call = {.http = *http, .route = TW_ROUTE_DATA, .kind = TW_RETRY_READ};
    require(tw_resilient_send(fetcher->resilient, &call, note_resilient, fetcher, NULL, NULL) ==
                TW_OK,
            "a resilient send");
}

static void send_one(document_fetcher *fetcher) {
    tw_http_call call = {
        .method = "GET", .url = fetcher->url, .total_timeout_ns = TW_NS_PER_MINUTE};
    fetcher->begun++;
    if (fetcher->resilient != NULL) {
        send_resilient(fetcher, &call);
        return;
    }
    require(tw_http_client_send(fetcher->client, &call, note, fetcher, NULL, NULL) == TW_OK,
            "a send");
}

static void open_fetcher(document_fetcher *fetcher, uint16_t port, const char *path) {
    tw_http_client_config config = {.in_flight_count_max = CONNECTION_COUNT};
    memset(fetcher, 0, sizeof *fetcher);
    snprintf(fetcher->url, sizeof fetcher->url, "http://127.0.0.1:%u%s", port, path);
    require(tw_loop_new(NULL, &fetcher->loop, NULL) == TW_OK, "the loop");
    require(tw_http_client_new(fetcher->loop, &config, &fetcher->client, NULL) == TW_OK,
            "the client");
}

/* The whole stack, with a rate that is counted and never reached. */
static void make_resilient(document_fetcher *fetcher) {
    tw_resilient_config config = tw_resilient_config_default();
    config.loop = fetcher->loop;
    config.client = fetcher->client;
    config.places = CONNECTION_COUNT;
    config.rate = (tw_limiter_bucket_config){
        .tokens = 1000000, .period_ns = TW_NS_PER_SECOND, .burst = 1000000};
    require(tw_resilient_new(NULL, &config, &fetcher->resilient, NULL) == TW_OK, "the stack");
}

static void close_fetcher(document_fetcher *fetcher) {
    tw_http_client_free(fetcher->client);
    tw_resilient_free(fetcher->resilient);
    tw_loop_free(fetcher->loop);
}

/* `count` documents, `at_once` of them in flight. */
static run_time fetch(document_fetcher *fetcher, uint32_t count, uint32_t at_once) {
    run_time begin = now();
    fetcher->begun = fetcher->done = 0;
    fetcher->wanted = count;
    while (fetcher->begun < at_once && fetcher->begun < count)
        send_one(fetcher);
    while (fetcher->done < count)
        require(tw_loop_turn(fetcher->loop, TW_NS_PER_SECOND, NULL, NULL) == TW_OK, "a turn");
    return since(begin);
}

/* ---- libcurl without us --------------------------------------------------------------- */

typedef struct bare_body {
    size_t size;
    char data[2 * DOCUMENT_SIZE];
} bare_body;

typedef struct bare_loop {
    CURLM *multi;
    CURL *easies[CONNECTION_COUNT];
    bare_body bodies[CONNECTION_COUNT];
    uint64_t size;
} bare_loop;

static size_t keep(char *data, size_t unit, size_t count, void *context) {
    bare_body *body = context;
    size_t size = unit * count;
    if (size > sizeof body->data - body->size)
        return 0;
    memcpy(body->data + body->size, data, size);
    body->size += size;
    return size;
}

static void open_bare(bare_loop *bare, const char *url) {
    memset(bare, 0, sizeof *bare);
    bare->multi = curl_multi_init();
    require(bare->multi != NULL, "curl_multi_init");
    curl_multi_setopt(bare->multi, CURLMOPT_MAXCONNECTS, (long)CONNECTION_COUNT);
    for (int i = 0; i < CONNECTION_COUNT; i++) {
        bare->easies[i] = curl_easy_init();
        require(bare->easies[i] != NULL, "curl_easy_init");
        curl_easy_setopt(bare->easies[i], CURLOPT_URL, url);
        curl_easy_setopt(bare->easies[i], CURLOPT_PROXY, "");
        curl_easy_setopt(bare->easies[i], CURLOPT_NOSIGNAL, 1L);
        curl_easy_setopt(bare->easies[i], CURLOPT_WRITEFUNCTION, keep);
        curl_easy_setopt(bare->easies[i], CURLOPT_WRITEDATA, &bare->bodies[i]);
        curl_easy_setopt(bare->easies[i], CURLOPT_PRIVATE, &bare->bodies[i]);
    }
}

static void close_bare(bare_loop *bare) {
    for (int i = 0; i < CONNECTION_COUNT; i++)
        curl_easy_cleanup(bare->easies[i]);
    curl_multi_cleanup(bare->multi);
}

static run_time fetch_bare(bare_loop *bare, uint32_t count) {
    uint32_t begun = 0;
    uint32_t done = 0;
    run_time begin = now();
    for (; begun < CONNECTION_COUNT && begun < count; begun++)
        curl_multi_add_handle(bare->multi, bare->easies[begun]);
    while (done < count) {
        int running = 0;
        int left = 0;
        CURLMsg *message = NULL;
        curl_multi_perform(bare->multi, &running);
        while ((message = curl_multi_info_read(bare->multi, &left)) != NULL) {
            require(message->data.result == CURLE_OK, "a transfer of libcurl");
            CURL *easy = message->easy_handle;
            bare_body *body = NULL;
            curl_easy_getinfo(easy, CURLINFO_PRIVATE, &body);
            bare->size += body->size;
            body->size = 0;
            done++;
            curl_multi_remove_handle(bare->multi, easy);
            if (begun++ < count)
                curl_multi_add_handle(bare->multi, easy);
        }
        if (done < count)
            curl_multi_poll(bare->multi, NULL, 0, 1000, NULL);
    }
    return since(begin);
}

/* ---- rows ----------------------------------------------------------------------------- */

static int compare(const void *a, const void *b) {
    double left = *(const double *)a;
    double right = *(const double *)b;
    return (left > right) - (left < right);
}

typedef struct timing {
    double best;
    double median;
    double cpu_best;
} timing;

static timing timing_of(const run_time runs[static RUN_COUNT]) {
    double seconds[RUN_COUNT];
    double cpu_seconds[RUN_COUNT];
    for (int i = 0; i < RUN_COUNT; i++) {
        seconds[i] = runs[i].seconds;
        cpu_seconds[i] = runs[i].cpu_seconds;
    }
    qsort(seconds, RUN_COUNT, sizeof *seconds, compare);
    qsort(cpu_seconds, RUN_COUNT, sizeof *cpu_seconds, compare);
    return (timing){seconds[0], seconds[RUN_COUNT / 2], cpu_seconds[0]};
}

static void print_late(const char *what, timing took, uint32_t count, double ideal) {
    printf("%-26s %9.1f %9.1f %11.2f\n", what, took.best * 1e3, took.median * 1e3,
           took.median / (double)count / ideal * (double)LATE_COUNT);
}

static void bench_late(uint16_t port) {
    document_fetcher fetcher;
    run_time one[RUN_COUNT];
    run_time cold[RUN_COUNT];
    run_time warm[RUN_COUNT];
    for (int i = 0; i < RUN_COUNT; i++) {
        open_fetcher(&fetcher, port, "/late");
        cold[i] = fetch(&fetcher, LATE_COUNT, CONNECTION_COUNT);
        warm[i] = fetch(&fetcher, LATE_COUNT, CONNECTION_COUNT);
        one[i] = fetch(&fetcher, ONE_BY_ONE_COUNT, 1);
        close_fetcher(&fetcher);
    }
    double ideal = (double)LATE_COUNT / CONNECTION_COUNT * (double)LATENCY_NS / 1e9;
    timing cold_took = timing_of(cold);
    timing warm_took = timing_of(warm);
    timing one_took = timing_of(one);
    printf("%d documents of 10 kB, 20 ms of latency, %d connections; ideal %.0f ms\n", LATE_COUNT,
           CONNECTION_COUNT, ideal * 1e3);
    printf("%-26s %9s %9s %11s\n", "", "best ms", "median ms", "x the ideal");
    print_late("pool, cold", cold_took, LATE_COUNT, ideal);
    print_late("pool, warm", warm_took, LATE_COUNT, ideal);
    print_late("one by one (50 documents)", one_took, ONE_BY_ONE_COUNT, ideal);
    double each = one_took.median / ONE_BY_ONE_COUNT;
    printf("the pool is %.1f times one by one (cold: %.1f)\n\n",
           each * LATE_COUNT / warm_took.median, each * LATE_COUNT / cold_took.median);
}

/* Documents a second, and the pool's as a multiple of them. */
static void print_now(const char *what, timing took, uint32_t count, double pool_median) {
    char cpu[32] = "";
    if (took.best <= 0.0) {
        printf("%-26s not installed\n", what);
        return;
    }
    if (took.cpu_best > 0.0)
        snprintf(cpu, sizeof cpu, "%.1f", took.cpu_best * 1e6 / (double)count);
    printf("%-26s %9.0f %9.0f %11.2f %9s\n", what, (double)count / took.best,
           (double)count / took.median, took.median / pool_median, cpu);
}

/* The number that a program prints behind `label`; 0 if it is not installed or fails. */
static double number_of(const char *command, const char *label) {
    char line[256];
    double number = 0.0;
    FILE *out = popen(command, "r");
    require(out != NULL, "popen");
    while (fgets(line, sizeof line, out) != NULL)
        if (strncmp(line, label, strlen(label)) == 0)
            number = strtod(line + strlen(label), NULL);
    return pclose(out) == 0 ? number : 0.0;
}

static run_time fetch_aiohttp(const char *url, uint32_t count) {
    char command[512];
    snprintf(command, sizeof command, "python3 %s/peer_http.py %s %u %d 2>/dev/null",
             BENCH_SOURCE_FOLDER, url, count, CONNECTION_COUNT);
    return (run_time){.seconds = number_of(command, "seconds:")};
}

/* wrk is asked for a time, not for a number of documents. */
static run_time fetch_wrk(const char *url, uint32_t count) {
    char command[512];
    snprintf(command, sizeof command, "wrk -t1 -c%d -d1s %s 2>/dev/null", CONNECTION_COUNT, url);
    double rate = number_of(command, "Requests/sec:");
    return (run_time){.seconds = rate > 0.0 ? (double)count / rate : 0.0};
}

static void bench_now(uint16_t port, uint32_t count) {
    static bare_loop bare;
    document_fetcher fetcher;
    document_fetcher stack;
    run_time ours[RUN_COUNT];
    run_time resilient[RUN_COUNT];
    run_time libcurl[RUN_COUNT];
    run_time aiohttp[RUN_COUNT];
    run_time wrk[RUN_COUNT];
    open_fetcher(&fetcher, port, "/now");
    open_fetcher(&stack, port, "/now");
    make_resilient(&stack);
    open_bare(&bare, fetcher.url);
    fetch(&fetcher, CONNECTION_COUNT, CONNECTION_COUNT);
    fetch(&stack, CONNECTION_COUNT, CONNECTION_COUNT);
    fetch_bare(&bare, CONNECTION_COUNT);
    for (int i = 0; i < RUN_COUNT; i++) {
        ours[i] = fetch(&fetcher, count, CONNECTION_COUNT);
        resilient[i] = fetch(&stack, count, CONNECTION_COUNT);
        libcurl[i] = fetch_bare(&bare, count);
        wrk[i] = fetch_wrk(fetcher.url, count);
        aiohttp[i] = fetch_aiohttp(fetcher.url, count / 4);
    }
    require(bare.size == (uint64_t)DOCUMENT_SIZE * (RUN_COUNT * count + CONNECTION_COUNT),
            "the size of what bare libcurl fetched");
    double median = timing_of(ours).median;
    printf("%u documents of 10 kB, no latency, %d connections\n", count, CONNECTION_COUNT);
    printf("%-26s %9s %9s %11s %9s\n", "documents/s", "best", "median", "pool's x", "cpu us");
    print_now("pool", timing_of(ours), count, median);
    print_now("pool, all guards on", timing_of(resilient), count, median);
    print_now("bare libcurl multi", timing_of(libcurl), count, median);
    print_now("wrk, one thread", timing_of(wrk), count, median);
    print_now("aiohttp", timing_of(aiohttp), count / 4, median / 4);
    close_bare(&bare);
    close_fetcher(&fetcher);
    close_fetcher(&stack);
}

int main(int argc, char **argv) {
    uint16_t port = 0;
    long count = argc > 1 ? strtol(argv[1], NULL, 10) : 20000;
    require(count >= 4 && count <= 10000000, "reading the number of documents");
    pid_t server = start_server(&port);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    bench_late(port);
    bench_now(port, (uint32_t)count);
    curl_global_cleanup();
    kill(server, SIGKILL);
    waitpid(server, NULL, 0);
    return 0;
}
