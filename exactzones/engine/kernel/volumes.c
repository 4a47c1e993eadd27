/* Bounds on the volume of the part of each leaf on which the target is positive: see exactzones/engine/volumes.py, which has the
   same proof for simplices of another order.  Here generators where the target is negative come first, so that faces of these
   only are left out.  The minors of a simplex's matrix are expanded by its rows, one for each apex of the pyramids around it, so
   that simplices with the same first apexes share them. */

#include "kernel.h"

typedef struct { int columns, column, rest; } Term; /* the minor of columns is a sum of row[column] times the minor of the rest */

typedef struct {
    int d, planes;                /* planes: of the leaf at hand */
    const int64_t *vertex;        /* of each generator */
    const double *point, *error, *least, *most;
    int *plane;                   /* (generators, d) of the leaf, numbered in the leaf */
    int *marked, *count;          /* per plane: whether the apex lies on it; how many members do */
    int *arena;                   /* members of the faces at hand */
    double *minors, *row;         /* minors[depth << d | columns]; the last row, and its negative */
    Term *terms;                  /* those of minors of depth rows: from first[depth] to before first[depth + 1] */
    int first[MAX_DIM + 2], everywhere; /* everywhere: whether the target is nowhere negative on the leaf */
    int64_t chosen[MAX_DIM + 2];  /* the vertices of the simplex */
    double wrong[MAX_DIM + 1], product[MAX_DIM + 1]; /* per depth: the error bound so far, the product of the lengths of the rows */
    double low, high;             /* of the sums */
    int64_t simplices;
} Leaf;

/* The share of a simplex on which an affine function is positive, given its values at the n corners, which are sorted here. */
static double positive_part(double *value, int n) {
    double part[MAX_DIM + 2];
    int up = 0;
    for (int i = 0; i < n; i++) {
        const double v = value[i];
        int k = i;
        for (; k > 0 && value[k - 1] < v; k--) value[k] = value[k - 1];
        value[k] = v;
        up += v >= 0;
    }
    if (up == n || up == 0) return up == n;
    for (int k = 0; k <= n - up; k++) part[k] = 0;
    for (int i = 0; i < up; i++) {
        part[0] = 1;
        for (int k = 1; k <= n - up; k++) {
            const double a = value[i], b = -value[up + k - 1];
            part[k] = (a * part[k - 1] + b * part[k]) / (a + b);
        }
    }
    return part[n - up];
}

/* Choose a vertex at this depth, and compute its row, from the first vertex to it: the minors, and its part of the error bound. */
static void choose(Leaf *L, int depth, int64_t own) {
    const int d = L->d;
    if (L->chosen[depth] == own) return;
    L->chosen[depth] = own;
    L->chosen[depth + 1] = -1; /* what was computed there is about another matrix */
    if (!depth) return;
    const int64_t first = L->chosen[0];
    const double *p = L->point + own * d, *origin = L->point + first * d;
    double *minors = L->minors + ((size_t)depth << d), *before = minors - ((size_t)1 << d), *row = L->row, length = 0;
    for (int c = 0; c < d; c++) {
        row[c] = p[c] - origin[c];
        row[d + c] = -row[c];
        length += fabs(row[c]);
    }
    const Term *stop = L->terms + L->first[depth + 1];
    for (const Term *t = L->terms + L->first[depth]; t < stop;) {
        const int columns = t->columns;
        double sum = 0;
        for (; t < stop && t->columns == columns; t++) sum += row[t->column] * before[t->rest];
        minors[columns] = sum;
    }
    const double off = d * (L->error[own] + L->error[first]) + (4 * d + 4) * UNIT_ROUNDOFF * length;
    L->wrong[depth] = L->wrong[depth - 1] * (length + off) + L->product[depth - 1] * off;
    L->product[depth] = L->product[depth - 1] * length;
}

static void add_simplex(Leaf *L) {
    const double size = fabs(L->minors[((size_t)L->d << L->d) | ((1u << L->d) - 1)]), off = L->wrong[L->d] * SLACK + TINY;
    double least[MAX_DIM + 1], most[MAX_DIM + 1], less = 1, more = 1;
    if (!L->everywhere) {
        for (int k = 0; k <= L->d; k++) {
            least[k] = L->least[L->chosen[k]];
            most[k] = L->most[L->chosen[k]];
        }
        less = positive_part(least, L->d + 1);
        more = positive_part(most, L->d + 1);
    }
    if (size > off) L->low += (size - off) * less;
    L->high += (size + off) * more;
    L->simplices++;
}

/* Add the simplex whose last corners are two generators. */
static void add_edge(Leaf *L, int one, int other) {
    const int d = L->d, swap = L->chosen[d - 1] == L->vertex[other];
    choose(L, d - 1, L->vertex[swap ? other : one]);
    choose(L, d, L->vertex[swap ? one : other]);
    add_simplex(L);
}

/* Do what cut_face does for a polygon, whose apex has been entered and marked: an edge is a plane with two generators. */
static void cut_polygon(Leaf *L, const int *members, int n) {
    const int d = L->d;
    for (int i = 1; i < n; i++)
        for (int k = 0; k < d; k++) {
            const int plane = L->plane[members[i] * d + k];
            if (L->marked[plane]) continue;
            if (L->count[plane] && !(L->most[L->vertex[members[i]]] < 0)) add_edge(L, members[L->count[plane]], members[i]);
            L->count[plane] = i;
        }
    for (int i = 1; i < n; i++)
        for (int k = 0; k < d; k++) L->count[L->plane[members[i] * d + k]] = 0;
    for (int k = 0; k < d; k++) L->marked[L->plane[members[0] * d + k]] = 0;
}

static void cut_facets(Leaf *L, int depth, const int *members, int n);

/* Cut a face into pyramids from its first generator over its own faces that do not contain it, and these likewise.

   depth: how many apexes there are already; members: the generators of the face, after which the arena is free. */
static void cut_face(Leaf *L, int depth, const int *members, int n) {
    const int d = L->d, *apex = L->plane + members[0] * d;
    if (L->most[L->vertex[members[n - 1]]] < 0) return; /* the target is negative there and at the apexes */
    if (depth + 1 >= d) { add_edge(L, members[0], members[1]); return; } /* on a line */
    choose(L, depth, L->vertex[members[0]]);
    for (int k = 0; k < d; k++) L->marked[apex[k]] = 1;
    if (depth + 2 == d) cut_polygon(L, members, n);
    else cut_facets(L, depth, members, n);
}

/* Do what cut_face does for a face of more than two dimensions, whose apex has been entered and marked. */
static void cut_facets(Leaf *L, int depth, const int *members, int n) {
    const int d = L->d, *apex = L->plane + members[0] * d;
    int *found = (int *)members + n, facets = 0, total = 0;
    for (int i = 1; i < n; i++)
        for (int k = 0; k < d; k++) {
            const int plane = L->plane[members[i] * d + k];
            if (L->marked[plane]) continue;
            if (!L->count[plane]++) found[facets++] = plane;
            total++;
        }
    int *starts = found + facets, *to = starts + facets + 1; /* where the members of each plane start, and the members */
    for (int f = 0, at = 0; f < facets; f++) {
        starts[f] = at;
        at += L->count[found[f]];
        L->count[found[f]] = starts[f];
    }
    starts[facets] = total;
    for (int i = 1; i < n; i++)
        for (int k = 0; k < d; k++) {
            const int plane = L->plane[members[i] * d + k];
            if (!L->marked[plane]) to[L->count[plane]++] = members[i];
        }
    for (int f = 0; f < facets; f++) L->count[found[f]] = 0;
    for (int k = 0; k < d; k++) L->marked[apex[k]] = 0;
    for (int f = facets - 1; f >= 0; f--) /* from the last one on: beyond its members the arena is free */
        cut_face(L, depth + 1, to + starts[f], starts[f + 1] - starts[f]);
}

/* Bounds for the leaf whose generators are start .. stop - 1; 0 and infinity if something is not known. */
static void bound_leaf(Leaf *L, const int32_t *tight, int64_t start, int64_t stop, int *number, double *low, double *high) {
    const int d = L->d, n = (int)(stop - start);
    double unit = 1;
    int known = 1;
    L->everywhere = 1;
    *low = 0;
    *high = INFINITY;
    for (int64_t v = start; v < stop; v++) {
        const int64_t k = L->vertex[v];
        L->everywhere &= L->least[k] >= 0;
        known &= isfinite(L->error[k]) && fabs(L->least[k]) < 1e150 && fabs(L->most[k]) < 1e150;
    }
    if (!known) return;
    L->planes = 0;
    for (int64_t at = start * d; at < stop * d; at++) {
        if (number[tight[at]] < 0) number[tight[at]] = L->planes++;
        L->plane[at - start * d] = number[tight[at]];
    }
    for (int64_t at = start * d; at < stop * d; at++) number[tight[at]] = -1;
    L->vertex += start;
    int used = 0; /* first those where the target is negative, so that faces of these only are found by their last one */
    for (int negative = 1; negative >= 0; negative--)
        for (int k = 0; k < n; k++) if ((L->most[L->vertex[k]] < 0) == negative) L->arena[used++] = k;
    L->low = L->high = 0;
    L->simplices = 0;
    L->chosen[0] = -1;
    if (n) cut_face(L, 0, L->arena, n);
    L->vertex -= start;
    for (int k = 2; k <= d; k++) unit *= k;
    const double rounding = 1 + (double)(L->simplices + 1000) * DBL_EPSILON; /* of the positive parts and of the sums */
    if (!(L->high < INFINITY)) return;
    *low = L->low / (unit * rounding);
    *high = L->high * rounding / unit + TINY;
}

/* List the terms of the expansions of minors by their last rows. */
static int list_terms(Leaf *L) {
    int count = 0;
    L->terms = malloc(((size_t)L->d << L->d) * sizeof(Term));
    if (!L->terms) { PyErr_NoMemory(); return -1; }
    for (int depth = 1; depth <= L->d; depth++) {
        L->first[depth] = count;
        for (int columns = 1; columns < 1 << L->d; columns++) {
            int number = 0, negative = 0;
            for (int left = columns; left; left &= left - 1) number++;
            for (int c = L->d - 1; c >= 0 && number == depth; c--)
                if (columns >> c & 1) {
                    L->terms[count++] = (Term){columns, negative ? L->d + c : c, columns ^ 1 << c};
                    negative = !negative;
                }
        }
    }
    L->first[L->d + 1] = count;
    return 0;
}

static int allocate(Leaf *L, int64_t generators, int ids, int **number) {
    const size_t d = (size_t)L->d, n = (size_t)generators * d + 1;
    L->plane = malloc(n * sizeof(int));
    L->marked = calloc(n, sizeof(int));
    L->count = calloc(n, sizeof(int));
    L->arena = malloc(((3 * n + 1) * (d + 1) + (size_t)generators) * sizeof(int));
    L->minors = calloc((d + 1) << d, sizeof(double));
    L->row = malloc(2 * d * sizeof(double));
    *number = malloc(((size_t)ids + 1) * sizeof(int));
    if (!L->plane || !L->marked || !L->count || !L->arena || !L->minors || !L->row || !*number) { PyErr_NoMemory(); return -1; }
    L->minors[0] = L->product[0] = 1;
    for (int k = 0; k < ids; k++) (*number)[k] = -1;
    return 0;
}

PyObject *volumes(PyObject *self, PyObject *args) {
    (void)self;
    Leaf L = {0};
    int ids, *number = NULL;
    Py_buffer in[7] = {{0}};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "ii(y*y*y*)(y*y*y*y*)", &L.d, &ids, in, in + 1, in + 2, in + 3, in + 4, in + 5, in + 6)) return NULL;
    const int64_t *ptr = in[0].buf, leaves = in[0].len / (Py_ssize_t)sizeof(int64_t) - 1;
    int64_t largest = 0;
    for (int64_t p = 0; p < leaves; p++) if (ptr[p + 1] - ptr[p] > largest) largest = ptr[p + 1] - ptr[p];
    L.vertex = in[2].buf;
    L.point = in[3].buf;
    L.error = in[4].buf;
    L.least = in[5].buf;
    L.most = in[6].buf;
    if (L.d < 1 || L.d > MAX_DIM) PyErr_SetString(PyExc_ValueError, "expected a dimension that the kernel knows");
    else if (!list_terms(&L) && !allocate(&L, largest, ids, &number) && (result = PyBytes_FromStringAndSize(NULL, 2 * leaves * (Py_ssize_t)sizeof(double)))) {
        double *low = (double *)PyBytes_AS_STRING(result);
        for (int64_t p = 0; p < leaves && result; p++) {
            bound_leaf(&L, in[1].buf, ptr[p], ptr[p + 1], number, low + p, low + leaves + p);
            if (p % 64 == 0 && PyErr_CheckSignals()) Py_CLEAR(result);
        }
    }
    free(L.plane), free(L.marked), free(L.count), free(L.arena), free(L.minors), free(L.row), free(L.terms), free(number);
    for (int k = 0; k < 7; k++) PyBuffer_Release(in + k);
    return result;
}
