//! Adapters beside those of `peft` (`scripts/fixtures/adapters.py`): what is drawn, and of trained ones the files, logits, gradients and
//! merged weights.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use burn::module::AutodiffModule;
use models::batch::TokenBatch;
use models::checkpoint::{HeadUse, LoadOptions, WeightFiles, load, read_safetensors};
use models::config::Config;
use models::encoder::{Family, family};
use models::head::{SequenceClassifier, loss};
use models::ops::{DropoutPlan, Precision};
use models::parameter_specs::ParameterSpec;
use models::parameter_specs::Piece;
use models::parameters::{self, HostTensor};
use models::peft::{
    AdapterPlan, BiasTraining, Ia3Config, LoraConfig, Method, PeftError, Targets, attach, load_adapter, merged,
    read_config, save_adapter,
};
use models::torch_rng::TorchRng;
use serde_json::Value;

use crate::support::{Ad, fixture, fixtures_in, gradients, integers, json, mean, numbers, targets};

/// Largest absolute difference of a logit.
const LOGITS: f64 = 5e-5;
/// Largest difference of a gradient, of its norm.
const GRADIENTS: f64 = 1e-4;

struct Case {
    name: String,
    folder: PathBuf,
    base: PathBuf,
    family: &'static Family,
    config: Config,
    specs: Vec<ParameterSpec>,
    expected: Value,
}

fn cases() -> Vec<Case> {
    let case = |name: String| {
        let folder = fixture("adapters").join(&name);
        let expected = json(&format!("adapters/{name}/expected.json"));
        let base = fixture("trajectory/checkpoints").join(expected["checkpoint"].as_str().unwrap());
        let config = Config::read(&base.join("config.json")).expect(&name);
        let family = family(&config).expect(&name);
        let specs = (family.parameter_specs)(&config).expect(&name);
        Case { name, folder, base, family, config, specs, expected }
    };
    fixtures_in("adapters").into_iter().map(case).collect()
}

impl Case {
    fn plan(&self, method: Method) -> Result<AdapterPlan, PeftError> {
        AdapterPlan::new(method, &self.specs, self.family.prefix, self.family.model_type)
    }

    /// As it is loaded: the layers are those of the tensors.
    fn loaded_plan(&self) -> AdapterPlan {
        let read = read_config(&self.folder.join("adapter_config.json"), &self.adapter()).expect(&self.name);
        assert!(
            read.base_model_name_or_path.is_some_and(|base| base.starts_with("../../trajectory/")),
            "{}",
            self.name
        );
        self.plan(read.method).expect(&self.name)
    }

    fn adapter(&self) -> PathBuf {
        self.folder.join("adapter_model.safetensors")
    }

    /// The base with a drawn head, and the plan's layers beside its own.
    fn model(&self, plan: &AdapterPlan) -> SequenceClassifier<Ad> {
        let (device, mut rng) = (Default::default(), TorchRng::new(42));
        let architecture = (self.family.architecture)(&self.config).expect(&self.name);
        let model = SequenceClassifier::zeros(architecture, 2, Precision::F32, &device);
        let options = LoadOptions {
            model_type: self.family.model_type.to_owned(),
            prefix: self.family.prefix,
            initializer_range: 0.02,
            padding_rows: Vec::new(),
            head: HeadUse::MustFit,
        };
        let files = WeightFiles::find(&self.base).expect(&self.name);
        let (model, _) = load(model, &self.specs, &files, &options, &mut rng).expect(&self.name);
        let model = attach(model, plan, &mut rng, &device);
        parameters::freeze(model, |path| !plan.is_trained(path))
    }

    fn batch(&self) -> TokenBatch {
        let ids = integers(&self.expected["input_ids"]);
        let types: Vec<Vec<u8>> = integers(&self.expected["token_type_ids"])
            .iter()
            .map(|row| row.iter().map(|&t| t as u8).collect())
            .collect();
        let rows: Vec<(&[u32], &[u8])> = ids.iter().zip(&types).map(|(ids, types)| (&ids[..], &types[..])).collect();
        TokenBatch::new(&rows, 1, None, 0)
    }

    /// A file's tensors by the names that they have in the model.
    fn tensors(&self, name: &str) -> BTreeMap<String, HostTensor> {
        let tensors = read_safetensors(&self.folder.join(name)).expect(&self.name);
        tensors.into_iter().map(|(name, tensor)| (name.replace("base_model.model.", ""), tensor)).collect()
    }
}

/// What a person would ask for to get the fixture.
fn asked(name: &str) -> Method {
    let names = |names: &[&str]| Targets::Names(names.iter().map(|&name| name.to_owned()).collect());
    let lora = LoraConfig::default();
    let all = LoraConfig { r: 4, lora_alpha: 16.0, target_modules: Targets::AllLinear, ..LoraConfig::default() };
    match name {
        name if name.ends_with("_lora") => Method::Lora(lora),
        name if name.ends_with("_all_linear") => Method::Lora(all),
        "bert_lora_rslora" => Method::Lora(LoraConfig { r: 4, lora_alpha: 8.0, use_rslora: true, ..lora }),
        "bert_lora_bias_all" => Method::Lora(LoraConfig { r: 2, bias: BiasTraining::All, ..lora }),
        "deberta_lora_bias_all" => Method::Lora(LoraConfig {
            r: 2,
            bias: BiasTraining::All,
            target_modules: names(&["in_proj", "pos_proj", "pos_q_proj"]),
            ..lora
        }),
        "bert_lora_bias_lora_only" => Method::Lora(LoraConfig { r: 2, bias: BiasTraining::LoraOnly, ..lora }),
        "bert_lora_pooler_saved" => Method::Lora(LoraConfig {
            r: 3,
            target_modules: names(&["key"]),
            modules_to_save: vec!["pooler".to_owned()],
            ..lora
        }),
        "bert_ia3_intermediate" => {
            Method::Ia3(Ia3Config { target_modules: names(&["intermediate.dense", "query"]), ..Ia3Config::default() })
        }
        _ => Method::Ia3(Ia3Config::default()),
    }
}

#[test]
fn what_is_drawn_and_what_decays_is_pefts() {
    let cases = cases();
    assert!(cases.len() >= 20, "{}", cases.len());
    for case in cases {
        let plan = case.plan(asked(&case.name)).expect(&case.name);
        let model = case.model(&plan);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("adapter_model.safetensors");
        save_adapter(&model, &plan, &path).expect(&case.name);
        let ours: BTreeMap<String, HostTensor> = read_safetensors(&path)
            .unwrap()
            .into_iter()
            .map(|(name, tensor)| (name.replace("base_model.model.", ""), tensor))
            .collect();
        let theirs = case.tensors("initial.safetensors");
        assert_eq!(ours.keys().collect::<Vec<_>>(), theirs.keys().collect::<Vec<_>>(), "{}", case.name);
        for (name, theirs) in &theirs {
            let ours = &ours[name];
            assert_eq!(ours.shape, theirs.shape, "{} {name}", case.name);
            let equal = ours.values.iter().zip(&theirs.values).all(|(a, b)| a.to_bits() == b.to_bits());
            assert!(equal, "{} {name}: {:?}, expected {:?}", case.name, &ours.values[..3], &theirs.values[..3]);
        }
        let trained: usize = theirs.values().map(|tensor| tensor.values.len()).sum();
        assert_eq!(Some(trained as u64), case.expected["trainable"].as_u64(), "{}", case.name);

        let specs = plan.specs();
        let mut spared: Vec<String> = case
            .specs
            .iter()
            .filter(|spec| !spec.decay)
            .flat_map(|spec| spec.tensors.iter().map(|tensor| spec.full_name(tensor, case.family.prefix)))
            .chain(specs.iter().filter(|spec| !spec.decay).map(|spec| spec.tensors[0].clone()))
            .filter_map(|name| {
                let beside = name.replace(".bias", ".base_layer.bias");
                [name, beside].into_iter().find(|name| theirs.contains_key(name))
            })
            .collect();
        spared.sort();
        let theirs: Vec<&str> =
            case.expected["no_decay"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        assert_eq!(spared, theirs, "{}", case.name);
    }
}

#[test]
fn logits_and_merged_weights_of_trained_adapters_are_pefts() {
    for case in cases() {
        let plan = case.loaded_plan();
        let (model, left) =
            load_adapter(case.model(&plan), &plan, &case.adapter(), HeadUse::MustFit).expect(&case.name);
        assert!(left.is_empty(), "{}: {left:?}", case.name);
        let evaluated = model.valid();
        let logits = |model: &SequenceClassifier<_>| -> Vec<f64> {
            model.forward(&case.batch(), &mut DropoutPlan::evaluate()).to_data().iter::<f64>().collect()
        };
        let gap = |ours: &[f64], theirs: &Value| {
            let theirs = numbers(theirs);
            assert_eq!(ours.len(), theirs.len(), "{}", case.name);
            ours.iter().zip(&theirs).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
        };
        let plain = gap(&logits(&evaluated), &case.expected["logits"]);
        let merged = gap(&logits(&merged(evaluated)), &case.expected["merged_logits"]);
        println!("{}: largest difference of logits {plain:.1e}, merged {merged:.1e}", case.name);
        assert!(plain <= LOGITS && merged <= LOGITS, "{}: {plain}, {merged}", case.name);
    }
}

#[test]
fn gradients_of_all_that_is_trained_are_pefts() {
    for case in cases() {
        let plan = case.loaded_plan();
        let (model, _) = load_adapter(case.model(&plan), &plan, &case.adapter(), HeadUse::MustFit).expect(&case.name);
        let targets = targets(&case.expected, 2);
        let value = loss(model.forward(&case.batch(), &mut DropoutPlan::train(1, 1)), &targets, mean(&targets));
        let found = gradients(&model, &value.backward());
        assert!(found.keys().all(|path| plan.is_trained(path)), "{}: frozen parameters have gradients", case.name);
        let theirs = case.tensors("gradients.safetensors");
        let norm = |values: &mut dyn Iterator<Item = f64>| values.map(|v| v * v).sum::<f64>().sqrt();
        let total = norm(&mut theirs.values().flat_map(|tensor| tensor.values.iter().map(|&v| f64::from(v))));
        let pieces: HashMap<String, (&str, Piece)> =
            plan.saved.iter().map(|saved| (saved.name.clone(), (saved.parameter.as_str(), saved.piece))).collect();
        let specs = plan.specs();
        let (mut worst, mut compared) = (0.0f64, 0);
        for (name, theirs) in &theirs {
            let beside =
                specs.iter().find(|spec| spec.tensors[0] == *name).map(|spec| (spec.parameter.as_str(), Piece::WHOLE));
            let (path, piece) = beside.unwrap_or_else(|| pieces[name]);
            // Rows of one number each count as well as others, where all of a parameter's are stacked alike.
            let ours = &found[path][piece.rows(found[path].len())];
            let size = ours.len();
            assert_eq!(size, theirs.values.len(), "{} {name}", case.name);
            let gap = norm(&mut ours.iter().zip(&theirs.values).map(|(&a, &b)| f64::from(a) - f64::from(b)));
            let size = norm(&mut theirs.values.iter().map(|&v| f64::from(v)));
            // A key's bias has no influence on the loss: its gradient is rounding noise.
            assert!(gap <= GRADIENTS * size + 1e-6 * total, "{} {name}: differs by {gap} of {size}", case.name);
            worst = worst.max(gap / (size + 1e-2 * total));
            compared += 1;
        }
        let pieces = plan.saved.len() + specs.len();
        assert_eq!(compared, pieces, "{}: number of tensors", case.name);
        println!("{}: largest relative difference of a gradient {worst:.1e}", case.name);
    }
}

#[test]
fn what_is_not_trained_of_a_bias_stays() {
    let case = cases().into_iter().find(|case| case.name == "bert_lora_bias_lora_only").unwrap();
    let plan = case.loaded_plan();
    let model = case.model(&plan);
    let targets = targets(&case.expected, 2);
    let value = loss(model.forward(&case.batch(), &mut DropoutPlan::train(1, 1)), &targets, mean(&targets));
    let found = gradients(&model, &value.backward());
    let bias = &found["encoder.layers.0.qkv.bias"];
    let [queries, keys, values] = [0, 1, 2].map(|part| &bias[part * bias.len() / 3..][..bias.len() / 3]);
    assert!(keys.iter().all(|&g| g == 0.0));
    assert!(queries.iter().chain(values).any(|&g| g != 0.0));
}

#[test]
fn what_does_not_fit_is_refused_by_name() {
    let case = cases().into_iter().find(|case| case.name == "bert_lora").unwrap();
    let lora = |names: &[&str]| {
        let target_modules = Targets::Names(names.iter().map(|&name| name.to_owned()).collect());
        Method::Lora(LoraConfig { target_modules, ..LoraConfig::default() })
    };
    let refused = |method: Method| case.plan(method).map(|_| ()).unwrap_err().to_string();
    assert_eq!(
        refused(lora(&["query", "q_lin"])),
        "no linear layer is called `q_lin`; those of this model: dense, key, query, value"
    );
    // The classifier is trained as a whole.
    assert!(refused(lora(&["classifier"])).contains("`classifier`"));
    // Queries, keys and values are one parameter here.
    let alone = LoraConfig {
        modules_to_save: vec!["query".to_owned()],
        target_modules: Targets::Names(vec!["output.dense".to_owned()]),
        ..LoraConfig::default()
    };
    assert!(refused(Method::Lora(alone)).contains("cannot be trained as a whole alone"));
    let scaled = |targets: &[&str], feedforward: &[&str]| {
        let names = |names: &[&str]| Targets::Names(names.iter().map(|&name| name.to_owned()).collect());
        let config = Ia3Config {
            target_modules: names(targets),
            feedforward_modules: names(feedforward),
            ..Ia3Config::default()
        };
        refused(Method::Ia3(config))
    };
    assert!(scaled(&["query"], &["query"]).contains("cannot scale the input of one of them"));
    assert!(scaled(&["key"], &["output.dense"]).contains("none of the target modules"));
    assert!(scaled(&["dense"], &["output.dense"]).contains("only some layers are feed-forward"));
    let saved = LoraConfig { modules_to_save: vec!["head".to_owned()], ..LoraConfig::default() };
    assert!(refused(Method::Lora(saved)).starts_with("--modules_to_save: no layer"));
    let modernbert = cases().into_iter().find(|case| case.name == "modernbert_lora").unwrap();
    let refused = |method: Method| modernbert.plan(method).map(|_| ()).unwrap_err().to_string();
    assert!(refused(Method::Ia3(Ia3Config::default())).contains("no usual target modules of ia3 for modernbert"));
    assert!(refused(Method::BitFit).contains("a modernbert encoder has none"));
}

#[test]
fn the_head_and_the_biases_alone() {
    for case in cases().iter().filter(|case| case.name.ends_with("_lora") && case.name != "modernbert_lora") {
        let head = case.plan(Method::Head).expect(&case.name);
        let biases = case.plan(Method::BitFit).expect(&case.name);
        assert!(!head.is_adapter() && head.specs().is_empty() && biases.specs().is_empty());
        assert!(head.is_trained("classifier.weight") && biases.is_trained("classifier.weight"), "{}", case.name);
        assert!(!head.trained.iter().any(|path| path.starts_with("encoder.")), "{}", case.name);
        let of_queries = if case.name.starts_with("deberta_lora") { "query_bias" } else { "qkv.bias" };
        assert!(biases.is_trained(&format!("encoder.layers.0.{of_queries}")), "{}", case.name);
        assert!(!biases.is_trained("encoder.layers.0.qkv.weight"), "{}", case.name);
        assert!(!biases.is_trained("encoder.relative_embeddings"), "{}", case.name);
    }
}
