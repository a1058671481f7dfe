//! Floats as Python prints and rounds them.

/// `repr` of a float as `json.dumps` writes it: the shortest digits that read back as the same number, plain between
/// 1e-4 and 1e16, with an exponent of at least two digits outside; `NaN`, `Infinity`, `-Infinity`.
#[must_use]
pub fn float_repr(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.to_owned();
    }
    let scientific = shortest(value);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((scientific.as_str(), "0"));
    let power: i32 = exponent.parse().unwrap_or(0);
    if (-4..16).contains(&power) {
        plain(mantissa, power)
    } else {
        let sign = if power < 0 { '-' } else { '+' };
        format!("{mantissa}e{sign}{:02}", power.unsigned_abs())
    }
}

/// `d.ddd` times ten to the `power`, without an exponent; at least one digit stands behind the point.
fn plain(mantissa: &str, power: i32) -> String {
    let sign = if mantissa.starts_with('-') { "-" } else { "" };
    let mut digits: String = mantissa.chars().filter(char::is_ascii_digit).collect();
    if power < 0 {
        digits.insert_str(0, &"0".repeat(power.unsigned_abs() as usize));
    }
    let before = usize::try_from(power).unwrap_or(0) + 1;
    while digits.len() <= before {
        digits.push('0');
    }
    digits.insert(before, '.');
    format!("{sign}{digits}")
}

/// The shortest digits that read back as `value`, as `d.ddde±x`.
///
/// Where two of the same length are equally near, Rust takes the one further from zero and Python the even one, which
/// is what rounding the exact value to that many digits gives.
fn shortest(value: f64) -> String {
    let away = format!("{value:e}");
    let mantissa = away.split('e').next().unwrap_or(&away);
    let digits = mantissa.bytes().filter(u8::is_ascii_digit).count();
    let even = format!("{value:.*e}", digits.saturating_sub(1));
    if even.parse() == Ok(value) { even } else { away }
}

/// Python's `round(value, decimals)`: the exact binary value is rounded, ties go to the even digit.
#[must_use]
pub fn round_decimals(value: f64, decimals: usize) -> f64 {
    // Rust's fixed formatting rounds the exact value half to even, as Python does.
    format!("{value:.decimals$}").parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Printed by CPython 3.11: `json.dumps(x)`.
    const PRINTED: &[(f64, &str)] = &[
        (0.0, "0.0"),
        (-0.0, "-0.0"),
        (2.0, "2.0"),
        (0.1, "0.1"),
        (1e-4, "0.0001"),
        (0.000_123_45, "0.00012345"),
        (1e-5, "1e-05"),
        (2e-5, "2e-05"),
        (1.5e-7, "1.5e-07"),
        (1e15, "1000000000000000.0"),
        (9_999_999_999_999_998.0, "9999999999999998.0"),
        (1e16, "1e+16"),
        (1.234e16, "1.234e+16"),
        (1e22, "1e+22"),
        (1e100, "1e+100"),
        (-1.5e300, "-1.5e+300"),
        (5e-324, "5e-324"),
        // Exactly between two shortest forms, ...26.2 and ...26.3.
        (904_169_666_483_526.3, "904169666483526.2"),
        (199_138_850_438_087.13, "199138850438087.12"),
        (5.684_341_886_080_802e-14, "5.684341886080802e-14"),
        (f64::MAX, "1.7976931348623157e+308"),
        (723_818_513_295_360.0, "723818513295360.0"),
        (0.419_348_537_921_905_5, "0.4193485379219055"),
        (1.0 / 3.0, "0.3333333333333333"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "Infinity"),
        (f64::NEG_INFINITY, "-Infinity"),
    ];

    #[test]
    fn prints_floats_as_python_does() {
        for (value, printed) in PRINTED {
            assert_eq!(float_repr(*value), *printed);
        }
    }

    #[test]
    fn rounds_as_python_does() {
        // Printed by CPython 3.11: `round(x, n)`.
        let cases = [
            (0.125, 2, 0.12),
            (0.375, 2, 0.38),
            (0.031_25, 4, 0.0312),
            (0.093_75, 4, 0.0938),
            (2.675, 2, 2.67),
            (1e20, 4, 1e20),
            (-0.000_04, 4, -0.0),
        ];
        for (value, decimals, rounded) in cases {
            assert_eq!(round_decimals(value, decimals), rounded, "{value}");
        }
        assert!(round_decimals(f64::NAN, 4).is_nan());
        assert_eq!(round_decimals(f64::INFINITY, 4), f64::INFINITY);
    }
}
