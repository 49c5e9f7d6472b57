// Logistic regression: the mean cross-entropy, and its gradient, in one pass over the rows; four rows share each load.
#include <math.h>

enum { P = 64 };

void logistic(long n, long d, const double *x, const double *y, const double *w, double *value, double *slope) {
    double total = 0;
    for (long j = 0; j < d; j++) slope[j] = 0;
    for (long i = 0; i < n; i += P) {
        long rows = n - i < P ? n - i : P, fours = rows / 4 * 4;
        const double *block = x + i * d;
        double u[P];
        for (long k = 0; k < fours; k += 4) {
            const double *a = block + k * d, *b = a + d, *c = b + d, *e = c + d;
            double s0 = 0, s1 = 0, s2 = 0, s3 = 0;
            for (long j = 0; j < d; j++) s0 += a[j] * w[j], s1 += b[j] * w[j], s2 += c[j] * w[j], s3 += e[j] * w[j];
            u[k] = s0, u[k + 1] = s1, u[k + 2] = s2, u[k + 3] = s3;
        }
        for (long k = fours; k < rows; k++) {
            double s = 0;
            for (long j = 0; j < d; j++) s += block[k * d + j] * w[j];
            u[k] = s;
        }
        for (long k = 0; k < rows; k++) {
            double p = 1 / (1 + exp(-u[k]));
            total -= y[i + k] * log(p) + (1 - y[i + k]) * log(1 - p);
            u[k] = p - y[i + k];
        }
        for (long k = 0; k < fours; k += 4) {
            const double *a = block + k * d, *b = a + d, *c = b + d, *e = c + d;
            for (long j = 0; j < d; j++) slope[j] += u[k] * a[j] + u[k + 1] * b[j] + u[k + 2] * c[j] + u[k + 3] * e[j];
        }
        for (long k = fours; k < rows; k++)
            for (long j = 0; j < d; j++) slope[j] += u[k] * block[k * d + j];
    }
    *value = total / n;
    for (long j = 0; j < d; j++) slope[j] /= n;
}
