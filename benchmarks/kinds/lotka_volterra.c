// Prey and predators by the method of Runge and Kutta, and the gradient of the squared end; states are kept in `path`.
void lotka_volterra(long steps, const double *start, const double *rates, double *path, double *value, double *start_bar,
                    double *rates_bar) {
    const double H = 0.01, a = rates[0], b = rates[1], c = rates[2], d = rates[3];
    const double weights[4] = {H / 6, H / 3, H / 3, H / 6}, lengths[4] = {H / 2, H / 2, H, 0};
    double u = start[0], v = start[1];
    for (long i = 0; i < steps; i++) {
        path[2 * i] = u, path[2 * i + 1] = v;
        double p = u, q = v, next_u = u, next_v = v;
        for (int s = 0; s < 4; s++) {
            double k = a * p - b * p * q, l = c * p * q - d * q;
            next_u += weights[s] * k, next_v += weights[s] * l;
            p = u + lengths[s] * k, q = v + lengths[s] * l;
        }
        u = next_u, v = next_v;
    }
    *value = u * u + v * v;
    double u_bar = 2 * u, v_bar = 2 * v, a_bar = 0, b_bar = 0, c_bar = 0, d_bar = 0;
    for (long i = steps - 1; i >= 0; i--) {
        double p[5] = {path[2 * i]}, q[5] = {path[2 * i + 1]};
        for (int s = 0; s < 3; s++) {
            p[s + 1] = p[0] + lengths[s] * (a * p[s] - b * p[s] * q[s]);
            q[s + 1] = q[0] + lengths[s] * (c * p[s] * q[s] - d * q[s]);
        }
        double p_bar = 0, q_bar = 0, u_sum = u_bar, v_sum = v_bar;
        for (int s = 3; s >= 0; s--) {
            double k = weights[s] * u_bar + lengths[s] * p_bar, l = weights[s] * v_bar + lengths[s] * q_bar;
            double met = c * l - b * k;
            a_bar += k * p[s], b_bar -= k * p[s] * q[s], c_bar += l * p[s] * q[s], d_bar -= l * q[s];
            p_bar = a * k + met * q[s], q_bar = met * p[s] - d * l;
            u_sum += p_bar, v_sum += q_bar;
        }
        u_bar = u_sum, v_bar = v_sum;
    }
    start_bar[0] = u_bar, start_bar[1] = v_bar;
    rates_bar[0] = a_bar, rates_bar[1] = b_bar, rates_bar[2] = c_bar, rates_bar[3] = d_bar;
}
