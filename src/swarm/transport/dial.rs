//! Opens connections for the pool: socket file, TCP, TCP with TLS, ssh.

use std::io;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::future::BoxFuture;
use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection, HttpConnector};
use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio_rustls::TlsConnector;
use tower_service::Service;

use super::ssh::Ssh;

/// Longest wait for a connection.
const CONNECT_TIME: Duration = Duration::from_secs(10);
/// Silence on a TCP connection after which the peer is probed.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// Opens connections to one engine, whatever URI it is asked for.
#[derive(Clone)]
pub(super) enum Dialer {
    Unix(PathBuf),
    Tcp { http: HttpConnector, to: Uri },
    Tls { http: HttpConnector, to: Uri, tls: TlsConnector, name: ServerName<'static> },
    Ssh(Arc<Ssh>),
}

impl Dialer {
    async fn dial(self) -> io::Result<Wire> {
        let connection: Box<dyn Stream> = match self {
            Self::Unix(path) => Box::new(unix(path).await?),
            Self::Tcp { http, to } => Box::new(tcp(http, to).await?),
            Self::Tls { http, to, tls, name } => {
                Box::new(tls.connect(name, tcp(http, to).await?).await?)
            }
            Self::Ssh(ssh) => Box::new(ssh.dial()?),
        };
        Ok(Wire(TokioIo::new(connection)))
    }
}

#[expect(clippy::disallowed_methods, reason = "this is where the engine is reached")]
async fn unix(path: PathBuf) -> io::Result<UnixStream> {
    UnixStream::connect(path).await
}

async fn tcp(mut http: HttpConnector, to: Uri) -> io::Result<TcpStream> {
    http.call(to).await.map(TokioIo::into_inner).map_err(io::Error::other)
}

/// A connector that notices a peer that vanished: nothing else would end an event stream.
pub(super) fn http_connector() -> HttpConnector {
    let mut http = HttpConnector::new();
    http.set_nodelay(true);
    http.set_keepalive(Some(KEEP_ALIVE));
    http.set_keepalive_interval(Some(KEEP_ALIVE));
    http.set_keepalive_retries(Some(3));
    http
}

impl Service<Uri> for Dialer {
    type Response = Wire;
    type Error = io::Error;
    type Future = BoxFuture<'static, io::Result<Wire>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Uri) -> Self::Future {
        let dialer = self.clone();
        Box::pin(async move {
            tokio::time::timeout(CONNECT_TIME, dialer.dial())
                .await
                .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
        })
    }
}

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// One connection, of whatever kind.
pub(super) struct Wire(TokioIo<Box<dyn Stream>>);

impl Connection for Wire {
    fn connected(&self) -> Connected {
        Connected::new()
    }
}

impl hyper::rt::Read for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: hyper::rt::ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buffer)
    }
}

impl hyper::rt::Write for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
