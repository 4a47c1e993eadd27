/* Bounds of affine functions on a cell, and their errors: proofs/pruning.md. */

#ifndef EXACTZONES_BOUNDS_H
#define EXACTZONES_BOUNDS_H

#include "prune.h"

/* Rows come from a matrix product whose rounding may depend on how many cells are multiplied at once.  A choice made by comparing
   floats must not depend on that, or the order of the zones would depend on how the work is divided.  So values within NEAR count as
   equal. */
#define NEAR 1e-6

/* Maxima over generators of a cell: `reach` times the sum of an affine function's coefficients, plus `total` times their error,
   bounds the error of evaluating it; `top` is the largest entry. */
typedef struct { double reach, total, top; } Reach;

/* Keep the larger value; NaN and infinity stay, and then nothing is concluded. */
static inline void keep_largest(double *largest, double value) {
    if (value > *largest || isnan(value)) *largest = value;
}

static inline void extend(Reach *reach, const Layer *L, Py_ssize_t v) {
    double top, total;
    sizes_of(L, v, &top, &total);
    keep_largest(&reach->reach, (L->d + 4) * UNIT_ROUNDOFF * top + VE(L, v));
    keep_largest(&reach->total, total + L->d * VE(L, v)); /* the coefficients' errors count at the true generator, not at this one */
    keep_largest(&reach->top, top);
}

/* How far an affine function may be off at a generator: coefficients of absolute sum `size`, each off by `error` at most. */
static inline double evaluation_error(const Reach *reach, double size, double error) {
    return (size * reach->reach + error * reach->total) * SLACK + TINY;
}

static inline void swap(double **a, double **b) {
    double *kept = *a;
    *a = *b, *b = kept;
}

/* The cell that is bounded. */
typedef struct {
    const Layer *L;
    Target *G;
    const List *cell;
    const uint8_t *state;
    Reach reach;
} BoundedCell;

/* Relax a unit whose pre-activation is in a range. */
void relax(Downstream *D, int i, double low, double high);

/* Bound the target on a cell with the slopes that its ranges suggest; put into *next the neuron to cut with. */
double first_bound(BoundedCell *b, int *next);

/* Bound an affine function of the activations of layer `last` (an index of `layers`, -1 for the layer that cuts) from above.
   The function is taken back layer by layer, so that terms cancel before they are relaxed.

   Its coefficients, the constant last, are in G->coefficients, which is overwritten.  `next`, if not NULL, becomes the neuron whose
   relaxation costs most. */
double upper_bound(BoundedCell *b, int last, int *next);

/* Bound SIDE_BY_SIDE such functions; entry k * SIDE_BY_SIDE + i of G->coefficients is coefficient k of function i. */
void upper_bounds(BoundedCell *b, int last, double *bounds);

#endif
