//! `x-skep.ignore`: a service's own rules, and those of its stack.

use super::Stage;
use crate::load::check::nearest;
use crate::load::compose::{IgnoreForm, IgnoreRule, Service};
use crate::load::yaml::KeyPath;
use crate::model::pattern::parents;
use crate::model::{FieldRules, Pattern};

/// Longest pattern, in bytes.
const LONGEST: usize = 500;

/// Paths of all fields that a comparison knows (`diff::fields`); `*` is where names stand.
pub const FIELDS: [&str; 81] = [
    "cap_add[*]",
    "cap_drop[*]",
    "command",
    "configs.*",
    "credential_spec.config",
    "credential_spec.file",
    "credential_spec.registry",
    "deploy.endpoint_mode",
    "deploy.labels.*",
    "deploy.max_concurrent",
    "deploy.mode",
    "deploy.placement.constraints[*]",
    "deploy.placement.max_replicas_per_node",
    "deploy.placement.preferences",
    "deploy.replicas",
    "deploy.resources.limits.cpus",
    "deploy.resources.limits.generic_resources.*",
    "deploy.resources.limits.memory",
    "deploy.resources.limits.pids",
    "deploy.resources.reservations.cpus",
    "deploy.resources.reservations.generic_resources.*",
    "deploy.resources.reservations.memory",
    "deploy.resources.reservations.pids",
    "deploy.restart_policy.condition",
    "deploy.restart_policy.delay",
    "deploy.restart_policy.max_attempts",
    "deploy.restart_policy.window",
    "deploy.rollback_config.delay",
    "deploy.rollback_config.failure_action",
    "deploy.rollback_config.max_failure_ratio",
    "deploy.rollback_config.monitor",
    "deploy.rollback_config.order",
    "deploy.rollback_config.parallelism",
    "deploy.total_completions",
    "deploy.update_config.delay",
    "deploy.update_config.failure_action",
    "deploy.update_config.max_failure_ratio",
    "deploy.update_config.monitor",
    "deploy.update_config.order",
    "deploy.update_config.parallelism",
    "dns",
    "dns_opt",
    "dns_search",
    "entrypoint",
    "environment.*",
    "extra_hosts[*]",
    "group_add[*]",
    "healthcheck.interval",
    "healthcheck.retries",
    "healthcheck.start_interval",
    "healthcheck.start_period",
    "healthcheck.test",
    "healthcheck.timeout",
    "hostname",
    "image",
    "init",
    "isolation",
    "labels.*",
    "logging.driver",
    "logging.options.*",
    "networks.*",
    "oom_score_adj",
    "ports[*]",
    "read_only",
    "runtime",
    "secrets.*",
    "stdin_open",
    "stop_grace_period",
    "stop_signal",
    "sysctls.*",
    "tty",
    "ulimits.*",
    "user",
    "volumes[*].*",
    "working_dir",
    "x-skep.apparmor",
    "x-skep.no_new_privileges",
    "x-skep.seccomp",
    "x-skep.selinux",
    "x-skep.swap",
    "x-skep.swappiness",
];

/// A pattern with the services that it is for; `None` stands for all.
pub(super) type StackRule = (Pattern, Option<Vec<Pattern>>);

impl Stage<'_, '_> {
    /// The rules of the stack; told once, whatever services there are.
    pub(super) fn ignore_of_all(&mut self) -> Vec<StackRule> {
        let forms = self.settings.ignore.clone().unwrap_or_default();
        let root = KeyPath::root();
        let settings = root.key("x-skep");
        let path = settings.key("ignore");
        let mut rules = Vec::new();
        for (index, form) in forms.iter().enumerate() {
            let item = path.index(index);
            let services = match form {
                IgnoreForm::Rule(IgnoreRule { services: Some(names), .. }) => {
                    Some(self.services_meant(names, &item.key("services")))
                }
                _ => None,
            };
            let patterns = self.patterns(form, &item);
            rules.extend(patterns.into_iter().map(|pattern| (pattern, services.clone())));
        }
        rules
    }

    /// Fields of a service that others decide.
    pub(super) fn ignore(
        &mut self,
        (key, form): (&str, &Service),
        path: &KeyPath<'_>,
    ) -> FieldRules {
        let settings = path.key("x-skep");
        let here = settings.key("ignore");
        let forms = form.settings.as_ref().and_then(|settings| settings.ignore.clone());
        let mut own = Vec::new();
        for (index, form) in forms.iter().flatten().enumerate() {
            let item = here.index(index);
            if matches!(form, IgnoreForm::Rule(IgnoreRule { services: Some(_), .. })) {
                let remark = ("a service's own rule is for this service", "remove services");
                self.error(&item.key("services"), remark);
            }
            own.extend(self.patterns(form, &item));
        }
        let meant = |(_, services): &&StackRule| {
            services.as_ref().is_none_or(|names| names.iter().any(|name| name.fits(key)))
        };
        let shared = self.ignore.iter().filter(meant).map(|(pattern, _)| pattern.clone());
        own.into_iter().chain(shared).collect()
    }

    fn patterns(&mut self, form: &IgnoreForm, path: &KeyPath<'_>) -> Vec<Pattern> {
        match form {
            IgnoreForm::Field(text) => self.field(text, path).into_iter().collect(),
            IgnoreForm::Rule(rule) => {
                if !["fields", "preset"].iter().any(|key| self.stands(path, key)) {
                    let hint = "write fields: [deploy.replicas], or preset: autoscaler";
                    self.error(path, ("the rule names no fields", hint));
                }
                let list = path.key("fields");
                let mut patterns = Vec::new();
                for (index, text) in rule.fields.iter().flatten().enumerate() {
                    patterns.extend(self.field(text, &list.index(index)));
                }
                let ready = rule.preset.map(|preset| preset.fields()).unwrap_or_default();
                patterns.extend(ready.iter().copied().map(Pattern::new));
                patterns
            }
        }
    }

    /// A pattern over fields; warned of when there is no field that it could mean.
    pub(super) fn field(&mut self, text: &str, path: &KeyPath<'_>) -> Option<Pattern> {
        if text.len() > LONGEST {
            self.error(path, "a pattern has at most 500 bytes");
            return None;
        }
        let pattern = Pattern::new(text);
        if !is_possible(&pattern) {
            let quoted = self.quote(path, text);
            let message = format!("the pattern{quoted} fits no field that a service can have");
            let usual = "paths are those that skep diff prints, such as deploy.replicas";
            let hint = suggestion(text)
                .map_or(usual.to_owned(), |near| format!("did you mean '{near}'? {usual}"));
            self.warning(path, (message, hint));
        }
        Some(pattern)
    }

    fn services_meant(&mut self, names: &[String], path: &KeyPath<'_>) -> Vec<Pattern> {
        let keys: Vec<String> =
            self.entries("services").into_iter().flat_map(|map| map.keys().cloned()).collect();
        let mut patterns = Vec::new();
        for (index, name) in names.iter().enumerate() {
            if name.len() > LONGEST {
                self.error(&path.index(index), "a pattern has at most 500 bytes");
                continue;
            }
            let pattern = Pattern::new(name);
            if !keys.iter().any(|key| pattern.fits(key)) {
                let message = format!("no service fits{}", self.quote(&path.index(index), name));
                let near = nearest(name, keys.iter().map(String::as_str));
                let hint = near.map_or("write the key of a service".to_owned(), |near| {
                    format!("did you mean '{near}'?")
                });
                self.warning(&path.index(index), (message, hint));
            }
            patterns.push(pattern);
        }
        patterns
    }
}

/// Whether a pattern could mean a field at all, or something that fields are parts of.
fn is_possible(pattern: &Pattern) -> bool {
    FIELDS.iter().any(|field| {
        let mut whole = parents(field).chain([*field]);
        whole.any(|path| Pattern::new(path).meets(pattern))
    })
}

/// The path that was probably meant.
fn suggestion(text: &str) -> Option<&'static str> {
    let last = |field: &&&str| field.rsplit('.').next() == Some(text);
    let near = || nearest(text, FIELDS.iter().copied());
    let begins = || {
        let heads = FIELDS.iter().flat_map(|field| parents(field));
        let own = parents(text).last()?;
        nearest(own, heads)
    };
    FIELDS.iter().find(last).copied().or_else(near).or_else(begins)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_be_meant_and_what_was_probably_meant() {
        for (text, possible, near) in [
            ("deploy.replicas", true, None),
            ("deploy.labels", true, None),
            ("deploy.labels.traefik.*", true, None),
            ("environment.BUILD_*", true, None),
            ("volumes[/data].read_only", true, None),
            ("volumes[/data]", true, None),
            ("*.cpus", true, None),
            ("replicas", false, Some("deploy.replicas")),
            ("deploy.replica", false, Some("deploy.replicas")),
            ("deploy.label.traefik", false, Some("deploy.labels")),
            ("enviroment.BUILD_*", false, Some("environment")),
            ("metadata.annotations", false, None),
        ] {
            let pattern = Pattern::new(text);
            assert_eq!(is_possible(&pattern), possible, "{text}");
            if !possible {
                assert_eq!(suggestion(text), near, "{text}");
            }
        }
    }
}
