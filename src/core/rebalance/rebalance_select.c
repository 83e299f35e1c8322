/*
 * rebalance_select.c - the fewest offers that cover an amount, without sorting them.
 *
 * A quickselect by weight: split by a pivot, keep the running sum of the larger part, and go on in
 * the part where the amount is reached. Of many the first pivot is where a sample covers the
 * amount; others are a middle of three, of nine when there are many: no random number, so the same
 * offers end in the same places. Should the pivots be bad again and again, what is left is sorted,
 * so the worst case is O(n log n).
 *
 * Invariants:
 * 1. offer_goes_first is a total order: no two offers are alike, for their indices differ.
 * 2. In offers_cover, what stands before `begin` goes before what stands in [begin, end), and that
 *    before the rest; `need` is above 0 and is what is left for [begin, end), which can give it.
 */
#include "rebalance_priv.h"

#define SPLITS_MAX 64
#define SORT_BELOW 8
#define SAMPLE_SIZE 64
#define SAMPLE_BEYOND 3
#define SAMPLE_FROM 1024 /* offers, for a sample to be worth its while */

bool offer_goes_first(const problem *p, const offer *a, const offer *b) {
    if (a->amount != b->amount)
        return a->amount > b->amount;
    if (a->rank != b->rank)
        return a->rank < b->rank;
    if (p->in_symbol_order)
        return a->index < b->index;
    tw_symbol symbol_a = rebalance_symbol_of(p, a->index);
    tw_symbol symbol_b = rebalance_symbol_of(p, b->index);
    return symbol_a != symbol_b ? symbol_a < symbol_b : a->index < b->index;
}

static void exchange(offer *a, offer *b) {
    offer kept = *a;
    *a = *b;
    *b = kept;
}

static void sift_down(const problem *p, offer *heap, size_t count, size_t at) {
    for (;;) {
        size_t best = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < count; child++)
            if (offer_goes_first(p, &heap[child], &heap[best]))
                best = child;
        if (best == at)
            return;
        exchange(&heap[at], &heap[best]);
        at = best;
    }
}

void offers_heap(const problem *p, offer *offers, size_t count) {
    for (size_t i = count / 2; i-- > 0;)
        sift_down(p, offers, count, i);
}

offer offers_take(const problem *p, offer *offers, size_t count) {
    TW_ASSERT(count > 0);
    exchange(&offers[0], &offers[count - 1]);
    sift_down(p, offers, count - 1, 0);
    return offers[count - 1];
}

void offers_sort(const problem *p, offer *offers, size_t count) {
    offers_heap(p, offers, count);
    for (size_t left = count; left > 0; left--)
        offers_take(p, offers, left);
    for (size_t i = 0; i < count / 2; i++)
        exchange(&offers[i], &offers[count - 1 - i]);
}

static const offer *middle_of(const problem *p, const offer *a, const offer *b, const offer *c) {
    if (offer_goes_first(p, a, b) == offer_goes_first(p, b, c))
        return b;
    return offer_goes_first(p, a, b) == offer_goes_first(p, a, c) ? c : a;
}

static offer pivot_of(const problem *p, const offer *offers, size_t count) {
    size_t step = count / 8;
    if (count < 128)
        return *middle_of(p, &offers[0], &offers[count / 2], &offers[count - 1]);
    const offer *thirds[3];
    for (size_t i = 0; i < 3; i++) {
        const offer *first = &offers[i * 3 * step];
        const offer *last = i == 2 ? &offers[count - 1] : &first[2 * step];
        thirds[i] = middle_of(p, first, &first[step], last);
    }
    return *middle_of(p, thirds[0], thirds[1], thirds[2]);
}

/* Where an even sample of the offers covers the part that is needed, and a little beyond: the first
 * split then leaves few. */
static offer sampled_pivot(const problem *p, const offer *offers, size_t count, double part) {
    offer sample[SAMPLE_SIZE];
    double sum = 0;
    for (size_t i = 0; i < SAMPLE_SIZE; i++) {
        sample[i] = offers[i * (count / SAMPLE_SIZE)];
        sum += (double)sample[i].amount;
    }
    offers_sort(p, sample, SAMPLE_SIZE);
    double covered = 0;
    size_t at = 0;
    while (at + 1 < SAMPLE_SIZE && covered < part * sum)
        covered += (double)sample[at++].amount;
    return sample[at + SAMPLE_BEYOND < SAMPLE_SIZE ? at + SAMPLE_BEYOND : SAMPLE_SIZE - 1];
}

/* Moves what goes before the pivot, and the pivot, to the front; returns their number and sum. */
static size_t split(const problem *p, offer *offers, size_t count, const offer *pivot,
                    wide *ret_sum) {
    size_t front = 0;
    wide sum = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t amount = offers[i].amount;
        bool first = amount > pivot->amount;
        if (amount == pivot->amount)
            first = !offer_goes_first(p, pivot, &offers[i]);
        offer kept = offers[front];
        offers[front] = offers[i];
        offers[i] = kept;
        front += first;
        sum += first ? amount : 0;
    }
    *ret_sum = sum;
    return front;
}

size_t offers_cover(const problem *p, offer *offers, size_t count, wide need) {
    if (need <= 0)
        return 0;
    wide sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += offers[i].amount;
    if (sum < need)
        return count + 1;
    size_t begin = 0;
    size_t end = count;
    double part = (double)need / (double)sum;
    for (int splits = 0; end - begin > SORT_BELOW && splits < SPLITS_MAX; splits++) {
        offer pivot = splits == 0 && count >= SAMPLE_FROM
                          ? sampled_pivot(p, offers, count, part)
                          : pivot_of(p, &offers[begin], end - begin);
        size_t front = split(p, &offers[begin], end - begin, &pivot, &sum);
        if (sum < need) {
            need -= sum;
            begin += front;
        } else if (front < end - begin) {
            end = begin + front;
        } else {
            /* The pivot goes last of all: it is the end, and the rest is one less. */
            for (size_t i = begin; i < end; i++)
                if (offers[i].index == pivot.index)
                    exchange(&offers[i], &offers[end - 1]);
            if (sum - pivot.amount < need)
                return end;
            end--;
        }
    }
    offers_sort(p, &offers[begin], end - begin);
    while (offers[begin].amount < need)
        need -= offers[begin++].amount;
    return begin + 1;
}
