// Logistic regression: the mean cross-entropy, and its gradient, in one pass over the rows.
#include <math.h>

void logistic(long n, long d, const double *x, const double *y, const double *w, double *value, double *slope) {
    double total = 0;
    for (long j = 0; j < d; j++) slope[j] = 0;
    for (long i = 0; i < n; i += 64) {
        long rows = n - i < 64 ? n - i : 64;
        double u[64], r[64];
        for (long k = 0; k < rows; k++) {
            const double *row = x + (i + k) * d;
            double sum = 0;
            for (long j = 0; j < d; j++) sum += row[j] * w[j];
            u[k] = sum;
        }
        for (long k = 0; k < rows; k++) {
            double p = 1 / (1 + exp(-u[k]));
            total -= y[i + k] * log(p) + (1 - y[i + k]) * log(1 - p);
            r[k] = p - y[i + k];
        }
        for (long k = 0; k < rows; k++) {
            const double *row = x + (i + k) * d;
            for (long j = 0; j < d; j++) slope[j] += r[k] * row[j];
        }
    }
    *value = total / n;
    for (long j = 0; j < d; j++) slope[j] /= n;
}
