//! HTTP: health, metrics, the last report, and nudges. It reads what passes publish and writes
//! nothing but a hint.

mod nudge;
mod probe;
mod routes;

#[cfg(test)]
mod tests;

use std::future::Future;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::metrics::Metrics;
use crate::reconcile::Nudge;
use crate::status::Report;

use nudge::Gate;

/// Largest request body, in bytes. Nothing here reads one.
const BODY_LIMIT: usize = 1024 * 1024;
/// Time in which a request has to be answered, reading it included.
const REQUEST_TIME: Duration = Duration::from_secs(10);

/// What the routes can see.
#[derive(Clone)]
pub struct ApiState {
    reports: watch::Receiver<Option<Arc<Report>>>,
    metrics: Metrics,
    gate: Arc<Gate>,
}

impl ApiState {
    /// Puts together what passes publish and where hints go.
    #[must_use]
    pub fn new(
        reports: watch::Receiver<Option<Arc<Report>>>,
        metrics: Metrics,
        nudge: Nudge,
    ) -> Self {
        Self { reports, metrics, gate: Arc::new(Gate::new(nudge)) }
    }

    fn report(&self) -> Option<Arc<Report>> {
        self.reports.borrow().clone()
    }
}

/// Listens on an address such as `127.0.0.1:8080`.
///
/// # Errors
/// When the address can't be listened on.
#[expect(clippy::disallowed_methods, reason = "the one place that listens")]
pub async fn listen(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address).await
}

/// Answers requests until `stop` resolves; requests under way are finished.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    listener: TcpListener,
    state: ApiState,
    stop: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    axum::serve(listener, routes::router(state)).with_graceful_shutdown(stop).await
}
