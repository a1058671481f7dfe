//! How far two numbers lie apart.

/// |ours - theirs| / |theirs|; infinite where one of them is no number, or theirs is 0.
pub(super) fn apart([ours, theirs]: [f64; 2]) -> f64 {
    let difference = (ours - theirs).abs() / theirs.abs();
    match ours == theirs || ours.is_nan() && theirs.is_nan() {
        true => 0.0,
        // A comparison with NaN is never true, and a maximum passes over it.
        false if difference.is_nan() => f64::INFINITY,
        false => difference,
    }
}

/// |ours - theirs|; none where both are no numbers, as a correlation with a constant is.
pub(super) fn difference([ours, theirs]: [f64; 2]) -> f64 {
    match (ours.is_nan(), theirs.is_nan()) {
        (true, true) => 0.0,
        (false, false) => (ours - theirs).abs(),
        _ => f64::INFINITY,
    }
}
