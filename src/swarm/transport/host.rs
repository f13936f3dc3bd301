//! Where an engine listens: `unix:///run/docker.sock`, `tcp://manager:2376`, `ssh://me@manager`.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use http::uri::Authority;
use url::Url;

/// Address of an engine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Host {
    /// A socket file on this machine.
    Unix(PathBuf),
    /// A TCP port; TLS is a matter of the options.
    Tcp {
        /// Name or address; IPv6 without brackets.
        host: String,
        /// Port; `None` is 2375, or 2376 with TLS.
        port: Option<u16>,
    },
    /// A machine that is reached by `ssh`, with docker's command-line program on it.
    Ssh {
        /// User; `None` leaves it to ssh's own configuration.
        user: Option<String>,
        /// Name or address.
        host: String,
        /// Port; `None` leaves it to ssh's own configuration.
        port: Option<u16>,
    },
}

/// Why a text is no address of an engine.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// Not `unix`, `tcp` or `ssh`.
    #[error("'{0}' is not an engine's address: use unix:///PATH, tcp://HOST:PORT or ssh://HOST")]
    Scheme(String),
    /// The part after `://` can't be used.
    #[error("'{text}' is not an engine's address: {why}")]
    Address {
        /// What was given.
        text: String,
        /// What is wrong with it.
        why: &'static str,
    },
}

impl Default for Host {
    fn default() -> Self {
        Self::Unix(PathBuf::from("/var/run/docker.sock"))
    }
}

impl FromStr for Host {
    type Err = HostError;

    fn from_str(text: &str) -> Result<Self, HostError> {
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(HostError::Scheme(text.to_owned()));
        };
        match scheme {
            "unix" => unix(text, rest),
            "tcp" | "http" | "https" => tcp(text, rest),
            "ssh" => ssh(text),
            _ => Err(HostError::Scheme(text.to_owned())),
        }
    }
}

impl Host {
    /// What goes into the `Host` header. The engine takes any valid name over a socket file.
    pub(super) fn authority(&self) -> String {
        match self {
            Self::Unix(_) | Self::Ssh { .. } => "docker".to_owned(),
            Self::Tcp { host, port } => {
                let host = if host.contains(':') { format!("[{host}]") } else { host.clone() };
                port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"))
            }
        }
    }
}

fn unix(text: &str, rest: &str) -> Result<Host, HostError> {
    if rest.starts_with('/') {
        Ok(Host::Unix(PathBuf::from(rest)))
    } else {
        Err(wrong(text, "the socket's path must begin with '/'"))
    }
}

fn tcp(text: &str, rest: &str) -> Result<Host, HostError> {
    let rest = rest.strip_suffix('/').unwrap_or(rest);
    if rest.contains(['/', '?', '#']) {
        return Err(wrong(text, "a path is not supported"));
    }
    let authority: Authority = rest.parse().map_err(|_| wrong(text, "no valid host and port"))?;
    if rest.contains('@') {
        return Err(wrong(text, "a user is not supported"));
    }
    let port = authority.port_u16();
    if port.is_none() && authority.as_str() != authority.host() {
        return Err(wrong(text, "no valid port"));
    }
    let host = authority.host();
    let inner = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    let good = match inner {
        Some(v6) => v6.parse::<std::net::Ipv6Addr>().is_ok(),
        None => host.chars().all(|c| c.is_ascii_alphanumeric() || "-._".contains(c)),
    };
    if !good || host.is_empty() || host.starts_with('-') {
        return Err(wrong(text, "no valid host and port"));
    }
    Ok(Host::Tcp { host: inner.unwrap_or(host).to_owned(), port })
}

fn ssh(text: &str) -> Result<Host, HostError> {
    let url = Url::parse(text).map_err(|_| wrong(text, "no valid host and port"))?;
    if url.password().is_some() {
        return Err(wrong(text, "a password is not supported: use a key"));
    }
    if !matches!(url.path(), "" | "/") || url.query().is_some() {
        return Err(wrong(text, "a path is not supported"));
    }
    let host = url.host_str().ok_or_else(|| wrong(text, "no host"))?.to_owned();
    let user = (!url.username().is_empty()).then(|| url.username().to_owned());
    // Both become arguments of ssh: a leading '-' would be read as an option.
    if host.starts_with('-') || user.as_deref().is_some_and(|user| user.starts_with('-')) {
        return Err(wrong(text, "user and host must not begin with '-'"));
    }
    Ok(Host::Ssh { user, host, port: url.port() })
}

fn wrong(text: &str, why: &'static str) -> HostError {
    HostError::Address { text: text.to_owned(), why }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix://{}", path.display()),
            Self::Tcp { .. } => write!(f, "tcp://{}", self.authority()),
            Self::Ssh { user, host, port } => {
                f.write_str("ssh://")?;
                if let Some(user) = user {
                    write!(f, "{user}@")?;
                }
                f.write_str(host)?;
                port.map_or(Ok(()), |port| write!(f, ":{port}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let seen = text.parse::<Host>().map_or_else(|e| format!("{e}"), |host| format!("{host:?}"));
        assert!(seen.contains(expected), "{text}: {seen}");
    }

    #[test]
    fn the_three_kinds_of_address_are_read() {
        check("unix:///run/user/1/docker.sock", r#"Unix("/run/user/1/docker.sock")"#);
        check("tcp://manager:2376", r#"Tcp { host: "manager", port: Some(2376) }"#);
        check("tcp://10.0.0.1", r#"Tcp { host: "10.0.0.1", port: None }"#);
        check("tcp://[::1]:80/", r#"Tcp { host: "::1", port: Some(80) }"#);
        check("ssh://me@manager:22", r#"user: Some("me"), host: "manager", port: Some(22)"#);
        check("ssh://manager", r#"user: None, host: "manager", port: None"#);
    }

    #[test]
    fn what_is_no_address_is_refused_with_the_reason() {
        check("/run/docker.sock", "use unix:///PATH");
        check("npipe:////./pipe/x", "use unix:///PATH");
        check("unix://run/docker.sock", "must begin with '/'");
        check("tcp://", "no valid host");
        check("tcp://a:99999", "no valid port");
        check("tcp://a/b", "a path is not supported");
        check("tcp://;[fe80::1]:2376/", "no valid host");
        check("tcp://[x]:1", "no valid host");
        check("ssh://a:b@c", "a password is not supported");
    }

    #[test]
    fn an_ssh_host_that_ssh_would_read_as_an_option_is_refused() {
        check("ssh://-oProxyCommand=x", "must not begin with '-'");
        check("ssh://-l@host", "must not begin with '-'");
    }
}
