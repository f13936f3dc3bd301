//! Whether the process lives, and whether it can do its work.

use axum::extract::State;
use axum::http::StatusCode;

use super::ApiState;
use crate::status::Report;

/// The process answers: that is all.
pub(super) async fn healthz() -> &'static str {
    "ok\n"
}

/// 200 when the last pass could decide; otherwise 503 with a line for everything that is missing.
pub(super) async fn readyz(State(state): State<ApiState>) -> (StatusCode, String) {
    let missing = match state.report() {
        None => vec!["the first pass has not ended yet".to_owned()],
        Some(report) => missing(&report),
    };
    if missing.is_empty() {
        return (StatusCode::OK, "ready\n".to_owned());
    }
    (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n")
}

/// What keeps an operator from its work. A source that can't be read now, and could before, does
/// not: what was read stays in force.
fn missing(report: &Report) -> Vec<String> {
    let mut missing = Vec::new();
    if report.engine.is_none() {
        let why = report.trouble.first().cloned().unwrap_or_default();
        missing.push(format!("the engine does not answer: {why}"));
    }
    for source in report.sources.iter().filter(|source| source.revision.is_none()) {
        let why = source.error.as_deref().unwrap_or("it was not read yet");
        missing.push(format!("the source {} could never be read: {why}", source.name));
    }
    missing
}
