//! Names and help texts of all metrics, and how a report becomes numbers.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use crate::model::{Held, HeldReason};
use crate::status::{Holds, Report, StackReport};

/// Content type of [`Metrics::encode`].
pub const CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Upper bounds of the buckets of durations, in seconds.
const BUCKETS: [f64; 11] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 30.0];

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StepLabels {
    step: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StackLabels {
    stack: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StackReason {
    stack: String,
    reason: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StackState {
    stack: String,
    state: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StackCondition {
    stack: String,
    condition: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceLabels {
    source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct SourceOutcome {
    source: String,
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Outcomes {
    outcome: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Kinds {
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct StackKind {
    stack: String,
    kind: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
struct HolderLabels {
    holder: String,
}

type SecondsGauge = Gauge<f64, AtomicU64>;

/// All metrics of a process.
#[derive(Clone)]
pub struct Metrics {
    registry: Arc<Registry>,
    passes: Counter,
    pass_duration: Histogram,
    last_pass: SecondsGauge,
    engine_up: Gauge,
    troubles: Gauge,
    problems: Gauge,
    steps: Family<StepLabels, Counter>,
    looks: Family<Outcomes, Counter>,
    look_duration: Histogram,
    write_duration: Histogram,
    events: Family<Kinds, Counter>,
    event_lag: Histogram,
    source_reads: Family<SourceOutcome, Counter>,
    registry_questions: Family<Outcomes, Counter>,
    drift: Family<StackKind, Gauge>,
    rollouts: Family<StackLabels, Gauge>,
    held: Family<StackReason, Gauge>,
    services: Family<StackState, Gauge>,
    jobs: Family<StackState, Gauge>,
    conditions: Family<StackCondition, Gauge>,
    source_up: Family<SourceLabels, Gauge>,
    leading: Gauge,
    lease_holder: Family<HolderLabels, Gauge>,
}

impl Default for Metrics {
    fn default() -> Self {
        Self::new()
    }
}

impl Metrics {
    /// Registers everything under its name.
    #[must_use]
    pub fn new() -> Self {
        let mut metrics = Self {
            registry: Arc::default(),
            passes: Counter::default(),
            pass_duration: Histogram::new(BUCKETS),
            last_pass: SecondsGauge::default(),
            engine_up: Gauge::default(),
            troubles: Gauge::default(),
            problems: Gauge::default(),
            steps: Family::default(),
            looks: Family::default(),
            look_duration: Histogram::new(BUCKETS),
            write_duration: Histogram::new(BUCKETS),
            events: Family::default(),
            event_lag: Histogram::new(BUCKETS),
            source_reads: Family::default(),
            registry_questions: Family::default(),
            drift: Family::default(),
            rollouts: Family::default(),
            held: Family::default(),
            services: Family::default(),
            jobs: Family::default(),
            conditions: Family::default(),
            source_up: Family::default(),
            leading: Gauge::default(),
            lease_holder: Family::default(),
        };
        metrics.registry = Arc::new(metrics.register());
        metrics
    }

    fn register(&self) -> Registry {
        let mut all = Registry::with_prefix("skep");
        all.register("passes", "Passes that were made", self.passes.clone());
        all.register_with_unit(
            "pass_duration",
            "Time that passes took",
            Unit::Seconds,
            self.pass_duration.clone(),
        );
        all.register_with_unit(
            "last_pass_timestamp",
            "When the last pass began, in Unix time",
            Unit::Seconds,
            self.last_pass.clone(),
        );
        all.register(
            "engine_up",
            "1 when the engine answered the last pass",
            self.engine_up.clone(),
        );
        all.register("troubles", "What kept the last pass from deciding", self.troubles.clone());
        all.register("problems", "Errors and warnings in declarations", self.problems.clone());
        all.register("steps", "Steps by kind and outcome", self.steps.clone());
        all.register("leading", "1 while this operator is the one that acts", self.leading.clone());
        all.register("lease_holder", "The operator that acts", self.lease_holder.clone());
        self.register_doors(&mut all);
        self.register_stacks(&mut all);
        all
    }

    /// What goes through the doors to the engine, the sources and the registries.
    fn register_doors(&self, all: &mut Registry) {
        let mut timed = |name: &str, help: &str, metric: &Histogram| {
            all.register_with_unit(name, help, Unit::Seconds, metric.clone());
        };
        timed(
            "look_duration",
            "Time that one listing of the whole swarm took",
            &self.look_duration,
        );
        timed("write_duration", "Time that one write to the engine took", &self.write_duration);
        timed("event_lag", "Time from an event of the engine to the next look", &self.event_lag);
        all.register("looks", "Looks at the swarm, by outcome", self.looks.clone());
        all.register("events", "Events of the engine, by kind", self.events.clone());
        all.register("source_reads", "Reads of sources, by outcome", self.source_reads.clone());
        all.register(
            "registry_questions",
            "Questions to registries, by outcome",
            self.registry_questions.clone(),
        );
    }

    fn register_stacks(&self, all: &mut Registry) {
        all.register("drift_objects", "Objects that differ from git, by kind", self.drift.clone());
        all.register("rollouts", "Rollouts in flight that are waited for", self.rollouts.clone());
        all.register("held_changes", "Wanted changes not made now, by reason", self.held.clone());
        all.register("services", "Services by health", self.services.clone());
        all.register("jobs", "Jobs by how their last run stands", self.jobs.clone());
        all.register(
            "condition",
            "1 where the condition of a stack holds",
            self.conditions.clone(),
        );
        all.register(
            "source_up",
            "1 when the source's last read succeeded",
            self.source_up.clone(),
        );
    }

    /// Takes the numbers of a pass. Labels of stacks that are gone disappear.
    pub fn observe(&self, report: &Report, took: Duration) {
        self.passes.inc();
        self.pass_duration.observe(took.as_secs_f64());
        self.last_pass.set(report.at.as_duration().as_secs_f64());
        self.engine_up.set(i64::from(report.engine.is_some()));
        self.troubles.set(count(report.trouble.len()));
        self.problems.set(count(report.problems.len()));
        self.drift.clear();
        self.rollouts.clear();
        self.held.clear();
        self.services.clear();
        self.jobs.clear();
        self.conditions.clear();
        self.source_up.clear();
        for source in &report.sources {
            let labels = SourceLabels { source: source.name.to_string() };
            self.source_up.get_or_create(&labels).set(i64::from(source.error.is_none()));
        }
        for (name, stack) in &report.stacks {
            self.observe_stack(name.as_str(), stack);
        }
    }

    fn observe_stack(&self, name: &str, report: &StackReport) {
        let stack = || name.to_owned();
        let kinds = report.plan.drift.iter().map(|drift| drift.object.kind.as_str());
        for (kind, number) in tally(kinds) {
            let labels = StackKind { stack: stack(), kind: kind.to_owned() };
            self.drift.get_or_create(&labels).set(number);
        }
        let running = |held: &&Held| matches!(held.reason, HeldReason::RolloutRunning { .. });
        let running = report.plan.held.iter().filter(running).count();
        self.rollouts.get_or_create(&StackLabels { stack: stack() }).set(count(running));
        let held = report.plan.held.iter().map(|held| &held.reason);
        let held = held.chain(report.plan.jobs.iter().filter_map(|job| job.held.as_ref()));
        for (reason, number) in tally(held.map(HeldReason::name)) {
            let labels = StackReason { stack: stack(), reason: reason.to_owned() };
            self.held.get_or_create(&labels).set(number);
        }
        for (state, number) in tally(report.health.values().map(|health| health.state.as_str())) {
            let labels = StackState { stack: stack(), state: state.to_owned() };
            self.services.get_or_create(&labels).set(number);
        }
        let last = report.plan.jobs.iter().map(|job| job.last.as_ref());
        let last = last.map(|last| last.map_or("never", |last| last.state.as_str()));
        for (state, number) in tally(last) {
            let labels = StackState { stack: stack(), state: state.to_owned() };
            self.jobs.get_or_create(&labels).set(number);
        }
        for condition in &report.conditions {
            let condition_name = format!("{:?}", condition.kind);
            let labels = StackCondition { stack: stack(), condition: condition_name };
            let holds = i64::from(condition.holds == Holds::True);
            self.conditions.get_or_create(&labels).set(holds);
        }
        for outcome in &report.outcomes {
            let (step, outcome) = (outcome.kind.to_string(), outcome.outcome.word().to_owned());
            self.steps.get_or_create(&StepLabels { step, outcome }).inc();
        }
    }

    /// This operator, under its name, acts now.
    pub fn acts(&self, me: &str) {
        self.follows(Some(me));
        self.leading.set(1);
    }

    /// Another operator acts now, if one is known.
    pub fn follows(&self, holder: Option<&str>) {
        self.leading.set(0);
        self.lease_holder.clear();
        if let Some(holder) = holder {
            let labels = HolderLabels { holder: holder.to_owned() };
            self.lease_holder.get_or_create(&labels).set(1);
        }
    }

    /// A look at the swarm ended.
    pub fn look(&self, outcome: &str, took: Duration) {
        self.looks.get_or_create(&Outcomes { outcome: outcome.to_owned() }).inc();
        self.look_duration.observe(took.as_secs_f64());
    }

    /// A write to the engine ended.
    pub fn write(&self, took: Duration) {
        self.write_duration.observe(took.as_secs_f64());
    }

    /// An event came.
    pub fn event(&self, kind: &str) {
        self.events.get_or_create(&Kinds { kind: kind.to_owned() }).inc();
    }

    /// The first look after an event began, so long after it.
    pub fn event_seen(&self, lag: Duration) {
        self.event_lag.observe(lag.as_secs_f64());
    }

    /// A source was read.
    pub fn source_read(&self, source: &str, outcome: &str) {
        let (source, outcome) = (source.to_owned(), outcome.to_owned());
        self.source_reads.get_or_create(&SourceOutcome { source, outcome }).inc();
    }

    /// A registry was asked.
    pub fn registry_question(&self, outcome: &str) {
        let outcome = outcome.to_owned();
        self.registry_questions.get_or_create(&Outcomes { outcome }).inc();
    }

    /// All metrics in the text format of OpenMetrics.
    ///
    /// # Errors
    /// Never in practice: writing to a string does not fail.
    pub fn encode(&self) -> Result<String, std::fmt::Error> {
        let mut text = String::new();
        encode(&mut text, &self.registry)?;
        Ok(text)
    }
}

fn tally<'a>(words: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, i64> {
    let mut counts = BTreeMap::new();
    for word in words {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

fn count(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_has_a_help_text_and_a_name_of_skep() {
        let metrics = Metrics::new();
        metrics.look("answered", Duration::from_millis(3));
        metrics.source_read("main", "unreachable");
        metrics.acts("m1/7/ab");
        metrics.follows(Some("m2/8/cd"));
        let text = metrics.encode().expect("text");
        let read = "skep_source_reads_total{source=\"main\",outcome=\"unreachable\"} 1\n";
        assert!(text.contains(read), "{text}");
        assert!(text.contains("skep_leading 0\n"), "{text}");
        assert!(text.contains("skep_lease_holder{holder=\"m2/8/cd\"} 1\n"), "{text}");
        assert!(!text.contains("m1/7/ab"), "{text}");
        assert!(text.contains("# HELP skep_look_duration_seconds Time"), "{text}");
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            assert!(line.starts_with("skep_"), "{line}");
        }
    }
}
