//! Fields of mounts, keyed by their place in the container.

use super::Fields;
use crate::model::engine::{Mount, VolumeOptions};

/// Fields of all mounts.
#[must_use]
pub fn mounts(mounts: &[Mount]) -> Fields {
    let mut fields = Fields::default();
    for mount in mounts {
        one(&mut fields, mount);
    }
    fields
}

fn one(fields: &mut Fields, mount: &Mount) {
    let path = format!("volumes[{}]", mount.target);
    let kind = if mount.kind.is_empty() { "bind" } else { &mount.kind };
    fields.put(format!("{path}.type"), kind);
    fields.put_unless(&format!("{path}.source"), mount.source.as_str(), "");
    fields.put_unless(&format!("{path}.read_only"), mount.read_only, false);
    if let Some(bind) = &mount.bind_options {
        fields.put_unless(&format!("{path}.bind.propagation"), bind.propagation.as_str(), "");
    }
    if let Some(tmpfs) = &mount.tmpfs_options {
        fields.put_unless(&format!("{path}.tmpfs.size"), tmpfs.size_bytes, 0);
        fields.put_unless(&format!("{path}.tmpfs.mode"), tmpfs.mode, 0);
    }
    if let Some(volume) = &mount.volume_options {
        volume_options(fields, &path, volume);
    }
}

fn volume_options(fields: &mut Fields, path: &str, volume: &VolumeOptions) {
    fields.put_unless(&format!("{path}.volume.nocopy"), volume.no_copy, false);
    fields.put_unless(&format!("{path}.volume.subpath"), volume.subpath.as_str(), "");
    fields.put_map(&format!("{path}.volume.labels"), &volume.labels);
    if let Some(driver) = &volume.driver_config {
        fields.put_unless(&format!("{path}.volume.driver"), driver.name.as_str(), "");
        // Options of a file server may hold its password.
        fields.put_masked_map(&format!("{path}.volume.driver_opts"), &driver.options);
    }
}
