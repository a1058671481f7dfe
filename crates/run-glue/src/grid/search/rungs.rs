//! How much training each round of a search gives to how many of its trials.
//!
//! Successive halving (Jamieson and Talwalkar 2016, <https://arxiv.org/abs/1502.07943>) with the ladder of Hyperband's brackets (Li
//! et al. 2018, <https://arxiv.org/abs/1603.06560>): of n trials, the best `n / eta^k` are in rung k, and each of them gets
//! `eta^k` times the training of the first rung; those of the last get all of it.
//!
//! A trial that goes on is run again from its beginning, and not from where it ended: the learning rate falls to 0 over the
//! run's own length, so a longer run has other rates from its first step on, and what a shorter one ends with lies on no
//! longer run's way. That costs `1 / eta` more, and makes each trial a run like any other, of its own schedule.

use records::python_json::float_repr;
use trainer::error::Error;

/// Trials by default where some values are drawn.
const USUAL_TRIALS: usize = 10;

/// What training is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Passes over the training rows; may be a fraction.
    Epochs,
    /// Optimizer steps.
    Steps,
}

impl Unit {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Epochs => "epochs",
            Self::Steps => "steps",
        }
    }
}

/// The most that the trials of one model and task may take.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Budget {
    Trials(usize),
    Training(f64, Unit),
}

impl Budget {
    /// `20`, `20trials`, `60epochs`, `5000steps`.
    pub(super) fn parse(text: &str) -> Result<Self, Error> {
        let wrong = || {
            Error::usage(format!(
                "--search_budget {text}: expected a number of trials, epochs or steps, such as 20trials, 60epochs or 5000steps"
            ))
        };
        let end = text.find(|letter: char| letter.is_ascii_alphabetic()).unwrap_or(text.len());
        let number: f64 = text[..end].trim().parse().map_err(|_| wrong())?;
        if !(number > 0.0 && number.is_finite()) {
            return Err(wrong());
        }
        match text[end..].trim() {
            "" | "trial" | "trials" if number.fract() == 0.0 => Ok(Self::Trials(number as usize)),
            "epoch" | "epochs" => Ok(Self::Training(number, Unit::Epochs)),
            "step" | "steps" => Ok(Self::Training(number, Unit::Steps)),
            _ => Err(wrong()),
        }
    }

    /// How many trials it allows by their number alone.
    pub(super) fn most_trials(self) -> usize {
        match self {
            Self::Trials(most) => most,
            Self::Training(..) => usize::MAX,
        }
    }

    /// Whether training of `amount` is within it.
    ///
    /// # Errors
    /// When it is counted in something else.
    pub(super) fn allows(self, amount: f64, unit: Unit) -> Result<bool, Error> {
        match self {
            Self::Trials(_) => Ok(true),
            // Sums of thirds.
            Self::Training(most, own) if own == unit => Ok(amount <= most * (1.0 + 1e-9)),
            Self::Training(_, own) => Err(Error::usage(format!(
                "--search_budget is in {}, and these runs are counted in {}: give it in those, or in trials",
                own.name(),
                unit.name()
            ))),
        }
    }
}

/// One round.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Rung {
    /// Trials in it.
    pub(super) trials: usize,
    /// Epochs or steps of each; `None`: what its setting says.
    pub(super) training: Option<f64>,
}

/// The rungs of `trials` trials, of which those in the last get `most`.
pub(super) fn ladder(trials: usize, eta: usize, most_rungs: usize, most: f64, unit: Unit) -> Vec<Rung> {
    let mut counts = vec![trials];
    while let Some(next) = counts.last().map(|last| last / eta).filter(|next| *next >= 1 && counts.len() < most_rungs) {
        counts.push(next);
    }
    let last = counts.len() - 1;
    let training = |rung: usize| {
        let share = most / (eta as f64).powi((last - rung) as i32);
        match unit {
            Unit::Epochs => share,
            Unit::Steps => share.round().max(1.0),
        }
    };
    counts.iter().enumerate().map(|(rung, &trials)| Rung { trials, training: Some(training(rung)) }).collect()
}

/// All training of a ladder.
pub(super) fn cost(ladder: &[Rung]) -> f64 {
    ladder.iter().map(|rung| rung.trials as f64 * rung.training.unwrap_or_default()).sum()
}

/// Epochs or steps as they are typed.
pub(super) fn amount(training: f64) -> String {
    if training.fract() == 0.0 { format!("{training}") } else { float_repr((training * 1e6).round() / 1e6) }
}

/// How many trials a search of drawn settings begins with, where nothing says it.
pub(super) fn usual_trials(eta: Option<usize>) -> usize {
    eta.map_or(USUAL_TRIALS, |eta| eta * eta)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(rungs: &[Rung]) -> Vec<(usize, f64)> {
        rungs.iter().map(|rung| (rung.trials, rung.training.unwrap_or_default())).collect()
    }

    #[test]
    fn rungs_are_those_of_a_bracket() {
        assert_eq!(shape(&ladder(9, 3, 9, 9.0, Unit::Epochs)), [(9, 1.0), (3, 3.0), (1, 9.0)]);
        assert_eq!(shape(&ladder(6, 3, 9, 3.0, Unit::Epochs)), [(6, 1.0), (2, 3.0)]);
        assert_eq!(shape(&ladder(16, 2, 3, 8.0, Unit::Epochs)), [(16, 2.0), (8, 4.0), (4, 8.0)]);
        assert_eq!(shape(&ladder(9, 3, 9, 10.0, Unit::Steps)), [(9, 1.0), (3, 3.0), (1, 10.0)]);
        assert_eq!(shape(&ladder(2, 3, 9, 4.0, Unit::Epochs)), [(2, 4.0)]);
        assert_eq!(cost(&ladder(9, 3, 9, 9.0, Unit::Epochs)), 27.0);
    }

    #[test]
    fn budgets_have_a_unit() {
        assert_eq!(Budget::parse("20").ok(), Some(Budget::Trials(20)));
        assert_eq!(Budget::parse("1 trial").ok(), Some(Budget::Trials(1)));
        assert_eq!(Budget::parse("7.5 epochs").ok(), Some(Budget::Training(7.5, Unit::Epochs)));
        assert_eq!(Budget::parse("500steps").ok(), Some(Budget::Training(500.0, Unit::Steps)));
        for wrong in ["", "trials", "0", "-3", "2.5", "3hours", "infepochs"] {
            assert!(Budget::parse(wrong).is_err(), "{wrong}");
        }
        let budget = Budget::Training(3.0, Unit::Epochs);
        assert!(budget.allows(1.0 / 3.0 * 9.0, Unit::Epochs).expect("epochs"));
        assert!(!budget.allows(3.1, Unit::Epochs).expect("epochs"));
        assert!(budget.allows(3.0, Unit::Steps).expect_err("another unit").to_string().contains("counted in steps"));
    }
}
