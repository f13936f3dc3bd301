//! Lines of source for problems, with everything masked that may be secret.
//!
//! Values of environment variables, arguments and contents are never shown (law 10). What is
//! masked is found in the tree, so that it does not matter how a line is written; a text that is
//! no YAML shows each line only up to its first `:` or `=`.

use std::collections::BTreeMap;

use crate::load::bounds::{MAX_FILE_PROBLEMS, MAX_SHOWN_LINE};
use crate::load::yaml::{FileId, Node, Reading, Span, Value, parse};
use crate::model::{FileSet, Position, Problem, RepoPath};

/// Keys below which every scalar is masked.
const SECRET_KEYS: [&str; 10] = [
    "args",
    "command",
    "content",
    "driver_opts",
    "entrypoint",
    "environment",
    "options",
    "test",
    "variables",
    "credentials",
];

/// Puts the line to each problem that has a place, sorts, and bounds the number per file.
#[must_use]
pub fn finish(problems: Vec<Problem>, files: &FileSet) -> Vec<Problem> {
    let mut by_file: BTreeMap<RepoPath, Vec<Problem>> = BTreeMap::new();
    for problem in problems {
        by_file.entry(problem.file.clone()).or_default().push(problem);
    }
    by_file.into_iter().flat_map(|(file, problems)| finish_file(&file, problems, files)).collect()
}

fn finish_file(file: &RepoPath, mut problems: Vec<Problem>, files: &FileSet) -> Vec<Problem> {
    problems.sort_by(|a, b| {
        (a.at, a.severity, &a.key, &a.message).cmp(&(b.at, b.severity, &b.key, &b.message))
    });
    problems.dedup_by(|a, b| (a.at, &a.message) == (b.at, &b.message));
    let more = problems.len().saturating_sub(MAX_FILE_PROBLEMS);
    let worst = problems.iter().skip(MAX_FILE_PROBLEMS).map(|problem| problem.severity).min();
    problems.truncate(MAX_FILE_PROBLEMS);
    if problems.iter().any(|problem| problem.at.is_some())
        && let Ok(bytes) = files.read(file)
    {
        let text = Text::new(&bytes);
        for problem in &mut problems {
            problem.line = problem.at.and_then(|at| text.line(at));
        }
    }
    if let Some(worst) = worst {
        let message = format!("{more} more problems of this file are not shown");
        problems.push(Problem::error(file.clone(), message).severity(worst));
    }
    problems
}

struct Text {
    lines: Vec<String>,
    masks: Option<BTreeMap<u32, Vec<(u32, u32)>>>,
}

impl Text {
    fn new(bytes: &[u8]) -> Self {
        let text = String::from_utf8_lossy(bytes);
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        let lines = text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
        let parsed = parse(bytes, FileId::default());
        let masks = (parsed.reading == Reading::Whole).then(|| {
            let mut masks = BTreeMap::new();
            parsed.documents.iter().for_each(|tree| collect(tree, Shown::Plainly, &mut masks));
            masks
        });
        Self { lines, masks }
    }

    fn line(&self, at: Position) -> Option<String> {
        let line = self.lines.get(usize::try_from(at.line).ok()?.checked_sub(1)?)?;
        let masked = match &self.masks {
            Some(masks) => masked(line, masks.get(&at.line).map(Vec::as_slice).unwrap_or_default()),
            None => match line.find([':', '=']) {
                Some(end) if !line[end + 1..].trim().is_empty() => format!("{} …", &line[..=end]),
                _ => line.clone(),
            },
        };
        if masked.trim().is_empty() {
            return None;
        }
        let clean = masked.chars().map(|c| if c.is_control() { ' ' } else { c });
        Some(clean.take(MAX_SHOWN_LINE).collect())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Plainly,
    Masked,
}

/// Finds the places of all scalars that are masked.
fn collect(node: &Node, shown: Shown, masks: &mut BTreeMap<u32, Vec<(u32, u32)>>) {
    match &node.value {
        Value::Map(map) => {
            for (key, entry) in map {
                let secret = SECRET_KEYS.contains(&key.as_str());
                collect(&entry.node, if secret { Shown::Masked } else { shown }, masks);
            }
        }
        Value::List(items) => items.iter().for_each(|item| collect(item, shown, masks)),
        Value::Null => {}
        _ if shown == Shown::Masked => mask(node, masks),
        _ => {}
    }
}

/// Masks a scalar; of `NAME=value` the name stays.
fn mask(node: &Node, masks: &mut BTreeMap<u32, Vec<(u32, u32)>>) {
    let Span { start, end, .. } = node.span;
    let name = node.as_text().and_then(|text| text.split_once('=')).map(|(name, _)| name);
    let plain = name.filter(|name| name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric()));
    let skip = plain.map_or(0, |name| u32::try_from(name.len() + 1).unwrap_or(0));
    for line in start.line..=end.line {
        let from = if line == start.line { start.column + skip } else { 1 };
        let to = if line == end.line { end.column } else { u32::MAX };
        if from < to {
            masks.entry(line).or_default().push((from, to));
        }
    }
}

fn masked(line: &str, masks: &[(u32, u32)]) -> String {
    // A block ends where the next key begins: its end takes in that line's indentation.
    let blank = line.chars().take_while(|c| c.is_whitespace()).count();
    let blank = |to: u32| usize::try_from(to).is_ok_and(|to| to <= blank + 1);
    let masks: Vec<_> = masks.iter().filter(|(_, to)| !blank(*to)).collect();
    let mut out = String::new();
    for (column, c) in (1_u32..).zip(line.chars()) {
        let inside = |(from, to): &&&(u32, u32)| (*from..*to).contains(&column);
        match masks.iter().find(inside) {
            None => out.push(c),
            Some((from, _)) if *from == column || column == 1 => out.push('…'),
            Some(_) => {}
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::Entry;

    fn check(text: &str) -> String {
        let mut files = FileSet::default();
        let path = RepoPath::new("f.yml").unwrap();
        files.insert(path.clone(), Entry::File(Arc::from(text.as_bytes())));
        let lines = u32::try_from(text.lines().count()).unwrap();
        let problems = (1..=lines)
            .map(|line| Problem::error(path.clone(), "x").at(Position { line, column: 1 }))
            .collect();
        let lines = finish(problems, &files).into_iter().map(|p| p.line.unwrap_or_default());
        lines.collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn values_that_may_be_secret_are_masked_however_they_are_written() {
        let text = "x: &e {PW: hunter2}\nservices:\n  a: {image: x, environment: {A: 'hunter2', B: 1}, tty: 1}\n  b:\n    environment:\n      - PW=hunter2\n      - 'Q=hunter2'\n    command: run --pw hunter2\n    entrypoint: >\n      hunter2\n      hunter2\n    environment: *e\n";
        let shown = check(&text.replace("    environment: *e\n", "    x: {environment: *e}\n"));
        assert!(!shown.contains("hunter2"), "{shown}");
        insta::assert_snapshot!(shown, @"
        x: &e {PW: …}
        services:
          a: {image: x, environment: {A: …, B: …}, tty: 1}
          b:
            environment:
              - PW=…
              - 'Q…
            command: …
            entrypoint: >
              …
        …
            x: {environment: *e}
        ");
    }

    #[test]
    fn a_text_that_is_no_yaml_shows_only_its_keys() {
        insta::assert_snapshot!(check("a:\n  PW: hunter2\n  - PW=hunter2\n b: [\n"), @"
        a:
          PW: …
          - PW= …
         b: …
        ");
    }

    #[test]
    fn control_characters_and_long_lines_don_t_reach_a_terminal() {
        let shown = check(&format!("a: \"\u{1b}[31m{}\"\n", "x".repeat(500)));
        assert!(!shown.contains('\u{1b}') && shown.chars().count() == MAX_SHOWN_LINE, "{shown}");
    }
}
