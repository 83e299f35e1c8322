/*
 * world.h - the whole system in one process, in virtual time, from one seed: no socket, no thread.
 *
 *     engine <--> ports <--> wire (a faulty network) <--> the exchange: order gate, ledger, floor
 *        |                                                    |
 *     recorder --> store: SQLite over a disk that forgets     its state file
 *
 * Nothing of the trading is imitated: engine, recorder, store and the exchange's gate, ledger,
 * floor, state file and quota are the real ones, and what passes between engine and exchange goes
 * through Alpaca's bytes (edge/alpaca), as it does over a socket. Imitated are the wire, the disk
 * under SQLite (power_cut.h) and the moment at which the process dies. A seed decides all of it.
 *
 * A world lives through trouble (faults, deaths of the process, new starts on the same store), then
 * through calm, then ends in an orderly way. What must hold is asked at every call (world_ports.c),
 * after every turn and at the end (world_checks.c). The first thing that does not hold is printed
 * with the virtual time and the command that repeats it, and the program aborts.
 *
 * TRADEWIND_FAULTS=mask switches kinds of faults off: bit i is kind i below, all are on by default.
 * TRADEWIND_TRACE=1 prints what happens.
 */
#ifndef TRADEWIND_TESTS_WORLD_H
#define TRADEWIND_TESTS_WORLD_H

#include <stdint.h>

typedef enum world_fault {
    WORLD_LOST_REQUEST = 0,  /* never arrives; its sender waits until it gives up */
    WORLD_LOST_ANSWER = 1,   /* the request was carried out */
    WORLD_LATE_REQUEST = 2,  /* is carried out after its sender has given up */
    WORLD_SLOW_REQUEST = 3,  /* seconds under way */
    WORLD_SERVER_ERROR = 4,  /* 5xx, carried out or not */
    WORLD_REFUSAL = 5,       /* 403 for no reason of ours */
    WORLD_RATE_LIMIT = 6,    /* a small quota of requests a minute */
    WORLD_BROKER_FULL = 7,   /* the ring of commands has no room */
    WORLD_DROP_UPDATE = 8,   /* a message of trade_updates is lost, the stream stays */
    WORLD_REPEAT_UPDATE = 9, /* ... comes twice */
    WORLD_REORDER_UPDATE = 10,
    WORLD_DELAY_UPDATE = 11,
    WORLD_LOST_DATA = 12,    /* the stream of market data breaks */
    WORLD_LOST_TRADING = 13, /* the stream of updates breaks; it is noticed later */
    WORLD_MUTE = 14,         /* both streams stay open and silent */
    WORLD_RESTART = 15,      /* the exchange dies and comes back from its state file */
    WORLD_AWAY = 16,         /* ... after longer than the venue is waited for */
    WORLD_CLOCK = 17,        /* the exchange tells a wrong time */
    WORLD_HALT = 18,
    WORLD_FLOOR_DELAY = 19, /* orders and cancels are under way to the floor */
    WORLD_FOREIGN = 20,     /* somebody else trades on the account */
    WORLD_CASH = 21,        /* money is paid in or out */
    WORLD_KILL = 22,        /* the kill switch, of any level, and lifted again */
    WORLD_DISK_FULL = 23,
    WORLD_DISK_SLOW = 24,    /* the recorder stands still for a while */
    WORLD_DISK_LOCKED = 25,  /* another program has the write lock */
    WORLD_STORE_FULL = 26,   /* rings to the recorder so small that they are full at times */
    WORLD_BETWEEN = 27,      /* the recorder works while the engine is in the middle of its turn */
    WORLD_CRASH = 28,        /* the process is killed, at any call of a turn */
    WORLD_POWER_CUT = 29,    /* ... and what was not synced is lost, torn, or out of order */
    WORLD_NEW_TARGETS = 30,  /* an orderly end, and a new run with other targets */
    WORLD_DISK_BROKEN = 31,  /* a sync fails */
    WORLD_FORGETFUL = 32,    /* the exchange dies after a request, before it has kept it */
    WORLD_RESET_SUBMIT = 33, /* the connection of a submit breaks; it never arrives, or later */
    WORLD_FAULT_COUNT = 34
} world_fault;

#define WORLD_FAULTS_ALL ((UINT64_C(1) << WORLD_FAULT_COUNT) - 1)

/* What happened in a world. */
typedef struct world_result {
    uint64_t struck[WORLD_FAULT_COUNT];
    uint64_t runs; /* of the trading system */
    uint64_t turns;
    uint64_t decisions;
    uint64_t submits;   /* orders that reached the exchange's gate */
    uint64_t resends;   /* handed to the network once more */
    uint64_t inherited; /* by another run than the one that decided it */
    uint64_t twins;     /* that reached the gate after another of the same id was taken */
    uint64_t fills;     /* rows of the store */
    uint64_t entries;   /* of the journal */
    uint64_t recovered_fills;
    uint64_t resumed; /* plans that went on after an interruption */
    uint64_t adopted; /* orders that a run took over from the one before */
    uint64_t market_events;
    int64_t virtual_ns;
    uint64_t journal_hash;
    uint64_t exchange_hash;
} world_result;

/* "lost request" ... */
const char *world_fault_name(world_fault fault);

/* Plays one seed. Only one world at a time. Does not return when something does not hold. */
void world_play(uint64_t seed, uint64_t faults, const char *program, world_result *ret_result);

#endif
