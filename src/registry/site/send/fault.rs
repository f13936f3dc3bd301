//! What goes wrong with a registry, and what it means.

use std::error::Error;
use std::fmt;

use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, WWW_AUTHENTICATE};
use serde::Deserialize;

use super::gate::Barred;

/// Characters of somebody else's words that are kept.
const MOST_WORDS: usize = 300;

/// Why there is no answer to a question. Texts begin with the registry, and hold no credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry) enum Fault {
    /// It can't be reached or trusted from here: another way may be open.
    Closed(String),
    /// It took too long.
    Silent(String),
    /// It answers, but with nothing that can be believed now.
    Wrong(String),
    /// It answers that there is no such thing, or not for us.
    Refused(String),
}

impl Fault {
    /// The same about a registry.
    pub(in crate::registry::site) fn of(self, registry: &str) -> Self {
        let named = format!("{registry}: ");
        // What another question found out is told already.
        let told = |text: String| {
            if text.starts_with(&named) { text } else { format!("{named}{text}") }
        };
        match self {
            Self::Closed(text) => Self::Closed(told(text)),
            Self::Silent(text) => Self::Silent(told(text)),
            Self::Wrong(text) => Self::Wrong(told(text)),
            Self::Refused(text) => Self::Refused(told(text)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Self::Closed(text) | Self::Silent(text) | Self::Wrong(text) | Self::Refused(text)) =
            self;
        f.write_str(text)
    }
}

/// What an error of the client means.
pub(in crate::registry::site) fn failed(host: &str, error: reqwest::Error) -> Fault {
    let error = error.without_url();
    let mut cause: &dyn Error = &error;
    loop {
        if let Some(barred) = cause.downcast_ref::<Barred>() {
            return Fault::Wrong(barred.to_string());
        }
        let Some(next) = cause.source() else { break };
        cause = next;
    }
    // The innermost cause is what happened; those around it say that something did.
    let cause = bounded(&cause.to_string());
    if error.is_builder() {
        // A machine without any certificate, for one: the engine has its own.
        return Fault::Closed(format!("no connection to {host} can be prepared: {cause}"));
    }
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => Fault::Closed(format!("no connection to {host} in time")),
        (true, false) => Fault::Closed(format!("no connection to {host}: {cause}")),
        (false, true) => Fault::Silent(format!("{host} did not answer in time")),
        (false, false) => Fault::Wrong(format!("the answer of {host} broke off: {cause}")),
    }
}

/// Words of somebody else: one line, not too long, nothing that moves a terminal's cursor.
pub(super) fn bounded(words: &str) -> String {
    let mut text: String = words.chars().filter(|c| !c.is_control()).take(MOST_WORDS).collect();
    if words.chars().count() > MOST_WORDS {
        text.push('…');
    }
    text.trim().to_owned()
}

/// The errors of a registry, as the OCI distribution specification has them.
#[derive(Debug, Deserialize)]
struct Errors {
    errors: Vec<OneError>,
}

#[derive(Debug, Deserialize)]
struct OneError {
    #[serde(default)]
    code: String,
    #[serde(default)]
    message: String,
}

/// What a status means that is no success. A refusal needs a registry that says so itself: anything
/// that stands before it has pages with the same numbers.
pub(super) fn refusal(status: StatusCode, headers: &HeaderMap, body: &[u8]) -> Fault {
    let words = registry_words(body);
    let says_no = matches!(status.as_u16(), 400 | 401 | 403 | 404);
    if let Some(words) = &words {
        // Some registries tell a limit with a status of their own.
        let limit = words.to_ascii_lowercase().contains("toomanyrequests");
        if says_no && !limit {
            return Fault::Refused(words.clone());
        }
        return Fault::Wrong(format!("it answers {}: {words}", status.as_u16()));
    }
    let asks = status == StatusCode::UNAUTHORIZED && headers.contains_key(WWW_AUTHENTICATE);
    if asks && !is_html(headers, body) {
        return Fault::Refused("unauthorized: a login is needed, or another one".to_owned());
    }
    Fault::Wrong(format!("it answers {} with {}", status.as_u16(), kind(headers, body)))
}

fn registry_words(body: &[u8]) -> Option<String> {
    let errors: Errors = serde_json::from_slice(body).ok()?;
    let first = errors.errors.into_iter().next()?;
    let code = first.code.to_ascii_lowercase().replace('_', " ");
    let words = match (code.is_empty(), first.message.is_empty()) {
        (_, true) => code,
        (true, false) => first.message,
        (false, false) => format!("{code}: {}", first.message),
    };
    Some(bounded(&words)).filter(|words| !words.is_empty())
}

/// What an answer is, for a person.
pub(in crate::registry::site) fn kind(headers: &HeaderMap, body: &[u8]) -> String {
    if is_html(headers, body) {
        return "a page of HTML: something stands before the registry, or it is none".to_owned();
    }
    if body.is_empty() {
        return "nothing more".to_owned();
    }
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    match bounded(kind) {
        kind if kind.is_empty() => "something that is no answer of a registry".to_owned(),
        kind => format!("something that is no answer of a registry ({kind})"),
    }
}

fn is_html(headers: &HeaderMap, body: &[u8]) -> bool {
    let kind = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    kind.contains("html") || body.trim_ascii_start().starts_with(b"<")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, kind: &str, body: &str, expected: &str) {
        let status = StatusCode::from_u16(status).unwrap();
        let mut headers = HeaderMap::new();
        if !kind.is_empty() {
            headers.insert(CONTENT_TYPE, kind.parse().unwrap());
        }
        headers.insert(WWW_AUTHENTICATE, "Basic realm=\"x\"".parse().unwrap());
        let fault = refusal(status, &headers, body.as_bytes());
        assert!(format!("{fault:?}").starts_with(expected), "{fault:?}");
    }

    /// It was told as a registry that answers badly, and the engine was not asked.
    #[test]
    fn a_client_that_can_t_be_made_is_a_closed_way() {
        let error = reqwest::Proxy::https("no proxy").unwrap_err();
        assert!(matches!(failed("r.io", error), Fault::Closed(_)));
    }

    #[test]
    fn only_a_registry_refuses() {
        let json = "application/json";
        let errors = |code: &str| format!(r#"{{"errors":[{{"code":"{code}","message":"no"}}]}}"#);
        check(404, json, &errors("MANIFEST_UNKNOWN"), r#"Refused("manifest unknown: no")"#);
        check(403, json, &errors("DENIED"), r#"Refused("denied: no")"#);
        check(401, json, &errors("UNAUTHORIZED"), "Refused");
        check(401, "", "", "Refused");
        check(403, json, &errors("TOOMANYREQUESTS"), "Wrong");
        check(405, json, &errors("UNSUPPORTED"), "Wrong");
        check(404, "text/html", "<html>", "Wrong(\"it answers 404 with a page of HTML");
        check(401, "text/html", "", "Wrong");
        check(404, "", "<!doctype html>", "Wrong");
        check(404, json, r#"{"errors":[]}"#, "Wrong");
        check(404, "text/plain", "404 page not found", "Wrong");
        check(403, "", "", "Wrong");
    }

    #[test]
    fn the_words_of_others_are_bounded_and_on_one_line() {
        let text = bounded(&format!("a\n\u{1b}[2Jb{}", "c".repeat(1000)));
        assert!(text.starts_with("a[2Jb"), "{text}");
        assert_eq!(text.chars().count(), MOST_WORDS + 1);
    }
}
