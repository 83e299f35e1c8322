/*
 * source_priv.h - what the files of the source share.
 */
#ifndef TRADEWIND_SOURCE_PRIV_H
#define TRADEWIND_SOURCE_PRIV_H

#include "source.h"

/* Puts more text behind `end`, where there is room, or ends the data. */
void source_fill(tw_source *source);

/* Ends the data with a fault whose sentence is in fault_error. */
void source_set_fault(tw_source *source, tw_status status);

#endif
