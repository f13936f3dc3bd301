//! `job` under `x-skep`: services that are run at times of a schedule.

use jiff::SignedDuration;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::compose::forms::{Length, ScheduleText, ZoneText};
use crate::model::{Overlap, Timing};

/// How late a run may be begun, where nothing is said of it.
const DEADLINE: SignedDuration = SignedDuration::from_mins(10);
/// Runs that ended well and are kept, where nothing is said of it.
const SUCCEEDED: u64 = 3;
/// Runs that failed and are kept, where nothing is said of it.
const FAILED: u64 = 1;

/// Makes a job of the service: it is run at the times of a schedule, each time as a service of its
/// own, and never stands by itself.
#[derive(Debug, Clone, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct JobForm {
    /// When it is run: a cron schedule of five fields, or `@hourly`, `@daily`, `@weekly`, `@monthly`
    /// or `@yearly`.
    pub schedule: ScheduleText,
    /// The time zone of the schedule; `UTC` by default.
    #[schemars(extend("default" = "UTC"))]
    pub time_zone: Option<ZoneText>,
    /// What is done when its time comes while a run is not over: `forbid` (default), `allow` or
    /// `replace`.
    #[schemars(extend("default" = "forbid"))]
    pub overlap: Option<OverlapForm>,
    /// So late a run may be begun that could not be at its time, 10 s at least; 10 m by default. Of
    /// several that were missed, only the last is made up for.
    #[schemars(extend("default" = "10m"))]
    pub starting_deadline: Option<Length>,
    /// How long a run may take: it is removed then, and has failed. As long as it likes without it.
    pub timeout: Option<Length>,
    /// How often a task that failed is tried again before its run has failed; `0` by default.
    #[schemars(extend("default" = 0))]
    pub retries: Option<u64>,
    /// How many runs that are over are kept, for their logs.
    pub history: Option<HistoryForm>,
}

/// What is done when the time of a job comes while a run of it is not over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "Overlap")]
pub enum OverlapForm {
    /// The new run waits for the end of the other one, up to its starting deadline.
    Forbid,
    /// Both run.
    Allow,
    /// The one that runs is removed first.
    Replace,
}

/// How many runs that are over are kept.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "History", deny_unknown_fields)]
pub struct HistoryForm {
    /// Runs that ended well; 3 by default.
    #[schemars(extend("default" = SUCCEEDED))]
    pub succeeded: Option<u64>,
    /// Runs that failed; 1 by default.
    #[schemars(extend("default" = FAILED))]
    pub failed: Option<u64>,
}

impl From<OverlapForm> for Overlap {
    fn from(form: OverlapForm) -> Self {
        match form {
            OverlapForm::Forbid => Self::Forbid,
            OverlapForm::Allow => Self::Allow,
            OverlapForm::Replace => Self::Replace,
        }
    }
}

impl From<JobForm> for Timing {
    fn from(form: JobForm) -> Self {
        let history = form.history.unwrap_or_default();
        let deadline = form.starting_deadline.map(|length| SignedDuration::from_nanos(length.0));
        let limit = form.timeout.and_then(|length| u64::try_from(length.0).ok());
        Self {
            schedule: form.schedule.0,
            zone: form.time_zone.map(|zone| zone.0).unwrap_or_default(),
            overlap: form.overlap.map(Overlap::from).unwrap_or_default(),
            deadline: deadline.unwrap_or(DEADLINE),
            succeeded: history.succeeded.unwrap_or(SUCCEEDED),
            failed: history.failed.unwrap_or(FAILED),
            limit: limit.map(std::time::Duration::from_nanos),
        }
    }
}
