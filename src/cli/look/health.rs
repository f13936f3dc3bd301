//! `skep health`: asks the operator on this machine, for the health check of a container.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::cli::Exit;
use crate::cli::error::Failure;

/// Ask the operator on this machine whether it is alive
///
/// Exit codes: 0 it is, 1 it is not.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where `skep run --listen` listens; 0.0.0.0 is asked on this machine
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8080", env = "SKEP_LISTEN")]
    listen: SocketAddr,
}

/// Longest wait for the answer.
const PATIENCE: Duration = Duration::from_secs(4);
/// Bytes of the answer that are read: the status line is all that counts.
const ENOUGH: usize = 64;

pub(crate) async fn run(args: &Args) -> Result<Exit, Failure> {
    let mut address = args.listen;
    if address.ip().is_unspecified() {
        address.set_ip(match address {
            SocketAddr::V4(_) => std::net::Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => std::net::Ipv6Addr::LOCALHOST.into(),
        });
    }
    let failed = |error: String| {
        Failure::new(format!("ask the operator at {address}"), error).exiting(Exit::Differs)
    };
    let answer = tokio::time::timeout(PATIENCE, ask(address)).await;
    let answer = answer.map_err(|_| failed("no answer".to_owned()))?;
    let line = answer.map_err(|error| failed(error.to_string()))?;
    match line.split(' ').nth(1) {
        Some("200") => Ok(Exit::Fine),
        _ => Err(failed(format!("it answered: {line}"))),
    }
}

/// The first line of the answer.
#[expect(clippy::disallowed_methods, reason = "the operator is asked over the network")]
async fn ask(address: SocketAddr) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await?;
    let mut bytes = Vec::new();
    stream.take(ENOUGH as u64).read_to_end(&mut bytes).await?;
    let text = String::from_utf8_lossy(&bytes);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}
