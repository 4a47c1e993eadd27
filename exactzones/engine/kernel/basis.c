/* Upper bounds of rows on cells that may be unbounded.

   Where a coordinate has no bound, the multipliers of an optimum must cancel it exactly, and floats do not.  So the multipliers are
   those that solve the equations of the optimum's basis exactly; floats prove that there are such ones, that they are positive, and
   how far off the float ones are at most (proofs/inequalities.md). */

#include "search.h"

/* The equations: for each basic coordinate, the sum of the multiples of the rows is minus the coefficient of g. */
typedef struct {
    int size;
    const int32_t *columns, *coordinates; /* of the dictionary: nonbasic slacks, basic coordinates */
    double *z, *rest;                     /* multipliers of scaled rows; what is left of the coefficients */
    double error, reach;                  /* of the multipliers; the sum of errors of rows times multipliers */
} Equations;

static int slack_of(const Equations *Q, const Dictionary *D, int j) { return D->nonbasic[Q->columns[j]] - D->d; }

static const double *row_at(const Search *S, const Equations *Q, const Dictionary *D, int j, double *factor) {
    const int i = slack_of(Q, D, j);
    *factor = S->row_factor[i];
    return S->row + (size_t)i * S->w;
}

/* What is left of coefficient c of g, and the sum of the sizes of the terms. */
static double left_at(const Search *S, const Equations *Q, const Dictionary *D, const double *g, int c, double *sizes) {
    double sum = g[c], factor;
    *sizes = fabs(g[c]);
    for (int j = 0; j < Q->size; j++) {
        const double term = row_at(S, Q, D, j, &factor)[c] * factor * Q->z[j];
        sum += term;
        *sizes += fabs(term);
    }
    return sum;
}

/* The approximate inverse of the equations: how far multiplier j moves with basic coordinate k. */
static double inverse_at(const Equations *Q, const Dictionary *D, int j, int k) {
    return D->entry[(size_t)(-1 - D->place[Q->coordinates[k]]) * D->d + Q->columns[j]];
}

/* How much the inverse times the equations differs from the identity, at most, in row j. */
static double distance_from_identity(const Search *S, const Equations *Q, const Dictionary *D, int j) {
    double total = 0, factor;
    for (int i = 0; i < Q->size; i++) {
        const double *row = row_at(S, Q, D, i, &factor), off = factor * S->row_error[slack_of(Q, D, i)];
        double identity = -(i == j), size = i == j, spread = 0;
        for (int k = 0; k < Q->size; k++) {
            const double inverse = inverse_at(Q, D, j, k), term = inverse * row[Q->coordinates[k] + 1] * factor;
            identity += term;
            size += fabs(term);
            spread += fabs(inverse);
        }
        total += fabs(identity) + (Q->size + 4) * UNIT_ROUNDOFF * size + spread * off;
    }
    return total;
}

/* The sum of the errors of the rows, times `times` the multipliers. */
static double reach_of(const Search *S, const Equations *Q, const Dictionary *D, double times) {
    double reach = 0;
    for (int j = 0; j < Q->size; j++) {
        const int i = slack_of(Q, D, j);
        reach += times * fabs(Q->z[j]) * S->row_factor[i] * S->row_error[i];
    }
    return reach;
}

/* Solve the equations; returns 0 if floats do not prove that there is a solution with positive multipliers. */
static int solve_equations(const Search *S, Equations *Q, const Dictionary *D, const double *g, double error) {
    const int n = Q->size;
    double sizes, contraction = 0, most = 0;
    for (int k = 0; k < n; k++) Q->rest[k] = left_at(S, Q, D, g, Q->coordinates[k] + 1, &sizes);
    for (int j = 0; j < n; j++)
        for (int k = 0; k < n; k++) Q->z[j] -= inverse_at(Q, D, j, k) * Q->rest[k];
    Q->reach = reach_of(S, Q, D, 1);
    for (int k = 0; k < n; k++) {
        const double rest = left_at(S, Q, D, g, Q->coordinates[k] + 1, &sizes);
        Q->rest[k] = (fabs(rest) + (n + 4) * UNIT_ROUNDOFF * sizes + error + Q->reach) * SLACK + TINY;
    }
    for (int j = 0; j < n; j++) {
        const double total = distance_from_identity(S, Q, D, j);
        double far = 0;
        for (int k = 0; k < n; k++) far += fabs(inverse_at(Q, D, j, k)) * Q->rest[k];
        if (total > contraction || isnan(total)) contraction = total; /* NaN stays: nothing is greater */
        if (far > most || isnan(far)) most = far;
    }
    if (!(contraction < 0.5)) return 0;
    Q->error = most * SLACK / (1 - contraction * SLACK) + TINY;
    for (int j = 0; j < n; j++)
        if (!(Q->z[j] > Q->error)) return 0;
    Q->reach = reach_of(S, Q, D, 2); /* the exact multipliers are less than twice these */
    return 1;
}

/* Whether a function of one coordinate, with a slope that is off by so much at most, is bounded above on the coordinate's range. */
static int has_top(const Search *S, int k, double slope, double off) {
    return !(S->open_high[k] && !(slope < -off)) && !(S->open_low[k] && !(slope > off));
}

/* An upper bound of what g and the multiples of the rows leave, on the box; infinity if it may be unbounded. */
static double top_of_rest(const Search *S, const Equations *Q, const Dictionary *D, const double *g, double error) {
    double sizes, top = 0, all = 0, off = 0, factor;
    for (int c = 0; c < S->w; c++) {
        if (c && D->place[c - 1] < 0) continue; /* a basic coordinate cancels */
        const double h = left_at(S, Q, D, g, c, &sizes);
        double h_off = sizes * (Q->size + 4) * UNIT_ROUNDOFF + error + Q->reach, far = 1, at = 1;
        for (int j = 0; j < Q->size; j++) h_off += fabs(row_at(S, Q, D, j, &factor)[c]) * factor * Q->error;
        h_off = h_off * SLACK + TINY;
        if (c) {
            const double low = S->simplex.low[c - 1], high = S->simplex.high[c - 1];
            if (!has_top(S, c - 1, h, h_off)) return INFINITY;
            at = h > 0 ? high : low;
            far = S->open_low[c - 1] || S->open_high[c - 1] ? fabs(at) : fmax(fabs(low), fabs(high));
        }
        top += h * at;
        all += fabs(h) * far;
        off += h_off * far;
    }
    const double bound = ((S->d + 8) * UNIT_ROUNDOFF * all + off) * SLACK + TINY;
    return top >= -DBL_MAX && bound <= DBL_MAX ? top + bound * SLACK : INFINITY;
}

/* An upper bound of g on the cell, from the basis of the optimum that the dictionary is at; infinity if floats prove none. */
double top_at_basis(Search *S, const Dictionary *D, const double *g, double error, double factor) {
    const int d = S->d;
    int32_t *columns = S->places, *coordinates = S->places + d;
    Equations Q = {0, columns, coordinates, S->solution, S->solution + d, 0, 0};
    int basic = 0;
    for (int j = 0; j < d; j++) {
        if (D->nonbasic[j] < d) continue;
        Q.z[Q.size] = -S->simplex.cost[j] / factor;
        columns[Q.size++] = j;
    }
    for (int k = 0; k < d; k++)
        if (D->place[k] < 0) coordinates[basic++] = k;
    return solve_equations(S, &Q, D, g, error) ? top_of_rest(S, &Q, D, g, error) : INFINITY;
}
