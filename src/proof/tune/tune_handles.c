/*
 * tune_handles.c - threads that ask for statistics of symbols, with the handles a pool lends them.
 *
 * The store is a copy of the workload. A question adds up the newest trades of one symbol, at most
 * QUESTION_TRADES, and nothing is remembered. All threads are let go at once and stop at a time.
 */
#include <pthread.h>

#include "tradewind/alloc.h"
#include "tradewind/pool.h"
#include "tradewind/store_pool.h"
#include "tradewind/time.h"
#include "tune_store.h"
#include "tune_ways.h"

enum { QUESTION_TRADES = 500, QUESTIONS_MAX = 256, THREADS_MIN = 4, THREADS_MAX = 16 };
static const int64_t PATIENCE_NS = 10 * TW_NS_PER_SECOND; /* of a thread that wants a handle */

typedef struct question {
    tw_symbol symbol;
    uint32_t trades;
    int64_t from_ns;
    int64_t to_ns;
} question;

struct asking;

typedef struct asker {
    struct asking *all;
    pthread_t thread;
    uint64_t first;
    uint64_t answers;
    int64_t ended_ns;
    tw_pool_affinity affinity;
    tw_status status;
    tw_error error;
} asker;

typedef struct asking {
    char path[TUNE_STORE_PATH_SIZE];
    tw_store_config store;
    tw_lock symbols_lock;
    question questions[QUESTIONS_MAX];
    uint32_t question_count;
    uint32_t thread_count;
    int64_t run_ns;
    tw_pool *pool;
    asker askers[THREADS_MAX];
    pthread_mutex_t gate;
    pthread_cond_t opened;
    int64_t until_ns; /* 0: the gate is shut */
} asking;

/* ---- questions ------------------------------------------------------------------------------- */

/* Backwards over the trades: the first of a symbol that is met is its newest. */
static tw_status make_questions(const tune_workload *workload, asking *a) {
    uint32_t known = tw_symbols_count(workload->symbols);
    uint32_t *place_of = TW_NEW(NULL, known, uint32_t); /* 1-based; 0: no question yet */
    if (place_of == NULL)
        return TW_NO_MEMORY;
    for (uint32_t i = 0; i < known; i++)
        place_of[i] = 0;
    for (uint64_t i = workload->count; i-- > 0;) {
        const tw_trade *trade = &workload->trades[i];
        uint32_t *place = &place_of[trade->symbol];
        if (*place == 0 && a->question_count < QUESTIONS_MAX) {
            *place = ++a->question_count;
            a->questions[*place - 1] =
                (question){.symbol = trade->symbol, .to_ns = trade->time_ns + 1};
        }
        question *of = *place > 0 ? &a->questions[*place - 1] : NULL;
        if (of != NULL && of->trades < QUESTION_TRADES) {
            of->trades++;
            of->from_ns = trade->time_ns;
        }
    }
    TW_DELETE(NULL, place_of, known, uint32_t);
    return TW_OK;
}

static tw_status copy_workload(const tune_workload *workload, const char *path, tw_error *error) {
    tw_store *store = NULL;
    tw_status status = tune_store_make(path, workload->symbols, TUNE_TRADES_MAX, &store, error);
    if (status == TW_OK)
        status = tw_store_put_trades(store, workload->trades, workload->count, error);
    if (status == TW_OK)
        status = tw_store_commit(store, TW_STORE_NORMAL, error);
    tw_error unused;
    tw_status closed = tw_store_close(store, status == TW_OK ? error : &unused);
    return status == TW_OK ? closed : status;
}

/* ---- threads --------------------------------------------------------------------------------- */

static tw_status ask(asker *self, const question *of) {
    tw_pool *pool = self->all->pool;
    tw_pool_lease lease;
    tw_store_stats stats;
    tw_status status = tw_pool_acquire(pool, tw_waiter_now_ns(NULL) + PATIENCE_NS, &self->affinity,
                                       &lease, &self->error);
    if (status != TW_OK)
        return status;
    status = tw_store_symbol_stats(lease.resource, of->symbol, of->from_ns, of->to_ns, &stats,
                                   &self->error);
    tw_pool_release(pool, &lease);
    return status;
}

static void *ask_all(void *context) {
    asker *self = context;
    asking *all = self->all;
    pthread_mutex_lock(&all->gate);
    while (all->until_ns == 0)
        pthread_cond_wait(&all->opened, &all->gate);
    int64_t until_ns = all->until_ns;
    pthread_mutex_unlock(&all->gate);
    self->ended_ns = tw_time_monotonic_ns();
    for (uint64_t i = self->first; self->status == TW_OK && self->ended_ns < until_ns; i++) {
        self->status = ask(self, &all->questions[i % all->question_count]);
        self->answers += self->status == TW_OK;
        self->ended_ns = tw_time_monotonic_ns();
    }
    return NULL;
}

static uint32_t start_threads(asking *a) {
    uint32_t started = 0;
    a->until_ns = 0;
    for (; started < a->thread_count; started++) {
        asker *self = &a->askers[started];
        *self = (asker){.all = a, .first = started};
        if (pthread_create(&self->thread, NULL, ask_all, self) != 0)
            break;
    }
    return started;
}

/* Those that were started; `span_ns` 0: they do nothing. */
static tw_status let_go(asking *a, uint32_t started, int64_t span_ns, double *ret_rate,
                        tw_error *error) {
    tw_status status = TW_OK;
    uint64_t answers = 0;
    pthread_mutex_lock(&a->gate);
    int64_t began_ns = tw_time_monotonic_ns();
    int64_t ended_ns = began_ns + 1;
    a->until_ns = began_ns + span_ns;
    pthread_cond_broadcast(&a->opened);
    pthread_mutex_unlock(&a->gate);
    for (uint32_t i = 0; i < started; i++) {
        asker *self = &a->askers[i];
        pthread_join(self->thread, NULL);
        answers += self->answers;
        ended_ns = self->ended_ns > ended_ns ? self->ended_ns : ended_ns;
        if (self->status != TW_OK && status == TW_OK) {
            status = self->status;
            *error = self->error;
        }
    }
    *ret_rate = (double)answers * TW_NS_PER_SECOND / (double)(ended_ns - began_ns);
    return status;
}

static tw_status run(void *state, double value, double *ret_figure, tw_error *error) {
    asking *a = state;
    const tw_pool_config config = {.resource = tw_store_resource(&a->store),
                                   .size_min = (uint32_t)value,
                                   .size_max = (uint32_t)value,
                                   .start = TW_POOL_START_MUST,
                                   .caller_opens = true};
    tw_status status = tw_pool_new(NULL, &config, &a->pool, error);
    if (status != TW_OK)
        return status;
    uint32_t started = start_threads(a);
    bool all = started == a->thread_count;
    status = let_go(a, started, all ? a->run_ns : 0, ret_figure, error);
    tw_pool_free(a->pool);
    a->pool = NULL;
    return all ? status : tw_error_set(error, TW_NO_MEMORY, "no more threads can be started");
}

/* ---- the curve ------------------------------------------------------------------------------- */

/* Twice as many as there are processors, so that handles are what there may be too few of. */
static tw_status count_threads(uint32_t *ret_count, tw_error *error) {
    uint32_t count = 0;
    tw_status status = tune_processors(&count, error);
    count *= 2;
    *ret_count = count < THREADS_MIN ? THREADS_MIN : count > THREADS_MAX ? THREADS_MAX : count;
    return status;
}

static tw_status measure(asking *a, const tune_workload *workload, const tune_plan *plan,
                         int64_t budget_ns, tune_curve *ret_curve, tw_error *error) {
    const tune_way way = {a, false, run};
    tune_store_name(plan->folder, a->path);
    a->store = (tw_store_config){
        .path = a->path, .symbols = workload->symbols, .symbols_lock = &a->symbols_lock};
    tw_status status = make_questions(workload, a);
    if (status != TW_OK)
        return tw_error_set(error, status, "there is no memory for questions");
    status = copy_workload(workload, a->path, error);
    *ret_curve = (tune_curve){0};
    for (uint32_t handles = 1; handles <= a->thread_count; handles *= 2)
        ret_curve->values[ret_curve->count++] = handles;
    return status == TW_OK ? tune_measure(&way, plan, budget_ns, ret_curve, error) : status;
}

tw_status tune_handles(const tune_workload *workload, const tune_plan *plan, int64_t budget_ns,
                       tune_curve *ret_curve, uint32_t *ret_threads, tw_error *error) {
    asking *a = TW_NEW(NULL, 1, asking);
    if (a == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory for threads");
    *a = (asking){.run_ns = plan->run_ns,
                  .gate = PTHREAD_MUTEX_INITIALIZER,
                  .opened = PTHREAD_COND_INITIALIZER};
    tw_status status = count_threads(&a->thread_count, error);
    if (status == TW_OK)
        status = measure(a, workload, plan, budget_ns, ret_curve, error);
    *ret_threads = a->thread_count;
    TW_DELETE(NULL, a, 1, asking);
    return status;
}
