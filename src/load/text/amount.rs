//! Amounts of memory and of processor time.

use super::TextError;

/// Reads a size as docker does (`RAMInBytes` of go-units): `512`, `1k`, `1kb`, `1KiB`, `1.5g`,
/// `2 GB`, always in steps of 1024. The result is in bytes, truncated.
///
/// # Errors
/// When the text is no such size.
pub fn parse_bytes(text: &str) -> Result<i64, TextError> {
    let wrong = || TextError::new("is not a size such as 512m, 1.5g or 1GiB");
    let last =
        text.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ')).ok_or_else(wrong)?;
    let (number, suffix) = text.split_at(last + 1);
    let number = number.strip_suffix(' ').unwrap_or(number);
    let decimal = number.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | 'e' | 'E' | '+'));
    let amount: f64 = number.parse().ok().filter(|_| decimal).ok_or_else(wrong)?;
    let bytes = amount * multiplier(&suffix.to_ascii_lowercase()).ok_or_else(wrong)?;
    if bytes >= 9.2e18 {
        return Err(TextError::new("is more memory than can be counted"));
    }
    #[expect(clippy::cast_possible_truncation, reason = "docker truncates, and the bound is above")]
    let bytes = bytes as i64;
    Ok(bytes)
}

fn multiplier(suffix: &str) -> Option<f64> {
    let (unit, rest) = suffix.split_at_checked(1).unwrap_or(("", suffix));
    let power = match unit {
        "" => return Some(1.0),
        "b" if rest.is_empty() => return Some(1.0),
        "k" => 1,
        "m" => 2,
        "g" => 3,
        "t" => 4,
        "p" => 5,
        _ => return None,
    };
    matches!(rest, "" | "b" | "ib").then(|| 1024_f64.powi(power))
}

/// Reads a number of processors as docker does (`big.Rat.SetString`): `0.5`, `2`, `1e-1`, `1/4`.
/// The result is in billionths of one.
///
/// # Errors
/// When the text is no such number, or finer than a billionth.
pub fn parse_nano_cpus(text: &str) -> Result<i64, TextError> {
    let wrong = || TextError::new("is not a number of processors such as 0.5 or 2");
    let precise = || TextError::new("is finer than a billionth of a processor");
    let (numerator, denominator) = text.split_once('/').unwrap_or((text, "1"));
    if text.contains('/') && denominator.contains(['.', 'e', 'E', '-', '+']) {
        return Err(wrong());
    }
    let (top, top_scale) = decimal(numerator).ok_or_else(wrong)?;
    let (bottom, _) = decimal(denominator).filter(|(value, _)| *value > 0).ok_or_else(wrong)?;
    let scale = top_scale + 9;
    let power = |by: i32| 10_i128.checked_pow(by.unsigned_abs());
    let (over, under) = if scale >= 0 {
        (top.checked_mul(power(scale).ok_or_else(wrong)?).ok_or_else(wrong)?, bottom)
    } else {
        (top, bottom.checked_mul(power(scale).ok_or_else(precise)?).ok_or_else(precise)?)
    };
    if over % under != 0 {
        return Err(precise());
    }
    i64::try_from(over / under).map_err(|_| wrong())
}

/// Digits as a whole number and the power of ten that it counts.
fn decimal(text: &str) -> Option<(i128, i32)> {
    let (mantissa, exponent) = match text.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
        None => (text, 0),
    };
    let (negative, unsigned) = match mantissa.as_bytes().first()? {
        b'-' => (true, &mantissa[1..]),
        b'+' => (false, &mantissa[1..]),
        _ => (false, mantissa),
    };
    let (whole, fraction) = unsigned.split_once('.').unwrap_or((unsigned, ""));
    let digits = format!("{whole}{}", fraction.trim_end_matches('0'));
    let fits = !(whole.is_empty() && fraction.is_empty())
        && digits.len() <= 30
        && unsigned.chars().all(|c| c.is_ascii_digit() || c == '.')
        && (-30..=30).contains(&exponent);
    let value: i128 = if digits.is_empty() { 0 } else { digits.parse().ok().filter(|_| fits)? };
    let places = i32::try_from(fraction.trim_end_matches('0').len()).ok()?;
    fits.then_some((if negative { -value } else { value }, exponent - places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_dockers() {
        for (text, bytes) in [
            ("512", 512),
            ("1k", 1024),
            ("1kb", 1024),
            ("1KiB", 1024),
            ("1.5g", 1_610_612_736),
            ("2 GB", 2_147_483_648),
            ("10b", 10),
            ("1p", 1 << 50),
            ("0.3k", 307),
        ] {
            assert_eq!(parse_bytes(text), Ok(bytes), "{text}");
        }
        for text in
            ["", "x", "1x", "1kx", "1bb", "-1m", "1 . m", "inf", "nan", "9999999999999p", "ä"]
        {
            assert!(parse_bytes(text).is_err(), "{text}");
        }
    }

    #[test]
    fn processors_are_exact_to_a_billionth() {
        for (text, nanos) in [
            ("0.5", 500_000_000),
            ("2", 2_000_000_000),
            ("1/4", 250_000_000),
            ("1e-1", 100_000_000),
            ("0.001", 1_000_000),
            (".25", 250_000_000),
            ("0", 0),
            ("1e2", 100_000_000_000),
            ("0.0000000010", 1),
        ] {
            assert_eq!(parse_nano_cpus(text), Ok(nanos), "{text}");
        }
        for text in ["", "x", "1/0", "1/3", "0.0000000001", "1e-99", "1e99", ".", "1/0.5", "1e"] {
            assert!(parse_nano_cpus(text).is_err(), "{text}");
        }
    }
}
