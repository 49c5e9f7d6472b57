// The logarithm of a sum of exponentials, and its gradient, which is the exponentials over their sum.
#include <math.h>

void logsumexp(long n, const double *x, double *value, double *slope) {
    double most = x[0], total = 0;
    for (long i = 1; i < n; i++) most = x[i] > most ? x[i] : most;
    for (long i = 0; i < n; i++) {
        slope[i] = exp(x[i] - most);
        total += slope[i];
    }
    double scale = 1 / total;
    for (long i = 0; i < n; i++) slope[i] *= scale;
    *value = most + log(total);
}
