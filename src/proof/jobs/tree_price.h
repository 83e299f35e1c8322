/*
 * tree_price.h - an American put on a tree of prices (Cox, Ross and Rubinstein 1979): a computation
 * of some ten microseconds that always gives the same answer.
 */
#ifndef TRADEWIND_PROOF_TREE_PRICE_H
#define TRADEWIND_PROOF_TREE_PRICE_H

enum { TREE_STEPS = 256 };

typedef struct tree_option {
    double spot;
    double strike;
    double years;
    double volatility;
    double rate;
} tree_option;

double tree_price(const tree_option *option);

#endif
