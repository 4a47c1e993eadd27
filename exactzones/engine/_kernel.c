/* The inner loop of the forward engine: cells are cut by the neurons of one layer.

   A cell is a simple pointed cone over a polyhedron of R^d, kept by its generators X = (x_0, x): x_0 = 1 for a vertex,
   x_0 = 0 and max |x_k| = 1 for a ray.  Each generator carries an error bound E (every entry is off by at most E; x_0 is
   exact) and the sorted ids of the d hyperplanes that are tight there: 0 is infinity, then come the rows of the domain,
   then the neurons, layer by layer.  A sign is taken from double arithmetic when the value exceeds its proved error bound,
   else from exact 64-bit integers (small-integer networks), else from the caller's exact callback: proofs/filter.md.

   Degeneracy is broken symbolically: where a neuron is zero at a generator of a cell that it cuts, the zero counts as
   positive (the neuron's hyperplane is shifted by an infinitesimal that dominates all earlier shifts), so cones stay simple.

   Cells are visited depth first, so that the order of the output does not depend on how the work is divided into calls. */

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DIM 16
#define U (DBL_EPSILON / 2)
#define TINY 1e-290 /* stands for everything that may underflow */
#define SLACK (1 + 1e-9) /* covers the rounding of the bounds themselves */
#define SMALL_INT ((int64_t)1 << 40) /* integer rows up to this are worth the exact integer path */
#define LARGE_INT ((int64_t)1 << 62)

enum { POSITIVE = 1, NEGATIVE = 2, UNDECIDED = 4 };
enum { OFF = 0, ON = 1, OPEN = 2 };

typedef __int128 wide;

/* Marks a function that is compiled for vectors of two doubles and of four, the machine chooses; the results are the same. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define VECTORS
#endif

/* A growing array of bytes; all outputs and pools are made of these.  It is a Python object that becomes the result as it is: fresh
   memory costs more than most of what is done with it here, so it is not written twice. */
typedef struct { PyObject *object; char *at; size_t used, room; } Bytes;

static int failed_memory;

static void *grow(Bytes *b, size_t more) {
    if (b->used + more > b->room) {
        size_t room = b->room ? b->room : 1024;
        while (room < b->used + more) room *= 2;
        if (b->object) _PyBytes_Resize(&b->object, (Py_ssize_t)room);
        else b->object = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)room);
        if (!b->object) { b->used = b->room = 0; return NULL; }
        b->at = PyBytes_AS_STRING(b->object);
        b->room = room;
    }
    void *start = b->at + b->used;
    b->used += more;
    return start;
}

/* Give away what was put; NULL on error. */
static PyObject *given(Bytes *b) {
    PyObject *object = b->object;
    b->object = NULL;
    if (!object) return PyBytes_FromStringAndSize(NULL, 0);
    _PyBytes_Resize(&object, (Py_ssize_t)b->used);
    return object;
}

static int put(Bytes *b, const void *data, size_t size) {
    void *at = grow(b, size);
    if (!at) return -1;
    memcpy(at, data, size);
    return 0;
}

/* What is known of one layer and one parent while it is cut. */
typedef struct {
    int d, w, n;             /* dimension, d + 1, neurons of the layer */
    int base;                /* id of the layer's first neuron; ids outside base .. base + n - 1 are in the parent's table */
    const double *R;         /* rows of this parent, R[c * n + j] */
    const int32_t *same;     /* neurons whose rows are multiples of each other have the same number here */
    const double *w1;        /* per neuron the factor of the parent's row error */
    double f;                /* row error of neuron j: at most w1[j] * f in every entry */
    double scale;            /* R * scale are integers when f == 0 and scale > 0 */
    double *LA, *WF;         /* per neuron: sum of |R|, row error */
    Py_ssize_t parent;
    /* rows of earlier hyperplanes, by id: pointer into the parent's table, error */
    const double **row_of;
    double *row_error;
    PyObject *callback;
    /* vertex pool */
    Bytes X, E, Z, zok, T, S, flags, lit; /* lit: whether the target seems positive there, 0 not yet known, 1 yes, 2 no */
    Py_ssize_t count;
    /* hash table of tight sets -> pool index + 1 */
    int32_t *table;
    size_t mask;
    long long undecided, called, solved;
} Layer;

#define VX(L, v) ((double *)(L)->X.at + (size_t)(v) * (L)->w)
#define VE(L, v) (((double *)(L)->E.at)[v])
#define VZ(L, v) ((int64_t *)(L)->Z.at + (size_t)(v) * (L)->w)
#define VOK(L, v) (((uint8_t *)(L)->zok.at)[v])
#define VT(L, v) ((int32_t *)(L)->T.at + (size_t)(v) * (L)->d)
#define VS(L, v) (((uint64_t *)(L)->S.at)[v])
#define LIT(L, v) (((uint8_t *)(L)->lit.at)[v])
#define VF(L, v) ((uint8_t *)(L)->flags.at + (size_t)(v) * (L)->n)

/* A list of pool indices: the generators of a cell. */
typedef struct { int32_t *at; Py_ssize_t used, room; } List;

static int push(List *list, Py_ssize_t v) {
    if (list->used == list->room) {
        Py_ssize_t room = list->room ? 2 * list->room : 64;
        int32_t *at = realloc(list->at, room * sizeof(int32_t));
        if (!at) { failed_memory = 1; return -1; }
        list->at = at;
        list->room = room;
    }
    list->at[list->used++] = (int32_t)v;
    return 0;
}

static uint64_t scramble(uint64_t id) { /* splitmix64 */
    id += 0x9E3779B97F4A7C15ull;
    id = (id ^ (id >> 30)) * 0xBF58476D1CE4E5B9ull;
    id = (id ^ (id >> 27)) * 0x94D049BB133111EBull;
    return id ^ (id >> 31);
}

static void entry_row(const Layer *L, int32_t id, double *row, double *error) {
    if (id >= L->base && id < L->base + L->n) {
        for (int c = 0; c < L->w; c++) row[c] = L->R[(size_t)c * L->n + id - L->base];
        *error = L->WF[id - L->base];
    } else {
        memcpy(row, L->row_of[id], L->w * sizeof(double));
        *error = L->row_error[id];
    }
}

/* Signs of all neurons of the layer at a pool generator, where the filter can tell. */
VECTORS static void filter_signs(Layer *L, Py_ssize_t v) {
    const double *X = VX(L, v);
    double largest = 0, total = 0;
    for (int c = 0; c < L->w; c++) {
        double size = fabs(X[c]);
        largest = size > largest ? size : largest;
        total += size;
    }
    const double alpha = ((L->d + 4) * U * largest + VE(L, v)) * SLACK, beta = (total + L->d * VE(L, v)) * SLACK;
    uint8_t *flags = VF(L, v);
    const int n = L->n;
    const double *LA = L->LA, *WF = L->WF;
    double values[256];
    for (int start = 0; start < n; start += 256) {
        const int size = n - start < 256 ? n - start : 256;
        const double *R = L->R + start;
        for (int j = 0; j < size; j++) values[j] = R[j] * X[0];
        for (int c = 1; c < L->w; c++) {
            const double x = X[c], *Rc = R + (size_t)c * n;
            for (int j = 0; j < size; j++) values[j] += Rc[j] * x;
        }
        for (int j = 0; j < size; j++) {
            const double bound = LA[start + j] * alpha + WF[start + j] * beta + TINY;
            /* a value or bound that is NaN or infinite decides nothing: a sum that overflows on the way may have any sign */
            const double absolute = fabs(values[j]), sign = values[j] > 0 ? POSITIVE : NEGATIVE;
            values[j] = (absolute > bound) & (absolute <= DBL_MAX) ? sign : UNDECIDED;
        }
        for (int j = 0; j < size; j++) flags[start + j] = (uint8_t)(int)values[j];
    }
}

static double value_at(const Layer *L, Py_ssize_t v, int j) {
    const double *X = VX(L, v);
    double value = 0;
    for (int c = 0; c < L->w; c++) value += X[c] * L->R[(size_t)c * L->n + j];
    return value;
}

static double length_of(const Layer *L, Py_ssize_t v) {
    double largest = 0;
    for (int c = 0; c < L->w; c++) if (fabs(VX(L, v)[c]) > largest) largest = fabs(VX(L, v)[c]);
    return largest;
}

static double bound_at(const Layer *L, Py_ssize_t v, int j) {
    const double *X = VX(L, v);
    double largest = 0, total = 0;
    for (int c = 0; c < L->w; c++) {
        double size = fabs(X[c]);
        largest = size > largest ? size : largest;
        total += size;
    }
    return (L->LA[j] * ((L->d + 4) * U * largest + VE(L, v)) + L->WF[j] * (total + L->d * VE(L, v))) * SLACK * SLACK + TINY;
}

/* The exact value of neuron j at a generator with integer coordinates; only where has_integers says so. */
static int has_integers(const Layer *L, Py_ssize_t v, int j) {
    if (L->f != 0 || L->scale == 0 || !VOK(L, v)) return 0;
    for (int c = 0; c < L->w; c++)
        if (fabs(L->R[(size_t)c * L->n + j] * L->scale) > (double)SMALL_INT) return 0;
    return 1;
}

static wide integer_value(const Layer *L, Py_ssize_t v, int j) {
    const int64_t *Z = VZ(L, v);
    wide value = 0;
    for (int c = 0; c < L->w; c++) value += (wide)(int64_t)(L->R[(size_t)c * L->n + j] * L->scale) * Z[c];
    return value;
}

/* Decide a sign exactly; where that takes the caller, all signs of the generator at once.  Returns -1 on a Python error. */
static int resolve(Layer *L, Py_ssize_t v, int j) {
    uint8_t *flag = VF(L, v) + j;
    L->undecided++;
    const int32_t *T = VT(L, v);
    for (int k = 0; k < L->d; k++) { /* a tight neuron whose row is a multiple of this one's */
        const int other = T[k] - L->base;
        if (other >= 0 && other < L->n && L->same[other] == L->same[j]) { *flag = 0; return 0; }
    }
    if (has_integers(L, v, j)) {
        wide value = integer_value(L, v, j);
        *flag = value > 0 ? POSITIVE : value < 0 ? NEGATIVE : 0;
        return 0;
    }
    L->called++;
    PyObject *answer = PyObject_CallFunction(
        L->callback, "ny#", L->parent, (const char *)T, (Py_ssize_t)(L->d * sizeof(int32_t)));
    if (!answer) return -1;
    char *signs;
    Py_ssize_t length;
    int failed = PyBytes_AsStringAndSize(answer, &signs, &length);
    if (!failed && length != L->n) {
        PyErr_Format(PyExc_ValueError, "%zd signs for %d neurons", length, L->n);
        failed = -1;
    }
    uint8_t *flags = VF(L, v);
    for (int k = 0; !failed && k < L->n; k++) if (flags[k] == UNDECIDED) flags[k] = (uint8_t)signs[k];
    Py_DECREF(answer);
    return failed;
}

/* Approximate inverse by Gauss-Jordan with partial pivoting; 0 where a pivot vanishes. */
static int invert(int q, double N[MAX_DIM][MAX_DIM], double B[MAX_DIM][MAX_DIM]) {
    if (q == 1) {
        B[0][0] = 1 / N[0][0];
        return N[0][0] != 0;
    }
    if (q == 2) {
        double det = N[0][0] * N[1][1] - N[0][1] * N[1][0], r = 1 / det;
        B[0][0] = N[1][1] * r; B[0][1] = -N[0][1] * r;
        B[1][0] = -N[1][0] * r; B[1][1] = N[0][0] * r;
        return det != 0;
    }
    double M[MAX_DIM][2 * MAX_DIM];
    for (int i = 0; i < q; i++)
        for (int k = 0; k < q; k++) {
            M[i][k] = N[i][k];
            M[i][q + k] = i == k;
        }
    for (int k = 0; k < q; k++) {
        int pivot = k;
        for (int i = k + 1; i < q; i++) if (fabs(M[i][k]) > fabs(M[pivot][k])) pivot = i;
        if (M[pivot][k] == 0) return 0;
        if (pivot != k)
            for (int c = 0; c < 2 * q; c++) { double t = M[k][c]; M[k][c] = M[pivot][c]; M[pivot][c] = t; }
        double r = 1 / M[k][k];
        for (int c = k; c < 2 * q; c++) M[k][c] *= r;
        for (int i = 0; i < q; i++)
            if (i != k && M[i][k] != 0) {
                double factor = M[i][k];
                for (int c = k; c < 2 * q; c++) M[i][c] -= factor * M[k][c];
            }
    }
    for (int i = 0; i < q; i++) for (int k = 0; k < q; k++) B[i][k] = M[i][q + k];
    return 1;
}

/* Improve X to the point where its d hyperplanes meet, and bound how far off it is (a-posteriori, by the residual). */
static double solve(Layer *L, const int32_t *T, double *X) {
    const int d = L->d, w = L->w;
    double rows[MAX_DIM][MAX_DIM + 1], errors[MAX_DIM], N[MAX_DIM][MAX_DIM], B[MAX_DIM][MAX_DIM];
    int unknown[MAX_DIM], q = 0, equations = 0, fixed = 0;
    L->solved++;
    const int is_ray = T[0] == 0;
    if (is_ray)
        for (int c = 1; c < w; c++) if (!fixed || fabs(X[c]) > fabs(X[fixed])) fixed = c;
    for (int c = 1; c < w; c++) if (c != fixed || !is_ray) unknown[q++] = c;
    for (int k = 0; k < d; k++)
        if (T[k] != 0) entry_row(L, T[k], rows[equations], &errors[equations]), equations++;
    if (q == 0) return 0; /* the ray of a line is 1 or -1 */
    for (int i = 0; i < q; i++) for (int k = 0; k < q; k++) N[i][k] = rows[i][unknown[k]];
    if (!invert(q, N, B)) return INFINITY;
    double residual[MAX_DIM];
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < q; i++) {
            residual[i] = 0;
            for (int c = 0; c < w; c++) residual[i] += rows[i][c] * X[c];
        }
        if (round == 1) break;
        for (int k = 0; k < q; k++) {
            double step = 0;
            for (int i = 0; i < q; i++) step += B[k][i] * residual[i];
            X[unknown[k]] -= step;
        }
    }
    double total = 0;
    for (int c = 0; c < w; c++) total += fabs(X[c]);
    for (int i = 0; i < q; i++) {
        double size = 0;
        for (int c = 0; c < w; c++) size += fabs(rows[i][c] * X[c]);
        residual[i] = (fabs(residual[i]) + (d + 4) * U * size + errors[i] * total) * SLACK + TINY;
    }
    double contraction = 0, error = 0;
    for (int k = 0; k < q; k++) {
        double g = 0, e = 0;
        for (int i = 0; i < q; i++) {
            double identity = -(i == k), size = i == k;
            for (int m = 0; m < q; m++) {
                identity += B[k][m] * N[m][i];
                size += fabs(B[k][m] * N[m][i]);
                g += fabs(B[k][m]) * errors[m];
            }
            g += fabs(identity) + (q + 3) * U * size;
            e += fabs(B[k][i]) * residual[i];
        }
        if (g > contraction || isnan(g)) contraction = g; /* NaN stays: nothing is greater */
        if (e > error || isnan(e)) error = e;
    }
    if (!(contraction < 0.5)) return INFINITY;
    return error * SLACK / (1 - contraction * SLACK) + TINY;
}

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

/* Integer coordinates of the crossing point, if those of both ends are known and they stay small. */
static int integer_crossing(const Layer *L, Py_ssize_t p, Py_ssize_t q, int j, int64_t *out) {
    if (!VOK(L, q) || !has_integers(L, p, j)) return 0;
    wide up = integer_value(L, p, j), down = -integer_value(L, q, j), common = gcd(up, down);
    if (common > 1) { up /= common; down /= common; }
    if (up >= LARGE_INT || down >= LARGE_INT) return 0;
    wide sums[MAX_DIM + 1], divisor = 0;
    for (int c = 0; c < L->w; c++) {
        wide a = down * VZ(L, p)[c], b = up * VZ(L, q)[c]; /* below 2^124 each */
        sums[c] = a + b;
        divisor = gcd(divisor, sums[c]);
    }
    if (divisor == 0) return 0;
    for (int c = 0; c < L->w; c++) {
        wide entry = sums[c] / divisor;
        if (entry >= LARGE_INT || entry <= -LARGE_INT) return 0;
        out[c] = (int64_t)entry;
    }
    return 1;
}

static double from_integers(const Layer *L, const int64_t *Z, double *X) {
    double largest = 0, by = (double)Z[0];
    if (!Z[0]) for (int c = 1; c < L->w; c++) if (fabs((double)Z[c]) > by) by = fabs((double)Z[c]);
    for (int c = 0; c < L->w; c++) {
        X[c] = (double)Z[c] / by;
        if (fabs(X[c]) > largest) largest = fabs(X[c]);
    }
    return 4 * U * largest + TINY;
}

/* The place of a tight set in the hash table: 0 there means that it is new. */
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
    if (!table) { failed_memory = 1; return -1; }
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

/* Add a generator to the pool; the caller fills coordinates and then calls filter_signs. */
static Py_ssize_t new_vertex(Layer *L, const int32_t *T, uint64_t S) {
    if ((size_t)L->count * 2 > L->mask && rehash(L)) return -1;
    int32_t *slot = slot_of(L, S, T);
    if (!grow(&L->X, L->w * sizeof(double)) || !grow(&L->E, sizeof(double)) || !grow(&L->Z, L->w * sizeof(int64_t)) ||
        !grow(&L->zok, 1) || put(&L->T, T, L->d * sizeof(int32_t)) || put(&L->S, &S, sizeof S) || !grow(&L->flags, L->n) || !grow(&L->lit, 1))
        return -1;
    LIT(L, L->count) = 0;
    *slot = (int32_t)L->count + 1;
    return L->count++;
}

/* The generator where the edge from p (not negative) to q (negative) crosses neuron j; `drop` is the place in T(p) of the
   hyperplane that the edge leaves. */
static Py_ssize_t crossing(Layer *L, Py_ssize_t p, int drop, Py_ssize_t q, int j) {
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
    if (VF(L, p)[j] == 0) { /* the edge is left where it begins: the same generator, with another set of tight rows */
        memcpy(VX(L, v), VX(L, p), L->w * sizeof(double));
        memcpy(VZ(L, v), VZ(L, p), L->w * sizeof(int64_t));
        memcpy(VF(L, v), VF(L, p), L->n);
        VE(L, v) = VE(L, p);
        VOK(L, v) = VOK(L, p);
        return v;
    }
    double *X = VX(L, v);
    VOK(L, v) = (uint8_t)integer_crossing(L, p, q, j, VZ(L, v));
    if (VOK(L, v)) {
        VE(L, v) = from_integers(L, VZ(L, v), X);
    } else {
        memset(VZ(L, v), 0, L->w * sizeof(int64_t));
        const double *P = VX(L, p), *Q = VX(L, q);
        double up = VF(L, p)[j] == POSITIVE ? value_at(L, p, j) : 0, down = -value_at(L, q, j);
        if (!(up >= 0)) up = 0;
        if (!(down > 0)) down = DBL_MIN;
        double largest = 0;
        for (int c = 0; c < L->w; c++) X[c] = down * P[c] + up * Q[c];
        if (T[0] == 0) {
            for (int c = 1; c < L->w; c++) if (fabs(X[c]) > largest) largest = fabs(X[c]);
            /* -X would solve the same equations: the sign of the largest entry must be certain */
            double doubt = 2 * ((bound_at(L, q, j) + 4 * U * down) * (length_of(L, p) + VE(L, p)) + down * VE(L, p) +
                                (bound_at(L, p, j) + 4 * U * up) * (length_of(L, q) + VE(L, q)) + up * VE(L, q)) + TINY;
            X[0] = 0;
            for (int c = 1; c < L->w; c++) X[c] /= largest;
            VE(L, v) = solve(L, T, X);
            if (!(largest > doubt)) VE(L, v) = INFINITY;
        } else {
            double by = X[0];
            for (int c = 0; c < L->w; c++) X[c] /= by;
            X[0] = 1;
            VE(L, v) = solve(L, T, X);
        }
    }
    filter_signs(L, v);
    return v;
}

/* In the plane generators are kept in cyclic order, and a cut meets two edges between neighbours. */
static int split_plane(Layer *L, const List *cell, int j, List *above, List *below) {
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        Py_ssize_t v = cell->at[k], next = cell->at[k + 1 < cell->used ? k + 1 : 0];
        int is_below = VF(L, v)[j] == NEGATIVE, next_below = VF(L, next)[j] == NEGATIVE;
        if (push(is_below ? below : above, v)) return -1;
        if (is_below == next_below) continue;
        Py_ssize_t p = is_below ? next : v, q = is_below ? v : next;
        const int32_t *tp = VT(L, p), *tq = VT(L, q);
        int drop = tp[0] == tq[0] || tp[0] == tq[1]; /* the place of the hyperplane that they do not share */
        Py_ssize_t fresh = crossing(L, p, drop, q, j);
        if (fresh < 0 || push(above, fresh) || push(below, fresh)) return -1;
    }
    return 0;
}

/* In general, edges are found by hashing each generator's tight set without one of its hyperplanes. */
typedef struct { uint64_t key; int32_t vertex, drop, stamp; } Edge;
typedef struct { Edge *at; size_t mask; int32_t stamp; } Edges;

static int same_edge(const Layer *L, Py_ssize_t p, int drop_p, Py_ssize_t q, int drop_q) {
    const int32_t *tp = VT(L, p), *tq = VT(L, q);
    for (int i = 0, k = 0; i < L->d; i++, k++) {
        if (i == drop_p && ++i == L->d) break;
        if (k == drop_q) k++;
        if (tp[i] != tq[k]) return 0;
    }
    return 1;
}

static int split_general(Layer *L, const List *cell, int j, List *above, List *below, Edges *edges) {
    size_t wanted = 4 * (size_t)cell->used * L->d + 16;
    if (!edges->at || edges->mask + 1 < wanted) {
        size_t size = 64;
        while (size < wanted) size *= 2;
        free(edges->at);
        edges->at = calloc(size, sizeof(Edge));
        if (!edges->at) { failed_memory = 1; return -1; }
        edges->mask = size - 1;
        edges->stamp = 0;
    }
    edges->stamp++;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        Py_ssize_t v = cell->at[k];
        if (VF(L, v)[j] != NEGATIVE) {
            if (push(above, v)) return -1;
            continue;
        }
        if (push(below, v)) return -1;
        for (int i = 0; i < L->d; i++) {
            uint64_t key = VS(L, v) ^ scramble(VT(L, v)[i]);
            size_t at = key & edges->mask;
            while (edges->at[at].stamp == edges->stamp) at = (at + 1) & edges->mask;
            edges->at[at] = (Edge){key, (int32_t)v, i, edges->stamp};
        }
    }
    Py_ssize_t kept = above->used;
    for (Py_ssize_t k = 0; k < kept; k++) {
        Py_ssize_t v = above->at[k];
        for (int i = 0; i < L->d; i++) {
            uint64_t key = VS(L, v) ^ scramble(VT(L, v)[i]);
            for (size_t at = key & edges->mask; edges->at[at].stamp == edges->stamp; at = (at + 1) & edges->mask) {
                const Edge *edge = &edges->at[at];
                if (edge->key != key || !same_edge(L, v, i, edge->vertex, edge->drop)) continue;
                Py_ssize_t fresh = crossing(L, v, i, edge->vertex, j);
                if (fresh < 0 || push(above, fresh) || push(below, fresh)) return -1;
                break;
            }
        }
    }
    return 0;
}

#include "_bound.h"

/* Cells that come out of a call, one after the other; of leaves what names their generators, no numbers. */
enum { PARENT, STATES, FIRES, COUNT, TIGHT, POINTS, ERRORS, WHOLE, HAS_WHOLE, HCOUNT, HIDS, HROWS, HERRORS, PARTS };
static const char *const parts[PARTS] = {
    "parent", "state", "fires", "count", "T", "X", "E", "Z", "zok", "hcount", "hid", "hrow", "herr"};
typedef struct { Bytes part[PARTS]; Py_ssize_t cells; int leaves; } Output;

static int emit(Layer *L, const List *cell, const uint8_t *state, uint8_t verdict, Output *out, int32_t *seen, int32_t stamp) {
    int64_t parent = L->parent, count = cell->used, planes = 0;
    double row[MAX_DIM + 1], error;
    Bytes *part = out->part;
    out->cells++;
    if (put(&part[FIRES], &verdict, 1) || put(&part[PARENT], &parent, sizeof parent) || put(&part[STATES], state, L->n) ||
        put(&part[COUNT], &count, sizeof count))
        return -1;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        Py_ssize_t v = cell->at[k];
        if (put(&part[TIGHT], VT(L, v), L->d * sizeof(int32_t))) return -1;
        if (out->leaves) continue;
        if (put(&part[POINTS], VX(L, v), L->w * sizeof(double)) || put(&part[ERRORS], &VE(L, v), sizeof(double)) ||
            put(&part[WHOLE], VZ(L, v), L->w * sizeof(int64_t)) || put(&part[HAS_WHOLE], &VOK(L, v), 1))
            return -1;
        for (int i = 0; i < L->d; i++) {
            int32_t id = VT(L, v)[i];
            if (id == 0 || seen[id] == stamp) continue;
            seen[id] = stamp;
            entry_row(L, id, row, &error);
            if (put(&part[HIDS], &id, sizeof id) || put(&part[HROWS], row, L->w * sizeof(double)) ||
                put(&part[HERRORS], &error, sizeof error))
                return -1;
            planes++;
        }
    }
    return put(&part[HCOUNT], &planes, sizeof planes);
}

/* Everything as a dictionary of bytes; NULL on error. */
static PyObject *written(Output *out) {
    PyObject *result = PyDict_New();
    for (int k = 0; result && k < PARTS; k++) {
        PyObject *part = given(&out->part[k]);
        if (!part || PyDict_SetItemString(result, parts[k], part)) Py_CLEAR(result);
        Py_XDECREF(part);
    }
    return result;
}

/* Depth-first stack of cells: vertex lists and states, one behind the other. */
typedef struct { Bytes lists, lengths, states; Py_ssize_t cells; } Stack;

static int stack_push(Stack *stack, const List *cell, const uint8_t *state, int n) {
    int64_t length = cell->used;
    stack->cells++;
    return put(&stack->lists, cell->at, length * sizeof(int32_t)) || put(&stack->lengths, &length, sizeof length) ||
           put(&stack->states, state, n);
}

static int stack_pop(Stack *stack, List *cell, uint8_t *state, int n) {
    int64_t length;
    stack->cells--;
    stack->lengths.used -= sizeof length;
    memcpy(&length, stack->lengths.at + stack->lengths.used, sizeof length);
    stack->lists.used -= length * sizeof(int32_t);
    stack->states.used -= n;
    memcpy(state, stack->states.at + stack->states.used, n);
    cell->used = 0;
    const int32_t *from = (int32_t *)(stack->lists.at + stack->lists.used);
    for (int64_t k = 0; k < length; k++) if (push(cell, from[k])) return -1;
    return 0;
}

/* Out of line, or the loop around it is unrolled into it, and nothing is vectorised. */
static __attribute__((noinline)) void unite(uint8_t *seen, const uint8_t *flags, int n) {
    for (int j = 0; j < n; j++) seen[j] |= flags[j];
}

/* Settle the neurons that no longer cross a cell; return the first that does, n if none, -1 on error. */
static int classify(Layer *L, const List *cell, uint8_t *state, uint8_t *seen) {
    const int n = L->n;
    memset(seen, 0, n);
    for (Py_ssize_t k = 0; k < cell->used; k++) unite(seen, VF(L, cell->at[k]), n);
    uint8_t undecided = 0;
    for (int j = 0; j < n; j++) undecided |= seen[j] & (uint8_t)-(state[j] == OPEN);
    for (int j = 0; j < n && undecided & UNDECIDED; j++) {
        if (state[j] != OPEN || !(seen[j] & UNDECIDED)) continue;
        seen[j] = 0;
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            Py_ssize_t v = cell->at[k];
            if (VF(L, v)[j] == UNDECIDED && resolve(L, v, j)) return -1;
            seen[j] |= VF(L, v)[j];
        }
    }
    for (int j = 0; j < n; j++) {
        const uint8_t now = seen[j] == (POSITIVE | NEGATIVE) ? OPEN : seen[j] == POSITIVE ? ON : OFF;
        state[j] = state[j] == OPEN ? now : state[j];
    }
    const uint8_t *first = memchr(state, OPEN, (unsigned)n);
    return first ? (int)(first - state) : n;
}

#define FREE(b) Py_XDECREF((b).object)

/* A C-contiguous argument of known length. */
static int take(PyObject *object, Py_buffer *view, Py_ssize_t itemsize, const char *name, Py_ssize_t atleast) {
    if (PyObject_GetBuffer(object, view, PyBUF_C_CONTIGUOUS)) return -1;
    if (view->itemsize != itemsize || view->len < atleast * itemsize) {
        PyErr_Format(PyExc_ValueError, "%s: itemsize %zd, %zd bytes", name, view->itemsize, view->len);
        PyBuffer_Release(view);
        return -1;
    }
    return 0;
}

static PyObject *cut(PyObject *self, PyObject *args) {
    (void)self;
    int d, n, base, ids, keep_above, leaves = 0;
    Py_ssize_t limit, parents;
    double scale;
    PyObject *objects[15], *callback, *behind = Py_None;
    Target target = {0}, *G = &target;
    enum { PTR, X, E, Z, ZOK, T, HPTR, HID, HROW, HERR, R, F, W1, SAME, STATE };
    if (!PyArg_ParseTuple(args, "iiiinnpdOOOOOOOOOOOOOOOO|Op", &d, &n, &base, &ids, &parents, &limit, &keep_above, &scale, &objects[PTR],
                          &objects[X], &objects[E], &objects[Z], &objects[ZOK], &objects[T], &objects[HPTR], &objects[HID],
                          &objects[HROW], &objects[HERR], &objects[R], &objects[F], &objects[W1], &objects[SAME], &objects[STATE], &callback, &behind, &leaves))
        return NULL;
    if (d < 1 || d > MAX_DIM || n < 1 || base < 1 || ids < base + n)
        return PyErr_Format(PyExc_ValueError, "d = %d, n = %d, base = %d, ids = %d", d, n, base, ids);
    const int w = d + 1;
    static const struct { const char *name; Py_ssize_t size; } kinds[15] = {
        {"ptr", 8}, {"X", 8}, {"E", 8}, {"Z", 8}, {"zok", 1}, {"T", 4}, {"hptr", 8}, {"hid", 4}, {"hrow", 8}, {"herr", 8},
        {"R", 8}, {"f", 8}, {"w1", 8}, {"same", 4}, {"state", 1}};
    Py_buffer views[15];
    Py_ssize_t wanted[15] = {parents + 1, 0, 0, 0, 0, 0, parents + 1, 0, 0, 0, parents * w * n, parents, n, n, parents * n};
    int taken = 0, ok = 0;
    PyObject *result = NULL;
    for (; taken < 15; taken++) {
        if (taken == X) { /* the generators are counted by ptr, the hyperplanes by hptr */
            Py_ssize_t total = ((const int64_t *)views[PTR].buf)[parents];
            wanted[X] = total * w, wanted[E] = total, wanted[Z] = total * w, wanted[ZOK] = total, wanted[T] = total * d;
        }
        if (taken == HID) {
            Py_ssize_t total = ((const int64_t *)views[HPTR].buf)[parents];
            wanted[HID] = total, wanted[HROW] = total * w, wanted[HERR] = total;
        }
        if (take(objects[taken], &views[taken], kinds[taken].size, kinds[taken].name, wanted[taken])) goto release;
    }
    const int64_t *ptr = views[PTR].buf, *hptr = views[HPTR].buf;
    const int32_t *tight = views[T].buf, *hid = views[HID].buf;

    Layer layer = {.d = d, .w = w, .n = n, .base = base, .w1 = views[W1].buf, .same = views[SAME].buf, .scale = scale, .callback = callback};
    Layer *L = &layer;
    Output finished = {.leaves = leaves}, rest = {.leaves = 0};
    Stack stack = {0};
    List cell = {0}, above = {0}, below = {0};
    Edges edges = {0};
    failed_memory = 0;
    L->LA = malloc(n * sizeof(double));
    L->WF = malloc(n * sizeof(double));
    L->row_of = calloc(ids, sizeof(double *));
    L->row_error = calloc(ids, sizeof(double));
    L->mask = 255;
    L->table = calloc(L->mask + 1, sizeof(int32_t));
    uint8_t *state = malloc(2 * (size_t)n), *other = state + n, *union_of = malloc(n);
    int32_t *seen = calloc(ids, sizeof(int32_t)), stamp = 0;
    if (!L->LA || !L->WF || !L->row_of || !L->row_error || !L->table || !state || !union_of || !seen) { failed_memory = 1; goto done; }

    if (behind != Py_None && target_from(G, behind, n, w)) goto done;

    Py_ssize_t next = 0;
    long long cuts = 0;
    for (next = 0; next < parents && finished.cells < limit; next++) {
        if (PyErr_CheckSignals()) goto done;
        L->parent = next;
        L->R = (const double *)views[R].buf + (size_t)next * w * n;
        L->f = ((const double *)views[F].buf)[next];
        memset(L->LA, 0, n * sizeof(double));
        for (int c = 0; c < w; c++) for (int j = 0; j < n; j++) L->LA[j] += fabs(L->R[(size_t)c * n + j]);
        for (int j = 0; j < n; j++) {
            L->LA[j] *= SLACK;
            L->WF[j] = L->w1[j] * L->f * SLACK;
        }
        if (G->active) G->magnitude = magnitude(L, G);
        for (int64_t k = hptr[next]; k < hptr[next + 1]; k++) {
            if (hid[k] >= base && hid[k] < base + n) continue;
            if (hid[k] < 1 || hid[k] >= ids) { PyErr_Format(PyExc_ValueError, "hyperplane id %d", (int)hid[k]); goto done; }
            L->row_of[hid[k]] = (const double *)views[HROW].buf + k * w;
            L->row_error[hid[k]] = ((const double *)views[HERR].buf)[k];
        }
        L->X.used = L->E.used = L->Z.used = L->zok.used = L->T.used = L->S.used = L->flags.used = L->lit.used = 0;
        L->count = 0;
        memset(L->table, 0, (L->mask + 1) * sizeof(int32_t));
        cell.used = 0;
        for (int64_t v = ptr[next]; v < ptr[next + 1]; v++) {
            uint64_t S = 0;
            for (int i = 0; i < d; i++) {
                int32_t id = tight[v * d + i];
                const int known = id == 0 || (id >= base && id < base + n) || (id > 0 && id < ids && L->row_of[id]);
                if (!known || (i && id <= tight[v * d + i - 1])) {
                    PyErr_Format(PyExc_ValueError, "tight set with hyperplane %d", (int)id);
                    goto done;
                }
                S ^= scramble(id);
            }
            Py_ssize_t at = new_vertex(L, tight + v * d, S);
            if (at < 0) goto done;
            memcpy(VX(L, at), (const double *)views[X].buf + v * w, w * sizeof(double));
            VE(L, at) = ((const double *)views[E].buf)[v];
            memcpy(VZ(L, at), (const int64_t *)views[Z].buf + v * w, w * sizeof(int64_t));
            VOK(L, at) = ((const uint8_t *)views[ZOK].buf)[v];
            filter_signs(L, at);
            if (push(&cell, at)) goto done;
        }
        memcpy(state, (const uint8_t *)views[STATE].buf + (size_t)next * n, n);
        if (stack_push(&stack, &cell, state, n)) goto done;
        while (stack.cells) {
            if (finished.cells >= limit) break; /* the rest of this parent comes out unfinished */
            if (stack_pop(&stack, &cell, state, n)) goto done;
            int j = classify(L, &cell, state, union_of);
            if (j < 0) goto done;
            if (keep_above && memchr(state, OFF, n)) continue;
            uint8_t verdict = 2;
            if (G->active && G->depth == 0 && j == n) {
                verdict = (uint8_t)fires(L, G, &cell, state);
                if (verdict == 0) continue;
            } else if (G->active && !is_lit(L, G, &cell, state, &j) && cannot_fire(L, G, &cell, state, &j)) {
                continue;
            }
            if (j == n) {
                if (emit(L, &cell, state, verdict, &finished, seen, ++stamp)) goto done;
                continue;
            }
            cuts++;
            if ((cuts & 1023) == 0 && PyErr_CheckSignals()) goto done;
            above.used = below.used = 0;
            if (d == 2 ? split_plane(L, &cell, j, &above, &below) : split_general(L, &cell, j, &above, &below, &edges)) goto done;
            memcpy(other, state, n);
            state[j] = ON;
            other[j] = OFF;
            if ((!keep_above && stack_push(&stack, &below, other, n)) || stack_push(&stack, &above, state, n)) goto done;
        }
        while (stack.cells) { /* top first: the order in which they would have been visited */
            if (stack_pop(&stack, &cell, state, n) || emit(L, &cell, state, 2, &rest, seen, ++stamp)) goto done;
        }
        for (int64_t k = hptr[next]; k < hptr[next + 1]; k++) L->row_of[hid[k]] = NULL;
    }
    ok = 1;
done:
    if (failed_memory && !PyErr_Occurred()) PyErr_NoMemory();
    if (ok && !PyErr_Occurred())
        result = Py_BuildValue(
            "{s:N,s:N,s:n,s:L,s:L,s:L,s:L,s:L,s:L}", "finished", written(&finished), "rest", written(&rest), "parents", next, "cuts", cuts,
            "undecided", L->undecided, "exact", L->called, "solved", L->solved, "bounds", G->bounds, "dropped", G->dropped);
    free(L->LA); free(L->WF); free(L->row_of); free(L->row_error); free(L->table);
    free(state); free(union_of); free(seen); free(edges.at);
    free(cell.at); free(above.at); free(below.at);
    FREE(L->X); FREE(L->E); FREE(L->Z); FREE(L->zok); FREE(L->T); FREE(L->S); FREE(L->flags); FREE(L->lit);
    target_free(G);
    FREE(stack.lists); FREE(stack.lengths); FREE(stack.states);
    for (int k = 0; k < PARTS; k++) {
        FREE(finished.part[k]);
        FREE(rest.part[k]);
    }
release:
    for (int k = 0; k < taken; k++) PyBuffer_Release(&views[k]);
    return result;
}

/* The next layer's input as rows: out[p] = rows[parents[p]] with the units that are off set to zero, then the constant one. */
static PyObject *expand(PyObject *self, PyObject *args) {
    (void)self;
    Py_ssize_t count, w, n;
    PyObject *objects[4];
    if (!PyArg_ParseTuple(args, "nnnOOOO", &count, &w, &n, &objects[0], &objects[1], &objects[2], &objects[3])) return NULL;
    static const char *names[4] = {"rows", "parents", "state", "out"};
    const Py_ssize_t sizes[4] = {8, 8, 1, 8}, wanted[4] = {0, count, count * n, count * w * (n + 1)};
    Py_buffer views[4];
    int taken = 0;
    for (; taken < 4; taken++) if (take(objects[taken], &views[taken], sizes[taken], names[taken], wanted[taken])) break;
    const Py_ssize_t parents = taken == 4 ? views[0].len / 8 / (w * n) : 0;
    for (Py_ssize_t p = 0; taken == 4 && p < count; p++) {
        const int64_t parent = ((const int64_t *)views[1].buf)[p];
        const uint8_t *state = (const uint8_t *)views[2].buf + p * n;
        if (parent < 0 || parent >= parents) {
            PyErr_Format(PyExc_ValueError, "parent %lld of %zd", (long long)parent, parents);
            break;
        }
        for (Py_ssize_t c = 0; c < w; c++) {
            const double *from = (const double *)views[0].buf + (parent * w + c) * n;
            double *to = (double *)views[3].buf + (p * w + c) * (n + 1);
            for (Py_ssize_t j = 0; j < n; j++) to[j] = state[j] == ON ? from[j] : 0;
            to[n] = c == 0;
        }
    }
    for (int k = 0; k < taken; k++) PyBuffer_Release(&views[k]);
    if (PyErr_Occurred()) return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"expand", expand, METH_VARARGS, "Set up the rows of a layer's activations: see exactzones/engine/arrangement.py."},
    {"cut", cut, METH_VARARGS, "Cut cells by the neurons of one layer: see exactzones/engine/arrangement.py."},
    {NULL, NULL, 0, NULL}};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_kernel", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__kernel(void) { return PyModule_Create(&module); }
