//! How a rollout goes on: a bar for each service on a terminal, lines elsewhere.

use std::collections::BTreeMap;
use std::io::IsTerminal as _;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use crate::cli::output;
use crate::health::HealthState;
use crate::view::text::{outcome, service_line, shorten};
use crate::view::{ReportView, Reveal, ServiceView, clean};

/// Characters of a service's trouble that stand beside its bar.
const ROOM: usize = 60;

/// Shows how services do, on standard error.
pub(in crate::cli) enum Progress {
    /// A terminal.
    Bars { all: MultiProgress, bars: BTreeMap<String, ProgressBar> },
    /// A file or a pipe: a line whenever something changed.
    Lines { told: BTreeMap<String, ServiceView> },
}

impl Progress {
    pub(in crate::cli) fn new() -> Self {
        if std::io::stderr().is_terminal() {
            Self::Bars { all: MultiProgress::new(), bars: BTreeMap::new() }
        } else {
            Self::Lines { told: BTreeMap::new() }
        }
    }

    /// Shows what a pass did and saw.
    pub(in crate::cli) fn show(&mut self, view: &ReportView) {
        for stack in &view.stacks {
            for one in stack.outcomes.iter().filter(|one| one.object.is_some()) {
                self.line(&outcome(one, Reveal::Nothing));
            }
            stack.services.iter().for_each(|service| self.service(service));
        }
    }

    /// Leaves the bars as they stand.
    pub(in crate::cli) fn end(self) {
        if let Self::Bars { bars, .. } = self {
            bars.values().for_each(ProgressBar::abandon);
        }
    }

    fn line(&self, text: &str) {
        match self {
            // An error means that the terminal is gone.
            Self::Bars { all, .. } => drop(all.println(text)),
            Self::Lines { .. } => output::note(&format!("{text}\n")),
        }
    }

    fn service(&mut self, service: &ServiceView) {
        match self {
            Self::Bars { all, bars } => {
                let bar = bars
                    .entry(service.name.clone())
                    .or_insert_with(|| all.add(bar(&service.name, service.wanted)));
                bar.set_length(service.wanted.max(1));
                let done = if service.wanted == 0 { 1 } else { service.running };
                bar.set_position(done.min(service.wanted.max(1)));
                bar.set_message(message(service));
            }
            Self::Lines { told } => {
                if told.get(&service.name) != Some(service) {
                    output::note(&format!("{}\n", service_line(service, 0, Reveal::Nothing)));
                    told.insert(service.name.clone(), service.clone());
                }
            }
        }
    }
}

fn bar(name: &str, wanted: u64) -> ProgressBar {
    let style = ProgressStyle::with_template("  {prefix:24!} [{bar:20}] {pos}/{len} {msg}");
    let style = style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("=> ");
    ProgressBar::new(wanted.max(1)).with_style(style).with_prefix(clean(name).into_owned())
}

fn message(service: &ServiceView) -> String {
    let why = service.why.to_string();
    match service.state {
        HealthState::Healthy => "healthy".to_owned(),
        state if why.is_empty() => state.as_str().to_owned(),
        state => format!("{}: {}", state.as_str(), clean(&shorten(&why, ROOM))),
    }
}
