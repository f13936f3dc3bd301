//! The rules over one service.

use super::{Judge, mounts, permits, traefik};
use crate::model::engine::{ContainerSpec, PortConfig, ResourceRequirements};
use crate::model::guard::{Allowed, Limit, SecurityRules};
use crate::model::{DesiredService, Kind, ObjectRef, Place};

/// The seccomp mode, and the `AppArmor` mode, that hold without any.
const DEFAULT: &str = "default";

impl Judge<'_> {
    pub(super) fn service(&mut self, name: &str, service: &DesiredService) {
        let object = ObjectRef::new(Kind::Service, name);
        let here = (&object, &service.place);
        self.image(service, here);
        self.ports(service, here);
        self.constraints(service, here);
        self.limits(service.spec.task_template.resources.as_ref(), here);
        self.hosts(service, here);
        let Some(container) = &service.spec.task_template.container_spec else { return };
        self.mounts(container, here);
        self.capabilities(container, here);
        self.security(service, container, here);
    }

    fn image(&mut self, service: &DesiredService, here: (&ObjectRef, &Place)) {
        let image = &service.image;
        let repository = format!("{}/{}", image.registry(), image.path());
        let tagged = image.tag().map_or(repository.clone(), |tag| format!("{repository}:{tag}"));
        let guard = self.guard;
        if !permits(guard.images.as_ref(), &[&repository, &tagged]) {
            self.tell("images", here, format!("the image {tagged} is not allowed"));
        }
    }

    fn mounts(&mut self, container: &ContainerSpec, here: (&ObjectRef, &Place)) {
        let Some(rules) = &self.guard.mounts else { return };
        for mount in &container.mounts {
            for what in mounts::forbidden(mount, rules) {
                self.tell("mounts", here, what);
            }
        }
    }

    fn capabilities(&mut self, container: &ContainerSpec, here: (&ObjectRef, &Place)) {
        let guard = self.guard;
        for added in &container.capability_add {
            let name = added.to_uppercase();
            let short = name.strip_prefix("CAP_").unwrap_or(&name);
            if !permits(guard.capabilities.as_ref(), &[short, &format!("CAP_{short}")]) {
                self.tell("capabilities", here, format!("the capability {short} is not allowed"));
            }
        }
    }

    fn security(
        &mut self,
        service: &DesiredService,
        container: &ContainerSpec,
        here: (&ObjectRef, &Place),
    ) {
        let Some(rules) = &self.guard.security else { return };
        let networks = &service.spec.task_template.networks;
        let on_node = networks.iter().any(|network| network.target == "host");
        if on_node && rules.host_network == Some(Allowed::No) {
            self.tell("security", here, "it joins the network of the node".to_owned());
        }
        for what in loosened(container, rules) {
            self.tell("security", here, what);
        }
        for key in container.sysctls.keys() {
            if !permits(rules.sysctls.as_ref(), &[key]) {
                self.tell("security", here, format!("the kernel parameter {key} is not allowed"));
            }
        }
    }

    fn ports(&mut self, service: &DesiredService, here: (&ObjectRef, &Place)) {
        let Some(rules) = &self.guard.ports else { return };
        for port in service.spec.endpoint_spec.iter().flat_map(|endpoint| &endpoint.ports) {
            let mode = if port.publish_mode.is_empty() { "ingress" } else { &port.publish_mode };
            if rules.modes.as_ref().is_some_and(|modes| !modes.contains(mode)) {
                let what = format!("publishing in the mode {mode} is not allowed");
                self.tell("ports", here, what);
            }
            if rules.published.as_ref().is_some_and(|ranges| !is_within(port, ranges)) {
                let what = match port.published_port {
                    0 => "publishing a port that the engine chooses is not allowed".to_owned(),
                    number => format!("publishing port {number} is not allowed"),
                };
                self.tell("ports", here, what);
            }
        }
    }

    fn constraints(&mut self, service: &DesiredService, here: (&ObjectRef, &Place)) {
        let Some(rules) = &self.guard.constraints else { return };
        let placement = service.spec.task_template.placement.iter();
        let declared = placement.flat_map(|placement| &placement.constraints);
        let declared: Vec<String> = declared.map(|text| text.replace(' ', "")).collect();
        for wanted in &rules.require {
            if !declared.iter().any(|text| wanted.fits(text)) {
                self.tell("constraints", here, format!("a constraint {wanted} is required"));
            }
        }
        for text in declared.iter().filter(|text| !rules.choice.permits(&[text])) {
            self.tell("constraints", here, format!("the constraint {text} is not allowed"));
        }
    }

    fn limits(&mut self, resources: Option<&ResourceRequirements>, here: (&ObjectRef, &Place)) {
        let limits = resources.and_then(|resources| resources.limits.as_deref());
        for limit in &self.guard.limits {
            let amount = limits.map_or(0, |limits| match limit {
                Limit::Memory => limits.memory_bytes,
                Limit::Cpus => limits.nano_cpus,
                Limit::Pids => limits.pids,
            });
            if amount <= 0 {
                let what = format!("deploy.resources.limits.{} is required", limit.as_str());
                self.tell("limits", here, what);
            }
        }
    }

    fn hosts(&mut self, service: &DesiredService, here: (&ObjectRef, &Place)) {
        let Some(rules) = &self.guard.traefik else { return };
        for host in traefik::hosts(&service.spec.labels) {
            if !rules.hosts.permits(&[&host]) {
                self.tell("traefik", here, format!("the host {host} is not allowed"));
            }
        }
    }
}

/// What a container asks for that its walls are looser with.
fn loosened(container: &ContainerSpec, rules: &SecurityRules) -> Vec<String> {
    let privileges = container.privileges.as_deref();
    let mut found = Vec::new();
    if rules.new_privileges == Some(Allowed::No)
        && !privileges.is_some_and(|privileges| privileges.no_new_privileges)
    {
        found.push("x-skep.no_new_privileges is required".to_owned());
    }
    if rules.unconfined != Some(Allowed::No) {
        return found;
    }
    let differs = |mode: &str| !mode.is_empty() && mode != DEFAULT;
    if privileges.and_then(|p| p.seccomp.as_ref()).is_some_and(|s| differs(&s.mode)) {
        found.push("another seccomp profile than the default is not allowed".to_owned());
    }
    if privileges.and_then(|p| p.app_armor.as_ref()).is_some_and(|a| differs(&a.mode)) {
        found.push("a container without AppArmor is not allowed".to_owned());
    }
    found
}

/// The ports from which an engine chooses, when none is declared (swarmkit's port allocator).
const CHOSEN: (u16, u16) = (30_000, 32_767);

fn is_within(port: &PortConfig, ranges: &[(u16, u16)]) -> bool {
    let (first, last) = match u16::try_from(port.published_port) {
        Ok(0) => CHOSEN,
        Ok(number) => (number, number),
        Err(_) => return false,
    };
    ranges.iter().any(|(from, to)| *from <= first && last <= *to)
}
