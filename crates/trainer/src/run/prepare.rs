//! Files to tokenized splits: everything that can be wrong with the input shows here, before any training.

use std::path::{Path, PathBuf};
use std::time::Instant;

use glue_tasks::TaskKind;
use glue_tasks::task::TaskSpec;
use models::checkpoint::{LoadReport, is_of_head};
use models::ops::Place;

use super::class_order::order_of;
use super::final_rows::{FinalRows, RowsOf};
use super::identity::ModelIdentity;
use super::row_info::RowInfo;
use super::rows::{self, AllRows, Rows};
use super::same_place::is_same;
use super::teacher::Teacher;
use super::tokenized::Tokenizing;
use super::trained_rows::{Before, TrainedRows};
use super::{custom_task, row_info};
use crate::data::Split;
use crate::error::Error;
use crate::file_hash::FileHashes;
use crate::model_files::{ModelFiles, ModelSources};
use crate::settings::{BestSettings, DropoutStream, Settings, TaskChoice, check_training};
use crate::source::{SourceFiles, TransferHooks};
use records::record::SplitRows;
use records::record::parts::Source;

/// What a run needs, read and checked.
pub(super) struct Prepared {
    pub(super) task: TaskSpec,
    pub(super) model: ModelFiles,
    pub(super) model_identity: ModelIdentity,
    pub(super) dataset: SourceFiles,
    pub(super) train: Option<Split>,
    /// Whose logits of the training rows are learned too.
    pub(super) teacher: Option<Teacher>,
    /// Splits with the suffix of their keys.
    pub(super) eval: Vec<(Split, String)>,
    /// Splits to predict with the name of their files.
    pub(super) test: Vec<(Split, String)>,
    /// The rows that the model has been trained on at the end of the run, where any are known.
    pub(super) trained_rows: Option<TrainedRows>,
    /// Splits to evaluate at the end beside these, each with what a record says of its rows.
    pub(super) last: Vec<(FinalRows<Split>, SplitRows)>,
    /// What a record says of all rows but those at the end.
    pub(super) splits: Vec<SplitRows>,
    /// SHA-256 of the files that they were read from.
    pub(super) data_files: FileHashes,
    pub(super) data_seconds: f64,
    pub(super) tokenize_seconds: f64,
    pub(super) warnings: Vec<String>,
}

/// Reads model and data. `task` is a benchmark's, or stands for data whose columns and labels are still to be found.
pub(super) fn prepare(settings: &Settings, transfers: &TransferHooks) -> Result<Prepared, Error> {
    let model = ModelFiles::read(
        ModelSources::of(&settings.model, &settings.hub, transfers)?,
        Some(settings.data.max_seq_length),
    )?;
    let model = match settings.model.token_type_ids {
        Some(given) => model.with_type_ids(given)?,
        None => model,
    };
    let model = model.with_peft(settings.peft.method())?;
    check_adapter(settings, &model)?;
    check_masks(settings, &model)?;
    let (max_seq_length, mut warnings) = (model.max_seq_length, model.warnings.clone());
    let model_identity = ModelIdentity::of(&model)?;
    let drops_case = model.tokenizer.drops_case();
    // An evaluation of a model that does not say its rows knows nothing of them either way.
    let has_head = !settings.do_train || model.have_head()?;
    let before = TrainedRows::read(model.files(), &model_identity.tensors(), has_head, drops_case, &mut warnings)?;
    warnings.extend(settings.evaluation.best.as_ref().and_then(BestSettings::direction_warning));

    let started = Instant::now();
    let dataset = SourceFiles::dataset_of(settings, transfers)?;
    let task = match &settings.task {
        TaskChoice::Custom(own) => custom_task::resolve(settings, own, &dataset, &model.config)?,
        TaskChoice::Known(task) => (**task).clone(),
    };
    if let TaskChoice::Custom(own) = &settings.task {
        warnings.extend(dataset.remarks(own.config.as_deref(), &task.config)?);
    }
    let all = rows::read(settings, &task, &dataset, &mut warnings)?;
    let is_trained_before = matches!(before, Before::Rows(_));
    let trained_rows = match &all.train {
        Some(rows) => Some(TrainedRows::of(rows, &before, drops_case)),
        None => before.rows(),
    };
    let row_info = RowInfo::new(&all, &task, &dataset, trained_rows.as_ref());
    let (splits, last_rows) = (row_info.of_run(), row_info.at_the_end());
    let is_own = |(part, _): &(&FinalRows<Rows>, &SplitRows)| matches!(part.rows, RowsOf::Own(_));
    let own_rows = all.last.iter().zip(&last_rows).filter(is_own).map(|(_, rows)| rows);
    warnings.extend(row_info::overlap_warnings(splits.iter().chain(own_rows), settings, is_trained_before));
    warnings.extend(row_info::class_warnings(&all, &task));
    warnings.extend(row_info::part_labelled_warnings(&all));
    let AllRows { train, eval, test, last, mut files } = all;
    files.extend(dataset.descriptions()?);
    let data_files = row_info::files_sha256(&dataset, &files)?;
    let data_seconds = started.elapsed().as_secs_f64();

    let started = Instant::now();
    let teacher = match (&settings.distillation, &train) {
        (Some(distillation), Some(rows)) => {
            let rows = (rows.split.as_str(), rows.examples.clone());
            Some(Teacher::read(settings, distillation, &task, rows, transfers)?)
        }
        _ => None,
    };
    warnings.extend(teacher.iter().flat_map(Teacher::warnings));
    let eval_rows = || eval.iter().map(|(rows, _)| rows);
    warnings
        .extend(teacher.iter().flat_map(|teacher| row_info::teacher_warnings(teacher.rows(), eval_rows(), settings)));
    let tokenizing = Tokenizing::new(&model, task.kind, settings.data.overwrite_cache);
    // In the order in which they are described; tokens of another split must never be taken for these.
    let mut described = splits.iter();
    let mut tokenized = |rows: Rows| {
        let said = described.next().filter(|said| said.split == rows.split);
        tokenizing.split(rows, said.and_then(|said| said.sha256.as_deref()))
    };
    let train = train.map(&mut tokenized).transpose()?;
    let eval = eval
        .into_iter()
        .map(|(rows, suffix)| Ok((tokenized(rows)?, suffix)))
        .collect::<Result<Vec<_>, crate::tokenize::TokenizeError>>()?;
    let test = test
        .into_iter()
        .map(|(rows, name)| Ok((tokenized(rows)?, name)))
        .collect::<Result<Vec<_>, crate::tokenize::TokenizeError>>()?;
    let last = last
        .into_iter()
        .zip(last_rows)
        .map(|(FinalRows { name, rows }, said)| {
            let rows = rows.map(|rows| tokenizing.split(rows, said.sha256.as_deref()))?;
            Ok((FinalRows { name, rows }, said))
        })
        .collect::<Result<Vec<_>, crate::tokenize::TokenizeError>>()?;
    model.tokenizer.forget_words();
    if let Some(split) = &train {
        let cut = split.truncated_rows();
        if cut > 0 {
            warnings.push(format!("{cut} of {} training rows were cut to {max_seq_length} tokens", split.len()));
        }
    }
    Ok(Prepared {
        task,
        model_identity,
        model,
        dataset,
        train,
        teacher,
        eval,
        test,
        trained_rows,
        last,
        splits,
        data_files,
        data_seconds,
        tokenize_seconds: started.elapsed().as_secs_f64(),
        warnings,
    })
}

/// Whether what stands beside the model's layers can be saved as it is asked for.
fn check_adapter(settings: &Settings, model: &ModelFiles) -> Result<(), Error> {
    let (is_adapter, merges) = (model.adapter_plan().is_some(), settings.peft.merge_adapter);
    if merges && !(is_adapter && settings.do_train) {
        return Err(Error::usage("--merge_adapter belongs to a training with --peft lora or ia3, or of an adapter"));
    }
    if is_adapter
        && !merges
        && settings.do_train
        && settings.places.output_dir.is_some()
        && model.files().source == Source::Embedded
    {
        return Err(Error::usage(
            "an adapter names the model that it stands beside, and the demo's encoder has no name: give --merge_adapter true, or another model",
        ));
    }
    let Some(plan) = model.peft.as_ref().filter(|_| settings.do_train) else { return Ok(()) };
    check_training(&model.files().id, &plan.method, &settings.training)?;
    let base = model.base_source().unwrap_or(model.files());
    let is_beside = |dir: &PathBuf| base.source == Source::Folder && is_same(Path::new(&base.id), dir);
    if is_adapter && !merges && settings.places.output_dir.as_ref().is_some_and(is_beside) {
        return Err(Error::usage(format!(
            "--output_dir {}: the model that the adapter stands beside lies there, and would be replaced by it; give another folder",
            base.id
        )));
    }
    Ok(())
}

/// Whether PyTorch's masks are drawn in the layout that is followed: with this field some families run their feed-forward layers, and draw
/// their masks, a piece of the length at a time (`apply_chunking_to_forward` in transformers' pytorch_utils.py). ALBERT does too, without
/// dropout there.
fn check_masks(settings: &Settings, model: &ModelFiles) -> Result<(), Error> {
    const FIELD: &str = "chunk_size_feed_forward";
    const IN_PIECES: [&str; 7] =
        ["bert", "camembert", "data2vec-text", "distilbert", "electra", "roberta", "xlm-roberta"];
    // Those whose draws were compared with PyTorch's (scripts/fixtures/dropout_stream.py).
    const FOLLOWED: [&str; 14] = [
        "bert",
        "distilbert",
        "roberta",
        "xlm-roberta",
        "camembert",
        "data2vec-text",
        "electra",
        "albert",
        "mpnet",
        "deberta-v2",
        "modernbert",
        "t5",
        "mt5",
        "umt5",
    ];
    if !settings.do_train || settings.training.dropout_stream != DropoutStream::Torch {
        return Ok(());
    }
    let model_type = model.family.model_type;
    let masks = model.architecture.masks(1, 1);
    if masks.iter().any(|mask| mask.place == Place::Convolution) {
        return Err(Error::usage(format!(
            "{}: config.json: `conv_kernel_size`: what transformers draws beside a convolution is not followed by --dropout_stream torch; leave \
             it out, or drop nothing: --hidden_dropout_prob 0 --attention_probs_dropout_prob 0",
            model.files().id
        )));
    }
    let mut masks = masks.into_iter();
    if !FOLLOWED.contains(&model_type) && masks.len() > 0 {
        return Err(Error::usage(format!(
            "{}: --dropout_stream torch follows what transformers draws for {} alone, not for {model_type}; leave it out, or drop \
             nothing: --hidden_dropout_prob 0 --attention_probs_dropout_prob 0",
            model.files().id,
            FOLLOWED.join(", ")
        )));
    }
    let chunk = model.config.get(FIELD).filter(|chunk| chunk.as_f64().is_none_or(|size| size > 0.0));
    let in_pieces = IN_PIECES.contains(&model_type);
    match chunk {
        Some(chunk) if in_pieces && masks.any(|mask| mask.place == Place::FeedForward) => Err(Error::usage(format!(
            "{}: config.json: `{FIELD}` is {chunk}: transformers draws masks of dropout a piece at a time there, which --dropout_stream torch \
             does not follow; set it to 0, which changes no other number, or leave the stream out",
            model.files().id
        ))),
        _ => Ok(()),
    }
}

/// The last layer in a tensor's name: `pooler` of `pooler.dense.weight`.
fn layer_of(tensor: &str) -> &str {
    let layers = tensor.rsplit_once('.').map_or(tensor, |(layer, _)| layer);
    layers.strip_suffix(".dense").unwrap_or(layers).rsplit('.').next().unwrap_or(layers)
}

/// What the model lacks, and its adapter does not bring: whoever reads the adapter draws it anew, and gets other scores.
fn lost_beside_an_adapter<'a>(report: &'a LoadReport, model: &ModelFiles) -> Option<&'a String> {
    let plan = model.adapter_plan()?;
    report.initialized.iter().find(|name| !plan.saved.iter().any(|saved| saved.name == **name))
}

/// Whether an adapter that is evaluated is whole with the model that it stands beside.
///
/// # Errors
/// Names what is lacking.
pub(super) fn check_whole(report: &LoadReport, settings: &Settings, model: &ModelFiles) -> Result<(), Error> {
    let Some(name) = lost_beside_an_adapter(report, model) else { return Ok(()) };
    match (settings.do_train, &settings.model.init_from) {
        (true, None) => Ok(()),
        (true, Some(from)) => Err(Error::usage(format!(
            "--init_from {}: the model that its adapters stand beside has no {name}, and they do not bring it, so the run would not begin where {} \
             ended: train it with --modules_to_save {}, or with --merge_adapter true",
            from.task,
            from.task,
            layer_of(name)
        ))),
        (false, _) => Err(Error::usage(format!(
            "{}: the model that the adapter stands beside has no {name}, and the adapter does not bring it: drawn anew, it would give other \
             scores than the adapter's",
            model.files().id
        ))),
    }
}

impl Prepared {
    /// Dataset class to model class: the checkpoint's own order where its head is used and its label names are the
    /// dataset's (as run_glue.py does for MNLI models), else the dataset's.
    pub(super) fn class_order(&self, report: &LoadReport) -> Vec<usize> {
        let plain = (0..self.task.labels.len()).collect();
        if report.new_head() {
            return plain;
        }
        let Some(own) = self.model.config.label_names() else { return plain };
        order_of(&self.task.labels, &own).unwrap_or(plain)
    }
}

impl Prepared {
    /// What is to be said of a head that was trained on other classes, as run_glue.py does.
    pub(super) fn head_warning(&self, report: &LoadReport) -> Option<String> {
        let own =
            self.model.config.label_names().filter(|_| !report.new_head() && self.task.kind != TaskKind::Regression)?;
        let is_plain = own.iter().enumerate().all(|(class, name)| *name == format!("LABEL_{class}"));
        let is_other = own.len() == self.task.labels.len() && order_of(&self.task.labels, &own).is_none();
        (is_other && !is_plain).then(|| {
            format!(
                "{}: its head has the classes {} (config.json), and {} has {}: they are taken for each other in this order",
                self.model.files().id,
                own.join(", "),
                self.task.name,
                self.task.labels.join(", ")
            )
        })
    }
}

/// Whether the texts of a pair are told apart by token types, in words; empty where the model has none.
pub(super) fn token_types(model: &ModelFiles) -> String {
    let tokenizer = &model.tokenizer;
    match model.token_types() {
        0 | 1 => String::new(),
        _ if tokenizer.uses_type_ids() => format!("; {} gives token types", tokenizer.class()),
        _ => format!("; {} gives no token types (--token_type_ids)", tokenizer.class()),
    }
}

/// One line on what was loaded.
pub(super) fn load_summary(report: &LoadReport) -> String {
    let list = |names: &[String]| match names {
        [] => "0".to_owned(),
        names if names.len() <= 4 => format!("{} ({})", names.len(), names.join(", ")),
        names => format!("{} ({}, ...)", names.len(), names[..3].join(", ")),
    };
    format!(
        "{} tensors loaded, {} initialized, {} unused",
        report.loaded.len(),
        list(&[report.initialized.as_slice(), &report.mismatched].concat()),
        list(&report.unused)
    )
}

/// What a person should know about the loaded weights.
pub(super) fn load_warnings(report: &LoadReport, settings: &Settings, model: &ModelFiles) -> Vec<String> {
    let mut warnings = Vec::new();
    if report.new_head() && !settings.do_train {
        let why = match report.mismatched.is_empty() {
            true => "the checkpoint has no head",
            false => "the checkpoint's head has another number of labels",
        };
        warnings.push(format!("{why} and --do_train is off: a random head is evaluated"));
    }
    let encoder: Vec<&String> = report.initialized.iter().filter(|name| !is_of_head(name)).collect();
    let is_saved = settings.do_train && !settings.peft.merge_adapter;
    warnings.extend(lost_beside_an_adapter(report, model).filter(|_| is_saved).map(|name| {
        format!(
            "{name} is not in the checkpoint, not trained, and no part of the adapter: with another --seed it is drawn otherwise, and the \
             adapter gives other scores; --modules_to_save with the name of its layer trains and saves it"
        )
    }));
    if !encoder.is_empty() {
        let names = encoder.iter().take(4).map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        warnings.push(format!("{} encoder tensors are not in the checkpoint and start random: {names}", encoder.len()));
    }
    warnings
}
