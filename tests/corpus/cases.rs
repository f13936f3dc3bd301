//! The files of the corpus, and what docker did with each.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use skep::load::{LoadOptions, Loaded, load};
use skep::model::{Entry, FileSet, HashKey, RepoPath, SourceName, StackName};

/// Where it lies.
pub fn corpus() -> PathBuf {
    if let Some(path) = std::env::var_os("SKEP_CORPUS") {
        return path.into();
    }
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus")
}

/// What docker did with a file, and the file with its surroundings.
pub struct Case {
    pub name: String,
    directory: PathBuf,
    /// Several are those of several `-c`, the later over the earlier.
    pub files: Vec<String>,
    pub env: BTreeMap<String, String>,
    /// What docker said, if it refused the file.
    pub refused: Option<String>,
    pub requests: Vec<Value>,
}

fn read_json(path: &Path) -> Value {
    let bytes = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_slice(&bytes).unwrap()
}

fn texts(value: &Value) -> BTreeMap<String, String> {
    let object = value.as_object().unwrap();
    object.iter().map(|(k, v)| (k.clone(), v.as_str().unwrap_or_default().to_owned())).collect()
}

/// Public stack files.
pub fn stack_cases(corpus: &Path) -> Vec<Case> {
    sorted(&corpus.join("golden"), ".json")
        .into_iter()
        .map(|path| {
            let golden = read_json(&path);
            let (tree, file) = golden["tree"].as_str().unwrap().rsplit_once('/').unwrap();
            case(
                path.file_stem().unwrap().to_str().unwrap(),
                corpus.join(tree),
                vec![file.to_owned()],
                (&golden["env"], &golden),
            )
        })
        .collect()
}

/// Files with one feature each.
pub fn edge_cases(corpus: &Path) -> Vec<Case> {
    let edge = corpus.join("edge");
    let cases = sorted(&edge, ".expect.json").into_iter().map(|path| read_json(&path));
    cases
        .map(|expect| {
            let files = expect["files"].as_array().unwrap().iter();
            let files = files.map(|file| file.as_str().unwrap().to_owned()).collect();
            let outcome =
                if expect["deploy"].is_null() { &expect["config"] } else { &expect["deploy"] };
            let name = expect["case"].as_str().unwrap();
            case(name, edge.clone(), files, (&expect["env"], outcome))
        })
        .collect()
}

fn case(
    name: &str,
    directory: PathBuf,
    files: Vec<String>,
    (env, outcome): (&Value, &Value),
) -> Case {
    let refused = outcome["rc"] != json!(0);
    Case {
        name: name.to_owned(),
        directory,
        files,
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

/// A file as skep reads it, with what had to be added for docker's view of it.
pub struct Read {
    pub loaded: Loaded,
    /// Keys that the author would have to say are to be ignored.
    pub ignored: Vec<String>,
    /// Variables that the author would have to set to nothing.
    pub unset: Vec<String>,
}

/// What a stack is called, and the key of its hashes.
pub struct As {
    pub stack: StackName,
    pub key: Option<HashKey>,
}

impl Default for As {
    fn default() -> Self {
        Self { stack: StackName::new("stk").unwrap(), key: None }
    }
}

/// Loads a file as its author wrote it.
pub fn load_plainly(case: &Case) -> Loaded {
    load_with(case, (&files_of(case), &case.env), &As::default())
}

/// Loads a file with what docker takes silently said in words: variables that are not set are
/// empty, and keys that Swarm can do nothing with are ignored.
pub fn load_like_docker(case: &Case) -> Read {
    load_like_docker_as(case, &As::default())
}

/// The same under a name, and with a key.
pub fn load_like_docker_as(case: &Case, named: &As) -> Read {
    let (mut files, mut env) = (files_of(case), case.env.clone());
    let (mut ignored, mut unset): (Vec<String>, Vec<String>) = Default::default();
    loop {
        let loaded = load_with(case, (&files, &env), named);
        let known = (env.len(), ignored.len());
        for problem in loaded.problems.iter().filter(|problem| problem.is_error()) {
            if let Some(rest) = problem.message.strip_prefix("the variable '")
                && let Some((name, _)) = rest.split_once("' is not set")
                && env.insert(name.to_owned(), String::new()).is_none()
            {
                unset.push(name.to_owned());
            }
            let key = problem.key.split(['.', '[']).nth(2).unwrap_or_default().to_owned();
            if problem.hint.contains("ignore_unsupported") && !ignored.contains(&key) {
                ignored.push(key);
            }
        }
        if known == (env.len(), ignored.len()) {
            return Read { loaded, ignored, unset };
        }
        files = files_of(case);
        say_ignored(case, &ignored, &mut files);
    }
}

/// Writes `x-skep` at the end of the file, of several at the end of the first.
fn say_ignored(case: &Case, ignored: &[String], files: &mut FileSet) {
    let path = RepoPath::new(&case.files[0]).unwrap();
    let mut text = files.read(&path).unwrap().to_vec();
    let list = ignored.join(", ");
    text.extend_from_slice(format!("\nx-skep: {{ignore_unsupported: [{list}]}}\n").as_bytes());
    files.insert(path, Entry::File(Arc::from(text)));
}

/// The file with its surroundings.
pub fn files_of(case: &Case) -> FileSet {
    let mut files = FileSet::default();
    file_set(&case.directory, "", &mut files);
    if case.files.len() > 1 {
        let spec = json!({ "files": case.files });
        let text =
            format!("apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: stk}}\nspec: {spec}\n");
        files.insert(RepoPath::new(SEVERAL).unwrap(), Entry::File(Arc::from(text.as_bytes())));
    }
    files
}

/// The manifest that several files are given in.
const SEVERAL: &str = "several-files.yml";

/// The file that declares the stack.
pub fn declaration(case: &Case) -> String {
    match case.files.as_slice() {
        [file] => file.clone(),
        _ => SEVERAL.to_owned(),
    }
}

fn load_with(
    case: &Case,
    (files, env): (&FileSet, &BTreeMap<String, String>),
    named: &As,
) -> Loaded {
    let source = SourceName::new("corpus").unwrap();
    let file = declaration(case);
    let options = LoadOptions {
        source: &source,
        key: named.key.as_ref(),
        name: Some(&named.stack),
        variables: env,
        globs: std::slice::from_ref(&file),
        identities: skep::load::Identities::NONE,
    };
    load(files, &options)
}
