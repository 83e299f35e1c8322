/*
 * wire_socket_cases.c - the rules of RFC 6455 one by one, over real sockets, for both ends.
 *
 * Each case is a script of bytes and of the frames that must come back. It is played against a
 * client's and a server's tw_socket, whole and cut into pieces of 1 and of 997 bytes. The sections
 * are those in which the cases of the Autobahn test suite are ordered; the cases are our own. How
 * many were played is printed.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frame_script.h"

#define BIG ((size_t)65536)

static script_house house;
static script_ear ear;
static frame_script script;
static uint32_t case_count;
static uint32_t play_count;

/* Fills the script of case `index`; false when there is none. */
typedef bool (*case_maker)(frame_script *to, uint32_t index);

static void play(bool as_client, size_t chop) {
    house.config.close_timeout_ns = TW_NS_PER_SECOND;
    script_open(&house, as_client);
    script_play(&house, &script, &ear, chop);
    script_await_end(&house, &script);
    script_leave(&house);
    play_count++;
}

/* Ends a script that has no end of its own: the peer closes, and is answered. */
static void end_well(frame_script *to) {
    bool closes =
        to->expected_count > 0 && (to->expected[to->expected_count - 1].first & 0x0f) == OP_CLOSE;
    if (closes)
        return;
    script_send(to, FIN | OP_CLOSE, "\x03\xe8", 2);
    script_expect(to, FIN | OP_CLOSE, "\x03\xe8", 2);
    to->code = TW_SOCKET_NORMAL;
}

static uint32_t play_section(case_maker make) {
    static const size_t chops[] = {0, 997, 1};
    uint32_t index = 0;
    for (;; index++) {
        script_begin(&script, false);
        if (!make(&script, index))
            break;
        for (int as_client = 0; as_client < 2; as_client++) {
            for (size_t i = 0; i < sizeof chops / sizeof chops[0]; i++) {
                script_begin(&script, as_client == 0);
                assert_true(make(&script, index));
                end_well(&script);
                if (chops[i] == 1 && script.size > 4096)
                    continue; /* one byte a turn takes too long for these */
                play(as_client == 1, chops[i]);
            }
        }
    }
    case_count += index;
    return index;
}

static const char *pattern(size_t size) {
    static char bytes[4 * BIG];
    assert_true(size <= sizeof bytes);
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('!' + (i * 7 + i / 251) % 90);
    return bytes;
}

/* ---- 1 framing ---------------------------------------------------------------------------- */

static bool framing(frame_script *to, uint32_t index) {
    static const size_t sizes[] = {0,   1,    124,   125,   126,   127,
                                   128, 1000, 65534, 65535, 65536, 131072};
    uint32_t count = sizeof sizes / sizeof sizes[0];
    if (index >= 2 * count)
        return false;
    uint8_t first = FIN | (index < count ? OP_TEXT : OP_BINARY);
    size_t size = sizes[index % count];
    script_send(to, first, pattern(size), size);
    script_expect(to, first, pattern(size), size);
    return true;
}

/* ---- 2 pings and pongs -------------------------------------------------------------------- */

static void several_pings(frame_script *to, uint32_t count) {
    char text[16];
    for (uint32_t i = 0; i < count; i++) {
        snprintf(text, sizeof text, "ping %u", i);
        script_say(to, FIN | OP_PING, text);
        script_hear(to, FIN | OP_PONG, text);
    }
}

static bool pings(frame_script *to, uint32_t index) {
    switch (index) {
    case 0:
        script_say(to, FIN | OP_PING, "");
        script_hear(to, FIN | OP_PONG, "");
        return true;
    case 1:
        several_pings(to, 1);
        return true;
    case 2:
        script_send(to, FIN | OP_PING, "\0\xff\xfe\xfd\0\x80", 6);
        script_expect(to, FIN | OP_PONG, "\0\xff\xfe\xfd\0\x80", 6);
        return true;
    case 3:
        script_send(to, FIN | OP_PING, pattern(125), 125);
        script_expect(to, FIN | OP_PONG, pattern(125), 125);
        return true;
    case 4: /* a control frame has 125 bytes at most */
        script_send(to, FIN | OP_PING, pattern(126), 126);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 5: /* a pong that nobody asked for */
        script_say(to, FIN | OP_PONG, "");
        script_say(to, FIN | OP_PONG, "unsolicited");
        several_pings(to, 1);
        return true;
    case 6:
        several_pings(to, 5);
        return true;
    case 7:
        script_say(to, FIN | OP_PONG, "one");
        script_say(to, FIN | OP_TEXT, "message");
        script_hear(to, FIN | OP_TEXT, "message");
        return true;
    case 8:
        script_send(to, FIN | OP_PONG, pattern(126), 126);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    default:
        return false;
    }
}

/* ---- 3 reserved bits ---------------------------------------------------------------------- */

static bool reserved_bits(frame_script *to, uint32_t index) {
    static const uint8_t opcodes[] = {OP_TEXT, OP_BINARY, OP_PING, OP_PONG, OP_CLOSE};
    if (index >= 7 * sizeof opcodes)
        return false;
    uint8_t bits = (uint8_t)((index % 7 + 1) << 4);
    script_say(to, FIN | OP_TEXT, "well");
    script_hear(to, FIN | OP_TEXT, "well");
    script_send(to, FIN | bits | opcodes[index / 7], "\x03\xe8", 2);
    script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
    return true;
}

/* ---- 4 opcodes ---------------------------------------------------------------------------- */

static bool opcodes(frame_script *to, uint32_t index) {
    static const uint8_t reserved[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    if (index >= 3 * sizeof reserved)
        return false;
    if (index / sizeof reserved == 2) {
        script_say(to, FIN | OP_TEXT, "before");
        script_hear(to, FIN | OP_TEXT, "before");
    }
    script_say(to, FIN | reserved[index % sizeof reserved],
               index / sizeof reserved == 0 ? "" : "payload");
    script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
    return true;
}

/* ---- 5 fragments -------------------------------------------------------------------------- */

static void in_pieces(frame_script *to, uint8_t opcode, size_t size, size_t piece) {
    const char *bytes = pattern(size);
    for (size_t at = 0; at < size; at += piece) {
        bool last = at + piece >= size;
        script_send(to, (last ? FIN : 0) | (at == 0 ? opcode : OP_MORE), bytes + at,
                    last ? size - at : piece);
    }
    script_expect(to, FIN | opcode, bytes, size);
}

static bool wrong_fragments(frame_script *to, uint32_t index) {
    switch (index) {
    case 0: /* control frames come whole */
        script_say(to, OP_PING, "half");
        break;
    case 1:
        script_say(to, OP_PONG, "half");
        break;
    case 2:
        script_send(to, OP_CLOSE, "\x03\xe8", 2);
        break;
    case 3: /* nothing is continued */
        script_say(to, FIN | OP_MORE, "more");
        break;
    case 4:
        script_say(to, OP_MORE, "more");
        break;
    case 5: /* a new message within another */
        script_say(to, OP_TEXT, "first");
        script_say(to, FIN | OP_TEXT, "second");
        break;
    case 6:
        script_say(to, OP_TEXT, "first");
        script_say(to, OP_BINARY, "second");
        break;
    case 7: /* the message was over already */
        script_say(to, FIN | OP_TEXT, "whole");
        script_hear(to, FIN | OP_TEXT, "whole");
        script_say(to, FIN | OP_MORE, "more");
        break;
    default:
        return false;
    }
    script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
    return true;
}

static bool fragments(frame_script *to, uint32_t index) {
    switch (index) {
    case 0:
        in_pieces(to, OP_TEXT, 12, 6);
        return true;
    case 1:
        in_pieces(to, OP_BINARY, 1000, 1);
        return to->size > 0;
    case 2:
        in_pieces(to, OP_TEXT, BIG, 1024);
        return true;
    case 3: /* a ping between the pieces is answered before the message */
        script_say(to, OP_TEXT, "one ");
        script_say(to, FIN | OP_PING, "now");
        script_say(to, FIN | OP_MORE, "two");
        script_hear(to, FIN | OP_PONG, "now");
        script_hear(to, FIN | OP_TEXT, "one two");
        return true;
    case 4: /* empty pieces, the last one too */
        script_say(to, OP_TEXT, "");
        script_say(to, OP_MORE, "");
        script_say(to, OP_MORE, "x");
        script_say(to, FIN | OP_MORE, "");
        script_hear(to, FIN | OP_TEXT, "x");
        return true;
    case 5:
        script_say(to, OP_TEXT, "");
        script_say(to, FIN | OP_MORE, "");
        script_hear(to, FIN | OP_TEXT, "");
        return true;
    default:
        return wrong_fragments(to, index - 6);
    }
}

/* ---- 6 UTF-8 ------------------------------------------------------------------------------ */

static const char *const good_texts[] = {
    "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
    "\xf0\x90\x80\x80",
    "\xf4\x8f\xbf\xbf",
    "\xed\x9f\xbf",
    "\xee\x80\x80",
    "\xef\xbf\xbd",
    "\xef\xbf\xbf",
    "\x7f",
    "\xc2\x80",
    "\xdf\xbf",
    "\xe0\xa0\x80",
};

static const char *const bad_texts[] = {
    ("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
     "edited"), /* a surrogate */
    "\xce",
    "\xce\xba\xe1",
    "\xce\xba\xe1\xbd",
    "\xf8\x88\x80\x80\x80",
    "\xfc\x84\x80\x80\x80\x80",
    "\xf7\xbf\xbf\xbf",
    "\xf4\x90\x80\x80",
    "\x80",
    "\xbf\x80",
    "\xc0\xaf",
    "\xc1\xbf",
    "\xe0\x80\xaf",
    "\xe0\x9f\xbf",
    "\xf0\x80\x80\xaf",
    "\xf0\x8f\xbf\xbf",
    "\xed\xa0\x80",
    "\xed\xbf\xbf",
    "\xed\xa0\x80\xed\xb0\x80",
    "\xfe",
    "\xff",
    "ok \xc3(",
};

static bool texts(frame_script *to, uint32_t index) {
    uint32_t good = sizeof good_texts / sizeof good_texts[0];
    uint32_t bad = sizeof bad_texts / sizeof bad_texts[0];
    if (index < good) {
        script_say(to, FIN | OP_TEXT, good_texts[index]);
        script_hear(to, FIN | OP_TEXT, good_texts[index]);
        return true;
    }
    index -= good;
    if (index < good) { /* a piece a byte, in the middle of characters */
        const char *text = good_texts[index];
        for (size_t i = 0; text[i] != '\0'; i++)
            script_send(to, (uint8_t)(i == 0 ? OP_TEXT : OP_MORE), text + i, 1);
        script_say(to, FIN | OP_MORE, "");
        script_hear(to, FIN | OP_TEXT, text);
        return true;
    }
    index -= good;
    if (index < bad) {
        script_say(to, FIN | OP_TEXT, bad_texts[index]);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    }
    index -= bad;
    if (index >= bad)
        return false;
    if (index < 5) { /* as binary the same bytes are nobody's business */
        script_say(to, FIN | OP_BINARY, bad_texts[index]);
        script_hear(to, FIN | OP_BINARY, bad_texts[index]);
        return true;
    }
    /* What can never become valid is refused before the message is over. */
    script_say(to, OP_TEXT, bad_texts[index]);
    script_say(to, OP_MORE, " and so on");
    script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
    return true;
}

/* ---- 7 closing ---------------------------------------------------------------------------- */

static void close_with(frame_script *to, const void *payload, size_t size) {
    script_send(to, FIN | OP_CLOSE, payload, size);
    script_expect(to, FIN | OP_CLOSE, payload, size);
}

static bool close_codes(frame_script *to, uint32_t index) {
    static const uint16_t good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009,
                                    1010, 1011, 3000, 3999, 4000, 4999};
    static const uint16_t bad[] = {0,    1,    999,  1004, 1005, 1006,
                                   1016, 1100, 2000, 2999, 5000, 65535};
    uint32_t good_count = sizeof good / sizeof good[0];
    if (index >= good_count + sizeof bad / sizeof bad[0])
        return false;
    uint16_t code = index < good_count ? good[index] : bad[index - good_count];
    const char payload[] = {(char)(code >> 8), (char)(code & 0xff), 'b', 'y', 'e'};
    if (index < good_count) {
        close_with(to, payload, sizeof payload);
        to->code = code;
        return true;
    }
    script_send(to, FIN | OP_CLOSE, payload, sizeof payload);
    script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
    return true;
}

static bool wrong_closes(frame_script *to, uint32_t index) {
    char payload[126] = "\x03\xe8";
    switch (index) {
    case 0: /* half a code */
        script_send(to, FIN | OP_CLOSE, "\x03", 1);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 1:
        memset(payload + 2, '*', 124);
        script_send(to, FIN | OP_CLOSE, payload, 126);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 2: /* a reason that is no text */
        script_send(to, FIN | OP_CLOSE, "\x03\xe8\xce\xba\xe1", 5);
        script_fault(to, TW_SOCKET_BAD_TEXT, TW_PROTOCOL);
        return true;
    default:
        return close_codes(to, index - 3);
    }
}

static bool closing(frame_script *to, uint32_t index) {
    char payload[125] = "\x03\xe8";
    switch (index) {
    case 0:
        close_with(to, "", 0);
        to->code = TW_SOCKET_NO_CODE;
        return true;
    case 1:
        close_with(to, "\x03\xe8", 2);
        to->code = TW_SOCKET_NORMAL;
        return true;
    case 2:
        close_with(to, "\x03\xe8gr\xc3\xbc\xc3\x9f", 8);
        return true;
    case 3:
        memset(payload + 2, '*', 123);
        close_with(to, payload, 125);
        return true;
    case 4: /* what comes behind a close is not looked at */
        close_with(to, "\x03\xe8", 2);
        script_say(to, FIN | OP_PING, "late");
        script_say(to, FIN | OP_TEXT, "late");
        script_send(to, FIN | OP_CLOSE, "\x03\xe9", 2);
        to->code = TW_SOCKET_NORMAL;
        to->ends_itself = true;
        return true;
    case 5: /* a close in the middle of a message */
        script_say(to, OP_TEXT, "never to be ");
        close_with(to, "\x03\xe8", 2);
        return true;
    case 6:
        script_say(to, FIN | OP_TEXT, "message");
        script_hear(to, FIN | OP_TEXT, "message");
        close_with(to, "\x03\xe9", 2);
        to->code = TW_SOCKET_GOING_AWAY;
        return true;
    default:
        return wrong_closes(to, index - 7);
    }
}

/* ---- 9 limits ----------------------------------------------------------------------------- */

static bool limits(frame_script *to, uint32_t index) {
    size_t most = SCRIPT_MESSAGE_SIZE_MAX;
    switch (index) {
    case 0:
        in_pieces(to, OP_BINARY, most, most / 4);
        return true;
    case 1:
        script_send(to, FIN | OP_BINARY, pattern(most + 1), most + 1);
        script_fault(to, TW_SOCKET_TOO_BIG, TW_FULL);
        return true;
    case 2: /* no piece is too big, but all together are */
        script_send(to, OP_BINARY, pattern(most), most);
        script_send(to, FIN | OP_MORE, "x", 1);
        script_fault(to, TW_SOCKET_TOO_BIG, TW_FULL);
        return true;
    case 3: /* a promise of 2^62 bytes is refused at once */
        script_head(to, FIN | OP_BINARY, UINT64_C(1) << 62, 9);
        script_raw(to, "xxxx", 4);
        script_fault(to, TW_SOCKET_TOO_BIG, TW_FULL);
        return true;
    case 4: /* the top bit of a length is zero */
        script_head(to, FIN | OP_BINARY, (UINT64_C(1) << 63) | 1, 9);
        script_raw(to, "xxxx", 4);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 5: /* a length is in its shortest form */
        script_head(to, FIN | OP_BINARY, 5, 3);
        script_payload(to, "short", 5);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 6:
        script_head(to, FIN | OP_BINARY, 1000, 9);
        script_payload(to, pattern(1000), 1000);
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    case 7: /* a client masks, a server does not */
        to->is_tried = true;
        script_say(to, FIN | OP_TEXT, "unmasked");
        script_fault(to, TW_SOCKET_PROTOCOL_ERROR, TW_PROTOCOL);
        return true;
    default:
        return false;
    }
}

/* ---- the sections ------------------------------------------------------------------------- */

static void every_case_is_answered_as_the_rfc_says(void **state) {
    (void)state;
    static const struct {
        const char *name;
        case_maker make;
    } sections[] = {
        {"framing", framing}, {"pings", pings},         {"reserved bits", reserved_bits},
        {"opcodes", opcodes}, {"fragments", fragments}, {"texts", texts},
        {"closing", closing}, {"limits", limits}};
    script_house_open(&house);
    ear.bytes = malloc(SCRIPT_SIZE_MAX);
    for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++) {
        uint32_t before = play_count;
        uint32_t cases = play_section(sections[i].make);
        print_message("%-14s %3u cases, played %u times\n", sections[i].name, cases,
                      play_count - before);
    }
    print_message("%-14s %3u cases, played %u times\n", "all", case_count, play_count);
    free(ear.bytes);
    script_done(&script);
    script_house_close(&house);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_case_is_answered_as_the_rfc_says)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
