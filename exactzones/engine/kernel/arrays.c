/* The input and output of a call, and growing arrays, of which the output consists. */

#include "request.h"

/* --- Growing arrays --- */

int out_of_memory(void) {
    PyErr_NoMemory();
    return -1;
}

int grow_bytes(Bytes *b, size_t more) {
    size_t room = b->room ? b->room : 1024;
    while (room < b->used + more) room *= 2;
    if (b->object) _PyBytes_Resize(&b->object, (Py_ssize_t)room);
    else b->object = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
    b->room = b->object ? room : 0;
    if (!b->object) { b->used = 0; return -1; }
    b->at = PyBytes_AS_STRING(b->object);
    return 0;
}

int grow_list(List *list) {
    Py_ssize_t room = list->room ? 2 * list->room : 64;
    int32_t *at = realloc(list->at, room * sizeof(int32_t));
    if (!at) return out_of_memory();
    list->at = at;
    list->room = room;
    return 0;
}

/* Transfer ownership of the buffer to the caller. */
PyObject *release(Bytes *b) {
    PyObject *object = b->object;
    b->object = NULL;
    if (!object) return PyBytes_FromStringAndSize(NULL, 0);
    _PyBytes_Resize(&object, (Py_ssize_t)b->used);
    return object;
}

/* --- Input --- */

static const Array arrays[ARRAYS] = {
    {"ptr", 8, "P+1"}, {"points", 8, "V,d+1"}, {"error", 8, "V"}, {"integers", 8, "V,d+1"}, {"has_integers", 1, "V"},
    {"tight", 4, "V,d"}, {"plane_ptr", 8, "P+1"}, {"plane_ids", 4, "H"}, {"plane_rows", 8, "H,d+1"}, {"plane_error", 8, "H"},
    {"state", 1, "P,n"}, {"rows", 8, "P,d+1,n"}, {"row_error", 8, "P"}, {"row_sums", 8, "n"}, {"same", 4, "n"}};

static const Array results[] = {{"parent", 8, "P"}, {"verdict", 1, "P"}};

static const Array *result_array(int k) { return k <= STATE ? &arrays[k] : &results[k - PARENT]; }

PyObject *declared(int is_result) {
    PyObject *list = PyList_New(0);
    for (int k = 0; list && k < (is_result ? RESULTS : ARRAYS); k++) {
        const Array *array = is_result ? result_array(k) : &arrays[k];
        PyObject *entry = Py_BuildValue("(sns)", array->name, array->itemsize, array->shape);
        if (!entry || PyList_Append(list, entry)) Py_CLEAR(list);
        Py_XDECREF(entry);
    }
    return list;
}

/* Compare an array's shape with the declared one; the first array that has an axis defines its size. */
static int check_shape(Request *in, const Array *array, const Py_buffer *view) {
    const char *axis = array->shape;
    int right = view->itemsize == array->itemsize;
    for (int k = 0; right && k < view->ndim; k++) {
        Py_ssize_t *size = &in->sizes[(int)*axis];
        const int extra = axis[0] && axis[1] == '+';
        if (!*axis) right = 0;
        else if (*size < 0) *size = view->shape[k] - extra;
        else right = view->shape[k] == *size + extra;
        axis += !*axis ? 0 : extra ? 3 : 1;
        if (*axis == ',') axis++;
    }
    if (right && !*axis) return 0;
    PyErr_Format(PyExc_ValueError, "%s: expected an array of shape (%s) with items of %zd bytes", array->name, array->shape,
                 array->itemsize);
    return -1;
}

static int take_array(Request *in, PyObject *record, int k) {
    PyObject *object = PyObject_GetAttrString(record, arrays[k].name);
    if (!object) return -1;
    const int failed = PyObject_GetBuffer(object, &in->views[k], PyBUF_C_CONTIGUOUS);
    Py_DECREF(object);
    if (failed) return -1;
    in->taken++;
    return check_shape(in, &arrays[k], &in->views[k]);
}

static long long take_integer(PyObject *record, const char *name) {
    PyObject *object = PyObject_GetAttrString(record, name);
    if (!object) return -1;
    const long long value = PyLong_AsLongLong(object);
    Py_DECREF(object);
    return value;
}

static double take_float(PyObject *record, const char *name) {
    PyObject *object = PyObject_GetAttrString(record, name);
    if (!object) return -1;
    const double value = PyFloat_AsDouble(object);
    Py_DECREF(object);
    return value;
}

/* Whether offsets begin with 0, never decrease, and end with the number of items. */
static int are_offsets(const int64_t *ptr, Py_ssize_t count, Py_ssize_t total) {
    int right = ptr[0] == 0 && ptr[count] == total;
    for (Py_ssize_t k = 0; k < count; k++) right &= ptr[k] <= ptr[k + 1];
    return right;
}

static int take_arrays(Request *in, PyObject *request) {
    PyObject *cells = PyObject_GetAttrString(request, "cells");
    if (!cells) return -1;
    memset(in->sizes, -1, sizeof in->sizes);
    int failed = 0;
    for (int k = 0; !failed && k < ARRAYS; k++) failed = take_array(in, k < STATE ? cells : request, k);
    Py_DECREF(cells);
    return failed;
}

int read_request(Request *in, PyObject *request) {
    if (take_arrays(in, request)) return -1;
    const Py_ssize_t *sizes = in->sizes, P = sizes['P'];
    in->scale = take_float(request, "scale");
    in->seconds = take_float(request, "seconds");
    in->base = (int)take_integer(request, "first_id");
    in->ids = (int)take_integer(request, "ids");
    in->limit = (Py_ssize_t)take_integer(request, "limit");
    in->keep_above = (int)take_integer(request, "keep_above");
    in->leaves = (int)take_integer(request, "leaves");
    if (PyErr_Occurred()) return -1;
    if (sizes['d'] < 1 || sizes['d'] > MAX_DIM || sizes['n'] < 1 || in->base < 1 || in->ids < in->base + sizes['n']) {
        PyErr_Format(PyExc_ValueError, "dimension %zd, %zd neurons, first id %d, %d ids: expected dimension 1 to 16 and an id "
                     "for each neuron", sizes['d'], sizes['n'], in->base, in->ids);
        return -1;
    }
    if (are_offsets(AT(int64_t, in, PTR), P, sizes['V']) && are_offsets(AT(int64_t, in, PLANE_PTR), P, sizes['H'])) return 0;
    PyErr_SetString(PyExc_ValueError, "ptr or plane_ptr does not divide its arrays into cells");
    return -1;
}

void free_request(Request *in) {
    for (int k = 0; k < in->taken; k++) PyBuffer_Release(&in->views[k]);
}

/* --- Output --- */

int put_offsets(const Layer *L, Output *out) {
    const int64_t generators = out->part[TIGHT].used / (L->d * sizeof(int32_t));
    const int64_t planes = out->part[PLANE_IDS].used / sizeof(int32_t);
    return put(&out->part[PTR], &generators, sizeof generators) || put(&out->part[PLANE_PTR], &planes, sizeof planes) ? -1 : 0;
}

/* Write a generator's coordinates, and those of its hyperplanes that have not been written for this cell. */
static int emit_generator(const Layer *L, Py_ssize_t v, Bytes *part, int32_t *seen, int32_t stamp) {
    double row[MAX_DIM + 1], error;
    if (put(&part[POINTS], VX(L, v), L->w * sizeof(double)) || put(&part[ERROR], &VE(L, v), sizeof(double)) ||
        put(&part[INTEGERS], VZ(L, v), L->w * sizeof(int64_t)) || put(&part[HAS_INTEGERS], &HAS_Z(L, v), 1))
        return -1;
    for (int i = 0; i < L->d; i++) {
        const int32_t id = VT(L, v)[i];
        if (id == 0 || seen[id] == stamp) continue;
        seen[id] = stamp;
        row_of(L, id, row, &error);
        if (put(&part[PLANE_IDS], &id, sizeof id) || put(&part[PLANE_ROWS], row, L->w * sizeof(double)) ||
            put(&part[PLANE_ERROR], &error, sizeof error))
            return -1;
    }
    return 0;
}

int emit(const Layer *L, const List *cell, const uint8_t *state, uint8_t verdict, Output *out, int32_t *seen, int32_t stamp) {
    const int64_t parent = L->parent;
    Bytes *part = out->part;
    out->cells++;
    if (put(&part[VERDICT], &verdict, 1) || put(&part[PARENT], &parent, sizeof parent) || put(&part[STATE], state, L->n))
        return -1;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        const Py_ssize_t v = cell->at[k];
        if (put(&part[TIGHT], VT(L, v), L->d * sizeof(int32_t))) return -1;
        if (!out->leaves && emit_generator(L, v, part, seen, stamp)) return -1;
    }
    return put_offsets(L, out);
}

PyObject *written(Output *out) {
    PyObject *result = PyDict_New();
    for (int k = 0; result && k < RESULTS; k++) {
        if (k > PLANE_ERROR && k < STATE) continue;
        PyObject *part = release(&out->part[k]);
        if (!part || PyDict_SetItemString(result, result_array(k)->name, part)) Py_CLEAR(result);
        Py_XDECREF(part);
    }
    return result;
}

/* --- The next layer's input --- */

static int expand_rows(const Py_buffer *views) {
    const Py_ssize_t P = views[3].shape[0], w = views[3].shape[1], n = views[3].shape[2] - 1, parents = views[0].shape[0];
    if (views[0].shape[1] != w || views[0].shape[2] != n || views[1].shape[0] != P || views[2].shape[0] != P ||
        views[2].shape[1] != n) {
        PyErr_SetString(PyExc_ValueError, "expected rows (.., d+1, n), parents (P), state (P, n) and out (P, d+1, n+1)");
        return -1;
    }
    for (Py_ssize_t p = 0; p < P; p++) {
        const int64_t parent = ((const int64_t *)views[1].buf)[p];
        const uint8_t *state = (const uint8_t *)views[2].buf + p * n;
        if (parent < 0 || parent >= parents) {
            PyErr_Format(PyExc_ValueError, "parent %lld of %zd", (long long)parent, parents);
            return -1;
        }
        for (Py_ssize_t c = 0; c < w; c++) {
            const double *from = (const double *)views[0].buf + (parent * w + c) * n;
            double *to = (double *)views[3].buf + (p * w + c) * (n + 1);
            for (Py_ssize_t j = 0; j < n; j++) to[j] = state[j] == ON ? from[j] : 0;
            to[n] = c == 0;
        }
    }
    return 0;
}

PyObject *expand(PyObject *self, PyObject *args) {
    (void)self;
    static const Array expected[4] = {{"rows", 8, "P,d+1,n"}, {"parents", 8, "P"}, {"state", 1, "P,n"}, {"out", 8, "P,d+1,n+1"}};
    static const int axes[4] = {3, 1, 2, 3};
    PyObject *objects[4];
    if (!PyArg_ParseTuple(args, "OOOO", &objects[0], &objects[1], &objects[2], &objects[3])) return NULL;
    Py_buffer views[4];
    int taken = 0, failed = 0;
    for (; !failed && taken < 4; taken++) {
        failed = PyObject_GetBuffer(objects[taken], &views[taken], PyBUF_C_CONTIGUOUS | (taken == 3 ? PyBUF_WRITABLE : 0));
        if (failed) break;
        if (views[taken].itemsize == expected[taken].itemsize && views[taken].ndim == axes[taken]) continue;
        PyErr_Format(PyExc_ValueError, "%s: expected an array of shape (%s)", expected[taken].name, expected[taken].shape);
        failed = -1;
    }
    if (!failed) failed = expand_rows(views);
    for (int k = 0; k < taken; k++) PyBuffer_Release(&views[k]);
    if (failed) return NULL;
    Py_RETURN_NONE;
}
