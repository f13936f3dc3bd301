//! `rollout` under `x-skep`: how rollouts are judged, and what follows when one failed.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::compose::forms::Duration;

/// How rollouts are judged, and what follows when one failed by its own fault. A service's own
/// `rollout` wins over its stack's, key by key.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RolloutForm {
    /// So long a task has to run before it counts; 10 s by default. A longer
    /// `update_config.monitor` takes its place.
    #[schemars(extend("default" = "10s"))]
    pub min_healthy: Option<Duration>,
    /// In this time each task has to become healthy; 5 m by default. What the service declares
    /// for its health check, `stop_grace_period` and `restart_policy.delay` is added.
    #[schemars(extend("default" = "5m"))]
    pub healthy_deadline: Option<Duration>,
    /// So long a rollout may go on without another task becoming healthy; 10 m by default. What
    /// is added to `healthy_deadline`, and the update's `delay` and `monitor`, are added.
    #[schemars(extend("default" = "10m"))]
    pub progress_deadline: Option<Duration>,
    /// `rollback` (default) goes back to the last spec that was healthy, `pause` leaves everything
    /// as it is; both try what failed no more. `continue` only tells. Without it the service's
    /// `update_config.failure_action` is meant, where that is written.
    #[schemars(extend("default" = "rollback"))]
    pub on_failure: Option<OnFailureForm>,
    /// Only in the `rollout` of a stack: whether all services that the same revision changed go
    /// back when one of them failed; `false` by default.
    #[schemars(extend("default" = false))]
    pub atomic: Option<bool>,
    /// So many tasks of a replicated service get a new spec first; the rest follows when they were
    /// healthy for `promote_after`, or when a person says so with `skep approve`. None by default.
    #[schemars(extend("default" = 0))]
    pub canary: Option<u64>,
    /// `true`: the first task gets a new spec, and the rest follows once it is healthy, or has been
    /// for `promote_after`; `false` by default.
    #[schemars(extend("default" = false))]
    pub barrier: Option<bool>,
    /// How long the first tasks have to be healthy until the rest follows by itself.
    pub promote_after: Option<Duration>,
}

/// What follows when a rollout failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum OnFailureForm {
    /// Back to the last spec that was healthy.
    Rollback,
    /// Everything stays as it is.
    Pause,
    /// It is only told.
    Continue,
}
