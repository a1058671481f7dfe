//! Flags of run_glue.py, run_glue_no_trainer.py and TrainingArguments that are no flags of this program: those that become
//! others, those that change nothing here, and those that are refused with a reason.

use super::value_parsers::boolean;

/// What becomes of a flag.
#[derive(Clone, Copy)]
pub enum Verdict {
    /// It is another way to write these flags; `None` where the value is none of its own.
    Becomes(&'static str, fn(&str) -> Option<Vec<String>>),
    /// Taken with any value, since nothing here depends on it; why.
    NoEffect(&'static str),
    /// An error that says why, unless the value asks for what happens anyway.
    Refused(&'static str),
}

/// A flag and what becomes of it.
pub struct CompatFlag {
    /// Its name.
    pub name: &'static str,
    /// Values that ask for what happens anyway, lower-case; they are always taken.
    pub as_is: &'static [&'static str],
    /// All others.
    pub verdict: Verdict,
}

const OFF: &[&str] = &["false", "none", "no", "", "0", "f", "n"];
const ON: &[&str] = &["true", "yes", "1", "t", "y"];
const UNSET: &[&str] = &["none", ""];

const fn becomes(name: &'static str, what: &'static str, new: fn(&str) -> Option<Vec<String>>) -> CompatFlag {
    CompatFlag { name, as_is: &[], verdict: Verdict::Becomes(what, new) }
}

const fn no_effect(name: &'static str, why: &'static str) -> CompatFlag {
    CompatFlag { name, as_is: OFF, verdict: Verdict::NoEffect(why) }
}

const fn refused(name: &'static str, as_is: &'static [&'static str], why: &'static str) -> CompatFlag {
    CompatFlag { name, as_is, verdict: Verdict::Refused(why) }
}

/// `flag value` where a boolean is true, nothing where it is false.
fn where_true(value: &str, new: &[&str]) -> Option<Vec<String>> {
    let on = boolean(value).ok()?;
    Some(if on { new.iter().map(|&arg| arg.to_owned()).collect() } else { Vec::new() })
}

const ONE_PROCESS: &str = "it is about several processes, and a run is one";
const LOADER: &str = "there are no loader processes: batches are cut from memory";
const TORCH: &str = "it is about PyTorch, which does not run here";
const TORCH_ONLY: &str = "it is about PyTorch, which does not run here; leave it out";
const CHECKPOINTING: &str = "there is one way to do --gradient_checkpointing";
const SPREAD: &str = "leave it out; --experimental_data_parallel divides batches over devices";
const ONE_WAY: &str = "there is one way to do --fp16 and --bf16, by the program's own operations";

/// All of them, by name.
pub const COMPAT_FLAGS: &[CompatFlag] = &[
    refused("accelerator_config", UNSET, SPREAD),
    becomes("adafactor", "`--optim adafactor`", |value| where_true(value, &["--optim", "adafactor"])),
    becomes("activation_checkpointing", "`--gradient_checkpointing`", |value| {
        where_true(value, &["--gradient_checkpointing"])
    }),
    no_effect("activation_checkpointing_kwargs", CHECKPOINTING),
    no_effect("average_tokens_across_devices", ONE_PROCESS),
    refused("batch_eval_metrics", OFF, "metrics are of whole splits; leave it out"),
    refused("bf16_full_eval", OFF, "weights stay f32; --bf16 rounds the factors of products, in evaluation too"),
    becomes("checkpointing_steps", "`--save_strategy epoch`, or `--save_strategy steps --save_steps N`", |value| {
        let new = match value {
            "epoch" => vec!["--save_strategy".to_owned(), value.to_owned()],
            _ => ["--save_strategy", "steps", "--save_steps", value].map(str::to_owned).to_vec(),
        };
        (value == "epoch" || value.parse::<u64>().is_ok()).then_some(new)
    }),
    no_effect("data_parallel", ONE_PROCESS),
    no_effect("dataloader_in_order", LOADER),
    no_effect("dataloader_multiprocessing_context", LOADER),
    no_effect("dataloader_num_workers", LOADER),
    no_effect("dataloader_persistent_workers", LOADER),
    no_effect("dataloader_pin_memory", LOADER),
    no_effect("dataloader_prefetch_factor", LOADER),
    no_effect("ddp_backend", ONE_PROCESS),
    no_effect("ddp_broadcast_buffers", ONE_PROCESS),
    no_effect("ddp_bucket_cap_mb", ONE_PROCESS),
    no_effect("ddp_find_unused_parameters", ONE_PROCESS),
    no_effect("ddp_static_graph", ONE_PROCESS),
    no_effect("ddp_timeout", ONE_PROCESS),
    refused("debug", UNSET, TORCH_ONLY),
    refused("deepspeed", UNSET, SPREAD),
    no_effect("enable_jit_checkpoint", "Ctrl-C and SIGTERM always save a checkpoint"),
    no_effect("eval_accumulation_steps", "logits leave the device with each batch"),
    no_effect("eval_do_concat_batches", "logits of a split are always one array"),
    no_effect("eval_use_gather_object", ONE_PROCESS),
    no_effect("fp16_backend", ONE_WAY),
    refused("fp16_full_eval", OFF, "weights stay f32; --fp16 rounds the factors of products, in evaluation too"),
    no_effect("fp16_opt_level", ONE_WAY),
    refused("fsdp", UNSET, SPREAD),
    refused("fsdp_config", UNSET, SPREAD),
    refused("fsdp_min_num_params", OFF, SPREAD),
    refused("fsdp_transformer_layer_cls_to_wrap", UNSET, SPREAD),
    no_effect("full_determinism", "runs are always deterministic"),
    no_effect("gradient_checkpointing_kwargs", CHECKPOINTING),
    becomes("group_by_length", "`--train_sampling_strategy group_by_length`", |value| {
        where_true(value, &["--train_sampling_strategy", "group_by_length"])
    }),
    no_effect("half_precision_backend", ONE_WAY),
    becomes("hub_token", "`--token`", |value| Some(vec!["--token".to_owned(), value.to_owned()])),
    refused("ignore_data_skip", OFF, "a resumed run goes on with the row that comes next; leave it out"),
    refused("include_for_metrics", UNSET, "metrics take predictions and labels; leave it out"),
    refused("include_inputs_for_metrics", OFF, "metrics take predictions and labels; leave it out"),
    no_effect("include_num_input_tokens_seen", "tokens are always counted: see throughput in the record"),
    no_effect("include_tokens_per_second", "tokens a second are always counted: see throughput in the record"),
    no_effect("jit_mode_eval", TORCH),
    no_effect("length_column_name", "lengths are counted, not read"),
    refused("liger_kernel_config", UNSET, TORCH_ONLY),
    no_effect("local_rank", ONE_PROCESS),
    no_effect("log_level_replica", ONE_PROCESS),
    no_effect("log_on_each_node", ONE_PROCESS),
    CompatFlag {
        name: "logging_nan_inf_filter",
        as_is: &["false", "no", "0", "f", "n"],
        verdict: Verdict::NoEffect("a loss that is no number is always shown"),
    },
    no_effect("mp_parameters", ONE_PROCESS),
    refused("neftune_noise_alpha", UNSET, "noise on embeddings is not offered; leave it out"),
    refused(
        "optim_args",
        UNSET,
        "the optimizers take their numbers from --adam_beta1, --adam_beta2 and --adam_epsilon; leave it out",
    ),
    refused("optim_target_modules", UNSET, "no optimizer here works on chosen modules; leave it out"),
    refused("parallelism_config", UNSET, SPREAD),
    refused("past_index", &["-1", "none"], "encoders have no past states; leave it out"),
    refused("prediction_loss_only", OFF, "an evaluation always gives the metrics; leave it out"),
    no_effect("preprocessing_num_workers", "texts are tokenized on all cores"),
    no_effect("project", "it names a place of a tracker that is not used"),
    refused("push_to_hub_organization", UNSET, "it stands before the name: --hub_model_id ORGANIZATION/NAME"),
    becomes("push_to_hub_token", "`--token`", |value| Some(vec!["--token".to_owned(), value.to_owned()])),
    no_effect("ray_scope", "it is about a search by Ray, which is not used"),
    no_effect("remove_columns", "only the columns that are used are read"),
    no_effect("remove_splits", "only the splits that are used are read"),
    no_effect("remove_unused_columns", "only the columns that are used are read"),
    no_effect("restore_callback_states_from_checkpoint", "what a checkpoint holds is always restored"),
    CompatFlag {
        name: "save_safetensors",
        as_is: ON,
        verdict: Verdict::Refused(
            "weights are written as safetensors, which every version of transformers since 4.26 reads",
        ),
    },
    no_effect("save_on_each_node", ONE_PROCESS),
    CompatFlag {
        name: "skip_memory_metrics",
        as_is: ON,
        verdict: Verdict::NoEffect("the record always has the peak memory"),
    },
    refused("text_column_delimiter", UNSET, "two columns are read as first and second text; join columns in the file"),
    no_effect("torch_compile", TORCH),
    no_effect("torch_compile_backend", TORCH),
    no_effect("torch_compile_mode", TORCH),
    no_effect("torch_empty_cache_steps", TORCH),
    no_effect("torchdynamo", TORCH),
    no_effect("tpu_metrics_debug", "TPUs are not used"),
    no_effect("tpu_num_cores", "TPUs are not used"),
    no_effect("trackio_bucket_id", "the tracker is not used"),
    no_effect("trackio_space_id", "the tracker is not used"),
    no_effect("trackio_static_space_id", "the tracker is not used"),
    refused("trust_remote_code", OFF, "no code of a repository is run here; leave it out"),
    no_effect("use_cache", "encoders keep no past states"),
    no_effect("use_fast_tokenizer", "there is one tokenizer, the fast one"),
    no_effect("use_ipex", TORCH),
    no_effect("use_legacy_prediction_loop", "there is one loop, and its numbers are the same"),
    no_effect("use_liger_kernel", TORCH),
    refused("use_mps_device", OFF, "Apple's GPUs are not supported; leave it out"),
    no_effect("use_slow_tokenizer", "there is one tokenizer, and its tokens are the same"),
    becomes("with_tracking", "`--report_to all`", |value| where_true(value, &["--report_to", "all"])),
];

/// The row of a flag.
#[must_use]
pub fn find(name: &str) -> Option<&'static CompatFlag> {
    COMPAT_FLAGS.iter().find(|flag| flag.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_stands_once() {
        for flag in COMPAT_FLAGS {
            assert_eq!(COMPAT_FLAGS.iter().filter(|other| other.name == flag.name).count(), 1, "{}", flag.name);
        }
    }
}
