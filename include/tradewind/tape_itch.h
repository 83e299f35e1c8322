/*
 * tape_itch.h - NASDAQ TotalView-ITCH 5.0 as a tape: day files and captures of packets.
 *
 * ITCH is read from day files as NASDAQ publishes them (BinaryFILE 1.00: each message behind two
 * bytes of its length, a length of zero ends) and from captures: pcap and pcapng, told apart by
 * their first bytes; Ethernet with VLAN tags, Linux cooked (SLL, SLL2) and raw IP; IPv4 and IPv6;
 * UDP with MoldUDP64. A message in it takes the part of a line. Besides the statuses above:
 *     TW_UNKNOWN      messages are missing here; which, is in the error and in tw_tape_gaps_of
 *     TW_UNSUPPORTED  ITCH in SoupBinTCP over TCP, once a file; a link type that is not known
 * after which the next call goes on, as after TW_PARSE, TW_RANGE and TW_FULL. A file that ends in a
 * message or packet is TW_TRUNCATED, one that cannot be followed TW_CORRUPT, with the byte at which
 * it is so.
 *
 * Memory: all at open, 512 KiB of buffer, and for each of up to 16 sessions of a capture (a day
 * file is one) 256 KiB of symbols by locate and 16 KiB of gaps. Cost: see bench_itch. Threads: as
 * tape.h.
 */
#ifndef TRADEWIND_TAPE_ITCH_H
#define TRADEWIND_TAPE_ITCH_H

#include "tradewind/itch.h"
#include "tradewind/tape.h"

/* What an ITCH tape lacked or left out so far. Everything but unnamed_count and passed_count is
 * zero for a day file. */
typedef struct tw_tape_gaps {
    uint64_t gap_count;       /* times that sequence numbers went ahead of what had come */
    uint64_t missing_count;   /* messages in these gaps that have not come later */
    uint64_t late_count;      /* that have: given where they came */
    uint64_t duplicate_count; /* messages that had come before, passed over */
    uint64_t packet_count;    /* of MoldUDP64, heartbeats included */
    uint64_t fragment_count;  /* IP fragments, passed over */
    uint64_t other_count;     /* packets that are not ITCH or to another port, passed over */
    uint64_t cut_count;       /* packets of which the capture did not keep all */
    uint64_t unnamed_count;   /* messages about a stock of which no message told the name */
    uint64_t passed_count;    /* messages of other symbols, passed over (known_symbols_only) */
    uint64_t first_missing;   /* the last gap: sequence numbers, of the session at the port */
    uint64_t last_missing;    /* 0: there was none */
    char session[11];
    bool ended; /* the feed said that it was over: the last message (S, C), the length of zero, or
                 * the end of a session. Without it the file may be only a part */
    uint16_t port;
} tw_tape_gaps;

TW_BEGIN_DECLS

/*
 * The next message of an ITCH tape with all of its fields, which are all checked (itch.h). May be
 * mixed with tw_tape_next_event, which gives of each message
 *     A F  ADD                              U  REPLACE (side none: as before)
 *     E    EXECUTE, price 0: its own        P  HIDDEN
 *     C    EXECUTE at its price             Q  CROSS
 *     X    REDUCE                           H  HALT, detail: H P halted, Q quoting, T trading
 *     D    DELETE                           any other  OTHER, detail: its letter
 * (new_id of E, C, P and Q is the match number; time_ns is midnight_ns and the message's time) and
 * checks what it gives. Symbols come from the stock directory (R) and from the stock in the first
 * other message of a locate; a message whose locate nobody named has TW_SYMBOL_NONE and is counted,
 * one about no stock (S, V, W) has it too. With known_symbols_only only messages of stocks in
 * `symbols` and those about no stock are given; the others are passed over at the speed of reading,
 * which is how one asks for a few symbols of a day file.
 *
 * In a capture each session at a port has its sequence. Two lines of a feed at one port are one
 * sequence: what a line lost is taken from the other. Messages that came before are passed over and
 * counted. When numbers go ahead the call says TW_UNKNOWN with the range that is missing, and the
 * next one gives what came instead; messages of the range that come later are given then, late (the
 * last 1,024 gaps of a session are remembered, what fills older ones counts as having come before).
 * A capture may begin anywhere: what was before its first packet is not missing. The first IP
 * fragment and the first packet that was cut before its header ended are told with TW_UNKNOWN too.
 */
TW_API tw_status tw_tape_next_itch(tw_tape *tape, tw_itch_message *ret_message,
                                   tw_error *error) TW_MUST_CHECK;

/* May be read at any time, also after the end. All zero for other formats. */
TW_API tw_tape_gaps tw_tape_gaps_of(const tw_tape *tape);

TW_END_DECLS

#endif
