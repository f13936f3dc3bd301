//! `Privileges`: credentials, and what a container may do.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::load::compose::{AppArmorForm, CredentialSpecForm, Service, Unsupported};
use crate::load::convert::{Declared, Stage};
use crate::load::yaml::KeyPath;
use crate::model::engine::{AppArmor, ConfigReference, CredentialSpec, Privileges, Seccomp};

/// Options of `security_opt` that the engine knows for services.
const LABELS: [&str; 4] = ["user", "role", "type", "level"];

impl Stage<'_, '_> {
    /// Always sent, also when empty.
    pub(super) fn privileges(
        &mut self,
        service: &Service,
        declared: &Declared,
        path: &KeyPath<'_>,
        configs: &mut Vec<ConfigReference>,
    ) -> Privileges {
        let mut privileges = Privileges::default();
        if let Some(form) = &service.credential_spec {
            let spec = self.credentials(form, (declared, path), configs);
            privileges.credential_spec = spec.map(Box::new);
        }
        if !self.ignores(service, Unsupported::SecurityOpt) {
            let list = path.key("security_opt");
            for (index, option) in service.security_opt.iter().flatten().enumerate() {
                self.security_option(&mut privileges, option, &list.index(index));
            }
        }
        self.security_settings(&mut privileges, service, path);
        privileges
    }

    /// `no-new-privileges`, `seccomp:…`, `apparmor:…`, `label:…`; `=` may stand for the colon
    /// (`parseSecurityOpt` in moby).
    fn security_option(&mut self, privileges: &mut Privileges, option: &str, path: &KeyPath<'_>) {
        let (name, value) = option.split_once([':', '=']).unwrap_or((option, ""));
        match (name, value) {
            ("no-new-privileges", "" | "true") => privileges.no_new_privileges = true,
            ("no-new-privileges", "false") => privileges.no_new_privileges = false,
            ("seccomp", "builtin") => privileges.seccomp = Some(Box::new(mode_only("default"))),
            ("seccomp", file) if !file.is_empty() => {
                privileges.seccomp = self.seccomp(file, path).map(Box::new);
            }
            ("apparmor", "unconfined") => {
                privileges.app_armor = Some(Box::new(app_armor(AppArmorForm::Unconfined)));
            }
            ("apparmor", "docker-default") => {
                privileges.app_armor = Some(Box::new(app_armor(AppArmorForm::Default)));
            }
            ("label", label) if set_label(privileges, label).is_some() => {}
            _ => {
                let quoted = self.quote(path, option);
                let message = format!("the option{quoted} can't be used in a swarm");
                let hint = "no-new-privileges, seccomp, apparmor (unconfined or docker-default) \
                            and label can; x-skep: {ignore_unsupported: [security_opt]} drops all \
                            options, as docker does";
                self.error(path, (message, hint));
            }
        }
    }

    fn security_settings(
        &mut self,
        privileges: &mut Privileges,
        service: &Service,
        path: &KeyPath<'_>,
    ) {
        let Some(settings) = &service.settings else { return };
        if let Some(flag) = settings.no_new_privileges {
            privileges.no_new_privileges = flag;
        }
        if let Some(form) = settings.apparmor {
            privileges.app_armor = Some(Box::new(app_armor(form)));
        }
        if let Some(word) = &settings.seccomp {
            let here = path.key("x-skep");
            privileges.seccomp = self.seccomp(word, &here.key("seccomp")).map(Box::new);
        }
    }

    /// `default`, `unconfined`, or a file with a profile.
    fn seccomp(&mut self, word: &str, path: &KeyPath<'_>) -> Option<Seccomp> {
        if matches!(word, "default" | "unconfined") {
            return Some(mode_only(word));
        }
        let (file, bytes) = self.read(path, word)?;
        if serde_json::from_slice::<serde::de::IgnoredAny>(&bytes).is_err() {
            let hint = "a profile is a JSON object, as docker run takes it";
            self.error(path, (format!("'{file}' is no seccomp profile: it is not JSON"), hint));
            return None;
        }
        Some(Seccomp { mode: "custom".to_owned(), profile: STANDARD.encode(&*bytes) })
    }

    /// A credential spec from a config is a config of the runtime.
    fn credentials(
        &mut self,
        form: &CredentialSpecForm,
        (declared, path): (&Declared, &KeyPath<'_>),
        configs: &mut Vec<ConfigReference>,
    ) -> Option<CredentialSpec> {
        let here = path.key("credential_spec");
        let sources = [&form.config, &form.file, &form.registry];
        let given = sources.iter().filter(|source| source.as_ref().is_some_and(|s| !s.is_empty()));
        match given.count() {
            0 => {
                let hint = "write config, file or registry, or remove it";
                self.warning(&here, ("this credential spec names nothing", hint));
                return None;
            }
            1 => {}
            _ => {
                let message = "a credential spec has exactly one of config, file and registry";
                self.error(&here, (message, "keep one"));
                return None;
            }
        }
        let mut spec = CredentialSpec {
            config: String::new(),
            file: form.file.clone().unwrap_or_default(),
            registry: form.registry.clone().unwrap_or_default(),
        };
        if let Some(key) = form.config.as_ref().filter(|key| !key.is_empty()) {
            let Some(name) = self.config_names(declared).remove(key) else {
                let hint = "declare it under the top-level configs";
                let quoted = self.quote(&here, key);
                self.error(&here, (format!("the config{quoted} is not declared"), hint));
                return None;
            };
            spec.config.clone_from(&name);
            configs.push(ConfigReference {
                config_name: name,
                extra: [("Runtime".to_owned(), serde_json::json!({}))].into(),
                ..ConfigReference::default()
            });
            configs.sort_by(|a, b| a.config_name.cmp(&b.config_name));
        }
        Some(spec)
    }
}

fn mode_only(mode: &str) -> Seccomp {
    Seccomp { mode: mode.to_owned(), profile: String::new() }
}

fn app_armor(form: AppArmorForm) -> AppArmor {
    let mode = match form {
        AppArmorForm::Default => "default",
        AppArmorForm::Unconfined => "disabled",
    };
    AppArmor { mode: mode.to_owned() }
}

/// `disable`, or one part of an SELinux label. `None` when it is neither. All parts are written,
/// because the engine gives all of them back.
fn set_label(privileges: &mut Privileges, label: &str) -> Option<()> {
    let (part, value) = label.split_once(':').unwrap_or((label, ""));
    let (key, value) = match part {
        "disable" if value.is_empty() => ("Disable".to_owned(), serde_json::json!(true)),
        part if LABELS.contains(&part) && !value.is_empty() => {
            (part[..1].to_uppercase() + &part[1..], serde_json::json!(value))
        }
        _ => return None,
    };
    let context = privileges.selinux_context.get_or_insert_with(
        || serde_json::json!({"Disable": false, "User": "", "Role": "", "Type": "", "Level": ""}),
    );
    context[key] = value;
    Some(())
}
