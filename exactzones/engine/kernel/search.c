/* The search for cells that are kept by inequalities: depth first over the neurons, one after the other.

   A cell is the states of the neurons so far and one inner point, which was proved to be strictly inside.  The neuron's sign at
   that point is the sign of one part; the simplex method in floats (simplex.c) looks for the other.  A part exists if a point is
   strictly inside of it by more than a bound on all rounding errors.  It does not if multipliers of the cell's rows combine to a
   function that is negative on the whole box by more than such a bound, or, where all numbers are small integers, that is
   at most zero in exact arithmetic.  What neither shows is left to the caller: an item of the kind ASK.

   Rows are those of engine/float_layers.py; the error of row j of a layer is row_sums[j] times a factor (proofs/filter.md).  The
   proofs are in proofs/inequalities.md. */

#include "search.h"

static int emit_item(Search *S, int kind, const double *x) {
    const uint8_t code = (uint8_t)kind;
    S->items++;
    return record_item(S) || put(&S->kinds, &code, 1) || put(&S->states, S->state, S->units) ||
           put(&S->points, x, S->d * sizeof(double));
}

/* After all layers: a leaf, if the target is positive somewhere. */
static int finish(Search *S, Dictionary *D, const double *x) {
    const int k = S->layers;
    if (!S->has_target) return emit_item(S, LEAF, x);
    enter_layer(S, k);
    ask_about(S, k, 0);
    const double *g = S->values[k], error = row_error(S, k, 0);
    if (sign_at(S, g, x, error) > 0) return emit_item(S, LEAF, x);
    if (sign_on_box(S, g, error) < 0) return record_silence(S, S->units, 0);
    switch (probe(S, D, g, 1, error, row_scale(S, k), x, S->other_point)) {
    case SOME: return emit_item(S, LEAF, S->other_point);
    case NONE: return record_silence(S, S->units, 1);
    default: S->asked++; return emit_item(S, ASK, x);
    }
}

/* Whether the target is certainly positive nowhere on the cell, whose last layer is still to be cut from neuron j on; -1 on error.

   The target is at most a linear function: a ReLU with the bounds low < 0 < high of its unit is at most a z + b, where a is
   high / (high - low) and b makes that true at both bounds, and at least z or 0 (Ehlers 2017; Zhang et al. 2018). */
static int is_silent(Search *S, int j, const uint8_t *state, Dictionary *D, const double *x) {
    const int last = S->layers - 1, n = S->layer[last].outputs, w = S->w, from = S->units - n + j;
    const double *target = S->layer[S->layers].rows;
    double *goal = S->relaxed, *size = S->relaxed + w, error = 0, largest = 0, low, high;
    memset(goal, 0, 2 * w * sizeof(double));
    goal[0] = target[n];
    size[0] = fabs(target[n]);
    for (int i = 0; i < n; i++) {
        const double c = target[i], *row = S->values[last] + (size_t)i * w;
        double slope = 1, constant = 0;
        if (c == 0) continue;
        if (i < j) slope = state[i] & 1;
        else if (S->layer[last].relu[i]) {
            range_on_box(S, row, row_error(S, last, i), &low, &high);
            if (high <= 0) slope = 0;
            else if (low < 0) {
                if (!(low >= -DBL_MAX && high <= DBL_MAX)) return 0;
                slope = c > 0 ? high / (high - low) : high > -low;
                if (c > 0) constant = (fmax(-slope * low, high - slope * high) + 8 * UNIT_ROUNDOFF * high) * SLACK + TINY;
            }
        }
        for (int e = 0; e < w; e++) {
            goal[e] += c * slope * row[e];
            size[e] += fabs(c * slope * row[e]);
        }
        goal[0] += c * constant;
        size[0] += fabs(c * constant);
        error += fabs(c) * slope * row_error(S, last, i);
    }
    for (int e = 0; e < w; e++) largest = fmax(largest, size[e]);
    error = (error + (n + 8) * UNIT_ROUNDOFF * largest) * SLACK + TINY;
    const int sign = sign_on_box(S, goal, error);
    if (sign < 0) return record_silence(S, from, 0) ? -1 : 1;
    if (sign || sign_at(S, goal, x, error) > 0) return 0;
    ask_about(S, -1, 0);
    if (probe(S, D, goal, 1, error, 0, x, S->other_point) != NONE) return 0;
    return record_silence(S, from, 1) ? -1 : 1;
}

/* On which sides of a neuron the cell has parts: bit 0 above, bit 1 below; -1 if that is not clear.  x and y become inner points
   of the parts above and below. */
static int sides_of(Search *S, Dictionary *D, int k, int j, double *x, double *y) {
    const double *g = S->values[k] + (size_t)j * S->w, error = row_error(S, k, j), scale = row_scale(S, k);
    double *other = S->other_point;
    const size_t size = S->d * sizeof(double);
    const int sign = sign_at(S, g, x, error);
    ask_about(S, k, j);
    if (sign) {
        switch (probe(S, D, g, -sign, error, scale, x, other)) {
        case NONE: return sign > 0 ? 1 : 2;
        case UNSURE: return -1;
        default:
            memcpy(y, sign > 0 ? other : x, size);
            if (sign < 0) memcpy(x, other, size);
            return 3;
        }
    }
    const int above = probe(S, D, g, 1, error, scale, x, y);
    if (above == UNSURE) return -1;
    const int below = probe(S, D, g, -1, error, scale, x, other);
    if (below == UNSURE || (above == NONE && below == NONE)) return -1;
    if (above == NONE && S->records && probe(S, D, g, 1, error, scale, x, y) != NONE) return -1; /* its multipliers are recorded */
    if (above == SOME) memcpy(x, y, size);
    memcpy(below == SOME && above == NONE ? x : y, other, below == SOME ? size : 0);
    return (above == SOME) | (below == SOME) << 1;
}

static int is_zero(const double *g, int w) {
    for (int c = 0; c < w; c++)
        if (g[c] != 0) return 0;
    return 1;
}

/* Search a cell from neuron j of layer k on; its point and its dictionary are those of the depth. */
static int visit(Search *S, int k, int j, int depth) {
    Dictionary *D = S->stack[depth];
    double *x = point_of(S, depth), *y = S->second_points + (size_t)depth * S->d;
    const int rows = S->rows;
    uint8_t *state = S->state;
    int failed = 0;
    for (int before = 0; before < k; before++) state += S->layer[before].outputs;
    for (; !failed && k < S->layers; j++) {
        if (j == S->layer[k].outputs) {
            state += j;
            j = -1;
            if (++k < S->layers) enter_layer(S, k);
            continue;
        }
        const double *g = S->values[k] + (size_t)j * S->w, error = row_error(S, k, j);
        const int unit = (int)(state - S->state) + j;
        if (!S->layer[k].relu[j]) { state[j] = ON | UNCUT; continue; }
        if (error == 0 && is_zero(g, S->w)) {
            state[j] = OFF | UNCUT;
            if (record_bound(S, unit, -1, 0)) return -1;
            continue;
        }
        const int on_box = sign_on_box(S, g, error);
        if (on_box) {
            state[j] = (on_box > 0 ? ON : OFF) | UNCUT;
            if (record_bound(S, unit, on_box, 0)) return -1;
            continue;
        }
        memset(state + j, UNSEEN, S->units - (state - S->state) - j);
        if (S->items >= S->limit || S->nodes >= 64 * S->limit) { failed = emit_item(S, REST, x) ? -1 : 1; break; }
        if ((++S->nodes & 1023) == 0 && PyErr_CheckSignals()) return -1;
        const int silent = k == S->layers - 1 && S->has_target ? is_silent(S, j, state, D, x) : 0;
        if (silent) { S->rows = rows; return silent < 0 ? -1 : 0; }
        const int sides = sides_of(S, D, k, j, x, y);
        if (sides < 0) { S->asked++; failed = emit_item(S, ASK, x) ? -1 : 1; break; }
        if (sides < 3) {
            state[j] = (sides == 1 ? ON : OFF) | UNCUT;
            if (record_bound(S, unit, sides == 1 ? 1 : -1, 1)) return -1;
            continue;
        }
        if (record_split(S, unit)) return -1;
        /* First the part above, with a dictionary of its own, then the part below, with this one. */
        Dictionary *first = dictionary(S, depth + 1);
        if (!first) return -1;
        copy_dictionary(first, D);
        memcpy(point_of(S, depth + 1), x, S->d * sizeof(double));
        const int before = S->rows;
        state[j] = ON;
        if (restrict_to_side(S, first, k, j, 1)) failed = emit_item(S, REST, x);
        else {
            recentre(S, first, point_of(S, depth + 1));
            failed = visit(S, k, j + 1, depth + 1);
        }
        S->rows = before;
        if (failed) return -1;
        memset(state + j + 1, UNSEEN, S->units - (state - S->state) - j - 1);
        state[j] = OFF;
        memcpy(x, y, S->d * sizeof(double));
        if (restrict_to_side(S, D, k, j, -1)) { failed = emit_item(S, REST, x) ? -1 : 1; break; }
        recentre(S, D, x);
    }
    if (!failed) failed = finish(S, D, x);
    S->rows = rows;
    return failed < 0 ? -1 : 0;
}

static int search_from(Search *S, const uint8_t *states, const double *point) {
    int k, j;
    const int lost = rebuild(S, states, point, &k, &j);
    if (lost < 0) return -1;
    if (lost) { S->asked++; return emit_item(S, ASK, point); }
    recentre(S, S->stack[0], point_of(S, 0));
    return visit(S, k, j, 0);
}

/* Search a cell: see problem.c for the problem; then its states, its point, the number of items after which to stop, and whether
   the tree is wanted (record.c). */
PyObject *search(PyObject *self, PyObject *args) {
    (void)self;
    Search S = {0};
    PyObject *problem, *result = NULL;
    Py_buffer in[PROBLEM] = {{0}}, states = {0}, point = {0};
    if (!PyArg_ParseTuple(args, "O!y*y*L|p", &PyTuple_Type, &problem, &states, &point, &S.limit,
                          &S.records)) return NULL;
    if (!read_problem(&S, problem, in)) {
        if (states.len != S.units || point.len != S.d * (Py_ssize_t)sizeof(double))
            PyErr_SetString(PyExc_ValueError, "expected a state for each unit and a coordinate for each dimension");
        else if (!search_from(&S, states.buf, point.buf))
            result = Py_BuildValue("{s:N,s:N,s:N,s:N,s:{s:L,s:L,s:L,s:L,s:L,s:L,s:L}}", "kinds", release(&S.kinds), "states",
                                   release(&S.states), "points", release(&S.points), "tree",
                                   release(&S.tree), "counts", "nodes", S.nodes, "programs",
                                   S.probes, "pivots", S.simplex.pivots, "inside", S.inside, "outside", S.outside, "integers",
                                   S.integers, "asked", S.asked);
    }
    free_problem(&S, in);
    PyBuffer_Release(&states);
    PyBuffer_Release(&point);
    return result;
}
