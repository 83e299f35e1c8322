/* peer_scripts.h - the scripts of peers, as the build has put them into the program. */
#ifndef TRADEWIND_PROOF_PEER_SCRIPTS_H
#define TRADEWIND_PROOF_PEER_SCRIPTS_H

#include <stddef.h>

extern const char peer_bars[];
extern const size_t peer_bars_size;

extern const char peer_book_list[];
extern const size_t peer_book_list_size;

extern const char peer_chain[]; /* of bench/ */
extern const size_t peer_chain_size;

extern const char peer_inserts[];
extern const size_t peer_inserts_size;

extern const char peer_pool[];
extern const size_t peer_pool_size;

extern const char peer_requests[];
extern const size_t peer_requests_size;

extern const char peer_statistics[];
extern const size_t peer_statistics_size;

extern const char peer_features[];
extern const size_t peer_features_size;

extern const char peer_memoised[];
extern const size_t peer_memoised_size;

extern const char peer_risk[];
extern const size_t peer_risk_size;

extern const char peer_window[];
extern const size_t peer_window_size;

#endif
