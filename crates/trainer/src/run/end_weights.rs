//! Which weights a training ends with, and what is said about it.

use std::path::PathBuf;

use super::best_checkpoint::{BestCheckpoint, Kept};
use crate::settings::{BestSettings, SaveStrategy, Settings};
use records::python_json::float_repr;
use records::record::parts::EndWeights;

/// The end of a training.
pub(super) struct TrainingEnd {
    pub(super) weights: EndWeights,
    /// The step that they are of.
    pub(super) step: usize,
    /// The checkpoint that they are in; `None`: the training has them.
    pub(super) folder: Option<PathBuf>,
    /// What is said about them.
    pub(super) said: Option<Said>,
}

/// What is said about weights.
#[derive(Debug, PartialEq)]
pub(super) enum Said {
    /// They are the best.
    Best(String),
    /// The best are lost; it is a warning.
    Lost(String),
}

impl TrainingEnd {
    /// The end of a training whose last step is `last`.
    pub(super) fn new(settings: &Settings, best: &BestCheckpoint, last: usize) -> Self {
        let is_last = |said| Self { weights: EndWeights::Last, step: last, folder: None, said };
        let saves_best = settings.checkpoints.save_strategy == SaveStrategy::Best;
        let Some(by) = settings.evaluation.best.as_ref().filter(|by| by.load_at_end || saves_best) else {
            return is_last(None);
        };
        if by.load_at_end && best.best.step == Some(last) && !best.is_kept() {
            let of_last = in_words(by, Kept { step: last, metric: best.best.metric });
            let said = Said::Best(format!(
                "the best weights are those after the last step ({of_last}), which no checkpoint has"
            ));
            return Self { weights: EndWeights::Best, step: last, folder: None, said: Some(said) };
        }
        let saved = best.kept.zip(best.folder.as_ref());
        let saved_in_words = saved.map(|(kept, folder)| format!("{} ({})", folder.display(), in_words(by, kept)));
        let lost = lost(by, best, saves_best);
        match (saved, saved_in_words) {
            (Some((kept, folder)), Some(saved)) if by.load_at_end => {
                let (weights, said) = match lost {
                    None => (EndWeights::Best, Said::Best(format!("the best weights are those of {saved}"))),
                    Some(lost) => {
                        (EndWeights::BestKept, Said::Lost(format!("{lost}: the run ends with those of {saved}")))
                    }
                };
                Self { weights, step: kept.step, folder: Some(folder.clone()), said: Some(said) }
            }
            (_, saved) => is_last(lost.map(|lost| {
                Said::Lost(match saved {
                    Some(saved) => format!("{lost}: the best that were saved are those of {saved}"),
                    None if by.load_at_end => format!("{lost}: the run ends with those after its last step, {last}"),
                    None => format!("{lost}: no checkpoint has an evaluation"),
                })
            })),
        }
    }
}

/// Which weights are lost, where they are.
fn lost(by: &BestSettings, best: &BestCheckpoint, saves_best: bool) -> Option<String> {
    let Some(step) = best.best.step else {
        return Some(format!("no evaluation gave a number for {}, so no weights are the best", by.metric));
    };
    if best.is_kept() {
        return None;
    }
    let why = match best.failed == best.best.step {
        true => "could not be saved",
        false if best.gone == best.best.step => "are no longer there, as their checkpoint was removed",
        false if saves_best => "are in no checkpoint",
        false => {
            "are in no checkpoint, as none was due there (--save_strategy best saves each that is the best so far)"
        }
    };
    let best = in_words(by, Kept { step, metric: best.best.metric });
    Some(format!("the weights of the best evaluation ({best}) {why}"))
}

fn in_words(by: &BestSettings, of: Kept) -> String {
    let number = of.metric.map_or_else(|| "no number".to_owned(), float_repr);
    format!("step {}, {} {number}", of.step, by.metric)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    fn settings(load_at_end: bool, save_strategy: SaveStrategy) -> Settings {
        let mut settings = Settings::of(glue_tasks::find_task("rte").unwrap());
        settings.evaluation.best = Some(BestSettings { load_at_end, ..BestSettings::by("accuracy") });
        settings.checkpoints.save_strategy = save_strategy;
        settings
    }

    /// After evaluations of these steps and values, each with whether it was saved.
    fn best(evaluations: &[(usize, f64, bool)]) -> BestCheckpoint {
        let (by, mut best) = (BestSettings::by("accuracy"), BestCheckpoint::default());
        for &(step, value, is_saved) in evaluations {
            best.judge(value, step, &by, None);
            if is_saved {
                best = best.with_saved(step, Path::new(&format!("checkpoint-{step}")), Some(&by));
            }
        }
        best
    }

    fn end(settings: &Settings, best: &BestCheckpoint) -> (EndWeights, usize, String) {
        let end = TrainingEnd::new(settings, best, 40);
        let said = match end.said {
            None => String::new(),
            Some(Said::Best(said)) => format!("best: {said}"),
            Some(Said::Lost(said)) => format!("lost: {said}"),
        };
        (end.weights, end.step, said)
    }

    #[test]
    fn the_end_says_which_weights_it_has_and_which_are_lost() {
        let load = settings(true, SaveStrategy::Steps);
        let kept = best(&[(10, 0.5, true), (20, 0.75, true), (30, 0.5, true)]);
        let said = "best: the best weights are those of checkpoint-20 (step 20, eval_accuracy 0.75)";
        assert_eq!(end(&load, &kept), (EndWeights::Best, 20, said.to_owned()));

        let mut full = best(&[(10, 0.5, true), (20, 0.75, false)]);
        full.failed = Some(20);
        let said = "lost: the weights of the best evaluation (step 20, eval_accuracy 0.75) could not be saved: the run ends with \
                    those of checkpoint-10 (step 10, eval_accuracy 0.5)";
        assert_eq!(end(&load, &full), (EndWeights::BestKept, 10, said.to_owned()));

        let none = best(&[(5, 0.75, false)]);
        let (weights, step, said) = end(&load, &none);
        assert_eq!((weights, step), (EndWeights::Last, 40));
        assert!(
            said.contains("as none was due there (--save_strategy best") && said.ends_with("after its last step, 40")
        );

        // Those the training has.
        let said = "best: the best weights are those after the last step (step 40, eval_accuracy 0.75), which no checkpoint has";
        let at_hand = best(&[(10, 0.5, true), (40, 0.75, false)]);
        assert_eq!(end(&load, &at_hand), (EndWeights::Best, 40, said.to_owned()));

        let (weights, _, said) = end(&load, &best(&[(10, f64::NAN, true)]));
        assert_eq!(weights, EndWeights::Last);
        assert!(said.starts_with("lost: no evaluation gave a number for eval_accuracy"), "{said}");
    }

    #[test]
    fn where_the_best_are_only_saved_the_run_ends_with_the_last() {
        let save = settings(false, SaveStrategy::Best);
        assert_eq!(end(&save, &best(&[(10, 0.5, true)])), (EndWeights::Last, 40, String::new()));
        let (weights, step, said) = end(&save, &best(&[(10, 0.5, true), (20, 0.75, false)]));
        assert_eq!((weights, step), (EndWeights::Last, 40));
        assert!(
            said.ends_with("the best that were saved are those of checkpoint-10 (step 10, eval_accuracy 0.5)"),
            "{said}"
        );
        // Nobody asked.
        let neither = settings(false, SaveStrategy::Steps);
        assert_eq!(end(&neither, &best(&[(10, 0.5, false)])), (EndWeights::Last, 40, String::new()));
    }
}
