//! What a run drew otherwise than the Trainer does, so that its curve is another one.

use records::record::RunRecord;

/// What a run drew for itself.
#[derive(Clone, Copy, Debug)]
pub(super) struct Draws {
    /// Masks of dropout.
    pub(super) masks: bool,
    /// The order of rows that are grouped by length.
    pub(super) order: bool,
}

impl Draws {
    pub(super) fn of(record: &RunRecord) -> Self {
        let of = |name: &str| record.hyper_parameters.get(name);
        let drops = ["hidden_dropout_prob", "attention_probs_dropout_prob"];
        let drops_units = record.training.as_ref().and_then(|training| training.drops_units);
        let drops_units =
            drops_units.unwrap_or_else(|| drops.iter().any(|name| of(name).and_then(|p| p.as_f64()) != Some(0.0)));
        let follows = of("dropout_stream").and_then(|value| value.as_str()) == Some("torch");
        let by_length = of("train_sampling_strategy").and_then(|value| value.as_str()) == Some("group_by_length");
        Self { masks: drops_units && !follows, order: by_length && !follows }
    }

    /// What is to be said of it.
    pub(super) fn in_words(self) -> impl Iterator<Item = &'static str> {
        let masks = "The run drew masks of dropout of its own: only runs with --dropout_stream torch follow the Trainer step for step.";
        let order = "The run ordered its rows by length in an order of its own: only runs with --dropout_stream torch follow the Trainer's.";
        [self.masks.then_some(masks), self.order.then_some(order)].into_iter().flatten()
    }
}
