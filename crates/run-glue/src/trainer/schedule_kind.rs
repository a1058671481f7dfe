//! Learning-rate schedules: factors of the peak rate, as in transformers' `optimization.py`.

use std::f64::consts::PI;

use serde::Deserialize;
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MinLr {
    num_cycles: Option<f64>,
    min_lr: Option<f64>,
    min_lr_rate: Option<f64>,
}

/// Numbers of `cosine_warmup_with_min_lr`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WarmupMinLr {
    num_cycles: Option<f64>,
    min_lr: Option<f64>,
    min_lr_rate: Option<f64>,
    warmup_lr_rate: Option<f64>,
}

/// Numbers of `warmup_stable_decay`.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
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
    /// The schedule of `--lr_scheduler_type` and `--lr_scheduler_kwargs`, for a peak of `learning_rate`.
    ///
    /// # Errors
    /// Names the flag that is wrong, and what was expected.
    pub fn new(name: &str, kwargs: Option<&str>, learning_rate: f64) -> Result<Self, String> {
        let Some((_, from_kwargs)) = NAMES.iter().find(|(known, _)| *known == name) else {
            let known = NAMES.iter().map(|(known, _)| *known).collect::<Vec<_>>().join(", ");
            let why = REFUSED.iter().find(|(refused, _)| *refused == name);
            let why = why.map_or_else(String::new, |(_, why)| format!(" ({why})"));
            return Err(format!("--lr_scheduler_type is {name}{why}, expected one of {known}"));
        };
        let wrong = |reason: &dyn std::fmt::Display| {
            format!("--lr_scheduler_kwargs of {name}: {reason}; expected JSON such as {{\"num_cycles\": 2}}")
        };
        let kwargs: Map<String, Value> = match kwargs {
            None => Map::new(),
            Some(text) => serde_json::from_str(text).map_err(|error| wrong(&error))?,
        };
        let schedule = from_kwargs(Value::Object(kwargs)).map_err(|error| wrong(&error))?;
        match schedule {
            Self::Polynomial(Polynomial { lr_end, .. }) if lr_end.unwrap_or(LR_END) >= learning_rate => {
                Err(wrong(&format!("lr_end {} is not below --learning_rate {learning_rate}", lr_end.unwrap_or(LR_END))))
            }
            Self::CosineWithMinLr(MinLr { min_lr: None, min_lr_rate: None, .. })
            | Self::CosineWarmupWithMinLr(WarmupMinLr { min_lr: None, min_lr_rate: None, .. }) => {
                Err(wrong(&"min_lr or min_lr_rate is needed"))
            }
            Self::CosineWithMinLr(MinLr { min_lr: Some(_), min_lr_rate: Some(_), .. })
            | Self::CosineWarmupWithMinLr(WarmupMinLr { min_lr: Some(_), min_lr_rate: Some(_), .. }) => {
                Err(wrong(&"min_lr and min_lr_rate exclude each other"))
            }
            Self::WarmupStableDecay(s) if s.num_decay_steps < 0.0 || s.num_stable_steps.is_some_and(|n| n < 0.0) => {
                Err(wrong(&"num_decay_steps and num_stable_steps are numbers of steps from 0 on"))
            }
            schedule => Ok(schedule),
        }
    }

    /// The name, and the numbers that were given, for records.
    #[must_use]
    pub fn describe(&self) -> Value {
        match self {
            Self::Constant => json!("constant"),
            Self::ConstantWithWarmup => json!("constant_with_warmup"),
            Self::Linear => json!("linear"),
            Self::Cosine(c) => json!(format!("cosine(num_cycles={})", c.num_cycles.unwrap_or(0.5))),
            Self::CosineWithRestarts(c) => {
                json!(format!("cosine_with_restarts(num_cycles={})", c.num_cycles.unwrap_or(1.0)))
            }
            Self::Polynomial(p) => {
                json!(format!("polynomial(lr_end={:e}, power={})", p.lr_end.unwrap_or(LR_END), p.power.unwrap_or(1.0)))
            }
            Self::InverseSqrt(i) => json!(match i.timescale {
                Some(timescale) => format!("inverse_sqrt(timescale={timescale})"),
                None => "inverse_sqrt".to_owned(),
            }),
            Self::CosineWithMinLr(m) => json!(format!("cosine_with_min_lr({m:?})")),
            Self::CosineWarmupWithMinLr(m) => json!(format!("cosine_warmup_with_min_lr({m:?})")),
            Self::WarmupStableDecay(s) => json!(format!("warmup_stable_decay({s:?})")),
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
            let schedule = Schedule::new(name, Some(&case["kwargs"].to_string()), peak).expect("a schedule");
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
        let error = |name, kwargs| Schedule::new(name, kwargs, 1e-5).expect_err("wrong");
        assert!(error("linaer", None).contains("expected one of linear, cosine"));
        assert!(error("reduce_lr_on_plateau", None).contains("depends on evaluations"));
        assert!(error("linear", Some("{\"power\": 2}")).contains("unknown field `power`"));
        assert!(error("cosine", Some("[1]")).contains("--lr_scheduler_kwargs of cosine"));
        assert!(error("polynomial", Some("{\"lr_end\": 1}")).contains("not below --learning_rate"));
        assert!(error("cosine_with_min_lr", None).contains("min_lr or min_lr_rate"));
    }
}
