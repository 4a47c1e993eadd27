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

/* Bound some units of a downstream layer, at most SIDE_BY_SIDE: from above where sides[k] > 0, else from below. */
static void bound_units(BoundedCell *b, int q, const int *units, const double *sides, int count) {
    Downstream *D = &b->G->layers[q];
    const int m = D->inputs;
    double bounds[SIDE_BY_SIDE] = {0};
    for (int j = 0; j <= m; j++)
        for (int k = 0; k < SIDE_BY_SIDE; k++)
            b->G->coefficients[j * SIDE_BY_SIDE + k] = k < count ? sides[k] * D->weight[(size_t)units[k] * (m + 1) + j] : 0;
    upper_bounds(b, q - 1, bounds);
    for (int k = 0; k < count; k++) {
        if (sides[k] > 0 && bounds[k] < D->high[units[k]]) D->high[units[k]] = bounds[k];
        if (sides[k] < 0 && -bounds[k] > D->low[units[k]]) D->low[units[k]] = -bounds[k];
    }
}

/* Bound the open units of a downstream layer once more, from this layer all the way back, which is often tighter.  The side on which
   a unit is more likely to be settled comes first; if it is settled, the other side does not matter. */
static void tighten(BoundedCell *b, int q) {
    Downstream *D = &b->G->layers[q];
    double *first = b->G->sides;
    for (int i = 0; i < D->outputs; i++) first[i] = D->high[i] < -D->low[i] ? 1 : -1;
    for (int turn = 0; turn < 2; turn++) {
        int units[SIDE_BY_SIDE], count = 0;
        double sides[SIDE_BY_SIDE];
        for (int i = 0; i < D->outputs; i++) {
            if (D->relu[i] && !(D->low[i] >= 0 || D->high[i] <= 0)) {
                sides[count] = turn ? -first[i] : first[i];
                units[count++] = i;
            }
            if (count == SIDE_BY_SIDE || (count && i == D->outputs - 1)) bound_units(b, q, units, sides, count), count = 0;
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
    memcpy(G->coefficients, G->target, (G->target_inputs + 1) * sizeof(double));
    return upper_bound(b, G->depth - 1, next);
}
