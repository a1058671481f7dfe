//! Times forward and backward passes of a classifier with random weights: `step LAYERS HIDDEN HEADS FFN BATCH LEN`.

use std::collections::HashMap;
use std::time::Instant;

use burn::module::AutodiffModule;
use burn_autodiff::Autodiff;
use burn_flex::Flex;
use models::activation::Activation;
use models::batch::TokenBatch;
use models::encoder::bert::BertConfig;
use models::head::{SequenceClassifier, Targets, loss};
use models::ops::DropoutPlan;
use models::{parameters, torch_rng::TorchRng};

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    let n: Vec<usize> = std::env::args().skip(1).filter_map(|a| a.parse().ok()).collect();
    let [layers, hidden, heads, ffn, batch, len] = n[..] else {
        return eprintln!("step LAYERS HIDDEN HEADS FFN BATCH LEN");
    };
    let config = BertConfig {
        vocab_size: 30522,
        hidden_size: hidden,
        num_hidden_layers: layers,
        num_attention_heads: heads,
        intermediate_size: ffn,
        hidden_act: Activation::Gelu,
        hidden_dropout_prob: 0.1,
        attention_probs_dropout_prob: 0.1,
        classifier_dropout: 0.1,
        max_position_embeddings: 512,
        type_vocab_size: 2,
        layer_norm_eps: 1e-12,
    };
    let model = SequenceClassifier::<Autodiff<Flex>>::zeros(config, 2, &Default::default());
    let mut rng = TorchRng::new(0);
    let values: HashMap<_, _> = parameters::shapes(&model)
        .into_iter()
        .map(|(path, shape)| (path, rng.normal(shape.iter().product(), 0.02)))
        .collect();
    let model = parameters::write(model, values);
    let ids: Vec<u32> = (0..len).map(|i| (i * 37 % 30000) as u32).collect();
    let types = vec![0u8; len];
    let rows: Vec<(&[u32], &[u8])> = (0..batch).map(|_| (&ids[..], &types[..])).collect();
    let tokens = TokenBatch::new(&rows, 0, None, 0);
    let targets = Targets::Classes((0..batch).map(|i| i % 2).collect());
    let (mut forward, mut backward, mut inference) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..8 {
        let t = Instant::now();
        let loss = loss(model.forward(&tokens, &mut DropoutPlan::train(1, step)), &targets, batch);
        forward.push(t.elapsed().as_secs_f64());
        let t = Instant::now();
        let grads = loss.backward();
        drop(grads);
        backward.push(t.elapsed().as_secs_f64());
    }
    let valid = model.valid();
    for _ in 0..8 {
        let t = Instant::now();
        let _kept = valid.forward(&tokens, &mut DropoutPlan::evaluate());
        inference.push(t.elapsed().as_secs_f64());
    }
    let median = |v: &mut Vec<f64>| {
        v.remove(0);
        v.sort_by(f64::total_cmp);
        v[v.len() / 2] * 1e3
    };
    println!(
        "forward {:.1} ms backward {:.1} ms inference {:.1} ms",
        median(&mut forward),
        median(&mut backward),
        median(&mut inference)
    );
}
