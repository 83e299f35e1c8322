/* wire_exchange_clock.c - the exchange's clock over HTTP: jumps, speed, hours and lag. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "exchange_world.h"

static void post(const char *path, uint32_t http_status) {
    call("POST", path, "");
    if (w.http_status != http_status)
        fail_msg("%s: %u %s", path, w.http_status, w.body);
}

static void has(const char *part) {
    if (strstr(w.body, part) == NULL)
        fail_msg("%s is not in %s", part, w.body);
}

static void a_jump_goes_to_the_close_and_over_the_night(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    open_world(&config);
    call("GET", "/sim/clock", "");
    has("\"phase\":\"regular\",\"is_open\":true,\"lag_ns\":0}");
    post("/sim/clock/jump?to=close", 200);
    has("{\"now\":\"2026-01-05T21:00:00.000000000Z\"");
    has("\"phase\":\"after\",\"is_open\":false");
    call("GET", "/v2/clock", "");
    has("\"is_open\":false");
    post("/sim/clock/jump?to=open", 200);
    has("{\"now\":\"2026-01-06T14:30:00.000000000Z\"");
    has("\"is_open\":true");
    post("/sim/clock/jump?to=2026-01-11", 200);
    has("\"phase\":\"closed\"");
    close_world();
}

static void a_jump_goes_forward_only_and_not_too_far(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    open_world(&config);
    static const char *const wrong[] = {"",
                                        "?to=",
                                        "?to=noon",
                                        "?to=2026-01-05T14:29:59Z",
                                        "?to=2027-01-07",
                                        "?to=9999-12-31",
                                        "?to=2026-13-01"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        char path[64];
        snprintf(path, sizeof path, "/sim/clock/jump%s", wrong[i]);
        post(path, 400);
    }
    call("GET", "/sim/clock", "");
    has("{\"now\":\"2026-01-05T14:30:00.000000000Z\"");
    post("/sim/clock/speed?times=2", 409);
    close_world();
}

static void a_running_clock_changes_its_speed(void **state) {
    (void)state;
    tw_exchange_config config = configuration();
    config.clock = TW_EXCHANGE_REAL;
    config.start_ns = INT64_C(1767623400000000000);
    open_world(&config);
    post("/sim/clock/speed?times=0", 400);
    post("/sim/clock/speed?times=fast", 400);
    post("/sim/clock/speed?times=600", 200);
    has("\"speed\":600,");
    post("/sim/clock/jump?to=2026-01-05T15:30:00Z", 200);
    has("{\"now\":\"2026-01-05T15:30:0");
    TURN_UNTIL(floor_now(w.exchange->floor) >
               INT64_C(1767623400000000000) + TW_NS_PER_HOUR + TW_NS_PER_MINUTE);
    close_world();
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_jump_goes_to_the_close_and_over_the_night),
        cmocka_unit_test(a_jump_goes_forward_only_and_not_too_far),
        cmocka_unit_test(a_running_clock_changes_its_speed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
