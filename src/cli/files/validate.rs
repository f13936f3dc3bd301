//! `skep validate PATH`: everything that is wrong with declarations.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use crate::cli::args::{Format, OutputArgs, SourceArgs};
use crate::cli::error::Failure;
use crate::cli::start::{Environment, Opener, Variables, identities};
use crate::cli::{Exit, output};
use crate::load::{LoadOptions, Loaded, load, unknown_stacks, with_lines};
use crate::model::guard::Violation;
use crate::model::{FileSet, Problem, Severity};
use crate::plan::guard::{Guards, judge};
use crate::source::Manner;
use crate::view::{ProblemView, render, text};

/// Tell everything that is wrong with declarations, with file, line and column
///
/// Exit codes: 0 no errors (there may be warnings), 1 errors.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Directory, git repository (path or URL), file, or `-` for standard input
    source: String,
    #[command(flatten)]
    source_args: SourceArgs,
    #[command(flatten)]
    output: OutputArgs,
}

/// The JSON form.
#[derive(Serialize)]
struct ProblemsView<'a> {
    format: u32,
    problems: &'a [ProblemView],
}

pub(crate) async fn run(args: Args, environment: &Environment) -> Result<Exit, Failure> {
    let loaded = loaded(&args.source, &args.source_args, environment);
    let (loaded, files) = loaded.await.map_err(|failure| failure.exiting(Exit::Differs))?;
    let mut told = loaded.told_in_full(&files);
    // Another source may declare them, which is not read here.
    let elsewhere = unknown_stacks(&loaded.desired).into_iter();
    let elsewhere = elsewhere.map(|problem| problem.severity(Severity::Warning));
    told.extend(with_lines(elsewhere.collect(), &files));
    told.extend(with_lines(guarded(&loaded), &files));
    told.sort();
    let problems: Vec<ProblemView> = told.iter().map(ProblemView::of).collect();
    match args.output.output {
        Format::Text => {
            output::text(&text::problems(&problems))?;
            output::note(&summary(&loaded));
        }
        Format::Json => {
            let format = crate::view::picture::FORMAT;
            output::json(&ProblemsView { format, problems: &problems })?;
        }
        Format::Markdown => output::text(&render::markdown_problems(&problems))?,
        Format::Html => output::text(&render::html_problems(&problems))?,
    }
    let wrong = problems.iter().any(ProblemView::is_error);
    Ok(if wrong { Exit::Differs } else { Exit::Fine })
}

/// Loads a source as the one-shot commands do; with its files.
pub(in crate::cli) async fn loaded(
    text: &str,
    args: &SourceArgs,
    environment: &Environment,
) -> Result<(Loaded, Arc<FileSet>), Failure> {
    let opener = Opener { credentials: &args.credentials, manner: Manner::AsItLies, environment };
    let opened = opener.open(text, args)?;
    let checkout = opened.source.source.read().await.map_err(|error| Failure::of(&error))?;
    let file = args.credentials.age_key_file.as_deref();
    let identities = identities(file, (environment, Variables::Shared))?;
    let options = LoadOptions {
        source: &opened.source.name,
        key: None,
        name: args.name.as_ref(),
        variables: &environment.texts(),
        globs: &opened.globs,
        identities: &identities,
    };
    let loaded = load(&checkout.files, &options);
    Ok((loaded, checkout.files))
}

/// What guards say against the stacks beside them; nothing is known here of what runs.
fn guarded(loaded: &Loaded) -> Vec<Problem> {
    let (known, unread) = (loaded.guards.clone(), Vec::new());
    let verdicts = judge(&Guards { known, unread }, &loaded.desired, &BTreeMap::new());
    let problem = |violation: Violation| {
        let rule = &violation.rule_at;
        let line = rule.at.map_or_else(String::new, |at| format!(":{}", at.line));
        let message = format!("{}: {}", violation.object, violation.what);
        let hint = format!(
            "the guard {} says so: {}, {}{line}",
            violation.guard, violation.rule, rule.file
        );
        let mut problem = Problem::error(violation.at.file, message).hint(hint);
        problem.at = violation.at.at;
        problem
    };
    verdicts.into_values().flat_map(|verdicts| verdicts.violations).map(problem).collect()
}

fn summary(loaded: &Loaded) -> String {
    let stacks = &loaded.desired.stacks;
    let services: usize = stacks.values().map(|stack| stack.services.len()).sum();
    let word = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    let jobs: usize = stacks.values().map(|stack| stack.jobs.len()).sum();
    let jobs = if jobs == 0 { String::new() } else { format!(", {}", word(jobs, "job")) };
    format!("{}, {}{jobs}\n", word(stacks.len(), "stack"), word(services, "service"))
}
