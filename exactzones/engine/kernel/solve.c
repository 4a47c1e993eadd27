/* Generators in floats: the point where d hyperplanes meet, and how far off it may be (proofs/filter.md, A4). */

#include "kernel.h"

typedef double Square[MAX_DIM][MAX_DIM];

/* A hyperplane's row, and the error of its entries. */
void row_of(const Layer *L, int32_t id, double *row, double *error) {
    if (id >= L->base && id < L->base + L->n) {
        for (int c = 0; c < L->w; c++) row[c] = L->R[(size_t)c * L->n + id - L->base];
        *error = L->WF[id - L->base];
    } else {
        memcpy(row, L->row_of[id], L->w * sizeof(double));
        *error = L->row_error[id];
    }
}

/* Invert N approximately, by Gauss-Jordan elimination with partial pivoting; returns 0 if a pivot is 0. */
static int invert_general(int q, Square N, Square B) {
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

static int invert(int q, Square N, Square B) {
    if (q > 2) return invert_general(q, N, B);
    if (q == 1) {
        B[0][0] = 1 / N[0][0];
        return N[0][0] != 0;
    }
    const double det = N[0][0] * N[1][1] - N[0][1] * N[1][0], r = 1 / det;
    B[0][0] = N[1][1] * r; B[0][1] = -N[0][1] * r;
    B[1][0] = -N[1][0] * r; B[1][1] = N[0][0] * r;
    return det != 0;
}

/* The q equations of a tight set in q unknown coordinates: rows and their errors, which coordinates, matrix N and inverse B. */
typedef struct {
    int q, unknown[MAX_DIM];
    double rows[MAX_DIM][MAX_DIM + 1], errors[MAX_DIM], residual[MAX_DIM];
    Square N, B;
} System;

/* Set up the equations; at a ray its largest coordinate is not an unknown. */
static void equations(const Layer *L, const int32_t *T, const double *X, System *s) {
    const int is_ray = T[0] == 0;
    int fixed = 0, count = 0;
    if (is_ray)
        for (int c = 1; c < L->w; c++) if (!fixed || fabs(X[c]) > fabs(X[fixed])) fixed = c;
    s->q = 0;
    for (int c = 1; c < L->w; c++) if (c != fixed || !is_ray) s->unknown[s->q++] = c;
    for (int k = 0; k < L->d; k++)
        if (T[k] != 0) row_of(L, T[k], s->rows[count], &s->errors[count]), count++;
    for (int i = 0; i < s->q; i++) for (int k = 0; k < s->q; k++) s->N[i][k] = s->rows[i][s->unknown[k]];
}

static void evaluate(const Layer *L, System *s, const double *X) {
    for (int i = 0; i < s->q; i++) {
        s->residual[i] = 0;
        for (int c = 0; c < L->w; c++) s->residual[i] += s->rows[i][c] * X[c];
    }
}

/* Bound how far X is from the exact solution, from its residual; infinity if the equations may be singular. */
static double solution_error(const Layer *L, System *s, const double *X) {
    const int q = s->q;
    double total = 0, contraction = 0, error = 0;
    for (int c = 0; c < L->w; c++) total += fabs(X[c]);
    for (int i = 0; i < q; i++) {
        double size = 0;
        for (int c = 0; c < L->w; c++) size += fabs(s->rows[i][c] * X[c]);
        s->residual[i] = (fabs(s->residual[i]) + (L->d + 4) * UNIT_ROUNDOFF * size + s->errors[i] * total) * SLACK + TINY;
    }
    for (int k = 0; k < q; k++) {
        double g = 0, e = 0;
        for (int i = 0; i < q; i++) {
            double identity = -(i == k), size = i == k;
            for (int m = 0; m < q; m++) {
                identity += s->B[k][m] * s->N[m][i];
                size += fabs(s->B[k][m] * s->N[m][i]);
                g += fabs(s->B[k][m]) * s->errors[m];
            }
            g += fabs(identity) + (q + 3) * UNIT_ROUNDOFF * size;
            e += fabs(s->B[k][i]) * s->residual[i];
        }
        if (g > contraction || isnan(g)) contraction = g; /* NaN stays: nothing is greater */
        if (e > error || isnan(e)) error = e;
    }
    if (!(contraction < 0.5)) return INFINITY;
    return error * SLACK / (1 - contraction * SLACK) + TINY;
}

/* Move X towards the point where its d hyperplanes meet, by one step; returns how far off it may be. */
double solve(Layer *L, const int32_t *T, double *X) {
    System s;
    L->solved++;
    equations(L, T, X, &s);
    if (s.q == 0) return 0; /* the ray of a line is 1 or -1 */
    if (!invert(s.q, s.N, s.B)) return INFINITY;
    evaluate(L, &s, X);
    for (int k = 0; k < s.q; k++) {
        double step = 0;
        for (int i = 0; i < s.q; i++) step += s.B[k][i] * s.residual[i];
        X[s.unknown[k]] -= step;
    }
    evaluate(L, &s, X);
    return solution_error(L, &s, X);
}
