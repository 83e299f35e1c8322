/*
 * replay_desk.h - an engine in a world with one fake venue, for the tests of replay.
 *
 * Everything is static, because the assertions of cmocka belong to the test program.
 */
#ifndef TRADEWIND_TESTS_SUPPORT_REPLAY_DESK_H
#define TRADEWIND_TESTS_SUPPORT_REPLAY_DESK_H

#include "fake_desk.h"

static fake_desk desk;

static inline tw_engine *start(const fake_options *options, const tw_engine_config *config) {
    tw_engine *engine = NULL;
    tw_error error = {0};
    fake_init(&desk, options);
    if (fake_engine(&desk, config, &engine, &error) != TW_OK)
        fail_msg("%s", error.message);
    return engine;
}

static inline void end(tw_engine *engine) {
    tw_engine_free(engine);
    fake_done(&desk);
}

static inline tw_engine_report report_of(const tw_engine *engine) {
    tw_engine_report report;
    tw_engine_get_report(engine, &report, NULL);
    return report;
}

#endif
