//! The way from a declaration to a file or service that it reaches, for cycles and depth.

use crate::load::bounds::MAX_CHAIN;
use crate::model::RepoPath;

/// One step of the way; lives on the stack while the way is gone.
#[derive(Debug, Clone, Copy)]
pub struct Trail<'t> {
    path: &'t RepoPath,
    /// The service, where services are followed and not whole files.
    service: Option<&'t str>,
    from: Option<&'t Trail<'t>>,
    length: usize,
}

/// Why a step can't be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoStep {
    /// It closes a circle, spelled from its first member to its first member.
    Circle(String),
    /// The way is too long.
    TooLong,
}

impl<'t> Trail<'t> {
    /// The way begins at a file.
    #[must_use]
    pub fn start(path: &'t RepoPath) -> Self {
        Self { path, service: None, from: None, length: 1 }
    }

    /// The way begins at a service of a file.
    #[must_use]
    pub fn start_at(path: &'t RepoPath, service: &'t str) -> Self {
        Self { service: Some(service), ..Self::start(path) }
    }

    /// The next step, to a file, or to a service of it.
    ///
    /// # Errors
    /// When the way leads back to where it was, or is too long.
    pub fn step(
        &'t self,
        path: &'t RepoPath,
        service: Option<&'t str>,
    ) -> Result<Trail<'t>, NoStep> {
        let next = Trail { path, service, from: Some(self), length: self.length + 1 };
        if let Some(circle) = self.circle(&next) {
            return Err(NoStep::Circle(circle));
        }
        if next.length > MAX_CHAIN {
            return Err(NoStep::TooLong);
        }
        Ok(next)
    }

    fn circle(&self, next: &Trail<'_>) -> Option<String> {
        let mut spelled = vec![next.spelled()];
        let mut here = Some(self);
        while let Some(step) = here {
            spelled.push(step.spelled());
            if (step.path, step.service) == (next.path, next.service) {
                spelled.reverse();
                return Some(spelled.join(" → "));
            }
            here = step.from;
        }
        None
    }

    fn spelled(&self) -> String {
        match self.service {
            Some(service) => format!("{} {service}", self.path),
            None => self.path.to_string(),
        }
    }
}

impl NoStep {
    /// What is wrong, and what to do.
    #[must_use]
    pub fn remark(&self, verb: &str) -> (String, &'static str) {
        match self {
            Self::Circle(circle) => {
                (format!("{verb} leads in a circle: {circle}"), "take one of these steps away")
            }
            Self::TooLong => {
                let message = format!("{verb} leads through more than {MAX_CHAIN} steps");
                (message, "shorten the chain")
            }
        }
    }
}
