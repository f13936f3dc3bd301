//! `ContainerSpec`: what a task runs.

mod bound;
mod environment;
mod hosts;
mod mounts;
mod privileges;

use crate::load::compose::{
    CommandLine, HealthTest, HealthcheckForm, KeyValues, Logging, Service, Ulimit as UlimitForm,
    Words,
};
use crate::load::convert::{Declared, Stage};
use crate::load::yaml::KeyPath;
use crate::model::ImageRef;
use crate::model::engine::{ContainerSpec, DnsConfig, Healthcheck, LogDriver, Ulimit};

impl Stage<'_, '_> {
    /// The container of a service.
    pub(super) fn container(
        &mut self,
        (service, image): (&Service, &ImageRef),
        declared: &Declared,
        path: &KeyPath<'_>,
    ) -> ContainerSpec {
        let words =
            |line: &Option<CommandLine>| line.as_ref().map(CommandLine::words).unwrap_or_default();
        let (capability_add, capability_drop) = capabilities(
            service.cap_add.as_deref().unwrap_or_default(),
            service.cap_drop.as_deref().unwrap_or_default(),
        );
        let mut configs = self.config_references(service.configs.as_ref(), declared, path);
        let privileges = self.privileges(service, declared, path, &mut configs);
        let mounts = self.mounts(service, declared, path, &mut configs);
        ContainerSpec {
            image: image.familiar(),
            labels: self.container_labels(service, path),
            command: words(&service.entrypoint),
            args: words(&service.command),
            hostname: service.hostname.clone().unwrap_or_default(),
            env: self.environment(service, path),
            dir: service.working_dir.clone().unwrap_or_default(),
            user: service.user.clone().unwrap_or_default(),
            groups: service.group_add.iter().flatten().map(|group| group.0.clone()).collect(),
            privileges: Some(Box::new(privileges)),
            init: service.init,
            stop_signal: service.stop_signal.clone().unwrap_or_default(),
            tty: service.tty.unwrap_or_default(),
            open_stdin: service.stdin_open.unwrap_or_default(),
            read_only: service.read_only.unwrap_or_default(),
            mounts,
            stop_grace_period: service.stop_grace_period.as_ref().map(|period| period.0),
            healthcheck: self.healthcheck(service.healthcheck.as_ref(), path).map(Box::new),
            hosts: self.hosts(service.extra_hosts.as_ref(), path),
            dns_config: dns(service).map(Box::new),
            secrets: self.secret_references(service.secrets.as_ref(), declared, path),
            configs,
            isolation: service.isolation.clone().unwrap_or_default(),
            sysctls: service.sysctls.as_ref().map(KeyValues::filled).unwrap_or_default(),
            capability_add,
            capability_drop,
            ulimits: ulimits(service),
            oom_score_adj: service.oom_score_adj.unwrap_or_default(),
            ..ContainerSpec::default()
        }
    }

    fn healthcheck(
        &mut self,
        form: Option<&HealthcheckForm>,
        path: &KeyPath<'_>,
    ) -> Option<Healthcheck> {
        let form = form?;
        let test = match &form.test {
            Some(HealthTest::Shell(line)) => vec!["CMD-SHELL".to_owned(), line.clone()],
            Some(HealthTest::Words(words)) => words.clone(),
            None => Vec::new(),
        };
        if form.disable == Some(true) {
            if !test.is_empty() {
                let hint = "keep one of the two";
                let here = path.key("healthcheck");
                self.error(
                    &here.key("disable"),
                    ("a health check with a test can't be disabled", hint),
                );
            }
            return Some(Healthcheck { test: vec!["NONE".to_owned()], ..Healthcheck::default() });
        }
        let nanos = |time: &Option<crate::load::compose::Duration>| time.as_ref().map(|t| t.0);
        Some(Healthcheck {
            test,
            interval: nanos(&form.interval).unwrap_or_default(),
            timeout: nanos(&form.timeout).unwrap_or_default(),
            start_period: nanos(&form.start_period).unwrap_or_default(),
            start_interval: nanos(&form.start_interval).unwrap_or_default(),
            retries: form.retries.unwrap_or_default(),
            ..Healthcheck::default()
        })
    }
}

/// `address name`, in the order of a list, sorted for a mapping.
fn dns(service: &Service) -> Option<DnsConfig> {
    let list = |words: &Option<Words>| words.as_ref().map(Words::list).unwrap_or_default();
    let keys = [&service.dns, &service.dns_search, &service.dns_opt];
    keys.iter().any(|key| key.is_some()).then(|| DnsConfig {
        nameservers: list(&service.dns),
        search: list(&service.dns_search),
        options: list(&service.dns_opt),
        ..DnsConfig::default()
    })
}

fn ulimits(service: &Service) -> Vec<Ulimit> {
    let limit = |(name, form): (&String, &UlimitForm)| {
        let (soft, hard) = match *form {
            UlimitForm::Both(limit) => (limit, limit),
            UlimitForm::Each { soft, hard } => (soft, hard),
        };
        Ulimit { name: name.clone(), hard, soft }
    };
    service.ulimits.iter().flatten().map(limit).collect()
}

/// Capabilities in docker's one spelling (`opts/capabilities.go`): `ALL` takes in all others, and
/// what is added is not dropped.
fn capabilities(add: &[String], drop: &[String]) -> (Vec<String>, Vec<String>) {
    let spelled = |list: &[String]| -> std::collections::BTreeSet<String> {
        list.iter()
            .map(|name| name.trim().to_ascii_uppercase())
            .filter(|name| name != "RESET")
            .map(|name| match name.as_str() {
                "ALL" => name,
                _ if name.starts_with("CAP_") => name,
                _ => format!("CAP_{name}"),
            })
            .collect()
    };
    let all = |set: &std::collections::BTreeSet<String>| set.contains("ALL");
    let (mut add, mut drop) = (spelled(add), spelled(drop));
    if all(&add) {
        add = ["ALL".to_owned()].into();
    }
    if all(&drop) {
        drop = ["ALL".to_owned()].into();
    }
    drop.retain(|name| !add.contains(name));
    (add.into_iter().collect(), drop.into_iter().collect())
}

/// Log driver; the node's default without one.
pub(super) fn log_driver(form: &Logging) -> LogDriver {
    let option = |(key, value): (&String, &Option<crate::load::compose::ScalarText>)| {
        (key.clone(), value.as_ref().map(|text| text.0.clone()).unwrap_or_default())
    };
    LogDriver {
        name: form.driver.clone().unwrap_or_default(),
        options: form.options.iter().flatten().map(option).collect(),
        ..LogDriver::default()
    }
}
