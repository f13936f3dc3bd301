//! `.env` files, and what `include` names instead, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::load::Identities;
use crate::load::sealed::{Text, plain_text};
use crate::load::text::parse_dotenv;
use crate::model::{FileError, FileSet, Position, Problem, RepoPath};

/// Variables of the files that were asked for, by path.
#[derive(Debug, Default)]
pub struct DotEnvs {
    identities: Identities,
    known: BTreeMap<RepoPath, Arc<DotEnv>>,
}

/// Variables of one `.env` file.
#[derive(Debug, Clone, Default)]
pub struct DotEnv {
    /// Variables.
    pub variables: BTreeMap<String, String>,
    /// Mistakes, when the file can't be used as its author meant it.
    pub problems: Vec<Problem>,
    /// Whether the file is sealed.
    sealed: bool,
}

impl DotEnvs {
    /// None yet; sealed ones are opened with these.
    #[must_use]
    pub fn opened_with(identities: &Identities) -> Self {
        Self { identities: identities.clone(), known: BTreeMap::new() }
    }

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
        let identities = &self.identities;
        Arc::clone(known.or_insert_with_key(|path| Arc::new(read(path, files, identities))))
    }

    /// Sealed files among them.
    pub fn sealed(&self) -> impl Iterator<Item = &RepoPath> {
        self.known.iter().filter(|(_, env)| env.sealed).map(|(path, _)| path)
    }

    /// Mistakes of all files that were read.
    pub fn problems(&self) -> impl Iterator<Item = &Problem> {
        self.known.values().flat_map(|env| env.problems.iter())
    }
}

fn read(path: &RepoPath, files: &FileSet, identities: &Identities) -> DotEnv {
    let mut env = DotEnv::default();
    match files.read(path) {
        Ok(bytes) => {
            let bytes = match plain_text(path, bytes, identities) {
                Ok(bytes) => bytes,
                Err(remark) => {
                    env.sealed = true;
                    let at = Position { line: 1, column: 1 };
                    let problem = Problem::error(path.clone(), remark.message).at(at);
                    env.problems.push(problem.hint(remark.hint));
                    return env;
                }
            };
            env.sealed = matches!(bytes, Text::Opened(..));
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
