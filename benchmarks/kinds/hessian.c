// The Hessian of logistic regression: the rows of the data, each times itself, weighted; four rows at a time.
#include <math.h>

void hessian(long n, long d, const double *x, const double *w, double *second) {
    for (long j = 0; j < d * d; j++) second[j] = 0;
    for (long i = 0; i < n; i += 4) {
        double weight[4] = {0};
        const double *rows[4];
        for (long k = 0; k < 4; k++) {
            rows[k] = x + (i + k < n ? i + k : n - 1) * d;
            if (i + k >= n) continue;
            double u = 0;
            for (long j = 0; j < d; j++) u += rows[k][j] * w[j];
            double p = 1 / (1 + exp(-u));
            weight[k] = p * (1 - p) / n;
        }
        for (long a = 0; a < d; a++) {
            double *row = second + a * d, s[4];
            for (long k = 0; k < 4; k++) s[k] = weight[k] * rows[k][a];
            for (long b = 0; b <= a; b++)
                row[b] += s[0] * rows[0][b] + s[1] * rows[1][b] + s[2] * rows[2][b] + s[3] * rows[3][b];
        }
    }
    for (long a = 0; a < d; a++)
        for (long b = 0; b < a; b++) second[b * d + a] = second[a * d + b];
}
