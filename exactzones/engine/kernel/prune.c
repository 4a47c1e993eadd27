/* Pruning.  The layer that cuts is followed by further layers and then by a single unit, the target.  A cell is dropped as soon
   as a linear relaxation of the units that are not settled proves that the target is positive nowhere on it.

   numpy_prune.py and numpy_bounds.py do the same operations in the same order. */

#include "bounds.h"

#define AT_ONCE 8 /* sums; one alone waits for each of its additions */
#define LARGEST_REACH 1e-3 /* no bounds are computed from generators that are less exact than this */
/* Rounds of the search for good lower slopes, for the target and for a unit. */
#define TARGET_ROUNDS 8
#define UNIT_ROUNDS 3

/* Guesses about a generator: whether the target seems positive there. */
enum { NO_GUESS = 0, SEEMS_POSITIVE = 1, SEEMS_NEGATIVE = 2 };

/* The pre-activations of a downstream layer, given the activations before it; every sum is in order. */
static void pre_activations(const Downstream *D, const double *values, double one, double *result) {
    const int m = D->inputs;
    int i = 0;
    for (; i + AT_ONCE <= D->outputs; i += AT_ONCE) {
        const double *W = D->weight + (size_t)i * (m + 1);
        double sums[AT_ONCE];
        for (int k = 0; k < AT_ONCE; k++) sums[k] = W[(size_t)k * (m + 1) + m] * one;
        for (int j = 0; j < m; j++)
            for (int k = 0; k < AT_ONCE; k++) sums[k] += W[(size_t)k * (m + 1) + j] * values[j];
        memcpy(result + i, sums, sizeof sums);
    }
    for (; i < D->outputs; i++) {
        const double *W = D->weight + (size_t)i * (m + 1);
        result[i] = W[m] * one;
        for (int j = 0; j < m; j++) result[i] += W[j] * values[j];
    }
}

/* --- Guesses --- */

/* How large the target can be at a generator whose entries do not exceed 1; values far below that count as zero. */
static double magnitude(const Layer *L, Target *G) {
    double *now = G->coefficients, *next = G->others;
    for (int j = 0; j < L->n; j++) now[j] = L->LA[j];
    for (int q = 0; q < G->depth; q++) {
        const Downstream *D = &G->layers[q];
        for (int i = 0; i < D->outputs; i++) {
            const double *W = D->weight + (size_t)i * (D->inputs + 1);
            next[i] = fabs(W[D->inputs]);
            for (int j = 0; j < D->inputs; j++) next[i] += fabs(W[j]) * now[j];
        }
        swap(&now, &next);
    }
    double total = fabs(G->target[G->target_inputs]);
    for (int j = 0; j < G->target_inputs; j++) total += fabs(G->target[j]) * now[j];
    return total;
}

void target_start(const Layer *L, Target *G) { G->magnitude = magnitude(L, G); }

/* Guess whether the target is positive at a generator of a cell, by plain float evaluation. */
static int guess_at(const Layer *L, Target *G, Py_ssize_t v, const uint8_t *state) {
    const double *X = VX(L, v), one = X[0];
    double *values = G->coefficients, *next = G->others, top = 1;
    for (int c = 0; c < L->w; c++) top = fabs(X[c]) > top ? fabs(X[c]) : top;
    for (int j = 0; j < L->n; j++) {
        const double value = state[j] == OFF ? 0 : value_at(L, X, j);
        values[j] = state[j] == OPEN && value < 0 ? 0 : value;
    }
    for (int q = 0; q < G->depth; q++) {
        const Downstream *D = &G->layers[q];
        pre_activations(D, values, one, next);
        for (int i = 0; i < D->outputs; i++) if (D->relu[i] && next[i] < 0) next[i] = 0;
        swap(&values, &next);
    }
    double sum = G->target[G->target_inputs] * one;
    for (int j = 0; j < G->target_inputs; j++) sum += G->target[j] * values[j];
    return sum > NEAR * NEAR * G->magnitude * top ? SEEMS_POSITIVE : SEEMS_NEGATIVE;
}

/* Choose the neuron that has most generators on a side on which the target seems positive at none.  *next stays as it is if there is
   no such neuron. */
static void cut_off_most(const Layer *L, const List *cell, const uint8_t *state, int *next) {
    long most = 0;
    for (int j = 0; j < L->n; j++) {
        if (state[j] != OPEN) continue;
        long count[2][2] = {{0, 0}, {0, 0}}; /* [negative side][seems positive] */
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            const uint8_t flag = FLAGS(L, cell->at[k])[j];
            if (flag) count[flag == NEGATIVE][GUESS(L, cell->at[k]) == SEEMS_POSITIVE]++;
        }
        long score = 0;
        for (int side = 0; side < 2; side++) if (!count[side][1] && count[side][0] > score) score = count[side][0];
        if (score > most) most = score, *next = j;
    }
}

/* If the target seems positive at some generator, no bound is expected to drop the cell, and none is computed.  This only saves
   work: it decides nothing. */
int seems_to_fire(Layer *L, Target *G, const List *cell, const uint8_t *state, int *next) {
    Py_ssize_t positive = 0;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const Py_ssize_t v = cell->at[k];
        if (GUESS(L, v) == NO_GUESS) GUESS(L, v) = (uint8_t)guess_at(L, G, v, state);
        positive += GUESS(L, v) == SEEMS_POSITIVE;
    }
    if (positive && positive < cell->used) cut_off_most(L, cell, state, next);
    return positive > 0;
}

/* --- Better slopes --- */

/* Move the lower slope of a relaxed unit, inside [0, 1], towards the one that is exact where its pre-activation is `value`. */
static void lean(Downstream *D, int i, double value, int round) {
    if (D->u_shift[i] > 0) D->l_slope[i] += ((value > 0) - D->l_slope[i]) * 2 / (round + 2);
}

/* Move all lower slopes towards those that are exact at a point; `last` as in upper_bound. */
static void lean_towards(BoundedCell *b, const double *point, int last, int round) {
    const Layer *L = b->L;
    Target *G = b->G;
    double *values = G->coefficients, *next = G->others;
    for (int j = 0; j < L->n; j++) {
        const double value = value_at(L, point, j);
        lean(&G->own, j, value, round);
        values[j] = b->state[j] == OFF || (b->state[j] == OPEN && value < 0) ? 0 : value;
    }
    for (int q = 0; q <= last; q++) {
        Downstream *D = &G->layers[q];
        pre_activations(D, values, 1, next);
        for (int i = 0; i < D->outputs; i++) {
            lean(D, i, next[i], round);
            if (D->relu[i] && next[i] < 0) next[i] = 0;
        }
        swap(&values, &next);
    }
}

/* An affine function of the activations of layer `last`, times a sign: `count` coefficients, then the constant. */
typedef struct { int last, count; const double *f; double sign; } Affine;

/* Bound such a function from above.  If `least`, the bound so far, is NaN, this begins with the current slopes; then it tries
   lower slopes that suit the points where the bounds were largest, until the bound is 0 or less.

   This is fictitious play between two players, with weights that favour later rounds.  One chooses the slopes that make the relaxation
   exact at a mean of the generators that the other has chosen; the other chooses the generator at which the bound with a mean of
   those slopes is largest.  Any slopes give a bound. */
static double bound_by_slopes(BoundedCell *b, Affine affine, int rounds, double least) {
    const Layer *L = b->L;
    Target *G = b->G;
    double mean[MAX_DIM + 1] = {0};
    for (int round = isnan(least) ? 0 : 1; round <= rounds && !(least <= 0); round++) {
        if (round) {
            for (int c = 0; c < L->w; c++) mean[c] += (VX(L, G->highest)[c] - mean[c]) * 2 / (round + 1);
            lean_towards(b, mean, affine.last, round);
        }
        for (int j = 0; j <= affine.count; j++) G->coefficients[j] = affine.sign * affine.f[j];
        const double bound = upper_bound(b, affine.last, NULL);
        if (!round || bound < least) least = bound;
    }
    return least;
}

/* Bound the units of downstream layers with better slopes, and relax them anew. */
static void tighten_by_slopes(BoundedCell *b) {
    Target *G = b->G;
    for (int q = 0; q < G->depth; q++) {
        Downstream *D = &G->layers[q];
        const int m = D->inputs;
        for (int i = 0; i < D->outputs; i++) {
            if (!D->relu[i] || D->low[i] >= 0 || D->high[i] <= 0) continue;
            const double *W = D->weight + (size_t)i * (m + 1);
            const double high = bound_by_slopes(b, (Affine){q - 1, m, W, 1}, UNIT_ROUNDS, NAN);
            const double low = -bound_by_slopes(b, (Affine){q - 1, m, W, -1}, UNIT_ROUNDS, NAN);
            if (high < D->high[i]) D->high[i] = high;
            if (low > D->low[i]) D->low[i] = low;
            relax(D, i, D->low[i], D->high[i]);
        }
    }
}

/* Bound the target again with better slopes; if they help much, bound the units of downstream layers likewise, and then the
   target once more.  Returns 1 if that drops the cell.

   Nothing else may depend on the points and slopes that this tries, because nearly equal values do not count as equal in it.  The
   neuron to cut with has been chosen before. */
static int drops_by_slopes(BoundedCell *b, double before) {
    const Affine target = {b->G->depth - 1, b->G->target_inputs, b->G->target, 1};
    const double bound = bound_by_slopes(b, target, TARGET_ROUNDS, before);
    if (bound <= 0) return 1;
    if (!(bound < before / 2)) return 0;
    tighten_by_slopes(b);
    return bound_by_slopes(b, target, TARGET_ROUNDS, NAN) <= 0;
}

/* Nothing is concluded about unbounded cells. */
int cannot_fire(const Layer *L, Target *G, const List *cell, const uint8_t *state, int *next) {
    BoundedCell b = {L, G, cell, state, {0, 0, 0}};
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        if (VX(L, cell->at[k])[0] == 0) return 0;
        extend(&b.reach, L, cell->at[k]);
    }
    if (!(b.reach.reach < LARGEST_REACH)) return 0;
    G->bounds++;
    const double bound = first_bound(&b, next);
    if (!(bound <= 0) && !drops_by_slopes(&b, bound)) return 0;
    G->dropped++;
    return 1;
}
