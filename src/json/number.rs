//! Numbers in the form in which Python's `json.dumps` prints them after reading them.
//! Invariant: an integer keeps all its digits; any other number becomes the shortest text that gives the same double.

use std::borrow::Cow;

/// This number of significant digits always survives the conversion to a double and back.
const SAFE_DIGITS: usize = 15;

pub(super) fn canonical(raw: &str) -> Cow<'_, str> {
    if raw.bytes().all(|byte| matches!(byte, b'-' | b'0'..=b'9')) {
        return Cow::Borrowed(if raw == "-0" { "0" } else { raw });
    }
    if is_shortest(raw) {
        return Cow::Borrowed(raw);
    }
    match raw.parse::<f64>() {
        Ok(double) => Cow::Owned(python_repr(double)),
        Err(_) => Cow::Borrowed(raw),
    }
}

/// Returns true if Python is sure to print `raw` unchanged: few digits, no exponent, no superfluous zero.
fn is_shortest(raw: &str) -> bool {
    let Some((whole, fraction)) = raw.strip_prefix('-').unwrap_or(raw).split_once('.') else {
        return false;
    };
    whole.len() + fraction.len() <= SAFE_DIGITS
        && fraction.bytes().all(|byte| byte.is_ascii_digit())
        && (fraction == "0" || !fraction.ends_with('0'))
        && (whole != "0" || fraction == "0" || !fraction.starts_with('0'))
}

/// The output of `repr` in Python; beyond the range of doubles, the names of Python's JSON encoder.
fn python_repr(double: f64) -> String {
    if double.is_infinite() {
        return if double > 0.0 {
            "Infinity"
        } else {
            "-Infinity"
        }
        .to_owned();
    }
    let scientific = format!("{double:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or_default();
    if !(-4..16).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{mantissa}e{sign}{:02}", exponent.abs());
    }
    let (sign, mantissa) = match mantissa.strip_prefix('-') {
        Some(rest) => ("-", rest),
        None => ("", mantissa),
    };
    let digits = mantissa.replace('.', "");
    let Ok(point) = usize::try_from(exponent + 1) else {
        let zeros = "0".repeat(exponent.unsigned_abs() as usize - 1);
        return format!("{sign}0.{zeros}{digits}");
    };
    match digits.split_at_checked(point) {
        _ if point == 0 => format!("{sign}0.{digits}"),
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits:0<point$}.0"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_keep_their_digits_and_other_numbers_are_as_python_prints_them() {
        for (raw, printed) in [
            ("0", "0"),
            ("-0", "0"),
            ("-12", "-12"),
            (
                "1234567890123456789012345678901234567890",
                "1234567890123456789012345678901234567890",
            ),
            ("1.50", "1.5"),
            ("1.0", "1.0"),
            ("-0.0", "-0.0"),
            ("-0e5", "-0.0"),
            ("1E2", "100.0"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("0.0000001", "1e-07"),
            ("-0.05", "-0.05"),
            ("0.25", "0.25"),
            ("1e15", "1000000000000000.0"),
            ("1e16", "1e+16"),
            ("1.5e16", "1.5e+16"),
            ("1e22", "1e+22"),
            ("5e-324", "5e-324"),
            ("1e-400", "0.0"),
            ("1e400", "Infinity"),
            ("-1e400", "-Infinity"),
            ("9007199254740993.0", "9007199254740992.0"),
            ("123456.789", "123456.789"),
            ("31.245270191439438", "31.245270191439438"),
        ] {
            assert_eq!(canonical(raw), printed, "{raw}");
        }
    }
}
