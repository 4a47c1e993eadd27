/* The arrays of a request and of a result, by the names of schema.py. */

#ifndef EXACTZONES_REQUEST_H
#define EXACTZONES_REQUEST_H

#include "kernel.h"

/* The axes of a shape: P cells, V generators and H hyperplanes in all, n neurons, d the dimension. */
typedef struct { const char *name; Py_ssize_t itemsize; const char *shape; } Array;

enum {
    PTR, POINTS, ERROR, INTEGERS, HAS_INTEGERS, TIGHT, PLANE_PTR, PLANE_IDS, PLANE_ROWS, PLANE_ERROR, /* of `cells` */
    STATE, ROWS, ROW_ERROR, ROW_SUMS, SAME, /* of the request itself */
    ARRAYS
};
/* A result has the arrays of cells, their state, and two more. */
enum { PARENT = STATE + 1, VERDICT, RESULTS };

typedef struct {
    Py_buffer views[ARRAYS];
    int taken;                  /* how many of them are held */
    Py_ssize_t sizes[128];      /* by the letter of an axis; -1 while it is not known */
    int base, ids, keep_above, leaves;
    Py_ssize_t limit;
    double scale, seconds;
} Request;

#define AT(type, request, k) ((const type *)(request)->views[k].buf)

/* Cells, one after the other; for leaves only the tight sets of their generators, no numbers. */
typedef struct { Bytes part[RESULTS]; int leaves; Py_ssize_t cells; } Output;

/* Read a request.  The caller calls free_request afterwards, also after an error. */
int read_request(Request *in, PyObject *request);
void free_request(Request *in);

/* Write the offsets at which the next cell's generators and hyperplanes begin; also called once before the first cell. */
int put_offsets(const Layer *L, Output *out);

/* Write a cell; `seen` holds for each hyperplane the stamp of the last cell that wrote it. */
int emit(const Layer *L, const List *cell, const uint8_t *state, uint8_t verdict, Output *out, int32_t *seen, int32_t stamp);

/* The cells as a dictionary of bytes; NULL on error. */
PyObject *written(Output *out);

/* The arrays of a request or of a result as a list of (name, itemsize, shape). */
PyObject *declared(int is_result);

/* The function of the module: the next layer's input as rows, out[p] = rows[parents[p]] with the units that are off set to zero,
   then the constant one. */
PyObject *expand(PyObject *self, PyObject *args);

#endif
