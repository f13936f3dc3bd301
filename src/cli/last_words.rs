//! What tasks that failed wrote, beside what is told of their services. It is read when a command
//! tells of a failure, and by an operator when a failure is new and its stack reveals logs.

use std::sync::Arc;

use futures::future::join_all;

use crate::health::HealthState;
use crate::model::{FieldRules, Kind, LOG, ObjectRef};
use crate::ports::TaskLogs;
use crate::status::{Culprits, Report, failures};
use crate::view::{LogView, ReportView, ServiceView, clean};

/// Logs that are read at one time: where everything fails, a few tell why.
const MOST: usize = 8;

/// Reads the log of one task; the rules say whether others than a terminal may see it.
pub(crate) async fn read(logs: &dyn TaskLogs, task: &str, reveal: &FieldRules) -> LogView {
    let words = logs.last_words(task).await;
    LogView::of(task, words.map_err(|error| error.to_string()), reveal)
}

/// Adds the logs of what failed to the picture of a report.
pub(crate) async fn add(
    logs: &dyn TaskLogs,
    view: &mut ReportView,
    (report, culprits): (&Report, &Culprits),
) {
    let failed = report.stacks.values().flat_map(failures);
    let failed = failed.filter_map(|service| Some((service, culprits.of(service)?)));
    let reads = failed
        .take(MOST)
        .map(async |(service, task)| (service, read(logs, task, &revealed(report, service)).await));
    let read = join_all(reads).await;
    let services = view.stacks.iter_mut().flat_map(|stack| &mut stack.services);
    for service in services {
        let own = read.iter().find(|(name, _)| *name == service.name);
        service.log = own.map(|(_, log)| log.clone());
    }
}

/// Adds the logs of services that failed, of which nobody knows what their stack reveals.
pub(crate) async fn complete(
    logs: &dyn TaskLogs,
    services: impl Iterator<Item = &mut ServiceView>,
) {
    let failed = services.filter(|service| service.state == HealthState::Failed).take(MOST);
    let nothing = &FieldRules::default();
    let reads = failed.filter_map(|service| {
        let task = service.culprit.clone()?;
        Some(async move { service.log = Some(read(logs, &task, nothing).await) })
    });
    join_all(reads).await;
}

/// Tells in an operator's own log what tasks wrote, once it is read; nobody waits for it. Where it
/// is not revealed, it is not read: the log of a service goes where its driver brings it, and
/// nowhere else by our doing.
pub(crate) fn tell(logs: &Arc<dyn TaskLogs>, report: &Report, failed: Vec<(String, String)>) {
    for (service, task) in failed.into_iter().take(MOST) {
        let reveal = revealed(report, &service);
        if !reveal.name(LOG) {
            let command = format!("docker service logs {task}");
            tracing::info!(service, task, %command, "what failed has a log");
            continue;
        }
        let logs = Arc::clone(logs);
        tokio::spawn(async move {
            let log = read(&*logs, &task, &reveal).await;
            for line in &log.lines {
                let line = line.to_string();
                tracing::warn!(service, task, line = %clean(&line), "log of what failed");
            }
            if let Some(why) = &log.trouble {
                tracing::info!(service, task, why = %clean(why), "its log can't be read");
            }
        });
    }
}

fn revealed(report: &Report, service: &str) -> FieldRules {
    let object = ObjectRef::new(Kind::Service, service);
    let mut plans = report.stacks.values().map(|stack| stack.plan.revealed(Some(&object)));
    plans.find(|rules| !rules.is_empty()).unwrap_or_default()
}
