/* What the files of the search over cells that are kept by inequalities share: search.c, record.c, parts.c, basis.c,
   signs.c, facets.c, problem.c.

   Short names: S the search, D a dictionary (simplex.h), d the dimension, w = d + 1, g a row (b, a_1, .., a_d), x and y points,
   k a layer, j a neuron, i a row of the cell. */

#ifndef EXACTZONES_SEARCH_H
#define EXACTZONES_SEARCH_H

#include "simplex.h"

#define UNCUT 2             /* added to a state: the neuron does not cut the cell */
#define UNSEEN 4            /* the state of a neuron that is still to come */
#define MOST_DENOMINATOR 4096
#define MOST_MULTIPLIER 1e7
#define LEAST_MULTIPLIER 1e-9 /* in proofs in integers; less counts as zero */
#define MOST_COMBINED 33    /* functions that signs.c combines at most */
#define THIN 1e-4           /* an inner point that is nearer to a row than this is moved */

enum { LEAF, ASK, REST };   /* kinds of items: a cell after all layers, a question for the caller, a cell that waits */
enum { NONE, SOME, UNSURE };

typedef struct { const double *rows, *sums; const uint8_t *relu; int outputs, inputs; double scale; } SearchLayer;

typedef struct {
    int d, w, layers, units, has_target, most; /* most: rows of a cell at most */
    SearchLayer *layer;                        /* the target is the last one */
    double *inner_low, *inner_high;            /* bounds that are rounded inward */
    const double *domain, *domain_error;       /* rows of the domain that are not bounds of coordinates */
    int domain_rows;
    int units_only;                            /* whether facets of the domain are not asked about */
    int near;                                  /* whether the first point that is found will do, however near to a row */
    const uint8_t *open_low, *open_high;       /* 1 where a bound is not one of the domain */
    int is_open;                               /* whether some bound is not */
    double box_scale;                          /* times this, bounds are integers; 0 if there is no such number */
    Simplex simplex;
    /* the cell that is being cut */
    uint8_t *state;
    double *row, *row_error, *row_scale, *row_factor; /* its rows (most * w), errors of entries, and what makes them integers */
    int rows;
    int32_t *row_unit;        /* the unit of each row; -1 for rows of the domain */
    int layer_asked, neuron_asked; /* the neuron that a program is about; -1 where it is about something else */
    double **maps, **values;  /* per layer: its input and its pre-activations as functions of (1, x) */
    double *map_error, *factor;
    Dictionary **stack;
    int depth;
    double *scratch, *multiplier, *combined, *goal, *turned, *relaxed, *other_point;
    double *own_points, *second_points; /* per depth */
    double *solution;         /* 2 * d numbers for basis.c */
    double *carried;          /* for signs.c: functions of the units of a layer */
    int widest;               /* one more than the units of the widest layer */
    int32_t *places;
    double top, common;       /* of the last refutation: the bound, and the common denominator if it is one in integers, else 0 */
    /* what is returned */
    int records;              /* whether the tree is returned, see record.c */
    Bytes tree;
    Bytes kinds, states, points;
    long long items, limit, nodes, probes, inside, outside, integers, asked;
} Search;

/* problem.c: the arguments of the module's functions. */
enum { WIDTHS, WEIGHTS, SUMS, RELU, SCALES, LOW, HIGH, INNER_LOW, INNER_HIGH, OPEN_LOW, OPEN_HIGH, DOMAIN_ROWS, ERRORS, PROBLEM };
int read_problem(Search *S, PyObject *problem, Py_buffer *in);
void free_problem(Search *S, Py_buffer *in);

/* parts.c: rows, proofs, and the parts of a cell. */
double power_above(double value);
double evaluate(const Search *S, const double *g, const double *x, double error, double *off);
int sign_at(const Search *S, const double *g, const double *x, double error);
void range_on_box(const Search *S, const double *g, double error, double *least, double *most);
int sign_on_box(const Search *S, const double *g, double error);
double *scaled(Search *S, const double *g, double factor);
double row_error(const Search *S, int k, int j);
double row_scale(const Search *S, int k);
void enter_layer(Search *S, int k);
int is_inside(const Search *S, const double *x, double *nearest, int *which);
int found_point(Search *S, const double *g, const double *x, double error, double *y);
double top_of(Search *S, const double *g, double error);
void take_multipliers(Search *S, const Dictionary *D, double factor);
int refuted(Search *S, const Dictionary *D, const double *g, double error, double scale, double factor);
int probe(Search *S, Dictionary *D, const double *g, int sign, double error, double scale, const double *x, double *y);
void recentre(Search *S, Dictionary *D, double *x);
int restrict_to(Search *S, Dictionary *D, const double *g, int sign, double error, double scale);
int restrict_to_side(Search *S, Dictionary *D, int k, int j, int sign);
Dictionary *dictionary(Search *S, int depth);
int rebuild(Search *S, const uint8_t *states, const double *point, int *layer, int *neuron);

/* basis.c: bounds on cells that may be unbounded. */
double top_at_basis(Search *S, const Dictionary *D, const double *g, double error, double factor);

/* signs.c: proofs by the signs of the layer before. */
int refuted_by_units(Search *S, int k, int neuron, int sign);

/* record.c: the tree of a search. */
int record_bound(Search *S, int unit, int sign, int by_program);
int record_silence(Search *S, int from, int by_program);
int record_split(Search *S, int unit);
int record_item(Search *S);

static inline void ask_about(Search *S, int layer, int neuron) {
    S->layer_asked = layer;
    S->neuron_asked = neuron;
}

static inline double *point_of(const Search *S, int depth) { return S->own_points + (size_t)depth * S->d; }

#endif
