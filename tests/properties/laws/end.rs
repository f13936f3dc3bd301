//! Law 12, and how everything ends.

use skep::diff::IMAGE_LABEL;
use skep::health::HealthState;
use skep::model::engine::{Service as Live, ServiceMode, TaskState};
use skep::model::{HeldReason, Observed, Standing};
use skep::status::{Settled, StackReport, settled};

use super::{Found, Law};
use crate::stage::PassSeen;
use crate::tree::Service;

/// Law 12: what is called well runs what is declared.
pub fn tasks_count(pass: &PassSeen, found: &mut Found) {
    let (Some(report), Some(look), Some(commit)) = (&pass.report, pass.look(), &pass.commit) else {
        return;
    };
    for (name, stack) in &commit.tree.stacks {
        let well = |(other, report): &(&skep::model::StackName, &StackReport)| {
            other.as_str() == name && settled(report) == Settled::Well
        };
        if stack.broken || !report.stacks.iter().any(|entry| well(&entry)) {
            continue;
        }
        for (service, declared) in &stack.services {
            if let Some(why) = differs(look, &format!("{name}_{service}"), declared) {
                found.push((Law::TasksCount, format!("{name}_{service} is called well: {why}")));
            }
        }
    }
}

/// Why a service is not what is declared, found by other code than skep's.
fn differs(look: &Observed, name: &str, declared: &Service) -> Option<String> {
    let Some(live) = look.services.get(name) else { return Some("it is not there".to_owned()) };
    let container = live.spec.task_template.container_spec.as_ref()?;
    let image = declared.image();
    let pinned = container.image.split('@').next() == Some(image.as_str());
    if !pinned || live.spec.labels.get(IMAGE_LABEL) != Some(&image) {
        return Some(format!("its image is {}", container.image));
    }
    let mut env: Vec<String> = declared.env.iter().map(|(k, v)| format!("{k}={v}")).collect();
    let mut there = container.env.clone();
    env.sort();
    there.sort();
    if env != there {
        return Some(format!("its variables are {there:?}"));
    }
    let missing =
        |(label, value): &(&String, &String)| live.spec.labels.get(*label) != Some(*value);
    if let Some((label, _)) = declared.labels.iter().find(missing) {
        return Some(format!("its label {label} is another"));
    }
    let (secrets, configs) = (container.secrets.len(), container.configs.len());
    if (secrets, configs) != (declared.secrets.len(), declared.configs.len()) {
        return Some(format!("it has {secrets} secrets and {configs} configs"));
    }
    tasks(look, live, declared)
}

fn tasks(look: &Observed, live: &Live, declared: &Service) -> Option<String> {
    let tasks = look.tasks.get(&live.id).map_or(&[][..], Vec::as_slice);
    let current = tasks.iter().filter(|seen| seen.standing == Standing::Current);
    let runs = current.filter(|seen| {
        seen.task.status.state == TaskState::Running
            && seen.task.desired_state == TaskState::Running
    });
    let wanted = match &live.spec.mode {
        Some(ServiceMode::Replicated(mode)) => {
            let there = mode.replicas.unwrap_or(1);
            if declared.replicas.is_some_and(|replicas| replicas != there) {
                return Some(format!("it is scaled to {there}"));
            }
            there
        }
        Some(ServiceMode::Global {}) => {
            let ready = look.nodes.values().filter(|node| {
                node.status.state == "ready"
                    && node.spec.availability != "drain"
                    && declared.on.as_ref().is_none_or(|on| node.description.hostname == *on)
            });
            // A paused node keeps what it has and takes no more.
            ready.filter(|node| node.spec.availability == "active").count() as u64
        }
        _ => return None,
    };
    let running = runs.count() as u64;
    (running < wanted).then(|| format!("{running} of {wanted} tasks run what is asked for"))
}

/// How everything ends: well or held, and with nothing more to do an hour later.
pub fn judge(passes: &[PassSeen]) -> Found {
    let mut found = Found::new();
    let Some(last) = passes.last() else { return found };
    let Some(report) = &last.report else { return found };
    for trouble in &report.trouble {
        found.push((Law::Settles, format!("there is trouble at the end: {trouble}")));
    }
    for (name, stack) in &report.stacks {
        if settled(stack) == Settled::OnTheWay && !waits(stack) {
            let held: Vec<String> = stack
                .plan
                .held
                .iter()
                .map(|held| format!("{}: {}", held.object, held.reason))
                .collect();
            let health = stack
                .health
                .iter()
                .map(|(name, health)| format!("{name} {} {}", health.state.as_str(), health.why));
            let health: Vec<String> = health.collect();
            found.push((
                Law::Settles,
                format!("{name} is on its way for ever: {held:?} {health:?}"),
            ));
        }
        if !stack.plan.is_empty() {
            let steps: Vec<_> = stack.plan.steps.iter().map(|step| &step.step).collect();
            found.push((Law::SettledIsEmpty, format!("{name} still has steps: {steps:?}")));
        }
    }
    found
}

/// Waiting for something outside may last for ever: an image that nodes can't get although the
/// registry has it, something that is still used by what a person holds.
fn waits(stack: &StackReport) -> bool {
    let waiting = |held: &skep::model::Held| matches!(held.reason, HeldReason::Waiting { .. });
    let mut states = stack.health.values().map(|health| health.state);
    stack.plan.held.iter().any(waiting) || states.any(|state| state == HealthState::Waiting)
}
