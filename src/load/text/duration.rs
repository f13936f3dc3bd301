//! Durations as Go's `time.ParseDuration` reads them, and days.

use super::TextError;

const UNITS: [(&str, i128); 9] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    // Beyond docker: docker compose reads days.
    ("d", 86_400_000_000_000),
];

/// Reads `1m30s`, `1.5h`, `100ms`, `0` or `-5s` as nanoseconds.
///
/// # Errors
/// When the text is no such duration, or one beyond 292 years.
pub fn parse_duration(text: &str) -> Result<i64, TextError> {
    let wrong = || TextError::new("is not a duration such as 30s, 1m30s or 1.5h");
    let (negative, mut rest) = match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    };
    if rest == "0" {
        return Ok(0);
    }
    if rest.is_empty() {
        return Err(wrong());
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let (amount, after) = number(rest).ok_or_else(wrong)?;
        let end = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let unit = UNITS.iter().find(|(name, _)| *name == &after[..end]);
        let Some((_, nanos)) = unit else { return Err(unit_error(&after[..end])) };
        total += amount.nanos(*nanos).ok_or_else(too_long)?;
        rest = &after[end..];
    }
    i64::try_from(if negative { -total } else { total }).map_err(|_| too_long())
}

fn unit_error(unit: &str) -> TextError {
    TextError::new(match unit {
        "" => "is not a duration: a unit is missing (30s, 1m30s, 1.5h)",
        "w" => "is not a duration: weeks are written in days (1w is 7d)",
        _ => "is not a duration: the units are ns, us, ms, s, m, h and d",
    })
}

fn too_long() -> TextError {
    TextError::new("is longer than a duration can be (292 years)")
}

/// `whole.fraction` as digits.
struct Amount<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl Amount<'_> {
    fn nanos(&self, unit: i128) -> Option<i128> {
        let whole: i128 = if self.whole.is_empty() { 0 } else { self.whole.parse().ok()? };
        let fraction: String = self.fraction.chars().take(18).collect();
        let part: i128 = if fraction.is_empty() { 0 } else { fraction.parse().ok()? };
        let scale = 10_i128.pow(u32::try_from(fraction.len()).ok()?);
        let whole = whole.checked_mul(unit)?;
        whole.checked_add(part * unit / scale).filter(|nanos| *nanos <= i128::from(i64::MAX) + 1)
    }
}

fn number(text: &str) -> Option<(Amount<'_>, &str)> {
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let (whole, rest) = text.split_at(digits(text));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(digits(after)),
        None => ("", rest),
    };
    (!whole.is_empty() || !fraction.is_empty()).then_some((Amount { whole, fraction }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_gos() {
        for (text, nanos) in [
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            ("100ms", 100_000_000),
            ("0", 0),
            ("10us", 10_000),
            ("1h1m1s1ms", 3_661_001_000_000),
            ("-5s", -5_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("1d12h", 129_600_000_000_000),
        ] {
            assert_eq!(parse_duration(text), Ok(nanos), "{text}");
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for (text, part) in [
            ("", "not a duration such as"),
            ("-", "not a duration such as"),
            ("30", "unit is missing"),
            ("1w", "1w is 7d"),
            ("1x", "units are"),
            ("s", "not a duration such as"),
            ("9999999999h", "292 years"),
            ("99999999999999999999999999999999999999999999h", "292 years"),
            ("1s 2s", "units are"),
        ] {
            let error = parse_duration(text).unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
