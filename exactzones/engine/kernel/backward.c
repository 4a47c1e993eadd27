/* Bounds of affine functions on a cell, taken back from a layer to the one that cuts: proofs/pruning.md.

   Bounds one function, or SIDE_BY_SIDE of them at once.  A sum has to be in order, so each of its additions waits for the one before;
   sums of several functions need not wait for each other.  `lanes`, a constant in each use, is the number of functions, and entry
   k * lanes + i of an array belongs to function i.

   numpy_bounds.py does the same operations in the same order. */

#include "bounds.h"

#define INLINE static inline __attribute__((always_inline))
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define WIDE_VECTORS __attribute__((target_clones("avx512f", "avx2", "default"))) /* as VECTORS */
#else
#define WIDE_VECTORS
#endif

/* Affine functions of a layer's activations, their coefficients in G->coefficients, each with its constant, the sum `size` of the
   absolute values of the shifts in it, its error `off`, and a count of roundings. */
typedef struct { double constant[SIDE_BY_SIDE], size[SIDE_BY_SIDE], off[SIDE_BY_SIDE], terms; } Bounds;

/* Replace coefficients of activations by those of pre-activations, for upper bounds.  Puts into `sum` the sums of their absolute
   values. */
INLINE void through_relu(const Downstream *D, int count, double *coefficients, Bounds *bounds, double *sum, const int lanes) {
    for (int k = 0; k < lanes; k++) sum[k] = 0;
    for (int i = 0; i < count; i++) { /* without branches: signs are hard to predict */
        const double up = D->u_slope[i], down = D->l_slope[i], height = D->u_shift[i];
        double *coefficient = coefficients + (size_t)i * lanes;
        for (int k = 0; k < lanes; k++) {
            const double a = coefficient[k], shift = a > 0 ? a * height : 0;
            bounds->constant[k] += shift;
            bounds->size[k] += shift;
            coefficient[k] = a * (a > 0 ? up : down);
            sum[k] += fabs(coefficient[k]);
        }
    }
}

/* Sum parts of a layer's rows, each times its factors, in their order; rows whose factors are 0 are left out.  `columns * lanes` is at
   most 32: the sums stay in registers. */
INLINE void combine_parts(const Downstream *D, const double *factors, int start, double *sum, const int columns, const int lanes) {
    const int width = D->inputs + 1;
    double block[32] = {0};
    for (int i = 0; i < D->outputs; i++) {
        const double *factor = factors + (size_t)i * lanes, *row = D->weight + (size_t)i * width + start;
        if (lanes == 1 ? *factor == 0 : D->u_slope[i] == 0 && D->l_slope[i] == 0) continue; /* the unit is off: of all functions */
        for (int k = 0; k < columns * lanes; k++) block[k] += factor[k % lanes] * row[k / lanes];
    }
    memcpy(sum + (size_t)start * lanes, block, columns * lanes * sizeof(double));
}

/* Sum the rows of a layer in this way. */
INLINE void combine_rows(const Downstream *D, const double *factors, double *sum, const int lanes) {
    int j = 0;
    if (lanes == 1) {
        for (; j + 32 <= D->inputs + 1; j += 32) combine_parts(D, factors, j, sum, 32, 1);
        for (; j + 8 <= D->inputs + 1; j += 8) combine_parts(D, factors, j, sum, 8, 1);
    }
    for (; j <= D->inputs; j++) combine_parts(D, factors, j, sum, 1, lanes);
}

/* Rewrite the functions as functions of the activations of the layer before `q`, for upper bounds. */
INLINE void step_back(Target *G, int q, Bounds *bounds, const int lanes) {
    const Downstream *D = &G->layers[q], *before = q ? &G->layers[q - 1] : &G->own;
    double sum[SIDE_BY_SIDE];
    through_relu(D, D->outputs, G->coefficients, bounds, sum, lanes);
    combine_rows(D, G->coefficients, G->others, lanes);
    swap(&G->coefficients, &G->others);
    bounds->terms += D->outputs + 2;
    const double *constant = G->coefficients + (size_t)D->inputs * lanes;
    for (int k = 0; k < lanes; k++) {
        bounds->constant[k] += constant[k];
        bounds->size[k] += fabs(constant[k]);
        /* each activation is at most `largest` in size; TINY is for products that underflow */
        bounds->off[k] += (sum[k] * D->row_sum * (D->outputs + 8) * UNIT_ROUNDOFF + TINY) * before->largest + TINY * D->largest;
    }
}

/* Turn the functions into functions of X: entry c of row k is at c * lanes + k. */
INLINE void rows_of(BoundedCell *b, Bounds *bounds, double *rows, const int lanes) {
    const Layer *L = b->L;
    const Target *G = b->G;
    const int n = L->n;
    double *coefficients = G->coefficients, size[SIDE_BY_SIDE], error[SIDE_BY_SIDE];
    through_relu(&G->own, n, coefficients, bounds, size, lanes);
    for (int k = 0; k < lanes; k++) error[k] = TINY, size[k] = fabs(bounds->constant[k]);
    for (int j = 0; j < n; j++)
        for (int k = 0; k < lanes; k++) error[k] += fabs(coefficients[(size_t)j * lanes + k]) * L->WF[j];
    for (int c = 0; c < L->w; c++) {
        double *row = rows + c * lanes, absolute[SIDE_BY_SIDE] = {0};
        for (int k = 0; k < lanes; k++) row[k] = 0;
        for (int j = 0; j < n; j++) {
            const double entry = L->R[(size_t)c * n + j];
            for (int k = 0; k < lanes; k++) {
                const double term = coefficients[(size_t)j * lanes + k] * entry;
                row[k] += term;
                absolute[k] += fabs(term);
            }
        }
        for (int k = 0; k < lanes; k++) {
            if (c == 0) row[k] += bounds->constant[k];
            error[k] += (n + 8) * UNIT_ROUNDOFF * absolute[k];
            size[k] += absolute[k];
        }
    }
    for (int k = 0; k < lanes; k++)
        bounds->off[k] += (bounds->terms + n) * 4 * UNIT_ROUNDOFF * bounds->size[k] + TINY * G->own.largest +
                          evaluation_error(&b->reach, size[k], error[k]);
}

/* Put into `high` the largest values over the generators; G->highest is where the first function has it. */
INLINE void largest_values(BoundedCell *b, const double *rows, double *high, const int lanes) {
    for (int k = 0; k < lanes; k++) high[k] = -INFINITY;
    b->G->highest = b->cell->at[0];
    for (Py_ssize_t v = 0; v < b->cell->used; v++) {
        const double *X = VX(b->L, b->cell->at[v]);
        double value[SIDE_BY_SIDE] = {0};
        for (int c = 0; c < b->L->w; c++)
            for (int k = 0; k < lanes; k++) value[k] += rows[c * lanes + k] * X[c];
        if (value[0] > high[0]) b->G->highest = b->cell->at[v];
        for (int k = 0; k < lanes; k++) keep_largest(&high[k], isfinite(value[k]) ? value[k] : NAN);
    }
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

INLINE void bound_functions(BoundedCell *b, int last, double *bound, int *next, const int lanes) {
    Bounds bounds = {.terms = 4};
    double rows[(MAX_DIM + 1) * SIDE_BY_SIDE];
    const double *constant = b->G->coefficients + (size_t)(last < 0 ? b->L->n : b->G->layers[last].outputs) * lanes;
    for (int k = 0; k < lanes; k++) bounds.constant[k] = constant[k], bounds.size[k] = fabs(constant[k]);
    for (int q = last; q >= 0; q--) step_back(b->G, q, &bounds, lanes);
    if (next) costliest(b->G, b->state, bounds.size[0], next);
    rows_of(b, &bounds, rows, lanes);
    largest_values(b, rows, bound, lanes);
    for (int k = 0; k < lanes; k++) bound[k] += bounds.off[k] * SLACK;
}

WIDE_VECTORS static double bound_alone(BoundedCell *b, int last, int *next) {
    double bound;
    bound_functions(b, last, &bound, next, 1);
    return bound;
}

WIDE_VECTORS static void bound_together(BoundedCell *b, int last, double *bounds) {
    bound_functions(b, last, bounds, NULL, SIDE_BY_SIDE);
}

double upper_bound(BoundedCell *b, int last, int *next) { return bound_alone(b, last, next); }

void upper_bounds(BoundedCell *b, int last, double *bounds) { bound_together(b, last, bounds); }
