//! What a teacher's share of the loss comes to, and its gradients, as torch has them.

use burn::tensor::{Tensor, TensorData};
use models::head::{LossOptions, SoftTargets, Targets, loss};
use serde_json::Value;

use crate::support::{Ad, json};

fn floats(value: &Value) -> Vec<f32> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap() as f32).collect()
}

#[test]
fn a_teacher_s_share_of_the_loss_is_torch_s() {
    let fixture = json("distillation.json");
    for case in fixture["cases"].as_array().unwrap() {
        let number = |name: &str| case[name].as_f64().unwrap();
        let (num_labels, student) = (case["num_labels"].as_u64().unwrap() as usize, floats(&case["student"]));
        let rows = student.len() / num_labels;
        let targets = match num_labels {
            1 => Targets::Scores(floats(&case["labels"])),
            _ => Targets::Classes(floats(&case["labels"]).into_iter().map(|class| class as usize).collect()),
        };
        let options = LossOptions {
            divisor: rows as f64,
            label_smoothing_factor: 0.0,
            class_weights: None,
            soft_targets: Some(SoftTargets {
                logits: floats(&case["teacher"]),
                temperature: number("temperature"),
                alpha_ce: number("alpha_ce"),
                divisor: rows as f64,
            }),
        };
        let data = TensorData::new(student, [rows, num_labels]);
        let logits = Tensor::<Ad, 2>::from_data(data, &Default::default()).require_grad();
        let value = loss(logits.clone(), &targets, options);
        let found = f64::from(value.clone().into_data().iter::<f32>().next().unwrap());
        let what = format!("{num_labels} labels, temperature {}, {}", number("temperature"), number("alpha_ce"));
        assert!((found - number("loss")).abs() <= 2e-6 * number("loss").abs().max(1.0), "{what}: {found}");
        let gradient: Vec<f32> = logits.grad(&value.backward()).unwrap().into_data().iter::<f32>().collect();
        let largest = floats(&case["gradient"]).iter().fold(1.0_f32, |most, value| most.max(value.abs()));
        for (ours, theirs) in gradient.iter().zip(floats(&case["gradient"])) {
            assert!((ours - theirs).abs() <= 1e-6 * largest, "{what}: {ours} and {theirs}");
        }
    }
}
