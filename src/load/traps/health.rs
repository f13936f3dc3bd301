//! Health checks that can't work.
//!
//! What an image holds can't be told from a file: whether it has `curl` is left to the first
//! rollout. Only images that are known by their names to hold no shell are warned of.

use super::{Case, Trap};
use crate::load::compose::HealthTest;

const AT: [&str; 2] = ["healthcheck", "test"];
/// Signs that only a shell reads.
const OF_A_SHELL: [&str; 5] = ["||", "&&", "|", ";", ">"];
/// Images made from nothing but a program, unless their tag names a system.
const SHELL_LESS: [&str; 7] = [
    "cloudflare/cloudflared",
    "containous/whoami",
    "hello-world",
    "library/hello-world",
    "portainer/portainer-ce",
    "portainer/portainer-ee",
    "traefik/whoami",
];

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

/// A check that needs a shell, in an image that is known to have none.
pub fn no_shell(case: &Case<'_>) -> Vec<Trap> {
    let needs = match test(case) {
        Some(HealthTest::Shell(text)) => !text.is_empty(),
        Some(HealthTest::Words(words)) => words.first().is_some_and(|word| word == "CMD-SHELL"),
        None => false,
    };
    let (path, tag) = (case.image.path(), case.image.tag().unwrap_or_default());
    let says = |text: &str| {
        text.split(['/', '-', '.', '_']).any(|w| matches!(w, "distroless" | "scratch"))
    };
    let known = SHELL_LESS.contains(&path) && !tag.contains("alpine");
    if !needs || !(known || says(path) || says(tag) || says(case.image.registry())) {
        return Vec::new();
    }
    let message = "the health check needs a shell, and the image is known to have none: it would \
                   always fail";
    let hint = "write test: [CMD, PROGRAM, …] with a program that the image has, or remove it";
    vec![Trap::at(&AT, (message, hint))]
}

fn test<'a>(case: &Case<'a>) -> Option<&'a HealthTest> {
    case.form.healthcheck.as_ref().filter(|form| form.disable != Some(true))?.test.as_ref()
}
