//! Fields of a task template.

use super::{Fields, NamesById, container, placement, resources, restart_policy};
use crate::model::engine::{LogDriver, NetworkAttachment, TaskSpec};

/// All fields of a task template. `ForceUpdate` is nobody's declaration and left out.
#[must_use]
pub(super) fn task(spec: &TaskSpec, names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    if let Some(spec) = &spec.container_spec {
        fields.extend(container(spec, names));
    }
    fields.extend(resources(spec.resources.as_ref()));
    fields.extend(restart_policy(spec.restart_policy.as_deref()));
    fields.extend(placement(spec.placement.as_ref()));
    fields.extend(networks(&spec.networks, names));
    fields.extend(log_driver(spec.log_driver.as_deref()));
    let runtime = if spec.runtime == "container" { "" } else { spec.runtime.as_str() };
    fields.put_unless("runtime", runtime, "");
    fields
}

/// Fields of network attachments, keyed by the network's name.
#[must_use]
pub fn networks(attachments: &[NetworkAttachment], names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    for attachment in attachments {
        let name = names.get(&attachment.target).unwrap_or(&attachment.target);
        let path = format!("networks.{name}");
        fields.put(path.clone(), "present");
        fields.put_set(&format!("{path}.aliases"), &attachment.aliases);
        fields.put_map(&format!("{path}.driver_opts"), &attachment.driver_opts);
    }
    fields
}

/// Fields of a log driver.
#[must_use]
pub fn log_driver(driver: Option<&LogDriver>) -> Fields {
    let mut fields = Fields::default();
    let Some(driver) = driver else { return fields };
    fields.put_unless("logging.driver", driver.name.as_str(), "");
    // Tokens of log services stand here.
    fields.put_masked_map("logging.options", &driver.options);
    fields
}
