//! Which parameters of a model are trained, and beside which layers something is put.

use std::collections::{BTreeSet, HashSet};

use super::error::PeftError;
use super::method::{BiasTraining, CLASSIFIER, Method, Targets};
use crate::parameter_specs::{Init, ParameterSpec, Piece};

/// A layer of transformers' that something is put beside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Site {
    /// Path of the linear layer that holds it: `encoder.layers.0.qkv`.
    pub linear: String,
    /// Its rows among those that are stacked in that one.
    pub piece: Piece,
    /// transformers' name of it: `bert.encoder.layer.0.attention.self.query`.
    pub module: String,
    /// Whether (IA)³ scales its input.
    pub is_feedforward: bool,
    /// Its number among the sites of the same linear layer.
    pub number: usize,
}

/// What a method comes down to for a model.
#[derive(Clone, Debug, PartialEq)]
pub struct AdapterPlan {
    /// The method.
    pub method: Method,
    /// The names that layers were chosen by.
    pub target_modules: Vec<String>,
    /// Those of them whose input is scaled.
    pub feedforward_modules: Vec<String>,
    /// In the order in which `peft` makes them, and draws their numbers.
    pub sites: Vec<Site>,
    /// Paths of the model's own parameters that are trained.
    pub trained: HashSet<String>,
    /// Of those, the ones that an adapter's file holds: name there without its prefix, path, and the piece of the parameter.
    pub saved: Vec<SavedTensor>,
}

/// A tensor of the model that an adapter's file holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedTensor {
    /// transformers' name, with `base_layer` where something stands beside the layer.
    pub name: String,
    /// Path of the parameter.
    pub parameter: String,
    /// Which of the stacked tensors it is.
    pub piece: Piece,
}

/// A linear layer of transformers': where it lies, and its name.
struct Module<'a> {
    spec: &'a ParameterSpec,
    piece: Piece,
    name: String,
}

/// `name` is one of `names`, or ends with one behind a dot (`peft.tuners.tuners_utils.check_target_module_exists`).
fn is_named(name: &str, names: &[String]) -> bool {
    names
        .iter()
        .any(|wanted| name.strip_suffix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.ends_with('.')))
}

/// The layers' distinct last names, for messages.
fn known<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let last = |name: &'a str| name.rsplit('.').next().unwrap_or(name);
    names.map(last).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
}

impl AdapterPlan {
    /// Whether another one comes down to the same: the same numbers, beside the same layers, and the same parameters trained and saved.
    #[must_use]
    pub fn is_same_as(&self, other: &Self) -> bool {
        let Self { method, target_modules: _, feedforward_modules: _, sites, trained, saved } = self;
        let has_sites = |of: &Self| sites.iter().all(|site| of.sites.contains(site));
        let has_saved = |of: &Self| saved.iter().all(|tensor| of.saved.contains(tensor));
        method.has_numbers_of(&other.method)
            && (sites.len(), saved.len()) == (other.sites.len(), other.saved.len())
            && *trained == other.trained
            && has_sites(other)
            && has_saved(other)
    }

    /// What `method` comes down to for a model of these parameters; `prefix` is what precedes the names of its encoder.
    ///
    /// # Errors
    /// When a layer is asked for that the model does not have, or the family has no usual ones.
    pub fn new(method: Method, specs: &[ParameterSpec], prefix: &str, model_type: &str) -> Result<Self, PeftError> {
        let linears = linears(specs, prefix);
        let saved_modules = saved_modules(&method, specs, prefix, &linears)?;
        let is_saved = |name: &str| saved_modules.iter().any(|module| is_of(name, module));
        let can_be_target = |module: &&Module| !is_saved(&module.name);
        let [usual, usual_feedforward] = method.usual_targets(model_type);
        let (targets, feedforward) = match &method {
            Method::Lora(lora) => (Some(&lora.target_modules), None),
            Method::Ia3(ia3) => (Some(&ia3.target_modules), Some(&ia3.feedforward_modules)),
            Method::BitFit | Method::Head => (None, None),
        };
        let resolve = |targets: &Targets, usual: Vec<String>| match targets {
            Targets::Names(names) => {
                let mut seen = BTreeSet::new();
                names.iter().filter(|name| seen.insert(*name)).cloned().collect()
            }
            Targets::Default => usual,
            Targets::AllLinear => {
                let names = linears.iter().filter(can_be_target).map(|module| last_parts(&module.name));
                names.collect::<BTreeSet<_>>().into_iter().collect()
            }
        };
        let all_known = || known(linears.iter().filter(can_be_target).map(|module| module.name.as_str()));
        let target_modules = targets.map(|targets| resolve(targets, usual)).unwrap_or_default();
        if targets.is_some() && target_modules.is_empty() {
            let (method, model_type) = (method.name(), model_type.to_owned());
            return Err(PeftError::NoDefault { method, model_type, known: all_known() });
        }
        let feedforward_modules = match (targets, feedforward) {
            // As peft: those of the family that are among the layers which were named.
            (Some(Targets::Names(_) | Targets::AllLinear), Some(Targets::Default)) => {
                let is_target = |module: &&Module| can_be_target(module) && is_named(&module.name, &target_modules);
                let is_among = |name: &String| {
                    linears.iter().filter(is_target).any(|m| is_named(&m.name, std::slice::from_ref(name)))
                };
                usual_feedforward.into_iter().filter(is_among).collect()
            }
            (_, Some(feedforward)) => resolve(feedforward, usual_feedforward),
            (_, None) => Vec::new(),
        };
        for name in target_modules.iter().chain(&feedforward_modules) {
            if !linears.iter().filter(can_be_target).any(|module| is_named(&module.name, std::slice::from_ref(name))) {
                return Err(PeftError::NoSuchModule { name: name.clone(), known: all_known() });
            }
        }
        let mut sites: Vec<Site> = Vec::new();
        for module in linears.iter().filter(can_be_target).filter(|module| is_named(&module.name, &target_modules)) {
            let linear = linear_of(&module.spec.parameter).to_owned();
            let number = sites.iter().filter(|site| site.linear == linear).count();
            sites.push(Site {
                linear,
                piece: module.piece,
                is_feedforward: is_named(&module.name, &feedforward_modules),
                module: module.name.clone(),
                number,
            });
        }
        if let Some(site) = sites.iter().find(|site| site.is_feedforward && !site.piece.is_whole()) {
            let what = "(IA)³ cannot scale the input of one of them; leave it out of --feedforward_modules";
            return Err(PeftError::Stacked { name: site.module.clone(), what });
        }
        let feedforward_modules = feedforward_targets(&sites, &target_modules, &feedforward_modules)?;
        let mut plan =
            Self { target_modules, feedforward_modules, sites, trained: HashSet::new(), saved: Vec::new(), method };
        plan.choose_trained(specs, prefix, is_saved);
        for spec in specs.iter().filter(|spec| spec.tensors.len() > 1) {
            let names = spec.tensors.iter().map(|tensor| spec.full_name(tensor, prefix));
            let (saved, others): (Vec<String>, Vec<String>) = names.partition(|name| is_saved(name));
            if let (Some(name), false) = (saved.first(), others.is_empty()) {
                let what = "it cannot be trained as a whole alone; give --modules_to_save all of them";
                return Err(PeftError::Stacked { name: name.clone(), what });
            }
        }
        // An adapter's file would have them the other way round.
        let is_turned = |spec: &&ParameterSpec| spec.is_transposed && plan.trained.contains(&spec.parameter);
        if let Some(spec) = specs.iter().find(is_turned) {
            return Err(PeftError::Turned { name: spec.full_name(&spec.tensors[0], prefix) });
        }
        let encoder_biases = || specs.iter().any(|spec| spec.in_encoder && plan.trained.contains(&spec.parameter));
        let head = specs.iter().find(|spec| spec.parameter == "classifier.weight");
        if let Some(head) = head.filter(|head| plan.is_adapter() && !plan.trained.contains(&head.parameter)) {
            let name = head.tensors.first().and_then(|tensor| tensor.split('.').next()).unwrap_or_default().to_owned();
            return Err(PeftError::HeadNotSaved { name });
        }
        if plan.method == Method::BitFit && !encoder_biases() {
            return Err(PeftError::NoBiases { model_type: model_type.to_owned() });
        }
        Ok(plan)
    }

    fn choose_trained(&mut self, specs: &[ParameterSpec], prefix: &str, is_saved: impl Fn(&str) -> bool + Copy) {
        for spec in specs {
            for (piece, tensor) in spec.pieces().into_iter().zip(&spec.tensors) {
                let name = spec.full_name(tensor, prefix);
                let is_bias = name.ends_with(".bias");
                let site = name.strip_suffix(".bias").and_then(|module| self.sites.iter().find(|s| s.module == module));
                let is_trained = match &self.method {
                    Method::Head => !spec.in_encoder,
                    // DeBERTa has a `q_bias` and a `v_bias`, which peft passes over.
                    Method::BitFit => !spec.in_encoder || is_bias || name.ends_with("_bias"),
                    Method::Lora(lora) => {
                        is_saved(&name)
                            || match lora.bias {
                                BiasTraining::None => false,
                                BiasTraining::All => is_bias,
                                BiasTraining::LoraOnly => site.is_some(),
                            }
                    }
                    Method::Ia3(_) => is_saved(&name),
                };
                if is_trained {
                    self.trained.insert(spec.parameter.clone());
                    let name = match site {
                        Some(site) => format!("{}.base_layer.bias", site.module),
                        None => name,
                    };
                    self.saved.push(SavedTensor { name, parameter: spec.parameter.clone(), piece });
                }
            }
        }
    }

    /// The same with its layers named as a flag would name them, where the adapter's file names each by itself.
    #[must_use]
    pub fn in_short(self, specs: &[ParameterSpec], prefix: &str, model_type: &str) -> Self {
        let names: BTreeSet<String> = self.sites.iter().map(|site| last_parts(&site.module)).collect();
        let shorter = [Targets::Default, Targets::AllLinear, Targets::Names(names.into_iter().collect())];
        let found = shorter.into_iter().find_map(|targets| {
            let plan = Self::new(self.method.beside(targets)?, specs, prefix, model_type).ok()?;
            plan.is_same_as(&self).then_some(plan)
        });
        found.unwrap_or(self)
    }

    /// Whether something is put beside layers, and a file of its own holds it.
    #[must_use]
    pub fn is_adapter(&self) -> bool {
        self.method.is_adapter()
    }

    /// The method and what it trains, in words.
    #[must_use]
    pub fn in_words(&self) -> String {
        let targets = self.target_modules.join(", ");
        match &self.method {
            Method::Lora(lora) => format!("lora of rank {} beside {targets}; the head", lora.r),
            Method::Ia3(_) => format!("ia3 of {targets}; the head"),
            Method::BitFit => "the biases; the head".to_owned(),
            Method::Head => "the head".to_owned(),
        }
    }

    /// Whether a parameter is trained: one of the model's own that the method says, or any that stands beside a layer.
    #[must_use]
    pub fn is_trained(&self, path: &str) -> bool {
        self.trained.contains(path) || path.contains(".lora.") || path.contains(".ia3.")
    }

    /// What stands beside layers, as parameters: path, name in the adapter's file, and that it decays.
    #[must_use]
    pub fn specs(&self) -> Vec<ParameterSpec> {
        let spec = |site: &Site, part: &str, name: &str| ParameterSpec {
            parameter: format!("{}.{part}", site.linear),
            tensors: vec![format!("{}.{name}", site.module)],
            shares: vec![1],
            stored: Vec::new(),
            stored_backwards: false,
            other_prefix: None,
            tied: Vec::new(),
            is_transposed: false,
            init: Init::Zeros,
            in_encoder: true,
            decay: true,
        };
        let of_site = |site: &Site| match self.method {
            Method::Lora(_) => vec![
                spec(site, &format!("lora.{}.a", site.number), "lora_A.weight"),
                spec(site, &format!("lora.{}.b", site.number), "lora_B.weight"),
            ],
            Method::Ia3(_) => vec![spec(site, &format!("ia3.{}.l", site.number), "ia3_l")],
            Method::BitFit | Method::Head => Vec::new(),
        };
        self.sites.iter().flat_map(of_site).collect()
    }
}

/// The targets that are feed-forward layers: `peft` wants them to be some of the targets, by the same names.
fn feedforward_targets(sites: &[Site], targets: &[String], feedforward: &[String]) -> Result<Vec<String>, PeftError> {
    let wrong = |name: &String, reason| Err(PeftError::Feedforward { name: name.clone(), reason });
    let has_site = |name: &String| sites.iter().any(|site| is_named(&site.module, std::slice::from_ref(name)));
    if let Some(name) = feedforward.iter().find(|name| !has_site(name)) {
        return wrong(name, "it is none of the target modules; give it to --target_modules too");
    }
    let mut names = Vec::new();
    for target in targets {
        let of_target = sites.iter().filter(|site| is_named(&site.module, std::slice::from_ref(target)));
        let (scaled, others): (Vec<&Site>, Vec<&Site>) = of_target.partition(|site| site.is_feedforward);
        match (scaled.is_empty(), others.is_empty()) {
            (true, _) => {}
            (false, true) => names.push(target.clone()),
            (false, false) => {
                let reason = "a target of which only some layers are feed-forward; name these in --target_modules, too";
                return wrong(target, reason);
            }
        }
    }
    Ok(names)
}

/// The linear layer of a weight's path.
fn linear_of(parameter: &str) -> &str {
    parameter.strip_suffix(".weight").unwrap_or(parameter)
}

/// The name of a layer without the part that numbers it: `attention.self.query` of `bert.encoder.layer.0.attention.self.query`.
fn last_parts(name: &str) -> String {
    let parts: Vec<&str> = name.split('.').collect();
    let after = parts.iter().rposition(|part| part.parse::<usize>().is_ok()).map_or(0, |number| number + 1);
    parts[after..].join(".")
}

/// transformers' linear layers, in the order of its modules.
fn linears<'a>(specs: &'a [ParameterSpec], prefix: &str) -> Vec<Module<'a>> {
    let is_linear =
        |spec: &&ParameterSpec| spec.parameter.ends_with(".weight") && !matches!(spec.init, Init::Zeros | Init::Ones);
    let of_spec = |spec: &'a ParameterSpec| {
        let module = move |(piece, tensor): (Piece, &String)| {
            let name = spec.full_name(tensor, prefix);
            Module { spec, piece, name: name.strip_suffix(".weight").unwrap_or(&name).to_owned() }
        };
        spec.pieces().into_iter().zip(&spec.tensors).map(module).collect::<Vec<_>>()
    };
    specs.iter().filter(is_linear).flat_map(of_spec).collect()
}

/// The modules that are trained as a whole: those of the top whose name ends with one of the method's
/// (`peft.utils.other._set_trainable`, which does not ask for a dot before it).
fn saved_modules(
    method: &Method,
    specs: &[ParameterSpec],
    prefix: &str,
    linears: &[Module],
) -> Result<HashSet<String>, PeftError> {
    let mut modules = BTreeSet::new();
    for spec in specs {
        for tensor in &spec.tensors {
            let name = spec.full_name(tensor, prefix);
            let parts: Vec<&str> = name.split('.').collect();
            modules.extend((1..parts.len()).map(|n| parts[..n].join(".")));
        }
    }
    let wanted = method.modules_to_save();
    let is_usual = |name: &String| CLASSIFIER.contains(&name.as_str());
    let matches = |name: &String| modules.iter().any(|module| module.ends_with(name.as_str()));
    if let Some(name) = wanted.iter().find(|name| !matches(name) && !is_usual(name)) {
        let known = known(linears.iter().map(|module| module.name.as_str()));
        return Err(PeftError::NotSaved { name: name.clone(), known });
    }
    let saved: HashSet<String> =
        modules.iter().filter(|module| wanted.iter().any(|name| module.ends_with(name.as_str()))).cloned().collect();
    let tied = specs.iter().filter(|spec| !spec.tied.is_empty());
    let mut names = tied.flat_map(|spec| spec.tensors.iter().map(|tensor| spec.full_name(tensor, prefix)));
    match names.find(|name| saved.iter().any(|module| is_of(name, module))) {
        Some(name) => Err(PeftError::SavedTied { name }),
        None => Ok(saved),
    }
}

/// Whether a name is that of a module, or of what is in it.
fn is_of(name: &str, module: &str) -> bool {
    name.strip_prefix(module).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
}
