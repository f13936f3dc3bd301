//! Every file of the corpus against what the real `docker stack deploy` sends for it.
//!
//! The corpus is no part of the project: it is read from `../shared/corpus` beside the checkout, or
//! from where `SKEP_CORPUS` points. Without it this target fails, so that it can't look green;
//! `tests/run` leaves it out, and says so, when there is no corpus.
#![expect(
    clippy::disallowed_methods,
    reason = "the corpus lies outside, its place comes from the environment"
)]
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test that can't go on ends, and its table is what one wants to see"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use skep::load::{LoadOptions, Loaded, load};
use skep::model::engine::{NetworkSpec, ServiceSpec};
use skep::model::{
    Content, DesiredData, DesiredStack, Entry, FileSet, RepoPath, SourceName, StackName,
};

/// Cases in which skep differs from docker on purpose, by the end of their names.
const LISTED: [(&str, &str); 27] = [
    ("__docker-compose-ops", RELATIVE_BIND),
    ("__02-monitoring__docker-compose", RELATIVE_BIND),
    ("__wordpress-mysql__docker-compose", RELATIVE_BIND),
    (
        "osparc-simcore__services__docker-compose",
        "names made of unset variables, which the engine refuses",
    ),
    ("vol-long", RELATIVE_BIND),
    ("cfg-content", BEYOND),
    ("top-name", BEYOND),
    ("interp-plus", BEYOND),
    ("interp-pids", BEYOND),
    ("interp-type-bool-init", BEYOND),
    ("version-30-configs", "`version` chooses nothing: every key of version 3 can be used"),
    ("version-38-start-interval", "`version` chooses nothing: every key of version 3 can be used"),
    ("cfg-empty-file", ENGINE_REFUSES),
    ("long-name", ENGINE_REFUSES),
    ("svc-name-dot", ENGINE_REFUSES),
    ("vol-image", ENGINE_REFUSES),
    ("interp-d-in-req", FIRST_OPERATOR),
    ("interp-d-in-req-set", FIRST_OPERATOR),
    ("interp-dash-in-def", FIRST_OPERATOR),
    ("interp-def-nested", "`${…}` in a default is filled in"),
    ("interp-multi", BRACES),
    ("interp-named-def", BRACES),
    ("interp-tag-dash", BRACES),
    ("misc", "`oom_score_adj` and `tmpfs` are honoured, docker loses them"),
    ("unsupported-all", "`oom_score_adj` and `tmpfs` are honoured, docker loses them"),
    ("vol-template", ONE_LETTER),
    ("vol-undefined", ONE_LETTER),
];
const RELATIVE_BIND: &str = "a relative bind means nothing on the nodes, so it is an error";
const BEYOND: &str = "docker refuses it, skep supports it";
const ENGINE_REFUSES: &str = "docker sends it and the engine refuses it; skep refuses it at once";
const FIRST_OPERATOR: &str = "the first operator after the name of a variable counts";
const BRACES: &str = "an operator counts only inside of braces";
const ONE_LETTER: &str = "`v:/data` is the volume v, not a drive of Windows";

fn corpus() -> PathBuf {
    if let Some(path) = std::env::var_os("SKEP_CORPUS") {
        return path.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// What docker did with a file, and the file with its surroundings.
struct Case {
    name: String,
    directory: PathBuf,
    file: String,
    env: BTreeMap<String, String>,
    refused: Option<String>,
    requests: Vec<Value>,
}

fn read_json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let object = value.as_object().unwrap();
    object.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
}

fn stack_cases(corpus: &Path) -> Vec<Case> {
    sorted(&corpus.join("golden"), ".json")
        .into_iter()
        .map(|path| {
            let golden = read_json(&path);
            let (tree, file) = golden["tree"].as_str().unwrap().rsplit_once('/').unwrap();
            case(
                path.file_stem().unwrap().to_str().unwrap(),
                corpus.join(tree),
                file,
                (&golden["env"], &golden),
            )
        })
        .collect()
}

fn edge_cases(corpus: &Path) -> Vec<Case> {
    let edge = corpus.join("edge");
    let cases = sorted(&edge, ".expect.json").into_iter().map(|path| read_json(&path));
    let single = cases.filter(|expect| expect["files"].as_array().unwrap().len() == 1);
    single
        .map(|expect| {
            let file = expect["files"][0].as_str().unwrap();
            let outcome =
                if expect["deploy"].is_null() { &expect["config"] } else { &expect["deploy"] };
            let name = expect["case"].as_str().unwrap();
            case(name, edge.clone(), file, (&expect["env"], outcome))
        })
        .collect()
}

fn case(name: &str, directory: PathBuf, file: &str, (env, outcome): (&Value, &Value)) -> Case {
    let refused = outcome["rc"] != json!(0);
    Case {
        name: name.to_owned(),
        directory,
        file: file.to_owned(),
        env: texts(env),
        refused: refused.then(|| outcome["stderr"].as_str().unwrap().trim().to_owned()),
        requests: outcome["requests"].as_array().cloned().unwrap_or_default(),
    }
}

fn sorted(directory: &Path, suffix: &str) -> Vec<PathBuf> {
    let entries =
        std::fs::read_dir(directory).unwrap_or_else(|e| panic!("{}: {e}", directory.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.retain(|path| path.to_str().unwrap().ends_with(suffix));
    paths.sort();
    paths
}

/// All files below a directory, links not followed.
fn file_set(directory: &Path, below: &str, files: &mut FileSet) {
    for entry in std::fs::read_dir(directory).unwrap() {
        let entry = entry.unwrap();
        let name = format!("{below}{}", entry.file_name().to_str().unwrap());
        let kind = entry.file_type().unwrap();
        if kind.is_dir() {
            file_set(&entry.path(), &format!("{name}/"), files);
        } else if kind.is_file() {
            let bytes = std::fs::read(entry.path()).unwrap();
            files.insert(RepoPath::new(&name).unwrap(), Entry::File(Arc::from(bytes)));
        }
    }
}

fn load_case(case: &Case) -> Loaded {
    let mut files = FileSet::default();
    file_set(&case.directory, "", &mut files);
    let mut env = case.env.clone();
    // A variable that is not set is an error for skep and empty for docker: the rest of the file
    // is compared all the same.
    loop {
        let loaded = load_with(case, &files, &env);
        let known = env.len();
        for problem in &loaded.problems {
            if let Some(rest) = problem.message.strip_prefix("the variable '")
                && let Some((name, _)) = rest.split_once("' is not set")
            {
                env.insert(name.to_owned(), String::new());
            }
        }
        if env.len() == known {
            return loaded;
        }
    }
}

fn load_with(case: &Case, files: &FileSet, env: &BTreeMap<String, String>) -> Loaded {
    let (source, name) = (SourceName::new("corpus").unwrap(), StackName::new("stk").unwrap());
    let options = LoadOptions {
        source: &source,
        key: None,
        name: Some(&name),
        variables: env,
        globs: std::slice::from_ref(&case.file),
    };
    load(files, &options)
}

/// How a case went: a word for the table, and what differs.
fn verdict(case: &Case) -> (&'static str, Vec<String>) {
    let loaded = load_case(case);
    let errors: Vec<String> =
        loaded.problems.iter().filter(|p| p.is_error()).map(ToString::to_string).collect();
    let stack = loaded.desired.stacks.values().next();
    let (word, details) = match (&case.refused, errors.is_empty(), stack) {
        (Some(_), false, _) => ("equal (refused)", Vec::new()),
        (Some(why), true, _) => ("accepted", vec![why.clone()]),
        (None, false, _) => ("refused", errors),
        (None, true, None) => ("missing", Vec::new()),
        (None, true, Some(stack)) => {
            let differing = differences(&wanted(case), &made(stack, &loaded));
            (if differing.is_empty() { "equal" } else { "differs" }, differing)
        }
    };
    match LISTED.iter().find(|(name, _)| case.name.ends_with(name)) {
        Some((_, reason)) if !word.starts_with("equal") => ("listed", vec![(*reason).to_owned()]),
        Some(_) => ("listed in vain", Vec::new()),
        None => (word, details),
    }
}

type Objects = BTreeMap<String, Value>;

/// What docker sends, by kind and name, in the words of our model.
fn wanted(case: &Case) -> Objects {
    let mut objects = Objects::new();
    for request in case.requests.iter().filter(|request| request["m"] == "POST") {
        let path = request["p"].as_str().unwrap();
        let (kind, body) = match path {
            "/services/create" => {
                let spec: ServiceSpec = serde_json::from_value(request["b"].clone()).unwrap();
                ("service", serde_json::to_value(normal(spec)).unwrap())
            }
            "/networks/create" => {
                let mut spec: NetworkSpec = serde_json::from_value(request["b"].clone()).unwrap();
                spec.extra.clear();
                ("network", serde_json::to_value(spec).unwrap())
            }
            "/secrets/create" | "/configs/create" => (&path[1..7], data_body(&request["b"])),
            _ => continue,
        };
        objects.insert(format!("{kind}/{}", request["b"]["Name"].as_str().unwrap()), body);
    }
    objects
}

fn data_body(body: &Value) -> Value {
    let mut body = body.clone();
    let object = body.as_object_mut().unwrap();
    object.retain(|_, value| !value.is_null());
    body
}

fn made(stack: &DesiredStack, loaded: &Loaded) -> Objects {
    let mut objects = Objects::new();
    for (name, service) in &stack.services {
        let spec = serde_json::to_value(normal(service.spec.clone())).unwrap();
        objects.insert(format!("service/{name}"), spec);
    }
    for (name, network) in &stack.networks {
        objects.insert(format!("network/{name}"), serde_json::to_value(&network.spec).unwrap());
    }
    for (name, data) in &stack.secrets {
        objects.insert(format!("secret/{name}"), data_made(name, data, loaded));
    }
    for (name, data) in &stack.configs {
        objects.insert(format!("config/{name}"), data_made(name, data, loaded));
    }
    objects
}

fn data_made(name: &str, data: &DesiredData, loaded: &Loaded) -> Value {
    use base64::Engine as _;
    let mut body = json!({ "Name": name, "Labels": data.labels });
    if let Some(driver) = &data.templating {
        body["Templating"] = serde_json::to_value(driver).unwrap();
    }
    match &data.content {
        Content::Driver(driver) => body["Driver"] = serde_json::to_value(driver).unwrap(),
        Content::Stored { data, hash } => {
            let bytes = loaded.data.get(data, hash.as_ref()).unwrap();
            body["Data"] = json!(base64::engine::general_purpose::STANDARD.encode(bytes.reveal()));
        }
    }
    body
}

/// What has no meaning is brought to one form: ids of the recording engine, and the order of ports,
/// secrets and configs.
fn normal(mut spec: ServiceSpec) -> ServiceSpec {
    let container = spec.task_template.container_spec.as_mut().unwrap();
    for secret in &mut container.secrets {
        secret.secret_id.clear();
    }
    let mut names = BTreeMap::new();
    for config in &mut container.configs {
        names.insert(std::mem::take(&mut config.config_id), config.config_name.clone());
    }
    if let Some(spec) =
        container.privileges.as_deref_mut().and_then(|p| p.credential_spec.as_deref_mut())
        && let Some(name) = names.get(&spec.config)
    {
        spec.config.clone_from(name);
    }
    container.secrets.sort_by_key(|s| format!("{s:?}"));
    container.configs.sort_by_key(|c| format!("{c:?}"));
    if let Some(endpoint) = &mut spec.endpoint_spec {
        endpoint.ports.sort_by_key(|p| format!("{p:?}"));
    }
    spec
}

fn differences(wanted: &Objects, made: &Objects) -> Vec<String> {
    let names: BTreeSet<&String> = wanted.keys().chain(made.keys()).collect();
    let mut out = Vec::new();
    for name in names {
        let null = Value::Null;
        let (w, m) = (wanted.get(name).unwrap_or(&null), made.get(name).unwrap_or(&null));
        compare(name, w, m, &mut out);
    }
    out
}

fn compare(path: &str, wanted: &Value, made: &Value, out: &mut Vec<String>) {
    match (wanted, made) {
        (Value::Object(w), Value::Object(m)) => {
            let keys: BTreeSet<&String> = w.keys().chain(m.keys()).collect();
            for key in keys {
                let null = Value::Null;
                compare(
                    &format!("{path}.{key}"),
                    w.get(key).unwrap_or(&null),
                    m.get(key).unwrap_or(&null),
                    out,
                );
            }
        }
        (Value::Array(w), Value::Array(m)) if w.len() == m.len() => {
            for (index, (w, m)) in w.iter().zip(m).enumerate() {
                compare(&format!("{path}[{index}]"), w, m, out);
            }
        }
        _ if wanted == made => {}
        _ => out.push(format!("{path}: docker {wanted}, skep {made}")),
    }
}

fn table(cases: &[Case]) -> (usize, String) {
    let mut good = 0;
    let mut text = String::new();
    for case in cases {
        let (word, details) = verdict(case);
        good += usize::from(word.starts_with("equal") || word == "listed");
        text.push_str(&format!("{word:16} {}\n", case.name));
        for detail in details.iter().take(6) {
            text.push_str(&format!("{:19}{}\n", "", detail.chars().take(220).collect::<String>()));
        }
    }
    (good, text)
}

fn check(cases: &[Case]) {
    assert!(!cases.is_empty(), "there is no corpus at {}", corpus().display());
    let (good, text) = table(cases);
    println!("{text}\n{good} of {} are equal or listed", cases.len());
    assert_eq!(good, cases.len(), "the table above says which are not");
}

#[test]
fn public_stacks_mean_what_they_mean_to_docker() {
    check(&stack_cases(&corpus()));
}

#[test]
fn single_features_mean_what_they_mean_to_docker() {
    check(&edge_cases(&corpus()));
}

#[test]
fn ten_loads_give_the_same_bytes() {
    for case in stack_cases(&corpus()) {
        let first = format!("{:?}", load_case(&case));
        for _ in 0..9 {
            assert_eq!(first, format!("{:?}", load_case(&case)), "{}", case.name);
        }
    }
}
