/* The problem of a search over cells that are kept by inequalities: the tuple that engine/search_kernel.py makes. */

#include "search.h"

static int allocate(Search *S) {
    const size_t d = S->d, w = S->w, most = S->most, layers = S->layers + S->has_target;
    S->state = malloc(S->units);
    S->row = malloc(most * (w + 3) * sizeof(double));
    S->maps = calloc(2 * layers, sizeof(double *));
    S->map_error = malloc(2 * layers * sizeof(double));
    S->stack = calloc(most + 2, sizeof(Dictionary *));
    S->own_points = malloc(((2 * (most + 2) + 10) * d + 8 * w + most) * sizeof(double));
    S->places = malloc((2 * d + most) * sizeof(int32_t));
    for (size_t k = 0; k < layers; k++) S->widest = S->widest > S->layer[k].inputs ? S->widest : S->layer[k].inputs + 1;
    S->carried = S->is_open ? malloc((size_t)(4 + 2 * MOST_COMBINED) * S->widest * sizeof(double)) : NULL;
    if (!S->state || !S->row || !S->maps || !S->map_error || !S->stack || !S->own_points || !S->places || (S->is_open && !S->carried))
        return out_of_memory();
    S->row_error = S->row + most * w;
    S->row_scale = S->row_error + most;
    S->row_factor = S->row_scale + most;
    S->row_unit = S->places + 2 * d;
    S->values = S->maps + layers;
    S->factor = S->map_error + layers;
    S->second_points = S->own_points + (most + 2) * d;
    S->other_point = S->second_points + (most + 2) * d;
    S->simplex.cost = S->other_point + d;
    S->simplex.vertices = S->simplex.cost + d;
    S->simplex.low = S->simplex.vertices + d;
    S->simplex.high = S->simplex.low + d;
    S->inner_low = S->simplex.high + d;
    S->inner_high = S->inner_low + d;
    S->scratch = S->inner_high + d;
    S->goal = S->scratch + w;
    S->combined = S->goal + w;
    S->turned = S->combined + 2 * w;
    S->relaxed = S->turned + w;
    S->multiplier = S->relaxed + 2 * w;
    S->solution = S->multiplier + most;
    for (size_t k = 0; k < layers; k++) {
        S->maps[k] = malloc((size_t)S->layer[k].inputs * w * sizeof(double));
        S->values[k] = malloc((size_t)S->layer[k].outputs * w * sizeof(double));
        if (!S->maps[k] || !S->values[k]) return out_of_memory();
    }
    return 0;
}

void free_problem(Search *S, Py_buffer *in) {
    for (int k = 0; S->maps && k < 2 * (S->layers + S->has_target); k++) free(S->maps[k]);
    for (int k = 0; S->stack && k < S->most + 2; k++) free_dictionary(S->stack[k]);
    free(S->layer);
    free(S->state);
    free(S->row);
    free(S->maps);
    free(S->map_error);
    free(S->stack);
    free(S->own_points);
    free(S->places);
    free(S->carried);
    Py_XDECREF(S->kinds.object);
    Py_XDECREF(S->states.object);
    Py_XDECREF(S->points.object);
    Py_XDECREF(S->tree.object);
    for (int k = 0; k < PROBLEM; k++) PyBuffer_Release(&in[k]);
}

static int check_sizes(const Search *S, const Py_buffer *in, Py_ssize_t weights, int rows) {
    const Py_ssize_t d = S->d, real = sizeof(double), layers = S->layers + S->has_target;
    const Py_ssize_t all = S->units + S->has_target;
    const Py_ssize_t expected[PROBLEM] = {
        (layers + 1) * 8, weights * real, all * real, all, layers * real, d * real, d * real, d * real, d * real, d, d,
        rows * (d + 1) * real, rows * real};
    for (int k = 0; k < PROBLEM; k++)
        if (in[k].len != expected[k]) {
            PyErr_Format(PyExc_ValueError, "array %d of the search has %zd bytes; expected %zd", k, in[k].len, expected[k]);
            return -1;
        }
    return 0;
}

/* Read a problem; the caller calls free_problem afterwards, also after an error. */
int read_problem(Search *S, PyObject *problem, Py_buffer *in) {
    if (!PyArg_ParseTuple(problem, "y*y*y*y*y*y*y*y*y*y*y*y*y*pd", &in[WIDTHS], &in[WEIGHTS], &in[SUMS], &in[RELU], &in[SCALES],
                          &in[LOW], &in[HIGH], &in[INNER_LOW], &in[INNER_HIGH], &in[OPEN_LOW], &in[OPEN_HIGH], &in[DOMAIN_ROWS],
                          &in[ERRORS], &S->has_target, &S->box_scale))
        return -1;
    const int64_t *widths = in[WIDTHS].buf;
    const int layers = (int)(in[WIDTHS].len / 8) - 1, rows = (int)(in[ERRORS].len / 8);
    if (layers < 1 + S->has_target) {
        PyErr_SetString(PyExc_ValueError, "the search has no layer");
        return -1;
    }
    S->layers = layers - S->has_target;
    S->d = (int)widths[0];
    S->w = S->d + 1;
    S->layer = calloc(layers, sizeof(SearchLayer));
    if (!S->layer) return out_of_memory();
    Py_ssize_t weights = 0, units = 0;
    for (int k = 0; k < layers; k++) {
        S->layer[k] = (SearchLayer){(const double *)in[WEIGHTS].buf + weights, (const double *)in[SUMS].buf + units,
                                    (const uint8_t *)in[RELU].buf + units, (int)widths[k + 1], (int)widths[k],
                                    ((const double *)in[SCALES].buf)[k]};
        weights += widths[k + 1] * (widths[k] + 1);
        units += widths[k + 1];
    }
    S->units = (int)(units - S->has_target);
    S->most = S->units + rows + 2;
    S->domain = in[DOMAIN_ROWS].buf;
    S->domain_error = in[ERRORS].buf;
    S->domain_rows = rows;
    S->open_low = in[OPEN_LOW].buf;
    S->open_high = in[OPEN_HIGH].buf;
    if (check_sizes(S, in, weights, rows)) return -1;
    for (int k = 0; k < S->d; k++) S->is_open |= S->open_low[k] | S->open_high[k];
    if (allocate(S)) return -1;
    double *copies[] = {S->simplex.low, S->simplex.high, S->inner_low, S->inner_high};
    for (int k = 0; k < 4; k++) memcpy(copies[k], in[LOW + k].buf, S->d * sizeof(double));
    S->simplex.free = -1;
    return 0;
}
