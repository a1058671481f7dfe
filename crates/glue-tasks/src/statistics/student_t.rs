//! Quantiles of Student's t distribution, for confidence intervals over a handful of seeds.

/// The value below which a t-distributed number with `degrees` degrees of freedom lies with this probability.
///
/// None for no degrees of freedom or a probability outside (0, 1). Agrees with `scipy.stats.t.ppf` to about 1e-9.
pub fn student_t_quantile(probability: f64, degrees: usize) -> Option<f64> {
    if degrees == 0 || !(probability > 0.0 && probability < 1.0) {
        return None;
    }
    if probability < 0.5 {
        return student_t_quantile(1.0 - probability, degrees).map(|t| -t);
    }
    // P(T > t) = I_x(n/2, 1/2) / 2 at x = n / (n + t²), https://dlmf.nist.gov/8.17. It falls in t, so: bisection.
    let (n, upper_tail) = (degrees as f64, 1.0 - probability);
    let tail = |t: f64| incomplete_beta(n / (n + t * t), n / 2.0, 0.5) / 2.0;
    let (mut low, mut high) = (0.0, 1.0);
    while tail(high) > upper_tail && high < 1e150 {
        low = high;
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if middle <= low || middle >= high {
            break;
        }
        if tail(middle) > upper_tail {
            low = middle;
        } else {
            high = middle;
        }
    }
    Some(f64::midpoint(low, high))
}

/// The regularized incomplete beta function I_x(a, b): the continued fraction of <https://dlmf.nist.gov/8.17#v>,
/// evaluated by Lentz's method, on the side of the symmetry I_x(a, b) = 1 - I_{1-x}(b, a) where it converges fast.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let ln_front = ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln();
    if x < (a + 1.0) / (a + b + 2.0) {
        ln_front.exp() * beta_fraction(x, a, b) / a
    } else {
        1.0 - ln_front.exp() * beta_fraction(1.0 - x, b, a) / b
    }
}

fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    // Keeps Lentz's denominators from being 0.
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..500 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let before = fraction;
        for coefficient in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + coefficient * d);
            c = away_from_zero(1.0 + coefficient / c);
            fraction *= c * d;
        }
        if (fraction - before).abs() <= 1e-16 * fraction.abs() {
            break;
        }
    }
    fraction
}

/// ln Γ(x) for x > 0: the recurrence up to x ≥ 10, then Stirling's series, <https://dlmf.nist.gov/5.11#E1>. The first
/// term left out is below 1e-16 there.
fn ln_gamma(x: f64) -> f64 {
    let (mut x, mut product) = (x, 1.0);
    while x < 10.0 {
        product *= x;
        x += 1.0;
    }
    // B_{2k} / (2k (2k - 1)) for k = 1 to 7.
    let series = [1.0 / 12.0, -1.0 / 360.0, 1.0 / 1260.0, -1.0 / 1680.0, 1.0 / 1188.0, -691.0 / 360_360.0, 1.0 / 156.0];
    let square = x * x;
    let correction = series.iter().rev().fold(0.0, |sum, term| sum / square + term) / x;
    (x - 0.5) * x.ln() - x + 0.5 * (2.0 * std::f64::consts::PI).ln() + correction - f64::ln(product)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_and_two_degrees_have_closed_forms() {
        // Cauchy: tan(π (p - 1/2)); two degrees: (2p - 1) / sqrt(2 p (1 - p)).
        for p in [0.5, 0.6, 0.9, 0.975, 0.995, 0.25] {
            let cauchy = (std::f64::consts::PI * (p - 0.5)).tan();
            let two = (2.0 * p - 1.0) / (2.0 * p * (1.0 - p)).sqrt();
            assert!((student_t_quantile(p, 1).unwrap() - cauchy).abs() < 1e-9 * cauchy.abs().max(1.0), "{p}");
            assert!((student_t_quantile(p, 2).unwrap() - two).abs() < 1e-9 * two.abs().max(1.0), "{p}");
        }
    }

    #[test]
    fn what_is_no_probability_has_no_quantile() {
        for (p, degrees) in [(0.0, 3), (1.0, 3), (f64::NAN, 3), (0.9, 0)] {
            assert_eq!(student_t_quantile(p, degrees), None);
        }
    }

    #[test]
    fn ln_gamma_at_known_points() {
        for (x, expected) in [(0.5, std::f64::consts::PI.sqrt().ln()), (1.0, 0.0), (5.0, 24_f64.ln())] {
            assert!((ln_gamma(x) - expected).abs() < 1e-14, "{x}");
        }
    }
}
