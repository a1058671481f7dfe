//! Orders and drawn weights against what torch itself drew (`scripts/fixtures/order.py`, `head.py`).

use models::torch_rng::TorchRng;
use serde_json::Value;

use crate::support::json;

fn list(value: &Value) -> Vec<u32> {
    value.as_array().unwrap().iter().map(|v| v.as_u64().unwrap() as u32).collect()
}

#[test]
fn orders_are_torchs() {
    const PRIME: u128 = (1 << 61) - 1;
    let cases = json("order.json");
    let mut sizes = Vec::new();
    for case in cases["cases"].as_array().unwrap() {
        let n = case["n"].as_u64().unwrap() as usize;
        let order = TorchRng::new(case["seed"].as_u64().unwrap()).randperm(n);
        sizes.push(n);
        if let Some(whole) = case.get("order").filter(|v| !v.is_null()) {
            assert_eq!(order, list(whole));
        } else {
            assert_eq!(order[..50], list(&case["first"]));
            assert_eq!(order[n - 50..], list(&case["last"]));
        }
        let sum = order.iter().enumerate().fold(0u128, |sum, (i, &p)| (sum + (i as u128 + 1) * u128::from(p)) % PRIME);
        assert_eq!(sum, u128::from(case["weighted_sum"].as_u64().unwrap()), "n = {n}");
    }
    for n in [635, 3668, 8551, 67349, 392_702] {
        assert!(sizes.iter().filter(|&&s| s == n).count() >= 2, "two epochs of {n} rows");
    }
}

#[test]
fn drawn_weights_are_torchs_to_the_bit() {
    let fixture = json("head.json");
    let mut compared = 0;
    for case in fixture["cases"].as_array().unwrap() {
        let mut rng = TorchRng::new(case["seed"].as_u64().unwrap());
        let std = case["std"].as_f64().or(fixture["std"].as_f64()).unwrap_or(0.02);
        for draw in case["draws"].as_array().unwrap() {
            let values: Vec<f32> =
                draw["values"].as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect();
            assert_eq!(rng.normal(values.len(), std), values, "{} {}", case["name"], draw["tensor"]);
            compared += values.len();
        }
    }
    assert!(compared > 10_000);
}
