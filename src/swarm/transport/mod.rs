//! HTTP to one engine over kept-alive connections, below bollard and beside it.
//!
//! bollard 0.21.1 opens a connection per request, sends no API version in its paths, and encodes
//! registry credentials in the wrong alphabet; it does none of this over a transport of ours.

mod dial;
mod host;
mod ssh;
mod tls;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::TryStreamExt;
use http::header::{HOST, HeaderName, HeaderValue};
use http::uri::PathAndQuery;
use http::{Request, Response, Uri};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, BodyStream, Full};
use hyper::body::Incoming;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::pki_types::ServerName;

use self::dial::Dialer;
use self::ssh::Ssh;
pub use host::{Host, HostError};
pub use tls::{Tls, TlsError};

use crate::model::ApiVersion;

/// How long an unused connection is kept.
const IDLE_TIME: Duration = Duration::from_secs(60);
/// Header with credentials for the image's registry.
pub(super) const REGISTRY_AUTH: HeaderName = HeaderName::from_static("x-registry-auth");

/// Body of a request: bollard's, or bytes of ours.
pub(super) type Body = UnsyncBoxBody<Bytes, Box<dyn std::error::Error + Send + Sync>>;

/// Why no transport could be made for a host.
#[derive(Debug, thiserror::Error)]
pub enum TransportError {
    /// The certificates.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// bollard refuses to work over it.
    #[error("make an engine client")]
    Client(#[from] bollard::errors::Error),
    /// The name can't stand in a certificate or a URI.
    #[error("'{0}' is no host name")]
    Name(String),
}

/// Connections to one engine, shared by all requests.
///
/// Nothing is sent twice: hyper-util repeats a request only when it could hand back the whole
/// request because no byte of it was written (a kept connection that turned out to be closed).
#[derive(Clone)]
pub(super) struct Transport {
    client: Client<Dialer, Body>,
    host: HeaderValue,
}

impl Transport {
    /// Prepares the transport; nothing is dialled yet.
    pub(super) fn new(
        host: &Host,
        tls: Option<&Tls>,
        ssh_program: PathBuf,
    ) -> Result<Self, TransportError> {
        let dialer = match host {
            Host::Unix(path) => Dialer::Unix(path.clone()),
            Host::Tcp { host: name, port } => tcp_dialer(host, name, *port, tls)?,
            Host::Ssh { user, host, port } => Dialer::Ssh(Arc::new(Ssh {
                program: ssh_program,
                user: user.clone(),
                host: host.clone(),
                port: *port,
            })),
        };
        let client = Client::builder(TokioExecutor::new())
            .pool_idle_timeout(IDLE_TIME)
            .pool_timer(TokioTimer::new())
            .build(dialer);
        let name = host.authority();
        let host = HeaderValue::try_from(&name).map_err(|_| TransportError::Name(name))?;
        Ok(Self { client, host })
    }

    /// Sends a request. `version` goes in front of the path; without it the engine takes its
    /// newest.
    pub(super) async fn send(
        &self,
        mut request: Request<Body>,
        version: Option<ApiVersion>,
    ) -> Result<Response<Incoming>, ClientError> {
        *request.uri_mut() = engine_uri(request.uri(), version);
        request.headers_mut().insert(HOST, self.host.clone());
        if let Some(auth) = request.headers_mut().get_mut(&REGISTRY_AUTH) {
            *auth = url_alphabet(auth);
        }
        self.client.request(request).await
    }
}

fn tcp_dialer(
    host: &Host,
    name: &str,
    port: Option<u16>,
    tls: Option<&Tls>,
) -> Result<Dialer, TransportError> {
    let bad_name = || TransportError::Name(name.to_owned());
    let authority = match port {
        Some(_) => host.authority(),
        None => format!("{}:{}", host.authority(), if tls.is_some() { 2376 } else { 2375 }),
    };
    let to: Uri = format!("http://{authority}/").parse().map_err(|_| bad_name())?;
    let http = dial::http_connector();
    Ok(match tls {
        None => Dialer::Tcp { http, to },
        Some(tls) => Dialer::Tls {
            http,
            to,
            tls: tls.client()?.into(),
            name: ServerName::try_from(name.to_owned()).map_err(|_| bad_name())?,
        },
    })
}

/// Where a request goes: always one authority, so that there is one pool.
fn engine_uri(uri: &Uri, version: Option<ApiVersion>) -> Uri {
    let path = uri.path_and_query().map_or("/", PathAndQuery::as_str);
    let path = version.map_or_else(|| path.to_owned(), |version| format!("/v{version}{path}"));
    Uri::builder()
        .scheme("http")
        .authority("engine")
        .path_and_query(path)
        .build()
        .unwrap_or_else(|_| uri.clone())
}

/// moby reads this header as base64url, bollard writes plain base64 (bollard#169).
fn url_alphabet(auth: &HeaderValue) -> HeaderValue {
    let bytes: Vec<u8> = auth
        .as_bytes()
        .iter()
        .map(|byte| match byte {
            b'+' => b'-',
            b'/' => b'_',
            other => *other,
        })
        .collect();
    let mut changed = HeaderValue::from_bytes(&bytes).unwrap_or_else(|_| auth.clone());
    changed.set_sensitive(true);
    changed
}

/// A body of ours.
pub(super) fn body(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}

/// Why the body of an answer is not there as a whole.
#[derive(Debug, thiserror::Error)]
pub(super) enum BodyError {
    #[error("the connection broke within the answer")]
    Broken(#[source] hyper::Error),
    #[error("the answer is larger than {0} bytes")]
    TooLarge(usize),
}

/// Hands on an answer's body of at most `limit` bytes as it comes, piece by piece.
pub(super) async fn read(
    body: Incoming,
    limit: usize,
    mut take: impl FnMut(&[u8]),
) -> Result<(), BodyError> {
    let mut left = limit;
    let mut frames = BodyStream::new(body);
    while let Some(frame) = frames.try_next().await.map_err(BodyError::Broken)? {
        let Ok(data) = frame.into_data() else { continue };
        left = left.checked_sub(data.len()).ok_or(BodyError::TooLarge(limit))?;
        take(&data);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_stands_in_front_of_every_path() {
        let check = |uri: &str, version, expected: &str| {
            let uri = engine_uri(&uri.parse().unwrap(), version);
            assert_eq!(uri.to_string(), expected);
        };
        let v41 = Some(ApiVersion::v1(41));
        check("/services?status=true", v41, "http://engine/v1.41/services?status=true");
        check("http://docker/version", None, "http://engine/version");
        check("docker://x/volumes", v41, "http://engine/v1.41/volumes");
    }

    #[test]
    fn credentials_go_out_in_the_url_alphabet() {
        let auth = url_alphabet(&HeaderValue::from_static("ab+/cd=="));
        assert_eq!(auth.as_bytes(), b"ab-_cd==");
        assert!(auth.is_sensitive());
    }
}
