//! The orders that Python's libraries shuffle rows into, so that a part of shuffled rows is the same part.

mod numpy;
mod pandas;

pub use numpy::permutation as datasets;
pub use pandas::permutation as pandas;

/// Fisher and Yates' shuffle, from the last place on; `below_or_at` draws a number from 0 to the one given.
fn shuffled(rows: usize, mut below_or_at: impl FnMut(usize) -> usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..rows).collect();
    for last in (1..rows).rev() {
        order.swap(last, below_or_at(last));
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
