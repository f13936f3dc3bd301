//! Where a source is: an address that was checked, without the credentials that stood in it.
//!
//! Only `https`, `http` (when written out), `ssh` (as URL or `user@host:path`), `file` and plain
//! paths are taken. Remote helpers (`ext::`, `fd::`), other schemes and anything that a program
//! could take for an option are refused here, before `git` sees them.

use std::fmt;
use std::path::PathBuf;

use url::Url;

use crate::model::SecretBytes;
use crate::source::bounds::MAX_ADDRESS;

/// Where a source is. Holds no credentials: they are taken out when an address is parsed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Location {
    /// `https://host[:port]/path`.
    Https(String),
    /// `http://host[:port]/path`: only when it is written out; nothing falls back to it.
    Http(String),
    /// `ssh://[user@]host[:port]/path`, or `[user@]host:path` as it was written.
    Ssh(String),
    /// A git repository on this machine, from a `file://` URL.
    Repository(PathBuf),
    /// A path on this machine: a plain directory or a git repository, as is found there.
    Path(PathBuf),
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Https(address) | Self::Http(address) | Self::Ssh(address) => f.write_str(address),
            Self::Repository(path) | Self::Path(path) => write!(f, "{}", path.display()),
        }
    }
}

/// User and password that stood in an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Login {
    /// The user; may be a token, so it is not shown either.
    pub user: SecretBytes,
    /// The password.
    pub password: Option<SecretBytes>,
}

/// Why a text is no usable address. Never repeats the text, which may hold credentials.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LocationError {
    /// Nothing was given.
    #[error("the address of the source is empty")]
    Empty,
    /// Longer than the bound.
    #[error("the address of the source is longer than {MAX_ADDRESS} bytes")]
    TooLong,
    /// Blanks, control characters or backslashes.
    #[error("the address of the source holds a blank, a control character or a backslash")]
    Characters,
    /// It, its host, user or path begins with `-` and could be taken for an option.
    #[error("the address of the source has a part that begins with '-'")]
    Option,
    /// A remote helper such as `ext::`.
    #[error("addresses of the form 'helper::address' are not allowed: they start programs")]
    Helper,
    /// A scheme that is not taken.
    #[error("'{0}://' is not supported; use https://, ssh://, user@host:path, file:// or a path")]
    Scheme(String),
    /// A URL that can't be read.
    #[error("the address of the source is not a usable URL: {0}")]
    Malformed(&'static str),
}

impl Location {
    /// Reads an address as it stands on the command line or in a manifest.
    ///
    /// # Errors
    /// When the address is malformed or not of an allowed kind.
    pub fn parse(text: &str) -> Result<(Self, Option<Login>), LocationError> {
        check_text(text)?;
        if let Some((scheme, _)) = text.split_once("://").filter(|(scheme, _)| is_word(scheme)) {
            check_characters(text)?;
            return match scheme.to_ascii_lowercase().as_str() {
                "https" => web(text, Self::Https),
                "http" => web(text, Self::Http),
                "ssh" => ssh_url(text).map(|address| (Self::Ssh(address), None)),
                "file" => file_url(text).map(|path| (Self::Repository(path), None)),
                _ => Err(LocationError::Scheme(scheme.to_owned())),
            };
        }
        if text.split_once("::").is_some_and(|(helper, _)| is_word(helper)) {
            return Err(LocationError::Helper);
        }
        match text.split_once(':') {
            Some((host, path)) if !host.contains('/') => {
                check_characters(text)?;
                scp_like(host, path).map(|address| (Self::Ssh(address), None))
            }
            _ => Ok((Self::Path(PathBuf::from(text)), None)),
        }
    }

    /// The protocol by git's name for it, for `GIT_ALLOW_PROTOCOL`.
    pub(in crate::source) fn protocol(&self) -> &'static str {
        match self {
            Self::Https(_) => "https",
            Self::Http(_) => "http",
            Self::Ssh(_) => "ssh",
            Self::Repository(_) | Self::Path(_) => "file",
        }
    }
}

fn check_text(text: &str) -> Result<(), LocationError> {
    match text {
        "" => Err(LocationError::Empty),
        text if text.len() > MAX_ADDRESS => Err(LocationError::TooLong),
        text if text.starts_with('-') => Err(LocationError::Option),
        text if text.chars().any(char::is_control) => Err(LocationError::Characters),
        _ => Ok(()),
    }
}

/// Stricter for addresses than for paths, which may hold blanks.
fn check_characters(text: &str) -> Result<(), LocationError> {
    let bad = |c: char| c.is_whitespace() || c.is_control() || c == '\\';
    if text.contains(bad) { Err(LocationError::Characters) } else { Ok(()) }
}

/// What git takes for the name of a scheme or a helper.
fn is_word(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

fn parse_url(text: &str) -> Result<Url, LocationError> {
    let url = Url::parse(text).map_err(|_| LocationError::Malformed("it can't be parsed"))?;
    if url.query().is_some() || url.fragment().is_some() {
        return Err(LocationError::Malformed("it has a '?' or '#' part"));
    }
    Ok(url)
}

fn web(
    text: &str,
    kind: fn(String) -> Location,
) -> Result<(Location, Option<Login>), LocationError> {
    let mut url = parse_url(text)?;
    check_host(url.host_str().unwrap_or_default())?;
    let login = login(&url)?;
    // These two fail only for URLs without a host.
    let cleared = url.set_username("").and_then(|()| url.set_password(None));
    cleared.map_err(|()| LocationError::Malformed("it has no host"))?;
    Ok((kind(url.into()), login))
}

fn login(url: &Url) -> Result<Option<Login>, LocationError> {
    if url.username().is_empty() && url.password().is_none() {
        return Ok(None);
    }
    let user = SecretBytes::new(percent_decode(url.username())?);
    let password = url.password().map(percent_decode).transpose()?.map(SecretBytes::new);
    Ok(Some(Login { user, password }))
}

fn ssh_url(text: &str) -> Result<String, LocationError> {
    let url = parse_url(text)?;
    if url.password().is_some() {
        return Err(LocationError::Malformed("a password in an ssh address can't be used"));
    }
    check_host(url.host_str().unwrap_or_default())?;
    check_user(url.username())?;
    let path = percent_decode(url.path())?;
    if path.len() < 2 || path.contains(&0) {
        return Err(LocationError::Malformed("it has no path"));
    }
    Ok(url.into())
}

fn scp_like(host: &str, path: &str) -> Result<String, LocationError> {
    let (user, machine) = host.rsplit_once('@').unwrap_or(("", host));
    check_user(user)?;
    check_host(machine)?;
    if path.starts_with('-') {
        return Err(LocationError::Option);
    }
    if path.is_empty() {
        return Err(LocationError::Malformed("it has no path"));
    }
    // Wherever it stands, git takes what is before it for the name of a protocol (`connect.c`).
    if path.starts_with("//") || path.contains("://") {
        return Err(LocationError::Malformed("'://' can't stand in the path of user@host:path"));
    }
    // `user:password@host:path` would be read as host `user`, and the password shown as its path.
    if path.split('/').next().is_some_and(|first| first.contains('@')) {
        return Err(LocationError::Malformed("it looks like it holds a password; none fits there"));
    }
    Ok(format!("{host}:{path}"))
}

fn file_url(text: &str) -> Result<PathBuf, LocationError> {
    let url = parse_url(text)?;
    if url.host_str().is_some_and(|host| !host.is_empty() && host != "localhost") {
        return Err(LocationError::Malformed("a file:// address names no other host"));
    }
    let path = percent_decode(url.path())?;
    let path = String::from_utf8(path).map_err(|_| LocationError::Malformed("it is not UTF-8"))?;
    if path.chars().any(char::is_control) {
        return Err(LocationError::Characters);
    }
    Ok(PathBuf::from(path))
}

/// Names and addresses only: what a shell, ssh or git could read differently is refused.
fn check_host(host: &str) -> Result<(), LocationError> {
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match inner {
        Some(v6) => v6.chars().all(|c| c.is_ascii_hexdigit() || ":.".contains(c)),
        None => host.chars().all(|c| c.is_alphanumeric() || "-._".contains(c)),
    };
    match host {
        "" => Err(LocationError::Malformed("it has no host")),
        host if host.starts_with('-') => Err(LocationError::Option),
        _ if good => Ok(()),
        _ => Err(LocationError::Malformed("the host holds a character that no host has")),
    }
}

fn check_user(user: &str) -> Result<(), LocationError> {
    if user.starts_with('-') {
        return Err(LocationError::Option);
    }
    if user.chars().all(|c| c.is_ascii_alphanumeric() || "-._+".contains(c)) {
        Ok(())
    } else {
        Err(LocationError::Malformed("the user holds a character that no ssh user has"))
    }
}

/// Undoes `%41`; a lone `%` stays as it is, as in git's own `url_decode`.
fn percent_decode(text: &str) -> Result<Vec<u8>, LocationError> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|byte| char::from(*byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push(u8::try_from(high * 16 + low).unwrap_or_default());
                rest = after.get(2..).unwrap_or_default();
            }
            _ => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    if bytes.contains(&0) { Err(LocationError::Characters) } else { Ok(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        match Location::parse(text) {
            Ok((location, _)) => format!("{}: {location}", location.protocol()),
            Err(error) => format!("refused: {error}"),
        }
    }

    #[test]
    fn every_allowed_form_is_read() {
        for (text, expected) in [
            ("https://git.example/a/b.git", "https: https://git.example/a/b.git"),
            ("HTTPS://Git.Example:8443/a", "https: https://git.example:8443/a"),
            ("http://gitea:3000/a/b", "http: http://gitea:3000/a/b"),
            ("ssh://git@host:2222/srv/a.git", "ssh: ssh://git@host:2222/srv/a.git"),
            ("ssh://git@[::1]:22/a", "ssh: ssh://git@[::1]:22/a"),
            ("git@host:group/a.git", "ssh: git@host:group/a.git"),
            ("host:a.git", "ssh: host:a.git"),
            ("file:///srv/a%20b.git", "file: /srv/a b.git"),
            ("./infra", "file: ./infra"),
            ("/srv/a:b", "file: /srv/a:b"),
            ("my files/infra", "file: my files/infra"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }

    #[test]
    fn what_could_start_a_program_is_refused() {
        for text in [
            "-oProxyCommand=id",
            "--upload-pack=id",
            "ext::sh -c id",
            "ext::sh",
            "fd::7",
            "transport::address",
            "ssh://-oProxyCommand=id/x",
            "ssh://user@-oProxyCommand=id/x",
            "ssh://-oProxyCommand=id@host/x",
            "-oProxyCommand=id:x",
            "user@-oProxyCommand=id:x",
            "host:-u",
            "ssh://host`id`/x",
            "ssh://host;id/x",
            "https://-host/x",
            "git://host/x",
            "ftp://host/x",
            "https://host/a b",
            "https://host/a\nb",
            "https://host\\@evil/x",
            "https://host/x?token=1",
            "https://host/x#y",
            "file://other/x",
            "ssh://host",
            "host:",
            "",
        ] {
            assert!(Location::parse(text).is_err(), "{text} was taken as {}", shown(text));
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_an_address_that_git_or_a_terminal_misreads(
            text in "(https|http|ssh|file|ext)?(://|::|)[-a-z@:/%0\\[\\]?#. \n]{0,40}"
        ) {
            if let Ok((location, _)) = Location::parse(&text) {
                let shown = location.to_string();
                proptest::prop_assert!(!shown.starts_with('-') && !shown.contains("://-"), "{}", shown);
                proptest::prop_assert!(!shown.chars().any(char::is_control), "{}", shown);
                // What is shown is an address again: the same one.
                let again = Location::parse(&shown).map(|(location, _)| location);
                let local = matches!(location, Location::Repository(_) | Location::Path(_));
                proptest::prop_assert!(local || again == Ok(location), "{} {:?}", shown, again);
            }
        }
    }

    #[test]
    fn a_path_of_a_host_is_no_url_for_git() {
        assert!(shown("host:/x/ssh://-oProxyCommand=id").starts_with("refused"));
        assert!(shown("me@host://-oProxyCommand=id").starts_with("refused"));
    }

    #[test]
    fn credentials_are_taken_out_of_the_address() {
        let (location, login) =
            Location::parse("https://de%40ploy:s3cr%2Fet@host/a").expect("a good address");
        assert_eq!(location.to_string(), "https://host/a");
        let login = login.expect("a login");
        assert_eq!(login.user.reveal(), b"de@ploy");
        assert_eq!(login.password.as_ref().map(SecretBytes::reveal), Some(&b"s3cr/et"[..]));
        let (_, token) = Location::parse("https://t0ken@host/a").expect("a good address");
        assert_eq!(token.map(|login| login.password), Some(None));
    }

    #[test]
    fn no_error_and_no_debug_output_repeats_a_credential() {
        for text in [
            "https://u:CANARY@host/a b",
            "https://u:CANARY@ho st/",
            "https://u:CANARY@/x?y",
            "https://u:CANARY@host:port/",
            "ssh://u:CANARY@host/x",
            "ftp://u:CANARY@host/x",
            "u:CANARY@host:x",
            "https://u:CANARY@host/x",
        ] {
            let output = format!("{:?} {}", Location::parse(text), shown(text));
            assert!(!output.contains("CANARY"), "{output}");
        }
    }
}
