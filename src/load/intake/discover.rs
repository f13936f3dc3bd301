//! Which files may hold declarations, by their names.

use globset::{Glob, GlobSet, GlobSetBuilder};

use super::ignore::Ignored;
use crate::load::bounds::MAX_DECLARATION_FILES;
use crate::model::{Entry, FileSet, Problem, RepoPath};

/// Files that may hold declarations, sorted. Without globs that is every YAML file but dot-files
/// (and all below dot-directories), `*.override.*`, templates of charts, and what `.skepignore`
/// leaves out. With globs it is what they fit, whatever its name. A directory that could not be
/// listed counts as a file that can't be read: anything may be declared in it.
pub fn discover(files: &FileSet, globs: &[String], problems: &mut Vec<Problem>) -> Vec<RepoPath> {
    let ignored = Ignored::read(files, problems);
    let chosen = globset(globs, problems);
    let counts = |path: &RepoPath, entry: &Entry| match (&chosen, entry) {
        (_, Entry::Closed(_)) => !is_special(path, files),
        (Some(chosen), _) => chosen.is_match(path.as_str()),
        (None, _) => is_yaml(path) && !is_special(path, files),
    };
    let mut found: Vec<RepoPath> = files
        .iter()
        .filter(|(path, entry)| counts(path, entry) && !ignored.leaves(path))
        .map(|(path, _)| path.clone())
        .collect();
    if let Some(first) = found.get(MAX_DECLARATION_FILES) {
        let message = format!(
            "there are more than {MAX_DECLARATION_FILES} YAML files; this one and those after it \
             are not read"
        );
        let hint = "name the files to read by globs, or leave some out in .skepignore";
        problems.push(Problem::error(first.clone(), message).hint(hint));
        found.truncate(MAX_DECLARATION_FILES);
    }
    found
}

fn globset(globs: &[String], problems: &mut Vec<Problem>) -> Option<GlobSet> {
    let mut builder = GlobSetBuilder::new();
    for text in globs {
        match Glob::new(text) {
            Ok(glob) => {
                builder.add(glob);
            }
            Err(error) => {
                let problem =
                    Problem::error(RepoPath::default(), format!("the glob '{text}': {error}"));
                problems.push(problem);
            }
        }
    }
    match builder.build() {
        Ok(set) => (!globs.is_empty()).then_some(set),
        Err(error) => {
            problems.push(Problem::error(RepoPath::default(), format!("the globs: {error}")));
            Some(GlobSet::empty())
        }
    }
}

fn is_yaml(path: &RepoPath) -> bool {
    let name = path.file_name();
    name.rsplit_once('.').is_some_and(|(_, extension)| matches!(extension, "yml" | "yaml"))
}

fn is_special(path: &RepoPath, files: &FileSet) -> bool {
    let hidden = path.as_str().split('/').any(|part| part.starts_with('.'));
    hidden || path.file_name().contains(".override.") || is_template(path, files)
}

/// `templates/` beside the file that makes a directory a chart.
fn is_template(path: &RepoPath, files: &FileSet) -> bool {
    let mut directory = path.parent();
    while !directory.as_str().is_empty() {
        let parent = directory.parent();
        if directory.file_name() == "templates" {
            let chart = |name: &str| parent.join(name).is_ok_and(|path| files.read(&path).is_ok());
            if ["chart.yml", "chart.yaml", "Chart.yaml"].iter().any(|name| chart(name)) {
                return true;
            }
        }
        directory = parent;
    }
    false
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn check(names: &[&str], globs: &[&str]) -> String {
        let mut files = FileSet::default();
        for name in names {
            let entry = Entry::File(Arc::from(&b"x.yml\n"[..]));
            files.insert(RepoPath::new(name).unwrap(), entry);
        }
        let globs: Vec<String> = globs.iter().map(|glob| (*glob).to_owned()).collect();
        let mut problems = Vec::new();
        let found = discover(&files, &globs, &mut problems);
        let found = found.iter().map(ToString::to_string);
        found.chain(problems.iter().map(|p| format!("! {p}"))).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn yaml_files_are_found_by_name() {
        let names = [
            "a.yml",
            "b/c.yaml",
            "d.json",
            ".e.yml",
            ".github/w.yml",
            "f.override.yml",
            "x.yml",
            ".skepignore",
            "charts/w/Chart.yaml",
            "charts/w/templates/t.yml",
            "templates/u.yml",
        ];
        assert_eq!(check(&names, &[]), "a.yml b/c.yaml charts/w/Chart.yaml templates/u.yml");
    }

    #[test]
    fn globs_choose_instead_of_names() {
        let names = ["a.yml", "p/f.override.yml", "p/g.txt", "p/q/h.yml"];
        assert_eq!(check(&names, &["p/*"]), "p/f.override.yml p/g.txt p/q/h.yml");
        assert!(check(&names, &["{"]).contains("! : the glob"));
    }
}
