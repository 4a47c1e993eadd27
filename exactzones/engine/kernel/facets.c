/* The facets of cells that are kept by inequalities, and whether the target is positive somewhere on them.

   A row is irredundant if a point violates it alone, which is proved as for the parts of a cell (parts.c): the row is left out, and
   what is beyond it is a part of the rest. */

#include "search.h"

enum { SKIPPED, FACET, REDUNDANT, UNCLEAR, FIRES = 4, SILENT = 8 }; /* FIRES or SILENT is added to FACET */
#define SETTLED 8           /* added to the state of a unit whose row is not asked about */
#define UNMATCHED 16        /* the same, unless another unit may be zero where this one is */

/* Whether the ray from the inner point along the normal of g crosses g before all rows and bounds; y becomes a point in between. */
static int is_first(Search *S, const double *g, double error, double *y) {
    const double *x = point_of(S, 0);
    double off, own = evaluate(S, g, x, 0, &off), square = 0, next = INFINITY, nearest;
    int which;
    for (int k = 0; k < S->d; k++) square += g[k + 1] * g[k + 1];
    own /= square;
    for (int k = 0; k < S->d; k++) {
        const double speed = -g[k + 1];
        if (speed != 0) next = fmin(next, ((speed > 0 ? S->inner_high : S->inner_low)[k] - x[k]) / speed);
    }
    for (int i = 0; i < S->rows && next > own; i++) {
        const double *row = S->row + (size_t)i * S->w;
        double value = row[0], speed = 0;
        for (int k = 0; k < S->d; k++) {
            value += row[k + 1] * x[k];
            speed -= row[k + 1] * g[k + 1];
        }
        if (speed < 0) next = fmin(next, -value / speed);
    }
    if (!(next > own * (1 + 1e-6)) || !(own > 0)) return 0;
    const double time = (own + fmin(next, 2 * own)) / 2;
    for (int k = 0; k < S->d; k++) y[k] = x[k] - time * g[k + 1];
    return sign_at(S, g, y, error) < 0 && is_inside(S, y, &nearest, &which);
}

/* Probe beyond the row g of the cell, which the caller has left out; `free` is its variable. */
static int beyond(Search *S, const double *g, double error, double scale, int free, double *y) {
    if (is_first(S, g, error, y)) return FACET;
    Dictionary *D = S->stack[1];
    copy_dictionary(D, S->stack[0]);
    S->simplex.free = free;
    S->near = 1;
    const int found = probe(S, D, g, -1, error, scale, point_of(S, 0), y);
    S->simplex.free = -1;
    return found == SOME ? FACET : found == NONE ? REDUNDANT : UNCLEAR;
}

/* Exchange row i for another one, which becomes what row i was. */
static void swap_row(Search *S, int i, double *row, double *error, double *factor) {
    double *own = S->row + (size_t)i * S->w;
    for (int c = 0; c < S->w; c++) {
        const double kept = own[c];
        own[c] = row[c];
        row[c] = kept;
    }
    const double e = S->row_error[i], f = S->row_factor[i];
    S->row_error[i] = *error;
    S->row_factor[i] = *factor;
    *error = e;
    *factor = f;
}

static int beyond_row(Search *S, int i, double *y) {
    double *left_out = S->turned, error = 0, factor = 1;
    memset(left_out, 0, S->w * sizeof(double));
    left_out[0] = 1; /* a row that is positive everywhere takes its place */
    swap_row(S, i, left_out, &error, &factor);
    const int verdict = beyond(S, left_out, error, S->row_scale[i], S->d + i, y);
    swap_row(S, i, left_out, &error, &factor);
    return verdict;
}

/* side: 1 for the lower bound of a coordinate, -1 for the upper one. */
static int beyond_side(Search *S, int k, int side, double *y) {
    double *bound = side > 0 ? S->simplex.low : S->simplex.high, *inner = side > 0 ? S->inner_low : S->inner_high;
    const double at = bound[k], inner_at = inner[k];
    memset(S->turned, 0, S->w * sizeof(double));
    S->turned[0] = -side * at;
    S->turned[k + 1] = side;
    bound[k] -= side;
    inner[k] -= side;
    const double error = S->box_scale > 0 ? 0 : fabs(at) * 2 * UNIT_ROUNDOFF + TINY;
    const int verdict = beyond(S, S->turned, error, S->box_scale, k, y);
    bound[k] = at;
    inner[k] = inner_at;
    return verdict;
}

/* Whether g is certainly positive where the segment from a to b crosses row i, which is positive at a and negative at b. */
static int positive_at_crossing(const Search *S, const double *g, double error, int i, const double *a, const double *b) {
    double off_ga, off_gb, off_ra, off_rb;
    const double *row = S->row + (size_t)i * S->w;
    const double ga = evaluate(S, g, a, error, &off_ga), gb = evaluate(S, g, b, error, &off_gb);
    const double ra = evaluate(S, row, a, S->row_error[i], &off_ra), rb = evaluate(S, row, b, S->row_error[i], &off_rb);
    if (!(ra > off_ra) || !(rb < -off_rb)) return 0;
    const double value = gb * ra - ga * rb;
    const double off = off_ga * (fabs(rb) + off_rb) + fabs(ga) * off_rb + off_gb * (ra + off_ra) + fabs(gb) * off_ra;
    return value > (off + 8 * UNIT_ROUNDOFF * (fabs(gb * ra) + fabs(ga * rb))) * SLACK + TINY && value <= DBL_MAX;
}

/* Whether a point is strictly beyond row i and strictly inside all others. */
static int is_beyond(Search *S, int i, const double *y) {
    double *left_out = S->turned, error = 0, factor = 1, nearest;
    int which;
    memset(left_out, 0, S->w * sizeof(double));
    left_out[0] = 1;
    swap_row(S, i, left_out, &error, &factor);
    const int inside = is_inside(S, y, &nearest, &which) && sign_at(S, left_out, y, error) < 0;
    swap_row(S, i, left_out, &error, &factor);
    return inside;
}

/* Whether the target is positive somewhere on the facet of row i, beyond which y is: FIRES, SILENT, or 0 if that is not clear. */
static int fires_on(Search *S, int i, const double *y) {
    const double *g = S->values[S->layers], *x = point_of(S, 0), error = row_error(S, S->layers, 0);
    if (positive_at_crossing(S, g, error, i, x, y)) return FIRES;
    if (sign_on_box(S, g, error) < 0) return SILENT;
    Dictionary *D = S->stack[1];
    copy_dictionary(D, S->stack[0]);
    double *v = S->other_point, *a = point_of(S, 1), *b = point_of(S, 2), size = 0, nearest;
    const double *row = S->row + (size_t)i * S->w;
    int which, verdict = 0;
    for (int c = 1; c < S->w; c++) size += g[c] * g[c];
    const double factor = 1 / power_above(sqrt(size));
    if (restrict_to(S, D, row, -1, S->row_error[i], S->row_scale[i])) { S->rows--; return 0; }
    const int ended = maximise(D, &S->simplex, scaled(S, g, factor), INFINITY);
    const int positive = S->simplex.positive;
    for (int k = 0; k < S->d && positive; k++) v[k] = S->simplex.vertices[k] / positive;
    if (!positive && ended == OPTIMAL && refuted(S, D, g, error, row_scale(S, S->layers), factor)) verdict = SILENT;
    S->rows--; /* the row that turned the facet into an equation */
    for (double near = 0.125; positive && !verdict && near > 1e-4; near /= 8) {
        for (int k = 0; k < S->d; k++) {
            a[k] = fmin(fmax(v[k] + near * (x[k] - v[k]), S->inner_low[k]), S->inner_high[k]);
            b[k] = fmin(fmax(v[k] + near * (y[k] - v[k]), S->inner_low[k]), S->inner_high[k]);
        }
        if (is_inside(S, a, &nearest, &which) && is_beyond(S, i, b) && positive_at_crossing(S, g, error, i, a, b)) verdict = FIRES;
    }
    return verdict;
}

static void ask_about_unit(Search *S, int unit) {
    int k = 0;
    for (; unit >= S->layer[k].outputs; k++) unit -= S->layer[k].outputs;
    ask_about(S, k, unit);
}

/* Whether a row is certainly not a multiple of another one. */
static int differs(const Search *S, const double *g, double error, const double *other, double other_error) {
    int largest = 0;
    for (int c = 1; c < S->w; c++) if (fabs(g[c]) > fabs(g[largest])) largest = c;
    for (int c = 0; c < S->w; c++) {
        const double a = other[c] * g[largest], b = other[largest] * g[c];
        const double off = other_error * (fabs(g[largest]) + fabs(g[c]) + 2 * error) + error * (fabs(other[c]) + fabs(other[largest]));
        if (fabs(a - b) > (off + 4 * UNIT_ROUNDOFF * (fabs(a) + fabs(b))) * SLACK + TINY) return 1;
    }
    return 0;
}

/* Whether no other unit is zero where the row of a unit is. */
static int is_alone(const Search *S, int layer, int neuron) {
    const double *g = S->values[layer] + (size_t)neuron * S->w, error = row_error(S, layer, neuron);
    for (int k = 0; k < S->layers; k++)
        for (int j = 0; j < S->layer[k].outputs; j++) {
            if (!S->layer[k].relu[j] || (k == layer && j == neuron)) continue;
            if (!differs(S, g, error, S->values[k] + (size_t)j * S->w, row_error(S, k, j))) return 0;
        }
    return 1;
}

/* Write the verdicts of one cell: its domain rows, its lower bounds, its upper bounds, its units. */
static int facets_of(Search *S, const uint8_t *states, const double *point, void *to) {
    uint8_t *verdict = to;
    int k, j, i = 0;
    const int lost = rebuild(S, states, point, &k, &j), d = S->d;
    double *y = S->second_points;
    if (lost < 0) return -1;
    memset(verdict, lost ? UNCLEAR : SKIPPED, S->domain_rows + 2 * d + S->units);
    if (lost) return 0;
    if (S->has_target) enter_layer(S, S->layers);
    ask_about(S, -1, 0);
    for (; i < S->domain_rows && S->units_only; i++) verdict++;
    for (; i < S->domain_rows; i++) *verdict++ = (uint8_t)beyond_row(S, i, y);
    for (int side = 1; side >= -1; side -= 2)
        for (int c = 0; c < d; c++, verdict++)
            if (!S->units_only && !(side > 0 ? S->open_low : S->open_high)[c]) *verdict = (uint8_t)beyond_side(S, c, side, y);
    for (int unit = 0; unit < S->units; unit++, verdict++) {
        if (states[unit] & UNCUT) continue;
        ask_about_unit(S, unit);
        if (states[unit] & SETTLED || (states[unit] & UNMATCHED && is_alone(S, S->layer_asked, S->neuron_asked))) { i++; continue; }
        *verdict = (uint8_t)beyond_row(S, i, y);
        if (*verdict == FACET && S->has_target) *verdict |= (uint8_t)fires_on(S, i, y);
        i++;
    }
    return 0;
}

/* Bounds of the largest value of the target on a cell: below, and above. */
static int maximum_of(Search *S, const uint8_t *states, const double *point, void *to) {
    double *bounds = to;
    int k, j, which;
    const int lost = rebuild(S, states, point, &k, &j);
    if (lost < 0) return -1;
    enter_layer(S, S->layers);
    const double *g = S->values[S->layers], error = row_error(S, S->layers, 0);
    double *y = S->second_points, size = 0, off, nearest;
    bounds[0] = evaluate(S, g, point, error, &off) - off;
    bounds[1] = INFINITY;
    for (int c = 1; c < S->w; c++) size += g[c] * g[c];
    const double factor = 1 / power_above(sqrt(size));
    if (lost || maximise(S->stack[0], &S->simplex, scaled(S, g, factor), INFINITY) != OPTIMAL) return 0;
    vertex_of(S->stack[0], y);
    for (int c = 0; c < S->d; c++) y[c] = fmin(fmax(point[c] + (1 - 0x1p-20) * (y[c] - point[c]), S->inner_low[c]), S->inner_high[c]);
    if (is_inside(S, y, &nearest, &which)) bounds[0] = fmax(bounds[0], evaluate(S, g, y, error, &off) - off);
    take_multipliers(S, S->stack[0], factor);
    bounds[1] = top_of(S, g, error);
    if (S->is_open) bounds[1] = fmin(bounds[1], top_at_basis(S, S->stack[0], g, error, factor));
    return 0;
}

/* Call a function of each of the leaves of a call: the problem, then the states and the points of the leaves, one after the other.
   Returns its results, `width` bytes for each leaf; 0 stands for the number of rows that a cell may have. */
static PyObject *of_leaves(PyObject *args, int (*one)(Search *, const uint8_t *, const double *, void *), Py_ssize_t width) {
    Search S = {0};
    PyObject *problem, *result = NULL;
    Py_buffer in[PROBLEM] = {{0}}, states = {0}, points = {0};
    if (!PyArg_ParseTuple(args, "O!y*y*|p", &PyTuple_Type, &problem, &states, &points, &S.units_only)) return NULL;
    if (!read_problem(&S, problem, in)) {
        const Py_ssize_t count = states.len / S.units;
        if (!width) width = S.domain_rows + 2 * S.d + S.units;
        if (states.len != count * S.units || points.len != count * S.d * (Py_ssize_t)sizeof(double))
            PyErr_SetString(PyExc_ValueError, "expected a state for each unit and a coordinate for each dimension");
        else if (dictionary(&S, 1) && (result = PyBytes_FromStringAndSize(NULL, count * width)))
            for (Py_ssize_t p = 0; result && p < count; p++)
                if (PyErr_CheckSignals() || one(&S, (uint8_t *)states.buf + p * S.units, (double *)points.buf + p * S.d,
                                                PyBytes_AS_STRING(result) + p * width))
                    Py_CLEAR(result);
    }
    free_problem(&S, in);
    PyBuffer_Release(&states);
    PyBuffer_Release(&points);
    return result;
}

PyObject *facets(PyObject *self, PyObject *args) {
    (void)self;
    return of_leaves(args, facets_of, 0);
}

PyObject *maxima(PyObject *self, PyObject *args) {
    (void)self;
    return of_leaves(args, maximum_of, 2 * sizeof(double));
}
