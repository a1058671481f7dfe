//! Every family against transformers (`scripts/fixtures/families.py`): logits, losses, the gradient of every parameter, and
//! the heads that are drawn.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use burn::module::AutodiffModule;
use models::batch::TokenBatch;
use models::checkpoint::{
    CheckpointError, HeadUse, LoadOptions, LoadReport, WeightFiles, load, read_safetensors, save, write_safetensors,
};
use models::config::Config;
use models::encoder::{FAMILIES, Family, family};
use models::head::{SequenceClassifier, loss};
use models::ops::{DropoutPlan, Precision};
use models::parameter_specs::ParameterSpec;
use models::parameters::HostTensor;
use models::torch_rng::TorchRng;
use serde_json::{Value, json};

use crate::support::{Ad, fixture, fixtures_in, gradients, integers, mean, numbers, targets};

/// Largest absolute difference of a logit; most are a hundred times nearer.
const LOGITS: f64 = 5e-5;
/// Largest difference of a gradient, of its norm.
const GRADIENTS: f64 = 1e-4;

struct Case {
    name: String,
    folder: PathBuf,
    family: &'static Family,
    config: Config,
    names: Vec<ParameterSpec>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let case = |name: String| {
        let folder = fixture("families").join(&name);
        let config = Config::read(&folder.join("config.json")).expect(&name);
        let family = family(&config).expect(&name);
        let names = (family.parameter_specs)(&config).expect(&name);
        let expected = serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).expect(&name);
        Case { name, folder, family, config, names, expected }
    };
    fixtures_in("families").into_iter().map(case).collect()
}

impl Case {
    fn num_labels(&self) -> usize {
        self.expected["num_labels"].as_u64().unwrap() as usize
    }

    fn open(&self, folder: &Path, seed: u64) -> Result<(SequenceClassifier<Ad>, LoadReport), CheckpointError> {
        let architecture = (self.family.architecture)(&self.config).expect(&self.name);
        let padding_rows = architecture.embeddings.padding_rows();
        let model = SequenceClassifier::zeros(architecture, self.num_labels(), Precision::F32, &Default::default());
        let files = WeightFiles::find(folder)?;
        let options = LoadOptions {
            model_type: self.family.model_type.to_owned(),
            prefix: self.family.prefix,
            initializer_range: 0.02,
            padding_rows,
            head: HeadUse::MustFit,
        };
        load(model, &self.names, &files, &options, &mut TorchRng::new(seed))
    }

    /// The id of the padding token, where it matters.
    fn padding(&self) -> u32 {
        self.expected["pad_token_id"].as_u64().unwrap_or(1) as u32
    }

    fn batches(&self) -> &[Value] {
        self.expected["batches"].as_array().unwrap()
    }
}

/// A fixture's batch, packed or padded.
fn batch(case: &Value, padding: u32, pad_to: Option<usize>) -> TokenBatch {
    let ids = integers(&case["input_ids"]);
    let types: Vec<Vec<u8>> =
        integers(&case["token_type_ids"]).iter().map(|row| row.iter().map(|&t| t as u8).collect()).collect();
    let rows: Vec<(&[u32], &[u8])> = ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
    TokenBatch::new(&rows, padding, pad_to, 0)
}

#[test]
fn every_family_has_fixtures() {
    let cases = cases();
    for family in FAMILIES.iter().filter(|family| family.model_type != "bert") {
        assert!(cases.iter().any(|case| case.family.model_type == family.model_type), "{}", family.model_type);
    }
}

#[test]
fn logits_and_losses_are_transformers() {
    for case in cases() {
        let (model, report) = case.open(&case.folder, 1).unwrap_or_else(|e| panic!("{}: {e}", case.name));
        assert!(report.initialized.is_empty() && report.unused.is_empty(), "{}: {report:?}", case.name);
        let counted: usize =
            models::parameters::shapes(&model).iter().map(|(_, shape)| shape.iter().product::<usize>()).sum();
        let parameters = model.encoder.architecture().parameters(case.num_labels());
        assert_eq!(parameters.total, counted, "{}", case.name);
        let evaluated = model.valid();
        let mut worst: f64 = 0.0;
        for rows in case.batches() {
            for pad_to in [None, Some(0), Some(130)] {
                let logits = evaluated.forward(&batch(rows, case.padding(), pad_to), &mut DropoutPlan::evaluate());
                let logits: Vec<f64> = logits.to_data().iter::<f64>().collect();
                let expected = numbers(&rows["logits"]);
                assert_eq!(logits.len(), expected.len(), "{}", case.name);
                worst = logits.iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(worst, f64::max);
            }
            let targets = targets(rows, case.num_labels());
            let logits = model.forward(&batch(rows, case.padding(), None), &mut DropoutPlan::evaluate());
            let ours: f64 = loss(logits, &targets, mean(&targets)).into_data().iter::<f64>().sum();
            let wanted = rows["loss"].as_f64().unwrap();
            assert!((ours - wanted).abs() <= LOGITS * wanted.abs().max(1.0), "{}: loss {ours}, {wanted}", case.name);
        }
        println!("{}: largest difference of logits {worst:.1e}", case.name);
        assert!(worst <= LOGITS, "{}: {worst}", case.name);
    }
}

fn norm(values: impl Iterator<Item = f64>) -> f64 {
    values.map(|v| v * v).sum::<f64>().sqrt()
}

#[test]
fn gradients_of_every_parameter_are_transformers() {
    for case in cases() {
        let (model, _) = case.open(&case.folder, 1).unwrap();
        let rows = case.batches().last().unwrap();
        let targets = targets(rows, case.num_labels());
        let reference: HashMap<String, Vec<f32>> = match case.folder.join("gradients.safetensors") {
            path if path.is_file() => {
                read_safetensors(&path).unwrap().into_iter().map(|(name, tensor)| (name, tensor.values)).collect()
            }
            _ => HashMap::new(),
        };
        let norms = case.expected["gradient_norms"].as_object().unwrap();
        let total = norm(norms.values().map(|v| v.as_f64().unwrap()));
        for pad_to in [None, Some(0)] {
            let logits = model.forward(&batch(rows, case.padding(), pad_to), &mut DropoutPlan::train(1, 1));
            let grads = loss(logits, &targets, mean(&targets)).backward();
            let mut found = gradients(&model, &grads);
            // A table's second row that no token uses has none.
            for (path, shape) in models::parameters::shapes(&model) {
                found.entry(path).or_insert_with(|| vec![0.0; shape.iter().product()]);
            }
            // The words' table has the gradient of the batch's own rows, in their order.
            let size = (case.family.architecture)(&case.config).unwrap().embeddings.size;
            let words = found.get_mut("encoder.word_embeddings").unwrap();
            let mut whole = vec![0.0; case.config.count("vocab_size").unwrap() * size];
            let read = model.encoder.reading(&batch(rows, case.padding(), pad_to));
            for (&id, row) in read.distinct_tokens().ids.iter().zip(words.chunks(size)) {
                whole[id as usize * size..][..size].copy_from_slice(row);
            }
            *words = whole;
            let (mut compared, mut worst) = (0, 0.0f64);
            let shapes: HashMap<_, _> = models::parameters::shapes(&model).into_iter().collect();
            for entry in &case.names {
                let whole = HostTensor {
                    shape: shapes[&entry.parameter].clone(),
                    values: found.remove(&entry.parameter).expect(&entry.parameter),
                };
                for (tensor, piece) in entry.tensors.iter().zip(entry.pieces()) {
                    let HostTensor { shape, values } = piece.read(&whole);
                    let piece = entry.turned(values, &shape);
                    let full = entry.full_name(tensor, case.family.prefix);
                    let wanted = norms.get(&full).unwrap_or_else(|| panic!("{}: {full}", case.name)).as_f64().unwrap();
                    let ours = norm(piece.iter().map(|&v| f64::from(v)));
                    // A key's bias has no influence on the loss: its gradient is rounding noise.
                    let allowed = GRADIENTS * wanted + 1e-6 * total;
                    assert!((ours - wanted).abs() <= allowed, "{} {full}: {ours}, expected {wanted}", case.name);
                    if let Some(reference) = reference.get(&full) {
                        let pairs = piece.iter().zip(reference);
                        let gap = norm(pairs.map(|(&a, &b)| f64::from(a) - f64::from(b)));
                        assert!(gap <= allowed, "{} {full}: differs by {gap} of {wanted}", case.name);
                        worst = worst.max(gap / (wanted + 1e-2 * total));
                    }
                    compared += 1;
                }
            }
            assert_eq!(compared, norms.len(), "{}: number of tensors", case.name);
            if !reference.is_empty() {
                println!("{}: largest relative difference of a gradient {worst:.1e}", case.name);
            }
        }
    }
}

#[test]
fn the_same_parameters_decay() {
    for case in cases().iter().filter(|case| case.expected["no_decay"].is_array()) {
        let spared = case.names.iter().filter(|entry| !entry.decay);
        let mut ours: Vec<String> = spared
            .flat_map(|entry| {
                entry.tensors.iter().map(|tensor| entry.full_name(tensor, case.family.prefix)).collect::<Vec<_>>()
            })
            .collect();
        ours.sort();
        let theirs: Vec<&str> =
            case.expected["no_decay"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(ours, theirs, "{}", case.name);
    }
}

#[test]
fn drawn_heads_are_transformers() {
    let mut seen = 0;
    for case in cases() {
        for drawn in case.expected["drawn"].as_array().into_iter().flatten() {
            let missing: Vec<&str> = drawn["missing"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
            let folder = tempfile::tempdir().unwrap();
            let mut tensors = read_safetensors(&case.folder.join("model.safetensors")).unwrap();
            tensors.retain(|name, _| !missing.contains(&name.as_str()));
            let tensors: Vec<_> = tensors.into_iter().collect();
            write_safetensors(&folder.path().join("model.safetensors"), &tensors).unwrap();
            let (model, report) = case.open(folder.path(), drawn["seed"].as_u64().unwrap()).unwrap();
            assert_eq!(report.initialized.len(), missing.len(), "{}: {:?}", case.name, report.initialized);
            let values: HashMap<_, _> = models::parameters::read(&model).into_iter().collect();
            for entry in &case.names {
                let [tensor] = entry.tensors.as_slice() else { continue };
                if let Some(wanted) = drawn["values"].get(entry.full_name(tensor, case.family.prefix)) {
                    let wanted: Vec<f32> = numbers(wanted).into_iter().map(|v| v as f32).collect();
                    assert_eq!(values[&entry.parameter].values, wanted, "{}: {tensor}", case.name);
                    seen += 1;
                }
            }
        }
    }
    assert!(seen > 30, "{seen} drawn tensors were compared");
}

/// GTE's files as its authors call what is in them, and as transformers saves a model that it read from those.
#[test]
fn files_of_gte_say_new_in_two_ways() {
    let cases = cases();
    let case = cases.iter().find(|case| case.name == "gte_cls").unwrap();
    let (usual, _) = case.open(&case.folder, 1).unwrap();
    let tensors = read_safetensors(&case.folder.join("model.safetensors")).unwrap();
    let of_authors =
        |name: &str| name.strip_prefix("gte.").map_or_else(|| name.to_owned(), |name| format!("new.{name}"));
    let saved_again = |name: &str| format!("new.{name}");
    for renamed in [&of_authors as &dyn Fn(&str) -> String, &saved_again] {
        let folder = tempfile::tempdir().unwrap();
        let tensors: Vec<_> = tensors.iter().map(|(name, tensor)| (renamed(name), tensor.clone())).collect();
        write_safetensors(&folder.path().join("model.safetensors"), &tensors).unwrap();
        let (model, report) = case.open(folder.path(), 1).unwrap();
        assert!(report.initialized.is_empty() && report.unused.is_empty(), "{report:?}");
        assert!(models::parameters::read(&model) == models::parameters::read(&usual));
        assert!(WeightFiles::find(folder.path()).unwrap().have_head().unwrap());
    }
}

/// What would change the numbers and is not implemented is refused by its name, never run as something else.
#[test]
fn switches_that_are_not_implemented_are_refused_by_name() {
    let refused: &[(&str, &str, Value)] = &[
        ("roberta_pair", "position_embedding_type", json!("relative_key")),
        ("electra_pair", "position_embedding_type", json!("relative_key_query")),
        ("roberta_pair", "is_decoder", json!(true)),
        ("camembert_pair", "add_cross_attention", json!(true)),
        ("xlm_roberta_pair", "hidden_act", json!("gelu_fastest")),
        ("distilbert_pair", "activation", json!("prelu")),
        ("mpnet_pair", "relative_attention_num_buckets", json!(64)),
        ("deberta_pair", "talking_head", json!(true)),
        ("deberta_pair", "pos_att_type", json!(["c2p", 2])),
        ("deberta_v2_conv_pair", "conv_kernel_size", json!(4)),
        ("deberta_v2_conv_pair", "conv_groups", json!(3)),
        ("deberta_v2_conv_pair", "conv_act", json!("xielu")),
        ("deberta_v3_pair", "attention_head_size", json!(4)),
        ("modernbert_pair", "hidden_activation", json!("prelu")),
        ("gpt2_pair", "scale_attn_weights", json!(false)),
        ("opt_pair", "do_layer_norm_before", json!(false)),
        ("opt_pair", "word_embed_proj_dim", json!(8)),
        ("gemma_pair", "use_bidirectional_attention", json!(true)),
        ("gemma3_text_pair", "attn_logit_softcapping", json!(50.0)),
        ("llama_pair", "pad_token_id", json!(-1)),
        ("llama_pair", "num_key_value_heads", json!(3)),
        ("smollm3_pair", "no_rope_layers", json!([1])),
        ("qwen3_pair", "layer_types", json!(["sliding_attention", "sliding_attention"])),
        ("t5_pair", "feed_forward_proj", json!("gated-relu-gelu")),
        ("t5_pair", "decoder_start_token_id", json!(null)),
        ("t5_pair", "decoder_start_token_id", json!(48)),
        ("t5_pair", "eos_token_id", json!([1, 2])),
        ("t5_pair", "pad_token_id", json!(null)),
        ("umt5_pair", "num_decoder_layers", json!(-1)),
        ("mt5_pair", "relative_attention_num_buckets", json!(3)),
        ("mt5_pair", "relative_attention_max_distance", json!(4)),
        ("eurobert_pair", "classifier_pooling", json!("max")),
        ("modernbert_pair", "classifier_pooling", json!("max")),
        ("modernbert_pair", "layer_types", json!(["full_attention"])),
        ("modernbert_pair", "layer_types", json!(vec!["chunked_attention"; 4])),
    ];
    let cases = cases();
    for (name, field, value) in refused {
        let case = cases.iter().find(|case| case.name == *name).unwrap_or_else(|| panic!("{name}"));
        let mut fields = case.config.fields().clone();
        fields.insert((*field).to_owned(), value.clone());
        let error = match (case.family.architecture)(&Config::from_fields(fields)) {
            Ok(_) => panic!("{name} ran with {field} {value}"),
            Err(error) => error.to_string(),
        };
        assert!(error.contains(&format!("`{field}`")), "{name}, {field}: {error}");
    }
    let case = cases.iter().find(|case| case.name == "modernbert_pair").unwrap();
    let mut fields = case.config.fields().clone();
    fields["rope_parameters"]["full_attention"]["rope_type"] = json!("longrope");
    let error = (case.family.architecture)(&Config::from_fields(fields)).err().unwrap().to_string();
    assert!(error.contains("`rope_type` is \"longrope\""), "{error}");
}

/// Fields of the configuration class are those that transformers writes.
#[test]
fn every_default_is_a_field_that_transformers_writes() {
    for case in cases() {
        for (field, _) in case.family.config_defaults {
            assert!(case.config.fields().contains_key(*field), "{}: {field}", case.name);
        }
    }
}

/// A model that is written has the names, shapes and bits of the file that transformers wrote, those included that it calls otherwise
/// within (NomicBERT) and has turned or stacked (GPT-2, Qwen).
#[test]
fn what_is_written_is_what_transformers_wrote() {
    for case in cases() {
        let (model, _) = case.open(&case.folder, 1).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("model.safetensors");
        save(&model, &case.names, case.family.prefix, &path).unwrap();
        let (ours, theirs) = (read_safetensors(&path), read_safetensors(&case.folder.join("model.safetensors")));
        let (ours, theirs) = (ours.unwrap(), theirs.unwrap());
        let names = |tensors: &HashMap<String, HostTensor>| {
            let mut names: Vec<String> = tensors.keys().cloned().collect();
            names.sort();
            names
        };
        assert_eq!(names(&ours), names(&theirs), "{}", case.name);
        assert!(ours == theirs, "{}: other numbers", case.name);
        let (_, report) = case.open(folder.path(), 1).unwrap();
        assert!(report.initialized.is_empty() && report.unused.is_empty(), "{}: {report:?}", case.name);
    }
}
