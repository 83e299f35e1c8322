/* losses_read.h - the journal entry that says what counted against the controls of losses. */
#ifndef TRADEWIND_RUN_RECOVERY_LOSSES_READ_H
#define TRADEWIND_RUN_RECOVERY_LOSSES_READ_H

#include "json.h"
#include "tradewind/engine.h"

/* TW_PARSE: the payload is not one of a `losses` entry, whole. TW_NO_MEMORY. */
tw_status losses_read(tw_json_reader *reader, tw_slice payload,
                      tw_pretrade_past *ret_past) TW_MUST_CHECK;

#endif
