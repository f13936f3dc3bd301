//! Binds of files that stand in the repository: the nodes don't have it, so the files become
//! configs, one for each file.
//!
//! `docker stack deploy` sends the path of the machine it is called on, which exists on no other
//! node. Configs are named `STACK_SERVICE-PATH` and versioned like declared ones, so that changed
//! content rolls the service.

use std::sync::Arc;

use crate::load::bounds::{MAX_BOUND_BYTES, MAX_BOUND_FILES, MAX_CONFIG_BYTES};
use crate::load::compose::LongVolume;
use crate::load::convert::Stage;
use crate::load::yaml::KeyPath;
use crate::model::engine::{ConfigReference, DataFile, StringMap};
use crate::model::{DesiredData, FileError, Kind, Naming, RepoPath, SpecHash};

/// Longest name of such a config: room for the suffix of a version stays within the engine's 64.
const MAX_NAME: usize = 53;
/// Hex digits that stand for the rest of a path.
const DIGITS: usize = 8;
/// Files that only keep a directory in git.
const KEEPERS: [&str; 3] = [".gitkeep", ".gitignore", ".keep"];

const INSTEAD: &str = "files of the repository become configs; for data write a named volume, for \
                       a path of the nodes an absolute one that exists on every node";

/// One file on its way to a config.
struct Bound {
    file: RepoPath,
    /// Where it appears in the container.
    target: String,
    bytes: Arc<[u8]>,
}

impl Stage<'_, '_> {
    /// Makes configs of what a relative bind names, and puts references to them to the others.
    pub(super) fn bound(
        &mut self,
        volume: &LongVolume,
        path: &KeyPath<'_>,
        configs: &mut Vec<ConfigReference>,
    ) {
        if self.options_fit(volume, path).is_none() {
            return;
        }
        if volume.read_only == Some(false) {
            let message = "what stands in the repository can't be written to by a container: the \
                           nodes don't have it";
            let hint = "write ro, and the files become configs; or use a named volume";
            return self.error(path, (message, hint));
        }
        let Some(files) = self.bound_files(volume, path) else { return };
        self.tell_bound(&files, path);
        for file in files {
            if configs.iter().any(|c| c.file.as_ref().is_some_and(|f| f.name == file.target)) {
                let remark = ("two configs have one target", "give one of them another target");
                self.error(path, remark);
            }
            configs.push(self.bound_config(file, path));
        }
        configs.sort_by(|a, b| a.config_name.cmp(&b.config_name));
    }

    /// Reads the file, or all files of the directory.
    fn bound_files(&mut self, volume: &LongVolume, path: &KeyPath<'_>) -> Option<Vec<Bound>> {
        let source = volume.source.as_deref().unwrap_or_default();
        let target = volume.target.clone().unwrap_or_default();
        let from = self.base_of(self.input.tree.locate(path).file);
        let files = self.input.files;
        let found =
            files.join(&from, source).map_err(|error| error.to_string()).and_then(
                |top| match files.read(&top) {
                    Ok(bytes) => Ok(vec![Bound { file: top, target, bytes }]),
                    Err(FileError::Directory(_)) => {
                        self.bound_directory(&top, &target).map_err(|error| error.to_string())
                    }
                    Err(error) => Err(error.to_string()),
                },
            );
        let wrong = match found {
            Ok(found) => match unfit(&found) {
                None => return self.bound_in_clear(found, path),
                Some(message) => message,
            },
            Err(message) => message,
        };
        let plain = !self.quote(path, "").is_empty();
        let message = match plain {
            true => format!("this relative path can't be mounted: {wrong}"),
            false => "with its variables filled in, this relative path can't be mounted".to_owned(),
        };
        self.error(path, (message, INSTEAD));
        None
    }

    /// Sealed ones among the files are opened.
    fn bound_in_clear(&mut self, found: Vec<Bound>, path: &KeyPath<'_>) -> Option<Vec<Bound>> {
        let open = |bound: Bound| {
            let text = self.in_clear(path, (&bound.file, bound.bytes))?;
            Some(Bound { bytes: Arc::from(&*text), ..bound })
        };
        found.into_iter().map(open).collect()
    }

    /// Beyond the bound on files nothing more is read: that there are too many is all that counts.
    fn bound_directory(&self, top: &RepoPath, target: &str) -> Result<Vec<Bound>, FileError> {
        let files = self.input.files;
        let mut found = Vec::new();
        for (rest, file) in files.below(top)? {
            if found.len() > MAX_BOUND_FILES {
                break;
            }
            if !KEEPERS.contains(&file.file_name()) {
                let target = format!("{}/{rest}", target.trim_end_matches('/'));
                found.push(Bound { bytes: files.read(&file)?, file, target });
            }
        }
        Ok(found)
    }

    fn tell_bound(&mut self, files: &[Bound], path: &KeyPath<'_>) {
        let message = match files.len() {
            1 => "the file becomes a config: the nodes don't have the repository".to_owned(),
            many => format!("the {many} files become configs: the nodes don't have the repository"),
        };
        let hint = "changed content rolls the service; the container can't write to it";
        self.findings.note_in(self.input.tree, path, (message, hint));
    }

    /// The config of a file; services have configs of their own, so that one can change alone.
    fn bound_config(&mut self, bound: Bound, path: &KeyPath<'_>) -> ConfigReference {
        let Bound { file, target, bytes } = bound;
        let name = self.bound_name(&file, path);
        // A script is run, other files are only read; git's own bit is not known here.
        let mode = if bytes.starts_with(b"#!") { 0o555 } else { 0o444 };
        if self.bound.insert(name.clone(), file).is_none() {
            let data = DesiredData {
                naming: Naming::Versioned,
                labels: self.stack_labels(StringMap::default()),
                content: self.stored(Kind::Config, &name, bytes.to_vec()),
                templating: None,
                place: self.place(self.input.tree.locate(path)),
            };
            self.objects.configs.insert(name.clone(), data);
        }
        let owner = "0".to_owned();
        let file = DataFile { name: target, uid: owner.clone(), gid: owner, mode };
        ConfigReference { config_name: name, file: Some(file), ..ConfigReference::default() }
    }

    /// `STACK_SERVICE-PATH`, with digits of a hash where that is too long or another's.
    fn bound_name(&self, file: &RepoPath, path: &KeyPath<'_>) -> String {
        let service =
            crate::load::convert::service::entry_of(path).map(|(_, name)| name).unwrap_or_default();
        let beside = self.base_of(self.input.tree.locate(path).file);
        let shown = file.as_str().strip_prefix(beside.as_str()).unwrap_or(file.as_str());
        let plain = format!("{}-{}", self.scoped(&service), slug(shown));
        let ours = self.bound.get(&plain).is_some_and(|other| other == file);
        let free = !self.objects.configs.contains_key(&plain);
        if plain.len() <= MAX_NAME && !plain.ends_with('-') && (ours || free) {
            return plain;
        }
        let hash = SpecHash::of(format!("{plain} {file}").as_bytes());
        let digits = hash.as_str().get(..DIGITS).unwrap_or_default();
        let stem = plain.get(..plain.len().min(MAX_NAME - DIGITS - 1)).unwrap_or(&plain);
        format!("{}-{digits}", stem.trim_end_matches(['-', '.', '_']))
    }
}

/// Why files can't become configs.
fn unfit(files: &[Bound]) -> Option<String> {
    let together: usize = files.iter().map(|bound| bound.bytes.len()).sum();
    if files.is_empty() {
        return Some("the directory holds no files".to_owned());
    }
    if files.len() > MAX_BOUND_FILES {
        return Some(format!("the directory holds more than {MAX_BOUND_FILES} files"));
    }
    if files.len() > 1 && together > MAX_BOUND_BYTES {
        return Some(format!("the files have {together} bytes, more than {MAX_BOUND_BYTES}"));
    }
    files.iter().find_map(|bound| match bound.bytes.len() {
        0 => Some(format!("'{}' is empty, and the engine takes no empty config", bound.file)),
        size if size > MAX_CONFIG_BYTES => Some(format!(
            "'{}' has {size} bytes, and the engine takes at most {MAX_CONFIG_BYTES}",
            bound.file
        )),
        _ => None,
    })
}

/// A path in the letters that names may have.
fn slug(path: &str) -> String {
    let known = |c: char| if c.is_ascii_alphanumeric() || "._".contains(c) { c } else { '-' };
    let slug: String = path.chars().map(known).collect();
    slug.trim_matches(['-', '.', '_']).to_owned()
}
