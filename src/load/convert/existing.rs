//! What exists already is named once, and made by somebody else.

use super::{Declared, Stage};
use crate::load::compose::External;
use crate::load::yaml::KeyPath;

impl Stage<'_, '_> {
    /// Tells entries of the top level that say more of what exists already than which it is
    /// (`LoadVolumes` and its like in docker's `cli/compose/loader`).
    pub(super) fn existing(&mut self, declared: &Declared) {
        for (key, network) in &declared.networks {
            self.named_once(("networks", key), network.name.as_deref(), network.external.as_ref());
        }
        for (key, secret) in &declared.secrets {
            self.named_once(("secrets", key), secret.name.as_deref(), secret.external.as_ref());
        }
        for (key, config) in &declared.configs {
            self.named_once(("configs", key), config.name.as_deref(), config.external.as_ref());
        }
        for (key, volume) in &declared.volumes {
            let entry = ("volumes", key.as_str());
            self.named_once(entry, volume.name.as_deref(), volume.external.as_ref());
            let said = [
                ("driver", volume.driver.as_ref().is_some_and(|driver| !driver.is_empty())),
                ("driver_opts", volume.driver_opts.as_ref().is_some_and(|map| !map.is_empty())),
                ("labels", volume.labels.as_ref().is_some_and(|l| !l.filled().is_empty())),
            ];
            let external = volume.external.as_ref().is_some_and(External::is_external);
            for (said, _) in said.into_iter().filter(|(_, is)| *is && external) {
                let message = format!("'{said}' means nothing for a volume that exists already");
                self.tell_at(entry, said, (message, "remove it, or remove external"));
            }
        }
    }

    fn named_once(&mut self, entry: (&str, &str), name: Option<&str>, external: Option<&External>) {
        let other = external.and_then(External::name);
        if name.is_some_and(|name| !name.is_empty()) && other.is_some() {
            let message = "the name stands here and in external";
            self.tell_at(entry, "name", (message, "write external: true and the right name here"));
        }
    }

    fn tell_at(
        &mut self,
        (section, key): (&str, &str),
        at: &str,
        remark: (impl Into<String>, &str),
    ) {
        let root = KeyPath::root();
        let section = root.key(section);
        let entry = section.key(key);
        self.error(&entry.key(at), (remark.0, remark.1));
    }
}
