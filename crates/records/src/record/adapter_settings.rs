//! How an adapter was trained, among the settings of a run.

/// The names of these settings, in the order in which they are listed.
pub const OF_ADAPTERS: [&str; 9] = [
    "peft",
    "lora_r",
    "lora_alpha",
    "lora_dropout",
    "lora_bias",
    "use_rslora",
    "target_modules",
    "feedforward_modules",
    "modules_to_save",
];
