/* peer_prelude.h - what stands in front of the script of every peer, as the build has put it into
 * the program. */
#ifndef TRADEWIND_PROOF_PEER_PRELUDE_H
#define TRADEWIND_PROOF_PEER_PRELUDE_H

#include <stddef.h>

extern const char peer_prelude[];
extern const size_t peer_prelude_size;

#endif
