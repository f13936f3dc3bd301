//! `x-skep` of a service: what Swarm can do and compose has no key for.

use schemars::JsonSchema;
use serde::Deserialize;

use super::job::JobForm;
use super::rollout::RolloutForm;
use super::unsupported::Unsupported;
use crate::load::compose::forms::{Length, Swap};
use crate::load::compose::policy::RecreateForm;
use crate::load::compose::{ApprovalForm, IgnoreForm, PruneForm, RevealForm, WindowForm};

/// What skep is to do with a service.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ServiceSettings {
    /// Keys that Swarm can do nothing with and that are to be warned of only, such as
    /// `[privileged, devices]`: the service runs without what they ask for.
    #[schemars(extend("uniqueItems" = true))]
    pub ignore_unsupported: Option<Vec<Unsupported>>,
    /// `false` for a service that names no networks and is to join none, not even `default`, as
    /// `docker service create` makes it; `true` by default.
    #[schemars(extend("default" = true))]
    pub default_network: Option<bool>,
    /// Name of an `Image` of the same source that says what the service runs; `image` is what it begins
    /// with, and stays as long as the registry does not answer.
    pub image: Option<String>,
    /// Services of the stack with a lower wave come first: the service is begun once all of them
    /// are healthy; `0` by default.
    #[schemars(extend("default" = 0))]
    pub wave: Option<i32>,
    /// Makes a job of the service that is run once for each content of the stack: `pre` before any
    /// of its services is touched, such as a migration, `post` once all are healthy, such as a test.
    pub hook: Option<HookForm>,
    /// How long the hook may run; 10 m by default.
    #[schemars(extend("default" = "10m"))]
    pub timeout: Option<Length>,
    /// Makes a job of the service that is run at times of a schedule, as `kind: Job` does.
    pub job: Option<JobForm>,
    /// How rollouts are judged, and what follows when one failed.
    pub rollout: Option<RolloutForm>,
    /// Whether the service may be made anew where the engine can't change it in place, and be taken
    /// away while what it uses is made anew; without it, what its stack says counts.
    pub recreate: Option<RecreateForm>,
    /// Stops all writes to the service, with this reason; drift is still reported.
    pub suspend: Option<String>,
    /// Who says yes to what is planned for the service; without it as for its stack.
    pub approval: Option<ApprovalForm>,
    /// When the service may be written, at all times with `[]`; without it as its stack.
    pub windows: Option<Vec<WindowForm>>,
    /// What becomes of the service when it leaves its declaration; without it as for its stack.
    pub prune: Option<PruneForm>,
    /// Values of variables, arguments and options that may be shown in JSON, pages and logs too:
    /// `true`, or the paths of fields, beside those of the stack. A secret is never shown.
    pub reveal: Option<RevealForm>,
    /// Fields that others decide, such as an autoscaler: they are compared no more, and a write
    /// leaves them as they are. They count beside those of the stack.
    pub ignore: Option<Vec<IgnoreForm>>,
    /// Processes can't gain privileges (engine 25 and newer); `false` by default.
    #[schemars(extend("default" = false))]
    pub no_new_privileges: Option<bool>,
    /// System calls that are allowed: `default`, `unconfined`, or a file with a profile, relative
    /// to the file that names it (engine 25 and newer); the node's by default.
    pub seccomp: Option<String>,
    /// Whether the default `AppArmor` profile holds (engine 25 and newer); it does by default.
    pub apparmor: Option<AppArmorForm>,
    /// Most tasks of a replicated job that run at a time; `deploy.replicas` are run in all.
    pub max_concurrent: Option<u64>,
    /// Swap that a task may use beside its memory limit: a size, `0` for none, or `unlimited`
    /// (engine 29 and newer). Without it as much as the memory limit.
    pub swap: Option<Swap>,
    /// How readily the kernel swaps, 0 to 100 (engine 29 and newer); the node's by default.
    #[schemars(range(min = 0, max = 100))]
    pub swappiness: Option<i64>,
}

/// When a job of the stack is run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum HookForm {
    /// Before any service of the stack is touched.
    Pre,
    /// Once all services of the stack are healthy.
    Post,
}

/// Whether the default `AppArmor` profile holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum AppArmorForm {
    /// It does.
    Default,
    /// No profile at all.
    Unconfined,
}
