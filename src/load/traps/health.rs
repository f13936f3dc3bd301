//! Health checks that can't work.
//!
//! What an image holds can't be told from a file. Only images are warned of that are known by their
//! names to lack what the check begins with; all others are left to the first rollout. What a
//! Dockerfile beside them says counts for nothing: `COPY` may bring a shell along.

use super::known::{lacks, shell_less};
use super::{Case, Trap};
use crate::load::compose::{CommandLine, HealthTest};

const AT: [&str; 2] = ["healthcheck", "test"];
/// Programs that run a text.
const SHELLS: [&str; 6] = ["sh", "bash", "ash", "/bin/sh", "/bin/bash", "/bin/ash"];
/// Programs that ask over HTTP.
const PROGRAMS: [&str; 2] = ["curl", "wget"];
/// Signs of a command that installs programs.
const INSTALLS: [&str; 4] = ["apk", "apt", "curl", "wget"];
/// Signs that only a shell reads.
const OF_A_SHELL: [&str; 5] = ["||", "&&", "|", ";", ">"];
/// The engine knows `CMD`, `CMD-SHELL` and `NONE`, and runs no check for anything else
/// (`getProbe` in moby's `daemon/health.go`).
pub fn words(case: &Case<'_>) -> Vec<Trap> {
    let Some(HealthTest::Words(words)) = test(case) else { return Vec::new() };
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (message, hint) = match words.as_slice() {
        ["CMD", only] if only.contains(' ') => (
            "CMD runs a program with this whole text as its name, so the check always fails",
            "split it into words, or write CMD-SHELL",
        ),
        ["CMD", "sh" | "bash" | "/bin/sh" | "/bin/bash", ..] => return Vec::new(),
        ["CMD", rest @ ..] if rest.iter().any(|word| OF_A_SHELL.contains(word)) => (
            "CMD runs a program without a shell: '||' and the like are arguments to it",
            "write CMD-SHELL and one text",
        ),
        ["CMD-SHELL", _, _, ..] => (
            "CMD-SHELL runs its first text only; the others are not part of the command",
            "write one text, or CMD",
        ),
        [] | ["" | "CMD" | "CMD-SHELL" | "NONE", ..] => return Vec::new(),
        _ => (
            "a list that does not begin with CMD, CMD-SHELL or NONE is no health check: the \
             engine runs none",
            "put CMD before it",
        ),
    };
    vec![Trap::at(&AT, (message, hint))]
}

/// A list as text, or a word that only begins a list: the shell takes each for a program.
pub fn list_as_text(case: &Case<'_>) -> Vec<Trap> {
    let Some(HealthTest::Shell(text)) = test(case) else { return Vec::new() };
    let text = text.trim();
    let first = text.split_whitespace().next().unwrap_or_default();
    let (message, hint) = match first {
        "NONE" => ("a text is run by a shell, which knows no program NONE", "write disable: true"),
        "CMD" | "CMD-SHELL" => (
            "a text is run by a shell, which knows no program CMD: the check always fails",
            "write the command alone, or a list: [CMD, PROGRAM, …]",
        ),
        _ if text.starts_with('[') && text.ends_with(']') && text.contains("CMD") => (
            "this list is in quotes, so a shell takes it for a command, and the check always fails",
            "write the list without quotes around it",
        ),
        _ => return Vec::new(),
    };
    vec![Trap::at(&AT, (message, hint))]
}

/// A check that begins with a shell, in an image that is known to have none.
pub fn no_shell(case: &Case<'_>) -> Vec<Trap> {
    let needs = match test(case) {
        Some(HealthTest::Shell(text)) => !text.is_empty(),
        Some(HealthTest::Words(words)) => match words.first().map(String::as_str) {
            Some("CMD-SHELL") => true,
            Some("CMD") => words.get(1).is_some_and(|word| SHELLS.contains(&word.as_str())),
            _ => false,
        },
        None => false,
    };
    if !needs || !shell_less(case.image) {
        return Vec::new();
    }
    let message = "the health check needs a shell, and the image is known to have none: it would \
                   always fail";
    let hint = "write test: [CMD, PROGRAM, …] with a program that the image has, or remove it";
    vec![Trap::at(&AT, (message, hint))]
}

/// A check that begins with `curl` or `wget`, in an image that is known not to have it.
pub fn no_program(case: &Case<'_>) -> Vec<Trap> {
    let line = match test(case) {
        Some(HealthTest::Shell(text)) => text.as_str(),
        Some(HealthTest::Words(words)) => match words.as_slice() {
            [kind, text, ..] if matches!(kind.as_str(), "CMD" | "CMD-SHELL") => text,
            _ => return Vec::new(),
        },
        None => return Vec::new(),
    };
    let first = line.split_whitespace().next().unwrap_or_default();
    // Without a shell, that is what is told.
    if !no_shell(case).is_empty() {
        return Vec::new();
    }
    let Some(program) = lacks(case.image).into_iter().find(|program| *program == first) else {
        return Vec::new();
    };
    // Something else may be tried after it, and a command may install it first.
    let others = line.split_whitespace().skip(1).filter(|word| PROGRAMS.contains(word)).count();
    let (command, entrypoint) = (case.form.command.as_ref(), case.form.entrypoint.as_ref());
    let mut run = command.into_iter().chain(entrypoint).flat_map(CommandLine::words);
    if others > 0 || run.any(|word| INSTALLS.iter().any(|tool| word.contains(tool))) {
        return Vec::new();
    }
    let message = format!(
        "the health check begins with {program}, and the image is known not to have it: it would \
         always fail"
    );
    let hint = "write test: [CMD, PROGRAM, …] with a program that the image has, or remove it";
    vec![Trap::at(&AT, (message, hint))]
}

fn test<'a>(case: &Case<'a>) -> Option<&'a HealthTest> {
    case.form.healthcheck.as_ref().filter(|form| form.disable != Some(true))?.test.as_ref()
}
