//! What a plain scalar of YAML means, as `resolve.go` of `gopkg.in/yaml.v3` has it, in the form that
//! SOPS seals (`sops.go`, `ToBytes`).

use super::Kind;

/// Kind and canonical text of a plain scalar.
pub(in crate::sops) fn resolve(text: &str) -> (Kind, String) {
    let word = match text {
        "" | "~" | "null" | "Null" | "NULL" => Some((Kind::Null, "")),
        "true" | "True" | "TRUE" => Some((Kind::Bool, "True")),
        "false" | "False" | "FALSE" => Some((Kind::Bool, "False")),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => Some((Kind::Float, "+Inf")),
        "-.inf" | "-.Inf" | "-.INF" => Some((Kind::Float, "-Inf")),
        ".nan" | ".NaN" | ".NAN" => Some((Kind::Float, "NaN")),
        _ => None,
    };
    if let Some((kind, form)) = word {
        return (kind, form.to_owned());
    }
    if !text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '+' | '-' | '.')) {
        return (Kind::Str, text.to_owned());
    }
    let time = time(text).map(|form| (Kind::Time, form));
    let int = || int(text).map(|value| (Kind::Int, value.to_string()));
    let float = || float(text).map(|value| (Kind::Float, value));
    time.or_else(int).or_else(float).unwrap_or_else(|| (Kind::Str, text.to_owned()))
}

/// True when a plain scalar means its own text, for readers of YAML 1.1 too.
pub(in crate::sops) fn is_text(text: &str) -> bool {
    let old = ["y", "n", "yes", "no", "on", "off"];
    resolve(text).0 == Kind::Str && !old.contains(&text.to_ascii_lowercase().as_str())
}

fn int(text: &str) -> Option<i64> {
    let plain = text.replace('_', "");
    let (negative, digits) = match plain.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, plain.strip_prefix('+').unwrap_or(&plain)),
    };
    let lower = digits.to_ascii_lowercase();
    let (base, digits) = match lower.get(..2) {
        Some("0x") => (16, &lower[2..]),
        Some("0o") => (8, &lower[2..]),
        Some("0b") => (2, &lower[2..]),
        Some(_) if lower.starts_with('0') => (8, &lower[1..]),
        _ => (10, lower.as_str()),
    };
    if !digits.starts_with(|c: char| c.is_ascii_hexdigit()) {
        return None;
    }
    let value = i128::from_str_radix(digits, base).ok()?;
    i64::try_from(if negative { -value } else { value }).ok()
}

/// The shortest digits that mean a number, without an exponent, as Go's `'f', -1` prints it.
fn float(text: &str) -> Option<String> {
    let plain = text.replace('_', "");
    let unsigned = plain.strip_prefix(['-', '+']).unwrap_or(&plain);
    let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
        Some((mantissa, exponent)) => (mantissa, Some(exponent)),
        None => (unsigned, None),
    };
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.map(|text| text.strip_prefix(['-', '+']).unwrap_or(text));
    let fits = digits(whole)
        && digits(fraction)
        && !(whole.is_empty() && fraction.is_empty())
        && exponent.is_none_or(|text| !text.is_empty() && digits(text));
    let value: f64 = plain.parse().ok().filter(|value: &f64| fits && value.is_finite())?;
    Some(value.to_string())
}

/// A timestamp in the form of RFC 3339.
fn time(text: &str) -> Option<String> {
    let year = text.get(..4).filter(|year| year.bytes().all(|byte| byte.is_ascii_digit()))?;
    let (month, rest) = number(text[4..].strip_prefix('-')?)?;
    let (day, rest) = number(rest.strip_prefix('-')?)?;
    let date = jiff::civil::Date::new(year.parse().ok()?, month, day).ok()?;
    if rest.is_empty() {
        return Some(format!("{date}T00:00:00Z"));
    }
    let zoned = rest.starts_with(['T', 't']);
    let (hour, rest) = number(rest.strip_prefix(['T', 't', ' '])?)?;
    let (minute, rest) = number(rest.strip_prefix(':')?)?;
    let (second, rest) = number(rest.strip_prefix(':')?)?;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let (fraction, zone) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(after.bytes().take_while(u8::is_ascii_digit).count()),
        None => ("", rest),
    };
    let fraction = fraction.trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    let zone = match zone {
        "" if !zoned => "Z",
        zone if zoned && is_zone(zone) => zone,
        _ => return None,
    };
    Some(format!("{date}T{hour:02}:{minute:02}:{second:02}{point}{fraction}{zone}"))
}

fn is_zone(zone: &str) -> bool {
    let shape = |(at, byte): (usize, u8)| match at {
        0 => matches!(byte, b'+' | b'-'),
        3 => byte == b':',
        _ => byte.is_ascii_digit(),
    };
    zone == "Z" || (zone.len() == 6 && zone.bytes().enumerate().all(shape))
}

/// One or two digits.
fn number(text: &str) -> Option<(i8, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    Some((text[..length].parse().ok()?, &text[length..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_scalars_have_the_kind_and_the_form_that_sops_counts() {
        for (text, kind, form) in [
            ("~", Kind::Null, ""),
            ("TRUE", Kind::Bool, "True"),
            ("yes", Kind::Str, "yes"),
            ("0x1F", Kind::Int, "31"),
            ("010", Kind::Int, "8"),
            ("09", Kind::Float, "9"),
            ("1_000", Kind::Int, "1000"),
            ("1.50", Kind::Float, "1.5"),
            ("1e21", Kind::Float, "1000000000000000000000"),
            ("1e-7", Kind::Float, "0.0000001"),
            ("18446744073709551615", Kind::Float, "18446744073709552000"),
            ("2001-1-2", Kind::Time, "2001-01-02T00:00:00Z"),
            ("2001-12-14t21:59:43.10-05:00", Kind::Time, "2001-12-14T21:59:43.1-05:00"),
            ("2001-02-30", Kind::Str, "2001-02-30"),
            ("1.2.3", Kind::Str, "1.2.3"),
            ("-", Kind::Str, "-"),
        ] {
            assert_eq!(resolve(text), (kind, form.to_owned()), "{text}");
        }
        assert!(!is_text("Yes") && is_text("yesterday"));
    }
}
