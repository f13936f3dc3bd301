//! `.skepignore`: files that are no declarations, in the pattern language of `.gitignore`.

use globset::{GlobBuilder, GlobMatcher};

use crate::load::bounds::MAX_FILE_BYTES;
use crate::model::{FileSet, Problem, RepoPath};

/// Name of the file.
const NAME: &str = ".skepignore";
/// Most patterns of one file.
const MAX_PATTERNS: usize = 1_000;

/// All patterns of a revision.
#[derive(Debug, Default)]
pub struct Ignored {
    rules: Vec<Rule>,
}

#[derive(Debug)]
struct Rule {
    /// Directory of the file that holds the pattern, with `/` at the end; empty for the top.
    below: String,
    matcher: GlobMatcher,
    effect: Effect,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Effect {
    Leave,
    Take,
}

impl Ignored {
    /// Reads every `.skepignore` of a revision.
    pub fn read(files: &FileSet, problems: &mut Vec<Problem>) -> Self {
        let mut ignored = Self::default();
        let paths: Vec<&RepoPath> =
            files.iter().map(|(path, _)| path).filter(|path| path.file_name() == NAME).collect();
        for path in paths {
            match files.read(path) {
                Ok(bytes) if bytes.len() <= MAX_FILE_BYTES => {
                    ignored.add(path, &String::from_utf8_lossy(&bytes), problems);
                }
                Ok(_) => problems.push(Problem::error(path.clone(), "the file is too large")),
                Err(error) => problems.push(Problem::error(path.clone(), error.to_string())),
            }
        }
        ignored
    }

    fn add(&mut self, path: &RepoPath, text: &str, problems: &mut Vec<Problem>) {
        let below = match path.parent().as_str() {
            "" => String::new(),
            parent => format!("{parent}/"),
        };
        for line in text.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with('#')) {
            let (pattern, effect) = match line.strip_prefix('!') {
                Some(pattern) => (pattern, Effect::Take),
                None => (line, Effect::Leave),
            };
            if self.rules.len() >= MAX_PATTERNS {
                problems.push(Problem::error(path.clone(), "there are too many patterns"));
                return;
            }
            match matcher(pattern) {
                Some(matcher) => self.rules.push(Rule { below: below.clone(), matcher, effect }),
                None => problems.push(
                    Problem::error(path.clone(), format!("'{line}' is no pattern"))
                        .hint("patterns are those of .gitignore"),
                ),
            }
        }
    }

    /// True when a file is to be left alone. The last pattern that fits decides.
    #[must_use]
    pub fn leaves(&self, path: &RepoPath) -> bool {
        let fits = |rule: &&Rule| {
            let inside = path.as_str().strip_prefix(rule.below.as_str());
            inside.is_some_and(|inside| prefixes(inside).any(|part| rule.matcher.is_match(part)))
        };
        self.rules.iter().rev().find(fits).is_some_and(|rule| rule.effect == Effect::Leave)
    }
}

/// A path and all directories above it.
fn prefixes(path: &str) -> impl Iterator<Item = &str> {
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    ends.map(|end| &path[..end])
}

/// A pattern without a slash inside fits at any depth.
fn matcher(pattern: &str) -> Option<GlobMatcher> {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    let anchored = match pattern.strip_prefix('/') {
        Some(rest) => rest.to_owned(),
        None if pattern.contains('/') => pattern.to_owned(),
        None => format!("**/{pattern}"),
    };
    let glob = GlobBuilder::new(&anchored).literal_separator(true).build().ok()?;
    Some(glob.compile_matcher())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Entry;

    fn check(rules: &[(&str, &str)], path: &str) -> bool {
        let mut files = FileSet::default();
        for (name, text) in rules {
            let entry = Entry::File(Arc::from(text.as_bytes()));
            files.insert(RepoPath::new(name).unwrap(), entry);
        }
        let mut problems = Vec::new();
        let ignored = Ignored::read(&files, &mut problems);
        assert_eq!(problems, []);
        ignored.leaves(&RepoPath::new(path).unwrap())
    }

    #[test]
    fn patterns_are_those_of_gitignore() {
        let rules = [(".skepignore", "# c\n*.dev.yml\n/top.yml\nold/\na/b.yml\n!keep.dev.yml\n")];
        for (path, left) in [
            ("x/y.dev.yml", true),
            ("keep.dev.yml", false),
            ("top.yml", true),
            ("a/top.yml", false),
            ("x/old/z.yml", true),
            ("a/b.yml", true),
            ("c/a/b.yml", false),
            ("x.yml", false),
        ] {
            assert_eq!(check(&rules, path), left, "{path}");
        }
    }

    #[test]
    fn patterns_hold_below_the_file_that_has_them() {
        let rules = [("team/.skepignore", "*.yml")];
        assert!(check(&rules, "team/a/b.yml"));
        assert!(!check(&rules, "teams/a.yml"));
    }
}
