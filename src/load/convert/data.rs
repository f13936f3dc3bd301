//! Secrets and configs: what is made of them, and how services refer to them.

use std::collections::BTreeMap;

use super::networks::options;
use super::{Declared, Stage};
use crate::load::bounds::{MAX_CONFIG_BYTES, MAX_SECRET_BYTES};
use crate::load::compose::{
    Config, DATA_MODE, DATA_OWNER, DataMount, DataSettings, External, KeyValues, LongDataMount,
    Secret,
};
use crate::load::sealed::Text;
use crate::load::yaml::KeyPath;
use crate::model::engine::{ConfigReference, DataDriver, DataFile, SecretReference};
use crate::model::name::check_data_name;
use crate::model::{Content, DataRef, DesiredData, Kind, Naming, ObjectRef, SecretBytes};
use crate::sops::{Format, pick};

/// What secrets and configs have in common.
struct Form<'a> {
    name: Option<&'a str>,
    labels: Option<&'a KeyValues>,
    template_driver: Option<&'a str>,
    external: Option<&'a External>,
    settings: Option<&'a DataSettings>,
    origin: Origin<'a>,
}

enum Origin<'a> {
    File(&'a str),
    Inline(&'a str),
    Variable(&'a str),
    Driver(DataDriver),
    Missing,
    Twice,
}

impl Stage<'_, '_> {
    /// Secrets and configs of the stack, also those that no service uses.
    pub(super) fn data_objects(&mut self, declared: &Declared) {
        for (key, secret) in &declared.secrets {
            if let Some((name, data)) = self.data(Kind::Secret, key, &secret_form(secret)) {
                self.objects.secrets.insert(name, data);
            }
        }
        for (key, config) in &declared.configs {
            if let Some((name, data)) = self.data(Kind::Config, key, &config_form(config)) {
                self.objects.configs.insert(name, data);
            }
        }
    }

    fn data(&mut self, kind: Kind, key: &str, form: &Form<'_>) -> Option<(String, DesiredData)> {
        let section = section_of(kind);
        let root = KeyPath::root();
        let section_path = root.key(section);
        let path = section_path.key(key);
        let name = self.object_name(key, form.name, form.external);
        if form.external.is_some_and(External::is_external) {
            self.objects.external.insert(ObjectRef::new(kind, name));
            return None;
        }
        if let Err(error) = check_data_name(&name) {
            let quoted = self.quote(&path, &name);
            let message = format!("the full name{quoted} can't be used: {error}");
            self.error(&path, (message, "choose another name"));
        }
        let taken = match kind {
            Kind::Secret => self.objects.secrets.contains_key(&name),
            _ => self.objects.configs.contains_key(&name),
        };
        if taken {
            let quoted = self.quote(&path, &name);
            self.error(&path, (format!("two {section} have the full name{quoted}"), "rename one"));
        }
        let content = self.content((kind, &name), form, &path)?;
        let labels = form.labels.map(KeyValues::filled).unwrap_or_default();
        let data = DesiredData {
            naming: if form.name.is_some() { Naming::Verbatim } else { Naming::Versioned },
            labels: self.stack_labels(labels),
            content,
            templating: form.template_driver.map(driver_named),
            place: self.place(self.input.tree.locate(&path)),
        };
        Some((name, data))
    }

    fn content(
        &mut self,
        (kind, name): (Kind, &str),
        form: &Form<'_>,
        path: &KeyPath<'_>,
    ) -> Option<Content> {
        let wanted = form.settings.and_then(|settings| settings.key.as_deref());
        if wanted.is_some() && !matches!(form.origin, Origin::File(_) | Origin::Missing) {
            let settings = path.key("x-skep");
            let remark = ("a key picks a value of a file, and there is none", "write file: PATH");
            self.error(&settings.key("key"), remark);
            return None;
        }
        let bytes = match &form.origin {
            Origin::Driver(driver) => return Some(Content::Driver(driver.clone())),
            Origin::Missing
                if ["file", "environment", "driver"]
                    .iter()
                    .any(|key| self.is_unusable(path, key))
                    || self.stands(path, "content") =>
            {
                return None;
            }
            Origin::Missing => {
                let hint = "write file: PATH, or external: true if it exists already";
                self.error(path, ("it is not said where the content comes from", hint));
                return None;
            }
            Origin::Twice => {
                self.error(path, ("the content has two origins", "keep one of them"));
                return None;
            }
            Origin::Inline(text) => text.as_bytes().to_vec(),
            Origin::Variable(name) => self.value_of(name, &path.key("environment"))?,
            Origin::File(file) => self.of_file(file, wanted, path)?,
        };
        self.refuse_sealed(&bytes, path)?;
        self.size_fits(kind, bytes.len(), path)?;
        Some(self.stored(kind, name, bytes))
    }

    /// What a file holds, or the one value of it that is wanted.
    fn of_file(&mut self, file: &str, wanted: Option<&str>, path: &KeyPath<'_>) -> Option<Vec<u8>> {
        let (file, text) = self.read(&path.key("file"), file)?;
        let Some(wanted) = wanted else { return Some(text.to_vec()) };
        let (format, bytes) = match text {
            Text::Opened(bytes, format) => (format, bytes),
            Text::Lying(bytes) => {
                (Format::of_name(file.file_name()), SecretBytes::new(bytes.to_vec()))
            }
        };
        match pick(format, &bytes, wanted) {
            Ok(value) => Some(value.reveal().to_vec()),
            Err(error) => {
                let (settings, plain) = (path.key("x-skep"), !self.quote(path, "").is_empty());
                let message = match plain {
                    true => format!("no value can be taken from '{file}': {error}"),
                    false => "no value can be taken from the file".to_owned(),
                };
                let hint = "write the keys that lead to one value, with dots between them";
                self.error(&settings.key("key"), (message, hint));
                None
            }
        }
    }

    /// Puts content beside.
    pub(super) fn stored(&mut self, kind: Kind, name: &str, bytes: Vec<u8>) -> Content {
        let hash = self.input.key.map(|key| key.hash(&bytes));
        let data = DataRef { stack: self.input.stack.clone(), kind, name: name.to_owned() };
        self.objects.data.insert(data.clone(), hash.clone(), SecretBytes::new(bytes));
        Content::Stored { data, hash }
    }

    /// Content of a variable.
    fn value_of(&mut self, name: &str, path: &KeyPath<'_>) -> Option<Vec<u8>> {
        let file = self.input.tree.locate(path).file;
        if let Some(value) = self.variable(file, name) {
            return Some(value.as_bytes().to_vec());
        }
        let quoted = self.quote(path, name);
        let hint = "set it in .env beside the file or in the stack's variables";
        self.error(path, (format!("the variable{quoted} is not set"), hint));
        None
    }

    fn size_fits(&mut self, kind: Kind, size: usize, path: &KeyPath<'_>) -> Option<()> {
        let limit = match kind {
            Kind::Secret => MAX_SECRET_BYTES,
            _ => MAX_CONFIG_BYTES,
        };
        let remark = match size {
            0 => (
                format!("the {kind} is empty; the engine takes only content of one byte and more"),
                "give it content, or remove it",
            ),
            size if size > limit => (
                format!("the {kind} is too large; the engine takes at most {limit} bytes"),
                "make it smaller, or put the file into the image or a volume",
            ),
            _ => return Some(()),
        };
        self.error(path, remark);
        None
    }

    /// Secrets that a service mounts, sorted by name.
    pub(super) fn secret_references(
        &mut self,
        mounts: Option<&Vec<DataMount>>,
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Vec<SecretReference> {
        let names = self
            .names(&declared.secrets, |secret| (secret.name.as_deref(), secret.external.as_ref()));
        let found = self.references(Kind::Secret, mounts, &names, &path.key("secrets"));
        let reference = |(secret_name, file)| SecretReference {
            file: Some(file),
            secret_name,
            ..SecretReference::default()
        };
        found.into_iter().map(reference).collect()
    }

    /// Configs that a service mounts, sorted by name.
    pub(super) fn config_references(
        &mut self,
        mounts: Option<&Vec<DataMount>>,
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> Vec<ConfigReference> {
        let names = self.config_names(declared);
        let found = self.references(Kind::Config, mounts, &names, &path.key("configs"));
        let reference = |(config_name, file)| ConfigReference {
            file: Some(file),
            config_name,
            ..ConfigReference::default()
        };
        found.into_iter().map(reference).collect()
    }

    /// Full names of configs, by key.
    pub(super) fn config_names(&self, declared: &Declared) -> BTreeMap<String, String> {
        self.names(&declared.configs, |config| (config.name.as_deref(), config.external.as_ref()))
    }

    fn names<T>(
        &self,
        forms: &BTreeMap<String, T>,
        parts: impl Fn(&T) -> (Option<&str>, Option<&External>),
    ) -> BTreeMap<String, String> {
        let name = |(key, form): (&String, &T)| {
            let (name, external) = parts(form);
            (key.clone(), self.object_name(key, name, external))
        };
        forms.iter().map(name).collect()
    }

    fn references(
        &mut self,
        kind: Kind,
        mounts: Option<&Vec<DataMount>>,
        names: &BTreeMap<String, String>,
        path: &KeyPath<'_>,
    ) -> Vec<(String, DataFile)> {
        let mut found: Vec<(String, DataFile)> = Vec::new();
        for (index, mount) in mounts.into_iter().flatten().enumerate() {
            let here = path.index(index);
            let long = match mount {
                DataMount::Short(source) => {
                    LongDataMount { source: source.clone(), ..LongDataMount::default() }
                }
                DataMount::Long(long) => long.clone(),
            };
            let Some(name) = self.reference(kind, &long.source, names, &here) else { continue };
            let owner = |id: Option<String>| id.filter(|id| !id.is_empty());
            let file = DataFile {
                name: long.target.clone().filter(|t| !t.is_empty()).unwrap_or(long.source),
                uid: owner(long.uid).unwrap_or_else(|| DATA_OWNER.to_owned()),
                gid: owner(long.gid).unwrap_or_else(|| DATA_OWNER.to_owned()),
                mode: long.mode.unwrap_or(DATA_MODE),
            };
            if found.iter().any(|(_, other)| other.name == file.name) {
                let quoted = self.quote(&here, &file.name);
                let message = format!("two {} have the target{quoted}", section_of(kind));
                self.error(&here, (message, "give one of them another target"));
            }
            found.push((name, file));
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    fn reference(
        &mut self,
        kind: Kind,
        key: &str,
        names: &BTreeMap<String, String>,
        path: &KeyPath<'_>,
    ) -> Option<String> {
        let section = section_of(kind);
        if self.findings.is_spoiled(section, key) {
            self.findings.spoil(super::service::entry_of(path));
            return None;
        }
        if let Some(name) = names.get(key) {
            return Some(name.clone());
        }
        let hint = format!("declare it under the top-level {section}");
        let quoted = self.quote(path, key);
        self.error(path, (format!("the {kind}{quoted} is not declared"), hint));
        None
    }
}

fn section_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Secret => "secrets",
        Kind::Config => "configs",
        Kind::Network => "networks",
        Kind::Service => "services",
        Kind::Node => "nodes",
    }
}

fn driver_named(name: &str) -> DataDriver {
    DataDriver { name: name.to_owned(), ..DataDriver::default() }
}

/// The only origin that is given.
fn only<'a>(origins: impl IntoIterator<Item = Option<Origin<'a>>>) -> Origin<'a> {
    let mut given = origins.into_iter().flatten();
    match (given.next(), given.next()) {
        (None, _) => Origin::Missing,
        (Some(origin), None) => origin,
        (Some(_), Some(_)) => Origin::Twice,
    }
}

fn secret_form(secret: &Secret) -> Form<'_> {
    let driver = |name: &String| {
        let options = options(secret.driver_opts.as_ref());
        Origin::Driver(DataDriver { name: name.clone(), options })
    };
    let origin = only([
        secret.file.as_deref().map(Origin::File),
        secret.environment.as_deref().map(Origin::Variable),
        secret.driver.as_ref().filter(|name| !name.is_empty()).map(driver),
    ]);
    Form {
        name: secret.name.as_deref(),
        labels: secret.labels.as_ref(),
        template_driver: secret.template_driver.as_deref(),
        external: secret.external.as_ref(),
        settings: secret.settings.as_ref(),
        origin,
    }
}

fn config_form(config: &Config) -> Form<'_> {
    let origin = only([
        config.file.as_deref().map(Origin::File),
        config.content.as_deref().map(Origin::Inline),
        config.environment.as_deref().map(Origin::Variable),
    ]);
    Form {
        name: config.name.as_deref(),
        labels: config.labels.as_ref(),
        template_driver: config.template_driver.as_deref(),
        external: config.external.as_ref(),
        settings: config.settings.as_ref(),
        origin,
    }
}
