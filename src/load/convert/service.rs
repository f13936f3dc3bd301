//! Services, put together.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::container::log_driver;
use super::deploy::{placement, update_config};
use super::{Declared, Stage, hook, job};
use crate::load::compose::{External, Image, KeyValues, Logging, Port, Service, Text};
use crate::load::findings::Entry;
use crate::load::traps::{self, Case};
use crate::load::yaml::{KeyPath, Part, Span};
use crate::model::engine::{EndpointSpec, PortConfig, ServiceMode, ServiceSpec, TaskSpec};
use crate::model::name::{IMAGE_LABEL, check_service_name};
use crate::model::{
    ApprovalPolicy, Condition, DesiredJob, DesiredService, PrunePolicy, RecreatePolicy, Replicas,
    ServicePolicy, Timing, Window,
};

impl Stage<'_, '_> {
    /// All services that have no mistake.
    pub(super) fn services(&mut self, declared: &Declared) {
        let root = KeyPath::root();
        let section = root.key("services");
        for (key, entry) in self.entries("services").into_iter().flatten() {
            let path = section.key(key);
            let Some(form) = self.decode::<Service>(&entry.node, &path) else { continue };
            let timing = self.timing((key, &form), &path);
            let service = self.service((key, &form), entry.key, declared, &path);
            if let Some(service) = service.filter(|_| !self.findings.is_spoiled("services", key)) {
                let volumes = &declared.volumes;
                let case = Case { form: &form, image: &service.image, volumes };
                traps::warn(&case, (self.input.tree, &path), self.findings);
                self.put(service, timing);
            }
        }
    }

    /// Warns of those that wait for the end of what has none.
    pub(super) fn endless(&mut self) {
        let root = KeyPath::root();
        let section = root.key("services");
        for (key, needs) in self.input.depends {
            let service = section.key(key);
            let keys = service.key("depends_on");
            for (need, until) in needs {
                let first = self.objects.services.get(&self.scoped(need));
                if let Some(trap) = first.and_then(|first| traps::never_completes(*until, first)) {
                    self.findings.trap_in(self.input.tree, &keys.key(need), trap);
                }
            }
        }
    }

    /// Puts a service to the others, or to the jobs.
    fn put(&mut self, service: DesiredService, timing: Option<Timing>) {
        let name = service.spec.name.clone();
        match timing {
            Some(timing) => {
                let job = DesiredJob { service, timing };
                self.objects.jobs.insert(name, Arc::new(job));
            }
            None => drop(self.objects.services.insert(name, Arc::new(service))),
        }
    }

    fn service(
        &mut self,
        (key, form): (&str, &Service),
        span: Span,
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Option<DesiredService> {
        let name = self.scoped(key);
        if let Err(error) = check_service_name(&name) {
            let message = format!("the full name '{name}' can't be used: {error}");
            let remark = (message, "choose another name for the service");
            self.findings.error(path, span, remark);
        }
        self.unsupported(form, path);
        let image = self.image(form.image.as_ref(), path);
        let deploy = form.deploy.clone().unwrap_or_default();
        let deploy = self.as_hook(deploy, form, path);
        let deploy = self.as_job(deploy, form, path);
        let (rank, limit) = self.rank((&name, form), path);
        let mode = self.mode((&deploy, form.settings.as_ref()), path);
        let endpoint_spec = self.endpoint(form, path);
        let networks = self.networks((key, form), declared, path);
        let restart_policy = self.restart(form, path).or_else(|| hook::restart(rank));
        let restart_policy = job::restart(form).or(restart_policy);
        let placeholder = || "missing".parse().ok();
        let (text, image) = image.or_else(|| placeholder().map(|image| (String::new(), image)))?;
        let container = self.container((form, &image), declared, path);
        let mut labels = deploy.labels.as_ref().map(KeyValues::filled).unwrap_or_default();
        labels.insert(IMAGE_LABEL.to_owned(), text);
        let spec = ServiceSpec {
            name,
            labels: self.stack_labels(labels),
            task_template: TaskSpec {
                container_spec: Some(container),
                resources: Some(self.resources(form, path)),
                restart_policy: restart_policy.map(Box::new),
                placement: Some(placement(deploy.placement.as_ref())),
                networks,
                log_driver: self.logging(form).map(log_driver).map(Box::new),
                ..TaskSpec::default()
            },
            mode: Some(mode?),
            update_config: deploy.update_config.as_ref().map(update_config).map(Box::new),
            rollback_config: deploy.rollback_config.as_ref().map(update_config).map(Box::new),
            endpoint_spec: Some(endpoint_spec),
            ..ServiceSpec::default()
        };
        Some(DesiredService {
            image,
            pull: form.pull_policy.as_ref().map(|Text(pull)| *pull).unwrap_or_default(),
            follows: self.follows(form, path),
            replicas: replicas(&spec),
            rank,
            limit,
            depends_on: self.depends_on(key),
            rollout: self.rollout(form, path),
            recreate: self.recreate(form),
            ignore: self.ignore((key, form), path),
            reveal: self.reveal(form, path),
            policy: policy(form),
            place: self.place(span),
            spec,
        })
    }

    /// The service's own word, else that of its stack.
    fn recreate(&self, form: &Service) -> RecreatePolicy {
        let own = form.settings.as_ref().and_then(|settings| settings.recreate);
        let policy = own.or(self.settings.recreate);
        policy.map_or_else(RecreatePolicy::default, RecreatePolicy::from)
    }

    /// Services that this one waits for, by full name.
    fn depends_on(&self, key: &str) -> BTreeMap<String, Condition> {
        let needs = self.input.depends.get(key).into_iter().flatten();
        needs.map(|(need, condition)| (self.scoped(need), *condition)).collect()
    }

    fn image(
        &mut self,
        image: Option<&Image>,
        path: &KeyPath<'_>,
    ) -> Option<(String, crate::model::ImageRef)> {
        let Some(Text(declared)) = image else {
            if self.stands(path, "image") {
                return None;
            }
            let hint = "write image: NAME:TAG; stacks run images that exist already";
            self.error(path, ("the service has no image", hint));
            return None;
        };
        Some((declared.text.clone(), declared.image.clone()))
    }

    /// The service's own log driver, else the one that `x-skep` names for all.
    fn logging<'s>(&'s self, form: &'s Service) -> Option<&'s Logging> {
        form.logging.as_ref().or(self.settings.logging.as_ref())
    }

    fn endpoint(&mut self, form: &Service, path: &KeyPath<'_>) -> EndpointSpec {
        let deploy = form.deploy.as_ref();
        let mode = deploy.and_then(|deploy| deploy.endpoint_mode.as_ref());
        EndpointSpec {
            mode: mode.map(|mode| mode.to_lowercase()).unwrap_or_default(),
            ports: self.ports(form, path),
            ..EndpointSpec::default()
        }
    }

    /// Ports sorted by the published one; within one, as written.
    pub(super) fn ports(&mut self, service: &Service, path: &KeyPath<'_>) -> Vec<PortConfig> {
        let list = path.key("ports");
        let mut ports = Vec::new();
        for (index, port) in service.ports.iter().flatten().enumerate() {
            match port {
                Port::Short(Text(range)) => {
                    if range.ip.is_some() {
                        let message = "the address has no effect: Swarm publishes on all addresses";
                        self.warning(&list.index(index), (message, "remove it"));
                    }
                    ports.extend(range.pairs.iter().map(|(published, target)| PortConfig {
                        protocol: range.protocol.as_str().to_owned(),
                        target_port: u32::from(*target),
                        published_port: u32::from(*published),
                        publish_mode: "ingress".to_owned(),
                        ..PortConfig::default()
                    }));
                }
                Port::Long(long) => ports.push(PortConfig {
                    name: long.name.clone().unwrap_or_default(),
                    protocol: long.protocol.clone().unwrap_or_default(),
                    target_port: long.target,
                    published_port: long.published.unwrap_or_default(),
                    publish_mode: long.mode.clone().unwrap_or_default(),
                    ..PortConfig::default()
                }),
            }
        }
        ports.sort_by_key(|port| port.published_port);
        ports
    }

    /// Full name of a network, volume, secret or config.
    pub(super) fn object_name(
        &self,
        key: &str,
        name: Option<&str>,
        external: Option<&External>,
    ) -> String {
        let external = external.filter(|external| external.is_external());
        match (name.filter(|name| !name.is_empty()), external) {
            (Some(name), _) => name.to_owned(),
            (None, Some(external)) => external.name().unwrap_or(key).to_owned(),
            (None, None) => self.scoped(key),
        }
    }
}

/// What the service's author wants otherwise than for the stack.
fn policy(form: &Service) -> ServicePolicy {
    let settings = form.settings.clone().unwrap_or_default();
    let windows = settings.windows.map(|list| list.into_iter().map(Window::from).collect());
    ServicePolicy {
        suspend: settings.suspend,
        approval: settings.approval.map(ApprovalPolicy::from),
        windows,
        prune: settings.prune.map(PrunePolicy::from),
    }
}

fn replicas(spec: &ServiceSpec) -> Replicas {
    match &spec.mode {
        Some(ServiceMode::Replicated(replicated)) if replicated.replicas.is_none() => {
            Replicas::Free
        }
        _ => Replicas::Declared,
    }
}

/// The service that a path leads through.
pub(super) fn entry_of(path: &KeyPath<'_>) -> Option<Entry> {
    match path.parts().as_slice() {
        [Part::Key("services"), Part::Key(name), ..] => {
            Some(("services".to_owned(), (*name).to_owned()))
        }
        _ => None,
    }
}
