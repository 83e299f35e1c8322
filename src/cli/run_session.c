/*
 * run_session.c - the threads of a run and the loops they turn.
 *
 * Idea: each thread turns one object and waits on that object's own loop; the others wake it. The
 * main thread turns the engine and waits until network or recorder wake it, a signal comes or
 * the progress line is due.
 */
#include "run_session.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "interruption.h"

static const uint32_t EVENTS_A_TURN = 4096;
static const int64_t STEP_NS = TW_NS_PER_SECOND;
static const int64_t PROGRESS_NS = 200 * TW_NS_PER_MS;
static const int64_t STOP_PATIENCE_NS = 5 * TW_NS_PER_SECOND;

/* ---- threads ------------------------------------------------------------------------------- */

/* The last act of a thread: publishes its failure, if any, to the main thread. */
static void end_thread(run_session *session, run_thread *thread, tw_status status) {
    thread->error.status = status;
    atomic_store(&thread->failed, status != TW_OK);
    tw_loop_wake(session->loop);
}

/* What --metrics and --listen show, each on its own thread; without them the clock is not even
 * read.
 */
static bool is_watched(const run_session *session) {
    return session->monitor.telemetry != NULL || session->dashboard.dashboard != NULL;
}

static void tell_engine(run_session *session) {
    if (!is_watched(session))
        return;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_telemetry_turn_engine(session->monitor.telemetry, now_ns);
    tw_dashboard_turn_engine(session->dashboard.dashboard, now_ns);
}

static void tell_venue(run_session *session) {
    if (!is_watched(session))
        return;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_telemetry_turn_venue(session->monitor.telemetry, now_ns);
    tw_dashboard_turn_venue(session->dashboard.dashboard, now_ns);
}

static void tell_recorder(run_session *session) {
    if (!is_watched(session))
        return;
    int64_t now_ns = tw_time_monotonic_ns();
    tw_telemetry_turn_recorder(session->monitor.telemetry, now_ns);
    tw_dashboard_turn_recorder(session->dashboard.dashboard, now_ns);
}

static void *exchange_main(void *context) {
    run_session *session = context;
    tw_error *error = &session->exchange_thread.error;
    tw_status status = TW_OK;
    while (status == TW_OK)
        status = tw_exchange_turn(session->exchange, TW_NS_PER_SECOND, error);
    end_thread(session, &session->exchange_thread, status == TW_CLOSED ? TW_OK : status);
    return NULL;
}

static void *network_main(void *context) {
    run_session *session = context;
    tw_error *error = &session->network_thread.error;
    tw_status status = TW_OK;
    while (!atomic_load(&session->ending) && status == TW_OK) {
        status = tw_venue_turn(session->venue, TW_NS_PER_SECOND, error);
        tell_venue(session);
    }
    end_thread(session, &session->network_thread, status);
    return NULL;
}

/* Whoever has a row wakes the recorder; nobody does when rows that it has taken are due, which is a
 * delay after it took the last of them at the latest. */
static int64_t recorder_wait(const run_session *session, int64_t since_work_ns) {
    static const int64_t idle_ns = 50 * TW_NS_PER_MS;
    int64_t delay_ns = session->options->commit_delay_ns;
    bool due_soon = since_work_ns <= delay_ns && delay_ns < idle_ns;
    return since_work_ns == 0 ? 0 : due_soon ? delay_ns : idle_ns;
}

static void *recorder_main(void *context) {
    run_session *session = context;
    run_thread *thread = &session->recorder_thread;
    tw_status status = TW_OK;
    int64_t worked_ns = 0;
    while (!atomic_load(&session->ending) && status == TW_OK) {
        uint64_t work = 0;
        int64_t now_ns = tw_time_monotonic_ns();
        status = tw_recorder_turn(session->recorder, now_ns, &work, &thread->error);
        worked_ns = work > 0 ? now_ns : worked_ns;
        tell_recorder(session);
        if (status == TW_OK)
            status = tw_loop_turn(thread->loop, recorder_wait(session, now_ns - worked_ns), NULL,
                                  &thread->error);
    }
    end_thread(session, thread, status);
    return NULL;
}

static tw_status start_thread(run_session *session, run_thread *thread, void *(*body)(void *),
                              tw_error *error) {
    int failure = pthread_create(&thread->thread, NULL, body, session);
    if (failure != 0)
        return tw_error_set_errno(error, failure, "a thread could not be started");
    thread->started = true;
    return TW_OK;
}

static void join(run_thread *thread) {
    if (!thread->started)
        return;
    pthread_join(thread->thread, NULL);
    thread->started = false;
}

void run_session_join(run_session *session) {
    atomic_store(&session->ending, true);
    if (session->venue != NULL)
        tw_venue_wake(session->venue);
    if (session->recorder_thread.loop != NULL)
        tw_loop_wake(session->recorder_thread.loop);
    join(&session->network_thread);
    join(&session->recorder_thread);
    if (session->exchange != NULL)
        tw_exchange_stop(session->exchange);
    join(&session->exchange_thread);
}

/* ---- progress ------------------------------------------------------------------------------ */

static void print_progress(run_session *session, const tw_engine_report *report) {
    double seconds = (double)(tw_time_monotonic_ns() - session->started_ns) / 1e9;
    uint64_t events = report->trades + report->quotes + report->levels + report->venue_bars;
    int64_t traded_ns = report->ended_ns - report->started_ns;
    int64_t duration_ns = session->options->duration_ns;
    char left[64] = "";
    if (duration_ns > 0 && traded_ns > 0 && traded_ns < duration_ns)
        snprintf(left, sizeof left, ", %.0f%%, about %.0f s left",
                 100.0 * (double)traded_ns / (double)duration_ns,
                 seconds * (double)(duration_ns - traded_ns) / (double)traded_ns);
    fprintf(stderr, "\r\033[K%-8s %llu events (%.0f/s), %llu orders, %llu fills%s",
            tw_engine_phase_name(report->phase), (unsigned long long)events,
            seconds > 0.0 ? (double)events / seconds : 0.0, (unsigned long long)report->orders,
            (unsigned long long)report->fills, left);
}

static bool shows_progress(const run_session *session) {
    return !session->options->quiet && isatty(STDERR_FILENO);
}

void run_session_write_line(void *session, const char *line, size_t size) {
    const char *over = shows_progress(session) ? "\r\033[K" : "";
    fprintf(stderr, "%s%.*s", over, (int)size, line);
}

static void end_progress(const run_session *session) {
    if (shows_progress(session))
        fprintf(stderr, "\r\033[K");
}

/* ---- the engine's loop --------------------------------------------------------------------- */

static void on_signal(void *context, int number) {
    run_session *session = context;
    (void)number;
    session->hurried = session->interrupted;
    session->interrupted = true;
    tw_engine_stop(session->engine);
}

static bool finished(const run_session *session) {
    return tw_engine_phase_now(session->engine) >= TW_ENGINE_DONE;
}

/* Threads fail on their own; a failure of the exchange is the cause of what the others see. */
static tw_status thread_failure(run_session *session, tw_error *error) {
    run_thread *threads[] = {&session->exchange_thread, &session->recorder_thread,
                             &session->network_thread};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        if (atomic_load(&threads[i]->failed)) {
            *error = threads[i]->error;
            return error->status;
        }
    }
    return TW_OK;
}

static void show_progress(run_session *session, int64_t *next_ns) {
    int64_t now_ns = tw_time_monotonic_ns();
    tw_engine_report report;
    if (!shows_progress(session) || now_ns < *next_ns)
        return;
    tw_engine_get_report(session->engine, &report, NULL);
    print_progress(session, &report);
    *next_ns = now_ns + PROGRESS_NS;
}

/* A run that ends cancels its open orders; it waits so long for the venue to confirm, and not at
 * all for a user who insists. What is left stays in the journal as open. */
static bool waited_enough(const run_session *session, int64_t *stop_ns) {
    if (tw_engine_phase_now(session->engine) != TW_ENGINE_STOPPING && !session->interrupted)
        return false;
    int64_t now_ns = tw_time_monotonic_ns();
    if (*stop_ns == 0)
        *stop_ns = now_ns + STOP_PATIENCE_NS;
    return session->hurried || now_ns >= *stop_ns;
}

/* The engine's time stands still while the venue is away; a duration that is over by ours ends the
 * run all the same. */
static void end_while_away(run_session *session, int64_t *away_ns) {
    tw_engine_report report;
    if (session->options->duration_ns == 0 ||
        tw_engine_phase_now(session->engine) != TW_ENGINE_PAUSED) {
        *away_ns = 0;
        return;
    }
    int64_t now_ns = tw_time_monotonic_ns();
    if (*away_ns == 0)
        *away_ns = now_ns;
    tw_engine_get_report(session->engine, &report, NULL);
    if (report.ended_ns - report.started_ns + (now_ns - *away_ns) >= session->options->duration_ns)
        tw_engine_stop(session->engine);
}

/* A run without a duration ends with its tape. */
static void end_with_tape(run_session *session, bool tape_ended) {
    if (tape_ended && session->exchange_config.tape != NULL && session->options->duration_ns == 0)
        tw_engine_stop(session->engine);
}

/* Of a service: without one the clock is not read. */
static void tell_manager(run_session *session) {
    if (session->service.notify.socket != 0)
        run_service_turn(&session->service, tw_engine_phase_now(session->engine),
                         tw_time_monotonic_ns());
}

static tw_status turn_engine(run_session *session, uint64_t *ret_work, tw_error *error) {
    tw_status status = tw_engine_turn(session->engine, EVENTS_A_TURN, ret_work, error);
    run_recording_follow(&session->recording, tw_engine_phase_now(session->engine));
    return status;
}

static tw_status live_loop(run_session *session, tw_error *error) {
    int64_t next_progress_ns = 0;
    int64_t stop_ns = 0;
    int64_t away_ns = 0;
    tw_status status = TW_OK;
    while (status == TW_OK && !finished(session) && !waited_enough(session, &stop_ns)) {
        uint64_t work = 0;
        status = turn_engine(session, &work, error);
        tell_engine(session);
        tell_manager(session);
        if (session->exchange != NULL)
            end_with_tape(session, tw_exchange_tape_ended(session->exchange));
        end_while_away(session, &away_ns);
        show_progress(session, &next_progress_ns);
        run_kill_turn(&session->kill);
        if (status == TW_OK)
            status = thread_failure(session, error);
        if (status == TW_OK)
            status = tw_loop_turn(session->loop, work > 0 ? 0 : PROGRESS_NS / 2, NULL, error);
    }
    return status;
}

/* ---- stepped ------------------------------------------------------------------------------- */

/* Lets engine and recorder work until neither has anything left to do at this moment. */
static tw_status settle(run_session *session, tw_error *error) {
    uint64_t work = 1;
    tw_status status = TW_OK;
    while (status == TW_OK && work > 0 && !finished(session)) {
        status = tw_venue_turn(session->venue, 0, error);
        if (status == TW_OK)
            status = turn_engine(session, &work, error);
        if (status == TW_OK)
            status = tw_recorder_flush(session->recorder, error);
        if (status == TW_OK && work == 0)
            status = turn_engine(session, &work, error);
        run_kill_turn(&session->kill);
    }
    tell_engine(session);
    tell_venue(session);
    tell_recorder(session);
    run_recording_turn(&session->recording);
    return status;
}

static tw_status wait_ready(run_session *session, tw_error *error) {
    tw_status status = TW_OK;
    while (status == TW_OK && !tw_venue_ready(session->venue) && !session->interrupted) {
        uint64_t work = 0;
        status = tw_venue_turn(session->venue, PROGRESS_NS, error);
        if (status == TW_OK)
            status = turn_engine(session, &work, error);
        if (status == TW_OK)
            status = tw_loop_turn(session->loop, 0, NULL, error);
        run_recording_turn(&session->recording);
    }
    return status;
}

static tw_status stepped_loop(run_session *session, tw_error *error) {
    int64_t next_progress_ns = 0;
    bool tape_ended = false;
    tw_status status = wait_ready(session, error);
    while (status == TW_OK && !finished(session) && !session->hurried) {
        status = settle(session, error);
        end_with_tape(session, tape_ended); /* when its last second has been read */
        if (status == TW_OK)
            status = settle(session, error);
        if (status != TW_OK || finished(session))
            break;
        tell_manager(session);
        status = tw_venue_step(session->venue, STEP_NS, &tape_ended, error);
        if (status == TW_OK)
            status = tw_loop_turn(session->loop, 0, NULL, error);
        show_progress(session, &next_progress_ns);
    }
    return status;
}

/* Everything after the exchange runs: venue, threads, the loop. */
static tw_status trade(run_session *session, tw_error *error) {
    tw_status status = tw_venue_start(session->venue, error);
    if (status != TW_OK || session->stepped)
        return status == TW_OK ? stepped_loop(session, error) : status;
    status = start_thread(session, &session->network_thread, network_main, error);
    if (status == TW_OK)
        status = start_thread(session, &session->recorder_thread, recorder_main, error);
    return status == TW_OK ? live_loop(session, error) : status;
}

tw_status run_session_listen(run_session *session, tw_error *error) {
    tw_status status = tw_loop_signal_start(session->loop, SIGINT, on_signal, session);
    if (status == TW_OK)
        status = tw_loop_signal_start(session->loop, SIGTERM, on_signal, session);
    if (status != TW_OK)
        return tw_error_set(error, status, "signals cannot be listened to");
    return TW_OK;
}

/* Nothing turns the loop any more, and what follows may take long: the threads' last work, counting
 * the store, a reader of the report. Who interrupts for the second time does not want it. */
static void hear_directly(const run_session *session) {
    if (session->interrupted)
        interruption_watch();
    else
        interruption_defer();
}

tw_status run_session_trade(run_session *session, tw_error *error) {
    tw_status status = TW_OK;
    session->started_ns = tw_time_monotonic_ns();
    session->wall_started_ns = tw_time_wall_ns();
    if (session->exchange != NULL)
        status = start_thread(session, &session->exchange_thread, exchange_main, error);
    if (status == TW_OK)
        status = trade(session, error);
    session->finished_ns = tw_time_monotonic_ns();
    hear_directly(session);
    end_progress(session);
    run_service_stop(&session->service);
    tw_dashboard_end_engine(session->dashboard.dashboard, session->finished_ns);
    run_session_join(session);
    tw_error cause = {0};
    if (status != TW_OK && thread_failure(session, &cause) != TW_OK) {
        *error = cause;
        status = cause.status;
    }
    return status;
}
