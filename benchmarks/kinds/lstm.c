// A recurrent network with memory cells, element by element, and its gradient; what a step leaves behind is in `kept`.
#include <math.h>

enum { N = 14 }; // characters

typedef struct {
    double x[N], h[N], c[N], forget[N], in[N], out[N], change[N], z[N];
} Step; // of one layer: inputs, state and cell before, gates, tanh of the cell after

static double squash(double u) { return 1 / (1 + exp(-u)); }

void lstm(long layers, long steps, const double *main, const double *extra, const double *start, const double *text,
          double *kept, double *scores, double *state, double *value, double *main_bar, double *extra_bar) {
    Step *step = (Step *)kept;
    double total = 0;
    const double scale = -1.0 / (steps * N);
    for (long i = 0; i < 2 * layers * N; i++) state[i] = start[i];
    for (long t = 0; t < steps; t++) {
        double x[N];
        for (int j = 0; j < N; j++) x[j] = text[t * N + j] * extra[j];
        for (long l = 0; l < layers; l++, step++) {
            const double *w = main + 8 * N * l, *b = w + 4 * N;
            double *h = state + 2 * N * l, *c = h + N;
            for (int j = 0; j < N; j++) {
                step->x[j] = x[j], step->h[j] = h[j], step->c[j] = c[j];
                step->forget[j] = squash(x[j] * w[j] + b[j]);
                step->in[j] = squash(h[j] * w[N + j] + b[N + j]);
                step->out[j] = squash(x[j] * w[2 * N + j] + b[2 * N + j]);
                step->change[j] = tanh(h[j] * w[3 * N + j] + b[3 * N + j]);
                c[j] = c[j] * step->forget[j] + step->in[j] * step->change[j];
                step->z[j] = tanh(c[j]);
                h[j] = x[j] = step->out[j] * step->z[j];
            }
        }
        double *bar = scores + t * N, most = -INFINITY, sum = 0;
        const double *target = text + (t + 1) * N;
        for (int j = 0; j < N; j++) {
            bar[j] = x[j] * extra[N + j] + extra[2 * N + j];
            total += target[j] * bar[j];
            if (bar[j] > most) most = bar[j];
        }
        for (int j = 0; j < N; j++) bar[j] = exp(bar[j] - most), sum += bar[j];
        total -= most + log(sum);
        for (int j = 0; j < N; j++) bar[j] = scale * (target[j] - bar[j] / sum);
    }
    *value = scale * total;
    for (long i = 0; i < 8 * layers * N; i++) main_bar[i] = 0;
    for (int i = 0; i < 3 * N; i++) extra_bar[i] = 0;
    for (long i = 0; i < 2 * layers * N; i++) state[i] = 0; // from here on the sensitivities of states and cells
    for (long t = steps - 1; t >= 0; t--) {
        const double *bar = scores + t * N;
        double x_bar[N];
        const Step *last = step - 1;
        for (int j = 0; j < N; j++) {
            extra_bar[N + j] += bar[j] * last->out[j] * last->z[j];
            extra_bar[2 * N + j] += bar[j];
            x_bar[j] = bar[j] * extra[N + j];
        }
        for (long l = layers - 1; l >= 0; l--) {
            step--;
            const double *w = main + 8 * N * l;
            double *w_bar = main_bar + 8 * N * l, *b_bar = w_bar + 4 * N, *h_bar = state + 2 * N * l, *c_bar = h_bar + N;
            for (int j = 0; j < N; j++) {
                double y = x_bar[j] + h_bar[j], c = y * step->out[j] * (1 - step->z[j] * step->z[j]) + c_bar[j];
                double f = c * step->c[j] * step->forget[j] * (1 - step->forget[j]);
                double i = c * step->change[j] * step->in[j] * (1 - step->in[j]);
                double o = y * step->z[j] * step->out[j] * (1 - step->out[j]);
                double g = c * step->in[j] * (1 - step->change[j] * step->change[j]);
                w_bar[j] += f * step->x[j], w_bar[N + j] += i * step->h[j];
                w_bar[2 * N + j] += o * step->x[j], w_bar[3 * N + j] += g * step->h[j];
                b_bar[j] += f, b_bar[N + j] += i, b_bar[2 * N + j] += o, b_bar[3 * N + j] += g;
                c_bar[j] = c * step->forget[j];
                h_bar[j] = i * w[N + j] + g * w[3 * N + j];
                x_bar[j] = f * w[j] + o * w[2 * N + j];
            }
        }
        for (int j = 0; j < N; j++) extra_bar[j] += x_bar[j] * text[t * N + j];
    }
}
