//! `x-skep.job`: services that are run at times of a schedule.

use jiff::SignedDuration;

use super::Stage;
use crate::load::compose::{Deploy, JobForm, Service};
use crate::load::yaml::KeyPath;
use crate::model::engine::RestartPolicy;
use crate::model::name::MAX_SERVICE_NAME;
use crate::model::{SLOT_NAME, Timing};

/// A run that may be begun no later than this would be missed by a pass that took its time.
const SHORTEST: SignedDuration = SignedDuration::from_secs(10);
/// The mode that jobs have, unless they say another one.
const JOB: &str = "replicated-job";
/// Settings of services that mean nothing for one that never stands by itself.
const STANDING: [&str; 5] = ["hook", "wave", "rollout", "recreate", "timeout"];

/// What makes a job of a service, if it is one.
pub(super) fn job_of(form: &Service) -> Option<&JobForm> {
    form.settings.as_ref()?.job.as_ref()
}

/// How often a task of a job is tried again: what failed may have done half of its work.
pub(super) fn restart(form: &Service) -> Option<RestartPolicy> {
    let retries = job_of(form)?.retries.filter(|retries| *retries > 0);
    let condition = if retries.is_some() { "on-failure" } else { "none" };
    let condition = condition.to_owned();
    Some(RestartPolicy { condition, max_attempts: retries, ..RestartPolicy::default() })
}

impl Stage<'_, '_> {
    /// How a job is deployed: as a job, whatever is not said.
    pub(super) fn as_job(&mut self, deploy: Deploy, form: &Service, path: &KeyPath<'_>) -> Deploy {
        if job_of(form).is_none() {
            return deploy;
        }
        match deploy.mode.as_deref() {
            None | Some("") => Deploy { mode: Some(JOB.to_owned()), ..deploy },
            Some(JOB | "global-job") => deploy,
            Some(_) => {
                let here = path.key("deploy");
                let remark = ("a job is a replicated-job or a global-job", "remove the mode");
                self.error(&here.key("mode"), remark);
                deploy
            }
        }
    }

    /// When a service is run that is a job, and what is done about its runs.
    pub(super) fn timing(
        &mut self,
        (key, form): (&str, &Service),
        path: &KeyPath<'_>,
    ) -> Option<Timing> {
        let timing = Timing::from(job_of(form)?.clone());
        let name = self.scoped(key);
        let settings = path.key("x-skep");
        let here = settings.key("job");
        if name.chars().count() + SLOT_NAME > MAX_SERVICE_NAME {
            let most = MAX_SERVICE_NAME - SLOT_NAME;
            let message = format!("the full name '{name}' is too long for a job: at most {most}");
            self.error(&here, (message, "choose a shorter name for it"));
        }
        if timing.deadline < SHORTEST {
            let remark = ("a run may not be that punctual", "write 10s or more");
            self.error(&here.key("starting_deadline"), remark);
        }
        self.standing(form, path);
        if self.input.depends.get(key).is_some_and(|needs| !needs.is_empty()) {
            let hint = "remove depends_on: what a job needs has to be there when its time comes";
            self.error(&path.key("depends_on"), ("a job waits for its time only", hint));
        }
        Some(timing)
    }

    /// Keys that mean nothing for what never stands by itself.
    fn standing(&mut self, form: &Service, path: &KeyPath<'_>) {
        let settings = path.key("x-skep");
        for key in STANDING {
            if !self.stands(&settings, key) {
                continue;
            }
            let message = format!("'{key}' is for services that are no jobs");
            self.error(&settings.key(key), (message, "remove it, or the job"));
        }
        if form.ports.as_ref().is_some_and(|ports| !ports.is_empty()) {
            let hint = "remove the ports: runs that are kept would get in each other's way";
            self.error(&path.key("ports"), ("a job publishes no ports", hint));
        }
        let hint = "remove it, and write retries where the schedule stands";
        let deploy = path.key("deploy");
        let places = [(path, "restart"), (&deploy, "restart_policy")];
        for (place, key) in places {
            if !self.stands(place, key) {
                continue;
            }
            let message = format!("'{key}' is for services that are no jobs");
            self.error(&place.key(key), (message, hint));
        }
    }

    /// Nobody can wait for what comes and goes by itself.
    pub(super) fn waits_for_jobs(&mut self) {
        let root = KeyPath::root();
        let section = root.key("services");
        for (key, needs) in self.input.depends {
            let service = section.key(key);
            let keys = service.key("depends_on");
            for need in needs.keys() {
                if !self.is_job(need) {
                    continue;
                }
                let message = format!("'{need}' is a job: it is run by its schedule only");
                self.error(&keys.key(need), (message, "wait for a service, or for a hook"));
            }
        }
    }

    fn is_job(&self, key: &str) -> bool {
        let service = self.input.tree.get("services").and_then(|section| section.get(key));
        let settings = service.and_then(|service| service.get("x-skep"));
        settings.is_some_and(|settings| settings.get("job").is_some())
    }
}
