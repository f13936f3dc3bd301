//! Hints from outside: anybody may give one, because it says nothing but "look now" (law 5).

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use tokio::time::Instant;

use super::ApiState;
use crate::reconcile::Nudge;

/// Shortest time between two hints that are passed on; others are swallowed, since the pass that
/// they wish for is on its way.
const GAP: Duration = Duration::from_secs(1);

/// Lets hints through, not too many.
pub(super) struct Gate {
    nudge: Nudge,
    last: Mutex<Option<Instant>>,
}

impl Gate {
    /// A gate before an operator.
    pub(super) fn new(nudge: Nudge) -> Self {
        Self { nudge, last: Mutex::new(None) }
    }

    /// Passes a hint on unless one was passed on just now; true when it was.
    #[expect(clippy::disallowed_methods, reason = "requests have no other clock")]
    fn pass(&self) -> bool {
        let now = Instant::now();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let open = last.is_none_or(|last| now.duration_since(last) >= GAP);
        if open {
            *last = Some(now);
            self.nudge.give();
        }
        open
    }
}

/// The body is not even read.
pub(super) async fn nudge(State(state): State<ApiState>) -> StatusCode {
    if state.gate.pass() { StatusCode::ACCEPTED } else { StatusCode::TOO_MANY_REQUESTS }
}
