//! Mounts of a service.

use crate::load::compose::{
    BindSettings, External, LongVolume, Service, Text, TmpfsSettings, VolumeMount, VolumeSettings,
    VolumeType,
};
use crate::load::convert::networks::options;
use crate::load::convert::{Declared, Stage};
use crate::load::text::{MountKind, ShortVolume, parse_bytes};
use crate::load::yaml::KeyPath;
use crate::model::engine::{
    BindOptions, ConfigReference, DriverConfig, Mount, TmpfsOptions, VolumeOptions,
};

impl Stage<'_, '_> {
    /// Mounts in the order of the file, then those of `tmpfs`. Files of the repository are put
    /// among the configs.
    pub(super) fn mounts(
        &mut self,
        service: &Service,
        declared: &Declared,
        path: &KeyPath<'_>,
        configs: &mut Vec<ConfigReference>,
    ) -> Vec<Mount> {
        let list = path.key("volumes");
        let (mut mounts, mut items) = (Vec::new(), Vec::new());
        for (index, volume) in service.volumes.iter().flatten().enumerate() {
            let here = list.index(index);
            let long = match volume {
                VolumeMount::Short(Text(short)) => self.in_words(short, &here),
                VolumeMount::Long(long) => long.clone(),
            };
            if is_bound(&long) {
                self.bound(&long, &here, configs);
            } else {
                mounts.extend(self.mount(&long, declared, &here));
                items.resize(mounts.len(), index);
            }
        }
        let list = path.key("tmpfs");
        for text in service.tmpfs.iter().flat_map(|words| words.list()) {
            mounts.extend(self.tmpfs(&text, &list));
        }
        self.targets_once(&mounts, &items, path);
        mounts
    }

    fn in_words(&mut self, short: &ShortVolume, path: &KeyPath<'_>) -> LongVolume {
        for option in &short.without_effect {
            let quoted = self.quote(path, option);
            let message = format!("the option{quoted} has no effect in a swarm");
            self.warning(path, (message, "remove it"));
        }
        LongVolume {
            kind: match short.kind {
                MountKind::Bind => VolumeType::Bind,
                MountKind::Volume => VolumeType::Volume,
            },
            source: Some(short.source.clone()).filter(|source| !source.is_empty()),
            target: Some(short.target.clone()),
            read_only: (short.read_only || short.writable).then_some(short.read_only),
            consistency: None,
            bind: short.propagation.clone().map(|propagation| BindSettings {
                propagation: Some(propagation),
                create_host_path: None,
            }),
            volume: short
                .no_copy
                .then(|| VolumeSettings { nocopy: Some(true), ..VolumeSettings::default() }),
            tmpfs: None,
        }
    }

    fn mount(
        &mut self,
        volume: &LongVolume,
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Option<Mount> {
        self.options_fit(volume, path)?;
        let source = volume.source.clone().unwrap_or_default();
        let base = Mount {
            kind: volume.kind.as_str().to_owned(),
            source: source.clone(),
            target: volume.target.clone().unwrap_or_default(),
            read_only: volume.read_only.unwrap_or_default(),
            consistency: volume.consistency.clone().unwrap_or_default(),
            ..Mount::default()
        };
        match volume.kind {
            VolumeType::Volume => self.volume(base, volume, declared, path),
            VolumeType::Bind | VolumeType::Npipe => {
                let source = self.bind_source(&source, volume.kind, path)?;
                if volume.bind.as_ref().and_then(|bind| bind.create_host_path) == Some(true) {
                    let bind = path.key("bind");
                    let message = "Swarm never makes the path of a bind: a task is refused by a \
                                   node that lacks it";
                    let hint = "make it on every node that may run the service, or write false";
                    self.warning(&bind.key("create_host_path"), (message, hint));
                }
                Some(Mount { source, bind_options: volume.bind.as_ref().map(bind), ..base })
            }
            VolumeType::Tmpfs => {
                Some(Mount { tmpfs_options: volume.tmpfs.as_ref().map(tmpfs), ..base })
            }
            VolumeType::Cluster => self.cluster(base, declared, path),
            VolumeType::Image => {
                let hint = "put the files into the image of the service";
                self.error(path, ("no engine mounts an image in a service", hint));
                None
            }
        }
    }

    /// Options of another kind of mount are a mistake, as are sources where none can be.
    pub(super) fn options_fit(&mut self, volume: &LongVolume, path: &KeyPath<'_>) -> Option<()> {
        let kind = volume.kind;
        let path_like = matches!(kind, VolumeType::Bind | VolumeType::Npipe);
        let has_source = volume.source.as_ref().is_some_and(|source| !source.is_empty());
        let mut fits = true;
        for (key, wrong) in [
            ("bind", volume.bind.is_some() && !path_like),
            ("volume", volume.volume.is_some() && kind != VolumeType::Volume),
            ("tmpfs", volume.tmpfs.is_some() && kind != VolumeType::Tmpfs),
        ] {
            if wrong {
                let message =
                    format!("options of '{key}' don't fit a mount of type {}", kind.as_str());
                self.error(&path.key(key), (message, "remove them, or change the type"));
                fits = false;
            }
        }
        if has_source && kind == VolumeType::Tmpfs {
            self.error(path, ("a tmpfs has no source", "remove it"));
            fits = false;
        }
        if !has_source && (path_like || kind == VolumeType::Cluster) {
            if self.stands(path, "source") {
                return None;
            }
            let message = format!("a mount of type {} needs a source", kind.as_str());
            self.error(path, (message, "write source: …"));
            fits = false;
        }
        fits.then_some(())
    }

    fn volume(
        &mut self,
        base: Mount,
        volume: &LongVolume,
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Option<Mount> {
        if base.source.is_empty() {
            return Some(base);
        }
        let key = base.source.clone();
        let (form, name) = self.declared_volume(&key, declared, path)?;
        let settings = volume.volume.clone().unwrap_or_default();
        let mut volume_options = VolumeOptions {
            no_copy: settings.nocopy.unwrap_or_default(),
            subpath: settings.subpath.unwrap_or_default(),
            ..VolumeOptions::default()
        };
        if !form.external.as_ref().is_some_and(External::is_external) {
            let labels = form.labels.as_ref().map(|l| l.filled()).unwrap_or_default();
            volume_options.labels = self.stack_labels(labels);
            if form.driver.is_some() || form.driver_opts.is_some() {
                volume_options.driver_config = Some(DriverConfig {
                    name: form.driver.clone().unwrap_or_default(),
                    options: options(form.driver_opts.as_ref()),
                });
            }
        }
        Some(Mount { source: name, volume_options: Some(volume_options), ..base })
    }

    fn declared_volume<'d>(
        &mut self,
        key: &str,
        declared: &'d Declared,
        path: &KeyPath<'_>,
    ) -> Option<(&'d crate::load::compose::Volume, String)> {
        if self.findings.is_spoiled("volumes", key) {
            self.findings.spoil(crate::load::convert::service::entry_of(path));
            return None;
        }
        let Some(form) = declared.volumes.get(key) else {
            let hint = "declare it under the top-level volumes";
            let quoted = self.quote(path, key);
            self.error(path, (format!("the volume{quoted} is not declared"), hint));
            return None;
        };
        let name = self.object_name(key, form.name.as_deref(), form.external.as_ref());
        Some((form, name))
    }

    fn cluster(&mut self, base: Mount, declared: &Declared, path: &KeyPath<'_>) -> Option<Mount> {
        let source = match base.source.strip_prefix("group:") {
            Some(_) => base.source.clone(),
            None => self.declared_volume(&base.source, declared, path)?.1,
        };
        let extra = [("ClusterOptions".to_owned(), serde_json::json!({}))].into();
        Some(Mount { source, extra, ..base })
    }

    /// Where a bind comes from. The nodes have no home of the author.
    fn bind_source(
        &mut self,
        source: &str,
        kind: VolumeType,
        path: &KeyPath<'_>,
    ) -> Option<String> {
        let Some(rest) = source.strip_prefix('~').filter(|_| kind != VolumeType::Npipe) else {
            return Some(source.to_owned());
        };
        if let Some(home) = self.input.variables.process.get("HOME") {
            return Some(format!("{home}{rest}"));
        }
        let hint = "make it a config or a secret, put it into the image, or write an absolute \
                    path that exists on every node";
        self.error(path, ("'~' is nobody's home on a node", hint));
        None
    }

    /// `/run`, `/run:size=64m,mode=1777`
    fn tmpfs(&mut self, text: &str, path: &KeyPath<'_>) -> Option<Mount> {
        let (target, settings) = text.split_once(':').unwrap_or((text, ""));
        let mut size = None;
        let mut mode = None;
        let mut read_only = false;
        for option in settings.split(',').filter(|option| !option.is_empty()) {
            let known = match option.split_once('=') {
                Some(("size", value)) => parse_bytes(value).map(|bytes| size = Some(bytes)).is_ok(),
                Some(("mode", value)) => {
                    u32::from_str_radix(value, 8).map(|bits| mode = Some(bits)).is_ok()
                }
                None if option == "ro" => {
                    read_only = true;
                    true
                }
                _ => option == "rw",
            };
            if !known {
                let quoted = self.quote(path, option);
                let message = format!("the option{quoted} of a tmpfs can't be used in a swarm");
                self.error(path, (message, "size=…, mode=… and ro can"));
            }
        }
        let settings = TmpfsSettings { size, mode };
        let options = (size.is_some() || mode.is_some()).then(|| tmpfs(&settings));
        Some(Mount {
            kind: VolumeType::Tmpfs.as_str().to_owned(),
            target: target.to_owned(),
            read_only,
            tmpfs_options: options,
            ..Mount::default()
        })
    }

    /// The engine refuses a service that mounts two things at one place. `items` are the entries of
    /// `volumes` that the mounts are from; what comes after them is from `tmpfs`.
    fn targets_once(&mut self, mounts: &[Mount], items: &[usize], path: &KeyPath<'_>) {
        let mut seen = std::collections::BTreeSet::new();
        let (volumes, tmpfs) = (path.key("volumes"), path.key("tmpfs"));
        for (position, mount) in mounts.iter().enumerate() {
            if !mount.target.is_empty() && !seen.insert(mount.target.as_str()) {
                let remark = ("two mounts have one target", "remove one of them");
                let here = items.get(position).map_or(tmpfs, |index| volumes.index(*index));
                self.error(&here, remark);
            }
        }
    }
}

/// True for a bind of what stands in the repository: a relative path means nothing on the nodes.
fn is_bound(volume: &LongVolume) -> bool {
    let source = volume.source.as_deref().unwrap_or_default();
    let absolute = source.starts_with(['/', '\\', '~']) || source.get(1..2) == Some(":");
    volume.kind == VolumeType::Bind && !source.is_empty() && !absolute
}

fn bind(settings: &BindSettings) -> BindOptions {
    BindOptions {
        propagation: settings.propagation.clone().unwrap_or_default(),
        ..BindOptions::default()
    }
}

fn tmpfs(settings: &TmpfsSettings) -> TmpfsOptions {
    TmpfsOptions {
        size_bytes: settings.size.unwrap_or_default(),
        mode: settings.mode.unwrap_or_default(),
        ..TmpfsOptions::default()
    }
}
