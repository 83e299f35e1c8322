/*
 * assert_near.h - doubles as close as they must be. (cmocka's own assertion compares floats.)
 * Include <cmocka.h> and <math.h> before using it.
 */
#ifndef TRADEWIND_TESTS_ASSERT_NEAR_H
#define TRADEWIND_TESTS_ASSERT_NEAR_H

#define assert_near(actual, expected, tolerance)                                     \
    do {                                                                             \
        double near_actual = (actual);                                               \
        double near_expected = (expected);                                           \
        if (!(fabs(near_actual - near_expected) <= (tolerance)))                     \
            fail_msg("%s is %.17g, not %.17g", #actual, near_actual, near_expected); \
    } while (0)

#endif
