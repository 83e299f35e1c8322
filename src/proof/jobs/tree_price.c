/* tree_price.c - see tree_price.h. */
#include "tree_price.h"

#include <math.h>

double tree_price(const tree_option *option) {
    double values[TREE_STEPS + 1];
    double spots[TREE_STEPS + 1];
    double step = option->years / TREE_STEPS;
    double up = exp(option->volatility * sqrt(step));
    double discount = exp(-option->rate * step);
    double chance = (1 / discount - 1 / up) / (up - 1 / up);
    for (int i = 0; i <= TREE_STEPS; i++) {
        spots[i] = option->spot * pow(up, 2 * i - TREE_STEPS);
        values[i] = fmax(option->strike - spots[i], 0);
    }
    for (int count = TREE_STEPS; count > 0; count--) {
        for (int i = 0; i < count; i++) {
            double held = discount * (chance * values[i + 1] + (1 - chance) * values[i]);
            spots[i] *= up;
            double exercised = option->strike - spots[i];
            values[i] = held > exercised ? held : exercised;
        }
    }
    return values[0];
}
