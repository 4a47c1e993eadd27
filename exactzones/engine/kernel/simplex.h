/* The bounded simplex method in floats on a dense dictionary, for the search over cells that are kept by inequalities.

   Nothing that it returns is trusted: search.c proves points and multipliers with error bounds, or in integers. */

#ifndef EXACTZONES_SIMPLEX_H
#define EXACTZONES_SIMPLEX_H

#include "kernel.h"

/* Variables: the d coordinates, 0 .. d - 1, then the slack of each row, d, d + 1, ..  Basic variables are affine functions of the
   nonbasic ones, each of which is at one of its bounds. */
typedef struct {
    int d, rows;          /* rows: as many as there are basic variables */
    double *entry;        /* rows * d coefficients */
    double *value;        /* of the basic variables */
    double *bound;        /* of the nonbasic ones: where they are */
    int32_t *basic, *nonbasic;
    int32_t *place;       /* of a variable: its column if it is nonbasic, else -1 - its row */
} Dictionary;

typedef struct {
    double *low, *high;       /* of the coordinates */
    int free;                 /* a variable that may move away from its bound in both directions; -1 for none */
    double *cost;             /* d reduced costs of the objective, and its value */
    double objective;
    double *vertices;         /* the sum of the vertices at which the objective was positive */
    int positive;             /* and how many there are */
    long long pivots;
} Simplex;

enum { OPTIMAL, STOPPED, STALLED };

/* Make room for a dictionary of up to `most` rows; NULL without memory. */
Dictionary *new_dictionary(int d, int most);
void free_dictionary(Dictionary *D);
void copy_dictionary(Dictionary *to, const Dictionary *from);

/* Start at the corner of the bounds that is nearest to a point. */
void start_dictionary(Dictionary *D, const Simplex *S, const double *near);

/* The coordinates of the vertex at which a dictionary is. */
void vertex_of(const Dictionary *D, double *x);

/* Maximise g . (1, x) from the current vertex; stop as soon as it exceeds `enough`. */
int maximise(Dictionary *D, Simplex *S, const double *g, double enough);

/* Add the objective that was maximised last, which is not negative at the vertex, as a row. */
void add_row(Dictionary *D, const Simplex *S);

/* The functions of the module: search.c, facets.c. */
PyObject *search(PyObject *self, PyObject *args);
PyObject *facets(PyObject *self, PyObject *args);
PyObject *maxima(PyObject *self, PyObject *args);

#endif
