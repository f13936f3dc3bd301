//! A value that may be secret, in every slot and in every text that may repeat it.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};

use super::sample::fields_mut;
use super::{objects, plain, sample, view};
use crate::diff::Masked;
use crate::model::{Held, HeldReason, Kind, ObjectRef, Step, UpdateManner};
use crate::status::{Outcome, Report, conditions};
use crate::view::{Reveal, render, text};

const CANARY: &str = "canary+5f1c/9e?b7";

#[test]
fn a_value_that_may_be_secret_is_in_no_output_but_text_on_a_terminal() {
    let view = view(&poisoned());
    let explained = objects::explained(CANARY, "one");
    for (form, output) in [
        ("diff", plain(&text::diff(&view, Reveal::Nothing))),
        ("plan", plain(&text::plan(&view, Reveal::Nothing))),
        ("report", plain(&text::report(&view, Reveal::Nothing))),
        ("outcomes", outcomes(&view)),
        ("json", render::json(&view).expect("JSON")),
        ("markdown", render::markdown(&view)),
        ("html", render::html(&view)),
        ("debug", format!("{view:?}")),
        ("explanation", plain(&text::explain(&explained, Reveal::Nothing))),
        ("explanation as json", render::json(&explained).expect("JSON")),
        ("explanation as debug", format!("{explained:?}")),
    ] {
        for (how, needle) in forms() {
            assert!(!output.contains(&needle), "{form} holds it, {how}:\n{output}");
        }
    }
    let shown = text::diff(&view, Reveal::Values);
    assert!(shown.contains(CANARY), "text on a terminal shows it:\n{shown}");
}

/// The canary as it is, and in the forms in which programs tend to pass it on.
fn forms() -> Vec<(&'static str, String)> {
    let hex: String = CANARY.bytes().map(|byte| format!("{byte:02x}")).collect();
    let url: String = url::form_urlencoded::byte_serialize(CANARY.as_bytes()).collect();
    let mut forms = vec![
        ("as it is", CANARY.to_owned()),
        ("in hex", hex),
        ("escaped for a URL", url),
        ("escaped for JSON", CANARY.replace('/', "\\/")),
    ];
    // Base64 of a text that stands somewhere inside another one, by the three ways to align it.
    for shift in 0..3 {
        let padded = [vec![0; shift], CANARY.as_bytes().to_vec()].concat();
        for engine in [&STANDARD_NO_PAD, &URL_SAFE_NO_PAD] {
            let text = engine.encode(&padded);
            let core = text.get(shift + 1..text.len() - 2).unwrap_or_default().to_owned();
            forms.push(("in base64", core));
        }
    }
    forms
}

fn outcomes(view: &crate::view::ReportView) -> String {
    let all = view.stacks.iter().flat_map(|stack| &stack.outcomes);
    all.map(|outcome| plain(&text::outcome(outcome, Reveal::Nothing))).collect()
}

/// A report with the canary as a value of every masked field, in the specs of steps, and in the
/// engine's messages.
fn poisoned() -> Report {
    let mut report = sample::report();
    for (name, stack) in &mut report.stacks {
        for field in stack.plan.drift.iter_mut().flat_map(fields_mut) {
            let change = Arc::make_mut(&mut field.change);
            change.masked = Masked::Yes;
            change.old = Some(CANARY.to_owned());
            change.new = Some(format!("[\"serve\",\"{CANARY}\"]"));
        }
        for change in stack.plan.ignored.iter_mut().flat_map(|one| &mut one.fields) {
            Arc::make_mut(change).old = Some(CANARY.to_owned());
        }
        for planned in &mut stack.plan.steps {
            if let Step::UpdateService { spec, manner, .. } = &mut planned.step {
                *spec = Arc::new(sample::spec(CANARY));
                *manner = UpdateManner::Supersede;
            }
        }
        let repeated = format!("exec: \"{CANARY}\": not found");
        for health in stack.health.values_mut() {
            health.why.clone_from(&repeated);
        }
        for outcome in &mut stack.outcomes {
            outcome.outcome = Outcome::Refused(repeated.clone());
        }
        let object = ObjectRef::new(Kind::Service, "tools_scaled");
        let contested = |field: &str| HeldReason::Contested {
            field: field.into(),
            ours: CANARY.into(),
            theirs: CANARY.into(),
        };
        let quarantined = HeldReason::Quarantined { why: repeated.clone() };
        for reason in [contested("environment.MODE"), contested("unknown"), quarantined] {
            stack.plan.held.insert(0, Held { object: object.clone(), reason });
        }
        stack.conditions = conditions(name, stack, &[]);
    }
    report
}
