//! The block of numbers that `Trainer.log_metrics` prints.

use crate::metrics::Metrics;
use crate::python_json::{Value, dumps, float_repr, round_decimals};
use crate::shown;
use std::fmt::Write as _;

/// The block `***** <stage> metrics *****` with its sorted, aligned `key = value` lines, each line ended.
#[must_use]
pub fn metrics_block(stage: &str, metrics: &Metrics) -> String {
    let lines: Vec<_> = metrics.iter().map(|(key, value)| (shown(key), formatted(key, value))).collect();
    let key_width = lines.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
    let value_width = lines.iter().map(|(_, value)| value.chars().count()).max().unwrap_or(0);
    let mut block = format!("***** {stage} metrics *****\n");
    for (key, value) in lines {
        // Writing to a String cannot fail.
        let _ = writeln!(block, "  {key:<key_width$} = {value:>value_width$}");
    }
    block
}

/// One value as `metrics_format` shows it.
fn formatted(key: &str, value: &Value) -> String {
    if let Some(number) = value.as_f64().filter(|number| number.is_finite()) {
        if key.contains("_mem_") {
            return format!("{}MB", shifted(number, 20));
        }
        if key.contains("_runtime") {
            return clock(number);
        }
        if key == "total_flos" {
            return format!("{}GF", shifted(number, 30));
        }
    }
    match value {
        Value::Null => "None".to_owned(),
        Value::Bool(flag) => if *flag { "True" } else { "False" }.to_owned(),
        Value::Int(whole) => whole.to_string(),
        Value::Float(float) if float.is_finite() => float_repr(round_decimals(*float, 4)),
        Value::Float(float) => float_repr(*float).replace("Infinity", "inf").replace("NaN", "nan"),
        Value::String(words) => shown(words).into_owned(),
        nested => dumps(nested, 0).replace('\n', " "),
    }
}

/// `int(number) >> bits`, exact also beyond 64 bits: dividing a float by a power of two loses nothing.
fn shifted(number: f64, bits: i32) -> String {
    format!("{:.0}", (number.trunc() / 2_f64.powi(bits)).floor())
}

/// `h:mm:ss.cc`; hundredths are cut off, not rounded. From a day on `1 day, h:mm:ss.cc`.
fn clock(seconds: f64) -> String {
    #[expect(clippy::cast_possible_truncation, reason = "saturates for spans beyond the age of the universe")]
    let (whole, hundredths) = (seconds.trunc() as i64, ((seconds - seconds.trunc()).abs() * 100.0) as i64);
    let (days, rest) = (whole.div_euclid(86_400), whole.rem_euclid(86_400));
    let days = match days {
        0 => String::new(),
        1 | -1 => format!("{days} day, "),
        _ => format!("{days} days, "),
    };
    format!("{days}{}:{:02}:{:02}.{hundredths:02}", rest / 3600, rest / 60 % 60, rest % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn metrics(entries: &[(&str, Value)]) -> Metrics {
        entries.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect()
    }

    // The blocks below were printed by `Trainer.log_metrics` of transformers 5.23 for the same numbers.

    #[test]
    fn prints_the_training_block() {
        let block = metrics_block(
            "train",
            &metrics(&[
                ("train_runtime", 83.4125.into()),
                ("train_samples_per_second", 131.923.into()),
                ("train_steps_per_second", 4.136.into()),
                ("total_flos", 723_818_513_295_360.0.into()),
                ("train_loss", 0.391_186_279_6.into()),
                ("epoch", 3.0.into()),
                ("train_samples", 3668_usize.into()),
            ]),
        );
        let printed = "\
***** train metrics *****
  epoch                    =        3.0
  total_flos               =   674108GF
  train_loss               =     0.3912
  train_runtime            = 0:01:23.41
  train_samples            =       3668
  train_samples_per_second =    131.923
  train_steps_per_second   =      4.136
";
        assert_eq!(block, printed);
    }

    #[test]
    fn prints_the_evaluation_block() {
        let block = metrics_block(
            "eval",
            &metrics(&[
                ("eval_loss", 0.419_348_537_921_905_5.into()),
                ("eval_accuracy", 0.840_686_274_509_803_9.into()),
                ("eval_nan", f64::NAN.into()),
                ("eval_runtime", 3661.257.into()),
                ("eval_samples", 408_usize.into()),
                ("eval_x", 1e-5.into()),
                ("epoch", 3.0.into()),
            ]),
        );
        let printed = "\
***** eval metrics *****
  epoch         =        3.0
  eval_accuracy =     0.8407
  eval_loss     =     0.4193
  eval_nan      =        nan
  eval_runtime  = 1:01:01.25
  eval_samples  =        408
  eval_x        =        0.0
";
        assert_eq!(block, printed);
    }

    #[test]
    fn prints_days_megabytes_and_text() {
        let block = metrics_block(
            "eval",
            &metrics(&[
                ("eval_runtime", 200_000.999.into()),
                ("init_mem_cpu_alloc_delta", Value::Int(1301 << 20)),
                ("a", 0.031_25.into()),
                ("b", 1e20.into()),
                ("c", 123_456.789.into()),
                ("long_name_x", "txt".into()),
            ]),
        );
        let printed = "\
***** eval metrics *****
  a                        =             0.0312
  b                        =              1e+20
  c                        =         123456.789
  eval_runtime             = 2 days, 7:33:20.99
  init_mem_cpu_alloc_delta =             1301MB
  long_name_x              =                txt
";
        assert_eq!(block, printed);
    }

    #[test]
    fn what_a_terminal_would_obey_is_shown() {
        let block = metrics_block("eval", &metrics(&[("a\u{1b}", "b\nc".into())]));
        assert_eq!(block, "***** eval metrics *****\n  a\\u{1b} = b\\nc\n");
    }

    #[test]
    fn an_empty_set_has_only_its_title() {
        assert_eq!(metrics_block("eval", &Metrics::new()), "***** eval metrics *****\n");
    }
}
