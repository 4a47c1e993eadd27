/* The parts of a cell that is kept by inequalities: the rows of neurons, proofs that a point is inside or that nothing is, and the
   search for the part on which a row is positive. */

#include "search.h"

double power_above(double value) {
    int exponent;
    if (!(value > 0) || value > DBL_MAX) return 1;
    frexp(value, &exponent);
    return ldexp(1, exponent);
}

/* --- Rows --- */

double evaluate(const Search *S, const double *g, const double *x, double error, double *off) {
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
int sign_at(const Search *S, const double *g, const double *x, double error) {
    double off;
    const double value = evaluate(S, g, x, error, &off);
    return value > off && value <= DBL_MAX ? 1 : value < -off && value >= -DBL_MAX ? -1 : 0;
}

/* Bounds of a row on the whole box; infinities where it may be unbounded. */
void range_on_box(const Search *S, const double *g, double error, double *least, double *most) {
    double low = g[0], high = g[0], size = fabs(g[0]), reach = 1;
    *least = -INFINITY;
    *most = INFINITY;
    for (int k = 0; k < S->d; k++) {
        const double a = g[k + 1] * S->simplex.low[k], b = g[k + 1] * S->simplex.high[k];
        const double far = fmax(fabs(S->simplex.low[k]), fabs(S->simplex.high[k]));
        if ((S->open_low[k] || S->open_high[k]) && (g[k + 1] != 0 || error > 0)) return;
        low += fmin(a, b);
        high += fmax(a, b);
        size += fabs(g[k + 1]) * far;
        reach += far;
    }
    const double off = ((S->d + 4) * UNIT_ROUNDOFF * size + error * reach) * SLACK + TINY;
    if (low >= -DBL_MAX && high <= DBL_MAX && off <= DBL_MAX) {
        *least = low - off * SLACK;
        *most = high + off * SLACK;
    }
}

/* The sign of a row on the whole box; 0 if it may have both. */
int sign_on_box(const Search *S, const double *g, double error) {
    double least, most;
    range_on_box(S, g, error, &least, &most);
    return least > 0 ? 1 : most < 0 ? -1 : 0;
}

/* Add the row sign * g to the cell. */
void push_row(Search *S, const double *g, int sign, double error, double scale) {
    double *row = S->row + (size_t)S->rows * S->w, size = 0;
    for (int k = 0; k < S->w; k++) {
        row[k] = sign * g[k];
        if (k) size += row[k] * row[k];
    }
    S->row_error[S->rows] = error;
    S->row_scale[S->rows] = error == 0 ? scale : 0;
    S->row_factor[S->rows] = 1 / power_above(sqrt(size));
    S->row_unit[S->rows] = -1;
    S->rows++;
}

/* The row g, scaled so that it suits the simplex method. */
double *scaled(Search *S, const double *g, double factor) {
    for (int k = 0; k < S->w; k++) S->goal[k] = g[k] * factor;
    return S->goal;
}

/* --- Layers --- */

double row_error(const Search *S, int k, int j) { return S->layer[k].sums[j] * S->factor[k]; }

double row_scale(const Search *S, int k) { return S->factor[k] == 0 ? S->layer[k].scale : 0; }

/* Compute the pre-activations of layer k as functions of (1, x), from the states of the layers before. */
void enter_layer(Search *S, int k) {
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
int is_inside(const Search *S, const double *x, double *nearest, int *which) {
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

/* An upper bound of g plus multiples of the rows, by the multipliers, on the box, hence of g on the cell. */
double top_of(Search *S, const double *g, double error) {
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
        if ((S->open_low[k] || S->open_high[k]) && (size[k + 1] > 0 || off > 0)) return INFINITY;
        top += fmax(sum[k + 1] * low, sum[k + 1] * high);
        all += size[k + 1] * far;
        reach += far;
    }
    const double bound = ((used + S->d + 8) * UNIT_ROUNDOFF * all + off * reach) * SLACK + TINY;
    return top >= -DBL_MAX && bound <= DBL_MAX ? top + bound * SLACK : INFINITY;
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
int refutes_exactly(Search *S, const double *g, double scale) {
    const int w = S->w;
    double *sum = S->combined, *size = S->combined + w, common = 1;
    if (!(scale > 0) || !(S->box_scale > 0)) return 0;
    for (int i = 0; i < S->rows; i++) {
        if (!(S->multiplier[i] > LEAST_MULTIPLIER)) continue;
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
        const double y = S->multiplier[i] > LEAST_MULTIPLIER ? rint(S->multiplier[i] * common) : 0, *row = S->row + (size_t)i * w;
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
    S->common = common;
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

int found_point(Search *S, const double *g, const double *x, double error, double *y) {
    double nearest;
    int which;
    if (!S->simplex.positive) return 0;
    between(S, g, x, y);
    return sign_at(S, g, y, error) > 0 && is_inside(S, y, &nearest, &which);
}

/* Take the multipliers of the optimum that the dictionary is at, for an objective that was scaled by a factor. */
void take_multipliers(Search *S, const Dictionary *D, double factor) {
    memset(S->multiplier, 0, S->rows * sizeof(double));
    for (int j = 0; j < S->d; j++) {
        const int slack = D->nonbasic[j] - S->d;
        if (slack >= 0 && slack < S->rows && S->simplex.cost[j] < 0)
            S->multiplier[slack] = -S->simplex.cost[j] * S->row_factor[slack] / factor;
    }
}

/* Whether the multipliers of the optimum that the dictionary is at prove that g, which was scaled by a factor, is not positive. */
int refuted(Search *S, const Dictionary *D, const double *g, double error, double scale, double factor) {
    take_multipliers(S, D, factor);
    S->common = 0;
    S->top = top_of(S, g, error);
    if (S->top < 0) return S->outside++, 1;
    if (error == 0 && refutes_exactly(S, g, scale)) return S->integers++, 1;
    if (S->is_open && top_at_basis(S, D, g, error, factor) < 0) return S->outside++, 1;
    return 0;
}

/* Whether sign * g is positive somewhere in the cell: SOME with a point y, NONE, or UNSURE.  x is inside. */
int probe(Search *S, Dictionary *D, const double *g, int sign, double error, double scale, const double *x, double *y) {
    double size = 0, *goal = S->scratch, off;
    for (int c = 0; c < S->w; c++) {
        goal[c] = sign * g[c];
        if (c) size += g[c] * g[c];
    }
    const double factor = 1 / power_above(sqrt(size));
    const double distance = fabs(evaluate(S, g, x, 0, &off)) * factor;
    S->probes++;
    int ended = maximise(D, &S->simplex, scaled(S, goal, factor), S->near ? 1e-3 : fmax(1e-3, distance));
    if (found_point(S, goal, x, error, y)) return S->inside++, SOME;
    if (ended == STOPPED) {
        ended = maximise(D, &S->simplex, scaled(S, goal, factor), INFINITY);
        if (found_point(S, goal, x, error, y)) return S->inside++, SOME;
    }
    if (ended != OPTIMAL) return UNSURE;
    if (refuted(S, D, goal, error, scale, factor)) return NONE;
    if (S->is_open && S->layer_asked > 0 && refuted_by_units(S, S->layer_asked, S->neuron_asked, sign)) return S->outside++, NONE;
    return UNSURE;
}

/* Move an inner point away from the rows that it is close to, if it is close to any. */
void recentre(Search *S, Dictionary *D, double *x) {
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

/* The dictionary of a depth; NULL without memory. */
Dictionary *dictionary(Search *S, int depth) {
    if (!S->stack[depth]) S->stack[depth] = new_dictionary(S->d, S->most);
    if (!S->stack[depth]) out_of_memory();
    return S->stack[depth];
}

/* Add the row sign * g to the cell and to its dictionary, after moving to a vertex at which it is not negative. */
int restrict_to(Search *S, Dictionary *D, const double *g, int sign, double error, double scale) {
    push_row(S, g, sign, error, scale);
    const int i = S->rows - 1;
    maximise(D, &S->simplex, scaled(S, S->row + (size_t)i * S->w, S->row_factor[i]), 1e-6);
    if (!(S->simplex.objective >= -1e-9)) return -1;
    add_row(D, &S->simplex);
    return 0;
}

/* Add the row of neuron j of layer k, times a sign. */
int restrict_to_side(Search *S, Dictionary *D, int k, int j, int sign) {
    const int lost = restrict_to(S, D, S->values[k] + (size_t)j * S->w, sign, row_error(S, k, j), row_scale(S, k));
    for (int before = 0; before < k; before++) j += S->layer[before].outputs;
    S->row_unit[S->rows - 1] = j;
    return lost;
}

/* Rebuild a cell from its states: its rows, its point and its dictionary, which are those of depth 0; *layer and *neuron become
   those of the first neuron that is unseen.  Returns 1 if floats cannot do that, -1 on error. */
int rebuild(Search *S, const uint8_t *states, const double *point, int *layer, int *neuron) {
    Dictionary *D = dictionary(S, 0);
    if (!D) return -1;
    memcpy(point_of(S, 0), point, S->d * sizeof(double));
    memcpy(S->state, states, S->units);
    S->rows = 0;
    start_dictionary(D, &S->simplex, point);
    int lost = 0, k = 0, j = 0;
    for (int i = 0; i < S->domain_rows; i++)
        lost |= restrict_to(S, D, S->domain + (size_t)i * S->w, 1, S->domain_error[i], S->domain_error[i] == 0);
    const uint8_t *state = S->state;
    for (; k < S->layers; state += S->layer[k++].outputs) {
        enter_layer(S, k);
        for (j = 0; j < S->layer[k].outputs && !(state[j] & UNSEEN); j++)
            if (!(state[j] & UNCUT))
                lost |= restrict_to_side(S, D, k, j, state[j] & ON ? 1 : -1);
        if (j < S->layer[k].outputs) break;
        j = 0;
    }
    *layer = k;
    *neuron = j;
    return lost ? 1 : 0;
}
