//! A look: the store as one picture, sharing what is large.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::model::engine::{
    JobStatus, LiveNetwork, NODE_NETWORK_MARK, ServiceMode, ServiceStatus, TaskState, Version,
};
use crate::model::{Observed, SeenTask, Standing};

use crate::sim::cluster::{Cluster, is_dirty};
use crate::sim::store::{ServiceRow, Store, TaskRow};

/// The picture of this moment.
pub(super) fn look(cluster: &mut Cluster) -> Observed {
    count(&mut cluster.store);
    let store = &cluster.store;
    Observed {
        at: store.now,
        engine: store.engine.clone(),
        services: store
            .services
            .values()
            .map(|row| (row.service.spec.name.clone(), Arc::clone(&row.service)))
            .collect(),
        tasks: store
            .task_table()
            .iter()
            .map(|(id, tasks)| {
                let service = store.service(id);
                let seen = tasks.values().map(|row| seen(store, service, row));
                (id.to_string(), seen.collect())
            })
            .collect(),
        networks: networks(store),
        secrets: store
            .secrets
            .values()
            .map(|row| (row.live.spec.name.clone(), row.live.clone()))
            .collect(),
        configs: store
            .configs
            .values()
            .map(|config| (config.spec.name.clone(), Arc::clone(config)))
            .collect(),
        nodes: store.nodes.values().map(|row| (row.node.id.clone(), row.node.clone())).collect(),
        gaps: BTreeSet::new(),
    }
}

/// Networks by name. Those that every node has are seen once a service refers to them.
fn networks(store: &Store) -> BTreeMap<String, LiveNetwork> {
    let specs = store.services.values().map(|row| &row.service.spec.task_template);
    let used: BTreeSet<&str> =
        specs.flat_map(|task| &task.networks).map(|network| network.target.as_str()).collect();
    let seen = store.networks.values().filter(|network| {
        !network.labels.contains_key(NODE_NETWORK_MARK) || used.contains(network.id.as_str())
    });
    seen.map(|network| (network.name.clone(), network.clone())).collect()
}

/// What the engine's task filter `_up-to-date` says (`ListTasks` in `manager/controlapi/task.go`):
/// tasks of a removed service are not up to date.
fn seen(store: &Store, service: Option<&ServiceRow>, row: &TaskRow) -> SeenTask {
    let node = || store.nodes.get(row.task.node_id.as_str()).map(|row| &row.node);
    let outdated = service.is_none_or(|service| is_dirty(service, row, node));
    SeenTask {
        task: Arc::clone(&row.task),
        standing: if outdated { Standing::Outdated } else { Standing::Current },
    }
}

/// Takes the counts of tasks anew where something changed (`ListServiceStatuses`).
fn count(store: &mut Store) {
    for id in std::mem::take(&mut store.uncounted) {
        let Some(row) = store.services.get(&id) else { continue };
        let status = Some(status(store, row));
        let run = |index| JobStatus { job_iteration: Version { index } };
        let job = row.job_iteration.map(run);
        if row.service.service_status == status && row.service.job_status == job {
            continue;
        }
        if let Some(row) = store.services.get_mut(&id) {
            let service = Arc::make_mut(&mut row.service);
            (service.service_status, service.job_status) = (status, job);
        }
    }
}

fn status(store: &Store, service: &ServiceRow) -> ServiceStatus {
    let mode = service.service.spec.mode.as_ref();
    let global = matches!(mode, Some(ServiceMode::Global {} | ServiceMode::GlobalJob {}));
    let mut status = ServiceStatus {
        desired_tasks: match mode {
            Some(ServiceMode::Replicated(replicated)) => replicated.replicas.unwrap_or(1),
            Some(ServiceMode::ReplicatedJob(job)) => job.max_concurrent.unwrap_or(1),
            _ => 0,
        },
        ..ServiceStatus::default()
    };
    for (_, row) in store.tasks_of(&service.service.id) {
        let task = &row.task;
        let iteration = task.job_iteration.map(|version| version.index);
        if service.job_iteration.is_some() && iteration != service.job_iteration {
            continue;
        }
        let complete = task.status.state == TaskState::Complete;
        status.completed_tasks += u64::from(complete && service.job_iteration.is_some());
        status.running_tasks += u64::from(task.status.state == TaskState::Running);
        let wanted = task.desired_state == TaskState::Running
            || (task.desired_state == TaskState::Complete && !complete);
        status.desired_tasks += u64::from(global && wanted);
    }
    status
}
