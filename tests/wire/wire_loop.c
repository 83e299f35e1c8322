/* wire_loop.c - the event loop against the kernel: descriptors, timers, wake-ups, signals. */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "failing_heap.h"
#include "tradewind/loop.h"
#include "tradewind/time.h"

static tw_loop *make_loop(uint32_t watches, uint32_t timers) {
    tw_loop_config config = {.watch_count_max = watches, .timer_count_max = timers};
    tw_loop *loop = NULL;
    assert_int_equal(tw_loop_new(&config, &loop, NULL), TW_OK);
    return loop;
}

static uint32_t turn(tw_loop *loop, int64_t timeout_ns) {
    uint32_t work = 0;
    assert_int_equal(tw_loop_turn(loop, timeout_ns, &work, NULL), TW_OK);
    return work;
}

/* ---- timers --------------------------------------------------------------------------- */

typedef struct timer_trace {
    tw_loop *loop;
    char text[32];
    size_t size;
    int64_t at_ns;
} timer_trace;

typedef struct trace_mark {
    timer_trace *trace;
    char letter;
} trace_mark;

static void write_mark(void *context) {
    trace_mark *mark = context;
    mark->trace->text[mark->trace->size++] = mark->letter;
    mark->trace->at_ns = tw_loop_now_ns(mark->trace->loop);
}

static void timers_fire_in_order_of_deadline_then_of_start(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 8);
    timer_trace trace = {.loop = loop};
    trace_mark marks[4] = {{&trace, 'c'}, {&trace, 'a'}, {&trace, 'b'}, {&trace, 'x'}};
    tw_loop_timer *timers[4];
    static const int64_t delays_ms[4] = {3, 1, 2, 2};
    for (int i = 0; i < 4; i++)
        assert_int_equal(tw_loop_timer_start(loop, delays_ms[i] * TW_NS_PER_MS, 0, write_mark,
                                             &marks[i], &timers[i]),
                         TW_OK);
    tw_loop_timer_stop(timers[3]);
    while (trace.size < 3)
        turn(loop, TW_NS_PER_SECOND);
    assert_memory_equal(trace.text, "abc", 3);
    tw_loop_free(loop);
}

static void a_timer_is_never_early_and_ends_a_wait(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    timer_trace trace = {.loop = loop};
    trace_mark mark = {&trace, 't'};
    tw_loop_timer *timer = NULL;
    int64_t begun_ns = tw_time_monotonic_ns();
    assert_int_equal(tw_loop_timer_start(loop, 300 * TW_NS_PER_US, 0, write_mark, &mark, &timer),
                     TW_OK);
    while (trace.size == 0)
        turn(loop, 10 * TW_NS_PER_SECOND);
    assert_true(trace.at_ns - begun_ns >= 300 * TW_NS_PER_US);
    assert_true(tw_time_monotonic_ns() - begun_ns < 5 * TW_NS_PER_SECOND);
    tw_loop_free(loop);
}

static void a_repeating_timer_repeats_until_stopped(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    timer_trace trace = {.loop = loop};
    trace_mark mark = {&trace, 'r'};
    tw_loop_timer *timer = NULL;
    assert_int_equal(tw_loop_timer_start(loop, 0, TW_NS_PER_MS, write_mark, &mark, &timer), TW_OK);
    while (trace.size < 3)
        turn(loop, TW_NS_PER_SECOND);
    tw_loop_timer_stop(timer);
    usleep(3000);
    assert_int_equal(turn(loop, 0), 0);
    tw_loop_free(loop);
}

static void restart_self(void *context) {
    trace_mark *mark = context;
    tw_loop_timer *timer = NULL;
    write_mark(context);
    assert_int_equal(tw_loop_timer_start(mark->trace->loop, 0, 0, restart_self, mark, &timer),
                     TW_OK);
}

static void a_timer_that_restarts_itself_does_not_hold_a_turn(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    timer_trace trace = {.loop = loop};
    trace_mark mark = {&trace, 's'};
    restart_self(&mark);
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    tw_loop_free(loop);
}

static void timers_are_bounded(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 2);
    timer_trace trace = {.loop = loop};
    trace_mark mark = {&trace, 'x'};
    tw_loop_timer *timers[3] = {NULL};
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            tw_loop_timer_start(loop, TW_NS_PER_SECOND, 0, write_mark, &mark, &timers[i]), TW_OK);
    assert_int_equal(tw_loop_timer_start(loop, TW_NS_PER_SECOND, 0, write_mark, &mark, &timers[2]),
                     TW_FULL);
    tw_loop_timer_stop(timers[0]);
    assert_int_equal(tw_loop_timer_start(loop, TW_NS_PER_SECOND, 0, write_mark, &mark, &timers[2]),
                     TW_OK);
    tw_loop_free(loop);
}

/* ---- descriptors ---------------------------------------------------------------------- */

typedef struct pipe_case {
    tw_loop_watch *watch;
    uint32_t count;
    uint32_t events;
    int fds[2];
    bool stop_inside;
} pipe_case;

static void pipe_ready(void *context, int fd, uint32_t events) {
    pipe_case *c = context;
    char byte = 0;
    c->count++;
    c->events = events;
    assert_int_equal(fd, c->fds[0]);
    (void)!read(fd, &byte, 1);
    if (!c->stop_inside)
        return;
    tw_loop_watch_stop(c->watch);
    c->watch = NULL;
}

static void a_watch_is_level_triggered_and_can_pause_and_stop(void **state) {
    (void)state;
    tw_loop *loop = make_loop(1, 4);
    pipe_case c = {0};
    tw_loop_watch *second = NULL;
    assert_int_equal(pipe(c.fds), 0);
    assert_int_equal(
        tw_loop_watch_start(loop, c.fds[0], TW_LOOP_READABLE, pipe_ready, &c, &c.watch), TW_OK);
    assert_int_equal(tw_loop_watch_start(loop, c.fds[1], TW_LOOP_WRITABLE, pipe_ready, &c, &second),
                     TW_FULL);
    assert_int_equal(turn(loop, 0), 0);
    assert_int_equal(write(c.fds[1], "abc", 3), 3);
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    assert_int_equal(c.events, TW_LOOP_READABLE);
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    tw_loop_watch_set(c.watch, 0);
    assert_int_equal(turn(loop, 0), 0);
    tw_loop_watch_set(c.watch, TW_LOOP_READABLE);
    c.stop_inside = true;
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    assert_int_equal(write(c.fds[1], "d", 1), 1);
    assert_int_equal(turn(loop, 0), 0);
    /* The place is free again, and so is the descriptor. */
    assert_int_equal(
        tw_loop_watch_start(loop, c.fds[0], TW_LOOP_READABLE, pipe_ready, &c, &c.watch), TW_OK);
    assert_int_equal(turn(loop, TW_NS_PER_SECOND), 1);
    assert_int_equal(c.count, 4);
    tw_loop_free(loop);
    close(c.fds[0]);
    close(c.fds[1]);
}

typedef struct last_words {
    tw_loop_watch *watch;
    char text[4];
    size_t size;
    int error;
} last_words;

static void read_a_byte(void *context, int fd, uint32_t events) {
    last_words *words = context;
    (void)events;
    ssize_t got = recv(fd, words->text + words->size, 1, 0);
    words->size += got > 0 ? 1 : 0;
    words->error = got < 0 ? errno : 0;
}

/* Two ends of TCP: only there a reset leaves what came before it to be read. */
static void connect_ends(int ends[2]) {
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof where;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, (struct sockaddr *)&where, size), 0);
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&where, &size), 0);
    ends[0] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(ends[0], (struct sockaddr *)&where, size), 0);
    ends[1] = accept(listener, NULL, NULL);
    assert_true(ends[1] >= 0);
    close(listener);
}

static void a_broken_descriptor_is_told_until_the_reader_knows_why(void **state) {
    (void)state;
    const struct linger at_once = {.l_onoff = 1};
    tw_loop *loop = make_loop(4, 4);
    last_words words = {0};
    int ends[2];
    connect_ends(ends);
    assert_int_equal(
        tw_loop_watch_start(loop, ends[1], TW_LOOP_READABLE, read_a_byte, &words, &words.watch),
        TW_OK);
    assert_int_equal(send(ends[0], "abc", 3, MSG_NOSIGNAL), 3);
    assert_int_equal(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    close(ends[0]);
    for (int i = 0; i < 10 && words.error == 0; i++)
        turn(loop, TW_NS_PER_SECOND / 10);
    assert_memory_equal(words.text, "abc", 3);
    assert_int_equal(words.error, ECONNRESET);
    tw_loop_free(loop);
    close(ends[1]);
}

/* ---- wake-ups, signals, tasks --------------------------------------------------------- */

static void count_up(void *context) {
    ++*(uint32_t *)context;
}

static void *wake_many(void *context) {
    for (int i = 0; i < 1000; i++)
        tw_loop_wake(context);
    return NULL;
}

static void a_wake_from_another_thread_ends_the_wait(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    uint32_t count = 0;
    pthread_t thread;
    tw_loop_set_wake(loop, count_up, &count);
    assert_int_equal(pthread_create(&thread, NULL, wake_many, loop), 0);
    while (count == 0)
        turn(loop, -1);
    assert_int_equal(pthread_join(thread, NULL), 0);
    turn(loop, 0);
    assert_true(count >= 1 && count <= 1000);
    tw_loop_free(loop);
}

static void remember_signal(void *context, int number) {
    *(int *)context = number;
}

static void signals_come_as_callbacks(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    int seen = 0;
    assert_int_equal(tw_loop_signal_start(loop, SIGTERM, remember_signal, &seen), TW_OK);
    assert_int_equal(tw_loop_signal_start(loop, SIGTERM, remember_signal, &seen), TW_EXISTS);
    assert_int_equal(tw_loop_signal_start(loop, SIGKILL, remember_signal, &seen), TW_INVALID);
    assert_int_equal(raise(SIGTERM), 0);
    while (seen == 0)
        turn(loop, TW_NS_PER_SECOND);
    assert_int_equal(seen, SIGTERM);
    tw_loop_signal_stop(loop, SIGTERM);
    turn(loop, 0);
    assert_int_equal(tw_loop_signal_start(loop, SIGINT, remember_signal, &seen), TW_OK);
    tw_loop_free(loop);
}

static void deferred_tasks_run_once_in_this_turn(void **state) {
    (void)state;
    tw_loop *loop = make_loop(4, 4);
    uint32_t count = 0;
    tw_loop_task task = {.run = count_up, .context = &count};
    tw_loop_task dropped = {.run = count_up, .context = &count};
    tw_loop_defer(loop, &task);
    tw_loop_defer(loop, &task);
    tw_loop_defer(loop, &dropped);
    tw_loop_defer_drop(loop, &dropped);
    assert_int_equal(turn(loop, -1), 1); /* does not wait */
    assert_int_equal(count, 1);
    assert_int_equal(turn(loop, 0), 0);
    tw_loop_free(loop);
}

static tw_status make_and_free(const tw_allocator *allocator, void *context) {
    (void)context;
    tw_loop_config config = {.allocator = allocator};
    TW_AUTO(tw_loop) *loop = NULL;
    return tw_loop_new(&config, &loop, NULL);
}

static void leaves_nothing_when_memory_runs_out(void **state) {
    (void)state;
    assert_survives_failed_allocations(make_and_free, NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timers_fire_in_order_of_deadline_then_of_start),
        cmocka_unit_test(a_timer_is_never_early_and_ends_a_wait),
        cmocka_unit_test(a_repeating_timer_repeats_until_stopped),
        cmocka_unit_test(a_timer_that_restarts_itself_does_not_hold_a_turn),
        cmocka_unit_test(timers_are_bounded),
        cmocka_unit_test(a_watch_is_level_triggered_and_can_pause_and_stop),
        cmocka_unit_test(a_broken_descriptor_is_told_until_the_reader_knows_why),
        cmocka_unit_test(a_wake_from_another_thread_ends_the_wait),
        cmocka_unit_test(signals_come_as_callbacks),
        cmocka_unit_test(deferred_tasks_run_once_in_this_turn),
        cmocka_unit_test(leaves_nothing_when_memory_runs_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
