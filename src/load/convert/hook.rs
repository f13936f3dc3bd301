//! `x-skep.hook`: services that are jobs, run once for each content of their stack.

use std::time::Duration;

use super::Stage;
use crate::load::compose::{Deploy, HookForm, Service};
use crate::load::yaml::KeyPath;
use crate::model::engine::RestartPolicy;
use crate::model::name::MAX_SERVICE_NAME;
use crate::model::{Phase, Rank};

/// How long a hook may run that says nothing of it.
const USUAL: Duration = Duration::from_secs(600);
/// Room that the name of a run takes in the name of its job: `-0123456789`.
const RUN: usize = 11;
/// The mode that hooks have.
const JOB: &str = "replicated-job";

impl Stage<'_, '_> {
    /// How a hook is deployed: as a job, whatever is not said.
    pub(super) fn as_hook(&mut self, deploy: Deploy, form: &Service, path: &KeyPath<'_>) -> Deploy {
        let hook = form.settings.as_ref().and_then(|settings| settings.hook);
        if hook.is_none() {
            return deploy;
        }
        match deploy.mode.as_deref() {
            None | Some("") => Deploy { mode: Some(JOB.to_owned()), ..deploy },
            Some(JOB) => deploy,
            Some(_) => {
                let here = path.key("deploy");
                let remark = ("a hook is a replicated-job", "remove the mode, or the hook");
                self.error(&here.key("mode"), remark);
                deploy
            }
        }
    }

    /// Where a service stands in the order of its stack, and how long it may run if it is a hook.
    pub(super) fn rank(
        &mut self,
        (name, form): (&str, &Service),
        path: &KeyPath<'_>,
    ) -> (Rank, Option<Duration>) {
        let Some(settings) = &form.settings else { return (Rank::default(), None) };
        let here = path.key("x-skep");
        let phase = match settings.hook {
            Some(HookForm::Pre) => Phase::Pre,
            Some(HookForm::Post) => Phase::Post,
            None => Phase::Services,
        };
        let rank = Rank { phase, wave: settings.wave.unwrap_or_default() };
        if !rank.is_hook() {
            if settings.timeout.is_some() {
                let remark = ("'timeout' is for hooks only", "remove it, or write hook: pre");
                self.error(&here.key("timeout"), remark);
            }
            return (rank, None);
        }
        if name.chars().count() + RUN > MAX_SERVICE_NAME {
            let most = MAX_SERVICE_NAME - RUN;
            let message = format!("the full name '{name}' is too long for a hook: at most {most}");
            self.error(&here.key("hook"), (message, "choose a shorter name for the service"));
        }
        let limit = settings.timeout.as_ref().and_then(|limit| u64::try_from(limit.0).ok());
        (rank, Some(limit.map_or(USUAL, Duration::from_nanos)))
    }
}

/// What failed once may have done half of its work: it is not run again unless its author says so.
pub(super) fn restart(rank: Rank) -> Option<RestartPolicy> {
    let none = || RestartPolicy { condition: "none".to_owned(), ..RestartPolicy::default() };
    rank.is_hook().then(none)
}
