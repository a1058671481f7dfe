//! The best of many.

/// The places of some numbers, the best first. What is no number comes last; of equal ones the first comes first.
pub(super) fn best_first(numbers: &[Option<f64>], lower_is_better: bool) -> Vec<usize> {
    let sign = if lower_is_better { 1.0 } else { -1.0 };
    let key = |at: usize| numbers[at].filter(|number| !number.is_nan()).map_or(f64::INFINITY, |number| sign * number);
    let mut places: Vec<usize> = (0..numbers.len()).collect();
    places.sort_by(|&a, &b| key(a).total_cmp(&key(b)));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_comes_last() {
        let numbers = [Some(0.5), None, Some(0.75), Some(f64::NAN), Some(0.75), Some(-0.5)];
        assert_eq!(best_first(&numbers, false), [2, 4, 0, 5, 1, 3]);
        assert_eq!(best_first(&numbers, true), [5, 0, 2, 4, 1, 3]);
    }
}
