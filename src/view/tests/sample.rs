//! Hand-made reports.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::json;

use crate::diff::{FieldChange, Masked};
use crate::health::{Health, HealthState};
use crate::model::engine::{ServiceSpec, StringMap, Version};
use crate::model::{
    ApiVersion, DataRef, Engine, Held, HeldReason, Kind, NewData, ObjectRef, Position, Problem,
    RepoPath, Revision, Severity, SourceName, StackName, Step, StepKind, SuspendedBy, Target,
    UpdateManner,
};
use crate::plan::{
    Action, Cause, CausedField, Differing, Drift, Guard, Ignored, PlannedStep, Removal, StackPlan,
    Stage,
};
use crate::status::{Outcome, Report, SourceReport, StackReport, StepOutcome, conditions};

/// A report with something of everything.
pub(super) fn report() -> Report {
    let mut report = settled();
    report.problems = problems();
    report.stacks = BTreeMap::from([(name("shop"), shop()), (name("tools"), tools())]);
    for (name, stack) in &mut report.stacks {
        stack.conditions = conditions(name, stack, &[]);
    }
    report
}

/// A report in which nothing differs.
pub(super) fn settled() -> Report {
    let engine = Engine {
        version: "20.10.24".into(),
        api: ApiVersion::v1(41),
        cluster: "c1".into(),
        node: "n1".into(),
    };
    let source = SourceReport {
        name: main(),
        revision: Some(revision()),
        subject: "Use the new image".into(),
        error: None,
    };
    let mut stack = empty("shop");
    stack.health = BTreeMap::from([("shop_web".into(), healthy(2))]);
    Report {
        at: Timestamp::from_second(1_790_000_000).expect("a time"),
        engine: Some(engine),
        sources: vec![source],
        problems: Vec::new(),
        nodes: None,
        images: Vec::new(),
        stacks: BTreeMap::from([(name("shop"), stack)]),
        trouble: Vec::new(),
    }
}

/// A report with this text in every place that others write.
pub(super) fn with_text(text: &str) -> Report {
    let mut report = report();
    for problem in &mut report.problems {
        problem.message = text.to_owned();
        problem.hint = text.to_owned();
        problem.line = Some(text.to_owned());
    }
    report.trouble = vec![text.to_owned()];
    report.sources[0].subject = text.to_owned();
    report.sources[0].error = Some(text.to_owned());
    for stack in report.stacks.values_mut() {
        put_text(stack, text);
    }
    report
}

fn put_text(stack: &mut StackReport, text: &str) {
    for field in stack.plan.drift.iter_mut().flat_map(fields_mut) {
        let change = Arc::make_mut(&mut field.change);
        change.path = format!("environment.{text}");
        change.old = Some(text.to_owned());
        change.new = Some(text.to_owned());
    }
    for change in stack.plan.ignored.iter_mut().flat_map(|one| &mut one.fields) {
        let change = Arc::make_mut(change);
        change.path = format!("environment.{text}");
        change.old = Some(text.to_owned());
    }
    for health in stack.health.values_mut() {
        health.why = text.to_owned();
    }
    for outcome in &mut stack.outcomes {
        outcome.outcome = Outcome::Refused(text.to_owned());
    }
    for condition in &mut stack.conditions {
        condition.message = text.to_owned();
    }
    let object = ObjectRef::new(Kind::Service, text);
    let why = text.to_owned();
    stack.plan.held.push(Held { object, reason: HeldReason::Quarantined { why } });
}

fn shop() -> StackReport {
    let mut stack = empty("shop");
    stack.plan.drift = vec![
        drift(Kind::Config, "shop_site-0123456789", Action::Create, Vec::new()),
        drift(Kind::Service, "shop_web", Action::Update, web_fields()),
        drift(Kind::Service, "shop_old", Action::Remove, Vec::new()),
    ];
    stack.plan.steps = steps();
    stack.plan.held = vec![
        held("shop_old", HeldReason::PruneNotAsked),
        held("shop_api", HeldReason::RolloutRunning { state: "updating".into() }),
    ];
    stack.outcomes = vec![
        StepOutcome {
            kind: StepKind::Create,
            object: Some(ObjectRef::new(Kind::Config, "shop_site-0123456789")),
            outcome: Outcome::Done(Vec::new()),
        },
        StepOutcome {
            kind: StepKind::Update,
            object: Some(ObjectRef::new(Kind::Service, "shop_web")),
            outcome: Outcome::Refused("invalid argument debug-everything".into()),
        },
    ];
    stack.health = BTreeMap::from([
        ("shop_web".into(), healthy(2)),
        (
            "shop_api".into(),
            Health {
                state: HealthState::Progressing,
                running: 1,
                wanted: 3,
                started: 1,
                why: "no suitable node (insufficient resources on 2 nodes)".into(),
                ..Health::default()
            },
        ),
    ]);
    stack
}

fn tools() -> StackReport {
    let mut stack = empty("tools");
    let replicas = field("deploy.replicas", Some("9"), Some("2"), Masked::No);
    let mode = field("environment.MODE", Some("theirs!"), Some("ours!"), Masked::Yes);
    stack.plan.drift =
        vec![drift(Kind::Service, "tools_scaled", Action::Update, vec![replicas, mode])];
    let stamp = field("environment.BUILD", Some("theirs!"), None, Masked::Yes);
    stack.plan.ignored = vec![Ignored {
        object: ObjectRef::new(Kind::Service, "tools_scaled"),
        fields: vec![stamp.change],
    }];
    let contested = |field: &str, ours: &str, theirs: &str| HeldReason::Contested {
        field: field.into(),
        ours: ours.into(),
        theirs: theirs.into(),
    };
    let suspended = HeldReason::Suspended {
        by: SuspendedBy::Stack,
        why: "patch night".into(),
        until: Timestamp::from_second(1_790_007_200).ok(),
    };
    stack.plan.held = vec![
        held("tools_scaled", contested("deploy.replicas", "2", "9")),
        held("tools_scaled", contested("environment.MODE", "ours!", "theirs!")),
        held("tools_cron", suspended),
    ];
    stack
}

fn web_fields() -> Vec<CausedField> {
    let mut by_hand = field("deploy.replicas", Some("5"), Some("2"), Masked::No);
    by_hand.cause = Cause::ChangedByHand;
    vec![
        field("image", Some("shop/web:1"), Some("shop/web:2"), Masked::No),
        field("environment.MODE", Some("quiet-please"), Some("loud"), Masked::Yes),
        field("environment.GONE", Some("x"), None, Masked::Yes),
        field("labels.empty", None, Some(""), Masked::No),
        by_hand,
    ]
}

/// One step of each kind, with a spec that has something to hide.
pub(super) fn steps() -> Vec<PlannedStep> {
    let target = Target { name: "shop_web".into(), id: "s1".into(), version: Version { index: 7 } };
    let old = Target { name: "shop_old".into(), id: "s2".into(), version: Version { index: 3 } };
    let data = DataRef { stack: name("shop"), kind: Kind::Config, name: "shop_site".into() };
    let config = NewData {
        name: "shop_site-0123456789".into(),
        labels: StringMap::new(),
        data: Some(data),
        hash: None,
        driver: None,
        templating: None,
    };
    let planned = |stage, step| PlannedStep { stage, step, needs: BTreeSet::new() };
    let manner = UpdateManner::Update;
    let mut update = planned(
        Stage::Services,
        Step::UpdateService { target, spec: Arc::new(spec("debug-everything")), manner },
    );
    update.needs.insert(ObjectRef::new(Kind::Config, "shop_site-0123456789"));
    vec![
        planned(
            Stage::Ledger,
            Step::WriteLedger {
                stack: Some(name("shop")),
                record: Default::default(),
                target: None,
            },
        ),
        planned(Stage::Foundation, Step::CreateConfig(config)),
        update,
        planned(Stage::Removal, Step::Remove { kind: Kind::Service, target: old }),
    ]
}

/// A spec with a value in every slot that may be secret.
pub(super) fn spec(value: &str) -> ServiceSpec {
    serde_json::from_value(json!({
        "Name": "shop_web",
        "TaskTemplate": {
            "ContainerSpec": {
                "Image": "shop/web:2",
                "Env": [format!("MODE={value}")],
                "Args": ["serve", value],
                "Command": [value],
                "Healthcheck": {"Test": ["CMD", value]},
                "Mounts": [{"Type": "volume", "Target": "/data", "VolumeOptions":
                    {"DriverConfig": {"Name": "nfs", "Options": {"o": value}}}}],
            },
            "LogDriver": {"Name": "splunk", "Options": {"splunk-token": value}},
        },
    }))
    .expect("a service spec")
}

fn problems() -> Vec<Problem> {
    let mut unknown = Problem::error(file("shop/compose.yml"), "unknown key 'imge'")
        .at(Position { line: 12, column: 5 })
        .key("services.web.imge")
        .hint("did you mean 'image'?");
    unknown.line = Some("    imge: shop/web:2".into());
    let mut tab = Problem::error(file("shop/compose.yml"), "a tab can't indent")
        .at(Position { line: 103, column: 2 });
    tab.line = Some("\timage: x".into());
    let whole = Problem::error(file("big.yml"), "the file has 1073741824 bytes")
        .severity(Severity::Warning);
    vec![unknown, tab, whole]
}

fn empty(stack: &str) -> StackReport {
    StackReport {
        source: main(),
        plan: StackPlan {
            stack: name(stack),
            revision: Some(revision()),
            steps: Vec::new(),
            held: Vec::new(),
            drift: Vec::new(),
            ignored: Vec::new(),
            jobs: Vec::new(),
            reveal: BTreeMap::new(),
            removals: Vec::new(),
            rebalancing: Vec::new(),
        },
        outcomes: Vec::new(),
        health: BTreeMap::new(),
        idle: [].into(),
        conditions: Vec::new(),
    }
}

/// What is left of a stack that is not declared any more: one object that goes, and one that two
/// guards hold.
pub(super) fn leftovers() -> Report {
    let mut stack = empty("blog");
    stack.plan.revision = None;
    let object = |name| ObjectRef::new(Kind::Service, name);
    let held = HeldReason::Suspended { by: SuspendedBy::Label, why: "backup".into(), until: None };
    let against = vec![
        (Guard::Hold, held),
        (Guard::Health, HeldReason::Waiting { on: "blog_web to be healthy".into() }),
    ];
    stack.plan.removals = vec![
        Removal { object: object("blog_web"), against: Vec::new() },
        Removal { object: object("blog_db"), against },
    ];
    Report { stacks: BTreeMap::from([(name("blog"), stack)]), ..settled() }
}

fn drift(kind: Kind, name: &str, action: Action, fields: Vec<CausedField>) -> Drift {
    let (object, differing) = (ObjectRef::new(kind, name), Differing::In(fields));
    Drift { object, action, differing, cause: Cause::GitMoved }
}

pub(super) fn fields_mut(drift: &mut Drift) -> &mut [CausedField] {
    match &mut drift.differing {
        Differing::In(fields) => fields,
        Differing::Everywhere(_) => &mut [],
    }
}

pub(super) fn field(
    path: &str,
    old: Option<&str>,
    new: Option<&str>,
    masked: Masked,
) -> CausedField {
    let (old, new) = (old.map(str::to_owned), new.map(str::to_owned));
    let change = FieldChange { path: path.to_owned(), old, new, masked };
    CausedField { change: Arc::new(change), cause: Cause::GitMoved }
}

fn held(service: &str, reason: HeldReason) -> Held {
    Held { object: ObjectRef::new(Kind::Service, service), reason }
}

fn healthy(tasks: u64) -> Health {
    Health {
        state: HealthState::Healthy,
        running: tasks,
        wanted: tasks,
        started: tasks,
        ..Health::default()
    }
}

fn revision() -> Revision {
    Revision::Commit("1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d".into())
}

fn main() -> SourceName {
    SourceName::new("main").expect("a name")
}

fn name(text: &str) -> StackName {
    StackName::new(text).expect("a name")
}

fn file(path: &str) -> RepoPath {
    RepoPath::new(path).expect("a path")
}
