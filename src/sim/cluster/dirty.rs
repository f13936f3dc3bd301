//! Whether the engine would replace a task (`IsTaskDirty` in `manager/orchestrator/task.go`).

use crate::model::engine::{Node, TaskSpec, satisfies};
use crate::sim::store::{ServiceRow, TaskRow};

/// True when the task does not run what its service asks for. Comparison is by value and by order,
/// as Go's `reflect.DeepEqual`; a change of placement alone does not count while the node satisfies
/// the new constraints. Labels, replicas and update settings of the service are not part of it.
pub(crate) fn is_dirty<'n>(
    service: &ServiceRow,
    task: &TaskRow,
    node: impl FnOnce() -> Option<&'n Node>,
) -> bool {
    if service.spec_version == task.spec_version {
        return false;
    }
    // Tasks show no runtime, see `make_task`.
    let template = service.service.spec.task_template.clone();
    let wanted = TaskSpec { runtime: String::new(), ..template };
    if only_placement_differs(&wanted, &task.task.spec)
        && node().is_some_and(|node| satisfies(node, &wanted))
    {
        return false;
    }
    wanted != task.task.spec || service.service.spec.endpoint_spec != task.endpoint
}

fn only_placement_differs(wanted: &TaskSpec, have: &TaskSpec) -> bool {
    wanted.placement != have.placement
        && TaskSpec { placement: have.placement.clone(), ..wanted.clone() } == *have
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::engine::{
        ContainerSpec, EndpointSpec, Placement, PortConfig, Service, ServiceSpec, Task,
    };

    fn spec() -> ServiceSpec {
        ServiceSpec {
            name: "web".into(),
            task_template: TaskSpec {
                container_spec: Some(ContainerSpec {
                    image: "web:1".into(),
                    env: vec!["A=1".into(), "B=2".into()],
                    ..ContainerSpec::default()
                }),
                ..TaskSpec::default()
            },
            endpoint_spec: Some(EndpointSpec::default()),
            ..ServiceSpec::default()
        }
    }

    fn dirty_after(change: impl FnOnce(&mut ServiceSpec)) -> bool {
        let mut wanted = spec();
        change(&mut wanted);
        let task = TaskRow {
            task: Arc::new(Task { spec: spec().task_template, ..Task::default() }),
            spec_version: 0,
            endpoint: spec().endpoint_spec,
            planned: None,
            turn: 0,
        };
        let service = ServiceRow {
            service: Arc::new(Service { spec: wanted, ..Service::default() }),
            spec_version: 7,
            previous_spec_version: 0,
            job_iteration: None,
        };
        let mut node = Node::default();
        node.description.hostname = "n1".into();
        is_dirty(&service, &task, || Some(&node))
    }

    fn container(spec: &mut ServiceSpec) -> &mut ContainerSpec {
        spec.task_template.container_spec.get_or_insert_default()
    }

    fn place(spec: &mut ServiceSpec, constraint: &str) {
        spec.task_template.placement =
            Some(Placement { constraints: vec![constraint.into()], ..Placement::default() });
    }

    #[test]
    fn service_labels_replicas_and_update_settings_restart_nothing() {
        assert!(!dirty_after(|_| {}));
        assert!(!dirty_after(|spec| {
            spec.labels.insert("a".into(), "b".into());
            spec.update_config = Some(Box::default());
            spec.mode = None;
        }));
    }

    #[test]
    fn order_counts_and_nothing_is_not_empty() {
        assert!(dirty_after(|spec| container(spec).env.reverse()));
        assert!(dirty_after(|spec| container(spec).privileges = Some(Box::default())));
        assert!(dirty_after(|spec| spec.task_template.force_update += 1));
        assert!(dirty_after(|spec| spec.endpoint_spec = None));
        assert!(dirty_after(|spec| {
            spec.endpoint_spec =
                Some(EndpointSpec { ports: vec![PortConfig::default()], ..Default::default() });
        }));
    }

    #[test]
    fn placement_alone_counts_only_when_the_node_does_not_do_any_more() {
        assert!(!dirty_after(|spec| place(spec, "node.hostname == n1")));
        assert!(dirty_after(|spec| place(spec, "node.hostname == n2")));
        assert!(dirty_after(|spec| {
            place(spec, "node.hostname == n1");
            container(spec).env.clear();
        }));
    }
}
