//! What is mounted: volumes, paths, configs and secrets; and the volumes themselves.

use crate::diff::NAMESPACE_LABEL;
use crate::model::engine::{ContainerSpec, DataFile, Mount, VolumeOptions};
use crate::view::yaml::{Map, Yaml};

use crate::view::compose::sheet::{Section, Sheet};
use crate::view::compose::{own_labels, strings};

/// Permission bits when none are declared.
const MODE: u32 = 0o444;

impl Sheet<'_> {
    /// Volumes, configs and secrets of a service.
    pub(super) fn mounted(&mut self, map: &mut Map, spec: &ContainerSpec) {
        let mounts = self.mounts(&spec.mounts);
        map.put_filled("volumes", mounts);
        let mut configs = Vec::new();
        for reference in &spec.configs {
            // Without a file it is the runtime's, and named by the credential spec.
            let key = self.config_key(&reference.config_id, &reference.config_name);
            self.unknown(&format!("configs.{key}"), &reference.extra);
            configs.extend(reference.file.as_ref().map(|file| mount(&key, file)));
        }
        map.put_filled("configs", configs);
        let mut secrets = Vec::new();
        for reference in &spec.secrets {
            let key = self.secret_key(&reference.secret_id, &reference.secret_name);
            self.unknown(&format!("secrets.{key}"), &reference.extra);
            secrets.extend(reference.file.as_ref().map(|file| mount(&key, file)));
        }
        map.put_filled("secrets", secrets);
    }

    /// Mounts in their order, which counts for the engine.
    fn mounts(&mut self, mounts: &[Mount]) -> Yaml {
        let entries: Vec<Yaml> = mounts.iter().map(|mount| self.mount(mount)).collect();
        entries.into()
    }

    fn mount(&mut self, mount: &Mount) -> Yaml {
        let kind = if mount.kind.is_empty() { "bind" } else { mount.kind.as_str() };
        let path = format!("volumes[{}]", mount.target);
        let mut map = Map::new();
        map.put("type", kind);
        let source = self.source(kind, mount);
        map.put_unless("source", source.as_str(), "");
        map.put_unless("target", mount.target.as_str(), "");
        map.put_unless("read_only", mount.read_only, false);
        map.put_unless("consistency", mount.consistency.as_str(), "");
        if let Some(bind) = &mount.bind_options {
            let propagation = Some(bind.propagation.as_str()).filter(|p| !p.is_empty());
            map.put_some("bind", propagation.map(|p| Map::from_iter([("propagation", p)])));
            self.unknown(&format!("{path}.bind"), &bind.extra);
        }
        if let Some(volume) = &mount.volume_options {
            self.volume_options(&mut map, mount, volume);
        }
        if let Some(tmpfs) = &mount.tmpfs_options {
            let mut options = Map::new();
            options.put_unless("size", tmpfs.size_bytes, 0);
            options.put_some("mode", (tmpfs.mode != 0).then_some(Yaml::Mode(tmpfs.mode)));
            map.put_filled("tmpfs", options);
            self.unknown(&format!("{path}.tmpfs"), &tmpfs.extra);
        }
        let extra = mount.extra.iter().filter(|(key, _)| *key != "ClusterOptions");
        let extra = extra.map(|(key, value)| (key.clone(), value.clone())).collect();
        self.unknown(&path, &extra);
        short(&map).map_or_else(|| map.into(), Yaml::Text)
    }

    /// What stands for the source: the key of a volume, or a path.
    fn source(&mut self, kind: &str, mount: &Mount) -> String {
        let named = match kind {
            "volume" => !mount.source.is_empty(),
            "cluster" => !mount.source.starts_with("group:"),
            _ => false,
        };
        if !named {
            return mount.source.clone();
        }
        let nothing = VolumeOptions::default();
        let options = mount.volume_options.as_ref().unwrap_or(&nothing);
        self.volume_key(&mount.source, options, &mount.target)
    }

    /// The key of a volume. Volumes of one name and other options, which services can have, are
    /// several entries.
    fn volume_key(&mut self, name: &str, options: &VolumeOptions, target: &str) -> String {
        let namespace = options.labels.get(NAMESPACE_LABEL);
        let own = namespace.map(String::as_str) == Some(self.stack.as_str());
        let mut entry = Map::new();
        if own {
            if let Some(driver) = &options.driver_config {
                entry.put_unless("driver", driver.name.as_str(), "");
                entry.put_filled("driver_opts", strings(&driver.options));
            }
            entry.put_filled("labels", own_labels(&options.labels));
        } else {
            let says = |text: &str| format!("{text} of a volume that is not the stack's own");
            let path = format!("volumes[{target}].volume");
            if !options.labels.is_empty() {
                self.remark(&format!("{path}.labels"), format!("no key says {}", says("labels")));
            }
            if options.driver_config.is_some() {
                self.remark(
                    &format!("{path}.driver"),
                    format!("no key says {}", says("the driver")),
                );
            }
            entry.put("external", true);
        }
        // The options are part of what tells entries apart.
        let wish = self.short(name).filter(|_| own).unwrap_or(name).to_owned();
        let key = self.key(Section::Volumes, &format!("{name}\n{entry:?}"), &wish);
        self.declared(Section::Volumes, key, |sheet, key| {
            let says_name = if own { sheet.scoped(key) == name } else { key == name };
            entry.put_some("name", (!says_name).then_some(name));
            entry
        })
    }

    fn volume_options(&mut self, map: &mut Map, mount: &Mount, options: &VolumeOptions) {
        let path = format!("volumes[{}].volume", mount.target);
        self.unknown(&path, &options.extra);
        let mut settings = Map::new();
        settings.put_unless("nocopy", options.no_copy, false);
        settings.put_unless("subpath", options.subpath.as_str(), "");
        if mount.source.is_empty() {
            let bare = VolumeOptions { extra: options.extra.clone(), ..VolumeOptions::default() };
            if *options != bare {
                self.remark(&path, "no key says options of a volume without a name");
            }
            return;
        }
        map.put_filled("volume", settings);
    }
}

/// `SOURCE:TARGET[:ro]`, for mounts that have nothing else and no colon of their own.
fn short(map: &Map) -> Option<String> {
    let text = |key: &str| match map.get(key) {
        Some(Yaml::Text(text)) => Some(text.as_str()),
        _ => None,
    };
    let (source, target) = (text("source")?, text("target")?);
    let fits = match text("type")? {
        "bind" => source.starts_with('/'),
        // One letter is a drive of Windows to docker.
        "volume" => source.len() > 1,
        _ => false,
    };
    let plain = !source.contains(':') && !target.contains(':') && target.starts_with('/');
    let known =
        map.iter().all(|e| matches!(e.key.as_str(), "type" | "source" | "target" | "read_only"));
    let end = if map.get("read_only").is_some() { ":ro" } else { "" };
    (fits && plain && known).then(|| format!("{source}:{target}{end}"))
}

/// The key alone, or in words where something is not usual.
fn mount(key: &str, file: &DataFile) -> Yaml {
    let mut map = Map::new();
    map.put("source", key);
    map.put_unless("target", file.name.as_str(), key);
    for (name, id) in [("uid", &file.uid), ("gid", &file.gid)] {
        if !matches!(id.as_str(), "" | "0") {
            map.put(name, id.as_str());
        }
    }
    map.put_some("mode", (file.mode != MODE).then_some(Yaml::Mode(file.mode)));
    if map.len() == 1 { key.into() } else { map.into() }
}
