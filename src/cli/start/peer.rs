//! An operator that listens: what a command asks it over HTTP.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::error::Failure;

/// Longest wait for a whole answer.
const PATIENCE: Duration = Duration::from_secs(10);
/// Bytes of an answer that are read.
const MOST: u64 = 64 << 20;

/// Where an operator listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Peer {
    /// `HOST:PORT`.
    authority: String,
}

impl FromStr for Peer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || format!("'{text}' is not http://HOST:PORT");
        let rest = text.strip_prefix("http://").ok_or_else(wrong)?;
        let authority = rest.strip_suffix('/').unwrap_or(rest);
        let port = authority.rsplit_once(':').and_then(|(host, port)| {
            let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
            let good = !host.is_empty() && host.chars().all(plain);
            port.parse::<u16>().ok().filter(|_| good)
        });
        port.ok_or_else(wrong)?;
        Ok(Self { authority: authority.to_owned() })
    }
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at http://{}", self.authority)
    }
}

impl Peer {
    /// Gives it the hint that sources and swarm are worth a look.
    pub(crate) async fn nudge(&self) -> Result<(), Failure> {
        self.ask("POST", "/nudge").await.map(drop)
    }

    /// Its last report, as JSON.
    pub(crate) async fn report(&self) -> Result<Vec<u8>, Failure> {
        self.ask("GET", "/api/v1/report").await
    }

    /// Its answer to a request, when that is a success.
    async fn ask(&self, method: &str, path: &str) -> Result<Vec<u8>, Failure> {
        let failed = |why: String| Failure::new(format!("ask the operator {self}"), why);
        let answer = tokio::time::timeout(PATIENCE, self.answer(method, path)).await;
        let answer = answer.map_err(|_| failed("no answer".to_owned()))?;
        let answer = answer.map_err(|error| failed(error.to_string()))?;
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n");
        let (head, body) = answer.split_at(end.unwrap_or(answer.len()));
        let head = String::from_utf8_lossy(head);
        let line = head.lines().next().unwrap_or_default();
        match line.split(' ').nth(1) {
            Some(status) if status.starts_with('2') => Ok(body.get(4..).unwrap_or(&[]).to_vec()),
            _ => Err(failed(format!("it answered: {line}"))),
        }
    }

    /// HTTP/1.0: the operator closes the connection after one answer, without pieces.
    #[expect(clippy::disallowed_methods, reason = "the operator is asked over the network")]
    async fn answer(&self, method: &str, path: &str) -> std::io::Result<Vec<u8>> {
        let mut stream = TcpStream::connect(&self.authority).await?;
        let head = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n\r\n", self.authority);
        stream.write_all(head.as_bytes()).await?;
        let mut answer = Vec::new();
        stream.take(MOST).read_to_end(&mut answer).await?;
        Ok(answer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_names_host_and_port_and_nothing_else() {
        for good in ["http://127.0.0.1:8080", "http://skep:80/", "http://[::1]:8080"] {
            assert!(good.parse::<Peer>().is_ok(), "{good}");
        }
        for bad in
            ["", "skep:80", "https://skep:443", "http://skep", "http://a b:80", "http://x:80/y"]
        {
            assert!(bad.parse::<Peer>().is_err(), "{bad}");
        }
    }
}
