//! Activations of [`super::EncoderOps`]' default bodies, with a bias and with a gate.

use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;
use burn::tensor::{Tensor, activation};

use super::forms::ActivationForm;
use super::primitive::{raw, wrap};

/// Φ(x), the standard normal distribution function.
fn normal_cdf<B: Backend, const D: usize>(x: Tensor<B, D>) -> Tensor<B, D> {
    (x * std::f64::consts::FRAC_1_SQRT_2).erf().add_scalar(1.0).mul_scalar(0.5)
}

/// 2 sqrt(2 / pi) and the cubic's factor of [`ActivationForm::GeluTanh`].
const TANH: [f64; 2] = [std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::SQRT_2, 0.044_715];

/// What x is multiplied with.
fn activation_factor<B: Backend, const D: usize>(x: Tensor<B, D>, form: ActivationForm) -> Tensor<B, D> {
    match form {
        ActivationForm::Gelu => normal_cdf(x),
        ActivationForm::Silu => activation::sigmoid(x),
        ActivationForm::Relu => x.greater_elem(0.0).float(),
        // (1 + tanh(u)) / 2 is the logistic function of 2 u.
        ActivationForm::GeluTanh => activation::sigmoid((x.clone() + x.clone() * x.clone() * x * TANH[1]) * TANH[0]),
    }
}

fn activated<B: Backend, const D: usize>(x: Tensor<B, D>, form: ActivationForm) -> Tensor<B, D> {
    x.clone() * activation_factor(x, form)
}

/// The derivative of [`activated`].
fn activation_slope<B: Backend, const D: usize>(s: Tensor<B, D>, form: ActivationForm) -> Tensor<B, D> {
    let factor = activation_factor(s.clone(), form);
    let slope = match form {
        ActivationForm::Silu => factor.clone() * factor.clone().neg().add_scalar(1.0),
        ActivationForm::Relu => return factor,
        ActivationForm::Gelu => {
            let peak = 0.5 * std::f64::consts::FRAC_2_SQRT_PI * std::f64::consts::FRAC_1_SQRT_2;
            (s.clone() * s.clone() * -0.5).exp() * peak
        }
        ActivationForm::GeluTanh => {
            let inner = (s.clone() * s.clone() * (3.0 * TANH[1])).add_scalar(1.0) * TANH[0];
            factor.clone() * factor.clone().neg().add_scalar(1.0) * inner
        }
    };
    factor + s * slope
}

pub(super) fn bias_activation<B: Backend>(
    x: FloatTensor<B>,
    b: FloatTensor<B>,
    form: ActivationForm,
) -> (FloatTensor<B>, FloatTensor<B>) {
    let sum = wrap::<B, 2>(x) + wrap::<B, 1>(b).unsqueeze();
    (raw(activated(sum.clone(), form)), raw(sum))
}

pub(super) fn bias_activation_backward<B: Backend>(
    sum: FloatTensor<B>,
    g: FloatTensor<B>,
    form: ActivationForm,
) -> [FloatTensor<B>; 2] {
    let dx = raw(wrap::<B, 2>(g) * activation_slope(wrap(sum), form));
    [dx.clone(), raw(wrap::<B, 2>(dx).sum_dim(0).squeeze_dim::<1>(0))]
}

/// `activation(x[:, ..n]) x[:, n..]` of `[rows, 2 n]`.
pub(super) fn gated_activation<B: Backend>(x: FloatTensor<B>, form: ActivationForm) -> FloatTensor<B> {
    let x: Tensor<B, 2> = wrap(x);
    let n = x.dims()[1] / 2;
    let (input, gate) = (x.clone().narrow(1, 0, n), x.narrow(1, n, n));
    raw(activated(input, form) * gate)
}

pub(super) fn gated_activation_backward<B: Backend>(
    x: FloatTensor<B>,
    g: FloatTensor<B>,
    form: ActivationForm,
) -> FloatTensor<B> {
    let (x, g): (Tensor<B, 2>, Tensor<B, 2>) = (wrap(x), wrap(g));
    let n = g.dims()[1];
    let (input, gate) = (x.clone().narrow(1, 0, n), x.narrow(1, n, n));
    let of_input = g.clone() * gate * activation_slope(input.clone(), form);
    raw(Tensor::cat(vec![of_input, g * activated(input, form)], 1))
}
