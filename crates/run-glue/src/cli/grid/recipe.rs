//! Settings where no flag says otherwise: those of published tables for several runs at once, and the demo's.

use glue_tasks::task::TaskSpec;

use crate::cli::args::RunArgs;
use trainer::demo;
use trainer::error::Error;
use trainer::settings::IntervalStrategy;

/// run_glue.py's README: 3 epochs, batches of 32, a learning rate of 2e-5, 128 tokens (the default).
/// <https://github.com/huggingface/transformers/blob/main/examples/pytorch/text-classification/README.md>
const NUM_TRAIN_EPOCHS: f64 = 3.0;
const PER_DEVICE_TRAIN_BATCH_SIZE: usize = 32;
const LEARNING_RATE: f64 = 2e-5;

/// Fills in what no flag says.
pub(super) fn fill(args: &mut RunArgs, task: &TaskSpec) {
    let training = &mut args.training;
    // Small tasks take longer there.
    training.num_train_epochs.get_or_insert(task.recipe_epochs.unwrap_or(NUM_TRAIN_EPOCHS));
    training.per_device_train_batch_size.get_or_insert(PER_DEVICE_TRAIN_BATCH_SIZE);
    training.learning_rate.get_or_insert(LEARNING_RATE);
}

/// Fills in the demo's recipe. A model or data of the user's own keep the usual defaults.
///
/// # Errors
/// When the recipe inside the program is broken.
pub(super) fn fill_demo(mut args: RunArgs) -> Result<RunArgs, Error> {
    let dataset = &args.dataset;
    if !args.model_name_or_path.is_empty() || dataset.dataset_dir.is_some() || dataset.dataset_revision.is_some() {
        return Ok(args);
    }
    let (recipe, training) = (demo::recipe()?, &mut args.training);
    training.num_train_epochs.get_or_insert(recipe.num_train_epochs);
    training.per_device_train_batch_size.get_or_insert(recipe.per_device_train_batch_size);
    training.learning_rate.get_or_insert(recipe.learning_rate);
    // The miniature splits are evaluated in no time, and the page of a sweep shows how the scores grow.
    args.evaluation.eval_strategy.get_or_insert(IntervalStrategy::Epoch);
    Ok(args)
}
