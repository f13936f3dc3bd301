//! The route table.

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use super::{ApiState, BODY_LIMIT, REQUEST_TIME, nudge, probe};
use crate::metrics::CONTENT_TYPE;
use crate::view::ReportView;
use crate::view::render::json;

/// All routes.
pub(super) fn router(state: ApiState) -> Router {
    Router::new()
        .route("/healthz", get(probe::healthz))
        .route("/readyz", get(probe::readyz))
        .route("/metrics", get(metrics))
        .route("/nudge", post(nudge::nudge))
        .route("/api/v1/report", get(report))
        .layer(middleware::from_fn(in_time))
        .layer(middleware::map_response(harmless))
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .with_state(state)
}

async fn metrics(State(state): State<ApiState>) -> Response {
    match state.metrics.encode() {
        Ok(text) => ([(header::CONTENT_TYPE, CONTENT_TYPE)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// The last report, with everything hidden that may be secret.
async fn report(State(state): State<ApiState>) -> Response {
    let Some(report) = state.report() else {
        return (StatusCode::SERVICE_UNAVAILABLE, "no pass has ended yet\n").into_response();
    };
    match json(&ReportView::of(&report)) {
        Ok(text) => ([(header::CONTENT_TYPE, "application/json")], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

/// Slow clients are cut off.
async fn in_time(request: Request, next: Next) -> Response {
    match tokio::time::timeout(REQUEST_TIME, next.run(request)).await {
        Ok(response) => response,
        Err(_) => StatusCode::REQUEST_TIMEOUT.into_response(),
    }
}

/// Nothing here is a page, and nothing may be taken for one.
async fn harmless(mut response: Response) -> Response {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::CACHE_CONTROL, "no-store"),
        (HeaderName::from_static("content-security-policy"), "default-src 'none'"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
