/* What cut.c and prune.c share: constants, and the cell of a frontier (the "parent") that is being cut.

   Short names, in both files:

     L         the layer that cuts and the parent that it cuts, with the pool of all generators of the parent's parts
     d, w, n   dimension of the input space, d + 1, number of neurons of the layer
     v, p, q   generators, by their number in the pool; p on the positive side of a neuron, q on the negative one
     j, c      a neuron of the layer, a coordinate (0 is the homogenizing one)
     R, f      float rows of the layer, R[c * n + j], and the factor of their error
     LA, WF    per neuron the sum of |R| over c, and the error of each entry of its row, both rounded up
     X, E, Z   a generator in floats, the error of its entries, and the generator in integers
     T, S      sorted ids of the hyperplanes that are tight at a generator, and the hash of that set
     G, D      the target of pruning, and a layer downstream of the layer that cuts: prune.h

   All functions that can fail return -1 or NULL with a Python exception set. */

#ifndef EXACTZONES_KERNEL_H
#define EXACTZONES_KERNEL_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>
#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* Compiles a function for vectors of two doubles and of four; which one runs depends on the processor, the results do not. */
#if defined(__x86_64__) && defined(__GLIBC__) && defined(__GNUC__) && !defined(__clang__)
#define VECTORS __attribute__((target_clones("avx2", "default")))
#else
#define VECTORS
#endif

/* As in exactzones/rational/floats.py and numpy_kernel.py; a test compares them. */
#define MAX_DIM 16
#define UNIT_ROUNDOFF (DBL_EPSILON / 2)
#define TINY 1e-290                   /* covers everything that may underflow */
#define SLACK (1 + 1e-9)              /* covers the rounding errors of the bounds themselves */
#define EXACT_INTEGERS 4503599627370496.0 /* 2^52: integers below this are exact as floats, and so are sums of two */
#define SMALL_INTEGER ((int64_t)1 << 40)  /* integer rows up to this are evaluated in integers */
#define LARGE_INTEGER ((int64_t)1 << 62)  /* generators below this are kept in integers */

/* Signs of a neuron at a generator (0: exactly zero), which are united by bitwise or. */
enum { ZERO = 0, POSITIVE = 1, NEGATIVE = 2, UNDECIDED = 4 };
/* States of a neuron on a cell. */
enum { OFF = 0, ON = 1, OPEN = 2 };
/* Whether the target is positive somewhere on a cell. */
enum { NOWHERE = 0, SOMEWHERE = 1, UNKNOWN = 2 };

typedef __int128 wide;

/* A growing array of bytes inside a Python object, which becomes the result without being copied: allocating new memory
   costs more than most of the work that is done with it. */
typedef struct { PyObject *object; char *at; size_t used, room; } Bytes;

/* A cell: the pool numbers of its generators. */
typedef struct { int32_t *at; Py_ssize_t used, room; } List;

typedef struct {
    int d, w, n;
    int base;                /* id of the layer's first neuron; other ids are in the parent's table of hyperplanes */
    const double *R;
    const int32_t *same;     /* neurons whose rows are multiples of each other have the same number here */
    const double *row_sums;  /* entries of row j are off by at most row_sums[j] * f */
    double f;
    double scale;            /* R * scale are integers when f == 0 and scale > 0 */
    double *LA, *WF;
    Py_ssize_t parent;
    const double **row_of;   /* hyperplanes of earlier layers and of the domain, by id: row and error of its entries */
    double *row_error;
    PyObject *signs;         /* the caller's exact signs */
    Bytes X, E, Z, has_Z, T, S, flags, guesses; /* the pool; flags are signs, guesses are for prune.c */
    Py_ssize_t count;        /* generators in the pool */
    int32_t *table;          /* hash table of tight sets: pool number + 1, or 0 */
    size_t mask;
    long long undecided, exact, solved;
} Layer;

#define VX(L, v) ((double *)(L)->X.at + (size_t)(v) * (L)->w)
#define VE(L, v) (((double *)(L)->E.at)[v])
#define VZ(L, v) ((int64_t *)(L)->Z.at + (size_t)(v) * (L)->w)
#define HAS_Z(L, v) (((uint8_t *)(L)->has_Z.at)[v])
#define VT(L, v) ((int32_t *)(L)->T.at + (size_t)(v) * (L)->d)
#define VS(L, v) (((uint64_t *)(L)->S.at)[v])
#define FLAGS(L, v) ((uint8_t *)(L)->flags.at + (size_t)(v) * (L)->n)
#define GUESS(L, v) (((uint8_t *)(L)->guesses.at)[v])

static inline double value_at(const Layer *L, const double *X, int j) {
    double value = 0;
    for (int c = 0; c < L->w; c++) value += X[c] * L->R[(size_t)c * L->n + j];
    return value;
}

/* The largest and the sum of the absolute values of a generator's entries. */
static inline void sizes_of(const Layer *L, Py_ssize_t v, double *largest, double *total) {
    const double *X = VX(L, v);
    *largest = *total = 0;
    for (int c = 0; c < L->w; c++) {
        const double size = fabs(X[c]);
        *largest = size > *largest ? size : *largest;
        *total += size;
    }
}

/* Hash an id (splitmix64); the hash of a tight set is the exclusive or of its ids' hashes. */
static inline uint64_t scramble(uint64_t id) {
    id += 0x9E3779B97F4A7C15ull;
    id = (id ^ (id >> 30)) * 0xBF58476D1CE4E5B9ull;
    id = (id ^ (id >> 27)) * 0x94D049BB133111EBull;
    return id ^ (id >> 31);
}

/* arrays.c: growing arrays. */
int out_of_memory(void);
int grow_bytes(Bytes *b, size_t more);
int grow_list(List *list);
PyObject *release(Bytes *b);

static inline void *grow(Bytes *b, size_t more) {
    if (b->used + more > b->room && grow_bytes(b, more)) return NULL;
    void *start = b->at + b->used;
    b->used += more;
    return start;
}

static inline int put(Bytes *b, const void *data, size_t size) {
    void *at = grow(b, size);
    if (!at) return -1;
    memcpy(at, data, size);
    return 0;
}

static inline int push(List *list, Py_ssize_t v) {
    if (list->used == list->room && grow_list(list)) return -1;
    list->at[list->used++] = (int32_t)v;
    return 0;
}

/* pool.c: generators and signs. */
Py_ssize_t new_vertex(Layer *L, const int32_t *T, uint64_t S);
void filter_signs(Layer *L, Py_ssize_t v);
int resolve(Layer *L, Py_ssize_t v, int j);
Py_ssize_t crossing(Layer *L, Py_ssize_t p, int drop, Py_ssize_t q, int j);

/* solve.c: the point where d hyperplanes meet. */
void row_of(const Layer *L, int32_t id, double *row, double *error);
double solve(Layer *L, const int32_t *T, double *X);

/* The function of the module in volumes.c. */
PyObject *volumes(PyObject *self, PyObject *args);

#endif
