// A list of blocks over scalars, forwards and backwards: blocks are three rows, of ops and of both operands' places.
#include <math.h>

enum { ADD, SUBTRACT, MULTIPLY, SIN, COS, TANH };

void expression(long inputs, long blocks, const long *list, const double *x, double *v, double *bar, double *value,
                double *slope) {
    const long *op = list, *a = list + blocks, *b = list + 2 * blocks;
    for (long i = 0; i < inputs; i++) v[i] = x[i];
    for (long k = 0; k < blocks; k++) {
        double *y = v + inputs + k;
        switch (op[k]) {
        case ADD: *y = v[a[k]] + v[b[k]]; break;
        case SUBTRACT: *y = v[a[k]] - v[b[k]]; break;
        case MULTIPLY: *y = v[a[k]] * v[b[k]]; break;
        case SIN: *y = sin(v[a[k]]); break;
        case COS: *y = cos(v[a[k]]); break;
        case TANH: *y = tanh(v[a[k]]); break;
        }
    }
    for (long k = 0; k < inputs + blocks; k++) bar[k] = 0;
    bar[inputs + blocks - 1] = 1;
    for (long k = blocks - 1; k >= 0; k--) {
        double y = v[inputs + k], y_bar = bar[inputs + k];
        switch (op[k]) {
        case ADD: bar[a[k]] += y_bar; bar[b[k]] += y_bar; break;
        case SUBTRACT: bar[a[k]] += y_bar; bar[b[k]] -= y_bar; break;
        case MULTIPLY: bar[a[k]] += y_bar * v[b[k]]; bar[b[k]] += y_bar * v[a[k]]; break;
        case SIN: bar[a[k]] += y_bar * cos(v[a[k]]); break;
        case COS: bar[a[k]] -= y_bar * sin(v[a[k]]); break;
        case TANH: bar[a[k]] += y_bar * (1 - y * y); break;
        }
    }
    *value = v[inputs + blocks - 1];
    for (long i = 0; i < inputs; i++) slope[i] = bar[i];
}
