//! How long a registry wants to be left alone: `Retry-After` and the headers of rate limits.

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, RETRY_AFTER};

/// Longest time that a registry is left alone, whatever it says.
const LONGEST: Duration = Duration::from_secs(6 * 3600);
/// The time after a limit that does not say how long.
const UNTOLD: Duration = Duration::from_secs(60);
/// Longest time after a limit whose end can only be guessed from its window.
const GUESSED: Duration = Duration::from_secs(900);

/// How long no further question may be put after an answer; `None` when it asks for nothing.
pub(super) fn hold(status: StatusCode, headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let limited = status == StatusCode::TOO_MANY_REQUESTS;
    let told = if limited || status == StatusCode::SERVICE_UNAVAILABLE {
        retry_after(headers, now)
    } else {
        None
    };
    if let Some(time) = told {
        return Some(time.min(LONGEST));
    }
    let spent = remaining(headers) == Some(0);
    if !limited && !spent {
        return None;
    }
    let time = reset(headers, now).or_else(|| window(headers).map(|time| time.min(GUESSED)));
    Some(time.unwrap_or(UNTOLD).min(LONGEST))
}

/// Seconds, or a date.
fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    let date = rfc2822::parse(text).ok()?.timestamp();
    Duration::try_from(now.duration_until(date)).ok()
}

/// Questions that are left, with or without the old prefix: `0`, or `0;w=21600` as Docker Hub has it.
fn remaining(headers: &HeaderMap) -> Option<u64> {
    first(headers, ["ratelimit-remaining", "x-ratelimit-remaining"])?
        .split(';')
        .next()?
        .trim()
        .parse()
        .ok()
}

/// When there are new ones: seconds from now, or a time since 1970.
fn reset(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = first(headers, ["ratelimit-reset", "x-ratelimit-reset"])?;
    let seconds: i64 = text.split(';').next()?.trim().parse().ok()?;
    let since = if seconds > 1_000_000_000 { seconds - now.as_second() } else { seconds };
    u64::try_from(since).ok().map(Duration::from_secs)
}

/// The window of the limit: `100;w=21600`.
fn window(headers: &HeaderMap) -> Option<Duration> {
    let text = first(headers, ["ratelimit-remaining", "ratelimit-limit"])?;
    let seconds = text.split(';').find_map(|part| part.trim().strip_prefix("w="))?;
    seconds.parse().ok().map(Duration::from_secs)
}

fn first<'a>(headers: &'a HeaderMap, names: [&str; 2]) -> Option<&'a str> {
    names.iter().find_map(|name| headers.get(*name)).and_then(|value| value.to_str().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, headers: &[(&'static str, &str)], seconds: Option<u64>) {
        let now: Timestamp = "2026-11-30T12:00:00Z".parse().unwrap();
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(*name, value.parse().unwrap());
        }
        let held = hold(StatusCode::from_u16(status).unwrap(), &map, now);
        assert_eq!(held.map(|time| time.as_secs()), seconds, "{status} {headers:?}");
    }

    #[test]
    fn a_registry_says_how_long_it_wants_to_be_left_alone() {
        check(429, &[("retry-after", "120")], Some(120));
        check(503, &[("retry-after", "7")], Some(7));
        check(429, &[("retry-after", "Mon, 30 Nov 2026 12:01:30 GMT")], Some(90));
        check(429, &[("retry-after", "99999999999")], Some(6 * 3600));
        check(429, &[("retry-after", "soon")], Some(60));
        check(429, &[], Some(60));
        check(503, &[], None);
        check(200, &[("retry-after", "5")], None);
    }

    #[test]
    fn a_limit_that_is_spent_is_kept_before_it_is_told() {
        check(200, &[("ratelimit-remaining", "0;w=21600")], Some(900));
        check(200, &[("ratelimit-remaining", "0;w=60")], Some(60));
        check(200, &[("ratelimit-remaining", "76;w=21600")], None);
        check(200, &[("ratelimit-remaining", "0"), ("ratelimit-reset", "30")], Some(30));
        let at = "1796040010";
        check(200, &[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", at)], Some(10));
    }
}
