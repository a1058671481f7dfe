//! Norms of heads, of norms of rows.

use burn::tensor::Tensor;
use burn::tensor::backend::Backend;
use burn::tensor::ops::FloatTensor;

use super::forms::HeadNormSpec;
use super::primitive::{raw, wrap};

/// `columns` of them from `first` on, a row a head: `[rows * heads, head]`.
fn heads<B: Backend>(qkv: &Tensor<B, 2>, first: usize, columns: usize, head: usize) -> FloatTensor<B> {
    let [rows, _] = qkv.dims();
    raw(qkv.clone().narrow(1, first, columns).reshape([rows * columns / head, head]))
}

/// Queries and keys, a row a head each, and values as they are, side by side as they were.
fn together<B: Backend>(
    parts: [FloatTensor<B>; 2],
    qkv: Tensor<B, 2>,
    HeadNormSpec { queries, keys, .. }: HeadNormSpec,
) -> FloatTensor<B> {
    let [rows, width] = qkv.dims();
    let [of_queries, of_keys] = parts.map(wrap::<B, 2>);
    let values = qkv.narrow(1, queries + keys, width - queries - keys);
    raw(Tensor::cat(vec![of_queries.reshape([rows, queries]), of_keys.reshape([rows, keys]), values], 1))
}

/// Heads normalised by `norm`, a norm of rows.
pub(super) fn head_norm<B: Backend>(
    qkv: FloatTensor<B>,
    gammas: [FloatTensor<B>; 2],
    spec: HeadNormSpec,
    norm: impl Fn(FloatTensor<B>, FloatTensor<B>) -> FloatTensor<B>,
) -> FloatTensor<B> {
    let qkv: Tensor<B, 2> = wrap(qkv);
    let [of_queries, of_keys] = gammas;
    let [head] = wrap::<B, 1>(of_queries.clone()).dims();
    let queries = norm(heads(&qkv, 0, spec.queries, head), of_queries);
    let keys = norm(heads(&qkv, spec.queries, spec.keys, head), of_keys);
    together([queries, keys], qkv, spec)
}

/// The gradients, by those of the norm: of its input and of gamma.
pub(super) fn head_norm_backward<B: Backend>(
    qkv: FloatTensor<B>,
    gammas: [FloatTensor<B>; 2],
    g: FloatTensor<B>,
    spec: HeadNormSpec,
    norm_backward: impl Fn(FloatTensor<B>, FloatTensor<B>, FloatTensor<B>) -> [FloatTensor<B>; 2],
) -> [FloatTensor<B>; 3] {
    let (qkv, g): (Tensor<B, 2>, Tensor<B, 2>) = (wrap(qkv), wrap(g));
    let [of_queries, of_keys] = gammas;
    let [head] = wrap::<B, 1>(of_queries.clone()).dims();
    let backward = |first, columns, gamma| {
        norm_backward(heads(&qkv, first, columns, head), gamma, heads(&g, first, columns, head))
    };
    let [queries, query_gamma] = backward(0, spec.queries, of_queries);
    let [keys, key_gamma] = backward(spec.queries, spec.keys, of_keys);
    [together([queries, keys], g, spec), query_gamma, key_gamma]
}
