//! What belongs to no stack: services that no file can name as they are, and networks, secrets and
//! configs that a person made.
//!
//! Nothing makes such an object a stack's own without a write (`diff::owner`): of services a label
//! does, which `docker service update` puts on; networks, secrets and configs stay whose they are,
//! so the only declaration that differs from them in nothing is `external: true`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diff::fields::OWN_LABELS;
use crate::diff::{IMAGE_LABEL, NAMESPACE_LABEL};
use crate::model::engine::{ContainerSpec, LiveNetwork, NetworkAttachment, ServiceSpec, StringMap};
use crate::model::name::is_ledger_name;
use crate::model::{Kind, ObjectRef, Observed};

use super::choose::{Contents, Member, Standing};
use super::sheet::Sheet;

/// True when there is a network, secret or config of no stack.
pub(super) fn is_there(observed: &Observed) -> bool {
    observed.networks.values().any(is_rest_network)
        || observed.configs.values().any(|config| is_rest(&config.spec.name, &config.spec.labels))
        || observed.secrets.values().any(|secret| is_rest(&secret.spec.name, &secret.spec.labels))
}

impl Sheet<'_> {
    /// Networks, secrets and configs of no stack, as what exists already.
    pub(super) fn rest(&mut self) {
        let observed = self.view.observed;
        for network in observed.networks.values().filter(|network| is_rest_network(network)) {
            self.network_key(&network.name);
        }
        for config in observed
            .configs
            .values()
            .filter(|config| is_rest(&config.spec.name, &config.spec.labels))
        {
            let key = self.config_key("", &config.spec.name);
            let Ok(bytes) = STANDARD.decode(&config.spec.data) else { continue };
            if self.contents == Contents::Beside {
                let path = format!("configs/{key}");
                let message = format!(
                    "its content lies in {path}; with file: {path} in place of external and name \
                     a config of this stack is made of it"
                );
                self.files.insert(path, bytes);
                self.remark_on(ObjectRef::new(Kind::Config, &config.spec.name), message);
            }
        }
        for secret in observed
            .secrets
            .values()
            .filter(|secret| is_rest(&secret.spec.name, &secret.spec.labels))
        {
            self.secret_key("", &secret.spec.name);
        }
    }

    /// Tells what becomes of a service that belongs to no stack.
    pub(super) fn standing(&mut self, member: &Member<'_>) {
        let spec = &member.service.spec;
        let name = &spec.name;
        match member.standing {
            Standing::Member => {}
            Standing::Unlabelled => {
                let command = self.joining(&member.key, spec);
                let stack = &self.stack;
                let message = format!(
                    "it belongs to no stack, and is held until this makes it part of {stack} and \
                     starts its tasks anew once: {command}"
                );
                self.remark("", message);
            }
            Standing::Anew => {
                let scoped = self.scoped(&member.key);
                self.remark(
                    "",
                    format!(
                        "it runs as {name}, which no file can say: from this file {scoped} is made \
                         beside it; docker service rm {name} first, where it publishes ports"
                    ),
                );
            }
        }
    }

    /// The command after which a service is as `docker stack deploy` would have made it.
    fn joining(&self, key: &str, spec: &ServiceSpec) -> String {
        let nothing = ContainerSpec::default();
        let container = spec.task_template.container_spec.as_ref().unwrap_or(&nothing);
        let namespace = format!("{NAMESPACE_LABEL}={}", self.stack);
        let image = &container.image;
        let mut words = vec![
            "docker service update".to_owned(),
            format!("--label-add {namespace} --label-add {IMAGE_LABEL}={image}"),
            format!("--container-label-add {namespace}"),
        ];
        for joined in &spec.task_template.networks {
            words.extend(self.with_its_name(key, joined));
        }
        words.push(spec.name.clone());
        words.join(" ")
    }

    /// A service of a stack has its short name on each network.
    fn with_its_name(&self, key: &str, joined: &NetworkAttachment) -> Option<String> {
        let name = self.network_name(&joined.target);
        let known = joined.aliases.iter().any(|alias| alias == key) || is_of_nodes(&name);
        let aliases = joined.aliases.iter().map(String::as_str).chain([key]);
        let aliases: Vec<String> = aliases.map(|alias| format!(",alias={alias}")).collect();
        let aliases = aliases.concat();
        (!known).then(|| format!("--network-rm {name} --network-add name={name}{aliases}"))
    }
}

fn is_of_nodes(network: &str) -> bool {
    crate::model::engine::NODE_NETWORKS.contains(&network)
}

/// False also for what is skep's own: the key of its hashes is a config, and must not get into files.
fn is_rest(name: &str, labels: &StringMap) -> bool {
    !labels.contains_key(NAMESPACE_LABEL)
        && !labels.keys().any(|key| key.starts_with(OWN_LABELS))
        && !is_ledger_name(name)
}

fn is_rest_network(network: &LiveNetwork) -> bool {
    network.scope == "swarm" && !network.ingress && is_rest(&network.name, &network.labels)
}
