/*
 * proof_peer.h - a peer that is a program: started once, then asked in turn with the other ways.
 *
 *     us:    run 4000\n
 *     peer:  done ELAPSED_NS CHECKSUM QUALITY\n      it did 4,000 units and measured them itself
 *            missing SENTENCE\n                      what it needs is not installed
 *            failed SENTENCE\n
 *
 * It ends when its standard input ends, or with us. What it writes to standard error is lost.
 * Threads: one.
 */
#ifndef TRADEWIND_PROOF_PROOF_PEER_H
#define TRADEWIND_PROOF_PROOF_PEER_H

#include "proof.h"

enum { PROOF_PEER_ARGUMENTS_MAX = 8 };

typedef struct proof_peer proof_peer;

/* A program and its arguments, up to a NULL. TW_NOT_FOUND: there is no such program. */
tw_status proof_peer_start(const char *const *arguments, proof_peer **ret_peer,
                           tw_error *error) TW_MUST_CHECK;

/* The same for a script of Python 3 with arguments, of which it has sys.argv[1:]. In front of it
 * stands peer_prelude.py: `answer(work)` answers, and a module that cannot be imported is missing.
 * It is asked to do nothing (run 0), of the `python3` of the PATH and then of /usr/bin/python3, and
 * what the last of them is missing is told: TW_NOT_FOUND. */
tw_status proof_peer_python(const char *script, const char *const *arguments, proof_peer **ret_peer,
                            tw_error *error) TW_MUST_CHECK;

/* run->units of them. TW_NOT_FOUND: it says that something is missing; TW_TIMEOUT: no answer within
 * a minute; TW_CLOSED: it has ended; TW_REMOTE: it says that it failed; TW_PROTOCOL. */
tw_status proof_peer_run(proof_peer *peer, proof_run *run, tw_error *error) TW_MUST_CHECK;

void proof_peer_stop(proof_peer *peer); /* takes NULL */

#endif
