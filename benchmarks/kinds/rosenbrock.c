// Rosenbrock's function and its gradient, in one pass: element i has a term of its own and one of its left neighbour's.
void rosenbrock(long n, const double *x, double *value, double *slope) {
    double total = 0;
    double a0 = x[1] - x[0] * x[0], b0 = 1 - x[0];
    total += 100 * a0 * a0 + b0 * b0;
    slope[0] = -400 * a0 * x[0] - 2 * b0;
    for (long i = 1; i < n - 1; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
        total += 100 * a * a + b * b;
        slope[i] = 200 * (x[i] - x[i - 1] * x[i - 1]) - 400 * a * x[i] - 2 * b;
    }
    slope[n - 1] = 200 * (x[n - 1] - x[n - 2] * x[n - 2]);
    *value = total;
}
