//! Law 10: judged by everything that is told, and everything that others can read in the swarm.

use skep::view::{ReportView, Reveal, render, text};

use super::{Found, Law};
use crate::stage::PassSeen;
use crate::tree::{DELICATE, SECRET};

pub fn judge(pass: &PassSeen, found: &mut Found) {
    let Some(report) = &pass.report else { return };
    // What did not change was looked at before.
    if pass.writes().next().is_none() {
        return;
    }
    let mut tells = |place: &str, words: &str, text: &str| {
        if text.contains(words) {
            found.push((Law::Secrets, format!("{place} holds {words}…")));
        }
    };
    let view = ReportView::of(report);
    let documents = [
        ("the JSON", render::json(&view).expect("JSON")),
        ("the Markdown", render::markdown(&view)),
        ("the HTML", render::html(&view)),
        ("the text for others", text::report(&view, Reveal::Nothing)),
        ("the diff for others", text::diff(&view, Reveal::Nothing)),
        ("the plan for others", text::plan(&view, Reveal::Nothing)),
    ];
    for (place, document) in &documents {
        tells(place, SECRET, document);
        tells(place, DELICATE, document);
    }
    tells("the text on a terminal", SECRET, &text::plan(&view, Reveal::Values));
    tells("the report", SECRET, &format!("{report:?}"));
    let swarm = &pass.after;
    let labels = swarm.configs.values().map(|config| &config.spec.labels);
    let labels = labels.chain(swarm.secrets.values().map(|secret| &secret.spec.labels));
    let labels = labels.chain(swarm.services.values().map(|service| &service.spec.labels));
    for label in labels.flatten().map(|(_, value)| value) {
        tells("a label in the swarm", SECRET, label);
        tells("a label in the swarm", DELICATE, label);
    }
}
