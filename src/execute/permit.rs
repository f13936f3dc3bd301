//! Whether this process may write at this moment.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::ports::Clock;

/// Permission to write. It is looked at before each step, not only once before a plan: a process
/// that was stopped in the middle of one may wake up when another acts.
#[derive(Clone, Default)]
pub struct Permit(Option<Bounded>);

#[derive(Clone)]
struct Bounded {
    clock: Arc<dyn Clock>,
    until: watch::Receiver<Duration>,
}

impl Permit {
    /// Stands at any time.
    #[must_use]
    pub fn always() -> Self {
        Self(None)
    }

    /// Stands until a time of [`Clock::elapsed`], which somebody moves on.
    #[must_use]
    pub fn until(clock: Arc<dyn Clock>, until: watch::Receiver<Duration>) -> Self {
        Self(Some(Bounded { clock, until }))
    }

    /// Whether it stands now.
    #[must_use]
    pub fn stands(&self) -> bool {
        let Some(Bounded { clock, until }) = &self.0 else { return true };
        clock.elapsed() < *until.borrow()
    }
}
