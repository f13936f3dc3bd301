//! Files of the repository: the schemas in `crds/` are those of the types, the examples load.
#![expect(clippy::disallowed_methods, reason = "compares with files of the repository")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use skep::health::Clocks;
use skep::load::{LoadOptions, Loaded, load, schemas};
use skep::model::{Entry, FileSet, RepoPath, SourceName};

/// Set to write the schemas anew instead of comparing them.
const WRITE: &str = "SKEP_WRITE_CRDS";

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

#[test]
fn schemas_are_not_stale() {
    let directory = top().join("crds");
    let schemas = schemas();
    for (name, schema) in &schemas {
        let text = format!("{}\n", serde_json::to_string_pretty(schema).unwrap());
        let path = directory.join(name);
        if std::env::var_os(WRITE).is_some() {
            std::fs::write(&path, text).unwrap();
            continue;
        }
        let stands = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(stands == text, "crds/{name} is stale: {WRITE}=1 cargo test --test repository");
    }
    let there: BTreeSet<String> = std::fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(there, schemas.into_keys().collect(), "crds/ holds a file of no kind");
}

/// Calls for each property of a schema, with the path that leads to it.
fn each_property(schema: &Value, path: &str, call: &mut impl FnMut(&str, &Value)) {
    match schema {
        Value::Object(object) => {
            for (key, value) in object {
                let inner = format!("{path}.{key}");
                let named = matches!(key.as_str(), "properties" | "$defs");
                for (name, one) in value.as_object().filter(|_| named).into_iter().flatten() {
                    if key == "properties" {
                        call(&format!("{path}.{name}"), one);
                    }
                    each_property(one, &format!("{path}.{name}"), call);
                }
                if !named && !matches!(key.as_str(), "examples" | "default") {
                    each_property(value, &inner, call);
                }
            }
        }
        Value::Array(items) => items.iter().for_each(|item| each_property(item, path, call)),
        _ => {}
    }
}

#[test]
fn every_property_says_what_it_is_and_every_kind_has_an_example() {
    let mut silent = Vec::new();
    for (name, schema) in schemas() {
        let examples = schema["examples"].as_array().map_or(0, Vec::len);
        let described = schema["description"].as_str().is_some_and(|text| !text.is_empty());
        assert!(examples > 0 && described, "{name} has no example or no description");
        each_property(&schema, &name, &mut |path, property| {
            let text = property["description"].as_str().unwrap_or_default();
            if text.is_empty() {
                silent.push(path.to_owned());
            }
        });
    }
    assert_eq!(silent, [""; 0], "properties without a description");
}

#[test]
fn every_switch_says_what_is_so_without_it() {
    // The last says what it does; there is nothing to choose.
    let known = ["External", "create_host_path", "restart"];
    let mut open = BTreeSet::new();
    each_property(&schemas()["compose.json"], "", &mut |path, property| {
        let text = property["description"].as_str().unwrap_or_default();
        let told = ["default", "Without", "exists already", "Has no effect", "This can't"];
        let is_told = told.iter().any(|word| text.contains(word));
        if property["type"] == "boolean" && !is_told && !known.iter().any(|k| path.contains(k)) {
            open.insert(path.to_owned());
        }
    });
    assert_eq!(open, BTreeSet::new(), "switches that do not say their default");
}

/// Keys whose default is another's: the engine's, the node's, the image's, the operator's, or that
/// of what stands around them.
const NOT_OURS: [&str; 43] = [
    "BindSettings.propagation",
    "Deploy.endpoint_mode",
    "HealthcheckForm.interval",
    "HealthcheckForm.retries",
    "HealthcheckForm.start_interval",
    "HealthcheckForm.start_period",
    "HealthcheckForm.timeout",
    "Ipam.driver",
    "Limits.cpus",
    "Limits.memory",
    "Limits.pids",
    "LongPort.mode",
    "LongPort.protocol",
    "PlacementForm.max_replicas_per_node",
    "Pool.gateway",
    "Pool.ip_range",
    "Pool.subnet",
    "Reservations.cpus",
    "Reservations.memory",
    "RestartPolicyForm.condition",
    "RestartPolicyForm.delay",
    "RestartPolicyForm.max_attempts",
    "RestartPolicyForm.window",
    "Service.dns",
    "Service.dns_search",
    "Service.hostname",
    "Service.init",
    "Service.isolation",
    "Service.stop_grace_period",
    "Service.stop_signal",
    "Service.user",
    "Service.working_dir",
    "ServiceSettings.apparmor",
    "ServiceSettings.seccomp",
    "ServiceSettings.swappiness",
    "SourceForm.interval",
    "TmpfsSettings.mode",
    "TmpfsSettings.size",
    "UpdateConfigForm.failure_action",
    "UpdateConfigForm.monitor",
    "UpdateConfigForm.order",
    "Volume.driver",
    "VolumeSettings.subpath",
];

#[test]
fn a_default_that_is_told_is_there_for_programs_too() {
    let mut wrong = BTreeSet::new();
    for (name, schema) in schemas() {
        each_property(&schema, &name, &mut |path, property| {
            let text = property["description"].as_str().unwrap_or_default();
            let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
            let words = ["default)", "by default", "the default."];
            let told = words.iter().any(|words| text.contains(words));
            let key = path.rsplitn(3, '.').take(2).collect::<Vec<_>>();
            let key = format!("{}.{}", key[1], key[0]);
            let known = NOT_OURS.contains(&key.as_str());
            if told != (property.get("default").is_some() || known) {
                wrong.insert(key);
            }
        });
    }
    assert_eq!(wrong, BTreeSet::new(), "defaults in words only, or without words");
}

/// A job, with `VALUE` for one of its keys.
const JOB: &str = "services:\n  a: {image: x, x-skep: {job: {schedule: '@daily', VALUE}}}\n";

/// Where a key with a default stands, with `VALUE` for what it says.
const USES: [(&str, &str); 45] = [
    ("RolloutForm.atomic", "x-skep: {rollout: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("RolloutForm.canary", "x-skep: {rollout: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("RolloutForm.barrier", "x-skep: {rollout: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("RolloutForm.on_failure", "x-skep: {rollout: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("StackSettings.recreate", "x-skep: {VALUE}\nservices:\n  web: {image: x}\n"),
    ("StackSettings.prune", "x-skep: {VALUE}\nservices:\n  web: {image: x}\n"),
    ("StackSettings.approval", "x-skep: {VALUE}\nservices:\n  web: {image: x}\n"),
    (
        "Window.time_zone",
        "x-skep: {windows: [{kind: deny, schedule: 0 9 * * *, duration: 1h, VALUE}]}\nservices:\n  web: {image: x}\n",
    ),
    ("Deploy.mode", "services:\n  web: {image: x, deploy: {VALUE}}\n"),
    ("UpdateConfigForm.delay", "services:\n  web: {image: x, deploy: {update_config: {VALUE}}}\n"),
    (
        "UpdateConfigForm.max_failure_ratio",
        "services:\n  web: {image: x, deploy: {update_config: {VALUE}}}\n",
    ),
    (
        "UpdateConfigForm.parallelism",
        "services:\n  web: {image: x, deploy: {update_config: {VALUE}}}\n",
    ),
    ("Service.pull_policy", "services:\n  web: {image: x, VALUE}\n"),
    ("Service.read_only", "services:\n  web: {image: x, VALUE}\n"),
    ("Service.stdin_open", "services:\n  web: {image: x, VALUE}\n"),
    ("Service.tty", "services:\n  web: {image: x, VALUE}\n"),
    ("ServiceSettings.default_network", "services:\n  web: {image: x, x-skep: {VALUE}}\n"),
    ("ServiceSettings.no_new_privileges", "services:\n  web: {image: x, x-skep: {VALUE}}\n"),
    ("ServiceSettings.wave", "services:\n  web: {image: x, x-skep: {VALUE}}\n"),
    ("StackSettings.wave", "x-skep: {VALUE}\nservices:\n  web: {image: x}\n"),
    ("ServiceSettings.timeout", "services:\n  job: {image: x, x-skep: {hook: pre, VALUE}}\n"),
    ("HealthcheckForm.disable", "services:\n  web: {image: x, healthcheck: {test: y, VALUE}}\n"),
    (
        "LongVolume.read_only",
        "services:\n  web: {image: x, volumes: [{type: volume, target: /x, VALUE}]}\n",
    ),
    (
        "VolumeSettings.nocopy",
        "services:\n  web: {image: x, volumes: [{type: volume, target: /x, volume: {VALUE}}]}\n",
    ),
    ("LongEnvFile.required", "services:\n  web: {image: x, env_file: [{path: x, VALUE}]}\n"),
    ("LongEnvFile.format", "services:\n  web: {image: x, env_file: [{path: x, VALUE}]}\n"),
    (
        "Dependency.condition",
        "services:\n  web: {image: x, depends_on: {db: {VALUE}}}\n  db: {image: y}\n",
    ),
    (
        "Dependency.required",
        "services:\n  web: {image: x, depends_on: {db: {VALUE}}}\n  db: {image: y}\n",
    ),
    (
        "LongDataMount.gid",
        "services:\n  web: {image: x, configs: [{source: x, VALUE}]}\nconfigs: {x: {file: x}}\n",
    ),
    (
        "LongDataMount.mode",
        "services:\n  web: {image: x, configs: [{source: x, VALUE}]}\nconfigs: {x: {file: x}}\n",
    ),
    (
        "LongDataMount.uid",
        "services:\n  web: {image: x, configs: [{source: x, VALUE}]}\nconfigs: {x: {file: x}}\n",
    ),
    ("Network.attachable", "networks: {default: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Network.driver", "networks: {default: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Network.enable_ipv6", "networks: {default: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Network.external", "networks: {default: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Network.internal", "networks: {default: {VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Volume.external", "services:\n  web: {image: x, volumes: ['x:/x']}\nvolumes: {x: {VALUE}}\n"),
    ("Secret.external", "secrets: {x: {file: x, VALUE}}\nservices:\n  web: {image: x}\n"),
    ("Config.external", "configs: {x: {file: x, VALUE}}\nservices:\n  web: {image: x}\n"),
    ("JobForm.overlap", JOB),
    ("JobForm.retries", JOB),
    ("JobForm.starting_deadline", JOB),
    ("JobForm.time_zone", JOB),
    (
        "History.succeeded",
        "services:\n  a: {image: x, x-skep: {job: {schedule: '@daily', history: {VALUE}}}}\n",
    ),
    (
        "History.failed",
        "services:\n  a: {image: x, x-skep: {job: {schedule: '@daily', history: {VALUE}}}}\n",
    ),
];

fn loaded(text: &str) -> String {
    let mut files = FileSet::default();
    for (name, text) in [("a.yml", text), ("x", "X=1")] {
        files.insert(RepoPath::new(name).unwrap(), Entry::File(Arc::from(text.as_bytes())));
    }
    let source = SourceName::new("demo").unwrap();
    let variables = BTreeMap::new();
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities: skep::load::Identities::NONE,
    };
    let loaded = load(&files, &options);
    assert_eq!(loaded.problems, [], "{text}");
    format!("{:?}", loaded.desired)
}

/// True for a default that is the operator's: what it is started with when nothing is said there
/// either.
fn is_of_the_operator(kind: &str, key: &str, default: &serde_json::Value) -> bool {
    let clocks = Clocks::default();
    let clock = match (kind, key) {
        ("RolloutForm", "min_healthy") => clocks.min_healthy,
        ("RolloutForm", "healthy_deadline") => clocks.healthy_deadline,
        ("RolloutForm", "progress_deadline") => clocks.progress_deadline,
        _ => return false,
    };
    let said = loaded(&format!(
        "x-skep: {{rollout: {{{key}: {default}}}}}\nservices:\n  web: {{image: x}}\n"
    ));
    assert!(said.contains(&format!("{key}: Some({clock:?})")), "{key}: {default}");
    true
}

#[test]
fn a_default_is_what_happens_without_the_key() {
    let schema = &schemas()["compose.json"];
    let mut open = BTreeSet::new();
    each_property(schema, "", &mut |path, property| {
        let Some(default) = property.get("default") else { return };
        let [_, kind, key] = path.split('.').collect::<Vec<_>>()[..] else { panic!("{path}") };
        if is_of_the_operator(kind, key, default) {
            return;
        }
        let Some((_, text)) = USES.iter().find(|(name, _)| *name == format!("{kind}.{key}")) else {
            open.insert(format!("{kind}.{key}"));
            return;
        };
        let said = text.replace("VALUE", &format!("{key}: {default}"));
        assert_eq!(loaded(&said), loaded(&text.replace("VALUE", "")), "{said}");
    });
    assert_eq!(open, BTreeSet::new(), "defaults without an example");
}

fn files_below(directory: &Path, name: &str, files: &mut FileSet) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{name}/{}", entry.file_name().to_str().unwrap());
        if entry.file_type().unwrap().is_dir() {
            files_below(&entry.path(), &name, files);
        } else {
            let bytes = std::fs::read(entry.path()).unwrap();
            let path = RepoPath::new(name.trim_start_matches('/')).unwrap();
            files.insert(path, Entry::File(Arc::from(bytes)));
        }
    }
}

/// An example of the repository, which has no problem.
fn example(name: &str) -> Loaded {
    let mut files = FileSet::default();
    files_below(&top().join("examples").join(name), "", &mut files);
    let source = SourceName::new(name).unwrap();
    let variables = BTreeMap::new();
    let options = LoadOptions {
        source: &source,
        key: None,
        name: None,
        variables: &variables,
        globs: &[],
        identities: skep::load::Identities::NONE,
    };
    let loaded = load(&files, &options);
    assert_eq!(loaded.problems, []);
    loaded
}

#[test]
fn one_set_of_files_makes_two_environments() {
    let loaded = example("environments");
    let stacks: Vec<&str> = loaded.desired.stacks.keys().map(|name| name.as_str()).collect();
    assert_eq!(stacks, ["blog-prod", "blog-test"]);
    let shown = |stack: &str, service: &str| {
        let stack = loaded.desired.stacks.values().find(|one| one.name.as_str() == stack).unwrap();
        let service = &stack.services[&format!("{}_{service}", stack.name)];
        let env = service.spec.task_template.container_spec.as_ref().unwrap().env.join(" ");
        let mode = serde_json::to_value(&service.spec.mode).unwrap();
        format!("{} {env} {}", service.image, mode["Replicated"]["Replicas"])
    };
    let level = |level: &str| format!("LOG_LEVEL={level}");
    assert_eq!(shown("blog-test", "web"), format!("nginx:1.27-alpine {} 1", level("debug")));
    assert_eq!(shown("blog-prod", "web"), format!("nginx:1.26-alpine {} 3", level("warn")));
    let metrics = |stack: &str| {
        let stack = loaded.desired.stacks.values().find(|one| one.name.as_str() == stack).unwrap();
        stack.services.contains_key(&format!("{}_metrics", stack.name))
    };
    assert!(metrics("blog-prod") && !metrics("blog-test"));
}

/// Editors find the schema of every example.
#[test]
fn examples_name_their_schemas() {
    let mut files = FileSet::default();
    files_below(&top().join("examples"), "", &mut files);
    let mut wrong = Vec::new();
    for (path, entry) in files.iter().filter(|(path, _)| path.as_str().ends_with(".yml")) {
        let Entry::File(bytes) = entry else { continue };
        let text = String::from_utf8(bytes.to_vec()).unwrap();
        for document in text.split("\n---\n") {
            let schema =
                document.lines().find_map(|l| l.strip_prefix("# yaml-language-server: $schema="));
            let folder = top().join("examples").join(path.parent().as_str());
            let there = schema.is_some_and(|schema| folder.join(schema).is_file());
            if !there {
                wrong.push(path.to_string());
            }
        }
    }
    assert_eq!(wrong, [""; 0], "documents without the line, or with a path that leads nowhere");
}

#[test]
fn the_shop_loads_without_a_problem() {
    let loaded = example("shop");
    let stacks = loaded.desired.stacks.values();
    let services = stacks.flat_map(|stack| stack.services.keys().map(String::as_str));
    let services: Vec<&str> = services.collect();
    assert_eq!(services, ["monitoring_metrics", "shop_api", "shop_web", "shop_worker"]);
}
