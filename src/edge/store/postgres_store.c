/*
 * postgres_store.c - the store in a schema of a PostgreSQL database: the seam's functions.
 *
 * Idea: the server hears of a batch when it is committed (or when it grows large, or is read), so
 * begin and rollback cost nothing, a small batch is one round trip, and a lost connection is
 * something that a batch can be sent again over. Who may write, and whether a commit whose answer
 * was lost has happened, is told by the turn (postgres_session.c).
 *
 * A FULL commit is the server's synchronous_commit; a NORMAL one switches it off for its
 * transaction. Both go into one log in order, so a FULL one puts all earlier ones on the disk.
 */
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "postgres_priv.h"

#define PATIENCE_NS_DEFAULT (5 * TW_NS_PER_SECOND)
#define DIAL_AGAIN_NS (50 * TW_NS_PER_MS)

/* ---- open and close ---- */

/* Sessions of this handle carry a name that no other has. */
static tw_status name_program(postgres_connection *pg, tw_error *error) {
    uint64_t seed = 0;
    if (getrandom(&seed, sizeof seed, 0) != (ssize_t)sizeof seed)
        return tw_error_set(error, TW_IO, "no random number for the name of a session");
    tw_random_init(&pg->random, seed, 0);
    snprintf(pg->program, sizeof pg->program, "tradewind process %ld (%016llx)", (long)getpid(),
             (unsigned long long)seed);
    return TW_OK;
}

static tw_status make_connection(tw_store *store, const tw_store_config *config, tw_error *error) {
    postgres_connection *pg = TW_NEW(store->allocator, 1, postgres_connection);
    if (pg == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open a store");
    store->connection = pg;
    pg->writes = store->mode == TW_STORE_WRITE;
    pg->patience_ns = config->busy_timeout_ns == 0 ? PATIENCE_NS_DEFAULT : config->busy_timeout_ns;
    pg->answer_ns_max = POSTGRES_ANSWER_NS_MAX;
    pg->address_size = strlen(config->path) + 1;
    pg->address = TW_NEW(store->allocator, pg->address_size, char);
    if (pg->address == NULL)
        return tw_error_set(error, TW_NO_MEMORY, "there is no memory to open a store");
    memcpy(pg->address, config->path, pg->address_size);
    tw_store_mask(config->path, store->path, store->path_size);
    tw_status status = postgres_check_address(pg->address, store->path, error);
    return status == TW_OK ? name_program(pg, error) : status;
}

/* A server that is starting, or has no connection free for a moment, is called again; one that is
 * not there is not waited for. */
static tw_status dial(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    int64_t deadline_ns = tw_time_monotonic_ns() + pg->patience_ns;
    for (;;) {
        tw_status status = postgres_begin_session(store, deadline_ns);
        bool is_passing =
            status != TW_OK && (postgres_state_is(pg, "57P03") || postgres_state_is(pg, "53300"));
        if (!is_passing || tw_time_monotonic_ns() + DIAL_AGAIN_NS >= deadline_ns)
            return status;
        usleep(DIAL_AGAIN_NS / TW_NS_PER_US);
    }
}

static tw_status open_server(tw_store *store, const tw_store_config *config, tw_error *error) {
    tw_status status = make_connection(store, config, error);
    if (status != TW_OK)
        return status;
    if (dial(store) != TW_OK)
        return postgres_tell(store, "it cannot be opened", error);
    int version = PQserverVersion(postgres_of(store)->conn);
    snprintf(store->backend_name, sizeof store->backend_name, "PostgreSQL %d.%d", version / 10000,
             version % 10000);
    return postgres_prepare_schema(store, config, error);
}

static tw_status close_server(tw_store *store, tw_error *error) {
    postgres_connection *pg = postgres_of(store);
    (void)error;
    if (pg == NULL)
        return TW_OK;
    postgres_end_session(store);
    postgres_release_rows(store);
    if (pg->address != NULL)
        explicit_bzero(pg->address, pg->address_size);
    TW_DELETE(store->allocator, pg->address, pg->address_size, char);
    TW_DELETE(store->allocator, pg, 1, postgres_connection);
    return TW_OK;
}

/* ---- batches ---- */

static tw_status begin(tw_store *store, tw_error *error) {
    (void)error;
    TW_ASSERT(!postgres_of(store)->in_transaction);
    return TW_OK;
}

static tw_status end(tw_store *store, bool full, const char *doing, tw_error *error) {
    postgres_connection *pg = postgres_of(store);
    tw_status status = postgres_persist(store, postgres_send_and_commit, &full);
    if (status != TW_OK && pg->commit_sent) {
        pg->commit_sent = false;
        pg->fault.status = status = TW_UNKNOWN;
    }
    if (status != TW_OK)
        return postgres_tell(store, doing, error);
    pg->in_transaction = false;
    postgres_forget_batch(store);
    return TW_OK;
}

static tw_status commit(tw_store *store, bool full, tw_error *error) {
    tw_status status = end(store, full, "committing a batch failed", error);
    if (status == TW_OK)
        store->unsynced = !full;
    return status;
}

/* A commit of nothing but the turn puts the log on the disk as far as it has come. */
static tw_status sync_log(tw_store *store, tw_error *error) {
    return end(store, true, "putting earlier batches on the disk failed", error);
}

static bool rollback(tw_store *store) {
    postgres_connection *pg = postgres_of(store);
    if (pg->in_transaction)
        postgres_withdraw(store);
    postgres_forget_batch(store);
    return true;
}

static void tend(tw_store *store) {
    (void)store;
}

/* The turn changes with each commit, whoever's symbols it has: a question costs a round trip, and
 * needs nobody to announce anything. */
static void announce(tw_store *store, const uint64_t *touched) {
    (void)store;
    (void)touched;
}

static bool generation(tw_store *store, uint32_t group, uint64_t *ret_generation) {
    (void)group;
    int64_t turn = 0;
    bool known = store_integer(store, SQL_TURN, &turn, NULL) == TW_OK;
    *ret_generation = (uint64_t)turn;
    return known;
}

const store_backend store_postgres = {
    .prices_are_unordered = true,
    .open = open_server,
    .close = close_server,
    .begin = begin,
    .put = postgres_put,
    .quarantine = postgres_quarantine,
    .commit = commit,
    .sync = sync_log,
    .rollback = rollback,
    .tend = tend,
    .announce = announce,
    .generation = generation,
    .select = postgres_select,
    .verify = postgres_verify,
    .describe = postgres_describe,
    .backup = postgres_backup,
    .vacuum = postgres_vacuum,
};
