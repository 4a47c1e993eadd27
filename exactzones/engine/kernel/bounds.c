/* Bounds of affine functions on a cell; units that are not settled are relaxed.

   All bounds are taken over the cell's generators, where affine functions have their extremes, and are widened by what rounding
   may have cost: proofs/pruning.md.  Source of the relaxation: Zhang et al. 2018 (CROWN), with vertices in place of boxes.

   numpy_bounds.py does the same operations in the same order. */

#include "bounds.h"

/* Extend a range by values of affine functions; if a sum overflows, nothing is known. */
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

void relax(Downstream *D, int i, double low, double high) {
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
static double relax_own(const BoundedCell *b) {
    const Layer *L = b->L;
    const Reach *reach = &b->reach;
    Downstream *own = &b->G->own;
    const int n = L->n;
    double error = 0;
    own->largest = 1;
    for (int j = 0; j < n; j++) {
        double most = L->LA[j] * reach->top + L->WF[j] * reach->total; /* |z| is below this on the cell */
        keep_largest(&own->largest, most);
        keep_largest(&error, L->WF[j]);
        if (b->state[j] != OPEN) {
            settle(own, j, b->state[j] == ON);
            continue;
        }
        double low = INFINITY, high = -INFINITY, off = evaluation_error(reach, L->LA[j], L->WF[j]);
        for (Py_ssize_t k = 0; k < b->cell->used; k++) {
            const double value = value_at(L, VX(L, b->cell->at[k]), j);
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
    const BoundedCell *b, Downstream *D, const Downstream *before, double error, double largest) {
    const Layer *L = b->L;
    const int w = L->w, m = D->inputs, p = D->outputs;
    error = D->row_sum * (error + (m + 6) * UNIT_ROUNDOFF * largest) * SLACK + TINY;
    for (int i = 0; i < p; i++) {
        const double *W = D->weight + (size_t)i * (m + 1);
        double up[MAX_DIM + 1] = {0}, down[MAX_DIM + 1] = {0}, size = 0;
        for (int j = 0; j < m; j++) {
            const double positive = W[j] > 0 ? W[j] : 0, negative = W[j] - positive;
            for (int c = 0; c < w; c++) {
                const double high = before->upper[(size_t)c * m + j], low = before->lower[(size_t)c * m + j];
                up[c] += positive * high + negative * low;
                down[c] += positive * low + negative * high;
            }
        }
        for (int c = 0; c < w; c++) {
            D->upper[(size_t)c * p + i] = up[c] += c == 0 ? W[m] : 0;
            D->lower[(size_t)c * p + i] = down[c] += c == 0 ? W[m] : 0;
            size += fabs(up[c]) + fabs(down[c]);
        }
        double low = INFINITY, high = -INFINITY, off = evaluation_error(&b->reach, size, error);
        for (Py_ssize_t k = 0; k < b->cell->used; k++) {
            const double *X = VX(L, b->cell->at[k]);
            double most = 0, least = 0;
            for (int c = 0; c < w; c++) most += up[c] * X[c], least += down[c] * X[c];
            keep_range(&low, &high, least, most);
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
    double sum = 0, total = *constant, absolute = *size;
    for (int i = 0; i < count; i++) { /* without branches: signs are hard to predict */
        const double a = coefficient[i], shift = a > 0 ? a * D->u_shift[i] : 0;
        total += shift;
        absolute += shift;
        coefficient[i] = a * (a > 0 ? D->u_slope[i] : D->l_slope[i]);
        sum += fabs(coefficient[i]);
    }
    *constant = total;
    *size = absolute;
    return sum;
}

/* A bound that is being computed: an affine function of a layer's activations, its coefficients in G->coefficients, with the sum
   `size` of the absolute values of the shifts in its constant, the error `off`, and a count of roundings. */
typedef struct { double constant, size, off, terms; } Bound;

/* Sum parts of rows, each times its factor, in their order; rows whose factor is 0 are left out.  `columns` is a constant, at most 32:
   the sums stay in registers. */
static inline void combine_parts(const double *factor, const double *rows, int count, int width, double *sum, const int columns) {
    double block[32] = {0};
    for (int i = 0; i < count; i++) {
        const double a = factor[i], *row = rows + (size_t)i * width;
        if (a != 0) for (int k = 0; k < columns; k++) block[k] += a * row[k];
    }
    memcpy(sum, block, columns * sizeof(double));
}

/* Sum the rows of a matrix in this way. */
VECTORS static void combine_rows(const double *factor, const double *rows, int count, int width, double *sum) {
    int j = 0;
    for (; j + 32 <= width; j += 32) combine_parts(factor, rows + j, count, width, sum + j, 32);
    for (; j + 8 <= width; j += 8) combine_parts(factor, rows + j, count, width, sum + j, 8);
    for (; j < width; j++) combine_parts(factor, rows + j, count, width, sum + j, 1);
}

/* Rewrite the function as one of the activations of the layer before `q`, for an upper bound. */
static void step_back(Target *G, int q, Bound *bound) {
    const Downstream *D = &G->layers[q], *before = q ? &G->layers[q - 1] : &G->own;
    const int m = D->inputs;
    double *coefficient = G->coefficients, *other = G->others;
    const double sum = through_relu(D, D->outputs, coefficient, &bound->constant, &bound->size);
    combine_rows(coefficient, D->weight, D->outputs, m + 1, other);
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
static double largest_value(BoundedCell *b, Bound *bound) {
    const Layer *L = b->L;
    Target *G = b->G;
    const int n = L->n, w = L->w;
    double *coefficient = G->coefficients;
    through_relu(&G->own, n, coefficient, &bound->constant, &bound->size);
    double row[MAX_DIM + 1], row_error = TINY, row_size = fabs(bound->constant);
    for (int j = 0; j < n; j++) row_error += fabs(coefficient[j]) * L->WF[j];
    double sums[MAX_DIM + 1] = {0}, absolutes[MAX_DIM + 1] = {0};
    for (int j = 0; j < n; j++)
        for (int c = 0; c < w; c++) {
            const double term = coefficient[j] * L->R[(size_t)c * n + j];
            sums[c] += term;
            absolutes[c] += fabs(term);
        }
    for (int c = 0; c < w; c++) {
        row[c] = sums[c] + (c == 0 ? bound->constant : 0);
        row_error += (n + 8) * UNIT_ROUNDOFF * absolutes[c];
        row_size += absolutes[c];
    }
    bound->off += (bound->terms + n) * 4 * UNIT_ROUNDOFF * bound->size + TINY * G->own.largest +
                  evaluation_error(&b->reach, row_size, row_error);
    double high = -INFINITY;
    G->highest = b->cell->at[0];
    for (Py_ssize_t k = 0; k < b->cell->used; k++) {
        const double *X = VX(L, b->cell->at[k]);
        double value = 0;
        for (int c = 0; c < w; c++) value += row[c] * X[c];
        if (value > high) G->highest = b->cell->at[k];
        keep_largest(&high, isfinite(value) ? value : NAN);
    }
    return high;
}

double upper_bound(BoundedCell *b, int last, double constant, int *next) {
    Bound bound = {constant, fabs(constant), 0, 4};
    for (int q = last; q >= 0; q--) step_back(b->G, q, &bound);
    if (next) costliest(b->G, b->state, bound.size, next);
    const double high = largest_value(b, &bound);
    return high + bound.off * SLACK;
}

/* Bound the open units of a downstream layer once more, from this layer all the way back, which is often tighter.  The side on which
   a unit is more likely to be settled comes first; if it is settled, the other side does not matter. */
static void tighten(BoundedCell *b, int q) {
    Target *G = b->G;
    Downstream *D = &G->layers[q];
    const int m = D->inputs;
    for (int i = 0; i < D->outputs; i++) {
        if (!D->relu[i]) continue;
        const double *W = D->weight + (size_t)i * (m + 1), side = D->high[i] < -D->low[i] ? 1 : -1;
        for (int turn = 0; turn < 2 && !(D->low[i] >= 0 || D->high[i] <= 0); turn++) {
            const double sign = turn ? -side : side;
            for (int j = 0; j < m; j++) G->coefficients[j] = sign * W[j];
            const double bound = upper_bound(b, q - 1, sign * W[m], NULL);
            if (sign > 0 && bound < D->high[i]) D->high[i] = bound;
            if (sign < 0 && -bound > D->low[i]) D->low[i] = -bound;
        }
    }
}

double first_bound(BoundedCell *b, int *next) {
    const int w = b->L->w;
    Target *G = b->G;
    double error = relax_own(b);
    if (G->depth) own_bounds(b->L, &G->own);
    const Downstream *before = &G->own;
    for (int q = 0; q < G->depth; q++) {
        Downstream *D = &G->layers[q];
        const double largest = largest_entry(before, w);
        error = bound_downstream(b, D, before, error + 4 * UNIT_ROUNDOFF * largest, largest);
        if (q) tighten(b, q);
        relax_bounds(D, w);
        before = D;
    }
    memcpy(G->coefficients, G->target, G->target_inputs * sizeof(double));
    return upper_bound(b, G->depth - 1, G->target[G->target_inputs], next);
}
