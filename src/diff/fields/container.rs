//! Fields of a container spec.

use super::{Fields, IMAGE, NamesById, configs, duration_text, mounts, secrets};
use crate::model::SpecHash;
use crate::model::engine::{ContainerSpec, DnsConfig, Healthcheck, Privileges, Seccomp, Ulimit};

/// The engine's stop grace period when none is given (`api/defaults/service.go` in swarmkit).
const STOP_GRACE: i64 = 10_000_000_000;
/// Mode of seccomp and `AppArmor` when none is given.
const DEFAULT: &str = "default";

/// All fields of a container spec.
#[must_use]
pub fn container(spec: &ContainerSpec, names: &NamesById) -> Fields {
    let mut fields = process(spec);
    fields.extend(mounts(&spec.mounts));
    fields.extend(secrets(&spec.secrets, names));
    fields.extend(configs(&spec.configs, names));
    fields.extend(healthcheck(spec.healthcheck.as_deref()));
    fields.extend(dns(spec.dns_config.as_deref()));
    fields.extend(privileges(spec.privileges.as_deref(), names));
    fields.extend(ulimits(&spec.ulimits));
    fields.put_map("labels", &spec.labels);
    fields.put_map("sysctls", &spec.sysctls);
    fields.put_set("extra_hosts", &spec.hosts);
    fields.put_set("cap_add", &spec.capability_add);
    fields.put_set("cap_drop", &spec.capability_drop);
    fields.put_set("group_add", &spec.groups);
    fields
}

fn process(spec: &ContainerSpec) -> Fields {
    let mut fields = Fields::default();
    fields.put(IMAGE, &spec.image);
    for (path, text) in [
        ("hostname", &spec.hostname),
        ("working_dir", &spec.dir),
        ("user", &spec.user),
        ("stop_signal", &spec.stop_signal),
    ] {
        fields.put_unless(path, text.as_str(), "");
    }
    for (path, list) in [("entrypoint", &spec.command), ("command", &spec.args)] {
        if !list.is_empty() {
            fields.put_masked(path, super::list_text(list));
        }
    }
    for entry in &spec.env {
        let (name, value) = entry.split_once('=').unwrap_or((entry, "(unset)"));
        fields.put_masked(format!("environment.{name}"), value);
    }
    if let Some(init) = spec.init {
        fields.put("init", init);
    }
    for (path, flag) in
        [("tty", spec.tty), ("stdin_open", spec.open_stdin), ("read_only", spec.read_only)]
    {
        fields.put_unless(path, flag, false);
    }
    fields.put_duration(
        "stop_grace_period",
        spec.stop_grace_period.unwrap_or(STOP_GRACE),
        STOP_GRACE,
    );
    let isolation = if spec.isolation == "default" { "" } else { spec.isolation.as_str() };
    fields.put_unless("isolation", isolation, "");
    fields.put_unless("oom_score_adj", spec.oom_score_adj, 0);
    fields
}

fn healthcheck(check: Option<&Healthcheck>) -> Fields {
    let mut fields = Fields::default();
    let Some(check) = check else { return fields };
    if !check.test.is_empty() {
        fields.put_masked("healthcheck.test", super::list_text(&check.test));
    }
    for (path, nanoseconds) in [
        ("healthcheck.interval", check.interval),
        ("healthcheck.timeout", check.timeout),
        ("healthcheck.start_period", check.start_period),
        ("healthcheck.start_interval", check.start_interval),
    ] {
        if nanoseconds != 0 {
            fields.put(path, duration_text(nanoseconds));
        }
    }
    fields.put_unless("healthcheck.retries", check.retries, 0);
    fields
}

fn dns(config: Option<&DnsConfig>) -> Fields {
    let mut fields = Fields::default();
    let Some(config) = config else { return fields };
    fields.put_list("dns", &config.nameservers);
    fields.put_list("dns_search", &config.search);
    fields.put_list("dns_opt", &config.options);
    fields
}

fn privileges(privileges: Option<&Privileges>, names: &NamesById) -> Fields {
    let mut fields = Fields::default();
    let Some(privileges) = privileges else { return fields };
    if let Some(spec) = &privileges.credential_spec {
        let config = names.get(&spec.config).unwrap_or(&spec.config);
        for (path, text) in [
            ("credential_spec.config", config),
            ("credential_spec.file", &spec.file),
            ("credential_spec.registry", &spec.registry),
        ] {
            fields.put_unless(path, text.as_str(), "");
        }
    }
    if let Some(context) = &privileges.selinux_context {
        fields.put("x-skep.selinux", context);
    }
    fields.put_unless("x-skep.no_new_privileges", privileges.no_new_privileges, false);
    if let Some(seccomp) = privileges.seccomp.as_deref() {
        fields.put_unless("x-skep.seccomp", seccomp_text(seccomp), DEFAULT.to_owned());
    }
    if let Some(profile) = privileges.app_armor.as_deref() {
        let mode = if profile.mode.is_empty() { DEFAULT } else { &profile.mode };
        fields.put_unless("x-skep.apparmor", mode, DEFAULT);
    }
    fields
}

/// The mode; a profile is told by its hash, because it has hundreds of lines.
fn seccomp_text(seccomp: &Seccomp) -> String {
    let mode = if seccomp.mode.is_empty() { DEFAULT } else { &seccomp.mode };
    match seccomp.profile.as_str() {
        "" => mode.to_owned(),
        profile => format!("{mode} {}", SpecHash::of(profile.as_bytes()).as_str()),
    }
}

fn ulimits(limits: &[Ulimit]) -> Fields {
    let mut fields = Fields::default();
    for limit in limits {
        fields.put(format!("ulimits.{}", limit.name), format!("{}:{}", limit.soft, limit.hard));
    }
    fields
}
