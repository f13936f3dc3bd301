//! What a task runs.

use crate::diff::fields::duration_text;
use crate::model::engine::{ContainerSpec, DnsConfig, Healthcheck, Privileges, Ulimit};
use crate::view::yaml::{Map, Yaml};

use super::deploy::duration;
use crate::view::compose::sheet::Sheet;
use crate::view::compose::{own_labels, strings};

impl Sheet<'_> {
    /// The container's keys, but for what it mounts.
    pub(super) fn container(&mut self, map: &mut Map, spec: &ContainerSpec) {
        process(map, spec);
        self.environment(map, &spec.env);
        map.put_filled("labels", own_labels(&spec.labels));
        map.put_some("healthcheck", spec.healthcheck.as_deref().map(|c| self.healthcheck(c)));
        map.put_some("stop_grace_period", spec.stop_grace_period.map(duration_text));
        let hosts = self.hosts(&spec.hosts);
        map.put_filled("extra_hosts", hosts);
        if let Some(dns) = spec.dns_config.as_deref() {
            self.dns(map, dns);
        }
        map.put_filled("sysctls", strings(&spec.sysctls));
        map.put_filled("cap_add", Yaml::texts(&spec.capability_add));
        map.put_filled("cap_drop", Yaml::texts(&spec.capability_drop));
        map.put_filled("ulimits", ulimits(&spec.ulimits));
        map.put_unless("oom_score_adj", spec.oom_score_adj, 0);
        if !matches!(spec.isolation.as_str(), "" | "default") {
            map.put("isolation", spec.isolation.as_str());
        }
        map.put_filled("group_add", Yaml::texts(&spec.groups));
        if let Some(privileges) = &spec.privileges {
            self.privileges(map, privileges);
        }
        self.unknown("", &spec.extra);
    }

    /// By name; a name alone takes the variable away from the image.
    fn environment(&mut self, map: &mut Map, env: &[String]) {
        let mut variables = Map::new();
        for entry in env {
            match entry.split_once('=') {
                Some((name, value)) => variables.put(name, value),
                None => variables.put(entry.as_str(), Yaml::Null),
            }
        }
        map.put_filled("environment", variables);
    }

    fn healthcheck(&mut self, check: &Healthcheck) -> Map {
        let mut map = Map::new();
        self.unknown("healthcheck", &check.extra);
        let alone = Healthcheck { test: check.test.clone(), ..Healthcheck::default() };
        match check.test.as_slice() {
            [] => {}
            [none] if none == "NONE" && *check == alone => map.put("disable", true),
            [shell, line] if shell == "CMD-SHELL" => map.put("test", line.as_str()),
            words => map.put("test", Yaml::texts(words)),
        }
        for (key, time) in [
            ("interval", check.interval),
            ("timeout", check.timeout),
            ("start_period", check.start_period),
            ("start_interval", check.start_interval),
        ] {
            map.put_some(key, duration(time));
        }
        map.put_unless("retries", check.retries, 0);
        map
    }

    /// `name:address`; the engine keeps `address name`.
    fn hosts(&mut self, hosts: &[String]) -> Yaml {
        let mut lines: Vec<Yaml> = Vec::new();
        for host in hosts {
            let Some((address, name)) = host.split_once(' ') else {
                self.remark("extra_hosts", format!("no key says this: {host}"));
                continue;
            };
            let mark = if address.contains(':') { '=' } else { ':' };
            let line = Yaml::Text(format!("{name}{mark}{address}"));
            if !lines.contains(&line) {
                lines.push(line);
            }
        }
        lines.into()
    }

    /// With empty settings the list of servers stands there, empty: that is not nothing to the
    /// engine.
    fn dns(&mut self, map: &mut Map, dns: &DnsConfig) {
        let others = dns.search.is_empty() && dns.options.is_empty();
        if !dns.nameservers.is_empty() || others {
            map.put("dns", Yaml::texts(&dns.nameservers));
        }
        map.put_filled("dns_search", Yaml::texts(&dns.search));
        map.put_filled("dns_opt", Yaml::texts(&dns.options));
        self.unknown("dns", &dns.extra);
    }

    fn privileges(&mut self, map: &mut Map, privileges: &Privileges) {
        if let Some(spec) = &privileges.credential_spec {
            let mut credentials = Map::new();
            if !spec.config.is_empty() {
                credentials.put("config", self.config_key(&spec.config, &spec.config));
            }
            credentials.put_unless("file", spec.file.as_str(), "");
            credentials.put_unless("registry", spec.registry.as_str(), "");
            map.put_filled("credential_spec", credentials);
        }
        if let Some(context) = &privileges.selinux_context {
            map.put_filled("security_opt", Yaml::texts(labels(context)));
        }
        self.unknown("x-skep", &privileges.extra);
    }
}

/// An SELinux label as options of `security_opt`.
fn labels(context: &serde_json::Value) -> Vec<String> {
    let part = |key: &str| {
        let value = context[key].as_str().filter(|value| !value.is_empty())?;
        Some(format!("label:{}:{value}", key.to_lowercase()))
    };
    let disable = context["Disable"] == serde_json::Value::Bool(true);
    let disabled = disable.then(|| "label:disable".to_owned());
    disabled
        .into_iter()
        .chain(["User", "Role", "Type", "Level"].into_iter().filter_map(part))
        .collect()
}

fn process(map: &mut Map, spec: &ContainerSpec) {
    for (key, text) in
        [("hostname", &spec.hostname), ("user", &spec.user), ("working_dir", &spec.dir)]
    {
        map.put_unless(key, text.as_str(), "");
    }
    map.put_filled("entrypoint", Yaml::texts(&spec.command));
    map.put_filled("command", Yaml::texts(&spec.args));
    map.put_some("init", spec.init);
    for (key, flag) in
        [("read_only", spec.read_only), ("tty", spec.tty), ("stdin_open", spec.open_stdin)]
    {
        map.put_unless(key, flag, false);
    }
    map.put_unless("stop_signal", spec.stop_signal.as_str(), "");
}

fn ulimits(limits: &[Ulimit]) -> Map {
    let mut map = Map::new();
    for limit in limits {
        if limit.soft == limit.hard {
            map.put(limit.name.as_str(), limit.soft);
        } else {
            let both = Map::from_iter([("soft", limit.soft), ("hard", limit.hard)]);
            map.put(limit.name.as_str(), both);
        }
    }
    map
}
