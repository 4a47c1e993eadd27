/* The search for cells that are kept by inequalities: depth first over the neurons, one after the other.

   A cell is the states of the neurons so far and one inner point, which was proved to be strictly inside.  The neuron's sign at
   that point is the sign of one part; the simplex method in floats (simplex.c) looks for the other.  A part exists if a point is
   strictly inside of it by more than a bound on all rounding errors.  It does not if multipliers of the cell's rows combine to a
   function that is negative on the whole box by more than such a bound, or, where all numbers are small integers, that is
   at most zero in exact arithmetic.  What neither shows is left to the caller: an item of the kind ASK.

   Rows are those of engine/float_layers.py; the error of row j of a layer is row_sums[j] times a factor (proofs/filter.md). */

#include "simplex.h"

#define UNCUT 2             /* added to a state: the neuron does not cut the cell */
#define UNSEEN 4            /* the state of a neuron that is still to come */
#define MOST_DENOMINATOR 4096
#define MOST_MULTIPLIER 1e7
#define THIN 1e-4           /* an inner point that is nearer to a row than this is moved */

enum { LEAF, ASK, REST };   /* kinds of items: a cell after all layers, a question for the caller, a cell that waits */
enum { NONE, SOME, UNSURE };

typedef struct { const double *rows, *sums; const uint8_t *relu; int outputs, inputs; double scale; } SearchLayer;

typedef struct {
    int d, w, layers, units, has_target, most; /* most: rows of a cell at most */
    SearchLayer *layer;                        /* the target is the last one */
    const double *inner_low, *inner_high;
    const uint8_t *open_low, *open_high;       /* 1 where a bound is not one of the domain */
    double box_scale;                          /* times this, bounds are integers; 0 if there is no such number */
    Simplex simplex;
    /* the cell that is being cut */
    uint8_t *state;
    double *row, *row_error, *row_scale, *row_factor; /* its rows (most * w), errors of entries, and what makes them integers */
    int rows;
    double **maps, **values;  /* per layer: its input and its pre-activations as functions of (1, x) */
    double *map_error, *factor;
    Dictionary **stack;
    int depth;
    double *scratch, *multiplier, *combined, *goal, *other_point, *own_points, *second_points; /* the last two: per depth */
    /* what is returned */
    Bytes kinds, places, states, points;
    long long items, limit, nodes, probes, inside, outside, integers, asked;
} Search;

static double power_above(double value) {
    int exponent;
    if (!(value > 0) || value > DBL_MAX) return 1;
    frexp(value, &exponent);
    return ldexp(1, exponent);
}

/* --- Rows --- */

static double evaluate(const Search *S, const double *g, const double *x, double error, double *off) {
    double value = g[0], size = fabs(g[0]), reach = 1;
    for (int k = 0; k < S->d; k++) {
        value += g[k + 1] * x[k];
        size += fabs(g[k + 1] * x[k]);
        reach += fabs(x[k]);
    }
    *off = ((S->d + 4) * UNIT_ROUNDOFF * size + error * reach) * SLACK + TINY;
    return value;
}

/* 1 or -1 if the row is certainly positive or negative at a point, else 0. */
static int sign_at(const Search *S, const double *g, const double *x, double error) {
    double off;
    const double value = evaluate(S, g, x, error, &off);
    return value > off && value <= DBL_MAX ? 1 : value < -off && value >= -DBL_MAX ? -1 : 0;
}

/* The sign of a row on the whole box; 0 if it may have both. */
static int sign_on_box(const Search *S, const double *g, double error) {
    double low = g[0], high = g[0], size = fabs(g[0]), reach = 1;
    for (int k = 0; k < S->d; k++) {
        const double a = g[k + 1] * S->simplex.low[k], b = g[k + 1] * S->simplex.high[k];
        const double far = fmax(fabs(S->simplex.low[k]), fabs(S->simplex.high[k]));
        if ((S->open_low[k] || S->open_high[k]) && (g[k + 1] != 0 || error > 0)) return 0;
        low += fmin(a, b);
        high += fmax(a, b);
        size += fabs(g[k + 1]) * far;
        reach += far;
    }
    const double off = ((S->d + 4) * UNIT_ROUNDOFF * size + error * reach) * SLACK + TINY;
    return low > off && low <= DBL_MAX ? 1 : high < -off && high >= -DBL_MAX ? -1 : 0;
}

/* Add the row sign * g to the cell. */
static void push_row(Search *S, const double *g, int sign, double error, double scale) {
    double *row = S->row + (size_t)S->rows * S->w, size = 0;
    for (int k = 0; k < S->w; k++) {
        row[k] = sign * g[k];
        if (k) size += row[k] * row[k];
    }
    S->row_error[S->rows] = error;
    S->row_scale[S->rows] = error == 0 ? scale : 0;
    S->row_factor[S->rows] = 1 / power_above(sqrt(size));
    S->rows++;
}

/* The row g, scaled so that it suits the simplex method. */
static double *scaled(Search *S, const double *g, double factor) {
    for (int k = 0; k < S->w; k++) S->goal[k] = g[k] * factor;
    return S->goal;
}

/* --- Layers --- */

static double row_error(const Search *S, int k, int j) { return S->layer[k].sums[j] * S->factor[k]; }

static double row_scale(const Search *S, int k) { return S->factor[k] == 0 ? S->layer[k].scale : 0; }

/* Compute the pre-activations of layer k as functions of (1, x), from the states of the layers before. */
static void enter_layer(Search *S, int k) {
    const SearchLayer *L = &S->layer[k];
    const int w = S->w, inputs = L->inputs;
    double *map = S->maps[k], largest = 1;
    if (k == 0) {
        memset(map, 0, (size_t)inputs * w * sizeof(double));
        for (int j = 0; j < inputs; j++) map[(size_t)j * w + j + 1] = 1;
        S->map_error[k] = 0;
    } else {
        const uint8_t *state = S->state;
        for (int before = 0; before < k - 1; before++) state += S->layer[before].outputs;
        for (int j = 0; j < inputs; j++) {
            const double *from = S->values[k - 1] + (size_t)j * w;
            if (state[j] & 1) memcpy(map + (size_t)j * w, from, w * sizeof(double));
            else memset(map + (size_t)j * w, 0, w * sizeof(double));
        }
        double most = 0;
        for (int j = 0; j < S->layer[k - 1].outputs; j++) most = fmax(most, S->layer[k - 1].sums[j]);
        S->map_error[k] = S->factor[k - 1] * most * SLACK;
    }
    for (size_t e = 0; e < (size_t)inputs * w; e++) largest = fmax(largest, fabs(map[e]));
    double most = 0;
    for (int j = 0; j < L->outputs; j++) {
        double *out = S->values[k] + (size_t)j * w;
        const double *weight = L->rows + (size_t)j * (inputs + 1);
        memset(out, 0, w * sizeof(double));
        out[0] = weight[inputs];
        for (int i = 0; i < inputs; i++) {
            const double factor = weight[i], *from = map + (size_t)i * w;
            if (factor != 0)
                for (int c = 0; c < w; c++) out[c] += factor * from[c];
        }
        most = fmax(most, L->sums[j]);
    }
    S->factor[k] = (S->map_error[k] + (inputs + 5) * UNIT_ROUNDOFF * largest) * SLACK + TINY;
    if (L->scale > 0 && S->map_error[k] == 0 && most * largest * L->scale < EXACT_INTEGERS) S->factor[k] = 0;
}

/* --- Proofs --- */

/* Whether a point is strictly inside all rows, and where it is nearest to one (scaled distance). */
static int is_inside(const Search *S, const double *x, double *nearest, int *which) {
    *nearest = INFINITY;
    *which = -1;
    for (int k = 0; k < S->d; k++)
        if (!(x[k] >= S->inner_low[k] && x[k] <= S->inner_high[k])) return 0;
    for (int i = 0; i < S->rows; i++) {
        double off;
        const double value = evaluate(S, S->row + (size_t)i * S->w, x, S->row_error[i], &off);
        if (!(value > off) || value > DBL_MAX) return 0;
        if (value * S->row_factor[i] < *nearest) {
            *nearest = value * S->row_factor[i];
            *which = i;
        }
    }
    return 1;
}

/* Whether g plus multiples of the rows, by the multipliers, is negative on the box, by more than the rounding errors. */
static int refutes(Search *S, const double *g, double error) {
    const int w = S->w;
    double *sum = S->combined, *size = S->combined + w, reach = 1, off = error;
    for (int c = 0; c < w; c++) {
        sum[c] = g[c];
        size[c] = fabs(g[c]);
    }
    int used = 1;
    for (int i = 0; i < S->rows; i++) {
        const double y = S->multiplier[i], *row = S->row + (size_t)i * w;
        if (!(y > 0)) continue;
        used++;
        off += y * S->row_error[i];
        for (int c = 0; c < w; c++) {
            sum[c] += y * row[c];
            size[c] += fabs(y * row[c]);
        }
    }
    double top = sum[0], all = size[0];
    for (int k = 0; k < S->d; k++) {
        const double low = S->simplex.low[k], high = S->simplex.high[k], far = fmax(fabs(low), fabs(high));
        if ((S->open_low[k] || S->open_high[k]) && (size[k + 1] > 0 || off > 0)) return 0;
        top += fmax(sum[k + 1] * low, sum[k + 1] * high);
        all += size[k + 1] * far;
        reach += far;
    }
    const double bound = ((used + S->d + 8) * UNIT_ROUNDOFF * all + off * reach) * SLACK + TINY;
    return top < -bound && top >= -DBL_MAX;
}

/* The least positive integer, up to a limit, that makes a number nearly an integer; 0 if there is none. */
static double denominator_of(double value) {
    double before = 0, now = 1, rest = fabs(value) - floor(fabs(value));
    while (now <= MOST_DENOMINATOR) {
        if (fabs(value * now - rint(value * now)) < 1e-7 * now) return now;
        if (rest < 1e-12) return 0;
        const double inverse = 1 / rest, digit = floor(inverse), next = digit * now + before;
        before = now;
        now = next;
        rest = inverse - digit;
    }
    return 0;
}

/* Whether g plus multiples of the rows is at most zero on the box, in integers: the multipliers are rounded to quotients. */
static int refutes_exactly(Search *S, const double *g, double scale) {
    const int w = S->w;
    double *sum = S->combined, *size = S->combined + w, common = 1;
    if (!(scale > 0) || !(S->box_scale > 0)) return 0;
    for (int i = 0; i < S->rows; i++) {
        if (!(S->multiplier[i] > 1e-9)) continue;
        if (!(S->row_scale[i] > 0)) return 0;
        scale = fmax(scale, S->row_scale[i]); /* powers of two */
        const double more = denominator_of(S->multiplier[i] * common);
        if (more == 0 || common * more > MOST_MULTIPLIER) return 0;
        common *= more;
    }
    for (int c = 0; c < w; c++) {
        sum[c] = common * g[c];
        size[c] = fabs(sum[c]);
    }
    for (int i = 0; i < S->rows; i++) {
        const double y = S->multiplier[i] > 1e-9 ? rint(S->multiplier[i] * common) : 0, *row = S->row + (size_t)i * w;
        if (!(y > 0)) continue;
        for (int c = 0; c < w; c++) {
            sum[c] += y * row[c];
            size[c] += fabs(y * row[c]);
        }
    }
    double top = sum[0], all = size[0];
    for (int k = 0; k < S->d; k++) {
        const double low = S->simplex.low[k], high = S->simplex.high[k];
        if ((S->open_low[k] && sum[k + 1] < 0) || (S->open_high[k] && sum[k + 1] > 0)) return 0;
        if (sum[k + 1] != 0) top += sum[k + 1] > 0 ? sum[k + 1] * high : sum[k + 1] * low;
        all += size[k + 1] * fmax(fmax(fabs(low), fabs(high)), 1);
    }
    /* every number that was added is an integer divided by scale * box_scale, and below 2^52 times that: nothing was rounded */
    return all * scale * S->box_scale < EXACT_INTEGERS && top <= 0;
}

/* --- Looking for the part of a cell on which a row is positive --- */

/* Set y to a point between x and the mean of the vertices at which the objective was positive. */
static void between(const Search *S, const double *g, const double *x, double *y) {
    double off, at_x = evaluate(S, g, x, 0, &off), at_mean;
    for (int k = 0; k < S->d; k++) y[k] = S->simplex.vertices[k] / S->simplex.positive;
    at_mean = evaluate(S, g, y, 0, &off);
    const double crossing = at_x < 0 ? -at_x / (at_mean - at_x) : 0, t = (1 + crossing) / 2;
    for (int k = 0; k < S->d; k++) {
        const double value = x[k] + t * (y[k] - x[k]);
        y[k] = fmin(fmax(value, S->inner_low[k]), S->inner_high[k]);
    }
}

static int found_point(Search *S, const double *g, const double *x, double error, double *y) {
    double nearest;
    int which;
    if (!S->simplex.positive) return 0;
    between(S, g, x, y);
    return sign_at(S, g, y, error) > 0 && is_inside(S, y, &nearest, &which);
}

/* Whether sign * g is positive somewhere in the cell: SOME with a point y, NONE, or UNSURE.  x is inside. */
static int probe(Search *S, Dictionary *D, const double *g, int sign, double error, double scale, const double *x, double *y) {
    double size = 0, *goal = S->scratch, off;
    for (int c = 0; c < S->w; c++) {
        goal[c] = sign * g[c];
        if (c) size += g[c] * g[c];
    }
    const double factor = 1 / power_above(sqrt(size));
    const double distance = fabs(evaluate(S, g, x, 0, &off)) * factor;
    S->probes++;
    int ended = maximise(D, &S->simplex, scaled(S, goal, factor), fmax(1e-3, distance));
    if (found_point(S, goal, x, error, y)) return S->inside++, SOME;
    if (ended == STOPPED) {
        ended = maximise(D, &S->simplex, scaled(S, goal, factor), INFINITY);
        if (found_point(S, goal, x, error, y)) return S->inside++, SOME;
    }
    if (ended != OPTIMAL) return UNSURE;
    memset(S->multiplier, 0, S->rows * sizeof(double));
    for (int j = 0; j < S->d; j++) {
        const int slack = D->nonbasic[j] - S->d;
        if (slack >= 0 && S->simplex.cost[j] < 0) S->multiplier[slack] = -S->simplex.cost[j] * S->row_factor[slack] / factor;
    }
    if (refutes(S, goal, error)) return S->outside++, NONE;
    if (error == 0 && refutes_exactly(S, goal, scale)) return S->integers++, NONE;
    return UNSURE;
}

/* Move an inner point away from the rows that it is close to, if it is close to any. */
static void recentre(Search *S, Dictionary *D, double *x) {
    double nearest, better, *y = S->scratch;
    int which, other;
    for (int tries = 0; tries < 4; tries++) {
        if (!is_inside(S, x, &nearest, &which) || nearest > THIN || which < 0) return;
        maximise(D, &S->simplex, scaled(S, S->row + (size_t)which * S->w, S->row_factor[which]), INFINITY);
        if (!S->simplex.positive) return;
        for (int k = 0; k < S->d; k++) {
            const double value = (x[k] + S->simplex.vertices[k] / S->simplex.positive) / 2;
            y[k] = fmin(fmax(value, S->inner_low[k]), S->inner_high[k]);
        }
        if (!is_inside(S, y, &better, &other) || better <= nearest) return;
        memcpy(x, y, S->d * sizeof(double));
    }
}

/* --- The search --- */

static int emit_item(Search *S, int kind, int k, const double *x) {
    const uint8_t code = (uint8_t)kind;
    const int32_t layer = k;
    S->items++;
    return put(&S->kinds, &code, 1) || put(&S->places, &layer, sizeof layer) || put(&S->states, S->state, S->units) ||
           put(&S->points, x, S->d * sizeof(double));
}

static double *point_of(const Search *S, int depth) { return S->own_points + (size_t)depth * S->d; }

/* The dictionary of a depth; NULL without memory. */
static Dictionary *dictionary(Search *S, int depth) {
    if (!S->stack[depth]) S->stack[depth] = new_dictionary(S->d, S->most);
    if (!S->stack[depth]) out_of_memory();
    return S->stack[depth];
}

/* Add the row sign * g to the cell and to its dictionary, after moving to a vertex at which it is not negative. */
static int restrict_to(Search *S, Dictionary *D, const double *g, int sign, double error, double scale) {
    push_row(S, g, sign, error, scale);
    const int i = S->rows - 1;
    maximise(D, &S->simplex, scaled(S, S->row + (size_t)i * S->w, S->row_factor[i]), 1e-6);
    if (!(S->simplex.objective >= -1e-9)) return -1;
    add_row(D, &S->simplex);
    return 0;
}

/* After all layers: a leaf, if the target is positive somewhere. */
static int finish(Search *S, Dictionary *D, const double *x) {
    const int k = S->layers;
    if (!S->has_target) return emit_item(S, LEAF, k, x);
    enter_layer(S, k);
    const double *g = S->values[k], error = row_error(S, k, 0);
    if (sign_at(S, g, x, error) > 0) return emit_item(S, LEAF, k, x);
    if (sign_on_box(S, g, error) < 0) return 0;
    switch (probe(S, D, g, 1, error, row_scale(S, k), x, S->other_point)) {
    case SOME: return emit_item(S, LEAF, k, S->other_point);
    case NONE: return 0;
    default: S->asked++; return emit_item(S, ASK, k, x);
    }
}

/* On which sides of a neuron the cell has parts: bit 0 above, bit 1 below; -1 if that is not clear.  x and y become inner points
   of the parts above and below. */
static int sides_of(Search *S, Dictionary *D, int k, int j, double *x, double *y) {
    const double *g = S->values[k] + (size_t)j * S->w, error = row_error(S, k, j), scale = row_scale(S, k);
    double *other = S->other_point;
    const size_t size = S->d * sizeof(double);
    const int sign = sign_at(S, g, x, error);
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
        if (!S->layer[k].relu[j]) { state[j] = ON | UNCUT; continue; }
        if (error == 0 && is_zero(g, S->w)) { state[j] = OFF | UNCUT; continue; }
        const int on_box = sign_on_box(S, g, error);
        if (on_box) { state[j] = (on_box > 0 ? ON : OFF) | UNCUT; continue; }
        memset(state + j, UNSEEN, S->units - (state - S->state) - j);
        if (S->items >= S->limit || S->nodes >= 64 * S->limit) { failed = emit_item(S, REST, k, x) ? -1 : 1; break; }
        if ((++S->nodes & 1023) == 0 && PyErr_CheckSignals()) return -1;
        const int sides = sides_of(S, D, k, j, x, y);
        if (sides < 0) { S->asked++; failed = emit_item(S, ASK, k, x) ? -1 : 1; break; }
        if (sides < 3) { state[j] = (sides == 1 ? ON : OFF) | UNCUT; continue; }
        /* First the part above, with a dictionary of its own, then the part below, with this one. */
        Dictionary *first = dictionary(S, depth + 1);
        if (!first) return -1;
        copy_dictionary(first, D);
        memcpy(point_of(S, depth + 1), x, S->d * sizeof(double));
        const int before = S->rows;
        state[j] = ON;
        if (restrict_to(S, first, g, 1, error, row_scale(S, k))) failed = emit_item(S, REST, k, x);
        else {
            recentre(S, first, point_of(S, depth + 1));
            failed = visit(S, k, j + 1, depth + 1);
        }
        S->rows = before;
        if (failed) return -1;
        memset(state + j + 1, UNSEEN, S->units - (state - S->state) - j - 1);
        state[j] = OFF;
        memcpy(x, y, S->d * sizeof(double));
        if (restrict_to(S, D, g, -1, error, row_scale(S, k))) { failed = emit_item(S, REST, k, x) ? -1 : 1; break; }
        recentre(S, D, x);
    }
    if (!failed) failed = finish(S, D, x);
    S->rows = rows;
    return failed < 0 ? -1 : 0;
}

/* Search a cell from its states: rebuild its rows and its dictionary, then go on with the first neuron that is unseen. */
static int search_from(Search *S, const uint8_t *states, const double *point, const double *domain, const double *errors, int count) {
    Dictionary *D = dictionary(S, 0);
    if (!D) return -1;
    double *x = point_of(S, 0);
    memcpy(x, point, S->d * sizeof(double));
    memcpy(S->state, states, S->units);
    S->rows = 0;
    start_dictionary(D, &S->simplex, x);
    int lost = 0, k = 0, j = 0;
    for (int i = 0; i < count; i++) lost |= restrict_to(S, D, domain + (size_t)i * S->w, 1, errors[i], errors[i] == 0);
    const uint8_t *state = S->state;
    for (; k < S->layers; state += S->layer[k++].outputs) {
        enter_layer(S, k);
        for (j = 0; j < S->layer[k].outputs && !(state[j] & UNSEEN); j++)
            if (!(state[j] & UNCUT))
                lost |= restrict_to(S, D, S->values[k] + (size_t)j * S->w, state[j] ? 1 : -1, row_error(S, k, j), row_scale(S, k));
        if (j < S->layer[k].outputs) break;
        j = 0;
    }
    if (lost) { S->asked++; return emit_item(S, ASK, k, x); }
    recentre(S, D, x);
    return visit(S, k, j, 0);
}

/* --- The function of the module --- */

static int allocate(Search *S) {
    const size_t d = S->d, w = S->w, most = S->most, layers = S->layers + S->has_target;
    S->state = malloc(S->units);
    S->row = malloc(most * (w + 3) * sizeof(double));
    S->maps = calloc(2 * layers, sizeof(double *));
    S->map_error = malloc(2 * layers * sizeof(double));
    S->stack = calloc(most + 2, sizeof(Dictionary *));
    S->own_points = malloc(((2 * (most + 2) + 3) * d + 5 * w + most) * sizeof(double));
    if (!S->state || !S->row || !S->maps || !S->map_error || !S->stack || !S->own_points) return out_of_memory();
    S->row_error = S->row + most * w;
    S->row_scale = S->row_error + most;
    S->row_factor = S->row_scale + most;
    S->values = S->maps + layers;
    S->factor = S->map_error + layers;
    S->second_points = S->own_points + (most + 2) * d;
    S->other_point = S->second_points + (most + 2) * d;
    S->simplex.cost = S->other_point + d;
    S->simplex.vertices = S->simplex.cost + d;
    S->scratch = S->simplex.vertices + d;
    S->goal = S->scratch + w;
    S->combined = S->goal + w;
    S->multiplier = S->combined + 2 * w;
    for (size_t k = 0; k < layers; k++) {
        S->maps[k] = malloc((size_t)S->layer[k].inputs * w * sizeof(double));
        S->values[k] = malloc((size_t)S->layer[k].outputs * w * sizeof(double));
        if (!S->maps[k] || !S->values[k]) return out_of_memory();
    }
    return 0;
}

static void free_search(Search *S) {
    for (int k = 0; S->maps && k < 2 * (S->layers + S->has_target); k++) free(S->maps[k]);
    for (int k = 0; S->stack && k < S->most + 2; k++) free_dictionary(S->stack[k]);
    free(S->layer);
    free(S->state);
    free(S->row);
    free(S->maps);
    free(S->map_error);
    free(S->stack);
    free(S->own_points);
    Py_XDECREF(S->kinds.object);
    Py_XDECREF(S->places.object);
    Py_XDECREF(S->states.object);
    Py_XDECREF(S->points.object);
}

/* The buffers of a call, in the order of its arguments. */
enum { WIDTHS, WEIGHTS, SUMS, RELU, SCALES, LOW, HIGH, INNER_LOW, INNER_HIGH, OPEN_LOW, OPEN_HIGH, DOMAIN_ROWS, ERRORS, STATES, POINT, BUFFERS };

static int check_sizes(const Search *S, const Py_buffer *in, Py_ssize_t weights, int rows) {
    const Py_ssize_t d = S->d, real = sizeof(double), layers = S->layers + S->has_target;
    const Py_ssize_t all = S->units + S->has_target;
    const Py_ssize_t expected[BUFFERS] = {(layers + 1) * 8, weights * real, all * real, all, layers * real, d * real, d * real, d * real, d * real, d, d, rows * (d + 1) * real, rows * real, S->units, d * real};
    for (int k = 0; k < BUFFERS; k++)
        if (in[k].len != expected[k]) {
            PyErr_Format(PyExc_ValueError, "array %d of the search has %zd bytes; expected %zd", k, in[k].len, expected[k]);
            return -1;
        }
    return 0;
}

static int read_search(Search *S, const Py_buffer *in) {
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
    S->most = S->units + rows + 1;
    S->simplex.low = in[LOW].buf;
    S->simplex.high = in[HIGH].buf;
    S->inner_low = in[INNER_LOW].buf;
    S->inner_high = in[INNER_HIGH].buf;
    S->open_low = in[OPEN_LOW].buf;
    S->open_high = in[OPEN_HIGH].buf;
    return check_sizes(S, in, weights, rows) ? -1 : allocate(S);
}

PyObject *search(PyObject *self, PyObject *args) {
    (void)self;
    Search S = {0};
    Py_buffer in[BUFFERS] = {{0}};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "(y*y*y*y*y*y*y*y*y*y*y*y*y*pd)y*y*L", &in[WIDTHS], &in[WEIGHTS], &in[SUMS], &in[RELU], &in[SCALES],
                          &in[LOW], &in[HIGH], &in[INNER_LOW], &in[INNER_HIGH], &in[OPEN_LOW], &in[OPEN_HIGH], &in[DOMAIN_ROWS],
                          &in[ERRORS], &S.has_target, &S.box_scale, &in[STATES], &in[POINT], &S.limit))
        return NULL;
    if (!read_search(&S, in) && !search_from(&S, in[STATES].buf, in[POINT].buf, in[DOMAIN_ROWS].buf, in[ERRORS].buf, (int)(in[ERRORS].len / 8)))
        result = Py_BuildValue("{s:N,s:N,s:N,s:N,s:{s:L,s:L,s:L,s:L,s:L,s:L,s:L}}", "kinds", release(&S.kinds), "layers",
                               release(&S.places), "states", release(&S.states), "points", release(&S.points), "counts", "nodes",
                               S.nodes, "programs", S.probes, "pivots", S.simplex.pivots, "inside", S.inside, "outside", S.outside,
                               "integers", S.integers, "asked", S.asked);
    free_search(&S);
    for (int k = 0; k < BUFFERS; k++) PyBuffer_Release(&in[k]);
    return result;
}
