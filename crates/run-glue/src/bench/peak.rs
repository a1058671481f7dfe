//! How fast products are, and how fast they could be: a large square one, and those of the layers of BERT-base and MiniLM.

use std::time::Instant;

use burn::tensor::{Tensor, TensorData};
use models::ops::{EncoderOps, Precision};
use serde_json::{Value, json};

use trainer::backends::OnBackend;

/// Rates of products in this precision.
pub(super) struct Peak(pub(super) Precision);

/// Rows, columns and depth of the square product on the CPU and on a GPU.
const SQUARE: [usize; 2] = [2048, 8192];
/// Products of which the fastest counts, or the one in the middle.
const TRIES: usize = 10;

/// Linear layers: rows of the batch, inputs, outputs. Those of BERT-base at 8 x 128, of MiniLM-L6 at 32 x 64, and few and many rows.
const LAYERS: [[usize; 3]; 12] = [
    [1024, 768, 2304],
    [1024, 768, 768],
    [1024, 768, 3072],
    [1024, 3072, 768],
    [2048, 384, 1152],
    [2048, 384, 384],
    [2048, 384, 1536],
    [2048, 1536, 384],
    [1, 768, 3072],
    [32, 768, 3072],
    [256, 768, 3072],
    [8192, 768, 3072],
];

impl OnBackend for Peak {
    type Output = Value;

    fn run<B: EncoderOps>(self, device: B::Device, backend: &'static str, device_name: &str) -> Value {
        let n = SQUARE[usize::from(device_name != "cpu")];
        let rates = Rates::<B> { device, precision: self.0 };
        let layers: Vec<Value> = LAYERS.iter().map(|&layer| rates.layer(layer)).collect();
        let result = json!({
            "gflops": rates.square(n),
            "layers": layers,
            "threads": rayon::current_num_threads(),
            "backend": backend,
            "device": device_name,
            "precision": self.0.name(),
        });
        with_fma_rate(result, backend)
    }
}

/// Beside the rates of products on the CPU, the rate that none can be above.
#[cfg(feature = "flex")]
fn with_fma_rate(mut result: Value, backend: &str) -> Value {
    if backend == "flex" {
        result["fma_gflops"] = json!(models::ops::fma_gflops(rayon::current_num_threads()));
        result["simd"] = json!(models::ops::simd_level());
    }
    result
}

#[cfg(not(feature = "flex"))]
fn with_fma_rate(result: Value, _: &str) -> Value {
    result
}

/// Products of a linear layer that are timed together.
#[derive(Clone, Copy)]
enum Form {
    /// `x Wᵀ`.
    Forward,
    /// The gradient of the weights alone, `dyᵀ x`.
    Weights,
    /// The gradient of the inputs, `dy W`.
    Inputs,
}

struct Rates<B: EncoderOps> {
    device: B::Device,
    precision: Precision,
}

/// `x`, `W` and `dy` of a linear layer.
struct Layer<B: EncoderOps> {
    x: Tensor<B, 2>,
    w: Tensor<B, 2>,
    g: Tensor<B, 2>,
}

impl<B: EncoderOps> Rates<B> {
    fn layer(&self, [rows, inputs, outputs]: [usize; 3]) -> Value {
        let layer = self.matrices([rows, inputs, outputs]);
        let mut best = [f64::INFINITY; 3];
        for _ in 0..TRIES {
            for (best, form) in best.iter_mut().zip([Form::Forward, Form::Weights, Form::Inputs]) {
                *best = best.min(self.seconds(&layer, form));
            }
        }
        let [forward, weights, inputs_gradient] = best.map(|s| 2.0 * (rows * inputs * outputs) as f64 / s / 1e9);
        json!({
            "rows": rows, "inputs": inputs, "outputs": outputs,
            "forward_gflops": forward, "weights_gflops": weights, "inputs_gflops": inputs_gradient,
        })
    }

    /// Billions of multiplications and additions a second of a square product.
    fn square(&self, n: usize) -> f64 {
        let layer = self.matrices([n; 3]);
        let best = (0..TRIES).map(|_| self.seconds(&layer, Form::Forward)).fold(f64::INFINITY, f64::min);
        2.0 * (n as f64).powi(3) / best / 1e9
    }

    fn matrices(&self, [rows, inputs, outputs]: [usize; 3]) -> Layer<B> {
        let matrix = |rows: usize, columns: usize| {
            let values: Vec<f32> = (0..rows * columns).map(|i| ((i * 7919) % 2003) as f32 / 2003.0 - 0.5).collect();
            Tensor::from_data(TensorData::new(values, [rows, columns]), &self.device)
        };
        Layer { x: matrix(rows, inputs), w: matrix(outputs, inputs), g: matrix(rows, outputs) }
    }

    fn seconds(&self, layer: &Layer<B>, form: Form) -> f64 {
        let [x, w, g] = [&layer.x, &layer.w, &layer.g].map(|tensor| tensor.clone().into_primitive().tensor());
        // A wait that fails shows in the time alone.
        let _ = B::sync(&self.device);
        let start = Instant::now();
        let products = match form {
            Form::Forward => [Some(B::fused_linear(x, w, None, self.precision)), None, None],
            Form::Weights => B::fused_linear_backward(Some(x), None, g, false, self.precision),
            Form::Inputs => B::fused_linear_backward(None, Some(w), g, false, self.precision),
        };
        let _ = B::sync(&self.device);
        drop(products);
        start.elapsed().as_secs_f64()
    }
}
