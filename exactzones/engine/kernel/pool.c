/* The pool of a parent's generators: their signs, and those that arise where a neuron crosses an edge. */

#include "kernel.h"

#define BLOCK 256 /* values that are computed at once */

/* Take the signs of all neurons at a generator from floats, where these are certain. */
VECTORS void filter_signs(Layer *L, Py_ssize_t v) {
    const double *X = VX(L, v);
    double largest, total;
    sizes_of(L, v, &largest, &total);
    const double alpha = ((L->d + 4) * UNIT_ROUNDOFF * largest + VE(L, v)) * SLACK, beta = (total + L->d * VE(L, v)) * SLACK;
    uint8_t *flags = FLAGS(L, v);
    const int n = L->n;
    const double *LA = L->LA, *WF = L->WF;
    double values[BLOCK];
    for (int start = 0; start < n; start += BLOCK) {
        const int size = n - start < BLOCK ? n - start : BLOCK;
        const double *R = L->R + start;
        for (int j = 0; j < size; j++) values[j] = R[j] * X[0];
        for (int c = 1; c < L->w; c++) {
            const double x = X[c], *Rc = R + (size_t)c * n;
            for (int j = 0; j < size; j++) values[j] += Rc[j] * x;
        }
        for (int j = 0; j < size; j++) {
            const double bound = LA[start + j] * alpha + WF[start + j] * beta + TINY;
            /* a value or bound that is NaN or infinite decides nothing: a partial sum that overflowed may have any sign */
            const double absolute = fabs(values[j]), sign = values[j] > 0 ? POSITIVE : NEGATIVE;
            values[j] = (absolute > bound) & (absolute <= DBL_MAX) ? sign : UNDECIDED;
        }
        for (int j = 0; j < size; j++) flags[start + j] = (uint8_t)(int)values[j];
    }
}

static double length_of(const Layer *L, Py_ssize_t v) {
    double largest, total;
    sizes_of(L, v, &largest, &total);
    return largest;
}

/* How far the float value of neuron j may be off at a generator. */
static double bound_at(const Layer *L, Py_ssize_t v, int j) {
    double largest, total;
    sizes_of(L, v, &largest, &total);
    const double reach = (L->d + 4) * UNIT_ROUNDOFF * largest + VE(L, v);
    return (L->LA[j] * reach + L->WF[j] * (total + L->d * VE(L, v))) * SLACK * SLACK + TINY;
}

/* Whether neuron j can be evaluated at a generator in integers. */
static int has_integers(const Layer *L, Py_ssize_t v, int j) {
    if (L->f != 0 || L->scale == 0 || !HAS_Z(L, v)) return 0;
    for (int c = 0; c < L->w; c++)
        if (fabs(L->R[(size_t)c * L->n + j] * L->scale) > (double)SMALL_INTEGER) return 0;
    return 1;
}

/* A positive multiple of the exact value of neuron j at a generator; only if has_integers. */
static wide integer_value(const Layer *L, Py_ssize_t v, int j) {
    const int64_t *Z = VZ(L, v);
    wide value = 0;
    for (int c = 0; c < L->w; c++) value += (wide)(int64_t)(L->R[(size_t)c * L->n + j] * L->scale) * Z[c];
    return value;
}

/* Ask the caller for the signs of all neurons at a generator, and take those that are undecided. */
static int ask(Layer *L, Py_ssize_t v) {
    L->exact++;
    PyObject *answer = PyObject_CallFunction(
        L->signs, "ny#", L->parent, (const char *)VT(L, v), (Py_ssize_t)(L->d * sizeof(int32_t)));
    if (!answer) return -1;
    char *signs;
    Py_ssize_t length;
    int failed = PyBytes_AsStringAndSize(answer, &signs, &length);
    if (!failed && length != L->n) {
        PyErr_Format(PyExc_ValueError, "expected the signs of %d neurons, got %zd", L->n, length);
        failed = -1;
    }
    uint8_t *flags = FLAGS(L, v);
    for (int k = 0; !failed && k < L->n; k++) if (flags[k] == UNDECIDED) flags[k] = (uint8_t)signs[k];
    Py_DECREF(answer);
    return failed;
}

/* Decide the sign of neuron j at a generator exactly. */
int resolve(Layer *L, Py_ssize_t v, int j) {
    uint8_t *flag = FLAGS(L, v) + j;
    L->undecided++;
    const int32_t *T = VT(L, v);
    for (int k = 0; k < L->d; k++) { /* a tight neuron whose row is a multiple of this one's */
        const int other = T[k] - L->base;
        if (other >= 0 && other < L->n && L->same[other] == L->same[j]) { *flag = ZERO; return 0; }
    }
    if (!has_integers(L, v, j)) return ask(L, v);
    const wide value = integer_value(L, v, j);
    *flag = value > 0 ? POSITIVE : value < 0 ? NEGATIVE : ZERO;
    return 0;
}

/* --- Generators in integers --- */

static wide gcd(wide a, wide b) {
    if (a < 0) a = -a;
    if (b < 0) b = -b;
    while (b) {
        if (a <= INT64_MAX && b <= INT64_MAX) {
            uint64_t x = (uint64_t)a, y = (uint64_t)b;
            while (y) { uint64_t t = x % y; x = y; y = t; }
            return (wide)x;
        }
        wide t = a % b; a = b; b = t;
    }
    return a;
}

/* Integer coordinates of the crossing point; returns 0 if those of an end are not known or the new ones are too large. */
static int integer_crossing(const Layer *L, Py_ssize_t p, Py_ssize_t q, int j, int64_t *out) {
    if (!HAS_Z(L, q) || !has_integers(L, p, j)) return 0;
    wide up = integer_value(L, p, j), down = -integer_value(L, q, j), common = gcd(up, down);
    if (common > 1) { up /= common; down /= common; }
    if (up >= LARGE_INTEGER || down >= LARGE_INTEGER) return 0;
    wide sums[MAX_DIM + 1], divisor = 0;
    for (int c = 0; c < L->w; c++) {
        wide a = down * VZ(L, p)[c], b = up * VZ(L, q)[c]; /* below 2^124 each */
        sums[c] = a + b;
        divisor = gcd(divisor, sums[c]);
    }
    if (divisor == 0) return 0;
    for (int c = 0; c < L->w; c++) {
        wide entry = sums[c] / divisor;
        if (entry >= LARGE_INTEGER || entry <= -LARGE_INTEGER) return 0;
        out[c] = (int64_t)entry;
    }
    return 1;
}

/* The float copy of an integer generator; returns its error. */
static double from_integers(const Layer *L, const int64_t *Z, double *X) {
    double largest = 0, by = (double)Z[0];
    if (!Z[0]) for (int c = 1; c < L->w; c++) if (fabs((double)Z[c]) > by) by = fabs((double)Z[c]);
    for (int c = 0; c < L->w; c++) {
        X[c] = (double)Z[c] / by;
        if (fabs(X[c]) > largest) largest = fabs(X[c]);
    }
    return 4 * UNIT_ROUNDOFF * largest + TINY;
}

/* --- The pool of generators --- */

/* The place of a tight set in the hash table; it holds 0 if the set is new. */
static int32_t *slot_of(Layer *L, uint64_t S, const int32_t *T) {
    size_t at = S & L->mask;
    while (L->table[at]) {
        Py_ssize_t v = L->table[at] - 1;
        if (VS(L, v) == S && !memcmp(VT(L, v), T, L->d * sizeof(int32_t))) break;
        at = (at + 1) & L->mask;
    }
    return &L->table[at];
}

static int rehash(Layer *L) {
    size_t size = (L->mask + 1) * 4;
    int32_t *table = calloc(size, sizeof(int32_t));
    if (!table) return out_of_memory();
    free(L->table);
    L->table = table;
    L->mask = size - 1;
    for (Py_ssize_t v = 0; v < L->count; v++) {
        size_t at = VS(L, v) & L->mask;
        while (table[at]) at = (at + 1) & L->mask;
        table[at] = (int32_t)v + 1;
    }
    return 0;
}

/* Add a generator to the pool; the caller sets its coordinates and then calls filter_signs. */
Py_ssize_t new_vertex(Layer *L, const int32_t *T, uint64_t S) {
    if ((size_t)L->count * 2 > L->mask && rehash(L)) return -1;
    int32_t *slot = slot_of(L, S, T);
    if (!grow(&L->X, L->w * sizeof(double)) || !grow(&L->E, sizeof(double)) || !grow(&L->Z, L->w * sizeof(int64_t)) ||
        !grow(&L->has_Z, 1) || put(&L->T, T, L->d * sizeof(int32_t)) || put(&L->S, &S, sizeof S) || !grow(&L->flags, L->n) ||
        !grow(&L->guesses, 1))
        return -1;
    GUESS(L, L->count) = 0;
    *slot = (int32_t)L->count + 1;
    return L->count++;
}

static void copy_generator(Layer *L, Py_ssize_t from, Py_ssize_t to) {
    memcpy(VX(L, to), VX(L, from), L->w * sizeof(double));
    memcpy(VZ(L, to), VZ(L, from), L->w * sizeof(int64_t));
    memcpy(FLAGS(L, to), FLAGS(L, from), L->n);
    VE(L, to) = VE(L, from);
    HAS_Z(L, to) = HAS_Z(L, from);
}

/* Compute in floats the generator v where the edge from p to q crosses neuron j. */
static void float_crossing(Layer *L, Py_ssize_t v, Py_ssize_t p, Py_ssize_t q, int j) {
    const int32_t *T = VT(L, v);
    const double *P = VX(L, p), *Q = VX(L, q);
    double *X = VX(L, v), up = FLAGS(L, p)[j] == POSITIVE ? value_at(L, P, j) : 0, down = -value_at(L, Q, j);
    if (!(up >= 0)) up = 0;
    if (!(down > 0)) down = DBL_MIN;
    for (int c = 0; c < L->w; c++) X[c] = down * P[c] + up * Q[c];
    if (T[0] != 0) { /* a vertex */
        const double by = X[0];
        for (int c = 0; c < L->w; c++) X[c] /= by;
        X[0] = 1;
        VE(L, v) = solve(L, T, X);
        return;
    }
    double largest = 0;
    for (int c = 1; c < L->w; c++) if (fabs(X[c]) > largest) largest = fabs(X[c]);
    /* -X would solve the same equations: the sign of the largest entry must be certain */
    const double doubt = 2 * ((bound_at(L, q, j) + 4 * UNIT_ROUNDOFF * down) * (length_of(L, p) + VE(L, p)) + down * VE(L, p) +
                              (bound_at(L, p, j) + 4 * UNIT_ROUNDOFF * up) * (length_of(L, q) + VE(L, q)) + up * VE(L, q)) + TINY;
    X[0] = 0;
    for (int c = 1; c < L->w; c++) X[c] /= largest;
    VE(L, v) = solve(L, T, X);
    if (!(largest > doubt)) VE(L, v) = INFINITY;
}

/* The generator where the edge from p (not negative) to q (negative) crosses neuron j; `drop` is the place in T(p) of the
   hyperplane that the edge leaves. */
Py_ssize_t crossing(Layer *L, Py_ssize_t p, int drop, Py_ssize_t q, int j) {
    int32_t T[MAX_DIM], id = L->base + j;
    int k = 0;
    for (int i = 0; i < L->d; i++) if (i != drop) T[k++] = VT(L, p)[i];
    while (k > 0 && T[k - 1] > id) { T[k] = T[k - 1]; k--; }
    T[k] = id;
    const uint64_t S = VS(L, p) ^ scramble(VT(L, p)[drop]) ^ scramble(id);
    const int32_t known = *slot_of(L, S, T);
    if (known) return known - 1;
    Py_ssize_t v = new_vertex(L, T, S);
    if (v < 0) return -1;
    if (FLAGS(L, p)[j] == ZERO) { /* the neuron is zero at p: the crossing is p itself with another tight set */
        copy_generator(L, p, v);
        return v;
    }
    HAS_Z(L, v) = (uint8_t)integer_crossing(L, p, q, j, VZ(L, v));
    if (HAS_Z(L, v)) {
        VE(L, v) = from_integers(L, VZ(L, v), VX(L, v));
    } else {
        memset(VZ(L, v), 0, L->w * sizeof(int64_t));
        float_crossing(L, v, p, q, j);
    }
    filter_signs(L, v);
    return v;
}
