/* The tree of a search, from which certificates are made: floats, one record after the other, each node before its children.

   0, unit, 1 or -1, proof      the unit is >= 0 or <= 0 on the cell at hand
   1, unit                      the cell is split: first comes the part on which the unit is >= 0, then the other one
   2, unit, proof               the target is nowhere positive, by bounds on the box of the units from this one on
   3                            the next item takes the place of the cell

   A proof is the upper bound that was proved, a common denominator or 0, the number of rows used, and for each its number and its
   multiplier: an integer to be divided by the denominator if there is one. */

#include "search.h"

static int put_number(Search *S, double value) { return put(&S->tree, &value, sizeof value); }

static int put_proof(Search *S, int by_program) {
    int used = 0;
    const double common = by_program ? S->common : 0;
    const double least = common > 0 ? LEAST_MULTIPLIER : 0;
    for (int i = 0; i < S->rows && by_program; i++) used += S->multiplier[i] > least;
    if (put_number(S, by_program ? S->top : -INFINITY) || put_number(S, common) || put_number(S, used)) return -1;
    for (int i = 0; i < S->rows && used; i++) {
        if (!(S->multiplier[i] > least)) continue;
        const double multiplier = common > 0 ? rint(S->multiplier[i] * common) : S->multiplier[i];
        if (put_number(S, i) || put_number(S, multiplier)) return -1;
    }
    return 0;
}

/* by_program: whether the multipliers of the last program prove it; otherwise the box does. */
int record_bound(Search *S, int unit, int sign, int by_program) {
    if (!S->records) return 0;
    return put_number(S, 0) || put_number(S, unit) || put_number(S, sign) || put_proof(S, by_program) ? -1 : 0;
}

int record_silence(Search *S, int from, int by_program) {
    if (!S->records) return 0;
    return put_number(S, 2) || put_number(S, from) || put_proof(S, by_program) ? -1 : 0;
}

int record_split(Search *S, int unit) {
    return S->records && (put_number(S, 1) || put_number(S, unit)) ? -1 : 0;
}

int record_item(Search *S) { return S->records && put_number(S, 3) ? -1 : 0; }
