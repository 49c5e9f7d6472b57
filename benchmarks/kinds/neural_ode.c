// A network of 4 numbers through 16 units by the method of Runge and Kutta, and the gradient of the mean squared end.
#include <math.h>

enum { N = 4, M = 16 };
static const double H = 0.05;

static void slope(const double *y, const double *w1, const double *b1, const double *w2, double *z, double *k) {
    for (int j = 0; j < M; j++) z[j] = b1[j];
    for (int i = 0; i < N; i++)
        for (int j = 0; j < M; j++) z[j] += y[i] * w1[i * M + j];
    for (int j = 0; j < M; j++) z[j] = tanh(z[j]);
    for (int i = 0; i < N; i++) k[i] = 0;
    for (int j = 0; j < M; j++)
        for (int i = 0; i < N; i++) k[i] += z[j] * w2[j * N + i];
}

void neural_ode(long steps, const double *start, const double *w1, const double *b1, const double *w2, double *path,
                double *value, double *start_bar, double *w1_bar, double *b1_bar, double *w2_bar) {
    const double weights[4] = {H / 6, H / 3, H / 3, H / 6}, lengths[4] = {H / 2, H / 2, H, 0};
    double y[N], x[5][N], z[4][M], k[N], y_bar[N];
    for (int i = 0; i < N; i++) y[i] = start[i];
    for (long t = 0; t < steps; t++) {
        for (int i = 0; i < N; i++) path[t * N + i] = x[0][i] = y[i];
        for (int s = 0; s < 4; s++) {
            slope(x[s], w1, b1, w2, z[s], k);
            for (int i = 0; i < N; i++) y[i] += weights[s] * k[i], x[s + 1][i] = x[0][i] + lengths[s] * k[i];
        }
    }
    double total = 0;
    for (int i = 0; i < N; i++) total += y[i] * y[i] / N, y_bar[i] = 2 * y[i] / N;
    *value = total;
    for (int i = 0; i < N * M; i++) w1_bar[i] = w2_bar[i] = 0;
    for (int j = 0; j < M; j++) b1_bar[j] = 0;
    for (long t = steps - 1; t >= 0; t--) {
        for (int i = 0; i < N; i++) x[0][i] = path[t * N + i];
        for (int s = 0; s < 4; s++) {
            slope(x[s], w1, b1, w2, z[s], k);
            for (int i = 0; i < N; i++) x[s + 1][i] = x[0][i] + lengths[s] * k[i];
        }
        double x_bar[N] = {0}, sum[N];
        for (int i = 0; i < N; i++) sum[i] = y_bar[i];
        for (int s = 3; s >= 0; s--) {
            double u_bar[M] = {0};
            for (int i = 0; i < N; i++) k[i] = weights[s] * y_bar[i] + lengths[s] * x_bar[i];
            for (int j = 0; j < M; j++)
                for (int i = 0; i < N; i++) u_bar[j] += w2[j * N + i] * k[i], w2_bar[j * N + i] += z[s][j] * k[i];
            for (int j = 0; j < M; j++) u_bar[j] *= 1 - z[s][j] * z[s][j], b1_bar[j] += u_bar[j];
            for (int i = 0; i < N; i++) {
                double back = 0;
                for (int j = 0; j < M; j++) back += w1[i * M + j] * u_bar[j], w1_bar[i * M + j] += x[s][i] * u_bar[j];
                x_bar[i] = back, sum[i] += back;
            }
        }
        for (int i = 0; i < N; i++) y_bar[i] = sum[i];
    }
    for (int i = 0; i < N; i++) start_bar[i] = y_bar[i];
}
