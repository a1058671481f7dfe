//! The orders that Python's libraries shuffle rows into, so that a part of shuffled rows is the same part.

mod numpy;
mod pandas;

pub use numpy::permutation as datasets;
pub use pandas::permutation as pandas;

/// Fisher and Yates' shuffle, from the last place on. Each place is drawn as numpy's `random_interval` draws
/// (numpy/numpy, `numpy/random/src/distributions/distributions.c`): 32 bits without those above the largest place, again while they
/// are too large. `rows`: fewer than 2^32.
fn shuffled(rows: usize, mut next_u32: impl FnMut() -> u32) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        let mask = u32::MAX >> (last as u32).leading_zeros();
        let place = loop {
            let drawn = (next_u32() & mask) as usize;
            if drawn <= last {
                break drawn;
            }
        };
        order.swap(last, place);
    }
    order
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use sha2::{Digest, Sha256};

    /// What numpy 2 and pandas gave (scripts/fixtures/permutations.py): of few rows the order, of many its hash.
    #[test]
    fn orders_are_numpys_and_pandas() {
        let fixture: Value = serde_json::from_str(include_str!("../../tests/fixtures/permutations.json")).unwrap();
        let cases = fixture.as_array().unwrap();
        assert!(cases.len() >= 60, "{}", cases.len());
        for case in cases {
            let (rows, seed) = (case["rows"].as_u64().unwrap() as usize, case["seed"].as_u64().unwrap());
            let order = match case["like"].as_str().unwrap() {
                "datasets" => super::datasets(rows, seed),
                _ => super::pandas(rows, seed as u32),
            };
            if let Some(expected) = case["order"].as_array() {
                let expected: Vec<usize> = expected.iter().map(|row| row.as_u64().unwrap() as usize).collect();
                assert_eq!(order, expected, "{case}");
            }
            let text = order.iter().map(usize::to_string).collect::<Vec<_>>().join(",");
            assert_eq!(records::hex(&Sha256::digest(text.as_bytes())), case["sha256"], "{case}");
        }
    }
}
