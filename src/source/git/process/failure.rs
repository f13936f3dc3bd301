//! From what `git` says when it fails to an error that one can act on.

use crate::model::SecretBytes;
use crate::ports::SourceError;

use super::command::CallError;

/// Why a step failed, and so what can be done.
#[derive(Debug)]
pub(in crate::source::git) enum Fault {
    /// The source can't be read; a new mirror would not help.
    Source(SourceError),
    /// The mirror is broken; a new one may help.
    Mirror(SourceError),
}

impl Fault {
    /// The error, whatever can be done about it.
    pub(in crate::source::git) fn into_error(self) -> SourceError {
        let (Self::Source(error) | Self::Mirror(error)) = self;
        error
    }
}

/// Longest error text that is passed on, in characters.
const MAX_TEXT: usize = 400;

/// Words of `git`, `curl`, `ssh` and servers (git 2.30 to 2.50), in the order in which they count:
/// a closed connection follows on every refusal, so it comes last.
const WORDS: [(&str, Kind); 45] = [
    ("host key verification failed", Kind::Denied),
    ("remote host identification has changed", Kind::Denied),
    ("permission denied", Kind::Denied),
    ("no user exists for uid", Kind::Denied),
    ("authentication failed", Kind::Denied),
    ("could not read username", Kind::Denied),
    ("could not read password", Kind::Denied),
    ("terminal prompts disabled", Kind::Denied),
    ("access denied", Kind::Denied),
    ("http basic: access denied", Kind::Denied),
    ("returned error: 401", Kind::Denied),
    ("returned error: 403", Kind::Denied),
    ("ssl certificate problem", Kind::Denied),
    ("certificate verif", Kind::Denied),
    ("no alternative certificate subject name", Kind::Denied),
    ("does not match target host name", Kind::Denied),
    ("detected dubious ownership", Kind::Denied),
    ("returned error: 30", Kind::Redirect),
    ("returned error: 404", Kind::Missing),
    ("returned error: 410", Kind::Missing),
    ("repository not found", Kind::Missing),
    ("' not found", Kind::Missing),
    ("does not appear to be a git repository", Kind::Missing),
    ("project you were looking for could not be found", Kind::Missing),
    ("no such file or directory", Kind::Missing),
    ("couldn't find remote ref", Kind::Missing),
    ("not our ref", Kind::Missing),
    ("unadvertised object", Kind::Missing),
    ("could not resolve", Kind::Unreachable),
    ("connection refused", Kind::Unreachable),
    ("connection reset", Kind::Unreachable),
    ("connection timed out", Kind::Unreachable),
    ("operation timed out", Kind::Unreachable),
    ("operation too slow", Kind::Unreachable),
    ("no route to host", Kind::Unreachable),
    ("network is unreachable", Kind::Unreachable),
    ("failed to connect", Kind::Unreachable),
    ("couldn't connect", Kind::Unreachable),
    ("returned error: 5", Kind::Unreachable),
    ("returned error: 429", Kind::Unreachable),
    ("rpc failed", Kind::Unreachable),
    ("early eof", Kind::Unreachable),
    ("hung up", Kind::Unreachable),
    ("unexpected disconnect", Kind::Unreachable),
    ("unable to access", Kind::Unreachable),
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Denied,
    Redirect,
    Missing,
    Unreachable,
}

/// The error for a failed call to a remote. `secrets` are taken out of the text, should a server
/// or a program have repeated them.
pub(in crate::source::git) fn of_remote(
    attempted: &str,
    error: CallError,
    secrets: &[SecretBytes],
) -> SourceError {
    let attempted = attempted.to_owned();
    let complaint = match error {
        CallError::TooSlow(_) => {
            return SourceError::Unreachable { attempted, message: error.to_string() };
        }
        CallError::Ended { complaint, .. } => complaint,
        CallError::Start(_) | CallError::Pipe(_) | CallError::TooMuch(_) => {
            return SourceError::Broken { attempted, message: error.to_string() };
        }
    };
    let message = readable(&scrub(&complaint, secrets));
    let lower = complaint.to_lowercase();
    match WORDS.iter().find(|(words, _)| lower.contains(words)).map(|(_, kind)| kind) {
        Some(Kind::Denied) => SourceError::Denied { attempted, message },
        Some(Kind::Missing) => SourceError::Missing { attempted, message },
        Some(Kind::Unreachable) => SourceError::Unreachable { attempted, message },
        Some(Kind::Redirect) => SourceError::Missing {
            attempted,
            message: format!(
                "{message}; redirects are not followed: give the address that it leads to (often \
                 the same one with '.git' at its end)"
            ),
        },
        None => SourceError::Broken { attempted, message },
    }
}

/// Takes every secret out, as it is and in the forms in which it travels.
fn scrub(text: &str, secrets: &[SecretBytes]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = String::from_utf8_lossy(secret.reveal());
        for part in secret.lines().map(str::trim).filter(|part| part.len() >= 3) {
            text = text.replace(part, "***");
            text = text.replace(&percent_encoded(part), "***");
        }
    }
    text
}

fn percent_encoded(text: &str) -> String {
    let keep = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes().fold(String::new(), |mut text, byte| {
        if keep(byte) {
            text.push(char::from(byte));
        } else {
            text.push_str(&format!("%{byte:02X}"));
        }
        text
    })
}

/// The lines that say something, on one line, without control characters (a server can send any)
/// and not too long.
fn readable(complaint: &str) -> String {
    let noise = |line: &str| {
        let line = line.to_ascii_lowercase();
        line.is_empty()
            || line.starts_with("warning: permanently added")
            || line.starts_with("and the repository exists")
            || line.starts_with("please make sure you have the correct access rights")
    };
    let lines = complaint.lines().map(str::trim).filter(|line| !noise(line));
    let lines = lines.map(|line| line.strip_prefix("fatal: ").unwrap_or(line));
    let text: String = lines.collect::<Vec<_>>().join("; ");
    let plain = text.chars().map(|c| if c.is_control() { ' ' } else { c });
    let plain: String = plain.take(MAX_TEXT).collect();
    if plain.is_empty() { "git gave no reason".to_owned() } else { plain }
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;

    use super::*;

    fn error(complaint: &str, secrets: &[&str]) -> SourceError {
        let status = ExitStatus::from_raw(128 << 8);
        let secrets: Vec<_> =
            secrets.iter().map(|s| SecretBytes::new(s.as_bytes().into())).collect();
        let error = CallError::Ended { status, complaint: complaint.to_owned() };
        of_remote("asking", error, &secrets)
    }

    #[test]
    fn git_words_become_kinds() {
        let unreachable = |e| matches!(e, SourceError::Unreachable { .. });
        let denied = |e| matches!(e, SourceError::Denied { .. });
        let missing = |e| matches!(e, SourceError::Missing { .. });
        let broken = |e| matches!(e, SourceError::Broken { .. });
        let cases: [(&str, &dyn Fn(SourceError) -> bool); 10] = [
            ("fatal: unable to access 'https://h/': Could not resolve host: h", &unreachable),
            (
                "fatal: unable to access 'https://h/': The requested URL returned error: 503",
                &unreachable,
            ),
            ("fatal: early EOF\nfatal: fetch-pack: invalid index-pack output", &unreachable),
            ("fatal: could not read Username for 'https://h': terminal prompts disabled", &denied),
            (
                "git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.",
                &denied,
            ),
            ("Host key verification failed.\nfatal: the remote end hung up unexpectedly", &denied),
            ("fatal: unable to access 'https://h/': SSL certificate problem: self-signed", &denied),
            ("fatal: repository 'https://h/x/' not found", &missing),
            ("fatal: '/x' does not appear to be a git repository", &missing),
            ("fatal: pack has bad object at offset 12: inflate returned -3", &broken),
        ];
        for (complaint, expected) in cases {
            assert!(expected(error(complaint, &[])), "{complaint}: {:?}", error(complaint, &[]));
        }
    }

    #[test]
    fn a_redirect_is_explained() {
        let text = "fatal: unable to access 'https://h/x/': The requested URL returned error: 301";
        assert!(error(text, &[]).to_string().contains("redirects are not followed"));
    }

    #[test]
    fn secrets_and_control_characters_are_taken_out_of_texts() {
        let text = "remote: bad token CAN/ARY or CAN%2FARY\u{1b}[31m\nfatal: Authentication failed";
        let shown = error(text, &["CAN/ARY\n"]).to_string();
        assert!(!shown.contains("ARY") && !shown.contains('\u{1b}'), "{shown}");
        assert!(error(&"x".repeat(5000), &[]).to_string().len() < 500);
    }
}
