// Gradient descent for logistic regression, batch after batch.
#include <math.h>

void sgd(long steps, long rows, long d, const double *x, const double *y, const double *start, double *w) {
    const double rate = 0.05 / rows;
    double residual[rows], slope[d];
    for (long j = 0; j < d; j++) w[j] = start[j];
    for (long t = 0; t < steps; t++, x += rows * d, y += rows) {
        for (long i = 0; i < rows; i++) {
            double u = 0;
            for (long j = 0; j < d; j++) u += x[i * d + j] * w[j];
            residual[i] = u;
        }
        for (long i = 0; i < rows; i++) residual[i] = 1 / (1 + exp(-residual[i])) - y[i];
        for (long j = 0; j < d; j++) slope[j] = 0;
        for (long i = 0; i < rows; i++)
            for (long j = 0; j < d; j++) slope[j] += residual[i] * x[i * d + j];
        for (long j = 0; j < d; j++) w[j] -= rate * slope[j];
    }
}
