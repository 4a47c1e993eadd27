/* Pruning: what lies behind the layer that is cut is more layers, then a single unit, the target.  A cell is dropped as soon as
   a linear relaxation of the units that are not settled proves that the target is positive nowhere on it.

   All bounds are taken over the cell's generators, where affine functions have their extremes, and are widened by what
   rounding may have cost: proofs/pruning.md.  Source of the relaxation: Zhang et al. 2018 (CROWN), with vertices for boxes. */

typedef struct {
    int inputs, outputs;
    const double *weight; /* outputs rows of inputs + 1 entries, the bias last */
    const uint8_t *relu;
    double row_sum;       /* largest sum of absolute values of a row */
    /* on the cell at hand: u_slope * z + u_shift >= ReLU(z) >= l_slope * z for each unit, largest |z| or |activation| */
    double *u_slope, *u_shift, *l_slope, largest;
    double *low, *high;    /* ranges of the pre-activations of a deeper layer */
    double *upper, *lower; /* affine bounds of its activations, [c * outputs + i] */
} Deeper;

typedef struct {
    int active, depth;
    Deeper own;           /* the layer that is cut; its weights are the rows R of the cell's parent */
    Deeper *deeper;
    const double *target; /* target_inputs + 1 entries, the bias last */
    int target_inputs, buffers;
    double target_scale;
    double magnitude; /* the target is at most this times the largest entry of a generator, in the layer at hand */
    double *coefficients, *others;
    Py_buffer *views;
    Py_ssize_t highest;   /* the generator at which the last bound was largest */
    long long bounds, dropped;
} Target;

/* Rows come from a matrix product whose rounding may depend on how many cells are multiplied at once.  What is chosen by comparing
   floats must not hang on that, or the order of the zones would depend on how the work is divided: near ties are ties. */
#define NEAR 1e-6
/* Rounds of the search for good lower slopes. */
#define TARGET_ROUNDS 8
#define UNIT_ROUNDS 3

/* Over all generators X of a cell: what multiplies sums of coefficients and errors of coefficients to bound an evaluation. */
typedef struct { double reach, total, top; } Reach;

/* Keep the largest; what is NaN or infinite stays, and then nothing is concluded. */
static void keep_largest(double *largest, double value) {
    if (value > *largest || isnan(value)) *largest = value;
}

static void extend(Reach *reach, const Layer *L, Py_ssize_t v) {
    const double *X = VX(L, v);
    double top = 0, total = 0;
    for (int c = 0; c < L->w; c++) {
        double size = fabs(X[c]);
        top = size > top ? size : top;
        total += size;
    }
    double off = (L->d + 4) * U * top + VE(L, v);
    total += L->d * VE(L, v); /* coefficients are off at the true generator, not at this one */
    keep_largest(&reach->reach, off);
    keep_largest(&reach->total, total);
    keep_largest(&reach->top, top);
}

/* How far an affine function may be off at a generator: coefficients of absolute sum `size`, each off by `error` at most. */
static double evaluation_error(const Reach *reach, double size, double error) {
    return (size * reach->reach + error * reach->total) * SLACK + TINY;
}

/* Extend a range by a value of an affine function; after a sum that overflowed nothing is known. */
static void keep_range(double *low, double *high, double least, double most) {
    if (!isfinite(least) || !isfinite(most)) *low = *high = NAN;
    if (least < *low) *low = least;
    if (most > *high) *high = most;
}

static void settle(Deeper *D, int i, int on) {
    D->u_slope[i] = D->l_slope[i] = on;
    D->u_shift[i] = 0;
}

static void relax(Deeper *D, int i, double low, double high) {
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

static double largest_entry(const Deeper *D, int w) {
    double largest = 1;
    for (size_t k = 0; k < (size_t)w * D->outputs; k++) {
        keep_largest(&largest, fabs(D->upper[k]));
        keep_largest(&largest, fabs(D->lower[k]));
    }
    return largest;
}

/* Relax the neurons of the layer that is cut.  Returns the error of the coefficients of `upper` and `lower`. */
static double relax_own(const Layer *L, Deeper *own, const List *cell, const uint8_t *state, const Reach *reach) {
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
            const double value = value_at(L, cell->at[k], j);
            keep_range(&low, &high, value, value);
        }
        relax(own, j, low - off, high + off);
    }
    return error;
}

static void own_bounds(const Layer *L, Deeper *own) {
    const int n = L->n;
    for (int c = 0; c < L->w; c++)
        for (int j = 0; j < n; j++) {
            const double entry = L->R[(size_t)c * n + j];
            own->upper[(size_t)c * n + j] = own->u_slope[j] * entry + (c == 0 ? own->u_shift[j] : 0);
            own->lower[(size_t)c * n + j] = own->l_slope[j] * entry;
        }
}

/* Affine bounds of a deeper layer's pre-activations from those of the activations before it, whose entries are off by `error` and
   at most `largest` in size; and the units' ranges.  Returns the error of the new entries. */
static double bound_deeper(
    const Layer *L, Deeper *D, const Deeper *before, const List *cell, const Reach *reach, double error, double largest) {
    const int w = L->w, m = D->inputs, p = D->outputs;
    error = D->row_sum * (error + (m + 6) * U * largest) * SLACK + TINY;
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

/* Relax a deeper layer's units on their ranges, and turn the bounds of pre-activations into those of activations. */
static void relax_bounds(Deeper *D, int w) {
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

/* Replace coefficients of activations by those of pre-activations, for an upper bound; returns their absolute sum. */
static double through_relu(const Deeper *D, int count, double *coefficient, double *constant, double *size) {
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

/* How large the target can be where no entry of a generator exceeds 1: exact zeros are seen as rounding of that. */
static double magnitude(const Layer *L, Target *G) {
    double *now = G->coefficients, *next = G->others;
    for (int j = 0; j < L->n; j++) now[j] = L->LA[j];
    for (int q = 0; q < G->depth; q++) {
        const Deeper *D = &G->deeper[q];
        for (int i = 0; i < D->outputs; i++) {
            const double *W = D->weight + (size_t)i * (D->inputs + 1);
            next[i] = fabs(W[D->inputs]);
            for (int j = 0; j < D->inputs; j++) next[i] += fabs(W[j]) * now[j];
        }
        double *swapped = now;
        now = next, next = swapped;
    }
    double total = fabs(G->target[G->target_inputs]);
    for (int j = 0; j < G->target_inputs; j++) total += fabs(G->target[j]) * now[j];
    return total;
}

/* Whether the target seems positive at some generator of the cell, by plain float evaluation: then no bound can drop the cell,
   and none is tried; the neuron that cuts off most of the generators where the target is not positive comes next, in *best.
   This decides nothing; it only saves work. */
static int is_lit(Layer *L, Target *G, const List *cell, const uint8_t *state, int *best) {
    Py_ssize_t lit = 0;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const Py_ssize_t v = cell->at[k];
        if (LIT(L, v) == 0) {
            double *values = G->coefficients, *next = G->others, top = 1;
            for (int c = 0; c < L->w; c++) top = fabs(VX(L, v)[c]) > top ? fabs(VX(L, v)[c]) : top;
            for (int j = 0; j < L->n; j++) {
                const double value = state[j] == OFF ? 0 : value_at(L, v, j);
                values[j] = state[j] == OPEN && value < 0 ? 0 : value;
            }
            const double one = VX(L, v)[0];
            for (int q = 0; q < G->depth; q++) {
                const Deeper *D = &G->deeper[q];
                for (int i = 0; i < D->outputs; i++) {
                    const double *W = D->weight + (size_t)i * (D->inputs + 1);
                    double sum = W[D->inputs] * one;
                    for (int j = 0; j < D->inputs; j++) sum += W[j] * values[j];
                    next[i] = D->relu[i] && sum < 0 ? 0 : sum;
                }
                double *swapped = values;
                values = next, next = swapped;
            }
            double sum = G->target[G->target_inputs] * one;
            for (int j = 0; j < G->target_inputs; j++) sum += G->target[j] * values[j];
            LIT(L, v) = sum > NEAR * NEAR * G->magnitude * top ? 1 : 2;
        }
        lit += LIT(L, v) == 1;
    }
    if (!lit) return 0;
    if (lit == cell->used) return 1;
    long most = 0;
    for (int j = 0; j < L->n; j++) {
        if (state[j] != OPEN) continue;
        long count[2][2] = {{0, 0}, {0, 0}}; /* [negative side][lit] */
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            const uint8_t flag = VF(L, cell->at[k])[j];
            if (flag) count[flag == NEGATIVE][LIT(L, cell->at[k]) == 1]++;
        }
        long score = 0;
        for (int side = 0; side < 2; side++) if (!count[side][1] && count[side][0] > score) score = count[side][0];
        if (score > most) most = score, *best = j;
    }
    return 1;
}

/* Bound an affine function of the activations of layer `last` (an index of `deeper`, -1 for the layer that is cut) from above, over
   a cell.  The function goes back layer by layer, so that terms cancel before they are relaxed.

   `coefficient` holds as many entries as the layer has units and is overwritten; in *best, if asked for, comes the crossing neuron
   of the layer that is cut whose relaxation costs the bound most. */
static double upper_bound(
    const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, int last, double constant, int *best) {
    const int w = L->w, n = L->n;
    double *coefficient = G->coefficients, *other = G->others;
    double size = fabs(constant), off = 0, terms = 4;
    for (int q = last; q >= 0; q--) {
        const Deeper *D = &G->deeper[q], *below = q ? &G->deeper[q - 1] : &G->own;
        const int m = D->inputs;
        const double sum = through_relu(D, D->outputs, coefficient, &constant, &size);
        memset(other, 0, (m + 1) * sizeof(double));
        for (int i = 0; i < D->outputs; i++) {
            const double a = coefficient[i], *W = D->weight + (size_t)i * (m + 1);
            if (a != 0) for (int j = 0; j <= m; j++) other[j] += a * W[j];
        }
        constant += other[m];
        size += fabs(other[m]);
        terms += D->outputs + 2;
        /* each activation is at most `largest` in size; TINY is for products that underflow */
        off += (sum * D->row_sum * (D->outputs + 8) * U + TINY) * below->largest + TINY * D->largest;
        memcpy(coefficient, other, m * sizeof(double));
    }
    const Deeper *own = &G->own;
    double most = size * NEAR * NEAR;
    for (int j = 0; best && j < n; j++) {
        if (state[j] != OPEN || coefficient[j] == 0 || own->u_slope[j] <= 0 || own->u_slope[j] >= 1) continue;
        const double gap = own->u_shift[j], low = gap / own->u_slope[j], high = gap / (1 - own->u_slope[j]);
        const double cost = coefficient[j] > 0 ? coefficient[j] * gap : -coefficient[j] * (low < high ? low : high);
        if (cost > most * (1 + NEAR)) most = cost, *best = j; /* of near ties the first */
    }
    through_relu(own, n, coefficient, &constant, &size);
    double row[MAX_DIM + 1], row_error = TINY, row_size = fabs(constant);
    for (int j = 0; j < n; j++) row_error += fabs(coefficient[j]) * L->WF[j];
    for (int c = 0; c < w; c++) {
        const double *R = L->R + (size_t)c * n;
        double sum = 0, absolute = 0;
        for (int j = 0; j < n; j++) {
            sum += coefficient[j] * R[j];
            absolute += fabs(coefficient[j] * R[j]);
        }
        row[c] = sum + (c == 0 ? constant : 0);
        row_error += (n + 8) * U * absolute;
        row_size += absolute;
    }
    off += (terms + n) * 4 * U * size + TINY * own->largest + evaluation_error(reach, row_size, row_error);
    double high = -INFINITY;
    G->highest = cell->at[0];
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const double *X = VX(L, cell->at[k]);
        double value = 0;
        for (int c = 0; c < w; c++) value += row[c] * X[c];
        if (value > high) G->highest = cell->at[k];
        keep_largest(&high, isfinite(value) ? value : NAN);
    }
    return high + off * SLACK;
}

/* Bound the units of a deeper layer that are still open once more, from this layer all the way back: often tighter. */
static void tighten(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, int q) {
    Deeper *D = &G->deeper[q];
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

/* Move the lower slope of a relaxed unit, inside [0, 1], towards the one that is exact where its pre-activation has this value. */
static void lean(Deeper *D, int i, double value, int round) {
    if (D->u_shift[i] > 0) D->l_slope[i] += ((value > 0) - D->l_slope[i]) * 2 / (round + 2);
}

/* Move all lower slopes towards those that suit a point; `last` as in upper_bound. */
static void lean_towards(const Layer *L, Target *G, const double *point, const uint8_t *state, int last, int round) {
    double *values = G->coefficients, *next = G->others;
    for (int j = 0; j < L->n; j++) {
        double value = 0;
        for (int c = 0; c < L->w; c++) value += point[c] * L->R[(size_t)c * L->n + j];
        lean(&G->own, j, value, round);
        values[j] = state[j] == OFF || (state[j] == OPEN && value < 0) ? 0 : value;
    }
    for (int q = 0; q <= last; q++) {
        Deeper *D = &G->deeper[q];
        for (int i = 0; i < D->outputs; i++) {
            const double *W = D->weight + (size_t)i * (D->inputs + 1);
            double sum = W[D->inputs];
            for (int j = 0; j < D->inputs; j++) sum += W[j] * values[j];
            lean(D, i, sum, round);
            next[i] = D->relu[i] && sum < 0 ? 0 : sum;
        }
        double *swapped = values;
        values = next, next = swapped;
    }
}

/* Bound sign * f from above, f an affine function of the activations of layer `last`, the constant last: once as it comes, if `least`
   is not known yet, then with lower slopes that suit the points where the bounds were largest, until it is 0 or less.

   This is fictitious play, with weights that favour the later rounds: one side answers a mean of the generators that the other has
   played with slopes that make the relaxation exact there, the other answers a mean of those slopes with the generator where the
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

/* Bound the target again, where that did not suffice, with better slopes; where they help much, bound the units of deeper layers
   again, likewise, and then the target once more.  Returns 1 if that drops the cell.

   Nothing else may hang on what is found here, or near ties would have to be ties: the next neuron is chosen already. */
static int drops_by_slopes(const Layer *L, Target *G, const List *cell, const uint8_t *state, const Reach *reach, double before) {
    const int last = G->depth - 1, inputs = G->target_inputs;
    double bound = bound_by_slopes(L, G, cell, state, reach, last, G->target, inputs, 1, TARGET_ROUNDS, before);
    if (bound <= 0) return 1;
    if (!(bound < before / 2)) return 0;
    for (int q = 0; q <= last; q++) {
        Deeper *D = &G->deeper[q];
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
    return bound_by_slopes(L, G, cell, state, reach, last, G->target, inputs, 1, TARGET_ROUNDS, NAN) <= 0;
}

/* Returns 1 if the target is certainly positive nowhere on a cell, else 0, and puts the neuron to cut next in *best.
   Of unbounded cells it says nothing. */
static int cannot_fire(Layer *L, Target *G, const List *cell, const uint8_t *state, int *best) {
    const int w = L->w;
    Reach reach = {0, 0, 0};
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        if (VX(L, cell->at[k])[0] == 0) return 0;
        extend(&reach, L, cell->at[k]);
    }
    if (!(reach.reach < 1e-3)) return 0;
    G->bounds++;
    double error = relax_own(L, &G->own, cell, state, &reach);
    if (G->depth) own_bounds(L, &G->own);
    const Deeper *before = &G->own;
    for (int q = 0; q < G->depth; q++) {
        Deeper *D = &G->deeper[q];
        const double largest = largest_entry(before, w);
        error = bound_deeper(L, D, before, cell, &reach, error + 4 * U * largest, largest);
        if (q) tighten(L, G, cell, state, &reach, q);
        relax_bounds(D, w);
        before = D;
    }
    memcpy(G->coefficients, G->target, G->target_inputs * sizeof(double));
    const double bound = upper_bound(L, G, cell, state, &reach, G->depth - 1, G->target[G->target_inputs], best);
    if (!(bound <= 0) && !drops_by_slopes(L, G, cell, state, &reach, bound)) return 0;
    G->dropped++;
    return 1;
}

/* The target on a cell where every unit of the last layer is settled: 1 it is positive somewhere, 0 nowhere, 2 not decided here. */
static int fires(const Layer *L, const Target *G, const List *cell, const uint8_t *state) {
    const int w = L->w, n = L->n;
    double row[MAX_DIM + 1], error = 0, sum = fabs(G->target[n]) + TINY, largest = 1, size = 0;
    for (int c = 0; c < w; c++) {
        row[c] = c == 0 ? G->target[n] : 0;
        for (int j = 0; j < n; j++) {
            if (state[j] != ON) continue;
            const double entry = L->R[(size_t)c * n + j];
            row[c] += G->target[j] * entry;
            keep_largest(&largest, fabs(entry));
        }
        size += fabs(row[c]);
    }
    for (int j = 0; j < n; j++) {
        if (state[j] != ON) continue;
        error += fabs(G->target[j]) * L->WF[j];
        sum += fabs(G->target[j]);
    }
    const int exact = L->f == 0 && G->target_scale > 0 && sum * largest * G->target_scale < 4503599627370496.0;
    error = exact ? 0 : (error + (n + 6) * U * sum * largest) * SLACK + TINY;
    int undecided = 0;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const Py_ssize_t v = cell->at[k];
        const double *X = VX(L, v);
        Reach reach = {0, 0, 0};
        extend(&reach, L, v);
        double value = 0;
        for (int c = 0; c < w; c++) value += row[c] * X[c];
        const double bound = evaluation_error(&reach, size, error);
        if (value > bound && value <= DBL_MAX) return 1;
        if (value < -bound && value >= -DBL_MAX) continue;
        int fits = exact && VOK(L, v);
        wide sign = 0;
        for (int c = 0; fits && c < w; c++) {
            const double entry = row[c] * G->target_scale;
            fits = fabs(entry) <= (double)SMALL_INT;
            if (fits) sign += (wide)(int64_t)entry * VZ(L, v)[c];
        }
        if (fits && sign > 0) return 1;
        if (!fits) undecided = 1;
    }
    return undecided ? 2 : 0;
}

static void target_free(Target *G) {
    for (int k = 0; k < G->buffers; k++) PyBuffer_Release(&G->views[k]);
    for (int q = -1; q < G->depth; q++) {
        Deeper *D = q < 0 ? &G->own : G->deeper ? &G->deeper[q] : NULL;
        if (!D) break;
        free(D->u_slope); free(D->u_shift); free(D->l_slope); free(D->upper); free(D->lower); free(D->low); free(D->high);
    }
    free(G->deeper); free(G->coefficients); free(G->others); free(G->views);
}

static int deeper_space(Deeper *D, int w) {
    const size_t n = D->outputs;
    D->u_slope = calloc(n, sizeof(double));
    D->u_shift = calloc(n, sizeof(double));
    D->l_slope = calloc(n, sizeof(double));
    D->low = calloc(n, sizeof(double));
    D->high = calloc(n, sizeof(double));
    D->upper = calloc(n * w, sizeof(double));
    D->lower = calloc(n * w, sizeof(double));
    if (D->u_slope && D->u_shift && D->l_slope && D->low && D->high && D->upper && D->lower) return 0;
    failed_memory = 1;
    return -1;
}

static const void *target_buffer(Target *G, PyObject *object, Py_ssize_t itemsize, Py_ssize_t length) {
    Py_buffer *view = &G->views[G->buffers];
    if (!object || PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS)) return NULL;
    G->buffers++;
    if (view->len == length * itemsize) return view->buf;
    PyErr_Format(PyExc_ValueError, "a layer behind has %zd bytes, %zd expected", view->len, length * itemsize);
    return NULL;
}

/* Read ([(outputs, weight, relu, row_sum), ..], target, target_scale). */
static int target_from(Target *G, PyObject *behind, int n, int w) {
    PyObject *layers, *target;
    if (!PyArg_ParseTuple(behind, "O!Od", &PyList_Type, &layers, &target, &G->target_scale)) return -1;
    const Py_ssize_t depth = PyList_GET_SIZE(layers);
    int widest = n;
    G->own.outputs = n;
    G->views = calloc(2 * depth + 1, sizeof(Py_buffer));
    G->deeper = calloc(depth + 1, sizeof(Deeper));
    if (!G->views || !G->deeper) { failed_memory = 1; return -1; }
    if (deeper_space(&G->own, w)) return -1;
    int inputs = n;
    for (Py_ssize_t q = 0; q < depth; q++) {
        PyObject *weight, *relu;
        Deeper *D = &G->deeper[q];
        if (!PyArg_ParseTuple(PyList_GET_ITEM(layers, q), "iOOd", &D->outputs, &weight, &relu, &D->row_sum)) return -1;
        D->inputs = inputs;
        G->depth++;
        if (deeper_space(D, w)) return -1;
        if (!(D->weight = target_buffer(G, weight, sizeof(double), (Py_ssize_t)D->outputs * (inputs + 1)))) return -1;
        if (!(D->relu = target_buffer(G, relu, 1, D->outputs))) return -1;
        inputs = D->outputs;
        widest = inputs > widest ? inputs : widest;
    }
    G->target_inputs = inputs;
    if (!(G->target = target_buffer(G, target, sizeof(double), inputs + 1))) return -1;
    G->coefficients = calloc(widest + 1, sizeof(double));
    G->others = calloc(widest + 1, sizeof(double));
    if (!G->coefficients || !G->others) { failed_memory = 1; return -1; }
    G->active = 1;
    return 0;
}
