// A mixture of Gaussians, in the form of ADBench: the log posterior without its constant, and the gradient.
// Points go in blocks, and innermost loops run over the points of a block.
#include <math.h>

enum { P = 64 };

// Spread the parameters of the factors into matrices; return the logarithm of the prior, and add up what is constant
// in a component.
static double factors(long d, long k, const double *alphas, const double *icf, double *q, double *base) {
    double prior = 0;
    for (long j = 0; j < k; j++, icf += d * (d + 1) / 2) {
        const double *next = icf + d;
        base[j] = alphas[j];
        for (long a = 0; a < d; a++) {
            double *row = q + (j * d + a) * d;
            for (long b = 0; b < a; b++) row[b] = *next++, prior += 0.5 * row[b] * row[b];
            row[a] = exp(icf[a]), base[j] += icf[a], prior += 0.5 * row[a] * row[a];
        }
    }
    return prior;
}

void gmm(long d, long k, long n, const double *alphas, const double *means, const double *icf, const double *x, double *q,
         double *q_bar, double *base, double *points, double *u, double *weights, double *value, double *alphas_bar,
         double *means_bar, double *icf_bar) {
    double total = factors(d, k, alphas, icf, q, base);
    for (long i = 0; i < k * d * d; i++) q_bar[i] = 0;
    for (long i = 0; i < k * d; i++) means_bar[i] = 0;
    for (long j = 0; j < k; j++) alphas_bar[j] = 0;
    for (long i = 0; i < n; i += P) {
        long rows = n - i < P ? n - i : P;
        double peak[P], sum[P];
        for (long b = 0; b < d; b++)
            for (long p = 0; p < P; p++) points[b * P + p] = p < rows ? x[(i + p) * d + b] : 0;
        for (long p = 0; p < P; p++) peak[p] = -1e300, sum[p] = 0;
        for (long j = 0; j < k; j++) {
            const double *m = means + j * d;
            double *w = weights + j * P;
            for (long p = 0; p < P; p++) w[p] = base[j];
            for (long a = 0; a < d; a++) {
                const double *row = q + (j * d + a) * d;
                double *y = u + (j * d + a) * P;
                for (long p = 0; p < P; p++) y[p] = 0;
                for (long b = 0; b <= a; b++)
                    for (long p = 0; p < P; p++) y[p] += row[b] * (points[b * P + p] - m[b]);
                for (long p = 0; p < P; p++) w[p] -= 0.5 * y[p] * y[p];
            }
            for (long p = 0; p < P; p++) peak[p] = w[p] > peak[p] ? w[p] : peak[p];
        }
        for (long j = 0; j < k; j++)
            for (long p = 0; p < P; p++) weights[j * P + p] = exp(weights[j * P + p] - peak[p]), sum[p] += weights[j * P + p];
        for (long p = 0; p < rows; p++) total += peak[p] + log(sum[p]);
        for (long p = 0; p < P; p++) sum[p] = p < rows ? 1 / sum[p] : 0;
        for (long j = 0; j < k; j++) {
            const double *m = means + j * d;
            double *w = weights + j * P, *m_bar = means_bar + j * d, count = 0;
            for (long p = 0; p < P; p++) w[p] *= sum[p], count += w[p];
            alphas_bar[j] += count;
            for (long a = 0; a < d; a++) {
                const double *row = q + (j * d + a) * d;
                double *row_bar = q_bar + (j * d + a) * d, *y = u + (j * d + a) * P, all = 0;
                for (long p = 0; p < P; p++) y[p] *= w[p], all += y[p];
                for (long b = 0; b <= a; b++) {
                    double s = 0;
                    for (long p = 0; p < P; p++) s += y[p] * points[b * P + p];
                    row_bar[b] -= s - all * m[b], m_bar[b] += all * row[b];
                }
            }
        }
    }
    double most = alphas[0], sum = 0;
    for (long j = 1; j < k; j++) most = alphas[j] > most ? alphas[j] : most;
    for (long j = 0; j < k; j++) sum += exp(alphas[j] - most);
    for (long j = 0; j < k; j++, icf_bar += d * (d + 1) / 2) {
        double *next = icf_bar + d;
        for (long a = 0; a < d; a++) {
            const double *row = q + (j * d + a) * d, *row_bar = q_bar + (j * d + a) * d;
            for (long b = 0; b < a; b++) *next++ = row_bar[b] + row[b];
            icf_bar[a] = (row_bar[a] + row[a]) * row[a] + alphas_bar[j];
        }
    }
    for (long j = 0; j < k; j++) alphas_bar[j] -= n * exp(alphas[j] - most) / sum;
    *value = total - n * (most + log(sum));
}
