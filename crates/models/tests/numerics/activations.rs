//! Activations against transformers' (`scripts/fixtures/activations.py`): alone, behind a linear layer and as a gate, with their derivatives.

use burn::module::Param;
use burn::tensor::{Tensor, TensorData};
use models::activation::Activation;
use models::batch::Sequences;
use models::layers::{Linear, RowPass};
use models::ops::{DropoutPlan, Precision};

use crate::support::{Ad, json, numbers};

/// Of the larger of a number and 1.
const ALLOWED: f64 = 2e-6;

fn row(values: Vec<f32>) -> Tensor<Ad, 2> {
    let columns = values.len();
    Tensor::from_data(TensorData::new(values, [1, columns]), &Default::default())
}

fn values(x: &Tensor<Ad, 2>) -> Vec<f64> {
    x.to_data().iter::<f64>().collect()
}

fn close(found: &[f64], expected: &[f64], what: &str) {
    assert_eq!(found.len(), expected.len(), "{what}");
    for (i, (a, b)) in found.iter().zip(expected).enumerate() {
        assert!((a - b).abs() <= ALLOWED * b.abs().max(1.0), "{what}, point {i}: {a}, expected {b}");
    }
}

#[test]
fn every_activation_is_transformers() {
    let expected = json("activations.json");
    let points: Vec<f32> = numbers(&expected["points"]).iter().map(|&x| x as f32).collect();
    let n = points.len();
    let cases = expected["cases"].as_object().unwrap();
    assert!(cases.len() > 20, "{}", cases.len());
    for (name, case) in cases {
        let activation = Activation::from_config("hidden_act", name).unwrap();
        let (wanted, slopes) = (numbers(&case["values"]), numbers(&case["slopes"]));

        let x = row(points.clone()).require_grad();
        let y = activation.of(x.clone());
        close(&values(&y), &wanted, name);
        let gradient = x.grad(&y.sum().backward()).unwrap();
        close(&gradient.into_data().iter::<f64>().collect::<Vec<_>>(), &slopes, &format!("slope of {name}"));

        let mut layer = Linear::<Ad>::zeros(1, n, true, Precision::F32, &Default::default());
        let bias = Tensor::<Ad, 1>::from_data(TensorData::new(points.clone(), [n]), &Default::default());
        layer.bias = Some(Param::from_tensor(bias));
        let sequences = std::sync::Arc::new(Sequences::packed(vec![1]));
        let mut plan = DropoutPlan::evaluate();
        let y = activation.forward(&layer, row(vec![0.0]), &mut RowPass { plan: &mut plan, sequences: &sequences });
        close(&values(&y), &wanted, &format!("{name} behind a layer"));

        let gated = [points.clone(), vec![0.5; n]].concat();
        let x = row(gated).require_grad();
        let y = activation.gated(x.clone());
        close(&values(&y), &wanted.iter().map(|y| y * 0.5).collect::<Vec<_>>(), &format!("gate of {name}"));
        let gradient: Vec<f64> = x.grad(&y.sum().backward()).unwrap().into_data().iter::<f64>().collect();
        close(
            &gradient[..n],
            &slopes.iter().map(|slope| slope * 0.5).collect::<Vec<_>>(),
            &format!("gated slope of {name}"),
        );
        close(&gradient[n..], &wanted, &format!("slope of the gate of {name}"));
    }
}

/// They have parameters, which a checkpoint brings.
#[test]
fn those_with_parameters_are_refused_by_name() {
    for name in ["prelu", "xielu", "gelu_100"] {
        let said = Activation::from_config("hidden_act", name).unwrap_err().to_string();
        assert!(said.contains(&format!("`hidden_act` is \"{name}\"")) && said.contains("mish"), "{said}");
    }
}
