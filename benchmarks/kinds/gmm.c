// A mixture of Gaussians, in the form of ADBench: the log posterior without its constant, and the gradient.
#include <math.h>

void gmm(long d, long k, long n, const double *alphas, const double *means, const double *icf, const double *x, double *q,
         double *q_bar, double *space, double *value, double *alphas_bar, double *means_bar, double *icf_bar) {
    long size = d * (d + 1) / 2;
    double *u = space, *inner = space + k * d, *base = inner + k;
    double total = 0, most = alphas[0], sum = 0;
    for (long j = 0; j < k; j++) {
        const double *c = icf + j * size;
        long next = d;
        base[j] = alphas[j];
        for (long a = 0; a < d; a++) {
            double *row = q + (j * d + a) * d;
            for (long b = 0; b < a; b++) row[b] = c[next++], total += 0.5 * row[b] * row[b];
            row[a] = exp(c[a]), base[j] += c[a], total += 0.5 * row[a] * row[a];
        }
        if (alphas[j] > most) most = alphas[j];
        alphas_bar[j] = 0;
    }
    for (long j = 0; j < k * d * d; j++) q_bar[j] = 0;
    for (long j = 0; j < k * d; j++) means_bar[j] = 0;
    for (long i = 0; i < n; i++) {
        const double *p = x + i * d;
        double peak = -INFINITY, s = 0;
        for (long j = 0; j < k; j++) {
            const double *m = means + j * d;
            double square = 0;
            for (long a = 0; a < d; a++) {
                const double *row = q + (j * d + a) * d;
                double y = 0;
                for (long b = 0; b <= a; b++) y += row[b] * (p[b] - m[b]);
                u[j * d + a] = y, square += y * y;
            }
            inner[j] = base[j] - 0.5 * square;
            if (inner[j] > peak) peak = inner[j];
        }
        for (long j = 0; j < k; j++) inner[j] = exp(inner[j] - peak), s += inner[j];
        total += peak + log(s);
        for (long j = 0; j < k; j++) {
            const double *m = means + j * d;
            double *bar = means_bar + j * d, w = inner[j] / s;
            alphas_bar[j] += w;
            for (long a = 0; a < d; a++) {
                const double *row = q + (j * d + a) * d;
                double *row_bar = q_bar + (j * d + a) * d, y = w * u[j * d + a];
                for (long b = 0; b <= a; b++) row_bar[b] -= y * (p[b] - m[b]), bar[b] += y * row[b];
            }
        }
    }
    for (long j = 0; j < k; j++) sum += exp(alphas[j] - most);
    for (long j = 0; j < k; j++) {
        double *c = icf_bar + j * size;
        long next = d;
        for (long a = 0; a < d; a++) {
            const double *row = q + (j * d + a) * d, *row_bar = q_bar + (j * d + a) * d;
            for (long b = 0; b < a; b++) c[next++] = row_bar[b] + row[b];
            c[a] = (row_bar[a] + row[a]) * row[a] + alphas_bar[j];
        }
    }
    for (long j = 0; j < k; j++) alphas_bar[j] -= n * exp(alphas[j] - most) / sum;
    *value = total - n * (most + log(sum));
}
