//! How a registry wants to be logged in to: `WWW-Authenticate` (RFC 9110, and the token specification of
//! the distribution project).

use reqwest::header::{HeaderMap, WWW_AUTHENTICATE};

/// What a registry asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::registry::site) enum Challenge {
    /// Nothing.
    Open,
    /// Name and password with each question.
    Basic,
    /// A token from somewhere else.
    Bearer {
        /// Where.
        realm: String,
        /// For which service.
        service: Option<String>,
    },
}

/// The first challenge that can be met: a token before a password.
pub(in crate::registry::site) fn challenge(headers: &HeaderMap) -> Option<Challenge> {
    let values = headers.get_all(WWW_AUTHENTICATE).into_iter().filter_map(|v| v.to_str().ok());
    let mut basic = None;
    for one in values.flat_map(challenges) {
        match one.scheme.to_ascii_lowercase().as_str() {
            "bearer" => {
                let Some(realm) = one.get("realm") else { continue };
                return Some(Challenge::Bearer { realm, service: one.get("service") });
            }
            "basic" => basic = Some(Challenge::Basic),
            _ => {}
        }
    }
    basic
}

#[derive(Debug, Default)]
struct One {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl One {
    fn get(&self, name: &str) -> Option<String> {
        let found = self.parameters.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.clone()).filter(|value| !value.is_empty())
    }
}

/// Takes a header apart: `Bearer realm="…",service="…", Basic realm="…"`.
fn challenges(text: &str) -> Vec<One> {
    let mut found: Vec<One> = Vec::new();
    for part in parts(text) {
        let (before, value) = part.split_once('=').unwrap_or((&part, ""));
        // A scheme stands before its first parameter, parted by a space.
        let name = match before.trim().split_once(' ') {
            Some((scheme, name)) => {
                found.push(One { scheme: scheme.to_owned(), ..One::default() });
                name.trim()
            }
            None if !part.contains('=') => {
                found.push(One { scheme: before.trim().to_owned(), ..One::default() });
                continue;
            }
            None => before.trim(),
        };
        if let Some(last) = found.last_mut() {
            last.parameters.push((name.to_owned(), unquoted(value.trim())));
        }
    }
    found
}

/// Parts between commas that are not quoted.
fn parts(text: &str) -> Vec<String> {
    let (mut parts, mut quoted, mut escaped) = (vec![String::new()], false, false);
    for c in text.chars() {
        let here = parts.len() - 1;
        match c {
            ',' if !quoted => parts.push(String::new()),
            '"' if !escaped => {
                quoted = !quoted;
                parts[here].push(c);
            }
            c => parts[here].push(c),
        }
        escaped = c == '\\' && !escaped;
    }
    parts.retain(|part| !part.trim().is_empty());
    parts
}

fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')) else {
        return value.to_owned();
    };
    inner.replace("\\\"", "\"").replace("\\\\", "\\")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[&str], expected: Option<Challenge>) {
        let mut map = HeaderMap::new();
        for header in headers {
            map.append(WWW_AUTHENTICATE, header.parse().unwrap());
        }
        assert_eq!(challenge(&map), expected, "{headers:?}");
    }

    fn bearer(realm: &str, service: Option<&str>) -> Option<Challenge> {
        Some(Challenge::Bearer { realm: realm.to_owned(), service: service.map(str::to_owned) })
    }

    #[test]
    fn a_token_is_taken_before_a_password() {
        let hub = r#"Bearer realm="https://auth.docker.io/token",service="registry.docker.io""#;
        check(&[hub], bearer("https://auth.docker.io/token", Some("registry.docker.io")));
        check(&[r#"Basic realm="lab""#], Some(Challenge::Basic));
        check(&["Basic"], Some(Challenge::Basic));
        let both = r#"Basic realm="a, b", bearer realm="https://t/x?a=1,2", scope="r:a:pull,push""#;
        check(&[both], bearer("https://t/x?a=1,2", None));
        check(&["Basic realm=x", "Bearer realm=https://t/"], bearer("https://t/", None));
        check(&["Negotiate"], None);
        check(&["Bearer service=x"], None);
        check(&["", ",,,", "\"", "= =", "a\"b,c"], None);
        check(&[], None);
    }
}
