//! Exact decimal numbers, for sums without rounding.
//! Reads the text of a number as fixed point: 38 digits before the point and 36 after it. A number with more digits is refused.
//! Invariant: `whole` and `parts` mean `whole + parts / 10^36` with `parts` below `10^36`, so the order of the pairs is the order of the numbers.

use std::fmt;

use crate::json::{Value, ValueKind};

const PLACES: usize = 36;
const DIGITS: usize = 38;
const ONE: u128 = 10_u128.pow(36);

/// An exact number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Decimal {
    whole: i128,
    parts: u128,
}

impl Decimal {
    /// A count as a number.
    pub fn of_count(count: usize) -> Self {
        Self {
            whole: i128::try_from(count).unwrap_or(i128::MAX),
            parts: 0,
        }
    }

    /// Reads a number in the syntax of JSON; `None` if it is no number, or has too many digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (negative, rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
        let (before, after) = mantissa.split_once('.').unwrap_or((mantissa, "0"));
        let are_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        if !are_digits(before) || !are_digits(after) {
            return None;
        }
        let digits = format!("{before}{after}");
        let significant = digits.trim_start_matches('0');
        if significant.is_empty() {
            return Some(Self::default());
        }
        let exponent: i64 = exponent.parse().ok()?;
        let zeros = i64::try_from(digits.len() - significant.len()).ok()?;
        let point = i64::try_from(before.len()).ok()?;
        let point = point.checked_add(exponent)?.checked_sub(zeros)?;
        Self::placed(significant.trim_end_matches('0'), point)
            .map(|number| if negative { number.negated() } else { number })
    }

    /// The number with these digits, the first of which is not 0, and the point after this many of them.
    fn placed(digits: &str, point: i64) -> Option<Self> {
        let longest = i64::try_from(DIGITS).ok()?;
        if !(-longest..=longest).contains(&point) {
            return None;
        }
        let (whole, parts) = match usize::try_from(point) {
            Ok(point) if point >= digits.len() => (format!("{digits:0<point$}"), String::new()),
            Ok(point) => (digits[..point].to_owned(), digits[point..].to_owned()),
            Err(_) => {
                let zeros = usize::try_from(-point).ok()?;
                (String::new(), format!("{}{digits}", "0".repeat(zeros)))
            }
        };
        if parts.len() > PLACES {
            return None;
        }
        Some(Self {
            whole: format!("0{whole}").parse().ok()?,
            parts: format!("{parts:0<PLACES$}").parse().ok()?,
        })
    }

    /// Reads a number, or a string with a number.
    pub fn read(value: Value<'_>) -> Result<Self, String> {
        let text = match value.kind() {
            ValueKind::Number => Some(value.raw().into()),
            ValueKind::String => value.as_str(),
            _ => None,
        };
        text.and_then(|text| Self::parse(&text)).ok_or_else(|| {
            let found = match value.kind() {
                ValueKind::Number => format!("`{}`", value.raw()),
                _ => value.in_words(),
            };
            format!("is {found}, expected a number of at most {DIGITS} digits before the point and {PLACES} after it")
        })
    }

    /// The sum; `None` if it has too many digits.
    pub fn plus(self, other: Self) -> Option<Self> {
        let parts = self.parts + other.parts;
        Some(Self {
            whole: self
                .whole
                .checked_add(other.whole)?
                .checked_add(i128::from(parts >= ONE))?,
            parts: parts % ONE,
        })
    }

    fn negated(self) -> Self {
        // `whole` is never the lowest `i128`, which has 39 digits.
        match self.parts {
            0 => Self {
                whole: -self.whole,
                parts: 0,
            },
            parts => Self {
                whole: -self.whole - 1,
                parts: ONE - parts,
            },
        }
    }

    /// Returns true if the numbers differ by at most `tolerance`.
    pub fn is_within(self, tolerance: Self, other: Self) -> bool {
        let (low, high) = (self.min(other), self.max(other));
        // A sum with too many digits is greater than both.
        low.plus(tolerance).is_none_or(|most| high <= most)
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (sign, shown) = if self.whole < 0 {
            ("-", self.negated())
        } else {
            ("", *self)
        };
        write!(f, "{sign}{}", shown.whole)?;
        if shown.parts > 0 {
            let parts = format!("{:0PLACES$}", shown.parts);
            write!(f, ".{}", parts.trim_end_matches('0'))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn every_spelling_of_a_number_is_the_same_number() {
        for (text, shown) in [
            ("0", "0"),
            ("-0", "0"),
            ("0e999999999999999999999", "0"),
            ("1.50", "1.5"),
            ("150e-2", "1.5"),
            ("0.0015E+3", "1.5"),
            ("-0.1", "-0.1"),
            ("-12.345", "-12.345"),
            ("1e37", "10000000000000000000000000000000000000"),
            ("1e-36", "0.000000000000000000000000000000000001"),
            ("1000e-3", "1"),
        ] {
            assert_eq!(decimal(text).to_string(), shown, "{text}");
        }
    }

    #[test]
    fn what_is_no_number_or_too_long_is_none() {
        for text in [
            "",
            "-",
            "x",
            "1.",
            ".5",
            "1e",
            "+1",
            "0x1",
            "1e38",
            "1e-37",
            "1e400",
            "1e99999999999999999999",
            "1e-9223372036854775808",
            "0.001e-9223372036854775808",
            "1e9223372036854775807",
            "NaN",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    #[test]
    fn tenths_add_up() {
        let sum = decimal("0.1").plus(decimal("0.2")).unwrap();
        assert_eq!(sum, decimal("0.3"));
        assert!(decimal("99.99").is_within(decimal("0.01"), decimal("100")));
        assert!(!decimal("99.989").is_within(decimal("0.01"), decimal("100")));
        assert!(decimal("-0.005").is_within(decimal("0.01"), decimal("0.005")));
    }

    proptest! {
        #[test]
        fn sums_are_those_of_integers_and_the_text_reads_back(
            numbers in proptest::collection::vec(-1_000_000_000_i64..1_000_000_000, 1..20),
            places in 0_usize..12,
        ) {
            let spelled = |number: i128| decimal(&format!("{number}e-{places}"));
            let mut sum = Decimal::default();
            let mut exact = 0_i128;
            for number in numbers {
                sum = sum.plus(spelled(number.into())).unwrap();
                exact += i128::from(number);
                prop_assert_eq!(sum, spelled(exact));
                prop_assert_eq!(decimal(&sum.to_string()), sum);
                prop_assert_eq!(sum.cmp(&Decimal::default()), exact.cmp(&0));
            }
        }
    }
}
