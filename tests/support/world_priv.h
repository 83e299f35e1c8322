/*
 * world_priv.h - the state of a world and the seams between its files.
 *
 *     world.c           the story of a seed: trouble, calm, end; failures
 *     world_plan.c      what a seed decides: odds, figures, configurations
 *     world_exchange.c  the exchange's parts put together, its restarts, its account of money
 *     world_gate.c      requests at the exchange's door, through Alpaca's bytes
 *     world_wire.c      connection, streams and requests, with their faults
 *     world_ports.c     the engine's ports, and the promises of every call
 *     world_disk.c      the store's disk and its faults
 *     world_run.c       one run of the trading system: start, turn, end, death
 *     world_checks.c    what must hold after a turn, after a death and at the end
 */
#ifndef TRADEWIND_TESTS_WORLD_PRIV_H
#define TRADEWIND_TESTS_WORLD_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include "exchange_state.h"
#include "ledger_priv.h"
#include "power_cut.h"
#include "request_quota.h"
#include "tradewind/alpaca.h"
#include "tradewind/engine.h"
#include "tradewind/random.h"
#include "tradewind/recorder.h"
#include "tradewind/recovery.h"
#include "tradewind/store.h"
#include "tradewind/time.h"
#include "world.h"

enum {
    WORLD_SYMBOLS = 6,
    WORLD_HISTORY_DAYS = 40,
    WORLD_REQUESTS = 256,
    WORLD_MESSAGES = 512,
    WORLD_INBOX = 1024,
    WORLD_MARKET = 4096,
    WORLD_INTENTS = 2048,
    WORLD_TRADES = 2048,
    WORLD_ORDERS_MAX = 2048, /* of the exchange */
    WORLD_ORDERS_A_RUN = 512
};

#define WORLD_ACCOUNT UINT64_C(0xacc0)
#define WORLD_EPOCH UINT64_C(0x5eed)
#define WORLD_STRATEGY_NAME "world"

/* Streams of random numbers: what one part draws changes nothing for the others. */
typedef enum world_stream {
    DRAW_PLAN = 1,
    DRAW_WIRE,
    DRAW_UPDATES,
    DRAW_STORY,
    DRAW_FLOOR,
    DRAW_DISK,
    DRAW_TURNS,
    DRAW_COUNT
} world_stream;

typedef struct world world;

/* ---- plan ---- */

/* Odds are in a million a turn for moments, and per mille for requests and messages. */
typedef struct world_plan {
    uint32_t symbol_count;
    uint32_t odds[WORLD_FAULT_COUNT];
    uint32_t turns_of_trouble;
    int64_t turn_ns_max;
    int64_t latency_ns_max; /* of a request, one way */
    int64_t timeout_ns;     /* after which the sender of a request gives up */
    uint32_t rate_limit;    /* requests a minute; 0: none */
    uint32_t row_ring;      /* of the recorder */
    uint32_t entry_ring;
    uint32_t checkpoint_pages;
    double events_per_second;
    bool levels;   /* books are told by level, else by quotes */
    bool restarts; /* the exchange keeps a state file */
    double invested;
    int64_t multiplier_max;
} world_plan;

/* ---- exchange ---- */

typedef struct world_exchange {
    char state_path[128];
    tw_symbols *symbols;
    daily_history *history;
    trading_floor *floor;
    account_ledger *ledger;
    ledger_account *ours;
    ledger_account *other;
    watchlists *lists;
    exchange_state *state;
    tw_alpaca_reader *reader;
    request_quota quota;
    tw_text text; /* bytes on the wire */
    char *text_memory;
    bool running;
    int64_t back_ns;        /* when it comes back */
    int64_t clock_error_ns; /* of the time that it tells */
    int64_t halted_until_ns[WORLD_SYMBOLS];
    /* What all accounts together must have, from trades and payments alone; as it is, and as it
     * was when the state was saved last. */
    int64_t users_cash;
    int64_t users_shares[WORLD_SYMBOLS];
    int64_t saved_cash;
    int64_t saved_shares[WORLD_SYMBOLS];
    uint64_t hash;
} world_exchange;

/* ---- wire ---- */

typedef enum wire_state {
    WIRE_DOWN,
    WIRE_CONNECTING,
    WIRE_READING,
    WIRE_UP,
    WIRE_FAILED
} wire_state;

typedef enum request_kind {
    REQUEST_SUBMIT,
    REQUEST_CANCEL,
    REQUEST_QUERY,
    REQUEST_ACCOUNT,
    REQUEST_CLOCK,
    REQUEST_POSITIONS,
    REQUEST_ORDERS
} request_kind;

/* A request under way, or its answer. */
typedef struct wire_request {
    request_kind kind;
    uint64_t run;        /* that sent it; the answers of a dead one reach nobody */
    uint64_t reading;    /* of a snapshot */
    int64_t arrives_ns;  /* INT64_MAX: never, or it has */
    int64_t answered_ns; /* INT64_MAX: not yet */
    int64_t gives_up_ns; /* its sender; INT64_MAX: it has heard */
    bool answer_lost;
    tw_order order;
    tw_order_result result;
} wire_request;

typedef struct wire_message {
    int64_t due_ns;
    uint64_t connection; /* that it travels on */
    tw_venue_event event;
} wire_message;

typedef struct wire_market_message {
    int64_t due_ns;
    tw_market_event event;
} wire_market_message;

typedef struct world_wire {
    wire_state state;
    uint64_t run;
    uint64_t connection; /* counts connections: what travels on an old one is lost */
    int64_t next_ns;     /* of the state: when it tries again, or is connected */
    int64_t away_ns;     /* since when it is away; 0: it is not */
    uint32_t losses;     /* in a row */
    bool trading_dead;   /* the stream is broken, which nobody has noticed yet */
    bool data_dead;
    int64_t noticed_ns;
    int64_t mute_until_ns;
    int64_t heard_ns;       /* the newest market data */
    int64_t clock_error_ns; /* of the venue's clock as it was read last */
    bool clock_known;
    bool history_told;
    uint64_t reading; /* number of the snapshot being read; 0: none */
    uint64_t readings;
    bool read_again;
    tw_venue_event snapshot[WORLD_SYMBOLS + WORLD_ORDERS_A_RUN + 2];
    uint32_t snapshot_count;
    int64_t time_due_ns;

    wire_request requests[WORLD_REQUESTS];
    uint32_t request_count;
    wire_message messages[WORLD_MESSAGES]; /* updates of orders */
    uint32_t message_count;
    int64_t update_due_ns; /* of the newest: a stream keeps its order */
    tw_venue_event inbox[WORLD_INBOX];
    uint32_t inbox_first;
    uint32_t inbox_count;
    wire_market_message market[WORLD_MARKET];
    uint32_t market_first;
    uint32_t market_count;
} world_wire;

/* ---- disk, journal, runs ---- */

/* What is known of an intent, by its number. */
typedef struct world_intent {
    uint64_t checks; /* sequences of the journal; 0: not there */
    uint64_t intent;
    uint64_t decision;
    int64_t quantity;
    tw_symbol symbol;
    uint8_t side;
    bool row_put;
    int64_t meant_ns;    /* time of the intent's entry */
    uint64_t resend;     /* sequence of the newest entry that it is sent again */
    uint32_t resends;    /* such entries */
    uint32_t submits;    /* handed to the network */
    uint32_t arrivals;   /* at the exchange's gate */
    uint64_t permission; /* sequence of the entry by which it was handed over last */
    uint64_t run;        /* that did so */
} world_intent;

/* A trade of a plan, as its journal entry says. */
typedef struct world_trade {
    uint64_t sequence; /* of that entry */
    uint64_t decision;
    int64_t quantity;
    tw_symbol symbol;
    uint8_t side;
} world_trade;

typedef struct world_disk {
    char directory[64]; /* of the world */
    char store_directory[80];
    char path[96];
    power_cut *record;
    bool full;
    bool broken;
    uint32_t locked; /* so many attempts at the write lock fail */
    uint32_t stalled_turns;
} world_disk;

/* The journal as the engine wrote it; after a death cut to what was on the disk. */
typedef struct world_journal {
    tw_journal_entry *entries; /* the one with sequence s stands at s - 1 */
    uint64_t count;
    uint64_t capacity;
} world_journal;

typedef struct world_run {
    tw_engine *engine;
    tw_recorder *recorder;
    tw_store *store;
    tw_symbols *symbols;
    tw_store_port port; /* the recorder's */
    tw_engine_config config;
    uint64_t first_sequence;
    uint64_t phase_sequence;          /* of the newest change of phase */
    uint64_t durable;                 /* the most that the engine has been told */
    int64_t positions[WORLD_SYMBOLS]; /* from the fills that were put, and what was taken over */
    bool known;                       /* a snapshot has been taken over */
    uint32_t calls;                   /* of the store's and the broker's port in this turn */
    uint32_t dies_at;                 /* the call in this turn at which the process dies; 0: none */
    bool dead;                        /* it has: nothing that it does from here on happens */
    size_t death_boundary;
    uint64_t death_durable;
    bool ends;  /* was told to stop */
    bool waits; /* the store had no room for the newest row or entry */
    bool last;  /* is looked at before it is taken down */
    bool over;
} world_run;

struct world {
    uint64_t seed;
    uint64_t faults;
    const char *program;
    world_plan plan;
    tw_random random[DRAW_COUNT];
    bool calm;
    bool trace;
    int64_t start_ns;
    int64_t now_ns;
    world_exchange exchange;
    world_wire wire;
    world_disk disk;
    world_journal journal;
    world_run run;
    world_intent intents[WORLD_INTENTS]; /* by number */
    uint64_t intent_count;
    world_trade trades[WORLD_TRADES]; /* in the order of the journal */
    uint32_t trade_count;
    tw_kill_level kill; /* in the file beside the store */
    int64_t lift_ns;
    int64_t next_start_ns; /* of a run, while there is none */
    uint32_t targets;      /* which ones the next run has */
    bool account_touched;  /* somebody else traded or paid: the account moved without us */
    world_result result;
};

/* ---- world.c ---- */

void world_fail(const world *w, const char *format, ...) TW_PRINTF(2, 3) __attribute__((noreturn));
void world_tell(const world *w, const char *format, ...) TW_PRINTF(2, 3);
#define WORLD_REQUIRE(w, condition, ...)  \
    do {                                  \
        if (!(condition))                 \
            world_fail((w), __VA_ARGS__); \
    } while (0)

/* ---- world_plan.c ---- */

void world_plan_init(world *w);
bool world_is_on(const world *w, world_fault fault);
/* Draws whether a fault strikes, per mille or in a million, and counts it. Never in calm. */
bool world_strikes(world *w, world_stream stream, world_fault fault);
bool world_strikes_now(world *w, world_fault fault);
/* The same with odds so many times as high: at moments at which more is at stake. */
bool world_strikes_harder(world *w, world_fault fault, uint32_t times);
uint64_t world_below(world *w, world_stream stream, uint64_t bound);
int64_t world_span(world *w, world_stream stream, int64_t min_ns, int64_t max_ns);
/* The configuration of the next run; targets in ret_weights. */
void world_plan_engine(world *w, tw_engine_config *ret_config, double *ret_weights);

/* ---- world_exchange.c ---- */

void world_exchange_open(world *w);
void world_exchange_close(world *w);
/* Lets its time pass up to now, with restarts, halts and those who trade beside us. */
void world_exchange_turn(world *w);
/* Keeps what has happened: only then may it be told. */
void world_exchange_keep(world *w);
void world_exchange_die(world *w, int64_t away_ns);
void world_exchange_check(world *w);
/* Of every trade and update, and of what the accounts hold now. */
uint64_t world_exchange_hash(const world *w);

/* ---- world_gate.c ---- */

/* Carries out a request; fills its result, or adds to the snapshot's events. */
void world_gate_handle(world *w, wire_request *request);
/* An update as the client reads it. */
void world_gate_update(world *w, const ledger_update *update, tw_venue_event *ret_event);

/* ---- world_wire.c ---- */

void world_wire_begin(world *w);
void world_wire_turn(world *w);
/* The process is gone: connections break, what was sent is still under way. */
void world_wire_end(world *w);
void world_wire_lost(world *w, const char *reason);
void world_wire_update(world *w, const ledger_update *update);
void world_wire_market(world *w, const tw_market_event *event);
/* False: no room. */
bool world_wire_send(world *w, request_kind kind, const tw_order *order);
void world_wire_snapshot(world *w);
/* A submit of it has no answer yet, and its sender has not given it up. */
bool world_wire_waits_for(const world *w, const char *client_order_id);
/* Another order of the symbol is under way, whoever sent it. */
bool world_wire_may_bring(const world *w, const tw_order *beside);
void world_wire_add(world *w, const tw_venue_event *event);
tw_venue_event world_wire_event(const world *w, tw_venue_kind kind);
/* The exchange has gone: what was on its way to it or from it is lost. */
void world_wire_exchange_died(world *w);

/* ---- world_ports.c ---- */

tw_engine_ports world_ports(world *w);

/* ---- world_disk.c ---- */

void world_disk_open(world *w);
void world_disk_close(world *w);
void world_disk_begin(world *w);
/* The process is gone. Operations up to `boundary` were made; with `power_goes` what of them was
 * not synced is left to chance. */
void world_disk_crash(world *w, size_t boundary, bool power_goes);
void world_disk_end(world *w);
void world_disk_turn(world *w);

/* ---- world_run.c ---- */

void world_run_start(world *w);
void world_run_turn(world *w);
/* Ends in the way that the engine's phase says; the store is closed. */
void world_run_end(world *w);
void world_run_recorder(world *w);
/* Somebody asks for a kill of any level, at any moment. */
void world_run_kill(world *w);

/* ---- world_checks.c ---- */

void world_check_turn(world *w);
void world_check_journal_entry(world *w, const tw_journal_entry *entry);
/* The store has been opened after a run ended in whatever way. */
void world_check_store(world *w, uint64_t durable);
void world_check_end(world *w);
uint64_t world_intent_of(const char *client_order_id);
/* The text after "name": in a JSON object of the journal, in a buffer of 64. */
bool world_word(const char *payload, const char *name, char *ret_word);

#endif
