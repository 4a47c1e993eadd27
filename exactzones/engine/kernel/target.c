/* The target: reading it, and its sign on settled cells. */

#include "bounds.h"

void target_free(Target *G) {
    for (int k = 0; k < G->buffers; k++) PyBuffer_Release(&G->views[k]);
    for (int q = -1; q < G->depth; q++) {
        Downstream *D = q < 0 ? &G->own : &G->layers[q];
        free(D->u_slope); free(D->u_shift); free(D->l_slope); free(D->upper); free(D->lower); free(D->low); free(D->high);
    }
    free(G->layers); free(G->coefficients); free(G->others); free(G->sides); free(G->views);
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

/* Take an array of a record, with `length` items or, if that is 0, any number of them. */
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
    G->coefficients = calloc(((size_t)widest + 1) * SIDE_BY_SIDE, sizeof(double));
    G->others = calloc(((size_t)widest + 1) * SIDE_BY_SIDE, sizeof(double));
    G->sides = calloc(widest + 1, sizeof(double));
    return G->coefficients && G->others && G->sides ? 0 : out_of_memory();
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

/* --- Settled cells --- */

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

/* Whether the target is positive at a generator, in integers; UNKNOWN if these are not known or not small. */
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
