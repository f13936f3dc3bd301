//! A link to one engine: agrees on an API version once, then carries requests, bollard's and ours.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bollard::errors::Error as Unusable;
use bollard::{BollardRequest, ClientVersion, Docker};
use bytes::Bytes;
use http::header::{CONTENT_TYPE, DATE};
use http::{HeaderMap, HeaderValue, Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use jiff::Timestamp;

use super::fault::{no_answer, refusal, words};
use super::transport::{self, Body, REGISTRY_AUTH, Transport};
use crate::model::{ApiVersion, Engine};
use crate::ports::SwarmError;

/// Newest API version that skep was written for.
pub const NEWEST: ApiVersion = ApiVersion::v1(51);
/// Oldest API version that skep works with (Docker 19.03).
pub const OLDEST: ApiVersion = ApiVersion::v1(40);
/// Most bytes of one listing.
const MOST_BYTES: usize = 512 << 20;
/// Most bytes of a refusal.
const MOST_REFUSAL_BYTES: usize = 64 << 10;

/// One request of ours, and what it is for, as its errors will say.
pub(super) struct Call {
    pub(super) attempted: String,
    pub(super) method: Method,
    /// Path and query, without the API version.
    pub(super) path: String,
    pub(super) body: Bytes,
    pub(super) registry_auth: Option<HeaderValue>,
}

impl Call {
    pub(super) fn get(attempted: impl Into<String>, path: impl Into<String>) -> Self {
        Self {
            attempted: attempted.into(),
            method: Method::GET,
            path: path.into(),
            body: Bytes::new(),
            registry_auth: None,
        }
    }

    pub(super) fn post(attempted: impl Into<String>, path: impl Into<String>, body: Bytes) -> Self {
        Self { method: Method::POST, body, ..Self::get(attempted, path) }
    }
}

/// The link. Connections are opened when they are needed, and the API version is agreed on with
/// the first request; again after a failure, because then it may be another engine.
pub(super) struct Link {
    transport: Transport,
    time_out: Duration,
    agreed: Mutex<Option<Arc<Engine>>>,
    date: Mutex<Option<Timestamp>>,
}

impl Link {
    pub(super) fn new(transport: Transport, time_out: Duration) -> Arc<Self> {
        Arc::new(Self { transport, time_out, agreed: Mutex::default(), date: Mutex::default() })
    }

    /// The engine and the API version that was agreed on.
    ///
    /// No lock is held while the engine is asked: who waits for an answer may not be polled for a
    /// while, as the listener to events during a pass, and whoever else wants the lock would wait
    /// for ever. Two that begin at the same time both ask.
    pub(super) async fn engine(&self) -> Result<Arc<Engine>, SwarmError> {
        if let Some(engine) = self.agreed() {
            return Ok(engine);
        }
        let engine = Arc::new(self.within("agree on an API version", self.agree()).await?);
        self.keep(Some(engine.clone()));
        Ok(engine)
    }

    /// Longest wait for one answer.
    pub(super) fn time_out(&self) -> Duration {
        self.time_out
    }

    /// Forgets what was agreed on.
    pub(super) fn forget(&self) {
        self.keep(None);
    }

    /// The engine's own date, to the second, as its last answer told it.
    pub(super) fn date(&self) -> Option<Timestamp> {
        *self.date.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn agreed(&self) -> Option<Arc<Engine>> {
        self.agreed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn keep(&self, engine: Option<Arc<Engine>>) {
        *self.agreed.lock().unwrap_or_else(PoisonError::into_inner) = engine;
    }

    /// A bollard client over this link. What it sends carries the API version that was agreed on.
    pub(super) fn docker(self: &Arc<Self>) -> Result<Docker, Unusable> {
        let link = Arc::clone(self);
        client(self.time_out, move |request: BollardRequest| {
            let link = Arc::clone(&link);
            async move {
                let engine = link.engine().await.map_err(std::io::Error::other)?;
                Ok(link.transport.send(boxed(request), Some(engine.api)).await?)
            }
        })
    }

    /// Sends a request of ours and reads the whole answer, within the time-out.
    pub(super) async fn answer(&self, call: Call) -> Result<Bytes, SwarmError> {
        let mut answer = Vec::new();
        self.pieces(call, |piece| answer.extend_from_slice(piece)).await?;
        Ok(answer.into())
    }

    /// Sends a request of ours and hands on the answer as it comes, within the time-out.
    pub(super) async fn pieces(
        &self,
        call: Call,
        take: impl FnMut(&[u8]),
    ) -> Result<(), SwarmError> {
        let attempted = call.attempted.clone();
        let answer = self
            .within(&attempted, async {
                let response = self.send(call).await?;
                read(&attempted, response, MOST_BYTES, take).await
            })
            .await;
        if matches!(answer, Err(SwarmError::Unavailable { .. })) {
            self.forget();
        }
        answer
    }

    /// Sends a request of ours whose answer never ends; the time-out is for its beginning.
    pub(super) async fn stream(&self, call: Call) -> Result<Incoming, SwarmError> {
        let attempted = call.attempted.clone();
        let answer = self.within(&attempted, self.send(call)).await;
        if answer.is_err() {
            self.forget();
        }
        answer.map(Response::into_body)
    }

    async fn send(&self, call: Call) -> Result<Response<Incoming>, SwarmError> {
        let Call { attempted, method, path, body, registry_auth } = call;
        let engine = self.engine().await?;
        let mut request = Request::builder().method(method).uri(path);
        if !body.is_empty() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        if let Some(auth) = registry_auth {
            request = request.header(REGISTRY_AUTH, auth);
        }
        let request = request
            .body(transport::body(body))
            .map_err(|cause| no_answer(&attempted, "not sent", Some(cause.into())))?;
        let response = self.transport.send(request, Some(engine.api)).await.map_err(|cause| {
            let seen = if cause.is_connect() { "no connection" } else { "the connection broke" };
            no_answer(&attempted, seen, Some(cause.into()))
        })?;
        *self.date.lock().unwrap_or_else(PoisonError::into_inner) = date(response.headers());
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let mut body = Vec::new();
        let take = |piece: &[u8]| body.extend_from_slice(piece);
        read(&attempted, response, MOST_REFUSAL_BYTES, take).await?;
        Err(refusal(&attempted, status, words(&body)))
    }

    /// Waits for `work` for at most the time-out.
    pub(super) async fn within<T>(
        &self,
        attempted: &str,
        work: impl Future<Output = Result<T, SwarmError>>,
    ) -> Result<T, SwarmError> {
        let late = |_| {
            let seen = format!("nothing within {} s", self.time_out.as_secs_f32());
            Err(no_answer(attempted, seen, None))
        };
        tokio::time::timeout(self.time_out, work).await.unwrap_or_else(late)
    }

    async fn agree(&self) -> Result<Engine, SwarmError> {
        let version = async { self.plain_client(None)?.version().await };
        let version = version.await.map_err(|cause| fault("ask for the version", cause))?;
        let api = choose(version.api_version.as_deref(), version.min_api_version.as_deref())?;
        let info = async { self.plain_client(Some(api))?.info().await };
        let info = info.await.map_err(|cause| fault("ask for the swarm", cause))?;
        let swarm = info.swarm.unwrap_or_default();
        let cluster = swarm.cluster.and_then(|cluster| cluster.id);
        let Some(cluster) = cluster.filter(|_| swarm.control_available == Some(true)) else {
            let seen = "this node is not a manager of a swarm";
            return Err(no_answer("ask for the swarm", seen, None));
        };
        Ok(Engine {
            version: version.version.unwrap_or_default(),
            api,
            cluster,
            node: swarm.node_id.unwrap_or_default(),
        })
    }

    fn plain_client(&self, version: Option<ApiVersion>) -> Result<Docker, Unusable> {
        let transport = self.transport.clone();
        client(self.time_out, move |request: BollardRequest| {
            let transport = transport.clone();
            async move { Ok(transport.send(boxed(request), version).await?) }
        })
    }
}

/// `Date: Mon, 02 Jan 2006 15:04:05 GMT`
fn date(headers: &HeaderMap) -> Option<Timestamp> {
    let text = headers.get(DATE)?.to_str().ok()?;
    Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp())
}

fn client<Send, Sending>(time_out: Duration, send: Send) -> Result<Docker, Unusable>
where
    Send: Fn(BollardRequest) -> Sending + std::marker::Send + Sync + 'static,
    Sending: Future<Output = Result<Response<Incoming>, Unusable>> + std::marker::Send + 'static,
{
    // bollard 0.21.1 drops the version from its paths; the transport puts the agreed one in.
    let version =
        ClientVersion { major_version: NEWEST.major.into(), minor_version: NEWEST.minor.into() };
    let seconds = time_out.as_secs().max(1);
    Docker::connect_with_custom_transport(send, Some("http://engine"), seconds, &version)
}

fn boxed(request: BollardRequest) -> Request<Body> {
    request.map(BodyExt::boxed_unsync)
}

async fn read(
    attempted: &str,
    response: Response<Incoming>,
    limit: usize,
    take: impl FnMut(&[u8]),
) -> Result<(), SwarmError> {
    transport::read(response.into_body(), limit, take)
        .await
        .map_err(|cause| no_answer(attempted, "its answer is not whole", Some(cause.into())))
}

/// Makes our error of bollard's.
pub(super) fn fault(attempted: &str, cause: Unusable) -> SwarmError {
    match cause {
        Unusable::DockerResponseServerError { status_code, message } => {
            let status = http::StatusCode::from_u16(status_code).unwrap_or_default();
            refusal(attempted, status, words(message.as_bytes()))
        }
        Unusable::RequestTimeoutError => no_answer(attempted, "nothing within the time-out", None),
        cause => no_answer(attempted, "no usable answer", Some(cause.into())),
    }
}

/// The newest version that both sides know.
fn choose(newest: Option<&str>, oldest: Option<&str>) -> Result<ApiVersion, SwarmError> {
    let refused = |message: String| SwarmError::Refused {
        attempted: "agree on an API version".to_owned(),
        message,
    };
    let parse = |text: &str| text.parse::<ApiVersion>().map_err(|e| refused(e.to_string()));
    let engine = parse(newest.unwrap_or_default())?;
    let at_least = oldest.map_or(Ok(OLDEST), parse)?;
    let api = engine.min(NEWEST);
    if api < OLDEST {
        return Err(refused(format!(
            "it speaks API {engine} at most, and skep needs {OLDEST} or newer"
        )));
    }
    if api < at_least {
        return Err(refused(format!(
            "it wants API {at_least} or newer, and skep knows {NEWEST} at most"
        )));
    }
    Ok(api)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(newest: &str, oldest: &str, expected: &str) {
        let seen = choose(Some(newest), Some(oldest))
            .map_or_else(|error| error.to_string(), |api| api.to_string());
        assert!(seen.contains(expected), "{newest} {oldest}: {seen}");
    }

    #[test]
    fn the_newest_version_that_both_sides_know_is_taken() {
        check("1.41", "1.12", "1.41");
        check("1.51", "1.24", "1.51");
        check("1.60", "1.44", "1.51");
    }

    #[test]
    fn the_engines_date_is_read() {
        let told = HeaderValue::from_static("Mon, 02 Jan 2006 15:04:05 GMT");
        let read = date(&HeaderMap::from_iter([(DATE, told)])).map(|date| date.to_string());
        assert_eq!(read.as_deref(), Some("2006-01-02T15:04:05Z"));
        assert_eq!(date(&HeaderMap::new()), None);
    }

    #[test]
    fn an_engine_that_is_too_old_or_too_new_is_refused_with_both_versions() {
        check("1.39", "1.12", "it speaks API 1.39 at most, and skep needs 1.40 or newer");
        check("1.70", "1.60", "it wants API 1.60 or newer, and skep knows 1.51 at most");
        check("", "1.12", "'' is not an API version");
    }
}
