//! Secrets and configs: their keys, and what they are.
//!
//! A config is drawn with its content. The content of a secret can't be read back, so a secret is
//! drawn as one that exists: that differs in nothing from what runs and keeps all references. A
//! file that somebody has to write first would be an error until then, and other content after.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::diff::{HASH_LABEL, NAMESPACE_LABEL};
use crate::model::engine::{DataDriver, LiveConfig, StringMap};
use crate::model::{KeyedHash, Kind, ObjectRef};
use crate::view::yaml::{Map, write};

use super::choose::{Contents, Member};
use super::networks::external;
use super::sheet::{COMMENT, Section, Sheet, listed};
use super::{own_labels, strings};

/// Digits of the hash in the name of a changed config.
const SUFFIX: usize = 10;

impl Sheet<'_> {
    /// Gives the names that services refer to their keys before any other: of several versions of
    /// a config the one in use has the plain key.
    pub(super) fn claim_data(&mut self, members: &[Member<'_>]) {
        let mut used: BTreeSet<(Section, String)> = BTreeSet::new();
        for container in
            members.iter().filter_map(|m| m.service.spec.task_template.container_spec.as_ref())
        {
            for config in &container.configs {
                let name = self.data_name(&config.config_id, &config.config_name);
                used.insert((Section::Configs, name));
            }
            for secret in &container.secrets {
                let name = self.data_name(&secret.secret_id, &secret.secret_name);
                used.insert((Section::Secrets, name));
            }
        }
        let mut used: Vec<_> = used.into_iter().collect();
        used.sort_by_key(|(section, name)| !self.is_version(*section, name));
        for (section, name) in used {
            self.data_key(section, &name);
        }
    }

    /// The key of a config by id or name.
    pub(super) fn config_key(&mut self, id: &str, name: &str) -> String {
        let name = self.data_name(id, name);
        let key = self.data_key(Section::Configs, &name);
        self.declared(Section::Configs, key, |sheet, key| sheet.config(&name, key))
    }

    /// The key of a secret by id or name.
    pub(super) fn secret_key(&mut self, id: &str, name: &str) -> String {
        let name = self.data_name(id, name);
        let key = self.data_key(Section::Secrets, &name);
        self.declared(Section::Secrets, key, |sheet, key| sheet.secret(&name, key))
    }

    fn data_key(&mut self, section: Section, name: &str) -> String {
        let wish = self.data_short(section, name);
        self.key(section, name, &wish)
    }

    fn data_name(&self, id: &str, name: &str) -> String {
        self.view.names.get(id).map_or(name, String::as_str).to_owned()
    }

    /// The name without the stack's in front, and without the hash of a version.
    fn data_short(&self, section: Section, name: &str) -> String {
        let plain =
            if self.is_version(section, name) { &name[..name.len() - SUFFIX - 1] } else { name };
        self.short(plain).unwrap_or(name).to_owned()
    }

    /// True for a name that skep made of a declared name and the hash of changed content. Of a name
    /// that had to be shortened for it the declared one can't be told.
    fn is_version(&self, section: Section, name: &str) -> bool {
        let Some(at) = name.len().checked_sub(SUFFIX + 1) else { return false };
        let whole = at < crate::model::name::MAX_DATA_NAME - SUFFIX - 1;
        let labels = self.data_labels(section, name);
        let hash = labels.and_then(|labels| labels.get(HASH_LABEL)).map(KeyedHash::from_label);
        let suffix = name.get(at..).and_then(|end| end.strip_prefix('-'));
        whole && hash.is_some_and(|hash| suffix == Some(hash.suffix()))
    }

    fn data_labels(&self, section: Section, name: &str) -> Option<&StringMap> {
        match section {
            Section::Secrets => self.view.secrets.get(name).map(|seen| seen.labels),
            _ => self.view.configs.get(name).map(|seen| seen.labels),
        }
    }

    fn is_own_data(&self, labels: &StringMap) -> bool {
        labels.get(NAMESPACE_LABEL).map(String::as_str) == Some(self.stack.as_str())
    }

    /// The entry of a config: with its content when it is the stack's own.
    fn config(&mut self, name: &str, key: &str) -> Map {
        let Some(live) = self.view.observed.configs.get(name) else {
            let object = ObjectRef::new(Kind::Config, name);
            self.remark_on(object, "declared external, and there is none of this name");
            return external(name, key);
        };
        let spec = &live.spec;
        if !self.is_own_data(&spec.labels) {
            return external(name, key);
        }
        self.unknown_of(&ObjectRef::new(Kind::Config, name), &spec.extra);
        let Some(mut map) = self.content(live, key) else { return external(name, key) };
        let says_name = self.scoped(key) == name
            || (self.is_version(Section::Configs, name)
                && self.scoped(key) == name[..name.len() - SUFFIX - 1]);
        map.put_some("name", (!says_name).then_some(name));
        self.templating(&mut map, ObjectRef::new(Kind::Config, name), spec.templating.as_ref());
        map.put_filled("labels", own_labels(&spec.labels));
        map
    }

    /// Where the content stands; `None` when it can't stand where it is wanted.
    fn content(&mut self, live: &LiveConfig, key: &str) -> Option<Map> {
        let object = ObjectRef::new(Kind::Config, &live.spec.name);
        let Ok(bytes) = STANDARD.decode(&live.spec.data) else {
            self.remark_on(object, "declared external: its content is no base64");
            return None;
        };
        if self.contents == Contents::Inline {
            let Ok(text) = String::from_utf8(bytes) else {
                let message =
                    "declared external: its content is no text; with --output it becomes a file";
                self.remark_on(object, message);
                return None;
            };
            return Some(Map::from_iter([("content", text)]));
        }
        let path = format!("configs/{key}");
        self.files.insert(path.clone(), bytes);
        Some(Map::from_iter([("file", path)]))
    }

    /// The entry of a secret. Only one whose content a driver knows can be drawn whole.
    fn secret(&mut self, name: &str, key: &str) -> Map {
        let object = ObjectRef::new(Kind::Secret, name);
        let Some(live) = self.view.observed.secrets.get(name) else {
            self.remark_on(object, "declared external, and there is none of this name");
            return external(name, key);
        };
        let spec = &live.spec;
        let Some(driver) = spec.driver.as_ref().filter(|_| self.is_own_data(&spec.labels)) else {
            let mut map = external(name, key);
            if self.is_own_data(&spec.labels) {
                self.unknown_of(&object, &spec.extra);
                map.put(COMMENT, unread(&spec.labels, spec.templating.as_ref()));
            }
            return map;
        };
        self.unknown_of(&object, &spec.extra);
        let mut map = Map::new();
        map.put_some("name", (self.scoped(key) != name).then_some(name));
        map.put("driver", driver.name.as_str());
        map.put_filled("driver_opts", strings(&driver.options));
        self.templating(&mut map, object, spec.templating.as_ref());
        map.put_filled("labels", own_labels(&spec.labels));
        map
    }

    fn templating(&mut self, map: &mut Map, object: ObjectRef, driver: Option<&DataDriver>) {
        let Some(driver) = driver else { return };
        map.put("template_driver", driver.name.as_str());
        if !driver.options.is_empty() {
            let options = listed(&driver.options);
            let message = format!("no key says the options of its template driver: {options}");
            self.remark_on(object, message);
        }
    }

    /// Secrets and configs of the stack that no service uses; of superseded versions nothing is
    /// said.
    pub(super) fn unused_data(&mut self) {
        let own = |labels: &StringMap| self.is_own_data(labels);
        let observed = self.view.observed;
        let configs = observed.configs.values().filter(|config| own(&config.spec.labels));
        let configs = configs.map(|c| (c.version, Section::Configs, c.spec.name.as_str()));
        let secrets = observed.secrets.values().filter(|secret| own(&secret.spec.labels));
        let secrets = secrets.map(|s| (s.version, Section::Secrets, s.spec.name.as_str()));
        let mut all: Vec<_> = configs.chain(secrets).collect();
        all.sort_by_key(|(version, section, _)| (*section, std::cmp::Reverse(*version)));
        for (_, section, name) in all {
            match section {
                _ if !self.is_news(section, name) => {}
                Section::Secrets => _ = self.secret_key("", name),
                _ => _ = self.config_key("", name),
            }
        }
    }

    /// False for another version of what is drawn already.
    fn is_news(&self, section: Section, name: &str) -> bool {
        let key = self.data_short(section, name);
        let of_skep = self.data_labels(section, name).is_some_and(|l| l.get(HASH_LABEL).is_some());
        !(of_skep && self.is_declared(section, &key))
    }
}

/// What an external entry does not say of a secret of the stack.
fn unread(labels: &StringMap, templating: Option<&DataDriver>) -> String {
    let mut lines = vec![
        "Its content can't be read back. With file: PATH in place of these lines git holds it."
            .to_owned(),
    ];
    let labels = own_labels(labels);
    if !labels.is_empty() {
        let mut entry = Map::new();
        entry.put("labels", labels);
        lines.push("It has".to_owned());
        lines.push(write(&entry).trim_end().to_owned());
    }
    if let Some(driver) = templating {
        lines.push(format!("It has template_driver: {} {}", driver.name, listed(&driver.options)));
    }
    lines.join("\n")
}
