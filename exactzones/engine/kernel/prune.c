/* Pruning: downstream of the layer that cuts come further layers and then a single unit, the target.  A cell is dropped as soon
   as a linear relaxation of the units that are not settled proves that the target is positive nowhere on it.

   All bounds are taken over the cell's generators, where affine functions have their extremes, and are widened by what
   rounding may have cost: proofs/pruning.md.  Source of the relaxation: Zhang et al. 2018 (CROWN), with vertices for boxes.

   numpy_prune.py does the same operations in the same order. */

#include "prune.h"

/* Rows come from a matrix product whose rounding may depend on how many cells are multiplied at once.  A choice made by comparing
   floats must not depend on it, or the order of the zones would depend on how the work is divided: values within NEAR count as
   equal. */
#define NEAR 1e-6
#define LARGEST_REACH 1e-3 /* generators that are less exact than this are not worth a bound */
/* Rounds of the search for good lower slopes: of the target, and of a unit. */
#define TARGET_ROUNDS 8
#define UNIT_ROUNDS 3

/* Guesses about a generator: whether the target seems positive there. */
enum { NO_GUESS = 0, SEEMS_POSITIVE = 1, SEEMS_NEGATIVE = 2 };

/* Maxima over generators of a cell: `reach` times the sum of an affine function's coefficients, plus `total` times their error,
   bounds the error of evaluating it; `top` is the largest entry. */
typedef struct { double reach, total, top; } Reach;

static void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b, *b = kept;
}

/* Keep the larger value; NaN and infinity stay, and then nothing is concluded. */
static void keep_largest(double *largest, double value) {
    if (value > *largest || isnan(value)) *largest = value;
}

static void extend(Reach *reach, const Layer *L, Py_ssize_t v) {
    double top, total;
    sizes_of(L, v, &top, &total);
    keep_largest(&reach->reach, (L->d + 4) * UNIT_ROUNDOFF * top + VE(L, v));
    keep_largest(&reach->total, total + L->d * VE(L, v)); /* coefficients are off at the true generator, not at this one */
    keep_largest(&reach->top, top);
}

/* How far an affine function may be off at a generator: coefficients of absolute sum `size`, each off by `error` at most. */
static double evaluation_error(const Reach *reach, double size, double error) {
    return (size * reach->reach + error * reach->total) * SLACK + TINY;
}

/* Extend a range by values of affine functions; after a sum that overflowed nothing is known. */
static void keep_range(double *low, double *high, double least, double most) {
    if (!isfinite(least) || !isfinite(most)) *low = *high = NAN;
    if (least < *low) *low = least;
    if (most > *high) *high = most;
}

/* Make a unit's relaxation exact: the unit is on or off on the whole cell. */
static void settle(Downstream *D, int i, int on) {
    D->u_slope[i] = D->l_slope[i] = on;
    D->u_shift[i] = 0;
}

/* Relax a unit whose pre-activation is in a range. */
static void relax(Downstream *D, int i, double low, double high) {
    const double most = fabs(low) > fabs(high) ? fabs(low) : fabs(high);
    keep_largest(&D->largest, most);
    if (low >= 0) {
        settle(D, i, 1);
    } else if (high <= 0) {
        settle(D, i, 0);
    } else { /* the chord from (low, 0) to (high, high), slope and shift rounded up */
        const double width = high - low; /* may overflow */
        double slope = width <= DBL_MAX ? high / width * (1 + 4 * DBL_EPSILON) + DBL_MIN : 1;
        if (slope > 1) slope = 1;
        D->u_slope[i] = slope;
        D->u_shift[i] = -slope * low * (1 + 4 * DBL_EPSILON) + DBL_MIN;
        D->l_slope[i] = high > -low * (1 + NEAR);
    }
}

/* The largest coefficient of a layer's affine bounds, at least 1. */
static double largest_entry(const Downstream *D, int w) {
    double largest = 1;
    for (size_t k = 0; k < (size_t)w * D->outputs; k++) {
        keep_largest(&largest, fabs(D->upper[k]));
        keep_largest(&largest, fabs(D->lower[k]));
    }
    return largest;
}

/* Relax the neurons of the layer that cuts.  Returns the error of the coefficients of `upper` and `lower`. */
static double relax_own(const Layer *L, Downstream *own, const List *cell, const uint8_t *state, const Reach *reach) {
    const int n = L->n;
    double error = 0;
    own->largest = 1;
    for (int j = 0; j < n; j++) {
        double most = L->LA[j] * reach->top + L->WF[j] * reach->total; /* |z| is below this on the cell */
        keep_largest(&own->largest, most);
        keep_largest(&error, L->WF[j]);
        if (state[j] != OPEN) {
            settle(own, j, state[j] == ON);
            continue;
        }
        double low = INFINITY, high = -INFINITY, off = evaluation_error(reach, L->LA[j], L->WF[j]);
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            const double value = value_at(L, VX(L, cell->at[k]), j);
            keep_range(&low, &high, value, value);
        }
        relax(own, j, low - off, high + off);
    }
    return error;
}

/* Turn the relaxation of the layer that cuts into affine bounds of its activations. */
static void own_bounds(const Layer *L, Downstream *own) {
    const int n = L->n;
    for (int c = 0; c < L->w; c++)
        for (int j = 0; j < n; j++) {
            const double entry = L->R[(size_t)c * n + j];
            own->upper[(size_t)c * n + j] = own->u_slope[j] * entry + (c == 0 ? own->u_shift[j] : 0);
            own->lower[(size_t)c * n + j] = own->l_slope[j] * entry;
        }
}

/* Bound a downstream layer's pre-activations, by affine functions and by ranges, from affine bounds of the activations before it,
   whose entries are off by `error` and at most `largest` in size.  Returns the error of the new entries. */
static double bound_downstream(
    const Layer *L, Downstream *D, const Downstream *before, const List *cell, const Reach *reach, double error, double largest) {
    const int w = L->w, m = D->inputs, p = D->outputs;
    error = D->row_sum * (error + (m + 6) * UNIT_ROUNDOFF * largest) * SLACK + TINY;
    for (int i = 0; i < p; i++) {
        const double *W = D->weight + (size_t)i * (m + 1);
        double up[MAX_DIM + 1], down[MAX_DIM + 1], size = 0;
        for (int c = 0; c < w; c++) {
            const double *high = before->upper + (size_t)c * m, *low = before->lower + (size_t)c * m;
            double a = 0, b = 0;
            for (int j = 0; j < m; j++) {
                const double positive = W[j] > 0 ? W[j] : 0, negative = W[j] - positive;
                a += positive * high[j] + negative * low[j];
                b += positive * low[j] + negative * high[j];
            }
            D->upper[(size_t)c * p + i] = up[c] = a + (c == 0 ? W[m] : 0);
            D->lower[(size_t)c * p + i] = down[c] = b + (c == 0 ? W[m] : 0);
            size += fabs(up[c]) + fabs(down[c]);
        }
        double low = INFINITY, high = -INFINITY, off = evaluation_error(reach, size, error);
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            const double *X = VX(L, cell->at[k]);
            double a = 0, b = 0;
            for (int c = 0; c < w; c++) a += up[c] * X[c], b += down[c] * X[c];
            keep_range(&low, &high, b, a);
        }
        D->low[i] = low - off;
        D->high[i] = high + off;
    }
    return error;
}

/* Relax a downstream layer's units on their ranges, and turn the bounds of pre-activations into bounds of activations. */
static void relax_bounds(Downstream *D, int w) {
    const int p = D->outputs;
    D->largest = 1;
    for (int i = 0; i < p; i++) {
        relax(D, i, D->low[i], D->high[i]);
        if (!D->relu[i]) settle(D, i, 1);
    }
    for (int c = 0; c < w; c++)
        for (int i = 0; i < p; i++) {
            double *up = &D->upper[(size_t)c * p + i], *down = &D->lower[(size_t)c * p + i];
            *up = D->u_slope[i] * *up + (c == 0 ? D->u_shift[i] : 0);
            *down *= D->l_slope[i];
        }
}

/* Replace coefficients of activations by those of pre-activations, for an upper bound.  Returns the sum of their absolute
   values. */
static double through_relu(const Downstream *D, int count, double *coefficient, double *constant, double *size) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
        if (coefficient[i] > 0) {
            const double shift = coefficient[i] * D->u_shift[i];
            *constant += shift;
            *size += shift;
            coefficient[i] *= D->u_slope[i];
        } else {
            coefficient[i] *= D->l_slope[i];
        }
        sum += fabs(coefficient[i]);
    }
    return sum;
}

/* How large the target can be where no entry of a generator exceeds 1: values far below count as rounding errors of zero. */
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
        for (int i = 0; i < D->outputs; i++) {
            const double *W = D->weight + (size_t)i * (D->inputs + 1);
            double sum = W[D->inputs] * one;
            for (int j = 0; j < D->inputs; j++) sum += W[j] * values[j];
            next[i] = D->relu[i] && sum < 0 ? 0 : sum;
        }
        swap(&values, &next);
    }
    double sum = G->target[G->target_inputs] * one;
    for (int j = 0; j < G->target_inputs; j++) sum += G->target[j] * values[j];
    return sum > NEAR * NEAR * G->magnitude * top ? SEEMS_POSITIVE : SEEMS_NEGATIVE;
}

/* Choose the neuron with a side on which the target seems positive at no generator, and which has most generators there.  *next
   stays if there is none. */
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

/* Where the target seems positive at some generator no bound can drop the cell, and none is tried.  This decides nothing: it only
   saves work. */
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

/* A bound that is being computed: an affine function of a layer's activations, its coefficients in G->coefficients, with the sum
   `size` of the absolute values of the shifts that went into its constant, the error `off`, and a count of roundings. */
typedef struct { double constant, size, off, terms; } Bound;

/* Rewrite the function as one of the activations of the layer before `q`, for an upper bound. */
static void step_back(Target *G, int q, Bound *bound) {
    const Downstream *D = &G->layers[q], *before = q ? &G->layers[q - 1] : &G->own;
    const int m = D->inputs;
    double *coefficient = G->coefficients, *other = G->others;
    const double sum = through_relu(D, D->outputs, coefficient, &bound->constant, &bound->size);
    memset(other, 0, (m + 1) * sizeof(double));
    for (int i = 0; i < D->outputs; i++) {
        const double a = coefficient[i], *W = D->weight + (size_t)i * (m + 1);
        if (a != 0) for (int j = 0; j <= m; j++) other[j] += a * W[j];
    }
    bound->constant += other[m];
    bound->size += fabs(other[m]);
    bound->terms += D->outputs + 2;
    /* each activation is at most `largest` in size; TINY is for products that underflow */
    bound->off += (sum * D->row_sum * (D->outputs + 8) * UNIT_ROUNDOFF + TINY) * before->largest + TINY * D->largest;
    memcpy(coefficient, other, m * sizeof(double));
}

/* Put into *next the crossing neuron whose relaxation costs the bound most; of nearly equal ones the first. */
static void costliest(const Target *G, const uint8_t *state, double size, int *next) {
    const Downstream *own = &G->own;
    const double *coefficient = G->coefficients;
    double most = size * NEAR * NEAR;
    for (int j = 0; j < own->outputs; j++) {
        if (state[j] != OPEN || coefficient[j] == 0 || own->u_slope[j] <= 0 || own->u_slope[j] >= 1) continue;
        const double gap = own->u_shift[j], low = gap / own->u_slope[j], high = gap / (1 - own->u_slope[j]);
        const double cost = coefficient[j] > 0 ? coefficient[j] * gap : -coefficient[j] * (low < high ? low : high);
        if (cost > most * (1 + NEAR)) most = cost, *next = j;
    }
}

/* Turn the function into one of X, and take its largest value over the generators; G->highest is where. */
static double largest_value(const Layer *L, Target *G, const List *cell, const Reach *reach, Bound *bound) {
    const int n = L->n, w = L->w;
    double *coefficient = G->coefficients;
    through_relu(&G->own, n, coefficient, &bound->constant, &bound->size);
    double row[MAX_DIM + 1], row_error = TINY, row_size = fabs(bound->constant);
    for (int j = 0; j < n; j++) row_error += fabs(coefficient[j]) * L->WF[j];
    for (int c = 0; c < w; c++) {
        const double *R = L->R + (size_t)c * n;
        double sum = 0, absolute = 0;
        for (int j = 0; j < n; j++) {
            sum += coefficient[j] * R[j];
            absolute += fabs(coefficient[j] * R[j]);
        }
        row[c] = sum + (c == 0 ? bound->constant : 0);
        row_error += (n + 8) * UNIT_ROUNDOFF * absolute;
        row_size += absolute;
    }
    bound->off += (bound->terms + n) * 4 * UNIT_ROUNDOFF * bound->size + TINY * G->own.largest +
                  evaluation_error(reach, row_size, row_error);
    double high = -INFINITY;
    G->highest = cell->at[0];
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const double *X = VX(L, cell->at[k]);
        double value = 0;
        for (int c = 0; c < w; c++) value += row[c] * X[c];
        if (value > high) G->highest = cell->at[k];
        keep_largest(&high, isfinite(value) ? value : NAN);
    }
    return high;
}

/* Bound an affine function of the activations of layer `last` (an index of `layers`, -1 for the layer that cuts) from above, over
   a cell.  The function is taken back layer by layer, so that terms cancel before they are relaxed.

   Its coefficients are in G->coefficients, which is overwritten; `next`, if not NULL, is for `costliest`. */
static double upper_bound(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, int last,
                          double constant, int *next) {
    Bound bound = {constant, fabs(constant), 0, 4};
    for (int q = last; q >= 0; q--) step_back(G, q, &bound);
    if (next) costliest(G, state, bound.size, next);
    const double high = largest_value(L, G, cell, reach, &bound);
    return high + bound.off * SLACK;
}

/* Bound the open units of a downstream layer once more, from this layer all the way back: often tighter. */
static void tighten(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, int q) {
    Downstream *D = &G->layers[q];
    const int m = D->inputs;
    for (int i = 0; i < D->outputs; i++) {
        if (!D->relu[i] || D->low[i] >= 0 || D->high[i] <= 0) continue;
        const double *W = D->weight + (size_t)i * (m + 1);
        memcpy(G->coefficients, W, m * sizeof(double));
        const double high = upper_bound(L, G, cell, state, reach, q - 1, W[m], NULL);
        for (int j = 0; j < m; j++) G->coefficients[j] = -W[j];
        const double low = -upper_bound(L, G, cell, state, reach, q - 1, -W[m], NULL);
        if (high < D->high[i]) D->high[i] = high;
        if (low > D->low[i]) D->low[i] = low;
    }
}

/* Move the lower slope of a relaxed unit, inside [0, 1], towards the one that is exact where its pre-activation is `value`. */
static void lean(Downstream *D, int i, double value, int round) {
    if (D->u_shift[i] > 0) D->l_slope[i] += ((value > 0) - D->l_slope[i]) * 2 / (round + 2);
}

/* Move all lower slopes towards those that are exact at a point; `last` as in upper_bound. */
static void lean_towards(const Layer *L, Target *G, const double *point, const uint8_t *state, int last, int round) {
    double *values = G->coefficients, *next = G->others;
    for (int j = 0; j < L->n; j++) {
        const double value = value_at(L, point, j);
        lean(&G->own, j, value, round);
        values[j] = state[j] == OFF || (state[j] == OPEN && value < 0) ? 0 : value;
    }
    for (int q = 0; q <= last; q++) {
        Downstream *D = &G->layers[q];
        for (int i = 0; i < D->outputs; i++) {
            const double *W = D->weight + (size_t)i * (D->inputs + 1);
            double sum = W[D->inputs];
            for (int j = 0; j < D->inputs; j++) sum += W[j] * values[j];
            lean(D, i, sum, round);
            next[i] = D->relu[i] && sum < 0 ? 0 : sum;
        }
        swap(&values, &next);
    }
}

/* Bound sign * f from above, f an affine function of the activations of layer `last`, its constant last.  If `least`, the bound
   so far, is NaN, this begins with the slopes at hand; then it tries lower slopes that suit the points where the bounds were
   largest, until the bound is 0 or less.

   This is fictitious play with weights that favour later rounds: one player answers a mean of the generators that the other has
   played with slopes that make the relaxation exact there; the other answers a mean of those slopes with the generator where the
   bound is largest.  Any slopes give a bound. */
static double bound_by_slopes(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, int last,
                              const double *f, int count, double sign, int rounds, double least) {
    double mean[MAX_DIM + 1] = {0};
    for (int round = isnan(least) ? 0 : 1; round <= rounds && !(least <= 0); round++) {
        if (round) {
            for (int c = 0; c < L->w; c++) mean[c] += (VX(L, G->highest)[c] - mean[c]) * 2 / (round + 1);
            lean_towards(L, G, mean, state, last, round);
        }
        for (int j = 0; j < count; j++) G->coefficients[j] = sign * f[j];
        const double bound = upper_bound(L, G, cell, state, reach, last, sign * f[count], NULL);
        if (!round || bound < least) least = bound;
    }
    return least;
}

/* Bound the units of downstream layers with better slopes, and relax them anew. */
static void tighten_by_slopes(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach) {
    for (int q = 0; q < G->depth; q++) {
        Downstream *D = &G->layers[q];
        const int m = D->inputs;
        for (int i = 0; i < D->outputs; i++) {
            if (!D->relu[i] || D->low[i] >= 0 || D->high[i] <= 0) continue;
            const double *W = D->weight + (size_t)i * (m + 1);
            const double high = bound_by_slopes(L, G, cell, state, reach, q - 1, W, m, 1, UNIT_ROUNDS, NAN);
            const double low = -bound_by_slopes(L, G, cell, state, reach, q - 1, W, m, -1, UNIT_ROUNDS, NAN);
            if (high < D->high[i]) D->high[i] = high;
            if (low > D->low[i]) D->low[i] = low;
            relax(D, i, D->low[i], D->high[i]);
        }
    }
}

/* Bound the target again with better slopes; where they help much, bound the units of downstream layers likewise, and then the
   target once more.  Returns 1 if that drops the cell.

   Nothing else may depend on the points and slopes that are tried here, as nearly equal values do not count as equal.  The next
   neuron has been chosen before. */
static int drops_by_slopes(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, double before) {
    const int last = G->depth - 1, inputs = G->target_inputs;
    const double bound = bound_by_slopes(L, G, cell, state, reach, last, G->target, inputs, 1, TARGET_ROUNDS, before);
    if (bound <= 0) return 1;
    if (!(bound < before / 2)) return 0;
    tighten_by_slopes(L, G, cell, state, reach);
    return bound_by_slopes(L, G, cell, state, reach, last, G->target, inputs, 1, TARGET_ROUNDS, NAN) <= 0;
}

/* About unbounded cells this says nothing. */
int cannot_fire(const Layer *L, Target *G, const List *cell, const uint8_t *state, int *next) {
    Reach reach = {0, 0, 0};
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        if (VX(L, cell->at[k])[0] == 0) return 0;
        extend(&reach, L, cell->at[k]);
    }
    if (!(reach.reach < LARGEST_REACH)) return 0;
    G->bounds++;
    double error = relax_own(L, &G->own, cell, state, &reach);
    if (G->depth) own_bounds(L, &G->own);
    const Downstream *before = &G->own;
    for (int q = 0; q < G->depth; q++) {
        Downstream *D = &G->layers[q];
        const double largest = largest_entry(before, L->w);
        error = bound_downstream(L, D, before, cell, &reach, error + 4 * UNIT_ROUNDOFF * largest, largest);
        if (q) tighten(L, G, cell, state, &reach, q);
        relax_bounds(D, L->w);
        before = D;
    }
    memcpy(G->coefficients, G->target, G->target_inputs * sizeof(double));
    const double bound = upper_bound(L, G, cell, state, &reach, G->depth - 1, G->target[G->target_inputs], next);
    if (!(bound <= 0) && !drops_by_slopes(L, G, cell, state, &reach, bound)) return 0;
    G->dropped++;
    return 1;
}

/* The target as an affine function of X on a settled cell. */
typedef struct { double row[MAX_DIM + 1], size, error; int exact; } TargetRow;

static TargetRow target_row(const Layer *L, const Target *G, const uint8_t *state) {
    const int n = L->n;
    TargetRow target = {.size = 0, .error = 0};
    double sum = fabs(G->target[n]) + TINY, largest = 1, error = 0;
    for (int c = 0; c < L->w; c++) {
        double entry_sum = c == 0 ? G->target[n] : 0;
        for (int j = 0; j < n; j++) {
            if (state[j] != ON) continue;
            const double entry = L->R[(size_t)c * n + j];
            entry_sum += G->target[j] * entry;
            keep_largest(&largest, fabs(entry));
        }
        target.row[c] = entry_sum;
        target.size += fabs(entry_sum);
    }
    for (int j = 0; j < n; j++) {
        if (state[j] != ON) continue;
        error += fabs(G->target[j]) * L->WF[j];
        sum += fabs(G->target[j]);
    }
    target.exact = L->f == 0 && G->target_scale > 0 && sum * largest * G->target_scale < EXACT_INTEGERS;
    target.error = target.exact ? 0 : (error + (n + 6) * UNIT_ROUNDOFF * sum * largest) * SLACK + TINY;
    return target;
}

/* Whether the target is positive at a generator, in integers; UNKNOWN where these are not at hand or not small. */
static int sign_in_integers(const Layer *L, const Target *G, const TargetRow *target, Py_ssize_t v) {
    if (!target->exact || !HAS_Z(L, v)) return UNKNOWN;
    wide value = 0;
    for (int c = 0; c < L->w; c++) {
        const double entry = target->row[c] * G->target_scale;
        if (!(fabs(entry) <= (double)SMALL_INTEGER)) return UNKNOWN;
        value += (wide)(int64_t)entry * VZ(L, v)[c];
    }
    return value > 0 ? SOMEWHERE : NOWHERE;
}

int fires(const Layer *L, const Target *G, const List *cell, const uint8_t *state) {
    const TargetRow target = target_row(L, G, state);
    int undecided = 0;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const Py_ssize_t v = cell->at[k];
        Reach reach = {0, 0, 0};
        extend(&reach, L, v);
        double value = 0;
        for (int c = 0; c < L->w; c++) value += target.row[c] * VX(L, v)[c];
        const double bound = evaluation_error(&reach, target.size, target.error);
        if (value > bound && value <= DBL_MAX) return SOMEWHERE;
        if (value < -bound && value >= -DBL_MAX) continue;
        const int sign = sign_in_integers(L, G, &target, v);
        if (sign == SOMEWHERE) return SOMEWHERE;
        undecided |= sign == UNKNOWN;
    }
    return undecided ? UNKNOWN : NOWHERE;
}

/* --- Reading the target --- */

void target_free(Target *G) {
    for (int k = 0; k < G->buffers; k++) PyBuffer_Release(&G->views[k]);
    for (int q = -1; q < G->depth; q++) {
        Downstream *D = q < 0 ? &G->own : &G->layers[q];
        free(D->u_slope); free(D->u_shift); free(D->l_slope); free(D->upper); free(D->lower); free(D->low); free(D->high);
    }
    free(G->layers); free(G->coefficients); free(G->others); free(G->views);
}

static int make_room(Downstream *D, int w) {
    const size_t n = D->outputs;
    D->u_slope = calloc(n, sizeof(double));
    D->u_shift = calloc(n, sizeof(double));
    D->l_slope = calloc(n, sizeof(double));
    D->low = calloc(n, sizeof(double));
    D->high = calloc(n, sizeof(double));
    D->upper = calloc(n * w, sizeof(double));
    D->lower = calloc(n * w, sizeof(double));
    return D->u_slope && D->u_shift && D->l_slope && D->low && D->high && D->upper && D->lower ? 0 : out_of_memory();
}

/* Take an array of a record; of `length` items, any number of them if it is 0. */
static const void *take(Target *G, PyObject *record, const char *name, Py_ssize_t itemsize, Py_ssize_t length) {
    PyObject *object = PyObject_GetAttrString(record, name);
    if (!object) return NULL;
    Py_buffer *view = &G->views[G->buffers];
    const int failed = PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS);
    Py_DECREF(object);
    if (failed) return NULL;
    G->buffers++;
    if (view->itemsize == itemsize && (!length || view->len == length * itemsize)) return view->buf;
    PyErr_Format(PyExc_ValueError, "downstream %s: %zd bytes, expected %zd items of %zd", name, view->len, length, itemsize);
    return NULL;
}

static int take_double(PyObject *record, const char *name, double *value) {
    PyObject *object = PyObject_GetAttrString(record, name);
    if (!object) return -1;
    *value = PyFloat_AsDouble(object);
    Py_DECREF(object);
    return PyErr_Occurred() ? -1 : 0;
}

/* Read a downstream layer: its number of units is that of `relu`. */
static int read_layer(Target *G, PyObject *record, int inputs, int w) {
    Downstream *D = &G->layers[G->depth];
    if (!(D->relu = take(G, record, "relu", 1, 0))) return -1;
    D->inputs = inputs;
    D->outputs = (int)G->views[G->buffers - 1].len;
    G->depth++;
    if (make_room(D, w) || take_double(record, "row_sum", &D->row_sum)) return -1;
    return (D->weight = take(G, record, "weight", sizeof(double), (Py_ssize_t)D->outputs * (inputs + 1))) ? 0 : -1;
}

static int read_layers(Target *G, PyObject *layers, int n, int w) {
    if (!PyTuple_Check(layers)) { PyErr_SetString(PyExc_TypeError, "downstream layers: expected a tuple"); return -1; }
    const Py_ssize_t depth = PyTuple_GET_SIZE(layers);
    int widest = n;
    G->own.outputs = G->target_inputs = n;
    G->views = calloc(2 * depth + 1, sizeof(Py_buffer));
    G->layers = calloc(depth + 1, sizeof(Downstream));
    if (!G->views || !G->layers) return out_of_memory();
    if (make_room(&G->own, w)) return -1;
    for (Py_ssize_t q = 0; q < depth; q++) {
        if (read_layer(G, PyTuple_GET_ITEM(layers, q), G->target_inputs, w)) return -1;
        G->target_inputs = G->layers[q].outputs;
        widest = G->target_inputs > widest ? G->target_inputs : widest;
    }
    G->coefficients = calloc(widest + 1, sizeof(double));
    G->others = calloc(widest + 1, sizeof(double));
    return G->coefficients && G->others ? 0 : out_of_memory();
}

int target_read(Target *G, PyObject *downstream, int n, int w) {
    PyObject *layers = PyObject_GetAttrString(downstream, "layers");
    if (!layers) return -1;
    const int failed = read_layers(G, layers, n, w);
    Py_DECREF(layers);
    if (failed || take_double(downstream, "scale", &G->target_scale)) return -1;
    if (!(G->target = take(G, downstream, "target", sizeof(double), G->target_inputs + 1))) return -1;
    G->active = 1;
    return 0;
}
