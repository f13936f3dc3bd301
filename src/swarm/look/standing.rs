//! Which tasks are up to date (law 12).
//!
//! swarmkit's `IsTaskDirty` compares a task with its service: the task template, the endpoint
//! settings, and, when only the placement differs, whether the node still fits. An answer of the
//! API shows a task's template but not its endpoint settings, so equal templates prove nothing
//! about a service that was ever written again. The engine itself tells by the task filter
//! `_up-to-date` (`manager/controlapi/task.go`), which docker's own command line uses.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use crate::model::engine::{Service, Task, TaskSpec, TaskState};
use crate::model::{SeenTask, Standing};

/// Standings by task id, with the version of the service at that time. The verdict on a task with
/// an equal template stands until its service is written.
pub(super) type Verdicts = HashMap<String, (u64, Standing)>;

/// A task and what is known of its standing.
struct Judgement {
    task: Arc<Task>,
    /// Version of its service.
    service: u64,
    /// Whether its template is its service's.
    equal: bool,
    /// `None` while only the engine can tell.
    standing: Option<Standing>,
}

/// Tasks of one look, in the engine's order.
pub(super) struct Judgements(Vec<Judgement>);

impl Judgements {
    /// Compares each task with its service.
    pub(super) fn new(
        tasks: Vec<Arc<Task>>,
        services: &HashMap<&str, &Service>,
        known: &Verdicts,
    ) -> Self {
        let judge = |task: Arc<Task>| match services.get(task.service_id.as_str()) {
            Some(service) => judge(task, service, known),
            None => {
                Judgement { task, service: 0, equal: false, standing: Some(Standing::Outdated) }
            }
        };
        Self(tasks.into_iter().map(judge).collect())
    }

    /// Ids of the services that the engine must be asked about.
    pub(super) fn open(&self) -> BTreeSet<String> {
        self.0
            .iter()
            .filter(|judgement| judgement.standing.is_none())
            .map(|judgement| judgement.task.service_id.clone())
            .collect()
    }

    /// Settles what is open by the ids of the tasks that the engine calls up to date.
    pub(super) fn settle(&mut self, up_to_date: &HashSet<String>) {
        for judgement in &mut self.0 {
            let current = up_to_date.contains(&judgement.task.id);
            let verdict = if current { Standing::Current } else { Standing::Outdated };
            judgement.standing.get_or_insert(verdict);
        }
    }

    /// What the next look need not ask again.
    pub(super) fn verdicts(&self) -> Verdicts {
        self.0
            .iter()
            .filter(|judgement| judgement.equal)
            .filter_map(|judgement| {
                Some((judgement.task.id.clone(), (judgement.service, judgement.standing?)))
            })
            .collect()
    }

    /// Tasks by service id.
    pub(super) fn seen(self) -> BTreeMap<String, Vec<SeenTask>> {
        let mut seen: BTreeMap<String, Vec<SeenTask>> = BTreeMap::new();
        for Judgement { task, standing, .. } in self.0 {
            let standing = standing.unwrap_or(Standing::Outdated);
            seen.entry(task.service_id.clone()).or_default().push(SeenTask { task, standing });
        }
        seen
    }
}

fn judge(task: Arc<Task>, service: &Service, known: &Verdicts) -> Judgement {
    let version = service.version.index;
    if let Some((_, standing)) = known.get(&task.id).filter(|(seen, _)| *seen == version) {
        return Judgement { task, service: version, equal: true, standing: Some(*standing) };
    }
    let equal = same_template(&task.spec, &service.spec.task_template);
    let never_rewritten = service.previous_spec.is_none() && service.update_status.is_none();
    let standing = match (equal, is_wanted(&task)) {
        // Nobody replaces history.
        (false, false) => Some(Standing::Outdated),
        (true, _) if never_rewritten => Some(Standing::Current),
        _ => None,
    };
    Judgement { task, service: version, equal, standing }
}

/// The engine tells the runtime of a service's template, and leaves it out of a task's
/// (moby `daemon/cluster/convert/task.go`). A service never changes it.
fn same_template(task: &TaskSpec, service: &TaskSpec) -> bool {
    let TaskSpec {
        container_spec,
        resources,
        restart_policy,
        placement,
        networks,
        log_driver,
        force_update,
        runtime: _,
        extra,
    } = task;
    *container_spec == service.container_spec
        && *resources == service.resources
        && *restart_policy == service.restart_policy
        && *placement == service.placement
        && *networks == service.networks
        && *log_driver == service.log_driver
        && *force_update == service.force_update
        && *extra == service.extra
}

/// True for tasks that the engine means to keep: running ones, and those of jobs.
fn is_wanted(task: &Task) -> bool {
    task.desired_state <= TaskState::Complete
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::engine::{UpdateStatus, Version};

    const VERSION: u64 = 7;

    fn service(update_status: Option<UpdateStatus>) -> Service {
        Service {
            id: "s".to_owned(),
            version: Version { index: VERSION },
            update_status,
            ..Service::default()
        }
    }

    fn task(id: &str, force_update: u64, desired_state: TaskState) -> Arc<Task> {
        let spec = TaskSpec { force_update, ..TaskSpec::default() };
        let service_id = "s".to_owned();
        Arc::new(Task { id: id.to_owned(), service_id, spec, desired_state, ..Task::default() })
    }

    /// Judges one task; the engine calls the tasks in `up_to_date` so. Says whether it was asked.
    fn check(service: &Service, task: Arc<Task>, known: &Verdicts, up_to_date: &str) -> String {
        let mut judged = Judgements::new(vec![task], &HashMap::from([("s", service)]), known);
        let asked = if judged.open().is_empty() { "not asked" } else { "asked" };
        judged.settle(&HashSet::from([up_to_date.to_owned()]));
        let kept = judged.verdicts().len();
        format!("{asked}, {:?}, {kept} kept", judged.seen()["s"][0].standing)
    }

    #[test]
    fn tasks_of_a_service_that_was_never_written_again_need_no_question() {
        let seen = check(&service(None), task("t", 0, TaskState::Running), &Verdicts::new(), "");
        assert_eq!(seen, "not asked, Current, 1 kept");
    }

    #[test]
    fn ended_tasks_of_a_crash_loop_were_taken_for_those_of_an_older_spec() {
        let mut service = service(None);
        service.spec.task_template.runtime = "container".to_owned();
        let seen = check(&service, task("t", 0, TaskState::Shutdown), &Verdicts::new(), "");
        assert_eq!(seen, "not asked, Current, 1 kept");
    }

    #[test]
    fn an_equal_template_is_no_proof_once_a_published_port_may_have_changed() {
        let (service, task) =
            (service(Some(UpdateStatus::default())), task("t", 0, TaskState::Running));
        let seen = check(&service, task.clone(), &Verdicts::new(), "");
        assert_eq!(seen, "asked, Outdated, 1 kept");
        let seen = check(&service, task.clone(), &Verdicts::new(), "t");
        assert_eq!(seen, "asked, Current, 1 kept");
        let known = |version, standing| Verdicts::from([("t".to_owned(), (version, standing))]);
        let current = known(VERSION, Standing::Current);
        assert_eq!(check(&service, task.clone(), &current, ""), "not asked, Current, 1 kept");
        let outdated = known(VERSION, Standing::Outdated);
        assert_eq!(check(&service, task.clone(), &outdated, "t"), "not asked, Outdated, 1 kept");
        let stale = known(VERSION - 1, Standing::Current);
        assert_eq!(check(&service, task, &stale, ""), "asked, Outdated, 1 kept");
    }

    #[test]
    fn a_different_template_that_the_engine_accepts_is_asked_about_each_time() {
        let seen = check(
            &service(Some(UpdateStatus::default())),
            task("t", 1, TaskState::Running),
            &Verdicts::new(),
            "t",
        );
        assert_eq!(seen, "asked, Current, 0 kept");
    }

    #[test]
    fn a_task_that_a_published_port_put_an_end_to_is_outdated_though_its_template_is_equal() {
        let service = service(Some(UpdateStatus::default()));
        let ended = task("t", 0, TaskState::Shutdown);
        let seen = check(&service, ended, &Verdicts::new(), "");
        assert_eq!(seen, "asked, Outdated, 1 kept");
    }

    #[test]
    fn history_of_another_template_is_not_asked_about() {
        let old = task("t", 1, TaskState::Shutdown);
        let seen = check(&service(Some(UpdateStatus::default())), old, &Verdicts::new(), "");
        assert_eq!(seen, "not asked, Outdated, 0 kept");
    }
}
