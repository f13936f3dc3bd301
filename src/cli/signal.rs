//! Signals that end a command which runs until it is stopped.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::error::Failure;

/// Becomes true at SIGTERM or SIGINT.
pub(crate) fn stop_signal() -> Result<watch::Receiver<bool>, Failure> {
    let failed = |error| Failure::new("listen for signals", error);
    let mut terminate = signal(SignalKind::terminate()).map_err(failed)?;
    let mut interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
    let (stop, stopped) = watch::channel(false);
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("a signal came: the pass that runs is finished, then skep ends");
        stop.send_replace(true);
        // The channel stays open, so that its readers go on to see the last value.
        stop.closed().await;
    });
    Ok(stopped)
}
