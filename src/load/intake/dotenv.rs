//! `.env` files, and what `include` names instead, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::load::text::parse_dotenv;
use crate::model::{FileError, FileSet, Position, Problem, RepoPath};

/// Variables of the files that were asked for, by path.
#[derive(Debug, Default)]
pub struct DotEnvs {
    known: BTreeMap<RepoPath, Arc<DotEnv>>,
}

/// Variables of one `.env` file.
#[derive(Debug, Clone, Default)]
pub struct DotEnv {
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Mistakes, when the file can't be used as its author meant it.
    pub problems: Vec<Problem>,
}

impl DotEnvs {
    /// Variables that count for a file: those of `.env` beside it.
    pub fn beside(&mut self, file: &RepoPath, files: &FileSet) -> Arc<DotEnv> {
        self.below(&file.parent(), files)
    }

    /// Variables of `.env` in a directory; none without the file.
    pub fn below(&mut self, directory: &RepoPath, files: &FileSet) -> Arc<DotEnv> {
        match files.join(directory, ".env") {
            Ok(path) => self.named(&path, files),
            Err(_) => Arc::default(),
        }
    }

    /// Variables of a file; none without the file.
    pub fn named(&mut self, path: &RepoPath, files: &FileSet) -> Arc<DotEnv> {
        let known = self.known.entry(path.clone());
        Arc::clone(known.or_insert_with_key(|path| Arc::new(read(path, files))))
    }

    /// Mistakes of all files that were read.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.known.values().flat_map(|env| env.problems.iter())
    }
}

fn read(path: &RepoPath, files: &FileSet) -> DotEnv {
    let mut env = DotEnv::default();
    match files.read(path) {
        Ok(bytes) => {
            let (lines, mistakes) = parse_dotenv(&bytes);
            let value = |value: Option<String>| value.unwrap_or_default();
            env.variables.extend(lines.into_iter().map(|line| (line.name, value(line.value))));
            env.problems.extend(mistakes.into_iter().map(|(line, error)| {
                Problem::error(path.clone(), error.to_string())
                    .at(Position { line, column: 1 })
                    .hint("one NAME=value per line; '#' begins a comment")
            }));
        }
        Err(FileError::Missing(_)) => {}
        Err(error) => env.problems.push(Problem::error(path.clone(), error.to_string())),
    }
    env
}
