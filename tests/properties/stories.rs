//! Stories: scripts for readers, with what skep did, held and said beside each line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

use skep::model::{Outcome, StepKind, StepOutcome};
use skep::status::{Report, Settled, settled};

use crate::script::{Action, Script};
use crate::stage::{PassSeen, Stage};

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/properties/stories")
}

#[test]
#[expect(clippy::disallowed_methods, reason = "the stories are files of the project")]
fn each_story_is_told_as_it_was_recorded() {
    let mut names: Vec<PathBuf> = fs::read_dir(folder())
        .expect("the folder of stories")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(folder());
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for path in names {
        let name = path.file_stem().expect("a name").display().to_string();
        let script: Script = fs::read_to_string(&path).expect("a story").parse().expect(&name);
        settings.bind(|| insta::assert_snapshot!(name, told(&script)));
    }
}

/// A script with what came of each line.
fn told(script: &Script) -> String {
    let mut teller = Teller::default();
    Stage::new(1, 1).play(script, |_, action, passes| {
        teller.line(action);
        passes.iter().for_each(|pass| teller.pass(pass));
    });
    teller.text
}

#[derive(Default)]
struct Teller {
    text: String,
    /// What was last said, by what it is about.
    said: BTreeMap<String, String>,
}

impl Teller {
    fn line(&mut self, action: &Action) {
        let _ = match action {
            Action::Note(note) => writeln!(self.text, "\n# {note}"),
            action => writeln!(self.text, "> {action}"),
        };
    }

    fn pass(&mut self, pass: &PassSeen) {
        let mut lines = Vec::new();
        match &pass.report {
            None => {
                let wrote = pass.writes().filter(|wrote| wrote.made).count();
                lines.push(format!("the operator dies after {wrote} writes; another is started"));
            }
            Some(report) => {
                lines.extend(report.trouble.iter().cloned());
                lines.extend(steps(report));
                lines.extend(self.news(report));
            }
        }
        for (number, line) in lines.iter().enumerate() {
            let time = format!("{:02}:{:02}", pass.at / 60, pass.at % 60);
            let time = if number == 0 { time } else { String::new() };
            let _ = writeln!(self.text, "{time:>8}  {}", without_ids(line));
        }
    }

    /// What is said now and was not said before.
    fn news(&mut self, report: &Report) -> Vec<String> {
        let mut now: BTreeMap<String, String> = BTreeMap::new();
        for (name, stack) in &report.stacks {
            for held in &stack.plan.held {
                let (object, word) = (&held.object, held.reason.name());
                now.insert(format!("held {object}"), format!("{word}: {}", held.reason));
            }
            for (service, health) in &stack.health {
                let why = if health.why.is_empty() {
                    String::new()
                } else {
                    format!(" ({})", health.why)
                };
                let (running, wanted) = (health.running, health.wanted);
                let text = format!("{running} of {wanted} tasks{why}");
                now.insert(format!("{service} is {}", health.state.as_str()), text);
            }
            let state = match settled(stack) {
                Settled::Well => "well",
                Settled::OnTheWay => "on its way",
                Settled::Badly => "not well, and stays so",
            };
            now.insert(format!("stack {name}"), state.to_owned());
        }
        for problem in &report.problems {
            now.insert("problem".to_owned(), problem.to_string());
        }
        let told = now.iter().filter(|(about, text)| {
            // Counts go up one by one; what counts is how a service does.
            self.said.get(*about).is_none_or(|said| !about.contains(" is ") && said != *text)
        });
        let told = told.map(|(about, text)| format!("{about}: {text}")).collect();
        self.said = now;
        told
    }
}

fn steps(report: &Report) -> Vec<String> {
    let mut lines = Vec::new();
    for (stack, report) in &report.stacks {
        lines.extend(report.outcomes.iter().map(|outcome| step(stack.as_str(), outcome)));
    }
    lines
}

fn step(stack: &str, outcome: &StepOutcome) -> String {
    let what = match (&outcome.object, outcome.kind) {
        (None, StepKind::Ledger) => format!("remember what is done with {stack}"),
        (object, kind) => {
            format!("{kind} {}", object.as_ref().map_or_else(String::new, ToString::to_string))
        }
    };
    match &outcome.outcome {
        Outcome::Done(_) => what,
        Outcome::Skipped(why)
        | Outcome::Conflict(why)
        | Outcome::InUse(why)
        | Outcome::Refused(why)
        | Outcome::Unknown(why) => format!("{what}: not done: {why}"),
    }
}

/// Ids and digests say nothing to readers.
fn without_ids(line: &str) -> String {
    let is_id = |word: &str| {
        word.len() >= 25 && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
    };
    let mut text = String::new();
    let mut word = String::new();
    for c in line.chars().chain(['\n']) {
        if c.is_ascii_alphanumeric() {
            word.push(c);
            continue;
        }
        text.push_str(if is_id(&word) { "…" } else { &word });
        word.clear();
        text.push(c);
    }
    text.trim_end().to_owned()
}
