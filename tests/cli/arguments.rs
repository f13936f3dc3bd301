//! Arguments: what is missing or wrong is told, with exit code 2.

use crate::{call, skep};

fn refused(arguments: &[&str], why: &str) {
    let called = call(skep(arguments));
    assert_eq!(called.code, 2, "{arguments:?}: {}", called.err);
    assert!(called.err.contains(why), "{arguments:?}: {}", called.err);
    assert_eq!(called.out, "", "{arguments:?}");
}

#[test]
fn wrong_arguments_are_told() {
    refused(&[], "Usage: skep <COMMAND>");
    refused(&["diff"], "<SOURCE>");
    refused(&["diff", ".", "-o", "xml"], "possible values: text, json, markdown, html");
    refused(&["apply", ".", "--timeout", "soon"], "not a duration such as 90s");
    refused(&["apply", ".", "--name=-x-"], "the name may hold letters, digits");
    refused(&["suspend"], "<STACK|--all>");
    refused(&["approve", "shop"], "<APPROVALS>");
    refused(&["approve", "shop", "yes"], "is no approval");
    refused(&["suspend", "shop", "--all"], "cannot be used with");
    refused(&["import", "--force"], "--output <DIR>");
    refused(&["convert", "x.yml"], "--to <TO>");
    refused(&["import", "my/stack"], "the name may hold letters, digits");
    refused(&["explain", "web", "."], "say service/NAME");
    refused(&["run", ".", "--interval", "10ms"], "shorter than 1s");
    refused(&["diff", "ext::sh -c true"], "not allowed: they start programs");
    refused(&["diff", ".", "--host", "nowhere"], "use unix:///PATH, tcp://HOST:PORT or ssh://HOST");
}

#[test]
fn help_and_version_go_to_standard_output() {
    let help = call(skep(&["--help"]));
    assert_eq!(help.code, 0);
    for command in [
        "demo",
        "run",
        "diff",
        "plan",
        "apply",
        "status",
        "explain",
        "suspend",
        "resume",
        "approve",
        "retry",
        "validate",
        "render",
        "import",
        "convert",
        "completions",
    ] {
        assert!(help.out.contains(&format!("\n  {command} ")), "{command}: {}", help.out);
    }
    assert!(call(skep(&["--version"])).out.starts_with("skep "));
}

#[test]
fn credentials_in_an_address_are_not_repeated() {
    let called = call(skep(&["diff", "gopher://me:hunter2@host/x"]));
    assert_eq!(called.code, 2);
    assert!(!called.err.contains("hunter2"), "{}", called.err);
}

#[test]
fn completions_are_written_for_three_shells() {
    for (shell, mark) in
        [("bash", "_skep()"), ("zsh", "#compdef skep"), ("fish", "complete -c skep")]
    {
        let called = call(skep(&["completions", shell]));
        assert_eq!(called.code, 0, "{}", called.err);
        assert!(called.out.contains(mark), "{shell}");
    }
}
