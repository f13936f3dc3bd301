//! A service, put together.

mod container;
mod deploy;
mod mounts;
mod networks;
mod settings;

use crate::diff::IMAGE_LABEL;
use crate::model::ImageRef;
use crate::model::engine::{ContainerSpec, EndpointSpec, LogDriver, PortConfig, ServiceSpec};
use crate::view::yaml::{Map, Yaml};

use crate::view::compose::choose::{Member, Standing};
use crate::view::compose::sheet::Sheet;
use crate::view::compose::{own_labels, strings};

impl Sheet<'_> {
    /// All keys of a service.
    pub(in crate::view::compose) fn service(&mut self, member: &Member<'_>) -> Map {
        let spec = &member.service.spec;
        let task = &spec.task_template;
        let nothing = ContainerSpec::default();
        let container = task.container_spec.as_ref().unwrap_or(&nothing);
        let mut map = Map::new();
        self.standing(member);
        let image = match member.standing {
            Standing::Member => self.image(spec, container),
            Standing::Unlabelled | Standing::Anew => container.image.clone(),
        };
        map.put("image", image);
        self.container(&mut map, container);
        let endpoint = spec.endpoint_spec.as_ref();
        map.put_filled("ports", self.ports(endpoint));
        let attachments = if task.networks.is_empty() { &spec.networks } else { &task.networks };
        map.put_some("networks", self.networks(member, attachments));
        self.mounted(&mut map, container);
        map.put_some("logging", task.log_driver.as_deref().map(|driver| self.logging(driver)));
        let mut deploy = Map::new();
        Self::mode(&mut deploy, spec.mode.as_ref());
        deploy.put_filled("labels", own_labels(&spec.labels));
        if let Some(mode) = endpoint.map(|e| e.mode.as_str()).filter(|mode| !mode.is_empty()) {
            deploy.put_unless("endpoint_mode", mode, "vip");
        }
        self.deploy(&mut deploy, spec);
        map.put("deploy", deploy);
        let mut settings = Map::new();
        settings.put_some("default_network", attachments.is_empty().then_some(false));
        self.settings(&mut settings, &member.key, spec);
        map.put_filled("x-skep", settings);
        self.unknown("", &spec.extra);
        self.unknown("", &task.extra);
        map
    }

    /// The image as its author wrote it, when what runs is a pin of that; else as it runs.
    fn image(&mut self, spec: &ServiceSpec, container: &ContainerSpec) -> String {
        let runs = &container.image;
        let reference = |text: &String| text.parse::<ImageRef>().ok();
        let Some(declared) = spec.labels.get(IMAGE_LABEL) else {
            self.remark(
                "image",
                format!("the label {IMAGE_LABEL} is missing; reading the file back adds it"),
            );
            return runs.clone();
        };
        let fits = match (reference(declared), reference(runs)) {
            (Some(declared), Some(runs)) => declared == runs || declared == runs.without_digest(),
            _ => false,
        };
        if fits {
            return declared.clone();
        }
        self.remark(
            "image",
            format!("the label {IMAGE_LABEL} says {declared}, which is not what runs; reading the file back changes it"),
        );
        runs.clone()
    }

    fn ports(&mut self, endpoint: Option<&EndpointSpec>) -> Yaml {
        let mut ports: Vec<Yaml> = Vec::new();
        for port in endpoint.iter().flat_map(|endpoint| &endpoint.ports) {
            self.unknown("ports", &port.extra);
            let port = port_entry(port);
            if !ports.contains(&port) {
                ports.push(port);
            }
        }
        if let Some(endpoint) = endpoint {
            self.unknown("deploy.endpoint", &endpoint.extra);
        }
        ports.into()
    }

    fn logging(&mut self, driver: &LogDriver) -> Map {
        let mut map = Map::new();
        map.put_unless("driver", driver.name.as_str(), "");
        map.put_filled("options", strings(&driver.options));
        self.unknown("logging", &driver.extra);
        map
    }
}

/// `8080:80/udp`, or in words where it has a name or is one of the nodes that run a task.
fn port_entry(port: &PortConfig) -> Yaml {
    let or = |text: &str, default: &str| if text.is_empty() { default } else { text }.to_owned();
    let (protocol, mode) = (or(&port.protocol, "tcp"), or(&port.publish_mode, "ingress"));
    if mode == "ingress" && port.name.is_empty() {
        let published = match port.published_port {
            0 => String::new(),
            number => format!("{number}:"),
        };
        let end = if protocol == "tcp" { String::new() } else { format!("/{protocol}") };
        return Yaml::Text(format!("{published}{}{end}", port.target_port));
    }
    let mut map = Map::new();
    map.put_unless("name", port.name.as_str(), "");
    map.put("target", port.target_port);
    map.put_unless("published", port.published_port, 0);
    map.put("protocol", protocol);
    map.put("mode", mode);
    map.into()
}
