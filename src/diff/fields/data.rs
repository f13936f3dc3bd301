//! Fields of mounted secrets and configs, keyed by the file that they become.

use super::{Fields, NamesById};
use crate::model::engine::{ConfigReference, DataFile, SecretReference};

/// Permission bits of a mounted file when none are declared (docker's loader).
const MODE: u32 = 0o444;

/// Fields of mounted secrets.
#[must_use]
pub fn secrets(references: &[SecretReference], names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    for reference in references {
        let name = names.get(&reference.secret_id).unwrap_or(&reference.secret_name);
        mounted(&mut fields, "secrets", name, reference.file.as_ref());
    }
    fields
}

/// Fields of mounted configs; those without a file are for the runtime (credential specs).
#[must_use]
pub fn configs(references: &[ConfigReference], names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    for reference in references {
        let name = names.get(&reference.config_id).unwrap_or(&reference.config_name);
        mounted(&mut fields, "configs", name, reference.file.as_ref());
    }
    fields
}

fn mounted(fields: &mut Fields, kind: &str, name: &str, file: Option<&DataFile>) {
    let Some(file) = file else {
        fields.put(format!("{kind}.(runtime).{name}"), "present");
        return;
    };
    let path = format!("{kind}.{}", file.name);
    fields.put(format!("{path}.source"), name);
    fields.put_unless(&format!("{path}.uid"), owner(&file.uid), "0");
    fields.put_unless(&format!("{path}.gid"), owner(&file.gid), "0");
    if file.mode != MODE {
        fields.put(format!("{path}.mode"), format!("0{:o}", file.mode));
    }
}

fn owner(id: &str) -> &str {
    if id.is_empty() { "0" } else { id }
}
