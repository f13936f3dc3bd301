//! Fields that others decide: a write leaves them as they are.
//!
//! The paths are those of `diff::fields`, and so is what belongs to which path: a test holds each
//! path against what is taken over under it.

use crate::diff::fields::{NamesById, SERVICE_LABELS, port_text};
use crate::model::FieldRules;
use crate::model::engine::{
    ConfigReference, ContainerSpec, DataFile, DnsConfig, EndpointSpec, GenericResource,
    Healthcheck, LogDriver, Mount, NetworkAttachment, Placement, Privileges, ResourceRequirements,
    Resources, RestartPolicy, SecretReference, ServiceMode, ServiceSpec, StringMap, TaskSpec,
    UpdateConfig,
};

/// The declaration with the live values of the fields that these rules cover.
#[must_use]
pub fn with_live(
    mut wanted: ServiceSpec,
    live: &ServiceSpec,
    (rules, names): (&FieldRules, &NamesById),
) -> ServiceSpec {
    if rules.is_empty() {
        return wanted;
    }
    let left = Left { rules, names };
    left.map(SERVICE_LABELS, &mut wanted.labels, &live.labels);
    left.mode(&mut wanted.mode, live.mode.as_ref());
    let updates = [
        ("update_config", &mut wanted.update_config, &live.update_config),
        ("rollback_config", &mut wanted.rollback_config, &live.rollback_config),
    ];
    for (key, ours, theirs) in updates {
        let path = format!("deploy.{key}");
        inside(ours, theirs, |ours, theirs| left.update(&path, ours, theirs));
    }
    inside(&mut wanted.endpoint_spec, &live.endpoint_spec, |o, t| left.endpoint(o, t));
    left.task(&mut wanted.task_template, live);
    wanted
}

/// Looks into something that may be absent; what stays empty stays absent.
fn inside<T: Default + Clone + PartialEq>(
    ours: &mut Option<T>,
    theirs: &Option<T>,
    take: impl Fn(&mut T, &T),
) {
    let before = ours.clone().unwrap_or_default();
    let mut after = before.clone();
    take(&mut after, &theirs.clone().unwrap_or_default());
    if after != before {
        *ours = Some(after);
    }
}

/// The path of a mounted secret or config.
fn mounted(kind: &str, file: Option<&DataFile>, name: &str) -> String {
    match file {
        Some(file) => format!("{kind}.{}", file.name),
        None => format!("{kind}.(runtime).{name}"),
    }
}

/// Which fields are taken over.
struct Left<'a> {
    rules: &'a FieldRules,
    names: &'a NamesById,
}

impl Left<'_> {
    fn value<T: Clone>(&self, path: &str, ours: &mut T, theirs: &T) {
        if self.rules.cover(path) {
            ours.clone_from(theirs);
        }
    }

    fn map(&self, path: &str, ours: &mut StringMap, theirs: &StringMap) {
        let covered = |key: &str| self.rules.cover(&format!("{path}.{key}"));
        ours.retain(|key, _| !covered(key));
        ours.extend(
            theirs
                .iter()
                .filter(|(key, _)| covered(key))
                .map(|(key, value)| (key.clone(), value.clone())),
        );
    }

    /// Entries whose order does not count, each under a path of its own.
    fn entries<T: Clone>(
        &self,
        path: impl Fn(&T) -> String,
        (ours, theirs): (&mut Vec<T>, &[T]),
        within: impl Fn(&str, &mut T, &T),
    ) {
        let same = |one: &T| theirs.iter().find(|other| path(other) == path(one));
        let covered = |one: &T| self.rules.cover(&path(one));
        ours.retain(|one| !covered(one) || same(one).is_some());
        for one in ours.iter_mut() {
            match same(one) {
                Some(other) if covered(one) => one.clone_from(other),
                Some(other) => within(&path(&other.clone()), one, other),
                None => {}
            }
        }
        let missing =
            |other: &&T| covered(other) && !ours.iter().any(|one| path(one) == path(other));
        let missing: Vec<T> = theirs.iter().filter(missing).cloned().collect();
        ours.extend(missing);
    }

    fn set(&self, path: &str, ours: &mut Vec<String>, theirs: &[String]) {
        self.entries(|entry| format!("{path}[{entry}]"), (ours, theirs), |_, _, _| ());
    }

    /// The number of tasks of one mode says nothing about another.
    fn mode(&self, ours: &mut Option<ServiceMode>, theirs: Option<&ServiceMode>) {
        match (ours, theirs) {
            (ours, theirs) if self.rules.cover("deploy.mode") => *ours = theirs.cloned(),
            (Some(ServiceMode::Replicated(ours)), Some(ServiceMode::Replicated(theirs))) => {
                self.value("deploy.replicas", &mut ours.replicas, &theirs.replicas);
            }
            (Some(ServiceMode::ReplicatedJob(ours)), Some(ServiceMode::ReplicatedJob(theirs))) => {
                let (max, all) = ("deploy.max_concurrent", "deploy.total_completions");
                self.value(max, &mut ours.max_concurrent, &theirs.max_concurrent);
                self.value(all, &mut ours.total_completions, &theirs.total_completions);
            }
            _ => {}
        }
    }

    fn update(&self, path: &str, ours: &mut UpdateConfig, theirs: &UpdateConfig) {
        let at = |key: &str| format!("{path}.{key}");
        self.value(&at("parallelism"), &mut ours.parallelism, &theirs.parallelism);
        self.value(&at("delay"), &mut ours.delay, &theirs.delay);
        self.value(&at("failure_action"), &mut ours.failure_action, &theirs.failure_action);
        self.value(&at("monitor"), &mut ours.monitor, &theirs.monitor);
        self.value(
            &at("max_failure_ratio"),
            &mut ours.max_failure_ratio,
            &theirs.max_failure_ratio,
        );
        self.value(&at("order"), &mut ours.order, &theirs.order);
    }

    fn endpoint(&self, ours: &mut EndpointSpec, theirs: &EndpointSpec) {
        self.value("deploy.endpoint_mode", &mut ours.mode, &theirs.mode);
        let path = |port: &_| format!("ports[{}]", port_text(port));
        self.entries(path, (&mut ours.ports, &theirs.ports), |_, _, _| ());
    }

    fn task(&self, ours: &mut TaskSpec, live: &ServiceSpec) {
        let theirs = &live.task_template;
        inside(&mut ours.resources, &theirs.resources, |o, t| self.resources(o, t));
        inside(&mut ours.restart_policy, &theirs.restart_policy, |o, t| self.restart(o, t));
        inside(&mut ours.placement, &theirs.placement, |o, t| self.placement(o, t));
        inside(&mut ours.log_driver, &theirs.log_driver, |o, t| self.logging(o, t));
        self.value("runtime", &mut ours.runtime, &theirs.runtime);
        let theirs_on = if theirs.networks.is_empty() { &live.networks } else { &theirs.networks };
        self.networks(&mut ours.networks, theirs_on);
        inside(&mut ours.container_spec, &theirs.container_spec, |o, t| self.container(o, t));
    }

    fn networks(&self, ours: &mut Vec<NetworkAttachment>, theirs: &[NetworkAttachment]) {
        // What is read has ids; a step names what it refers to.
        let named = theirs.iter().cloned().map(|mut one| {
            if let Some(name) = self.names.get(&one.target) {
                one.target.clone_from(name);
            }
            one
        });
        let named: Vec<NetworkAttachment> = named.collect();
        let path = |one: &NetworkAttachment| format!("networks.{}", one.target);
        self.entries(path, (ours, &named), |path, ours, theirs| {
            self.set(&format!("{path}.aliases"), &mut ours.aliases, &theirs.aliases);
            self.map(&format!("{path}.driver_opts"), &mut ours.driver_opts, &theirs.driver_opts);
        });
    }

    fn resources(&self, ours: &mut ResourceRequirements, theirs: &ResourceRequirements) {
        let amounts = |path: &str, ours: &mut _, theirs: &_| self.amounts(path, ours, theirs);
        let limits = "deploy.resources.limits";
        inside(&mut ours.limits, &theirs.limits, |o, t| amounts(limits, o, t));
        let reservations = "deploy.resources.reservations";
        inside(&mut ours.reservations, &theirs.reservations, |o, t| amounts(reservations, o, t));
        self.value("x-skep.swap", &mut ours.swap_bytes, &theirs.swap_bytes);
        let swappiness = (&mut ours.memory_swappiness, &theirs.memory_swappiness);
        self.value("x-skep.swappiness", swappiness.0, swappiness.1);
    }

    fn amounts(&self, path: &str, ours: &mut Resources, theirs: &Resources) {
        self.value(&format!("{path}.cpus"), &mut ours.nano_cpus, &theirs.nano_cpus);
        self.value(&format!("{path}.memory"), &mut ours.memory_bytes, &theirs.memory_bytes);
        self.value(&format!("{path}.pids"), &mut ours.pids, &theirs.pids);
        let of = |resource: &GenericResource| match resource {
            GenericResource::DiscreteResourceSpec { kind, .. } => {
                format!("{path}.generic_resources.{kind}")
            }
            GenericResource::NamedResourceSpec { kind, value } => {
                format!("{path}.generic_resources.{kind}[{value}]")
            }
        };
        let both = (&mut ours.generic_resources, &theirs.generic_resources[..]);
        self.entries(of, both, |_, _, _| ());
    }

    fn restart(&self, ours: &mut RestartPolicy, theirs: &RestartPolicy) {
        let at = |key: &str| format!("deploy.restart_policy.{key}");
        self.value(&at("condition"), &mut ours.condition, &theirs.condition);
        self.value(&at("delay"), &mut ours.delay, &theirs.delay);
        self.value(&at("max_attempts"), &mut ours.max_attempts, &theirs.max_attempts);
        self.value(&at("window"), &mut ours.window, &theirs.window);
    }

    fn placement(&self, ours: &mut Placement, theirs: &Placement) {
        let at = |key: &str| format!("deploy.placement.{key}");
        self.set(&at("constraints"), &mut ours.constraints, &theirs.constraints);
        self.value(&at("preferences"), &mut ours.preferences, &theirs.preferences);
        self.value(&at("max_replicas_per_node"), &mut ours.max_replicas, &theirs.max_replicas);
    }

    fn logging(&self, ours: &mut LogDriver, theirs: &LogDriver) {
        self.value("logging.driver", &mut ours.name, &theirs.name);
        self.map("logging.options", &mut ours.options, &theirs.options);
    }

    fn container(&self, ours: &mut ContainerSpec, theirs: &ContainerSpec) {
        self.process(ours, theirs);
        let variable = |entry: &String| {
            format!(
                "environment.{}",
                entry.split_once('=').map_or(entry.as_str(), |(name, _)| name)
            )
        };
        self.entries(variable, (&mut ours.env, &theirs.env), |_, _, _| ());
        for (path, ours, theirs) in [
            ("extra_hosts", &mut ours.hosts, &theirs.hosts),
            ("cap_add", &mut ours.capability_add, &theirs.capability_add),
            ("cap_drop", &mut ours.capability_drop, &theirs.capability_drop),
            ("group_add", &mut ours.groups, &theirs.groups),
        ] {
            self.set(path, ours, theirs);
        }
        self.map("labels", &mut ours.labels, &theirs.labels);
        self.map("sysctls", &mut ours.sysctls, &theirs.sysctls);
        let limit = |limit: &crate::model::engine::Ulimit| format!("ulimits.{}", limit.name);
        self.entries(limit, (&mut ours.ulimits, &theirs.ulimits), |_, _, _| ());
        let place = |mount: &Mount| format!("volumes[{}]", mount.target);
        self.entries(place, (&mut ours.mounts, &theirs.mounts), |p, o, t| self.mount(p, o, t));
        self.secrets(&mut ours.secrets, &theirs.secrets);
        self.configs(&mut ours.configs, &theirs.configs);
        inside(&mut ours.healthcheck, &theirs.healthcheck, |o, t| self.healthcheck(o, t));
        inside(&mut ours.dns_config, &theirs.dns_config, |o, t| self.dns(o, t));
        inside(&mut ours.privileges, &theirs.privileges, |o, t| self.privileges(o, t));
    }

    fn process(&self, ours: &mut ContainerSpec, theirs: &ContainerSpec) {
        for (path, ours, theirs) in [
            ("image", &mut ours.image, &theirs.image),
            ("hostname", &mut ours.hostname, &theirs.hostname),
            ("working_dir", &mut ours.dir, &theirs.dir),
            ("user", &mut ours.user, &theirs.user),
            ("stop_signal", &mut ours.stop_signal, &theirs.stop_signal),
            ("isolation", &mut ours.isolation, &theirs.isolation),
        ] {
            self.value(path, ours, theirs);
        }
        self.value("entrypoint", &mut ours.command, &theirs.command);
        self.value("command", &mut ours.args, &theirs.args);
        self.value("init", &mut ours.init, &theirs.init);
        self.value("tty", &mut ours.tty, &theirs.tty);
        self.value("stdin_open", &mut ours.open_stdin, &theirs.open_stdin);
        self.value("read_only", &mut ours.read_only, &theirs.read_only);
        let grace = (&mut ours.stop_grace_period, &theirs.stop_grace_period);
        self.value("stop_grace_period", grace.0, grace.1);
        self.value("oom_score_adj", &mut ours.oom_score_adj, &theirs.oom_score_adj);
    }

    fn mount(&self, path: &str, ours: &mut Mount, theirs: &Mount) {
        let at = |key: &str| format!("{path}.{key}");
        self.value(&at("type"), &mut ours.kind, &theirs.kind);
        self.value(&at("source"), &mut ours.source, &theirs.source);
        self.value(&at("read_only"), &mut ours.read_only, &theirs.read_only);
        inside(&mut ours.bind_options, &theirs.bind_options, |ours, theirs| {
            self.value(&at("bind.propagation"), &mut ours.propagation, &theirs.propagation);
        });
        inside(&mut ours.tmpfs_options, &theirs.tmpfs_options, |ours, theirs| {
            self.value(&at("tmpfs.size"), &mut ours.size_bytes, &theirs.size_bytes);
            self.value(&at("tmpfs.mode"), &mut ours.mode, &theirs.mode);
        });
        inside(&mut ours.volume_options, &theirs.volume_options, |ours, theirs| {
            self.value(&at("volume.nocopy"), &mut ours.no_copy, &theirs.no_copy);
            self.value(&at("volume.subpath"), &mut ours.subpath, &theirs.subpath);
            self.map(&at("volume.labels"), &mut ours.labels, &theirs.labels);
            inside(&mut ours.driver_config, &theirs.driver_config, |ours, theirs| {
                self.value(&at("volume.driver"), &mut ours.name, &theirs.name);
                self.map(&at("volume.driver_opts"), &mut ours.options, &theirs.options);
            });
        });
    }

    fn secrets(&self, ours: &mut Vec<SecretReference>, theirs: &[SecretReference]) {
        let named = theirs.iter().cloned().map(|mut one| {
            self.name(&mut one.secret_id, &mut one.secret_name);
            one
        });
        let named: Vec<SecretReference> = named.collect();
        let path = |one: &SecretReference| mounted("secrets", one.file.as_ref(), &one.secret_name);
        self.entries(path, (ours, &named), |path, ours, theirs| {
            self.value(&format!("{path}.source"), &mut ours.secret_name, &theirs.secret_name);
            inside(&mut ours.file, &theirs.file, |ours, theirs| self.file(path, ours, theirs));
        });
    }

    fn configs(&self, ours: &mut Vec<ConfigReference>, theirs: &[ConfigReference]) {
        let named = theirs.iter().cloned().map(|mut one| {
            self.name(&mut one.config_id, &mut one.config_name);
            one
        });
        let named: Vec<ConfigReference> = named.collect();
        let path = |one: &ConfigReference| mounted("configs", one.file.as_ref(), &one.config_name);
        self.entries(path, (ours, &named), |path, ours, theirs| {
            self.value(&format!("{path}.source"), &mut ours.config_name, &theirs.config_name);
            inside(&mut ours.file, &theirs.file, |ours, theirs| self.file(path, ours, theirs));
        });
    }

    fn file(&self, path: &str, ours: &mut DataFile, theirs: &DataFile) {
        self.value(&format!("{path}.uid"), &mut ours.uid, &theirs.uid);
        self.value(&format!("{path}.gid"), &mut ours.gid, &theirs.gid);
        self.value(&format!("{path}.mode"), &mut ours.mode, &theirs.mode);
    }

    /// Steps refer to secrets and configs by name.
    fn name(&self, id: &mut String, name: &mut String) {
        if let Some(known) = self.names.get(id) {
            name.clone_from(known);
        }
        id.clear();
    }

    fn healthcheck(&self, ours: &mut Healthcheck, theirs: &Healthcheck) {
        self.value("healthcheck.test", &mut ours.test, &theirs.test);
        self.value("healthcheck.interval", &mut ours.interval, &theirs.interval);
        self.value("healthcheck.timeout", &mut ours.timeout, &theirs.timeout);
        self.value("healthcheck.start_period", &mut ours.start_period, &theirs.start_period);
        self.value("healthcheck.start_interval", &mut ours.start_interval, &theirs.start_interval);
        self.value("healthcheck.retries", &mut ours.retries, &theirs.retries);
    }

    fn dns(&self, ours: &mut DnsConfig, theirs: &DnsConfig) {
        self.value("dns", &mut ours.nameservers, &theirs.nameservers);
        self.value("dns_search", &mut ours.search, &theirs.search);
        self.value("dns_opt", &mut ours.options, &theirs.options);
    }

    fn privileges(&self, ours: &mut Privileges, theirs: &Privileges) {
        inside(&mut ours.credential_spec, &theirs.credential_spec, |ours, theirs| {
            let config = self.names.get(&theirs.config).unwrap_or(&theirs.config);
            self.value("credential_spec.config", &mut ours.config, config);
            self.value("credential_spec.file", &mut ours.file, &theirs.file);
            self.value("credential_spec.registry", &mut ours.registry, &theirs.registry);
        });
        self.value("x-skep.selinux", &mut ours.selinux_context, &theirs.selinux_context);
        let gain = (&mut ours.no_new_privileges, &theirs.no_new_privileges);
        self.value("x-skep.no_new_privileges", gain.0, gain.1);
        self.value("x-skep.seccomp", &mut ours.seccomp, &theirs.seccomp);
        self.value("x-skep.apparmor", &mut ours.app_armor, &theirs.app_armor);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::diff::fields::fields;
    use crate::model::Pattern;

    /// Specs that differ in every field that there is.
    fn everything(word: &str, number: u64) -> ServiceSpec {
        let flag = number % 2 == 1;
        let file = json!({"Name": "f", "UID": word, "GID": word, "Mode": number});
        let amounts = json!({"NanoCPUs": number, "MemoryBytes": number, "Pids": number,
            "GenericResources": [{"DiscreteResourceSpec": {"Kind": "gpu", "Value": number}},
                {"NamedResourceSpec": {"Kind": "card", "Value": word}}]});
        let update = json!({"Parallelism": number, "Delay": number, "FailureAction": word,
            "Monitor": number, "MaxFailureRatio": number, "Order": word});
        let mount = |target: &str| {
            json!({"Type": word, "Source": word, "Target": target, "ReadOnly": flag,
                "BindOptions": {"Propagation": word},
                "TmpfsOptions": {"SizeBytes": number, "Mode": number},
                "VolumeOptions": {"NoCopy": flag, "Subpath": word, "Labels": {"k": word},
                    "DriverConfig": {"Name": word, "Options": {"k": word}}}})
        };
        let container = json!({
            "Image": word, "Labels": {"k": word}, "Command": [word], "Args": [word],
            "Hostname": word, "Env": [format!("K={word}"), format!("{word}=1")], "Dir": word,
            "User": word, "Groups": [word], "Init": flag, "StopSignal": word, "TTY": flag,
            "OpenStdin": flag, "ReadOnly": flag, "Mounts": [mount("/m"), mount(word)],
            "StopGracePeriod": number, "Hosts": [word], "Isolation": word,
            "Sysctls": {"k": word}, "CapabilityAdd": [word], "CapabilityDrop": [word],
            "Ulimits": [{"Name": "n", "Hard": number, "Soft": number}], "OomScoreAdj": number,
            "Privileges": {"NoNewPrivileges": flag, "SELinuxContext": {"Type": word},
                "Seccomp": {"Mode": word}, "AppArmor": {"Mode": word},
                "CredentialSpec": {"Config": word, "File": word, "Registry": word}},
            "Healthcheck": {"Test": [word], "Interval": number, "Timeout": number,
                "StartPeriod": number, "StartInterval": number, "Retries": number},
            "DNSConfig": {"Nameservers": [word], "Search": [word], "Options": [word]},
            "Secrets": [{"File": file, "SecretID": "", "SecretName": word}],
            "Configs": [{"File": file, "ConfigID": "", "ConfigName": word}],
        });
        let spec = json!({
            "Name": "a", "Labels": {"k": word, word: "1"},
            "TaskTemplate": {
                "ContainerSpec": container,
                "Resources": {"Limits": amounts, "Reservations": amounts, "SwapBytes": number,
                    "MemorySwappiness": number},
                "RestartPolicy": {"Condition": word, "Delay": number, "MaxAttempts": number,
                    "Window": number},
                "Placement": {"Constraints": [word], "MaxReplicas": number,
                    "Preferences": [{"Spread": {"SpreadDescriptor": word}}]},
                "Networks": [{"Target": "net", "Aliases": [word], "DriverOpts": {"k": word}},
                    {"Target": word}],
                "LogDriver": {"Name": word, "Options": {"k": word}}, "Runtime": word,
            },
            "Mode": {"Replicated": {"Replicas": number}},
            "UpdateConfig": update, "RollbackConfig": update,
            "EndpointSpec": {"Mode": word, "Ports": [
                {"Protocol": "tcp", "TargetPort": 80, "PublishedPort": 80, "PublishMode": word},
                {"Protocol": "tcp", "TargetPort": number, "PublishMode": "host"}]},
        });
        serde_json::from_value(spec).expect("a service spec")
    }

    /// A field of something that only one side has, a mount say, goes with it as a whole.
    fn alone(path: &str, other: &crate::diff::fields::Fields) -> bool {
        let mut parents = crate::model::pattern::parents(path);
        parents.any(|parent| !other.iter().any(|(path, _)| path.starts_with(parent)))
    }

    #[test]
    fn under_each_path_exactly_that_field_is_taken_over() {
        let names = NamesById::new();
        let (ours, theirs) = (everything("ours", 11), everything("theirs", 22));
        for (wanted, live) in [(&ours, &theirs), (&theirs, &ours)] {
            let (declared, there) = (fields(wanted, &names), fields(live, &names));
            let paths = declared.iter().chain(there.iter()).map(|(path, _)| path.as_str());
            let paths: BTreeSet<&str> = paths.collect();
            assert!(paths.len() > 90, "{} paths", paths.len());
            for path in &paths {
                let rules: FieldRules = [Pattern::new(*path)].into_iter().collect();
                let made = with_live(wanted.clone(), live, (&rules, &names));
                let made = fields(&made, &names);
                for other in &paths {
                    let left =
                        rules.cover(other) && !alone(other, &there) && !alone(other, &declared);
                    let side = if left { &there } else { &declared };
                    assert_eq!(made.get(other), side.get(other), "{other} under {path}");
                }
            }
        }
    }

    #[test]
    fn each_path_is_known_where_rules_are_read() {
        let known: Vec<Pattern> =
            crate::load::convert::ignore::FIELDS.iter().copied().map(Pattern::new).collect();
        let picture = fields(&everything("word", 11), &NamesById::new());
        for (path, _) in picture.iter().filter(|(path, _)| !path.starts_with("deploy.labels")) {
            let fits = known.iter().filter(|field| field.fits(path)).count();
            assert_eq!(fits, 1, "{path}");
        }
        for field in &known {
            let jobs = ["deploy.max_concurrent", "deploy.total_completions", "deploy.mode"];
            let there = picture.iter().any(|(path, _)| field.fits(path));
            assert!(there || jobs.contains(&field.as_str()), "{field}");
        }
    }

    #[test]
    fn what_is_covered_altogether_is_what_is_there() {
        let names = NamesById::new();
        let (ours, theirs) = (everything("ours", 11), everything("theirs", 22));
        let rules: FieldRules = [Pattern::new("*")].into_iter().collect();
        let made = with_live(ours, &theirs, (&rules, &names));
        assert_eq!(fields(&made, &names), fields(&theirs, &names));
    }
}
