//! Descriptions of encoders: what a form of layer carries is what it applies, and parts that do not fit each other are refused
//! by name.

use burn_flex::Flex;
use models::activation::Activation;
use models::batch::TokenBatch;
use models::config::Config;
use models::encoder::architecture::{
    Architecture, Block, Buckets, Convolution, Disentangled, Distances, Pooling, PositionTerms, Projection,
};
use models::encoder::family;
use models::layers::NormForm;
use models::ops::{DropoutPlan, Rotary};

use crate::support::random_model;

fn architecture(fixture: &str) -> Architecture {
    let config = Config::read(&crate::support::fixture(&format!("families/{fixture}/config.json"))).expect(fixture);
    (family(&config).expect(fixture).architecture)(&config).expect(fixture)
}

/// Logits with weights that depend on the parameters' shapes alone.
fn logits(architecture: Architecture, mut plan: DropoutPlan) -> Vec<f32> {
    let model = random_model::<Flex>(architecture);
    let ids: Vec<u32> = (0..14).map(|i| 4 + i * 5 % 23).collect();
    let types = vec![0; ids.len()];
    let batch = TokenBatch::new(&[(&ids, &types), (&ids[..5], &types[..5])], 1, None, 0);
    model.forward(&batch, &mut plan).into_data().iter::<f32>().collect()
}

/// What changes one field of a description, by the field's name.
type Change = (&'static str, fn(&mut Architecture));

/// Each change of a description changes what is computed.
fn all_apply(fixture: &str, plan: &DropoutPlan, changes: &[Change]) {
    let plain = logits(architecture(fixture), plan.clone());
    for (field, change) in changes {
        let mut changed = architecture(fixture);
        change(&mut changed);
        let changed = changed.checked("num_attention_heads").unwrap_or_else(|e| panic!("{fixture}, {field}: {e}"));
        assert_ne!(plain, logits(changed, plan.clone()), "{fixture}: {field} is not applied");
    }
}

#[test]
fn what_a_description_says_is_applied() {
    let changes: &[Change] = &[
        ("activation", |a| a.feed_forward.activation = Activation::Relu),
        ("block", |a| a.block = Block::PreNorm { first_attention: true }),
        ("block", |a| a.block = Block::Parallel),
        ("block", |a| a.block = Block::Sandwich),
        ("convolution", |a| a.convolution = Some(convolution(1))),
        ("norm", |a| a.norm = NormForm::Rms),
        ("norm", |a| a.norm = NormForm::RmsOfOnePlus),
        ("embeddings.scale", |a| a.embeddings.scale = Some(2.0)),
        ("embeddings.norm", |a| a.embeddings.norm = false),
        ("embeddings.task_types", |a| a.embeddings.task_types = Some(2)),
        ("attention.causal", |a| a.attention.causal = true),
        ("attention.scale", |a| a.attention.scale = 0.01),
        ("attention.softcap", |a| a.attention.softcap = Some(0.1)),
        ("attention.key_value_heads", |a| a.attention.key_value_heads = 1),
        ("attention.query_value_bias", |a| a.attention.query_value_bias = true),
        ("attention.query_key_norm", |a| a.attention.query_key_norm = true),
        ("attention.by_head", |a| a.attention.by_head = true),
        ("attention.layers.window", |a| a.attention.layers[0].window = Some(1)),
        ("attention.layers.scale", |a| a.attention.layers[0].scale = Some(0.01)),
        ("attention.layers.rotary", |a| a.attention.layers[0].rotary = Some(Rotary::new(100.0, 4))),
        ("feed_forward.gated", |a| a.feed_forward.gated = true),
        ("head.pooling", |a| a.head.pooling = Pooling::Mean),
        ("head.pooling", |a| a.head.pooling = Pooling::MeanOfDense),
        ("head.pooling", |a| a.head.pooling = Pooling::Last { padding: None }),
        ("head.dense", |a| a.head.dense = None),
    ];
    all_apply("roberta_pair", &DropoutPlan::evaluate(), changes);
    let without: Change = ("distances", |a| a.attention.distances = Distances::None);
    all_apply("mpnet_pair", &DropoutPlan::evaluate(), &[without]);
    let of_positions: &[Change] = &[
        without,
        ("terms", |a| disentangle(a, |d| d.terms = PositionTerms::ContentToPosition)),
        ("terms", |a| disentangle(a, |d| d.terms = PositionTerms::PositionToContent)),
        ("share_att_key", |a| disentangle(a, |d| d.share_att_key = false)),
    ];
    all_apply("deberta_v3_pair", &DropoutPlan::evaluate(), of_positions);
    let of_convolution: &[Change] = &[
        ("kernel_size", |a| a.convolution = Some(convolution(1))),
        ("groups", |a| a.convolution = Some(Convolution { groups: 2, ..convolution(3) })),
        ("activation", |a| a.convolution = Some(Convolution { activation: Activation::Relu, ..convolution(3) })),
    ];
    all_apply("deberta_v2_conv_pair", &DropoutPlan::evaluate(), of_convolution);
    let of_decoder: &[Change] = &[
        ("distances", |a| a.attention.distances = Distances::None),
        ("distances.max_distance", |a| buckets(a).max_distance = 9),
        ("distances.of_each_layer", |a| buckets(a).of_each_layer = true),
        ("decoder", |a| a.decoder = None),
        ("decoder.start", |a| a.decoder.as_mut().unwrap().start = 3),
        ("decoder.first_layer", |a| a.decoder.as_mut().unwrap().first_layer = 1),
        ("attention.scale", |a| a.attention.scale = 0.01),
        ("head.pooling", |a| a.head.pooling = Pooling::LastOf { token: 14 }),
    ];
    all_apply("t5_pair", &DropoutPlan::evaluate(), of_decoder);
    let of_rotary: &[Change] = &[
        ("theta", |a| turn(a, |_| Rotary::new(100.0, 8))),
        ("factor", |a| turn(a, |rotary| Rotary { factor: 2.0, ..rotary })),
        ("interleaved", |a| turn(a, |rotary| Rotary { interleaved: true, ..rotary })),
        ("columns", |a| turn(a, |_| Rotary::new(10_000.0, 4))),
    ];
    all_apply("modernbert_pair", &DropoutPlan::evaluate(), of_rotary);
}

fn convolution(kernel_size: usize) -> Convolution {
    Convolution { kernel_size, groups: 1, activation: Activation::Tanh }
}

/// Another description of relative positions.
fn disentangle(architecture: &mut Architecture, change: impl Fn(&mut Disentangled)) {
    if let Distances::Disentangled(d) = &mut architecture.attention.distances {
        change(d);
    }
}

fn buckets(architecture: &mut Architecture) -> &mut Buckets {
    match &mut architecture.attention.distances {
        Distances::Buckets(buckets) => buckets,
        other => panic!("{other:?}"),
    }
}

/// Other rotary positions in all layers.
fn turn(architecture: &mut Architecture, change: impl Fn(Rotary) -> Rotary) {
    let layers = architecture.attention.layers.iter_mut();
    layers.for_each(|layer| layer.rotary = layer.rotary.clone().map(&change));
}

#[test]
fn dropout_is_applied_in_every_block() {
    let dropouts: &[Change] = &[
        ("embeddings", |a| a.dropout.embeddings = 0.5),
        ("attention", |a| a.dropout.attention = 0.5),
        ("attention_output", |a| a.dropout.attention_output = 0.5),
        ("inner", |a| a.dropout.inner = 0.5),
        ("output", |a| a.dropout.output = 0.5),
    ];
    for fixture in ["roberta_pair", "modernbert_pair", "gpt_neox_pair", "gemma2_pair", "gpt2_pair", "t5_pair"] {
        all_apply(fixture, &DropoutPlan::train(1, 1), dropouts);
    }
    let of_stacks: Change = ("decoder.output_dropout", |a| a.decoder.as_mut().unwrap().output_dropout = 0.5);
    all_apply("t5_pair", &DropoutPlan::train(1, 1), &[of_stacks]);
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    /// A fixture, what the message says, and the change that it is about.
    type Refused = (&'static str, &'static str, fn(&mut Architecture));
    let wrong: &[Refused] = &[
        ("modernbert_pair", "`attention.layers` is 3 layers long, expected num_layers (4)", |a| {
            a.attention.layers.truncate(3);
        }),
        ("modernbert_pair", "`layer_order` is [0, 1, 2, 2], expected each of the 4 layers once", |a| {
            a.layer_order[3] = 2
        }),
        ("modernbert_pair", "`hidden_size` is 16, expected heads of 8 columns or more, which positions turn", |a| {
            a.attention.head_dim = 4;
        }),
        ("roberta_pair", "`attention.key_value_heads` is 0, expected a divisor of heads (2)", |a| {
            a.attention.key_value_heads = 0;
        }),
        ("llama_pair", "`attention.key_value_heads` is 3, expected a divisor of heads (4)", |a| {
            a.attention.key_value_heads = 3;
        }),
        ("roberta_pair", "`layer_order` is [], expected at least one", |a| a.layer_order.clear()),
        ("albert_pair", "all from 0 to below num_layers (1)", |a| a.layer_order[0] = 1),
        ("albert_pair", "`embeddings.size` is", |a| a.embeddings.projection = Projection::None),
        ("t5_pair", "`decoder` is from layer 5 on, expected one of layers 1 to 4", |a| {
            a.decoder.as_mut().unwrap().first_layer = 5;
        }),
        ("t5_pair", "all of them with normalisations first", |a| a.block = Block::Sandwich),
        ("roberta_pair", "a multiple of num_attention_heads (7)", |a| {
            (a.attention.heads, a.attention.head_dim) = (7, 2);
        }),
    ];
    for (fixture, expected, change) in wrong {
        let mut changed = architecture(fixture);
        change(&mut changed);
        let error = changed.checked("num_attention_heads").expect_err(expected).to_string();
        assert!(error.contains(expected), "{fixture}: {error}");
    }
}
