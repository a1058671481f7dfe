//! Logits of a checkpoint in transformers' form, on the CPU:
//! `cargo run --release -p run-glue-models --example logits [FOLDER [ID ...]]`. The folder holds config.json and the weights; without one,
//! a small BERT of the tests is read. Each id is a token, special ones included (`101 7592 102` for BERT).

use std::error::Error;
use std::path::{Path, PathBuf};

use models::backends::Flex;
use models::batch::TokenBatch;
use models::checkpoint::{HeadUse, LoadOptions, WeightFiles, load};
use models::config::Config;
use models::encoder::family;
use models::head::SequenceClassifier;
use models::ops::{DropoutPlan, Precision};
use models::torch_rng::TorchRng;

/// `[CLS] a [SEP]` and `[CLS] a [SEP] b [SEP]` as the tests' BERT numbers them. transformers' logits of the first are
/// -0.4661 and 0.2293, of the second 0.6942 and -1.2976.
const SINGLE: [u32; 6] = [5, 88, 105, 110, 8, 6];
const PAIR: [u32; 12] = [5, 99, 101, 103, 6, 100, 102, 104, 20, 78, 17, 6];
const PAIR_TYPES: [u8; 12] = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1, 1];

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../run-glue/tests/fixtures/logits/uncased_2");
    let folder = arguments.next().map_or(fixture, PathBuf::from);
    let ids = arguments.map(|id| id.parse()).collect::<Result<Vec<u32>, _>>()?;

    // What config.json says becomes an encoder, whose parameters are then filled by the tensors of the checkpoint.
    let config = Config::read(&folder.join("config.json"))?;
    let family = family(&config)?;
    let architecture = (family.architecture)(&config)?;
    let device = Default::default();
    let padding_rows = architecture.embeddings.padding_rows();
    let empty = SequenceClassifier::<Flex>::zeros(architecture, config.num_labels(), Precision::F32, &device);
    let options = LoadOptions {
        model_type: family.model_type.to_owned(),
        prefix: family.prefix,
        initializer_range: family.initializer_range(&config)?,
        padding_rows,
        head: HeadUse::MustFit,
    };
    let (model, report) = load(
        empty,
        &(family.parameter_specs)(&config)?,
        &WeightFiles::find(&folder)?,
        &options,
        &mut TorchRng::new(42),
    )?;
    if report.new_head() {
        eprintln!("the checkpoint has no classifier: its logits are those of random weights");
    }

    let single_types = vec![0; ids.len().max(SINGLE.len())];
    let rows: Vec<(&[u32], &[u8])> = match ids.as_slice() {
        [] => vec![(&SINGLE, &single_types), (&PAIR, &PAIR_TYPES)],
        ids => vec![(ids, &single_types)],
    };
    let batch = TokenBatch::new(&rows, 0, None, 0);
    let logits = model.forward(&batch, &mut DropoutPlan::evaluate());
    let [_, classes] = logits.dims();
    let values: Vec<f32> = logits.into_data().iter().collect();
    for ((ids, _), row) in rows.iter().zip(values.chunks(classes)) {
        println!("{ids:?}: {row:.4?}");
    }
    Ok(())
}
