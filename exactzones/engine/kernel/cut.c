/* The inner loop of the forward engine: the neurons of one layer cut cells.

   A cell is a simple pointed cone over a polyhedron of R^d, represented by its generators X = (x_0, x): x_0 = 1 for a vertex,
   x_0 = 0 and max |x_c| = 1 for a ray.  Each generator has an error bound E (every entry is off by at most E; x_0 is exact)
   and the sorted ids of the d hyperplanes that are tight there: 0 is infinity, then come the rows of the domain, then the
   neurons, layer by layer.  A sign is taken from the float value if that exceeds its proved error bound, else from exact
   64-bit integers (networks with small integer weights), else from the caller's exact callback: proofs/filter.md.

   Degeneracy is resolved by symbolic perturbation: where a neuron is zero at a generator of a cell that it cuts, the zero counts
   as positive (the neuron's hyperplane is shifted by an infinitesimal that dominates all earlier shifts), so cells stay simple.

   Cells are visited depth first, so the order of the output does not depend on how the work is divided into calls.

   The arrays of input and output have the names of schema.py; kernel.h explains the short names. */

#include <time.h>
#include "prune.h"
#include "request.h"
#include "simplex.h"

/* --- Cutting a cell in two --- */

/* In the plane the generators are in cyclic order, and a cut crosses two edges between neighbours. */
static int split_plane(Layer *L, const List *cell, int j, List *above, List *below) {
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        Py_ssize_t v = cell->at[k], next = cell->at[k + 1 < cell->used ? k + 1 : 0];
        int is_below = FLAGS(L, v)[j] == NEGATIVE, next_below = FLAGS(L, next)[j] == NEGATIVE;
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

/* In higher dimensions, edges are found by hashing each generator's tight set without one of its hyperplanes.  An entry of the
   hash table counts only if its stamp is the current one, so the table need not be cleared. */
typedef struct { uint64_t key; int32_t vertex, drop, stamp; } Edge;
typedef struct { Edge *at; size_t mask; int32_t stamp; } Edges;

/* Whether T(p) without one hyperplane is T(q) without one. */
static int same_edge(const Layer *L, Py_ssize_t p, int drop_p, Py_ssize_t q, int drop_q) {
    const int32_t *tp = VT(L, p), *tq = VT(L, q);
    for (int i = 0, k = 0; i < L->d; i++, k++) {
        if (i == drop_p && ++i == L->d) break;
        if (k == drop_q) k++;
        if (tp[i] != tq[k]) return 0;
    }
    return 1;
}

/* Empty the table, with room for the edges of this cell. */
static int clear_edges(Edges *edges, size_t wanted) {
    if (!edges->at || edges->mask + 1 < wanted) {
        size_t size = 64;
        while (size < wanted) size *= 2;
        free(edges->at);
        edges->at = calloc(size, sizeof(Edge));
        if (!edges->at) return out_of_memory();
        edges->mask = size - 1;
        edges->stamp = 0;
    }
    edges->stamp++;
    return 0;
}

static int split_general(Layer *L, const List *cell, int j, List *above, List *below, Edges *edges) {
    if (clear_edges(edges, 4 * (size_t)cell->used * L->d + 16)) return -1;
    for (Py_ssize_t k = 0; k < cell->used; k++) {
        Py_ssize_t v = cell->at[k];
        if (FLAGS(L, v)[j] != NEGATIVE) {
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
        if ((k & 4095) == 4095 && PyErr_CheckSignals()) return -1;
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

/* --- Depth first --- */

enum { LOOK = 1 << 12 }; /* generators visited between two looks at the clock: a millisecond or less */

/* Cells that are still to be visited: lists of generators and states. */
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

/* Not inlined: the compiler would unroll the loop around it instead of vectorizing this one. */
static __attribute__((noinline)) void unite(uint8_t *seen, const uint8_t *flags, int n) {
    for (int j = 0; j < n; j++) seen[j] |= flags[j];
}

/* Settle the neurons that do not cross a cell; returns the first that does, n if none, -1 on error. */
static int classify(Layer *L, const List *cell, uint8_t *state, uint8_t *seen) {
    const int n = L->n;
    memset(seen, 0, n);
    for (Py_ssize_t k = 0; k < cell->used; k++) unite(seen, FLAGS(L, cell->at[k]), n);
    uint8_t undecided = 0;
    for (int j = 0; j < n; j++) undecided |= seen[j] & (uint8_t)-(state[j] == OPEN);
    for (int j = 0; j < n && undecided & UNDECIDED; j++) {
        if (state[j] != OPEN || !(seen[j] & UNDECIDED)) continue;
        seen[j] = 0;
        for (Py_ssize_t k = 0; k < cell->used; k++) {
            Py_ssize_t v = cell->at[k];
            if (FLAGS(L, v)[j] == UNDECIDED && resolve(L, v, j)) return -1;
            seen[j] |= FLAGS(L, v)[j];
        }
    }
    for (int j = 0; j < n; j++) {
        const uint8_t now = seen[j] == (POSITIVE | NEGATIVE) ? OPEN : seen[j] == POSITIVE ? ON : OFF;
        state[j] = state[j] == OPEN ? now : state[j];
    }
    const uint8_t *first = memchr(state, OPEN, (unsigned)n);
    return first ? (int)(first - state) : n;
}

/* Everything that one call works with. */
typedef struct {
    Request in;
    Layer layer;
    Target target;
    Output finished, rest;
    Stack stack;
    List cell, above, below;
    Edges edges;
    uint8_t *state, *other; /* of the cell, and of its part below */
    uint8_t *signs;         /* which signs each neuron takes on the cell */
    int32_t *seen, stamp;   /* by hyperplane: the stamp of the last cell that wrote it */
    long long cuts;
    Py_ssize_t parents;     /* how many are done */
    Py_ssize_t visited;     /* generators since the last look at the clock */
    clock_t begun;
    int late;               /* whether the call's time is up */
} Run;

static int run_start(Run *run, PyObject *request) {
    Request *in = &run->in;
    if (read_request(in, request)) return -1;
    const int d = (int)in->sizes['d'], n = (int)in->sizes['n'];
    Layer *L = &run->layer;
    *L = (Layer){.d = d, .w = d + 1, .n = n, .base = in->base, .scale = in->scale, .mask = 255};
    L->row_sums = AT(double, in, ROW_SUMS);
    L->same = AT(int32_t, in, SAME);
    L->signs = PyObject_GetAttrString(request, "signs");
    if (!L->signs) return -1;
    L->LA = malloc(n * sizeof(double));
    L->WF = malloc(n * sizeof(double));
    L->row_of = calloc(in->ids, sizeof(double *));
    L->row_error = calloc(in->ids, sizeof(double));
    L->table = calloc(L->mask + 1, sizeof(int32_t));
    run->finished.leaves = in->leaves;
    run->state = malloc(n);
    run->other = malloc(n);
    run->signs = malloc(n);
    run->seen = calloc(in->ids, sizeof(int32_t));
    if (!L->LA || !L->WF || !L->row_of || !L->row_error || !L->table || !run->state || !run->other || !run->signs || !run->seen)
        return out_of_memory();
    if (put_offsets(L, &run->finished) || put_offsets(L, &run->rest)) return -1;
    PyObject *downstream = PyObject_GetAttrString(request, "downstream");
    if (!downstream) return -1;
    const int failed = downstream != Py_None && target_read(&run->target, downstream, n, L->w);
    Py_DECREF(downstream);
    return failed ? -1 : 0;
}

#define FREE(b) Py_XDECREF((b).object)

static void run_free(Run *run) {
    Layer *L = &run->layer;
    free(L->LA); free(L->WF); free(L->row_of); free(L->row_error); free(L->table);
    free(run->state); free(run->other); free(run->signs); free(run->seen); free(run->edges.at);
    free(run->cell.at); free(run->above.at); free(run->below.at);
    FREE(L->X); FREE(L->E); FREE(L->Z); FREE(L->has_Z); FREE(L->T); FREE(L->S); FREE(L->flags); FREE(L->guesses);
    FREE(run->stack.lists); FREE(run->stack.lengths); FREE(run->stack.states);
    for (int k = 0; k < RESULTS; k++) { FREE(run->finished.part[k]); FREE(run->rest.part[k]); }
    target_free(&run->target);
    Py_XDECREF(L->signs);
    free_request(&run->in);
}

/* Take the next parent: its rows, the bounds of their errors, and its table of hyperplanes. */
static int start_parent(Run *run, Py_ssize_t parent) {
    const Request *in = &run->in;
    Layer *L = &run->layer;
    const int n = L->n, w = L->w;
    L->parent = parent;
    L->R = AT(double, in, ROWS) + (size_t)parent * w * n;
    L->f = AT(double, in, ROW_ERROR)[parent];
    memset(L->LA, 0, n * sizeof(double));
    for (int c = 0; c < w; c++) for (int j = 0; j < n; j++) L->LA[j] += fabs(L->R[(size_t)c * n + j]);
    for (int j = 0; j < n; j++) {
        L->LA[j] *= SLACK;
        L->WF[j] = L->row_sums[j] * L->f * SLACK;
    }
    if (run->target.active) target_start(L, &run->target);
    const int64_t *ptr = AT(int64_t, in, PLANE_PTR);
    for (int64_t k = ptr[parent]; k < ptr[parent + 1]; k++) {
        const int32_t id = AT(int32_t, in, PLANE_IDS)[k];
        if (id >= L->base && id < L->base + n) continue;
        if (id < 1 || id >= in->ids) { PyErr_Format(PyExc_ValueError, "hyperplane id %d", (int)id); return -1; }
        L->row_of[id] = AT(double, in, PLANE_ROWS) + k * w;
        L->row_error[id] = AT(double, in, PLANE_ERROR)[k];
    }
    L->X.used = L->E.used = L->Z.used = L->has_Z.used = L->T.used = L->S.used = L->flags.used = L->guesses.used = 0;
    L->count = 0;
    memset(L->table, 0, (L->mask + 1) * sizeof(int32_t));
    return 0;
}

/* Put the parent's generators into the pool, and the parent onto the stack. */
static int load_generators(Run *run) {
    const Request *in = &run->in;
    Layer *L = &run->layer;
    const int d = L->d, w = L->w, n = L->n;
    const int64_t *ptr = AT(int64_t, in, PTR);
    run->cell.used = 0;
    for (int64_t v = ptr[L->parent]; v < ptr[L->parent + 1]; v++) {
        const int32_t *T = AT(int32_t, in, TIGHT) + v * d;
        uint64_t S = 0;
        if ((v & 4095) == 4095 && PyErr_CheckSignals()) return -1;
        for (int i = 0; i < d; i++) {
            const int32_t id = T[i];
            const int known = id == 0 || (id >= L->base && id < L->base + n) || (id > 0 && id < in->ids && L->row_of[id]);
            if (!known || (i && id <= T[i - 1])) {
                PyErr_Format(PyExc_ValueError, "a tight set with the unknown or unsorted hyperplane %d", (int)id);
                return -1;
            }
            S ^= scramble(id);
        }
        const Py_ssize_t at = new_vertex(L, T, S);
        if (at < 0) return -1;
        memcpy(VX(L, at), AT(double, in, POINTS) + v * w, w * sizeof(double));
        VE(L, at) = AT(double, in, ERROR)[v];
        memcpy(VZ(L, at), AT(int64_t, in, INTEGERS) + v * w, w * sizeof(int64_t));
        HAS_Z(L, at) = AT(uint8_t, in, HAS_INTEGERS)[v];
        filter_signs(L, at);
        if (push(&run->cell, at)) return -1;
    }
    return stack_push(&run->stack, &run->cell, AT(uint8_t, in, STATE) + (size_t)L->parent * n, n);
}

/* Whether the current cell need not be visited; may change *next, the neuron to cut with, and sets *verdict. */
static int is_dropped(Run *run, int *next, uint8_t *verdict) {
    Layer *L = &run->layer;
    Target *G = &run->target;
    *verdict = UNKNOWN;
    if (run->in.keep_above && memchr(run->state, OFF, L->n)) return 1;
    if (!G->active) return 0;
    if (G->depth == 0 && *next == L->n) {
        *verdict = (uint8_t)fires(L, G, &run->cell, run->state);
        return *verdict == NOWHERE;
    }
    return !seems_to_fire(L, G, &run->cell, run->state, next) && cannot_fire(L, G, &run->cell, run->state, next);
}

/* Cut the current cell by neuron j, and put both parts onto the stack, the one above on top. */
static int cut_cell(Run *run, int j) {
    Layer *L = &run->layer;
    List *above = &run->above, *below = &run->below;
    if ((++run->cuts & 1023) == 0 && PyErr_CheckSignals()) return -1;
    above->used = below->used = 0;
    if (L->d == 2 ? split_plane(L, &run->cell, j, above, below) : split_general(L, &run->cell, j, above, below, &run->edges))
        return -1;
    memcpy(run->other, run->state, L->n);
    run->state[j] = ON;
    run->other[j] = OFF;
    if (!run->in.keep_above && stack_push(&run->stack, below, run->other, L->n)) return -1;
    return stack_push(&run->stack, above, run->state, L->n);
}

/* Look at the clock and for signals now and then.  A call makes at least one cut, so that calls make progress. */
static int look(Run *run) {
    if ((run->visited += run->cell.used) < LOOK) return 0;
    run->visited = 0;
    run->late = run->cuts && (double)(clock() - run->begun) >= run->in.seconds * CLOCKS_PER_SEC;
    return PyErr_CheckSignals();
}

/* Cut a parent by all neurons of the layer.  Cells that are on the stack when the limit is reached or the time is up are
   written unfinished, in the order in which they would have been visited. */
static int cut_parent(Run *run, Py_ssize_t parent) {
    Layer *L = &run->layer;
    uint8_t verdict;
    if (PyErr_CheckSignals() || start_parent(run, parent) || load_generators(run)) return -1;
    while (run->stack.cells && run->finished.cells < run->in.limit && !run->late) {
        if (stack_pop(&run->stack, &run->cell, run->state, L->n)) return -1;
        int j = classify(L, &run->cell, run->state, run->signs);
        if (j < 0) return -1;
        if (is_dropped(run, &j, &verdict)) continue;
        if (j < L->n ? cut_cell(run, j) : emit(L, &run->cell, run->state, verdict, &run->finished, run->seen, ++run->stamp))
            return -1;
        if (look(run)) return -1;
    }
    while (run->stack.cells)
        if (stack_pop(&run->stack, &run->cell, run->state, L->n) ||
            emit(L, &run->cell, run->state, UNKNOWN, &run->rest, run->seen, ++run->stamp))
            return -1;
    const int64_t *ptr = AT(int64_t, &run->in, PLANE_PTR);
    for (int64_t k = ptr[parent]; k < ptr[parent + 1]; k++) L->row_of[AT(int32_t, &run->in, PLANE_IDS)[k]] = NULL;
    return 0;
}

static PyObject *run_result(Run *run) {
    const Layer *L = &run->layer;
    const Target *G = &run->target;
    return Py_BuildValue(
        "{s:N,s:N,s:n,s:{s:L,s:L,s:L,s:L,s:L,s:L}}", "finished", written(&run->finished), "rest", written(&run->rest), "parents",
        run->parents, "counts", "cuts", run->cuts, "bounds", G->bounds, "dropped", G->dropped, "undecided", L->undecided, "exact",
        L->exact, "solved", L->solved);
}

static PyObject *cut(PyObject *self, PyObject *request) {
    (void)self;
    Run run = {.begun = clock()};
    PyObject *result = NULL;
    int failed = run_start(&run, request);
    for (; !failed && run.parents < run.in.sizes['P'] && run.finished.cells < run.in.limit && !run.late; run.parents++)
        failed = cut_parent(&run, run.parents);
    if (!failed) result = run_result(&run);
    run_free(&run);
    return result;
}

/* --- The module --- */

static PyMethodDef methods[] = {
    {"expand", expand, METH_VARARGS, "Set the rows of the next layer's input: see schema.py."},
    {"cut", cut, METH_O, "Cut cells by the neurons of one layer: see schema.py."},
    {"search", search, METH_VARARGS, "Search for cells that are kept by inequalities: see search.c."},
    {"facets", facets, METH_VARARGS, "The facets of cells that are kept by inequalities: see facets.c."},
    {"maxima", maxima, METH_VARARGS, "Bounds of the target on cells that are kept by inequalities: see facets.c."},
    {"volumes", volumes, METH_VARARGS, "Bounds on the volumes of the parts of leaves on which the target is positive: see volumes.c."},
    {NULL, NULL, 0, NULL}};

/* For the tests that compare them with Python's. */
static PyObject *constants(void) {
    return Py_BuildValue(
        "{s:i,s:d,s:d,s:d,s:d,s:L,s:L}", "MAX_DIM", MAX_DIM, "UNIT_ROUNDOFF", UNIT_ROUNDOFF, "TINY", TINY, "SLACK", SLACK,
        "EXACT_INTEGERS", EXACT_INTEGERS, "SMALL_INTEGER", (long long)SMALL_INTEGER, "LARGE_INTEGER", (long long)LARGE_INTEGER);
}

/* Add a new object to the module, which then owns it. */
static int add(PyObject *self, const char *name, PyObject *object) {
    const int failed = object ? PyModule_AddObjectRef(self, name, object) : -1;
    Py_XDECREF(object);
    return failed;
}

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "_compiled", NULL, -1, methods, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit__compiled(void) {
    PyObject *self = PyModule_Create(&module);
    if (self && (add(self, "REQUEST", declared(0)) || add(self, "RESULT", declared(1)) || add(self, "CONSTANTS", constants())))
        Py_CLEAR(self);
    return self;
}
