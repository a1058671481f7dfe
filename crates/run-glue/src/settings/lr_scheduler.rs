//! Learning-rate schedules: factors of the peak rate, as in transformers' `optimization.py`.

use std::f64::consts::PI;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

/// A schedule with its numbers. In all but `constant` the rate first rises linearly over the warm-up steps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Schedule {
    /// The peak rate, also in the warm-up.
    Constant,
    /// The peak rate.
    ConstantWithWarmup,
    /// Down to 0 in a straight line.
    Linear,
    /// Down along a cosine of `num_cycles` periods.
    Cosine(Cycles),
    /// `num_cycles` half cosines with hard restarts.
    CosineWithRestarts(Cycles),
    /// Down to `lr_end` with the rest of the way to the power of `power`.
    Polynomial(Polynomial),
    /// With the inverse square root of the step.
    InverseSqrt(InverseSqrt),
    /// Down along a cosine to a least rate.
    CosineWithMinLr(MinLr),
    /// As the one before, one step ahead, and with a warm-up that does not begin at 0.
    CosineWarmupWithMinLr(WarmupMinLr),
    /// Up, level, and down over the last `num_decay_steps`.
    WarmupStableDecay(StableDecay),
}

/// Numbers of a cosine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cycles {
    num_cycles: Option<f64>,
}

/// Numbers of `polynomial`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Polynomial {
    lr_end: Option<f64>,
    power: Option<f64>,
}

/// Numbers of `inverse_sqrt`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InverseSqrt {
    timescale: Option<f64>,
}

/// Numbers of `cosine_with_min_lr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MinLr {
    num_cycles: Option<f64>,
    min_lr: Option<f64>,
    min_lr_rate: Option<f64>,
}

/// Numbers of `cosine_warmup_with_min_lr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WarmupMinLr {
    num_cycles: Option<f64>,
    min_lr: Option<f64>,
    min_lr_rate: Option<f64>,
    warmup_lr_rate: Option<f64>,
}

/// Numbers of `warmup_stable_decay`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct StableDecay {
    num_decay_steps: f64,
    num_stable_steps: Option<f64>,
    #[serde(default)]
    min_lr_ratio: f64,
    num_cycles: Option<f64>,
    #[serde(default)]
    warmup_type: Slope,
    decay_type: Option<Slope>,
}

/// The form of a way up or down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
enum Slope {
    #[default]
    Linear,
    Cosine,
    #[serde(rename = "1-sqrt")]
    OneMinusSqrt,
}

impl StableDecay {
    /// `_get_wsd_scheduler_lambda` of transformers, its forms of warm-up and decay included.
    fn factor(&self, step: f64, warmup: f64, total: f64) -> f64 {
        let least = self.min_lr_ratio;
        let between = |factor: f64| (factor * (1.0 - least) + least).max(0.0);
        let stable = self.num_stable_steps.unwrap_or(total - warmup - self.num_decay_steps);
        if step < warmup {
            let progress = step / warmup.max(1.0);
            return between(match self.warmup_type {
                Slope::Linear => progress,
                Slope::Cosine => 0.5 * (1.0 - (PI * progress).cos()),
                Slope::OneMinusSqrt => 1.0 - (1.0 - progress).sqrt(),
            });
        }
        if step < warmup + stable {
            return 1.0;
        }
        if step >= warmup + stable + self.num_decay_steps {
            return least;
        }
        let progress = (step - warmup - stable) / self.num_decay_steps.max(1.0);
        between(match self.decay_type.unwrap_or(Slope::Cosine) {
            Slope::Linear => 1.0 - progress,
            Slope::Cosine => 0.5 * (1.0 + (PI * self.num_cycles.unwrap_or(0.5) * 2.0 * progress).cos()),
            Slope::OneMinusSqrt => 1.0 - progress.sqrt(),
        })
    }
}

/// How a schedule is made of `--lr_scheduler_kwargs`.
type FromKwargs = fn(Value) -> Result<Schedule, serde_json::Error>;

/// The names that `--lr_scheduler_type` takes.
pub const NAMES: [(&str, FromKwargs); 10] = [
    ("linear", |kwargs| none(kwargs, Schedule::Linear)),
    ("cosine", |kwargs| serde_json::from_value(kwargs).map(Schedule::Cosine)),
    ("cosine_with_restarts", |kwargs| serde_json::from_value(kwargs).map(Schedule::CosineWithRestarts)),
    ("polynomial", |kwargs| serde_json::from_value(kwargs).map(Schedule::Polynomial)),
    ("constant", |kwargs| none(kwargs, Schedule::Constant)),
    ("constant_with_warmup", |kwargs| none(kwargs, Schedule::ConstantWithWarmup)),
    ("inverse_sqrt", |kwargs| serde_json::from_value(kwargs).map(Schedule::InverseSqrt)),
    ("cosine_with_min_lr", |kwargs| serde_json::from_value(kwargs).map(Schedule::CosineWithMinLr)),
    ("cosine_warmup_with_min_lr", |kwargs| serde_json::from_value(kwargs).map(Schedule::CosineWarmupWithMinLr)),
    ("warmup_stable_decay", |kwargs| serde_json::from_value(kwargs).map(Schedule::WarmupStableDecay)),
];

/// Schedules of transformers that are not here, and why.
const REFUSED: [(&str, &str); 2] = [
    ("reduce_lr_on_plateau", "it depends on evaluations during training"),
    ("greedy", "it depends on the losses seen so far; use linear or cosine"),
];

fn none(kwargs: Value, schedule: Schedule) -> Result<Schedule, serde_json::Error> {
    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Nothing {}
    serde_json::from_value::<Nothing>(kwargs).map(|Nothing {}| schedule)
}

impl Schedule {
    /// The schedule of this name with its numbers, as JSON.
    ///
    /// # Errors
    /// Names the setting that is wrong, and what was expected.
    pub fn parse(name: &str, kwargs: Option<&str>) -> Result<Self, String> {
        let Some((_, from_kwargs)) = NAMES.iter().find(|(known, _)| *known == name) else {
            let known = NAMES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            let why = REFUSED.iter().find(|(refused, _)| *refused == name);
            let why = why.map_or_else(String::new, |(_, why)| format!(" ({why})"));
            return Err(format!("--lr_scheduler_type is {name}{why}, expected one of {known}"));
        };
        let kwargs: Map<String, Value> = match kwargs {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| wrong(name, &error))?,
        };
        from_kwargs(Value::Object(kwargs)).map_err(|error| wrong(name, &error))
    }

    /// Whether its numbers go together, for a peak of `learning_rate`.
    ///
    /// # Errors
    /// Names the one that is wrong, and what was expected.
    pub fn check(&self, learning_rate: f64) -> Result<(), String> {
        let wrong = |reason: &dyn std::fmt::Display| Err(wrong(self.name(), reason));
        match self {
            Self::Polynomial(Polynomial { lr_end, .. }) if lr_end.unwrap_or(LR_END) >= learning_rate => {
                wrong(&format!("lr_end {} is not below --learning_rate {learning_rate}", lr_end.unwrap_or(LR_END)))
            }
            Self::CosineWithMinLr(MinLr { min_lr: None, min_lr_rate: None, .. })
            | Self::CosineWarmupWithMinLr(WarmupMinLr { min_lr: None, min_lr_rate: None, .. }) => {
                wrong(&"min_lr or min_lr_rate is needed")
            }
            Self::CosineWithMinLr(MinLr { min_lr: Some(_), min_lr_rate: Some(_), .. })
            | Self::CosineWarmupWithMinLr(WarmupMinLr { min_lr: Some(_), min_lr_rate: Some(_), .. }) => {
                wrong(&"min_lr and min_lr_rate exclude each other")
            }
            Self::WarmupStableDecay(s) if s.num_decay_steps < 0.0 || s.num_stable_steps.is_some_and(|n| n < 0.0) => {
                wrong(&"num_decay_steps and num_stable_steps are numbers of steps from 0 on")
            }
            _ => Ok(()),
        }
    }

    /// As transformers calls it.
    fn name(&self) -> &'static str {
        match self {
            Self::Constant => "constant",
            Self::ConstantWithWarmup => "constant_with_warmup",
            Self::Linear => "linear",
            Self::Cosine(_) => "cosine",
            Self::CosineWithRestarts(_) => "cosine_with_restarts",
            Self::Polynomial(_) => "polynomial",
            Self::InverseSqrt(_) => "inverse_sqrt",
            Self::CosineWithMinLr(_) => "cosine_with_min_lr",
            Self::CosineWarmupWithMinLr(_) => "cosine_warmup_with_min_lr",
            Self::WarmupStableDecay(_) => "warmup_stable_decay",
        }
    }

    /// The name, and the numbers that were given, for records.
    #[must_use]
    pub fn describe(&self) -> Value {
        let name = self.name();
        match self {
            Self::Constant | Self::ConstantWithWarmup | Self::Linear => json!(name),
            Self::Cosine(c) => json!(format!("{name}(num_cycles={})", c.num_cycles.unwrap_or(0.5))),
            Self::CosineWithRestarts(c) => json!(format!("{name}(num_cycles={})", c.num_cycles.unwrap_or(1.0))),
            Self::Polynomial(p) => {
                json!(format!("{name}(lr_end={:e}, power={})", p.lr_end.unwrap_or(LR_END), p.power.unwrap_or(1.0)))
            }
            Self::InverseSqrt(i) => json!(match i.timescale {
                Some(timescale) => format!("{name}(timescale={timescale})"),
                None => name.to_owned(),
            }),
            Self::CosineWithMinLr(numbers) => json!({"name": name, "kwargs": numbers}),
            Self::CosineWarmupWithMinLr(numbers) => json!({"name": name, "kwargs": numbers}),
            Self::WarmupStableDecay(numbers) => json!({"name": name, "kwargs": numbers}),
        }
    }

    /// The factor of 0-based step `step` of `total`, `warmup` of which are warm-up.
    #[must_use]
    pub fn factor(&self, step: usize, warmup: usize, total: usize, peak: f64) -> f64 {
        if step < warmup {
            let (step, warmup) = (step as f64, warmup.max(1) as f64);
            match self {
                Self::Constant | Self::WarmupStableDecay(_) => {}
                Self::CosineWarmupWithMinLr(WarmupMinLr { warmup_lr_rate: None, .. }) => return (step + 1.0) / warmup,
                Self::CosineWarmupWithMinLr(WarmupMinLr { warmup_lr_rate: Some(first), .. }) => {
                    return first + (1.0 - first) * step / (warmup - 1.0).max(1.0);
                }
                _ => return step / warmup,
            }
        }
        let (step, warmup, total) = (step as f64, warmup as f64, total as f64);
        let progress = (step - warmup) / (total - warmup).max(1.0);
        match self {
            Self::Constant | Self::ConstantWithWarmup => 1.0,
            Self::Linear => ((total - step) / (total - warmup).max(1.0)).max(0.0),
            Self::Cosine(c) => half_cosine(2.0 * c.num_cycles.unwrap_or(0.5) * progress),
            Self::CosineWithRestarts(_) if progress >= 1.0 => 0.0,
            Self::CosineWithRestarts(c) => half_cosine((c.num_cycles.unwrap_or(1.0) * progress) % 1.0),
            Self::Polynomial(p) => {
                let (end, power) = (p.lr_end.unwrap_or(LR_END), p.power.unwrap_or(1.0));
                let left = 1.0 - (step - warmup) / (total - warmup);
                if step > total { end / peak } else { ((peak - end) * left.powf(power) + end) / peak }
            }
            Self::InverseSqrt(i) => {
                let timescale = i.timescale.unwrap_or(if warmup > 0.0 { warmup } else { 10_000.0 });
                1.0 / ((step + timescale - warmup) / timescale).sqrt()
            }
            Self::CosineWithMinLr(m) => {
                let least = m.min_lr_rate.unwrap_or_else(|| m.min_lr.unwrap_or(0.0) / peak);
                cosine_above(least, m.num_cycles, progress)
            }
            Self::CosineWarmupWithMinLr(m) => {
                let least = m.min_lr_rate.unwrap_or_else(|| m.min_lr.unwrap_or(0.0) / peak);
                cosine_above(least, m.num_cycles, (step - warmup + 1.0) / (total - warmup).max(1.0))
            }
            Self::WarmupStableDecay(s) => s.factor(step, warmup, total),
        }
    }
}

fn wrong(name: &str, reason: &dyn std::fmt::Display) -> String {
    format!("--lr_scheduler_kwargs of {name}: {reason}; expected JSON such as {{\"num_cycles\": 2}}")
}

/// transformers' default.
const LR_END: f64 = 1e-7;

/// `(1 + cos(pi x)) / 2`, not below 0.
fn half_cosine(x: f64) -> f64 {
    (0.5 * (1.0 + (PI * x).cos())).max(0.0)
}

/// A cosine from 1 down to `least`.
fn cosine_above(least: f64, num_cycles: Option<f64>, progress: f64) -> f64 {
    let factor = 0.5 * (1.0 + (PI * 2.0 * num_cycles.unwrap_or(0.5) * progress).cos());
    (factor * (1.0 - least) + least).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Written by scripts/fixtures/schedules.py.
    const FIXTURE: &str = include_str!("../../tests/fixtures/schedules.json");

    #[test]
    fn factors_are_those_of_transformers() {
        let cases: Vec<Value> = serde_json::from_str(FIXTURE).expect("a list");
        assert!(cases.len() >= NAMES.len());
        for case in &cases {
            let name = case["name"].as_str().expect("a name");
            let number = |field: &str| case[field].as_u64().expect("a count") as usize;
            let peak = case["learning_rate"].as_f64().expect("a rate");
            let schedule = Schedule::parse(name, Some(&case["kwargs"].to_string())).expect("a schedule");
            schedule.check(peak).expect("numbers that go together");
            for (step, expected) in case["rates"].as_array().expect("rates").iter().enumerate() {
                let rate = peak * schedule.factor(step, number("warmup"), number("total"), peak);
                let expected = expected.as_f64().expect("a rate");
                assert!((rate - expected).abs() <= 1e-12 * peak, "{case} at {step}: {rate}");
            }
        }
        for (name, _) in NAMES {
            assert!(cases.iter().any(|case| case["name"] == name), "{name} is not in the fixture");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        let error =
            |name, kwargs| Schedule::parse(name, kwargs).and_then(|schedule| schedule.check(1e-5)).expect_err("wrong");
        assert!(error("linaer", None).contains("expected one of linear, cosine"));
        assert!(error("reduce_lr_on_plateau", None).contains("depends on evaluations"));
        assert!(error("linear", Some("{\"power\": 2}")).contains("unknown field `power`"));
        assert!(error("cosine", Some("[1]")).contains("--lr_scheduler_kwargs of cosine"));
        assert!(error("polynomial", Some("{\"lr_end\": 1}")).contains("not below --learning_rate"));
        assert!(error("cosine_with_min_lr", None).contains("min_lr or min_lr_rate"));
    }
}
