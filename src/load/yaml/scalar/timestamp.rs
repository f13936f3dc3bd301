//! Timestamps: `gopkg.in/yaml.v3` reads some plain scalars as one, and docker then prints it in
//! Go's form (`time.Time.String`), so that `2001-01-01` becomes `2001-01-01 00:00:00 +0000 UTC`.

/// The Go form of a plain scalar that YAML takes for a timestamp; `None` for all others.
#[must_use]
pub fn go_form(text: &str) -> Option<String> {
    let year = text.get(..4).filter(|year| year.bytes().all(|b| b.is_ascii_digit()))?;
    let rest = text[4..].strip_prefix('-')?;
    let (month, rest) = number(rest, 12)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 31)?;
    if month == 0 || day == 0 || day > days(year.parse().ok()?, month) {
        return None;
    }
    let date = format!("{year}-{month:02}-{day:02}");
    if rest.is_empty() {
        return Some(format!("{date} 00:00:00 +0000 UTC"));
    }
    let zoned = rest.starts_with(['T', 't']);
    let (clock, zone) = clock(rest.strip_prefix(['T', 't', ' '])?)?;
    let zone = match (zoned, zone) {
        (false, "") | (true, "Z") => "+0000 UTC".to_owned(),
        (true, zone) => offset(zone)?,
        (false, _) => return None,
    };
    Some(format!("{date} {clock} {zone}"))
}

/// One or two digits, at most `limit`.
fn number(text: &str, limit: u32) -> Option<(u32, &str)> {
    let length = text.bytes().take(2).take_while(u8::is_ascii_digit).count();
    let value = text[..length].parse().ok().filter(|value| *value <= limit)?;
    Some((value, &text[length..]))
}

fn days(year: u32, month: u32) -> u32 {
    let leap = year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400));
    match month {
        2 if leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// `15:4:5.25`, and what follows it.
fn clock(text: &str) -> Option<(String, &str)> {
    let (hour, rest) = number(text, 23)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 59)?;
    let (second, rest) = number(rest.strip_prefix(':')?, 59)?;
    let clock = format!("{hour:02}:{minute:02}:{second:02}");
    let Some(after) = rest.strip_prefix('.') else { return Some((clock, rest)) };
    let length = after.bytes().take_while(u8::is_ascii_digit).count();
    if length == 0 || length > 9 {
        return None;
    }
    let fraction = after[..length].trim_end_matches('0');
    let point = if fraction.is_empty() { "" } else { "." };
    Some((format!("{clock}{point}{fraction}"), &after[length..]))
}

/// `+02:00` as Go prints a zone that has no name.
fn offset(zone: &str) -> Option<String> {
    let sign = zone.chars().next().filter(|c| matches!(c, '+' | '-'))?;
    let (hours, minutes) = zone[1..].split_once(':')?;
    let two = |part: &str, limit: u32| part.len() == 2 && number(part, limit).is_some();
    let fits = two(hours, 24) && two(minutes, 59);
    fits.then(|| format!("{sign}{hours}{minutes} {sign}{hours}{minutes}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_yaml_takes_for_a_timestamp_is_printed_as_go_prints_it() {
        for (text, form) in [
            ("2001-01-01", Some("2001-01-01 00:00:00 +0000 UTC")),
            ("2001-1-2", Some("2001-01-02 00:00:00 +0000 UTC")),
            ("2001-12-14t21:59:43.10+02:00", Some("2001-12-14 21:59:43.1 +0200 +0200")),
            ("2001-12-14 21:59:43", Some("2001-12-14 21:59:43 +0000 UTC")),
            ("2001-12-14T21:59:43Z", Some("2001-12-14 21:59:43 +0000 UTC")),
            ("2001-02-29", None),
            ("2001-13-01", None),
            ("2001-01", None),
            ("12345", None),
            ("2001-01-01x", None),
            ("äöü-1-1", None),
        ] {
            assert_eq!(go_form(text).as_deref(), form, "{text}");
        }
    }
}
