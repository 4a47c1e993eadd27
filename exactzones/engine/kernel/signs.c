/* Proofs that a neuron is not positive on a cell, by the signs of the units of a layer before.

   On the cell, the neuron and the rows of the neurons since a layer m are affine functions of z, the pre-activations of layer m - 1:
   c + sum of v_a z_a over the units a that are on, and z_a >= 0 for these.  If the neuron plus multiples of such rows has a negative
   constant, and no v_a is positive, the neuron is negative, however large the cell is (proofs/inequalities.md). */

#include "search.h"

#define NEARLY 1e-9    /* coefficients and pivots below this, in proportion to their terms, count as zero */
#define BELOW 1e-7     /* coefficients that are to be zero are made less than that by so much, in proportion */
#define ABOVE 1e-6     /* coefficients above this, in proportion, are not to be zero */

/* The neuron times its sign, the first function, and the rows with a multiplier, as functions of units; the constant is the last. */
typedef struct {
    int count, width;             /* functions; coefficients of each, one more than there are units */
    double *value, *size;         /* count * width coefficients, and the sums of the sizes of their terms */
    double multiplier[MOST_COMBINED], off;
} Combination;

static double sum_at(const Combination *C, int a, double *size) {
    double sum = 0;
    *size = 0;
    for (int i = 0; i < C->count; i++) {
        sum += C->multiplier[i] * C->value[(size_t)i * C->width + a];
        *size += C->multiplier[i] * C->size[(size_t)i * C->width + a];
    }
    return sum;
}

static const uint8_t *states_of(const Search *S, int k) {
    const uint8_t *state = S->state;
    for (int before = 0; before < k; before++) state += S->layer[before].outputs;
    return state;
}

/* Add sign times a neuron of layer k as a function of the units of layer m - 1. */
static void combine(Search *S, Combination *C, int m, int k, int neuron, int sign, double multiplier) {
    double *from = S->carried, *to = from + 2 * S->widest;
    double *value = C->value + (size_t)C->count * C->width, *size = C->size + (size_t)C->count * C->width;
    int n = S->layer[k].inputs;
    for (int a = 0; a <= n; a++) {
        from[a] = sign * S->layer[k].rows[(size_t)neuron * (n + 1) + a];
        from[S->widest + a] = fabs(from[a]);
    }
    double off = n + 4;
    while (--k >= m) {
        const SearchLayer *L = &S->layer[k];
        const uint8_t *state = states_of(S, k);
        memset(to, 0, 2 * S->widest * sizeof(double));
        to[L->inputs] = from[n];
        to[S->widest + L->inputs] = from[S->widest + n];
        for (int b = 0; b < n; b++) {
            if (!(state[b] & ON) || from[S->widest + b] == 0) continue;
            for (int a = 0; a <= L->inputs; a++) {
                to[a] += from[b] * L->rows[(size_t)b * (L->inputs + 1) + a];
                to[S->widest + a] += from[S->widest + b] * fabs(L->rows[(size_t)b * (L->inputs + 1) + a]);
            }
        }
        double *kept = from;
        from = to;
        to = kept;
        off += n + 4;
        n = L->inputs;
    }
    memcpy(value, from, C->width * sizeof(double));
    memcpy(size, from + S->widest, C->width * sizeof(double));
    C->multiplier[C->count++] = multiplier;
    C->off = fmax(C->off, off);
}

/* Change the multipliers of the rows so that the sums at some units change as they should, by Gauss-Jordan elimination with full
   pivoting; returns 0 if that is not possible. */
static int adjust(Combination *C, const int *units, const double *changes, int count) {
    double M[MOST_COMBINED][MOST_COMBINED];
    int pivot_of[MOST_COMBINED], used[MOST_COMBINED] = {1}; /* the neuron's own multiplier stays */
    const int last = C->count;
    for (int t = 0; t < count; t++) {
        for (int i = 0; i < last; i++) M[t][i] = C->value[(size_t)i * C->width + units[t]];
        M[t][last] = changes[t];
    }
    for (int t = 0; t < count; t++) {
        int row = t, column = -1;
        for (int r = t; r < count; r++)
            for (int i = 1; i < last; i++)
                if (!used[i] && (column < 0 || fabs(M[r][i]) > fabs(M[row][column]))) row = r, column = i;
        if (column < 0 || !(fabs(M[row][column]) > NEARLY)) return 0;
        used[column] = 1;
        pivot_of[t] = column;
        for (int i = 0; i <= last; i++) {
            const double kept = M[row][i];
            M[row][i] = M[t][i];
            M[t][i] = kept;
        }
        const double inverse = 1 / M[t][column];
        for (int i = 0; i <= last; i++) M[t][i] *= inverse;
        for (int r = 0; r < count; r++) {
            const double factor = M[r][column];
            if (r != t && factor != 0)
                for (int i = 0; i <= last; i++) M[r][i] -= factor * M[t][i];
        }
    }
    for (int t = 0; t < count; t++) C->multiplier[pivot_of[t]] += M[t][last];
    for (int i = 1; i < last; i++)
        if (!(C->multiplier[i] >= 0)) return 0;
    return 1;
}

/* Whether the sum is certainly negative. */
static int is_negative(const Search *S, const Combination *C, int m) {
    const double off = (C->off + 2 * C->count + 8) * UNIT_ROUNDOFF * SLACK;
    const uint8_t *on = states_of(S, m - 1);
    double size;
    for (int a = 0; a < C->width - 1; a++) {
        if (!(on[a] & ON)) continue;
        const double value = sum_at(C, a, &size);
        if (size != 0 && (!S->layer[m - 1].relu[a] || !(value <= -off * size) || !(size <= DBL_MAX))) return 0;
    }
    return sum_at(C, C->width - 1, &size) < -(off * size * SLACK + TINY) && size <= DBL_MAX;
}

static int refuted_from(Search *S, int m, int k, int neuron, int sign) {
    const int width = S->layer[m].inputs + 1;
    Combination C = {0, width, S->carried + 4 * S->widest, S->carried + (4 + MOST_COMBINED) * S->widest, {0}, 0};
    int tight[MOST_COMBINED], count = 0, first = 0, layer = m;
    double changes[MOST_COMBINED], size;
    combine(S, &C, m, k, neuron, sign, 1);
    for (int before = 0; before < m; before++) first += S->layer[before].outputs;
    for (int i = 0; i < S->rows && C.count < MOST_COMBINED - 1; i++) {
        int unit = S->row_unit[i];
        if (!(S->multiplier[i] > 0) || unit < first) continue;
        const int side = S->state[unit] & ON ? 1 : -1;
        unit -= first;
        for (layer = m; unit >= S->layer[layer].outputs; layer++) unit -= S->layer[layer].outputs;
        if (layer == k && unit == neuron) continue; /* a row that was left out */
        combine(S, &C, m, layer, unit, side, S->multiplier[i]);
    }
    const uint8_t *on = states_of(S, m - 1);
    for (int a = 0; a < width - 1 && C.count > 1; a++) {
        if (!(on[a] & ON)) continue;
        const double value = sum_at(&C, a, &size);
        if (size == 0 || value <= -NEARLY * size) continue;
        if (!(value <= ABOVE * size) || count == C.count - 1) return 0;
        tight[count] = a;
        changes[count++] = -BELOW * size - value;
    }
    return (!count || adjust(&C, tight, changes, count)) && is_negative(S, &C, m);
}

/* Whether sign times a neuron of layer k is certainly negative, by the multipliers of the last program. */
int refuted_by_units(Search *S, int k, int neuron, int sign) {
    for (int m = k; m > 0; m--)
        if (refuted_from(S, m, k, neuron, sign)) return 1;
    return 0;
}
