//! How often verdicts are wrong, by simulation: runs are drawn from normal distributions, and each draw is judged.

use super::judge::{Rule, judge};
use super::outcome::Outcome;
use super::wanted::Wanted;
use crate::compare::published::{Circumstances, PublishedValue, Statistic};
use crate::statistics::{Draw, Sample, Summary};

const MARGIN: f64 = 0.02;
const RULE: Rule = Rule { margin: MARGIN, alpha: 0.05, one_sided: false };

/// Verifications of every case. A rate of 5 % is seen as up to 9.6 % (three standard errors); of all cases of a kind together at most
/// 6.5 %.
const DRAWN: usize = 200;
const MOST: f64 = 0.096;
const MOST_TOGETHER: f64 = 0.065;

/// Box and Muller 1958.
fn normal(draw: &mut Draw, mean: f64, std: f64) -> f64 {
    let (a, b) = (1.0 - draw.unit(), draw.unit());
    std * (-2.0 * a.ln()).sqrt() * (std::f64::consts::TAU * b).cos() + mean
}

/// What was published of some runs: their mean with or without a spread, their median, or their best.
#[derive(Clone, Copy, Debug)]
enum Theirs {
    Single,
    Mean(usize),
    MeanAndSpread(usize),
    Median(usize),
    Best(usize),
}

impl Theirs {
    fn wanted(self, draw: &mut Draw, mean: f64, std: f64) -> Wanted {
        let (runs, statistic) = match self {
            Self::Single => (1, Statistic::Single),
            Self::Mean(runs) | Self::MeanAndSpread(runs) => (runs, Statistic::Mean),
            Self::Median(runs) => (runs, Statistic::Median),
            Self::Best(runs) => (runs, Statistic::Best),
        };
        let values: Vec<f64> = (0..runs).map(|_| normal(draw, mean, std)).collect();
        let all = Summary::of(&values).unwrap();
        let value = match self {
            Self::Median(_) => all.median,
            Self::Best(_) => all.max,
            Self::Single | Self::Mean(_) | Self::MeanAndSpread(_) => all.mean,
        };
        let made = Circumstances { statistic: Some(statistic), runs: Some(runs as u64), ..Circumstances::default() };
        let standard_deviation = if matches!(self, Self::MeanAndSpread(_)) { all.std } else { None };
        Wanted {
            model: None,
            task: "rte".to_owned(),
            metric: "accuracy".to_owned(),
            theirs: PublishedValue { value, made, standard_deviation, ..PublishedValue::default() },
            last_digit: 0.0,
            source: "drawn".to_owned(),
            runs: [].into(),
            lacking: None,
        }
    }
}

/// Shares of reproduced and not reproduced where our mean truly lies this far above theirs.
fn rates(theirs: Theirs, runs: usize, std: f64, difference: f64, rule: &Rule) -> (f64, f64) {
    // Draws of its own in every case.
    let mut draw = Draw::new(runs as u64 * 1000 + (std * 1e4) as u64);
    let (mut same, mut other) = (0, 0);
    for _ in 0..DRAWN {
        let wanted = theirs.wanted(&mut draw, 0.8, std);
        let values: Vec<f64> = (0..runs).map(|_| normal(&mut draw, 0.8 + difference, std)).collect();
        let ours = Summary::of(&values).unwrap();
        let is_median = wanted.is_median();
        let value = if is_median { ours.median } else { ours.mean };
        let sample = Sample { value, runs, std: ours.std, is_median };
        match judge(sample, &wanted, rule).outcome {
            Outcome::Reproduced => same += 1,
            Outcome::NotReproduced => other += 1,
            Outcome::CannotTell => {}
        }
    }
    (f64::from(same) / DRAWN as f64, f64::from(other) / DRAWN as f64)
}

const CASES: [Theirs; 6] = [
    Theirs::Single,
    Theirs::Mean(10),
    Theirs::MeanAndSpread(3),
    Theirs::MeanAndSpread(10),
    Theirs::Median(5),
    Theirs::Best(5),
];

/// The rates of a wrong verdict in every case, each small, and small together.
fn assert_small(rule: &Rule, difference: f64, wrong: impl Fn((f64, f64)) -> f64) {
    for theirs in CASES {
        let sizes = [2, 3, 5].into_iter().flat_map(|runs| [0.005, 0.02, 0.1].map(|std| (runs, std)));
        let all: Vec<f64> = sizes.map(|(runs, std)| wrong(rates(theirs, runs, std, difference, rule))).collect();
        let together = all.iter().sum::<f64>() / all.len() as f64;
        assert!(together <= MOST_TOGETHER && all.iter().all(|rate| *rate <= MOST), "{theirs:?}, {difference}: {all:?}");
    }
}

#[test]
fn equal_distributions_are_seldom_not_reproduced() {
    for one_sided in [false, true] {
        assert_small(&Rule { one_sided, ..RULE }, 0.0, |(_, other)| other);
    }
}

#[test]
fn different_distributions_are_seldom_reproduced() {
    for difference in [MARGIN, -MARGIN] {
        assert_small(&RULE, difference, |(same, _)| same);
    }
    assert_small(&Rule { one_sided: true, ..RULE }, -MARGIN, |(same, _)| same);
}

#[test]
fn what_can_be_told_is_told() {
    // Small spreads beside the margin: equal means are reproduced, others are not, nearly always.
    for theirs in [Theirs::Single, Theirs::Mean(3), Theirs::MeanAndSpread(5), Theirs::Median(5)] {
        let (same, _) = rates(theirs, 5, 0.003, 0.0, &RULE);
        let (_, other) = rates(theirs, 5, 0.003, -0.1, &RULE);
        assert!(same > 0.95 && other > 0.95, "{theirs:?}: {same} {other}");
    }
    // What is far better is not reproduced, unless better is welcome.
    let (same, other) = rates(Theirs::Mean(5), 5, 0.003, 0.1, &RULE);
    assert!(same == 0.0 && other > 0.95, "{same} {other}");
    let (same, other) = rates(Theirs::Mean(5), 5, 0.003, 0.1, &Rule { one_sided: true, ..RULE });
    assert!(same > 0.95 && other == 0.0, "{same} {other}");
}
