/*
 * risk_normal.c - the normal distribution: quantile and density; and the chi-squared tails that
 * come of it.
 */
#include "logarithm.h"
#include "risk_priv.h"

/* The rational approximations of AS 241 (PPND16), by region. */
static double ratio(const double *p, const double *q, double r) {
    double above = p[7];
    double below = q[7];
    for (int i = 6; i >= 0; i--) {
        above = above * r + p[i];
        below = below * r + q[i];
    }
    return above / below;
}

double tw_risk_normal_quantile(double probability) {
    static const double a[8] = {3.3871328727963666080e0, 1.3314166789178437745e2,
                                1.9715909503065514427e3, 1.3731693765509461125e4,
                                4.5921953931549871457e4, 6.7265770927008700853e4,
                                3.3430575583588128105e4, 2.5090809287301226727e3};
    static const double b[8] = {1.0,
                                4.2313330701600911252e1,
                                6.8718700749205790830e2,
                                5.3941960214247511077e3,
                                2.1213794301586595867e4,
                                3.9307895800092710610e4,
                                2.8729085735721942674e4,
                                5.2264952788528545610e3};
    static const double c[8] = {1.42343711074968357734e0,  4.63033784615654529590e0,
                                5.76949722146069140550e0,  3.64784832476320460504e0,
                                1.27045825245236838258e0,  2.41780725177450611770e-1,
                                2.27238449892691845833e-2, 7.74545014278341407640e-4};
    static const double d[8] = {1.0,
                                2.05319162663775882187e0,
                                1.67638483018380384940e0,
                                6.89767334985100004550e-1,
                                1.48103976427480074590e-1,
                                1.51986665636164571966e-2,
                                5.47593808499534494600e-4,
                                1.05075007164441684324e-9};
    static const double e[8] = {6.65790464350110377720e0,  5.46378491116411436990e0,
                                1.78482653991729133580e0,  2.96560571828504891230e-1,
                                2.65321895265761230930e-2, 1.24266094738807843860e-3,
                                2.71155556874348757815e-5, 2.01033439929228813265e-7};
    static const double f[8] = {1.0,
                                5.99832206555887937690e-1,
                                1.36929880922735805310e-1,
                                1.48753612908506148525e-2,
                                7.86869131145613259100e-4,
                                1.84631831751005468180e-5,
                                1.42151175831644588870e-7,
                                2.04426310338993978564e-15};
    if (!(probability > 0 && probability < 1))
        return NAN;
    double q = probability - 0.5;
    if (fabs(q) <= 0.425)
        return q * ratio(a, b, 0.180625 - q * q);
    double r = sqrt(-natural_logarithm(q < 0 ? probability : 1 - probability));
    double z = r <= 5 ? ratio(c, d, r - 1.6) : ratio(e, f, r - 5);
    return q < 0 ? -z : z;
}

double risk_normal_density(double x) {
    return exp(-0.5 * x * x) / sqrt(2 * 3.14159265358979323846);
}

/* Of one degree of freedom the square of a normal one, of two an exponential one. */
double risk_chi_squared_tail(double value, unsigned degrees) {
    TW_ASSERT(degrees == 1 || degrees == 2);
    if (isnan(value))
        return NAN;
    double half = value > 0 ? value / 2 : 0;
    return degrees == 1 ? erfc(sqrt(half)) : exp(-half);
}
