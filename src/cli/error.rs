//! What is told when a command can't go on: what was attempted, and each cause once.

use std::error::Error;
use std::fmt;

use super::Exit;

/// Why a command ended.
#[derive(Debug)]
pub(crate) struct Failure {
    attempted: String,
    cause: Option<Box<dyn Error + Send + Sync>>,
    exit: Exit,
}

impl Failure {
    /// What was attempted, and why it failed.
    pub(crate) fn new(
        attempted: impl Into<String>,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self { attempted: attempted.into(), cause: Some(cause.into()), exit: Exit::Error }
    }

    /// A sentence that says it all.
    pub(crate) fn plain(message: impl Into<String>) -> Self {
        Self { attempted: message.into(), cause: None, exit: Exit::Error }
    }

    /// An error that says itself what was attempted.
    pub(crate) fn of(error: &(dyn Error + 'static)) -> Self {
        Self::plain(lines(error.to_string(), error.source()).join("\n"))
    }

    /// The same with another exit code.
    pub(crate) fn exiting(self, exit: Exit) -> Self {
        Self { exit, ..self }
    }

    /// The exit code.
    pub(crate) fn exit(&self) -> Exit {
        self.exit
    }

    /// What was attempted and then each cause, one line each.
    pub(crate) fn lines(&self) -> Vec<String> {
        let cause = self.cause.as_deref().map(|cause| cause as &(dyn Error + 'static));
        lines(self.attempted.clone(), cause)
    }
}

/// A cause whose words stand in a line already is not told again.
fn lines(first: String, mut cause: Option<&(dyn Error + 'static)>) -> Vec<String> {
    let mut lines: Vec<String> = first.split('\n').map(str::to_owned).collect();
    while let Some(error) = cause {
        let text = error.to_string();
        if !text.is_empty() && !lines.iter().any(|line| line.contains(&text)) {
            lines.push(text);
        }
        cause = error.source();
    }
    lines
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.lines().join(": "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("dial the engine: connection refused")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn each_cause_is_told_once() {
        let inner = std::io::Error::other("connection refused");
        let failure = Failure::new("look at the swarm", Outer(inner));
        assert_eq!(failure.lines(), ["look at the swarm", "dial the engine: connection refused"]);
        let inner = std::io::Error::other("no such file");
        assert_eq!(
            Failure::of(&Outer(inner)).lines(),
            ["dial the engine: connection refused", "no such file"]
        );
    }
}
