// Reprojection errors of a bundle adjustment: for each observation their derivatives by camera, point and weight.
#include <math.h>

void bundle_adjustment(long n, const long *cameras, const long *points, const double *camera, const double *point,
                       const double *weights, const double *seen, double *by_camera, double *by_point, double *by_weight) {
    for (long o = 0; o < n; o++) {
        const double *c = camera + 11 * cameras[o], *x = point + 3 * points[o];
        const double m0 = x[0] - c[3], m1 = x[1] - c[4], m2 = x[2] - c[5], weight = weights[o];
        const double angle = sqrt(c[0] * c[0] + c[1] * c[1] + c[2] * c[2]), cosine = cos(angle), sine = sin(angle);
        const double w0 = c[0] / angle, w1 = c[1] / angle, w2 = c[2] / angle, rest = 1 - cosine;
        const double dot = w0 * m0 + w1 * m1 + w2 * m2;
        const double z = m2 * cosine + (w0 * m1 - w1 * m0) * sine + w2 * dot * rest;
        const double u = (m0 * cosine + (w1 * m2 - w2 * m1) * sine + w0 * dot * rest) / z;
        const double v = (m1 * cosine + (w2 * m0 - w0 * m2) * sine + w1 * dot * rest) / z;
        const double radius = u * u + v * v, shape = 1 + c[9] * radius + c[10] * radius * radius;
        const double steep = 2 * (c[9] + 2 * c[10] * radius), scale = weight * c[6];
        const double flat[2] = {u, v};
        for (int e = 0; e < 2; e++) {
            double *a = by_camera + 22 * o + 11 * e, *b = by_point + 6 * o + 3 * e;
            double u_bar = scale * (flat[e] * steep * u + (e == 0 ? shape : 0));
            double v_bar = scale * (flat[e] * steep * v + (e == 1 ? shape : 0));
            double g0 = u_bar / z, g1 = v_bar / z, g2 = -(u_bar * u + v_bar * v) / z;
            double g_w = g0 * w0 + g1 * w1 + g2 * w2, g_m = g0 * m0 + g1 * m1 + g2 * m2;
            b[0] = g0 * cosine + (g1 * w2 - g2 * w1) * sine + w0 * g_w * rest;
            b[1] = g1 * cosine + (g2 * w0 - g0 * w2) * sine + w1 * g_w * rest;
            b[2] = g2 * cosine + (g0 * w1 - g1 * w0) * sine + w2 * g_w * rest;
            double c0 = m1 * g2 - m2 * g1, c1 = m2 * g0 - m0 * g2, c2 = m0 * g1 - m1 * g0;
            double a0 = c0 * sine + (m0 * g_w + g0 * dot) * rest;
            double a1 = c1 * sine + (m1 * g_w + g1 * dot) * rest;
            double a2 = c2 * sine + (m2 * g_w + g2 * dot) * rest;
            double turn = -g_m * sine + (c0 * w0 + c1 * w1 + c2 * w2) * cosine + g_w * dot * sine;
            double own = a0 * w0 + a1 * w1 + a2 * w2;
            a[0] = (a0 - w0 * own) / angle + w0 * turn;
            a[1] = (a1 - w1 * own) / angle + w1 * turn;
            a[2] = (a2 - w2 * own) / angle + w2 * turn;
            a[3] = -b[0], a[4] = -b[1], a[5] = -b[2];
            a[6] = weight * flat[e] * shape, a[7] = e == 0 ? weight : 0, a[8] = e == 1 ? weight : 0;
            a[9] = scale * flat[e] * radius, a[10] = scale * flat[e] * radius * radius;
            by_weight[2 * o + e] = flat[e] * shape * c[6] + c[7 + e] - seen[2 * o + e];
        }
    }
}
