/* The bounded simplex method in floats: see simplex.h.

   Source: Chvatal 1983, Linear Programming, chapters 2, 3 (Bland's rule) and 8 (bounds). */

#include "simplex.h"

#define NEAR 1e-9      /* reduced costs and pivots below this count as zero */
#define PATIENCE 12    /* steps without progress after which Bland's rule takes over */

Dictionary *new_dictionary(int d, int most) {
    Dictionary *D = calloc(1, sizeof *D);
    if (!D) return NULL;
    const size_t entries = (size_t)most * d;
    D->d = d;
    D->entry = malloc((entries + most + d) * sizeof(double));
    D->basic = malloc((2 * (size_t)(most + d)) * sizeof(int32_t));
    if (!D->entry || !D->basic) {
        free_dictionary(D);
        return NULL;
    }
    D->value = D->entry + entries;
    D->bound = D->value + most;
    D->nonbasic = D->basic + most;
    D->place = D->nonbasic + d;
    return D;
}

void free_dictionary(Dictionary *D) {
    if (!D) return;
    free(D->entry);
    free(D->basic);
    free(D);
}

void copy_dictionary(Dictionary *to, const Dictionary *from) {
    const size_t d = from->d, rows = from->rows;
    to->rows = from->rows;
    memcpy(to->entry, from->entry, rows * d * sizeof(double));
    memcpy(to->value, from->value, rows * sizeof(double));
    memcpy(to->bound, from->bound, d * sizeof(double));
    memcpy(to->basic, from->basic, rows * sizeof(int32_t));
    memcpy(to->nonbasic, from->nonbasic, d * sizeof(int32_t));
    memcpy(to->place, from->place, (d + rows) * sizeof(int32_t));
}

void start_dictionary(Dictionary *D, const Simplex *S, const double *near) {
    D->rows = 0;
    for (int k = 0; k < D->d; k++) {
        D->nonbasic[k] = D->place[k] = k;
        D->bound[k] = near[k] - S->low[k] < S->high[k] - near[k] ? S->low[k] : S->high[k];
    }
}

void vertex_of(const Dictionary *D, double *x) {
    for (int k = 0; k < D->d; k++) {
        const int place = D->place[k];
        x[k] = place >= 0 ? D->bound[place] : D->value[-1 - place];
    }
}

/* Write the objective as a function of the nonbasic variables, and its value. */
static void price(const Dictionary *D, Simplex *S, const double *g) {
    const int d = D->d;
    memset(S->cost, 0, d * sizeof(double));
    S->objective = g[0];
    for (int k = 0; k < d; k++) {
        const double slope = g[k + 1];
        const int place = D->place[k];
        if (slope == 0) continue;
        if (place >= 0) {
            S->cost[place] += slope;
            S->objective += slope * D->bound[place];
        } else {
            const double *row = D->entry + (size_t)(-1 - place) * d;
            for (int j = 0; j < d; j++) S->cost[j] += slope * row[j];
            S->objective += slope * D->value[-1 - place];
        }
    }
}

/* The column that enters, and in which direction; -1 if none improves the objective. */
static int entering(const Dictionary *D, const Simplex *S, int bland, int *direction) {
    double best = NEAR;
    int column = -1;
    for (int j = 0; j < D->d; j++) {
        const int variable = D->nonbasic[j];
        const double cost = S->cost[j];
        double gain = cost;
        int up = 1;
        if (variable < D->d) {
            const double range = S->high[variable] - S->low[variable];
            if (range <= 0) continue;
            up = D->bound[j] < S->low[variable] + range / 2;
            gain = up ? cost : -cost;
        }
        if (variable == S->free) {
            gain = fabs(cost);
            up = cost > 0;
        }
        if (gain <= NEAR || (!bland && gain <= best)) continue;
        if (bland && column >= 0 && variable > D->nonbasic[column]) continue;
        best = gain;
        column = j;
        *direction = up ? 1 : -1;
    }
    return column;
}

/* The row that leaves when a column moves, or -1 if the column reaches its other bound first; *step is how far it moves. */
static int leaving(const Dictionary *D, const Simplex *S, int column, int direction, int bland, double *step) {
    const int d = D->d, variable = D->nonbasic[column];
    double least = INFINITY, size = 0;
    if (variable < d) least = direction > 0 ? S->high[variable] - D->bound[column] : D->bound[column] - S->low[variable];
    int row = -1;
    for (int i = 0; i < D->rows; i++) {
        const double speed = D->entry[(size_t)i * d + column] * direction;
        if (fabs(speed) <= NEAR) continue;
        const int basic = D->basic[i];
        if (basic == S->free && basic >= d) continue;
        double room;
        if (speed < 0) room = D->value[i] - (basic < d ? S->low[basic] : 0);
        else if (basic < d) room = S->high[basic] - D->value[i];
        else continue;
        const double time = room > 0 ? room / fabs(speed) : 0;
        const int tie = row >= 0 && time <= least + 1e-12;
        if (time < least - 1e-12 || (tie && (bland ? basic < D->basic[row] : fabs(speed) > size))) {
            least = time < least ? time : least;
            size = fabs(speed);
            row = i;
        }
    }
    *step = least;
    return row;
}

/* Move the nonbasic variable of a column by a step. */
static void move(Dictionary *D, Simplex *S, int column, double step) {
    const int d = D->d;
    for (int i = 0; i < D->rows; i++) D->value[i] += D->entry[(size_t)i * d + column] * step;
    D->bound[column] += step;
    S->objective += S->cost[column] * step;
}

/* Add a multiple of the pivot's new row to another one. */
static inline void eliminate(double *row, const double *pivot, int column, int d) {
    const double factor = row[column];
    if (factor == 0) return;
    row[column] = 0;
    for (int j = 0; j < d; j++) row[j] += factor * pivot[j];
}

/* Exchange the basic variable of a row, which is at a bound, for the nonbasic one of a column. */
static void pivot(Dictionary *D, Simplex *S, int row, int column, double at) {
    const int d = D->d;
    double *p = D->entry + (size_t)row * d;
    const double inverse = 1 / p[column];
    for (int j = 0; j < d; j++) p[j] *= -inverse;
    p[column] = inverse;
    for (int i = 0; i < D->rows; i++)
        if (i != row) eliminate(D->entry + (size_t)i * d, p, column, d);
    eliminate(S->cost, p, column, d);
    const int out = D->basic[row], in = D->nonbasic[column];
    D->value[row] = D->bound[column];
    D->bound[column] = at;
    D->basic[row] = in;
    D->nonbasic[column] = out;
    D->place[in] = -1 - row;
    D->place[out] = column;
    S->pivots++;
}

static void note_vertex(const Dictionary *D, Simplex *S) {
    if (!(S->objective > 0)) return;
    for (int k = 0; k < D->d; k++) {
        const int place = D->place[k];
        S->vertices[k] += place >= 0 ? D->bound[place] : D->value[-1 - place];
    }
    S->positive++;
}

int maximise(Dictionary *D, Simplex *S, const double *g, double enough) {
    const int d = D->d, most = 100 + 20 * (d + D->rows);
    int idle = 0;
    price(D, S, g);
    memset(S->vertices, 0, d * sizeof(double));
    S->positive = 0;
    note_vertex(D, S);
    for (int steps = 0; steps < most; steps++) {
        if (S->objective > enough) return STOPPED;
        int direction = 1;
        const int bland = idle > PATIENCE, column = entering(D, S, bland, &direction);
        if (column < 0) return OPTIMAL;
        double step;
        const int row = leaving(D, S, column, direction, bland, &step);
        if (!(step < INFINITY)) return STALLED;
        idle = step > 1e-12 ? 0 : idle + 1;
        move(D, S, column, direction * step);
        if (row < 0) {
            const int variable = D->nonbasic[column];
            D->bound[column] = direction > 0 ? S->high[variable] : S->low[variable];
        } else {
            const int out = D->basic[row];
            const double speed = D->entry[(size_t)row * d + column] * direction;
            pivot(D, S, row, column, out >= d ? 0 : speed < 0 ? S->low[out] : S->high[out]);
        }
        if (step > 1e-12) note_vertex(D, S);
    }
    return STALLED;
}

void add_row(Dictionary *D, const Simplex *S) {
    const int row = D->rows++;
    memcpy(D->entry + (size_t)row * D->d, S->cost, D->d * sizeof(double));
    D->value[row] = S->objective > 0 ? S->objective : 0;
    D->basic[row] = D->d + row;
    D->place[D->d + row] = -1 - row;
}
