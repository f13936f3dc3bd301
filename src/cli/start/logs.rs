//! Structured logs.
//!
//! The client library writes every body that it sends or receives to its debug log, secrets among
//! them. Its records are dropped before any filter sees them, so that no value of `RUST_LOG` can
//! bring them back: records of the `log` crate come in only through this one logger, which does
//! not know that library. (`tracing_subscriber`'s own `init` would install another one.)

use clap::ValueEnum;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, Registry, fmt};

use super::Environment;
use crate::cli::error::Failure;

/// Crates whose records are never written.
const SILENCED: [&str; 1] = ["bollard"];

/// Form of log lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object per line.
    Json,
}

/// Starts logging to standard error.
pub(crate) fn start_logs(format: LogFormat, environment: &Environment) -> Result<(), Failure> {
    let failed = |error: &dyn std::error::Error| Failure::new("start logging", error.to_string());
    let filter = environment.get("RUST_LOG").unwrap_or("info");
    let filter = EnvFilter::try_new(filter).map_err(|error| failed(&error))?;
    let mut bridge = tracing_log::LogTracer::builder();
    for name in SILENCED {
        bridge = bridge.ignore_crate(name);
    }
    bridge.init().map_err(|error| failed(&error))?;
    let registry = Registry::default().with(filter);
    let lines = fmt::layer().with_writer(std::io::stderr);
    match format {
        LogFormat::Json => {
            let lines = lines.json().flatten_event(true).with_current_span(false);
            tracing::subscriber::set_global_default(registry.with(lines))
        }
        LogFormat::Text => {
            let colours = anstream::AutoStream::choice(&std::io::stderr());
            let colours = colours != anstream::ColorChoice::Never;
            tracing::subscriber::set_global_default(registry.with(lines.with_ansi(colours)))
        }
    }
    .map_err(|error| failed(&error))
}
