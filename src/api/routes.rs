//! The routes.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS,
};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use tokio::sync::{mpsc, watch};

use crate::metrics::{self, Metrics};
use crate::reconcile::Part;
use crate::status::Report;
use crate::view::{ReportView, render};

/// What the routes read, and where hints go.
#[derive(Clone)]
pub struct Handles {
    /// The last report; closed once the loop has ended.
    pub report: watch::Receiver<Option<Arc<Report>>>,
    /// Whether this operator acts or follows another one.
    pub part: watch::Receiver<Part>,
    /// Metrics.
    pub metrics: Metrics,
    /// Hints. It has room for one: more while that one waits say nothing new.
    pub hints: mpsc::Sender<()>,
}

/// All routes.
pub fn router(handles: Handles) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/nudge", post(nudge))
        .route("/api/v1/report", get(report))
        .with_state(handles)
}

/// Whether the loop is alive.
async fn health(State(handles): State<Handles>) -> Response {
    if handles.report.has_changed().is_err() {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "the loop has ended\n".to_owned());
    }
    plain(StatusCode::OK, "alive\n".to_owned())
}

/// Whether everything is there that a pass needs; names what is missing. A source that can't be
/// read now, and could before, is not missing: what was read stays in force.
async fn ready(State(handles): State<Handles>) -> Response {
    let missing = missing(handles.report.borrow().as_deref());
    if missing.is_empty() {
        return plain(StatusCode::OK, ready_as(&handles.part.borrow()));
    }
    plain(StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
}

/// An operator that follows is as ready as the one that acts: it takes over when that one ends.
fn ready_as(part: &Part) -> String {
    match part {
        Part::Alone => "ready\n".to_owned(),
        Part::Acts => "ready: acts\n".to_owned(),
        Part::Follows(Some(holder)) => format!("ready: follows {holder}\n"),
        Part::Follows(None) | Part::Unknown => "ready: nobody is known to act\n".to_owned(),
    }
}

fn missing(report: Option<&Report>) -> Vec<String> {
    let Some(report) = report else { return vec!["no pass has ended yet".to_owned()] };
    let mut missing = Vec::new();
    if report.engine.is_none() {
        missing.push(format!("the engine does not answer: {}", report.trouble.join("; ")));
    }
    for source in report.sources.iter().filter(|source| source.revision.is_none()) {
        let why = source.error.as_deref().unwrap_or("it was not read yet");
        missing.push(format!("source {}: {why}", source.name));
    }
    missing
}

async fn metrics(State(handles): State<Handles>) -> Response {
    match handles.metrics.encode() {
        Ok(text) => answer(StatusCode::OK, metrics::CONTENT_TYPE, text),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("write metrics: {error}\n")),
    }
}

/// A hint that sources and swarm are worth a look.
async fn nudge(State(handles): State<Handles>) -> Response {
    // A full room means that a hint is waiting already.
    let _ = handles.hints.try_send(());
    plain(StatusCode::ACCEPTED, "a pass will run\n".to_owned())
}

async fn report(State(handles): State<Handles>) -> Response {
    let report = handles.report.borrow().clone();
    let Some(report) = report else {
        return plain(StatusCode::SERVICE_UNAVAILABLE, "no pass has ended yet\n".to_owned());
    };
    match render::json(&ReportView::of(&report)) {
        Ok(json) => answer(StatusCode::OK, "application/json", json),
        Err(error) => plain(StatusCode::INTERNAL_SERVER_ERROR, format!("write JSON: {error}\n")),
    }
}

fn plain(status: StatusCode, text: String) -> Response {
    answer(status, "text/plain; charset=utf-8", text)
}

fn answer(status: StatusCode, kind: &'static str, body: String) -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static(kind)),
        // Nothing here is a page, and nothing may be taken for one.
        (CONTENT_SECURITY_POLICY, HeaderValue::from_static("default-src 'none'")),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
    ];
    (status, headers, body).into_response()
}
