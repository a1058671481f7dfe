//! Descriptions of encoders: what a form of layer carries is what it applies, and parts that do not fit each other are refused
//! by name.

use burn_flex::Flex;
use models::activation::Activation;
use models::batch::TokenBatch;
use models::config::Config;
use models::encoder::architecture::{Architecture, Block, Distances, PostNorm, PreNormGated, Projection};
use models::encoder::family;
use models::ops::{DropoutPlan, GeluForm};

use crate::support::random_model;

fn architecture(fixture: &str) -> Architecture {
    let config = Config::read(&crate::support::fixture(&format!("families/{fixture}/config.json"))).expect(fixture);
    (family(&config).expect(fixture).architecture)(&config).expect(fixture)
}

fn post_norm(architecture: &mut Architecture) -> &mut PostNorm {
    match &mut architecture.block {
        Block::PostNorm(block) => block,
        Block::PreNormGated(_) => panic!("normalisation comes first"),
    }
}

fn pre_norm(architecture: &mut Architecture) -> &mut PreNormGated {
    match &mut architecture.block {
        Block::PostNorm(_) => panic!("normalisation comes last"),
        Block::PreNormGated(block) => block,
    }
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
fn what_layers_with_normalisation_last_carry_is_applied() {
    let changes: &[Change] = &[("activation", |a| post_norm(a).activation = Activation::Relu)];
    all_apply("roberta_pair", &DropoutPlan::evaluate(), changes);
    let without: Change = ("distances", |a| post_norm(a).distances = Distances::None);
    all_apply("mpnet_pair", &DropoutPlan::evaluate(), &[without]);
    all_apply("deberta_v3_pair", &DropoutPlan::evaluate(), &[without]);
    let dropout: Change = ("output_dropout", |a| post_norm(a).output_dropout = 0.5);
    all_apply("roberta_pair", &DropoutPlan::train(1, 1), &[dropout]);
}

#[test]
fn what_layers_with_normalisation_first_carry_is_applied() {
    let changes: &[Change] = &[
        ("gelu", |a| pre_norm(a).gelu = GeluForm::Tanh),
        ("rotary theta", |a| pre_norm(a).rotary.iter_mut().for_each(|layer| layer.theta = 100.0)),
        ("rotary window", |a| pre_norm(a).rotary.iter_mut().for_each(|layer| layer.window = Some(1))),
    ];
    all_apply("modernbert_pair", &DropoutPlan::evaluate(), changes);
    all_apply("modernbert_pair", &DropoutPlan::train(1, 1), &[("mlp_dropout", |a| pre_norm(a).mlp_dropout = 0.5)]);
}

#[test]
fn parts_that_do_not_fit_are_refused_by_name() {
    /// A fixture, what the message says, and the change that it is about.
    type Refused = (&'static str, &'static str, fn(&mut Architecture));
    let wrong: &[Refused] = &[
        ("modernbert_pair", "`block.rotary` is 3 layers long, expected num_layers (4)", |a| {
            pre_norm(a).rotary.truncate(3);
        }),
        ("modernbert_pair", "`layer_order` is [0, 1, 2, 2], expected each of the 4 layers once", |a| {
            a.layer_order[3] = 2
        }),
        ("modernbert_pair", "`hidden_size` is 20, expected an even number of columns for each head", |a| {
            (a.hidden_size, a.embeddings.size, a.num_attention_heads) = (20, 20, 4);
        }),
        ("roberta_pair", "`layer_order` is [], expected at least one", |a| a.layer_order.clear()),
        ("albert_pair", "all from 0 to below num_layers (1)", |a| a.layer_order[0] = 1),
        ("albert_pair", "`embeddings.size` is", |a| a.embeddings.projection = Projection::None),
        ("roberta_pair", "a multiple of num_attention_heads (7)", |a| a.num_attention_heads = 7),
    ];
    for (fixture, expected, change) in wrong {
        let mut changed = architecture(fixture);
        change(&mut changed);
        let error = changed.checked("num_attention_heads").expect_err(expected).to_string();
        assert!(error.contains(expected), "{fixture}: {error}");
    }
}
