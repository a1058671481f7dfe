//! From logits to a class.

/// The index of the largest value; the first one among equals, and the first NaN where there is one.
///
/// Both as `numpy.argmax`, which `run_glue.py` calls: <https://numpy.org/doc/stable/reference/generated/numpy.argmax.html>.
/// `None` for an empty slice.
pub fn argmax(values: &[f32]) -> Option<usize> {
    if let Some(nan) = values.iter().position(|value| value.is_nan()) {
        return Some(nan);
    }
    let mut best: Option<(usize, f32)> = None;
    for (index, &value) in values.iter().enumerate() {
        if best.is_none_or(|(_, largest)| value > largest) {
            best = Some((index, value));
        }
    }
    best.map(|(index, _)| index)
}
