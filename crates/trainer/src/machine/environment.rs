//! What the environment says of how to compute. Who reads it takes what is wrong there for nothing.

use crate::error::Error;

/// Threads beyond which no machine goes; a typing error would start as many.
const MOST_THREADS: usize = 1024;

/// # Errors
/// Names the variable that is not what it may be.
pub fn check() -> Result<(), Error> {
    check_values(|name| std::env::var_os(name).map(|value| value.to_string_lossy().into_owned()))
}

fn check_values(value: impl Fn(&str) -> Option<String>) -> Result<(), Error> {
    let wrong = |name: &str, value: &str, expected: &str| {
        Err(Error::usage(format!(
            "{name} is `{}` in the environment; expected {expected}, or unset it",
            records::shown(value)
        )))
    };
    let given = |name: &str| value(name).filter(|value| !value.is_empty());
    if let Some(value) = given("RAYON_NUM_THREADS")
        && !value.parse().is_ok_and(|threads: usize| threads <= MOST_THREADS)
    {
        return wrong("RAYON_NUM_THREADS", &value, &format!("a number of threads up to {MOST_THREADS} (0: all)"));
    }
    if let Some(value) = given("RUN_GLUE_SIMD").filter(|value| !["v3", "scalar"].contains(&value.as_str())) {
        return wrong("RUN_GLUE_SIMD", &value, "v3 or scalar");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_be_taken_for_nothing_is_refused() {
        let check = |name: &str, value: &str| {
            let values = |asked: &str| (asked == name).then(|| value.to_owned());
            check_values(values).map_err(|error| error.to_string())
        };
        for (name, value) in
            [("RAYON_NUM_THREADS", "0"), ("RAYON_NUM_THREADS", "3"), ("RAYON_NUM_THREADS", ""), ("RUN_GLUE_SIMD", "v3")]
        {
            assert_eq!(check(name, value), Ok(()), "{name} {value}");
        }
        for (name, value) in [
            ("RAYON_NUM_THREADS", "x"),
            ("RAYON_NUM_THREADS", "-1"),
            ("RAYON_NUM_THREADS", "100000"),
            ("RUN_GLUE_SIMD", "V3"),
        ] {
            let refused = check(name, value).unwrap_err();
            assert!(refused.contains(&format!("{name} is `{value}`")), "{refused}");
        }
    }
}
