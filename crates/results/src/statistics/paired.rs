//! Whether two models differ, from pairs: the same seeds, or the same examples.

use super::draw::Draw;

/// Up to this many pairs, every choice of signs is taken: `2^16 = 65536`.
const ALL_SIGNS: usize = 16;

/// How many choices of signs are drawn beyond that.
const DRAWN: usize = 9999;

/// The two-sided p-value of Fisher's sign-flip test: how often the mean of the differences is as far from 0, or
/// farther, when the two models of each pair change places at random. None without pairs or with one that is no number.
///
/// All choices up to 16 pairs, so that five seeds have no smaller p-value than 2/32; beyond that 9999 draws and the
/// observation itself, (hits + 1) / (draws + 1), Phipson and Smyth 2010, <https://arxiv.org/abs/1603.05766>.
#[must_use]
pub fn permutation_test(differences: &[f64]) -> Option<f64> {
    let n = differences.len();
    if n == 0 || differences.iter().any(|d| d.is_nan()) {
        return None;
    }
    // Sums of the same terms in another order may differ in the last digits.
    let scale: f64 = differences.iter().map(|d| d.abs()).sum();
    let limit = differences.iter().sum::<f64>().abs() - 1e-12 * scale;
    if n <= ALL_SIGNS {
        let choices = 1usize << n;
        let sum = |signs: usize| {
            differences.iter().enumerate().map(|(i, d)| if signs >> i & 1 == 1 { -d } else { *d }).sum::<f64>()
        };
        let hits = (0..choices).filter(|&signs| sum(signs).abs() >= limit).count();
        return Some(hits as f64 / choices as f64);
    }
    let mut draw = Draw::new(0);
    // Pairs without a difference change nothing.
    let moved: Vec<f64> = differences.iter().copied().filter(|d| *d != 0.0).collect();
    let hits = (0..DRAWN)
        .filter(|_| moved.iter().map(|d| if draw.coin() { -d } else { *d }).sum::<f64>().abs() >= limit)
        .count();
    Some((hits + 1) as f64 / (DRAWN + 1) as f64)
}

/// The two-sided p-value of the approximate-randomization test, for any score of many rows, such as a correlation or F1: how often the
/// scores of two models lie as far apart as they do, or farther, when the two change places on each row at random, and the scores are
/// computed anew. (hits + 1) / (rounds + 1): Noreen 1989, *Computer-Intensive Methods for Testing Hypotheses*, chapter 2; for scores
/// that are no sums over rows Yeh 2000, <https://aclanthology.org/C00-2137/>.
///
/// `difference` says by how much the scores differ where the models have changed places on those of `rows` rows that are true; it is asked
/// first with none. A difference that is no number, such as a correlation of equal values, counts as far. None where that is the first.
pub fn approximate_randomization(
    rows: usize,
    rounds: usize,
    mut difference: impl FnMut(&[bool]) -> f64,
) -> Option<f64> {
    let mut swapped = vec![false; rows];
    let observed = difference(&swapped).abs();
    if observed.is_nan() {
        return None;
    }
    if rows == 0 {
        return Some(1.0);
    }
    // The same rows in another order may differ in the last digits.
    let limit = observed - 1e-12 * observed.max(1.0);
    let mut draw = Draw::new(0);
    let mut hits = 0;
    for _ in 0..rounds {
        swapped.iter_mut().for_each(|row| *row = draw.coin());
        let drawn = difference(&swapped).abs();
        hits += usize::from(drawn >= limit || drawn.is_nan());
    }
    Some((hits + 1) as f64 / (rounds + 1) as f64)
}

/// The exact p-value of McNemar's test, from the examples that only the first model has right, and only the second:
/// two-sided binomial, <https://www.statsmodels.org/stable/generated/statsmodels.stats.contingency_tables.mcnemar.html>.
#[must_use]
pub fn mcnemar(only_first: usize, only_second: usize) -> f64 {
    let n = only_first + only_second;
    let fewer = only_first.min(only_second);
    // ln C(n, k) - n ln 2, from k to k + 1.
    let mut log = -(n as f64) * std::f64::consts::LN_2;
    let mut tail = 0.0;
    for k in 0..=fewer {
        tail += log.exp();
        log += ((n - k) as f64 / (k + 1) as f64).ln();
    }
    (2.0 * tail).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_models_do_not_differ() {
        assert_eq!(permutation_test(&[0.0; 5]), Some(1.0));
        assert_eq!(permutation_test(&[0.0; 100]), Some(1.0));
        assert_eq!(permutation_test(&[]), None);
        assert_eq!(permutation_test(&[0.1, f64::NAN]), None);
        assert_eq!(mcnemar(0, 0), 1.0);
        assert_eq!(mcnemar(7, 7), 1.0);
    }

    #[test]
    fn of_means_both_tests_say_the_same() {
        // 60 rows of which the models differ in 30, 20 of them for the first: a sum over rows has both tests.
        let differences: Vec<f64> = (0..30).map(|row| if row < 20 { 1.0 / 60.0 } else { -1.0 / 60.0 }).collect();
        let of = |swapped: &[bool]| differences.iter().zip(swapped).map(|(d, s)| if *s { -d } else { *d }).sum();
        let randomized = approximate_randomization(30, 9999, of).unwrap();
        let signs = permutation_test(&differences).unwrap();
        // Exactly: twice the binomial tail of 20 or more of 30.
        assert!((randomized - 0.0987).abs() < 0.01 && (signs - 0.0987).abs() < 0.01, "{randomized} {signs}");
        assert_eq!(approximate_randomization(0, 99, |_| 0.0), Some(1.0));
        assert_eq!(approximate_randomization(3, 99, |_| f64::NAN), None);
    }

    #[test]
    fn neither_side_matters() {
        let differences: Vec<f64> = (0..40).map(|i| f64::from(i % 7) - 2.0).collect();
        let other: Vec<f64> = differences.iter().map(|d| -d).collect();
        assert_eq!(permutation_test(&differences), permutation_test(&other));
        assert_eq!(mcnemar(3, 15), mcnemar(15, 3));
    }
}
