//! The kernels on `Fusion<CubeBackend>`: each operation is registered as a custom one in the stream of operations, which
//! Burn's optimizer passes by and which runs, in its turn, on the tensors of the backend inside.

use std::fmt;
use std::sync::Arc;

use burn::tensor::{DType, Shape, TensorMetadata};
use burn_cubecl::fusion::FusionCubeRuntime;
use burn_cubecl::tensor::CubeTensor;
use burn_cubecl::{BoolElement, CubeBackend, CubeRuntime, IntElement};
use burn_fusion::client::GlobalFusionClient;
use burn_fusion::stream::{Operation, OperationStreams};
use burn_fusion::{Fusion, FusionTensor};
use burn_ir::{CustomOpIr, HandleContainer, OperationIr, TensorIr};

use super::{
    CAPABILITIES, adamw, attention, cross_entropy, elementwise, embed, linear, matmul, norm, probability, rotary,
    tensor,
};
use crate::batch::TokenBatch;
use crate::ops::adamw::{AdamWSlot, AdamWStep, Gradient};
use crate::ops::attention::{AttentionSpec, AttentionState};
use crate::ops::capabilities::{Capabilities, DeviceMemory};
use crate::ops::class_targets::ClassTargets;
use crate::ops::dropout::RowDropout;
use crate::ops::encoder_ops::EncoderOps;
use crate::ops::forms::{ActivationForm, RotarySpec};
use crate::ops::gradient_norm::GradientNorm;
use crate::ops::precision::Precision;

type Outer<R> = FusionTensor<FusionCubeRuntime<R>>;

/// What runs when its turn comes: the kernels, from tensors of the backend inside to tensors of it.
type Body<R> = Box<dyn Fn(Vec<CubeTensor<R>>) -> Vec<CubeTensor<R>> + Send + Sync>;

struct Registered<R: CubeRuntime> {
    ir: CustomOpIr,
    body: Body<R>,
}

impl<R: CubeRuntime> fmt::Debug for Registered<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.ir.id)
    }
}

/// The element types do not matter for handles; these stand for all.
type Inside<R> = CubeBackend<R, f32, i32, u32>;

impl<R: CubeRuntime> Operation<FusionCubeRuntime<R>> for Registered<R> {
    fn execute(
        &self,
        handles: &mut HandleContainer<<FusionCubeRuntime<R> as burn_fusion::FusionRuntime>::FusionHandle>,
    ) {
        let inputs = self.ir.inputs.iter().map(|ir| handles.get_float_tensor::<Inside<R>>(ir)).collect();
        for (ir, output) in self.ir.outputs.iter().zip((self.body)(inputs)) {
            handles.register_float_tensor::<Inside<R>>(&ir.id, output);
        }
    }
}

fn register<R: CubeRuntime>(
    client: GlobalFusionClient<FusionCubeRuntime<R>>,
    id: &'static str,
    inputs: Vec<Outer<R>>,
    shapes: Vec<Shape>,
    body: Body<R>,
) -> Vec<Outer<R>> {
    let streams = OperationStreams::with_inputs(&inputs);
    let inputs: Vec<TensorIr> = inputs.into_iter().map(FusionTensor::into_ir).collect();
    let output = |shape| TensorIr::uninit(client.create_empty_handle(), shape, DType::F32);
    let outputs: Vec<TensorIr> = shapes.into_iter().map(output).collect();
    let ir = CustomOpIr::new(id, &inputs, &outputs);
    client.register(streams, OperationIr::Custom(ir.clone()), Registered { ir, body })
}

/// `N` things of a list that has as many: bodies are given the inputs, and give the outputs, that they are registered with.
fn exactly<const N: usize, T>(list: Vec<T>) -> [T; N] {
    match list.try_into() {
        Ok(array) => array,
        Err(_) => unreachable!("an operation has the tensors that it is registered with"),
    }
}

/// The next of a list that holds only what is there.
fn take<T>(is_there: bool, list: &mut impl Iterator<Item = T>) -> Option<T> {
    if is_there { list.next() } else { None }
}

/// Runs a body that takes `N` tensors and gives `M`, of the given shapes.
fn run<R: CubeRuntime, const N: usize, const M: usize>(
    id: &'static str,
    inputs: [Outer<R>; N],
    shapes: [Shape; M],
    body: impl Fn([CubeTensor<R>; N]) -> [CubeTensor<R>; M] + Send + Sync + 'static,
) -> [Outer<R>; M] {
    let client = inputs[0].client.clone();
    let body = Box::new(move |inputs| body(exactly(inputs)).into());
    exactly(register(client, id, inputs.into(), shapes.into(), body))
}

/// As [`run`], where one tensor is given.
fn run1<R: CubeRuntime, const N: usize>(
    id: &'static str,
    inputs: [Outer<R>; N],
    shape: impl Into<Shape>,
    body: impl Fn([CubeTensor<R>; N]) -> CubeTensor<R> + Send + Sync + 'static,
) -> Outer<R> {
    let [output] = run(id, inputs, [shape.into()], move |inputs| [body(inputs)]);
    output
}

impl<R: CubeRuntime, I: IntElement, B: BoolElement> EncoderOps for Fusion<CubeBackend<R, f32, I, B>> {
    fn fused_linear(x: Outer<R>, w: Outer<R>, b: Option<Outer<R>>, precision: Precision) -> Outer<R> {
        let shape = [x.shape()[0], w.shape()[0]];
        match b {
            Some(b) => run1("linear", [x, w, b], shape, move |[x, w, b]| linear::forward(x, w, Some(b), precision)),
            None => run1("linear", [x, w], shape, move |[x, w]| linear::forward(x, w, None, precision)),
        }
    }

    fn fused_linear_backward(
        x: Option<Outer<R>>,
        w: Option<Outer<R>>,
        g: Outer<R>,
        bias: bool,
        precision: Precision,
    ) -> [Option<Outer<R>>; 3] {
        let (client, [rows, outputs]) = (g.client.clone(), g.shape().dims());
        let shapes = [
            w.as_ref().map(|w| Shape::from([rows, w.shape()[1]])),
            x.as_ref().map(|x| Shape::from([outputs, x.shape()[1]])),
            bias.then(|| Shape::from([outputs])),
        ];
        let (has_x, has_w, asked) = (x.is_some(), w.is_some(), shapes.each_ref().map(Option::is_some));
        let body = move |inputs: Vec<CubeTensor<R>>| {
            let mut inputs = inputs.into_iter();
            let (Some(g), x, w) = (inputs.next(), take(has_x, &mut inputs), take(has_w, &mut inputs)) else {
                unreachable!("an operation has the tensors that it is registered with")
            };
            linear::backward(x, w, g, bias, precision).into_iter().flatten().collect()
        };
        let inputs = [Some(g), x, w].into_iter().flatten().collect();
        let shapes = shapes.into_iter().flatten().collect();
        let mut outputs = register(client, "linear backward", inputs, shapes, Box::new(body)).into_iter();
        asked.map(|asked| take(asked, &mut outputs))
    }

    fn matmul_f32(a: Outer<R>, b: Outer<R>) -> Outer<R> {
        let shape = matmul::product_shape(&a.shape(), &b.shape());
        run1("product", [a, b], shape, |[a, b]| matmul::exact(a, b))
    }

    fn fused_bias_activation(x: Outer<R>, b: Outer<R>, form: ActivationForm) -> (Outer<R>, Outer<R>) {
        let shapes = [x.shape(), x.shape()];
        run("gelu", [x, b], shapes, move |[x, b]| elementwise::bias_activation(x, b, form)).into()
    }

    fn fused_bias_activation_backward(sum: Outer<R>, g: Outer<R>, form: ActivationForm) -> [Outer<R>; 2] {
        let shapes = [sum.shape(), [sum.shape()[1]].into()];
        run("gelu backward", [sum, g], shapes, move |[sum, g]| elementwise::bias_activation_backward(sum, g, form))
    }

    fn fused_gated_activation(x: Outer<R>, form: ActivationForm) -> Outer<R> {
        let shape = [x.shape()[0], x.shape()[1] / 2];
        run1("gated gelu", [x], shape, move |[x]| elementwise::gated_activation(x, form))
    }

    fn fused_gated_activation_backward(x: Outer<R>, g: Outer<R>, form: ActivationForm) -> Outer<R> {
        let shape = x.shape();
        run1("gated gelu backward", [x, g], shape, move |[x, g]| elementwise::gated_activation_backward(x, g, form))
    }

    fn fused_rotary(qkv: Outer<R>, spec: &RotarySpec) -> Outer<R> {
        let (shape, spec) = (qkv.shape(), spec.clone());
        run1("rotary", [qkv], shape, move |[qkv]| rotary::turn(qkv, &spec))
    }

    fn fused_dropout(x: Outer<R>, dropout: &RowDropout) -> Outer<R> {
        let (shape, dropout) = (x.shape(), dropout.clone());
        run1("dropout", [x], shape, move |[x]| elementwise::dropout(x, &dropout))
    }

    fn fused_layer_norm(x: Outer<R>, gamma: Outer<R>, beta: Outer<R>, epsilon: f64) -> Outer<R> {
        let shape = x.shape();
        run1("norm", [x, gamma, beta], shape, move |[x, gamma, beta]| norm::forward(x, gamma, beta, epsilon))
    }

    fn fused_layer_norm_backward(x: Outer<R>, gamma: Outer<R>, g: Outer<R>, epsilon: f64) -> [Outer<R>; 3] {
        let shapes = [x.shape(), gamma.shape(), gamma.shape()];
        run("norm backward", [x, gamma, g], shapes, move |[x, gamma, g]| norm::backward(x, gamma, g, epsilon))
    }

    fn fused_add_norm(
        x: Outer<R>,
        b: Outer<R>,
        residual: Outer<R>,
        gamma: Outer<R>,
        beta: Outer<R>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> (Outer<R>, Outer<R>) {
        let (shapes, dropout) = ([x.shape(), x.shape()], dropout.clone());
        let body = move |[x, b, residual, gamma, beta]: [_; 5]| {
            norm::add_forward(x, b, residual, gamma, beta, epsilon, &dropout)
        };
        run("sum and norm", [x, b, residual, gamma, beta], shapes, body).into()
    }

    fn fused_add_norm_backward(
        sum: Outer<R>,
        gamma: Outer<R>,
        g: Outer<R>,
        epsilon: f64,
        dropout: &RowDropout,
    ) -> [Outer<R>; 5] {
        let (whole, vector, dropout) = (sum.shape(), gamma.shape(), dropout.clone());
        let shapes = [whole.clone(), vector.clone(), whole, vector.clone(), vector];
        let body = move |[sum, gamma, g]: [_; 3]| norm::add_backward(sum, gamma, g, epsilon, &dropout);
        run("sum and norm backward", [sum, gamma, g], shapes, body)
    }

    fn fused_embed(word: Outer<R>, position: Outer<R>, token_type: Outer<R>, batch: &TokenBatch) -> Outer<R> {
        let (shape, batch) = ([batch.input_ids.len(), word.shape()[1]], Arc::new(batch.clone()));
        let body = move |[word, position, segment]: [_; 3]| embed::forward(word, position, segment, &batch);
        run1("embed", [word, position, token_type], shape, body)
    }

    fn fused_embed_backward(g: Outer<R>, sizes: [usize; 2], batch: &TokenBatch) -> [Outer<R>; 3] {
        let (columns, batch) = (g.shape()[1], Arc::new(batch.clone()));
        let shapes = [batch.distinct_tokens().ids.len(), sizes[0], sizes[1]].map(|rows| [rows, columns].into());
        run("embed backward", [g], shapes, move |[g]| embed::backward(g, sizes, &batch))
    }

    fn fused_attention(qkv: Outer<R>, spec: &AttentionSpec) -> (Outer<R>, AttentionState<Outer<R>>) {
        let [rows, width] = [qkv.shape()[0], qkv.shape()[1]];
        let client = R::client(qkv.client.device());
        let Some([config, _]) = attention::configs(&client, width, spec) else {
            return (crate::ops::composed_attention::forward::<Self>(qkv, spec), None);
        };
        let spec = spec.clone();
        let shapes = [[rows, width / 3].into(), [rows, spec.heads].into()];
        let body = move |[qkv]: [_; 1]| attention::forward(&tensor::dense(qkv), &spec, config);
        let [out, logs] = run("attention", [qkv], shapes, body);
        (out.clone(), Some([out, logs]))
    }

    fn fused_attention_backward(
        qkv: Outer<R>,
        state: AttentionState<Outer<R>>,
        g: Outer<R>,
        spec: &AttentionSpec,
    ) -> Outer<R> {
        let client = R::client(qkv.client.device());
        let configs = attention::configs(&client, qkv.shape()[1], spec);
        let (Some([out, logs]), Some([_, config])) = (state, configs) else {
            return crate::ops::composed_attention::backward::<Self>(qkv, g, spec);
        };
        let (shape, spec) = (qkv.shape(), spec.clone());
        run1("attention backward", [qkv, out, logs, g], shape, move |[qkv, out, logs, g]| {
            attention::backward(&tensor::dense(qkv), [out, logs], &tensor::dense(g), &spec, config)
        })
    }

    fn attention_dropout_mask(spec: &AttentionSpec, device: &Self::Device) -> Outer<R> {
        let (client, spec, device) = (GlobalFusionClient::load(device), spec.clone(), device.clone());
        let (batch, len) = (spec.sequences.len(), spec.sequences.max_len());
        let shape = [batch, spec.heads, len, len].into();
        let body = move |_| vec![probability::factors::<R>(&spec, &device)];
        let [factors] = exactly(register(client, "probability factors", Vec::new(), vec![shape], Box::new(body)));
        factors
    }

    fn fused_cross_entropy(logits: Outer<R>, targets: &ClassTargets) -> Outer<R> {
        let targets = targets.clone();
        run1("cross-entropy", [logits], [1], move |[logits]| cross_entropy::forward(logits, &targets))
    }

    fn fused_cross_entropy_backward(logits: Outer<R>, g: Outer<R>, targets: &ClassTargets) -> Outer<R> {
        let (shape, targets) = (logits.shape(), targets.clone());
        let body = move |[logits, g]: [_; 2]| cross_entropy::backward(logits, g, &targets);
        run1("cross-entropy backward", [logits, g], shape, body)
    }

    fn fused_adamw(
        slots: Vec<AdamWSlot<Outer<R>>>,
        step: &AdamWStep,
        clip: Option<Outer<R>>,
    ) -> Vec<AdamWSlot<Outer<R>>> {
        slots.into_iter().map(|slot| step_slot(slot, *step, clip.clone())).collect()
    }

    fn gradient_norm(tensors: Vec<Outer<R>>) -> GradientNorm<Outer<R>> {
        let Some(client) = tensors.first().map(|x| x.client.clone()) else { return GradientNorm::Host(0.0) };
        let body = |inputs: Vec<_>| adamw::norm(inputs).into_iter().collect();
        let [norm] = exactly(register(client, "gradient norm", tensors, vec![[1].into()], Box::new(body)));
        GradientNorm::Device(norm)
    }

    fn supports_precision(precision: Precision, device: &Self::Device) -> Result<(), String> {
        CubeBackend::<R, f32, I, B>::supports_precision(precision, device)
    }

    fn memory_usage(device: &Self::Device) -> Option<DeviceMemory> {
        CubeBackend::<R, f32, I, B>::memory_usage(device)
    }

    fn capabilities() -> Capabilities {
        CAPABILITIES
    }
}

/// One parameter's step. Its rows are marked here: the operation runs later, on tensors alone.
fn step_slot<R: CubeRuntime>(
    mut slot: AdamWSlot<Outer<R>>,
    step: AdamWStep,
    clip: Option<Outer<R>>,
) -> AdamWSlot<Outer<R>> {
    slot.touch();
    let Some(gradient) = slot.gradient.take() else { return slot };
    let (client, rows) = (slot.parameter.client.clone(), gradient.rows);
    let shapes = vec![slot.parameter.shape(); 3];
    let mut inputs = vec![slot.parameter, slot.moments.0, slot.moments.1, gradient.values];
    inputs.extend(clip);
    let (weight_decay, learning_rate_scale) = (slot.weight_decay, slot.learning_rate_scale);
    let body = move |mut inputs: Vec<CubeTensor<R>>| {
        let clip = (inputs.len() > 4).then(|| inputs.pop()).flatten();
        let [parameter, first, second, values] = exactly(inputs);
        let gradient = Some(Gradient { values, rows: rows.clone() });
        let moments = (first, second);
        let touched = Vec::new();
        let slot = AdamWSlot { parameter, gradient, moments, learning_rate_scale, weight_decay, touched };
        let [slot] = exactly(adamw::step(vec![slot], &step, clip));
        vec![slot.parameter, slot.moments.0, slot.moments.1]
    };
    let [parameter, first, second] = exactly(register(client, "adamw", inputs, shapes, Box::new(body)));
    let moments = (first, second);
    AdamWSlot { parameter, gradient: None, moments, learning_rate_scale, weight_decay, touched: slot.touched }
}
