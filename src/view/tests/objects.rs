//! Hand-made pictures that are drawn of no report: one object, and what the ledger knows.

use jiff::Timestamp;

use super::{sample, view};
use crate::diff::fields::fields;
use crate::health::{Health, HealthState};
use crate::model::engine::{Task, TaskState, TaskStatus};
use crate::model::{FieldRules, Kind, LastWords, ObjectRef, SeenTask, SpecHash, Standing};
use crate::view::{
    BothView, EngineView, ExplainView, HeldRevisionView, KnownStackView, LogView, MemoryView,
    OperatorView, ServiceView, SpecsView, StatusView, SuspensionView, TaskView, Veil, WrittenView,
};

/// A service with this value wherever one may be secret, also in messages that repeat it, and with
/// this text wherever else others write.
pub(super) fn explained(value: &str, text: &str) -> ExplainView {
    let spec = sample::spec(value);
    let message = &format!("exec: \"{value}\": not found");
    let veil = Veil::of_spec(&spec);
    let report = view(&sample::report());
    let stack = report.stacks.iter().find(|stack| stack.name == "shop").expect("a stack");
    let old = sample::spec("quiet");
    let task = |state, standing| {
        let status = TaskStatus { state, err: message.to_owned(), ..TaskStatus::default() };
        let task = Task { slot: 1, status, desired_state: TaskState::Running, ..Task::default() };
        TaskView::of(&SeenTask { task: task.into(), standing }, text, &veil)
    };
    ExplainView {
        object: ObjectRef::new(Kind::Service, "shop_web"),
        stack: "shop".to_owned(),
        from: format!("source main at {text}"),
        declared: Some("shop/compose.yml:12:3".to_owned()),
        id: Some("s1".to_owned()),
        health: Some(service(message, &veil)),
        job: None,
        drift: stack.drift.iter().find(|drift| drift.object.name == "shop_web").cloned(),
        ignored: stack.ignored.iter().flat_map(|one| one.fields.clone()).collect(),
        held: stack.held.clone(),
        tasks: vec![
            task(TaskState::Rejected, Standing::Outdated),
            task(TaskState::Running, Standing::Current),
        ],
        fields: BothView::of(
            &fields(&spec, &Default::default()),
            &fields(&old, &Default::default()),
        ),
        memory: Some(memory(text)),
        written: Some(WrittenView {
            created: Some(Timestamp::UNIX_EPOCH),
            at: Some(Timestamp::UNIX_EPOCH),
            version: 12,
            previous: false,
            rollout: Some(veil.over(message)),
        }),
        used_by: vec![text.to_owned()],
        operator: Some(told(text)),
        unknown: vec![text.to_owned()],
    }
}

fn memory(text: &str) -> MemoryView {
    let hash = SpecHash::of(b"spec");
    let service = SpecsView {
        observed: Some(hash.clone()),
        attempted: Some(SpecHash::of(b"bad")),
        stable: Some(hash),
        quarantine: vec![SpecHash::of(b"bad")],
        failure: Some(text.to_owned()),
        retry: Some(SpecHash::of(b"bad")),
        image: Some(text.to_owned()),
        pinned: Some(text.to_owned()),
    };
    MemoryView {
        source: Some(text.to_owned()),
        revision: Some("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned()),
        under_way: true,
        held: Some(HeldRevisionView {
            revision: "9a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned(),
            why: text.to_owned(),
        }),
        id: Some("s1".to_owned()),
        service: Some(service),
    }
}

fn told(text: &str) -> OperatorView {
    let json = serde_json::json!({"at": "2026-01-01T00:00:00Z", "stacks": [{
        "held": [{"object": {"kind": "service", "name": "shop_web"}, "reason": "Waiting",
            "message": text, "advice": text}],
        "outcomes": [{"action": "update", "object": {"kind": "service", "name": "shop_web"},
            "outcome": "done", "messages": [text]}],
    }]});
    let object = ObjectRef::new(Kind::Service, "shop_web");
    OperatorView::read(json.to_string().as_bytes(), &object).expect("a report")
}

/// What the ledger knows, with this text wherever a person wrote.
pub(super) fn known(text: &str) -> StatusView {
    let at = Timestamp::from_second(1_790_000_000).expect("a time");
    let suspension = SuspensionView { reason: text.to_owned(), until: Some(at) };
    let stack = |name: &str| KnownStackView {
        name: name.to_owned(),
        source: Some("main".to_owned()),
        revision: Some("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned()),
        ..KnownStackView::default()
    };
    let shop = KnownStackView {
        under_way: true,
        held: Some(HeldRevisionView {
            revision: "9a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".to_owned(),
            why: text.to_owned(),
        }),
        failed: [(text.to_owned(), Veil::default().over(text))].into(),
        suspension: Some(suspension.clone()),
        services: vec![service(text, &Veil::default())],
        ..stack("shop")
    };
    let tools = KnownStackView { trouble: Some(text.to_owned()), ..stack("tools") };
    let engine = EngineView {
        version: "20.10.24".to_owned(),
        api: "1.41".to_owned(),
        cluster: "c1".to_owned(),
    };
    let new = KnownStackView { source: None, revision: None, ..stack("new") };
    let (lease, suspension) = (Some(text.to_owned()), Some(suspension));
    StatusView { at, engine, lease, suspension, stacks: vec![new, shop, tools] }
}

fn service(why: &str, veil: &Veil) -> ServiceView {
    let health = Health {
        state: HealthState::Failed,
        running: 1,
        wanted: 2,
        started: 1,
        why: why.to_owned(),
        culprit: Some("t4sk".to_owned()),
        ..Health::default()
    };
    let words = LastWords { lines: vec![why.to_owned()], ..LastWords::default() };
    let log = LogView::of("t4sk", Ok(words), &FieldRules::default());
    ServiceView { log: Some(log), ..ServiceView::of("shop_web", &health, veil) }
}
