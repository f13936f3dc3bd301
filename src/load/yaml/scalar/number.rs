//! Numbers: what a plain scalar means as one, and how Go prints it.

/// Reads a whole number as `gopkg.in/yaml.v3` does (`resolve.go`): underscores are left out, `0x`,
/// `0o`, `0b` and a leading `0` choose the base, and the value has to fit 64 bits.
#[must_use]
pub fn parse_int(text: &str) -> Option<i128> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.as_bytes().first()? {
        b'-' => (true, &plain[1..]),
        b'+' => (false, &plain[1..]),
        _ => (false, plain.as_str()),
    };
    let (base, digits) = split_base(digits);
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    let value = if negative { -value } else { value };
    let fits = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&value);
    fits.then_some(value)
}

fn split_base(digits: &str) -> (u32, &str) {
    for (prefixes, base) in [(["0x", "0X"], 16), (["0o", "0O"], 8), (["0b", "0B"], 2)] {
        for prefix in prefixes {
            if let Some(rest) = digits.strip_prefix(prefix) {
                return (base, rest);
            }
        }
    }
    match digits.strip_prefix('0') {
        Some(rest) if !rest.is_empty() => (8, rest),
        _ => (10, digits),
    }
}

/// Reads any other number: `[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?`, underscores left
/// out, or `.inf` and `.nan`. What is too large for 64 bits is text.
#[must_use]
pub fn parse_float(text: &str) -> Option<f64> {
    match text {
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Some(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Some(f64::NEG_INFINITY),
        ".nan" | ".NaN" | ".NAN" => return Some(f64::NAN),
        _ => {}
    }
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.chars().all(|c| c.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mantissa_fits =
        digits(whole) && digits(fraction) && (!whole.is_empty() || !fraction.is_empty());
    let exponent_fits = exponent.is_none_or(|exponent| {
        let exponent = exponent.strip_prefix(['-', '+']).unwrap_or(exponent);
        !exponent.is_empty() && digits(exponent)
    });
    let read = || plain.parse().ok().filter(|value: &f64| value.is_finite());
    (mantissa_fits && exponent_fits).then(read).flatten()
}

/// Prints a number as Go's `%v` does: the shortest digits that mean it, with an exponent of at least
/// two digits below 1e-4 and from 1e+06 on (`%e is used if` in `strconv/ftoa.go`).
#[must_use]
pub fn format_float(value: f64) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 { "+Inf".to_owned() } else { "-Inf".to_owned() };
    }
    let scientific = format!("{value:e}");
    let Some((mantissa, exponent)) = scientific.split_once('e') else { return scientific };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-4..6).contains(&exponent) {
        return format!("{value}");
    }
    let sign = if exponent < 0 { '-' } else { '+' };
    format!("{mantissa}e{sign}{:02}", exponent.abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whole_numbers_are_read_as_yaml_v3_reads_them() {
        for (text, value) in [
            ("010", Some(8)),
            ("0o10", Some(8)),
            ("0x1F", Some(31)),
            ("0b11", Some(3)),
            ("1_000", Some(1000)),
            ("-0", Some(0)),
            ("+5", Some(5)),
            ("0", Some(0)),
            ("18446744073709551615", Some(18_446_744_073_709_551_615)),
            ("18446744073709551616", None),
            ("09", None),
            ("0x", None),
            ("--1", None),
            ("0x-1", None),
            ("1.0", None),
            ("", None),
        ] {
            assert_eq!(parse_int(text), value, "{text}");
        }
    }

    #[test]
    fn other_numbers_are_printed_as_go_prints_them() {
        for (text, printed) in [
            ("1e3", "1000"),
            (".5", "0.5"),
            ("1.10", "1.1"),
            ("09", "9"),
            ("1.0", "1"),
            ("1000000.0", "1e+06"),
            ("100000.0", "100000"),
            ("1e21", "1e+21"),
            ("123456789.5", "1.234567895e+08"),
            ("0.0001", "0.0001"),
            ("0.00001", "1e-05"),
            ("100000000000000000000.0", "1e+20"),
            ("-.inf", "-Inf"),
        ] {
            assert_eq!(parse_float(text).map(format_float).as_deref(), Some(printed), "{text}");
        }
        for text in ["1e400", "-1e400", "", ".", "e5", "1e", "1.2.3", "0x1.8", "+", "infinity"] {
            assert_eq!(parse_float(text), None, "{text}");
        }
    }
}
