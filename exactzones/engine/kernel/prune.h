/* Pruning: cells on which the target is positive nowhere are dropped before they are cut further.  See prune.c. */

#ifndef EXACTZONES_PRUNE_H
#define EXACTZONES_PRUNE_H

#include "kernel.h"

#define SIDE_BY_SIDE 24 /* functions that are bounded at once */

/* A layer, and what is known of its units on the current cell. */
typedef struct {
    int inputs, outputs;
    const double *weight; /* outputs rows of inputs + 1 entries, the bias last */
    const uint8_t *relu;
    double row_sum;       /* largest sum of the absolute values of a row */
    /* on the cell: u_slope * z + u_shift >= ReLU(z) >= l_slope * z for each unit, and the largest |z| or |activation| */
    double *u_slope, *u_shift, *l_slope, largest;
    double *low, *high;    /* ranges of the pre-activations of a downstream layer */
    double *upper, *lower; /* affine bounds of its activations, [c * outputs + i] */
} Downstream;

/* The target: a single affine unit after the downstream layers. */
typedef struct {
    int active, depth;     /* whether there is a target, and the number of downstream layers */
    Downstream own;        /* the layer that cuts; its weights are the rows R of the parent */
    Downstream *layers;
    const double *target;  /* target_inputs + 1 entries, the constant last */
    int target_inputs, buffers;
    double target_scale;   /* target * target_scale are integers if it is not 0 */
    double magnitude;      /* the target is at most this times the largest entry of a generator, on the parent */
    double *coefficients, *others, *sides; /* room for bounds: the first two for SIDE_BY_SIDE functions of a layer */
    Py_buffer *views;
    Py_ssize_t highest;    /* the generator at which the last bound was largest */
    long long bounds, dropped;
} Target;

int target_read(Target *G, PyObject *downstream, int n, int w);
void target_free(Target *G);

/* Prepare for a new parent. */
void target_start(const Layer *L, Target *G);

/* Whether the target seems positive at a generator of the cell; may put into *next the neuron to cut with. */
int seems_to_fire(Layer *L, Target *G, const List *cell, const uint8_t *state, int *next);

/* Whether the target is certainly positive nowhere on the cell; otherwise puts into *next the neuron to cut with. */
int cannot_fire(const Layer *L, Target *G, const List *cell, const uint8_t *state, int *next);

/* Whether the target is positive somewhere on a cell where all units before it are settled. */
int fires(const Layer *L, const Target *G, const List *cell, const uint8_t *state);

#endif
