/*
 * random_lanes.c - see random_lanes.h. RANDOM_LEVEL names the level and RANDOM_BYTES its register.
 *
 * Normals come in pairs (Box and Muller, A Note on the Generation of Random Normal Deviates, 1958):
 * of two draws of a lane one is a radius, sqrt(-2 ln u), and the other an angle. The angle lies
 * within 45 degrees of an axis; which half of which axis, say two bits more. So there is no branch,
 * and no reduction of the angle. (Inversion wants a logarithm, a square root and three ratios for
 * each value; on vectors of eight it takes five times as long.)
 *
 * Invariants:
 * 1. Row t of a block depends on the draws 2 floor(t / 2) and the next of its lane alone, so a
 * block that is cut short has the rows of the whole one.
 * 2. Loops are plain C over lanes: the level changes no bit.
 */
#include "random_lanes.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "logarithm.h"

/* ---- Draws --------------------------------------------------------------------------------- */

enum { PAIRS = 32 }; /* that are made at once: their draws stay in the first cache */

typedef struct draws {
    uint64_t radii[PAIRS][TW_RANDOM_LANES];
    uint64_t angles[PAIRS][TW_RANDOM_LANES];
} draws;

/* As many words as a register holds, and the registers that a row of lanes takes. */
typedef uint64_t words __attribute__((vector_size(RANDOM_BYTES)));
enum { WORDS = RANDOM_BYTES / 8, REGISTERS = TW_RANDOM_LANES / WORDS };
_Static_assert(TW_RANDOM_LANES % WORDS == 0, "a row of lanes fills registers");

static inline words rotate_left(words x, int k) {
    return (x << k) | (x >> (64 - k));
}

/* xoshiro256++, as tw_random_next. */
static inline words next(words *s) {
    words result = rotate_left(s[0] + s[3], 23) + s[0];
    words t = s[1] << 17;
    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rotate_left(s[3], 45);
    return result;
}

static void draw(random_lanes *lanes, size_t pairs, draws *ret_draws) {
    for (size_t r = 0; r < REGISTERS; r++) {
        words s[4];
        for (size_t i = 0; i < 4; i++)
            memcpy(&s[i], &lanes->state[i][r * WORDS], sizeof s[i]);
        for (size_t j = 0; j < pairs; j++) {
            words radius = next(s);
            words angle = next(s);
            memcpy(&ret_draws->radii[j][r * WORDS], &radius, sizeof radius);
            memcpy(&ret_draws->angles[j][r * WORDS], &angle, sizeof angle);
        }
        for (size_t i = 0; i < 4; i++)
            memcpy(&lanes->state[i][r * WORDS], &s[i], sizeof s[i]);
    }
}

/* ---- Normals ------------------------------------------------------------------------------- */

/* sin(pi f / 2) / f and (cos(pi f / 2) - 1) / f^2 in z = f^2, for |f| <= 1/2: the interpolating
 * polynomials of their Chebyshev points, within 2^-57 and 2^-61 of themselves. */
static inline double sine_ratio(double z) {
    double value = 0x1.e3f38399551bfp-25;
    value = value * z - 0x1.e30071afc3e59p-19;
    value = value * z + 0x1.50782fda12d96p-13;
    value = value * z - 0x1.32d2cce2e5b19p-8;
    value = value * z + 0x1.466bc677587f8p-4;
    value = value * z - 0x1.4abbce625be41p-1;
    return value * z + 0x1.921fb54442d18p+0;
}

static inline double cosine_ratio(double z) {
    double value = -0x1.b2f3eb054afcdp-28;
    value = value * z + 0x1.f9ce245cada0bp-22;
    value = value * z - 0x1.a6d1eef479be1p-16;
    value = value * z + 0x1.e1f5068688d5bp-11;
    value = value * z - 0x1.55d3c7e3cb241p-6;
    value = value * z + 0x1.03c1f081b5ac0p-2;
    return value * z - 0x1.3bd3cc9be45dep+0;
}

/* (k + 1/2) / 2^52 of the upper 52 bits k: in (0, 1), and exact. */
static inline double between(uint64_t bits) {
    const uint64_t one = UINT64_C(0x3ff0000000000000);
    return logarithm_value((bits >> 12) | one) - (1 - 0x1p-53);
}

typedef struct normal_pair {
    double first;
    double second;
} normal_pair;

static inline normal_pair pair_of(uint64_t radius_bits, uint64_t angle_bits) {
    double radius = sqrt(-2 * natural_logarithm(between(radius_bits)));
    double f = between(angle_bits) - 0.5;
    double z = f * f;
    double sine = radius * (f * sine_ratio(z));
    double cosine = radius * (1 + z * cosine_ratio(z));
    uint64_t sign = angle_bits << 63; /* bits 0 and 1: f has none of them */
    cosine = logarithm_value(logarithm_bits(cosine) ^ sign);
    bool swapped = (angle_bits & 2) != 0;
    return (normal_pair){swapped ? sine : cosine, swapped ? cosine : sine};
}

/* clang unrolls a loop over the lanes before it could make vectors of it. */
#if defined(__clang__)
#define LANES_TOGETHER _Pragma("clang loop vectorize(enable) unroll(disable)")
#else
#define LANES_TOGETHER
#endif

static void shape(const draws *from, size_t pairs, size_t stride, double *ret_values) {
    for (size_t j = 0; j < pairs; j++) {
        double *restrict first = ret_values + 2 * j * stride;
        double *restrict second = first + stride;
        LANES_TOGETHER
        for (size_t l = 0; l < TW_RANDOM_LANES; l++) {
            normal_pair pair = pair_of(from->radii[j][l], from->angles[j][l]);
            first[l] = pair.first;
            second[l] = pair.second;
        }
    }
}

static void normals(random_lanes *lanes, size_t count, size_t stride, double *ret_values) {
    draws now;
    for (size_t pairs = count / 2; pairs > 0;) {
        size_t some = pairs < PAIRS ? pairs : PAIRS;
        draw(lanes, some, &now);
        shape(&now, some, stride, ret_values);
        ret_values += 2 * some * stride;
        pairs -= some;
    }
    if (count % 2 == 1) { /* the first row of one pair more */
        double last[2 * TW_RANDOM_LANES];
        draw(lanes, 1, &now);
        shape(&now, 1, TW_RANDOM_LANES, last);
        memcpy(ret_values, last, TW_RANDOM_LANES * sizeof last[0]);
    }
}

#define JOIN(a, b) a##b
#define NAMED(a, b) JOIN(a, b)
const random_loops NAMED(random_loops_, RANDOM_LEVEL) = {.normals = normals};
