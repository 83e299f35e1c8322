/*
 * wire_store_outage.c - the store on a server that is cut off in the middle of a word, stays away,
 * or is killed and comes back.
 *
 * A proxy between the store and its server cuts the connection after a number of bytes, in either
 * direction, at every place that matters of a batch; what is committed must be there exactly once.
 */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "store_batches.h"

/* ---- a proxy that cuts ---- */

#define PROXY_FOREVER INT64_MAX

typedef struct cutting_proxy {
    char folder[64];
    int listener;
    int wake[2];
    pthread_t thread;
    _Atomic int64_t left_up;   /* bytes until it cuts what goes to the server */
    _Atomic int64_t left_down; /* bytes until it cuts what comes back */
    _Atomic int64_t passed_up;
    _Atomic int64_t passed_down;
    _Atomic int cuts;
    _Atomic int refusals; /* connections to be closed at once */
} cutting_proxy;

static int connect_to_server(void) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s", private_postgres_socket(the_server));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Passes on what can be read, up to the cut. False: the connection is over. */
static bool pass(cutting_proxy *proxy, int from, int to, _Atomic int64_t *left,
                 _Atomic int64_t *passed) {
    char bytes[16384];
    ssize_t size = recv(from, bytes, sizeof bytes, 0);
    if (size <= 0)
        return false;
    int64_t allowed = atomic_load(left);
    bool cut = size >= allowed;
    if (cut)
        size = (ssize_t)allowed;
    for (ssize_t at = 0; at < size;) {
        ssize_t sent = send(to, bytes + at, (size_t)(size - at), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        at += sent;
    }
    *passed += size;
    if (cut) {
        atomic_store(left, PROXY_FOREVER);
        proxy->cuts++;
    } else if (allowed != PROXY_FOREVER) {
        *left -= size;
    }
    return !cut;
}

static void serve(cutting_proxy *proxy, int client) {
    int server = connect_to_server();
    bool going = server >= 0;
    while (going) {
        struct pollfd fds[3] = {{.fd = client, .events = POLLIN},
                                {.fd = server, .events = POLLIN},
                                {.fd = proxy->wake[0], .events = POLLIN}};
        going = poll(fds, 3, -1) > 0 && fds[2].revents == 0;
        if (going && fds[0].revents != 0)
            going = pass(proxy, client, server, &proxy->left_up, &proxy->passed_up);
        if (going && fds[1].revents != 0)
            going = pass(proxy, server, client, &proxy->left_down, &proxy->passed_down);
    }
    if (server >= 0)
        close(server);
    close(client);
}

/* One connection after the other: a store has one. */
static void *run_proxy(void *context) {
    cutting_proxy *proxy = context;
    for (;;) {
        struct pollfd fds[2] = {{.fd = proxy->listener, .events = POLLIN},
                                {.fd = proxy->wake[0], .events = POLLIN}};
        if (poll(fds, 2, -1) <= 0 || fds[1].revents != 0)
            return NULL;
        int client = accept(proxy->listener, NULL, NULL);
        if (client < 0)
            return NULL;
        if (proxy->refusals > 0) {
            proxy->refusals--;
            close(client);
        } else {
            serve(proxy, client);
        }
    }
}

static void start_proxy(cutting_proxy *proxy) {
    memset(proxy, 0, sizeof *proxy);
    proxy->left_up = proxy->left_down = PROXY_FOREVER;
    strcpy(proxy->folder, "/tmp/tradewind-proxy-XXXXXX");
    assert_non_null(mkdtemp(proxy->folder));
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", proxy->folder);
    proxy->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(proxy->listener, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(proxy->listener, 8), 0);
    assert_int_equal(pipe2(proxy->wake, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&proxy->thread, NULL, run_proxy, proxy), 0);
}

static void stop_proxy(cutting_proxy *proxy) {
    char path[96];
    close(proxy->wake[1]);
    assert_int_equal(pthread_join(proxy->thread, NULL), 0);
    close(proxy->wake[0]);
    close(proxy->listener);
    snprintf(path, sizeof path, "%s/.s.PGSQL.5432", proxy->folder);
    unlink(path);
    rmdir(proxy->folder);
}

/* The address of the same store through the proxy. */
static void through(const cutting_proxy *proxy, const test_place *place, char *ret_address) {
    const char *options = strstr(place->path, "&options=");
    assert_non_null(options);
    snprintf(ret_address, PRIVATE_POSTGRES_ADDRESS_SIZE,
             "postgresql://tradewind@/postgres?host=%s%s", proxy->folder, options);
}

/* ---- cut off ---- */

/* What is cut: batches of so many rows, each with the trades of the batch before if `overlapping`;
 * bytes to the server (`up`) or from it, `stride` more of them each time. */
typedef struct cutting {
    size_t rows_each;
    int64_t stride;
    bool up;
    bool overlapping;
} cutting;

static void put_overlapping(const test_place *place, tw_store *store, uint64_t number,
                            const cutting *how) {
    for (size_t i = 0; how->overlapping && number > 1 && i < how->rows_each; i++) {
        uint64_t row = (number - 1) * 1000 + i;
        tw_trade trade = trade_at(place, (int64_t)row, row + 1);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    }
    put_and_commit(place, store, number, how->rows_each);
}

/* Cuts one batch after the other, each a little later, until a cut lies behind the whole batch. */
static void cut_everywhere(const test_place *place, cutting how) {
    cutting_proxy proxy;
    start_proxy(&proxy);
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    through(&proxy, place, address);
    tw_store *store = open_with(place, (tw_store_config){.path = address, .mode = TW_STORE_WRITE});
    uint64_t number = 1;
    put_overlapping(place, store, number, &how);
    _Atomic int64_t *left = how.up ? &proxy.left_up : &proxy.left_down;
    for (int64_t at = 1;; at += how.stride) {
        int before = proxy.cuts;
        atomic_store(left, at);
        put_overlapping(place, store, ++number, &how);
        atomic_store(left, PROXY_FOREVER);
        if (proxy.cuts == before) {
            assert_true(at > 3 * how.stride); /* so the cuts were in the batch */
            break;
        }
    }
    tw_store_figures figures = figures_of(store);
    assert_int_equal(figures.reconnects, proxy.cuts);
    assert_int_equal(figures.commits, number);
    assert_int_equal(figures.rows_put, number * (how.rows_each + 2));
    assert_int_equal(figures.rows_skipped, how.overlapping ? (number - 1) * how.rows_each : 0);
    close_store(store);
    stop_proxy(&proxy);
    expect_batches(place, number, how.rows_each);
}

static void test_a_small_batch_cut_at_any_byte_is_there_once(void **state) {
    cut_everywhere(*state, (cutting){.rows_each = 3, .stride = 13, .up = true});
}

static void test_a_bulk_cut_at_any_byte_is_there_once(void **state) {
    cut_everywhere(*state, (cutting){.rows_each = 400, .stride = 1499, .up = true});
}

static void test_an_overlapping_bulk_cut_at_any_byte_is_there_once(void **state) {
    const cutting how = {.rows_each = 400, .stride = 3499, .up = true, .overlapping = true};
    cut_everywhere(*state, how);
}

static void test_an_answer_cut_at_any_byte_is_a_batch_once(void **state) {
    cut_everywhere(*state, (cutting){.rows_each = 3, .stride = 6});
}

static void test_an_answer_to_a_bulk_cut_at_any_byte_is_a_batch_once(void **state) {
    cut_everywhere(*state, (cutting){.rows_each = 200, .stride = 8});
}

static void test_a_server_that_stays_away_loses_the_batch_and_not_the_handle(void **state) {
    const test_place *place = *state;
    cutting_proxy proxy;
    start_proxy(&proxy);
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    through(&proxy, place, address);
    tw_store *store = open_with(place, (tw_store_config){.path = address,
                                                         .mode = TW_STORE_WRITE,
                                                         .busy_timeout_ns = 400 * TW_NS_PER_MS});
    put_and_commit(place, store, 1, 3);
    proxy.refusals = 1000000;
    atomic_store(&proxy.left_down, 1); /* the server hears of the commit; we do not hear of it */
    tw_error error = {0};
    assert_int_equal(put_batch(place, store, 2, 3, &error), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_UNKNOWN);
    assert_non_null(strstr(error.message, address));
    close_store(store);
    proxy.refusals = 0;

    /* A connection that was lost before the commit went out leaves no doubt. */
    store = open_with(place, (tw_store_config){.path = address,
                                               .mode = TW_STORE_WRITE,
                                               .busy_timeout_ns = 400 * TW_NS_PER_MS});
    assert_int_equal(rows(store, TW_STORE_TRADES), 6);
    assert_int_equal(put_batch(place, store, 3, 3, &error), TW_OK);
    proxy.refusals = 1000000;
    atomic_store(&proxy.left_up, 5);
    uint64_t count = 0;
    assert_int_equal(tw_store_count_rows(store, TW_STORE_TRADES, &count, &error), TW_UNREACHABLE);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_UNREACHABLE);
    tw_store_drop_batch(store);
    assert_int_equal(put_batch(place, store, 3, 3, &error), TW_OK);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_UNREACHABLE);
    tw_store_drop_batch(store);
    tw_trade unknown = trade_at(place, 1, 1); /* its symbol has to be asked for */
    unknown.symbol = place->coin;
    assert_int_equal(tw_store_put_trades(store, &unknown, 1, NULL), TW_UNREACHABLE);
    assert_int_equal(tw_store_commit(store, TW_STORE_FULL, &error), TW_UNREACHABLE);
    tw_store_drop_batch(store);
    proxy.refusals = 0;
    put_and_commit(place, store, 3, 3);
    close_store(store);
    stop_proxy(&proxy);
    expect_batches(place, 3, 3);
}

static tw_status cut_in_the_middle(void *context, const tw_trade *trade) {
    cutting_proxy *proxy = context;
    if (trade->id == 2)
        atomic_store(&proxy->left_down, 1);
    return TW_OK;
}

static void test_a_read_is_repeated_only_before_its_first_row(void **state) {
    const test_place *place = *state;
    cutting_proxy proxy;
    start_proxy(&proxy);
    char address[PRIVATE_POSTGRES_ADDRESS_SIZE];
    through(&proxy, place, address);
    tw_store *store = open_writer(place);
    for (uint64_t i = 0; i < 5000; i++) { /* more than a page */
        tw_trade trade = trade_at(place, (int64_t)i, i + 1);
        assert_int_equal(tw_store_put_trades(store, &trade, 1, NULL), TW_OK);
    }
    commit(store, TW_STORE_FULL);
    tw_store *reader = open_with(place, (tw_store_config){.path = address});
    atomic_store(&proxy.left_up, 5);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 5000);
    assert_int_equal(figures_of(reader).reconnects, 1);
    tw_error error = {0};
    assert_int_equal(tw_store_read_trades(reader, &everything, cut_in_the_middle, &proxy, &error),
                     TW_UNREACHABLE);
    assert_int_equal(rows(reader, TW_STORE_TRADES), 5000);
    assert_int_equal(figures_of(reader).reconnects, 2);
    close_store(reader);
    close_store(store);
    stop_proxy(&proxy);
}

/* ---- a server that dies ---- */

static void test_a_server_that_is_killed_and_started_again_keeps_what_was_full(void **state) {
    const test_place *place = *state;
    tw_store *store = open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .busy_timeout_ns = 20 * TW_NS_PER_SECOND});
    uint64_t number = 0;
    for (int round = 0; round < 3; round++) {
        put_and_commit(place, store, ++number, 200);
        assert_int_equal(put_batch(place, store, ++number, 200, NULL), TW_OK);
        if (round != 0)
            assert_int_equal(rows(store, TW_STORE_TRADES), number * 200); /* in its transaction */
        private_postgres_crash(the_server);
        private_postgres_restart(the_server);
        commit(store, TW_STORE_FULL);
    }
    assert_int_equal(figures_of(store).reconnects, 3);
    close_store(store);
    expect_batches(place, number, 200);
}

/* Kills the server in the middle of whatever the store is doing: it counts the store's steps, and
 * waits for some more of them each time. */
typedef struct server_killer {
    int steps[2]; /* a pipe */
    int kills;
    pthread_t thread;
} server_killer;

static void *kill_and_start(void *context) {
    server_killer *killer = context;
    for (int kill = 0; kill < killer->kills; kill++) {
        char step;
        for (int i = 0; i < 2 + kill % 3; i++)
            assert_int_equal(read(killer->steps[0], &step, 1), 1);
        private_postgres_crash(the_server);
        private_postgres_restart(the_server);
    }
    close(killer->steps[0]);
    return NULL;
}

static void test_a_server_that_keeps_dying_under_load_has_each_batch_once(void **state) {
    const test_place *place = *state;
    tw_store *store = open_with(
        place, (tw_store_config){.mode = TW_STORE_WRITE, .busy_timeout_ns = 30 * TW_NS_PER_SECOND});
    put_and_commit(place, store, 1, 400);
    server_killer killer = {.kills = 4};
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe2(killer.steps, O_CLOEXEC), 0);
    assert_int_equal(pthread_create(&killer.thread, NULL, kill_and_start, &killer), 0);
    uint64_t number = 1;
    while (write(killer.steps[1], "b", 1) == 1) { /* until the killer has closed his end */
        tw_error error = {0};
        if (put_batch(place, store, ++number, 400, &error) != TW_OK)
            fail_msg("%s", error.message);
        (void)!write(killer.steps[1], "c", 1);
        commit(store, TW_STORE_FULL);
    }
    assert_int_equal(pthread_join(killer.thread, NULL), 0);
    close(killer.steps[1]);
    put_and_commit(place, store, ++number, 400);
    assert_true(figures_of(store).reconnects > 0);
    assert_int_equal(figures_of(store).commits, number);
    close_store(store);
    expect_batches(place, number, 400);
}

int main(void) {
    struct CMUnitTest tests[] = {
        ON_SERVER(test_a_small_batch_cut_at_any_byte_is_there_once),
        ON_SERVER(test_a_bulk_cut_at_any_byte_is_there_once),
        ON_SERVER(test_an_overlapping_bulk_cut_at_any_byte_is_there_once),
        ON_SERVER(test_an_answer_cut_at_any_byte_is_a_batch_once),
        ON_SERVER(test_an_answer_to_a_bulk_cut_at_any_byte_is_a_batch_once),
        ON_SERVER(test_a_server_that_stays_away_loses_the_batch_and_not_the_handle),
        ON_SERVER(test_a_read_is_repeated_only_before_its_first_row),
        ON_SERVER(test_a_server_that_is_killed_and_started_again_keeps_what_was_full),
        ON_SERVER(test_a_server_that_keeps_dying_under_load_has_each_batch_once),
    };
    RUN_ON_BOTH(tests, "");
}
