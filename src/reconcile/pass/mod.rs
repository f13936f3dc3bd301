//! One pass: look, load, decide, do, tell.

mod answers;
mod compared;
mod custody;
mod desired;
mod images;
mod kept;
mod key;
mod memory;
mod nodes;
mod registry;
mod turns;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Display;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use futures::future::{self, join_all};
use jiff::Timestamp;

use self::custody::Left;
use self::desired::Wanted;
use self::key::KeyFound;
pub(super) use self::memory::PassMemory;
use self::registry::doubts;
use super::Operator;
use crate::diff::{self, Claims, DiffInput, LeftoverKind, StackChanges, View};
use crate::execute::{Bindings, Executor, execute};
use crate::health::{Health, HealthState, Sight, health};
use crate::ledger::{self, Entry, Ledgers};
use crate::model::{
    Ancestry, ImageRef, Images, LedgerRecord, Observed, Problem, Revision, SideStore, SourceName,
    StackName, StackPolicy, Wholeness,
};
use crate::plan::guard::{Guards, Verdicts, judge, standing_claims};
use crate::plan::{
    self, Basis, Custody, Declared, Lineage, Orders, PlanInput, Quota, Removals, StackPlan, Turns,
    Writes, audit, rebalanced_now,
};
use crate::ports::SwarmError;
use crate::status::{Report, StackReport, conditions, look_around};

/// Whether a pass does what it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    /// It does.
    Act,
    /// It only decides.
    Preview,
}

/// Everything that the decisions of a pass share.
struct Round<'a> {
    view: &'a View<'a>,
    wanted: &'a Wanted,
    ledgers: &'a Ledgers,
    images: &'a Images,
    now: Timestamp,
    mode: Mode,
    writes: Writes,
    found: KeyFound,
    claims: &'a Claims,
    custody: &'a BTreeMap<StackName, Custody>,
}

impl Round<'_> {
    /// Whether a source was read with an error: then it may declare more.
    fn is_partial(&self, source: &SourceName) -> bool {
        matches!(self.wanted.sources.get(source), Some((_, Wholeness::Partial)))
    }
}

/// What is decided over all stacks before any of them is planned.
struct Shared {
    quotas: BTreeMap<SourceName, Quota>,
    verdicts: BTreeMap<StackName, Verdicts>,
}

/// A stack that something may have to be done about.
struct Candidate {
    changes: Arc<StackChanges>,
    lineage: Lineage,
}

/// A stack before the decision.
struct Case<'c> {
    candidate: &'c Candidate,
    health: BTreeMap<String, Health>,
    orders: Orders,
}

impl Case<'_> {
    /// Health of what is declared: runs of before say nothing of how a stack does, and those of jobs
    /// are told as such.
    fn told(mut self) -> BTreeMap<String, Health> {
        let runs = runs(&self.candidate.changes);
        runs.for_each(|run| drop(self.health.remove(run)));
        self.health
    }
}

impl Operator {
    /// Looks, decides, and does what was decided.
    pub async fn pass(&mut self) -> Report {
        self.round(Mode::Act).await
    }

    /// Looks and decides; nothing is written.
    pub async fn preview(&mut self) -> Report {
        self.round(Mode::Preview).await
    }

    async fn round(&mut self, mode: Mode) -> Report {
        let now = self.doors.clock.now();
        self.memory.date(now);
        let mut report = Report {
            at: now,
            engine: None,
            sources: Vec::new(),
            problems: Vec::new(),
            nodes: None,
            images: Vec::new(),
            stacks: BTreeMap::new(),
            trouble: Vec::new(),
        };
        // Not kept with those who call: it is large.
        if let Err(error) = Box::pin(self.look_and_decide(&mut report, mode)).await {
            report.trouble.push(error.to_string());
        }
        report.sources = self.sources.iter().map(|source| source.state.report()).collect();
        report
    }

    async fn look_and_decide(&mut self, report: &mut Report, mode: Mode) -> Result<(), SwarmError> {
        let mut observed = self.doors.swarm.look().await?;
        // It changes all the time, and nothing is decided by it.
        observed.configs.retain(|name, _| !ledger::is_lease_name(name));
        let ledgers = self.memory.records.decode(&observed.configs, &self.settings.instance);
        self.asked.seen = Some(ledgers.sync);
        self.prove(&ledgers).await;
        report.engine = Some(observed.engine.clone());
        self.decide(report, &observed, ledgers, mode).await?;
        let written = report.stacks.iter().filter(|(_, stack)| !stack.outcomes.is_empty());
        self.memory.compared.end(observed, written.map(|(name, _)| name));
        Ok(())
    }

    async fn decide(
        &mut self,
        report: &mut Report,
        observed: &Observed,
        mut ledgers: Ledgers,
        mode: Mode,
    ) -> Result<(), SwarmError> {
        let found = self.find_key(&mut ledgers, observed)?;
        if found == KeyFound::Lost {
            report.trouble.push(key::lost(&self.settings.instance));
        }
        let ledgers = &ledgers;
        let mut wanted = self.wanted(ledgers);
        self.instead(&mut wanted, ledgers);
        report.problems = std::mem::take(&mut wanted.problems);
        let (custody, problems) = custody::custody(ledgers, &wanted);
        report.problems.extend(problems);
        report.images = self.choose(&mut wanted, (observed, ledgers), report.at).await;
        let view = View::new(observed).keeping(ledgers.kept());
        let claims = claims(ledgers, &wanted);
        self.memory.compared.begin(observed, &claims);
        let asked = self.questions(&wanted.desired, ledgers, &view);
        let mut questions: BTreeSet<ImageRef> = asked.values().flatten().cloned().collect();
        questions.extend(doubts(&wanted.desired, observed, self.settings.clocks));
        // A swarm gets a key when there is content to hash.
        let writes = self.writes();
        let may_write = mode == Mode::Act && matches!(writes, Writes::Allowed | Writes::ByHand);
        let due = may_write && ledgers.suspension.is_none() && !wanted.data.is_empty();
        let new_key = ledgers.key.clone().filter(|_| found == KeyFound::OwnOnly && due);
        let (swarm, instance) = (Arc::clone(&self.doors.swarm), self.settings.instance.clone());
        let keep = key::keep(new_key, &*swarm, &instance);
        let (kept, images) = future::join(keep, self.ask(questions, report.at)).await;
        kept?;
        self.memory.compared.answered(&images);
        let round = Round {
            view: &view,
            wanted: &wanted,
            ledgers,
            images: &images,
            now: report.at,
            mode,
            writes,
            found,
            claims: &claims,
            custody: &custody,
        };
        self.nodes(report, &round).await;
        let candidates = self.candidates(&round, &mut report.trouble).await;
        let compared = candidates.iter().map(|candidate| &candidate.changes);
        self.memory.compared.keep(&wanted.desired, asked, compared);
        let shared = Shared { quotas: quotas(&candidates, ledgers), verdicts: verdicts(&round) };
        let cases = self.cases(&round, &candidates, &shared);
        let turns = self.turns(&round, &cases, &mut report.trouble);
        let mut plans = Vec::new();
        let moving = cases.iter().map(|case| rebalanced_now(&self.input(&round, case, &turns)));
        let mut budget = self.settings.rebalance.map(|most| most.saturating_sub(moving.sum()));
        for mut case in cases {
            case.orders.rebalance = budget;
            match self.plan_one(&round, &case, &turns) {
                Ok(plan) => {
                    let begun = plan.rebalancing.iter().filter(|one| one.held.is_none()).count();
                    let begun = u32::try_from(begun).unwrap_or(u32::MAX);
                    budget = budget.map(|left| left.saturating_sub(begun));
                    plans.push((case.candidate, plan, case.told()));
                }
                Err(trouble) => report.trouble.push(trouble),
            }
        }
        self.act(report, &round, plans).await;
        Ok(())
    }

    /// Every stack that is declared, and every one that the ledger knows and no source declares.
    async fn candidates(&self, round: &Round<'_>, trouble: &mut Vec<String>) -> Vec<Candidate> {
        let mut candidates = Vec::new();
        let left = custody::left(round.ledgers, round.wanted);
        let declared = round.wanted.desired.stacks.keys().map(|name| (name, None));
        let left = left.iter().map(|(name, left)| (name, Some(left)));
        for (name, left) in declared.chain(left) {
            match isolated(name, "comparing", || self.compare(round, name)) {
                Ok(changes) => {
                    let lineage = self.lineage(round, &changes, left).await;
                    candidates.extend(lineage.map(|lineage| Candidate { changes, lineage }));
                }
                Err(message) => trouble.push(message),
            }
        }
        candidates
    }

    fn compare(&self, round: &Round<'_>, name: &StackName) -> Arc<StackChanges> {
        let desired = round.wanted.desired.stacks.get(name);
        if let Some(known) = self.memory.compared.get(name, desired) {
            return known;
        }
        let nothing = LedgerRecord::default();
        let record = round.ledgers.stacks.get(name).map_or(&nothing, |entry| &entry.record);
        let input = self.diff_input(round);
        let mut changes = match desired {
            Some(stack) => diff::diff(stack, record, input),
            None => diff::remains(name, record, input),
        };
        if round.wanted.instead.contains_key(name) {
            // What is not kept of a stack is no leftover of it.
            changes.leftovers.clear();
        }
        Arc::new(changes)
    }

    /// What differs from the declaration of a stack that is compared with something else.
    fn declared_changes(&self, round: &Round<'_>, name: &StackName) -> Option<StackChanges> {
        let stack = round.wanted.instead.get(name)?.declared.as_ref()?;
        let record = &round.ledgers.stacks.get(name)?.record;
        Some(diff::diff(stack, record, self.diff_input(round)))
    }

    fn diff_input<'a>(&'a self, round: &'a Round<'_>) -> DiffInput<'a> {
        DiffInput {
            instance: &self.settings.instance,
            view: round.view,
            images: round.images,
            key: round.ledgers.key.as_ref(),
            unequal: &self.memory.unequal,
            claims: round.claims,
        }
    }

    /// Where a stack's declaration comes from, or came from.
    async fn lineage(
        &self,
        round: &Round<'_>,
        changes: &StackChanges,
        left: Option<&Left>,
    ) -> Option<Lineage> {
        let stack = round.wanted.desired.stacks.get(&changes.stack);
        if let Some(instead) = round.wanted.instead.get(&changes.stack) {
            let entry = round.ledgers.stacks.get(&changes.stack);
            let root = entry.and_then(|entry| entry.record.root.clone());
            return Some(Lineage { root, ..instead.lineage(stack?) });
        }
        let (source, by, declared) = match (left, stack) {
            (Some(left), _) => (&left.source, &left.by, left.declared),
            (None, Some(stack)) => (&stack.source, &stack.source, Declared::Here),
            (None, None) => return None,
        };
        let (revision, _) = round.wanted.sources.get(by)?;
        let entry = round.ledgers.stacks.get(&changes.stack);
        let remembered = || entry.map(|entry| StackPolicy::from(&entry.record.policy));
        let declared_policy = stack.map(|stack| stack.policy.clone());
        let policy = declared_policy.or_else(remembered).unwrap_or_default();
        let ancestry = match declared {
            // Its own history ended with it: a person decides.
            Declared::Vanished => Ancestry::Same,
            _ => self.ancestry(source, revision, entry, changes).await,
        };
        let followed = self.sources.iter().find(|followed| followed.state.name == *source);
        let is_declared = followed.is_some_and(|followed| followed.declared.is_some());
        Some(Lineage {
            source: source.clone(),
            root: round.wanted.root.clone().filter(|_| is_declared),
            revision: revision.clone(),
            ancestry,
            declared,
            basis: Basis::Declared,
            custody: round.custody.get(&changes.stack).cloned().unwrap_or_default(),
            policy,
        })
    }

    /// Asked only when something would be removed: nothing else depends on it.
    async fn ancestry(
        &self,
        source: &SourceName,
        revision: &Revision,
        entry: Option<&Entry>,
        changes: &StackChanges,
    ) -> Ancestry {
        let removal = changes.leftovers.iter().any(|left| left.why == LeftoverKind::Undeclared);
        let applied = entry.and_then(|entry| entry.record.revision.as_ref());
        let named = self.sources.iter().find(|followed| followed.state.name == *source);
        match (applied, named) {
            _ if !removal => Ancestry::Same,
            (Some(applied), _) if applied == revision => Ancestry::Same,
            (Some(applied), Some(named)) => named.source.ancestry(applied, revision).await,
            _ => Ancestry::Unknown,
        }
    }

    /// What decisions about stacks are made from, besides what all have in common.
    fn cases<'c>(
        &self,
        round: &Round<'_>,
        candidates: &'c [Candidate],
        shared: &Shared,
    ) -> Vec<Case<'c>> {
        let case = |candidate: &'c Candidate| Case {
            candidate,
            health: self.health(round, &candidate.changes),
            orders: self.orders_of(round, candidate, shared),
        };
        candidates.iter().map(case).collect()
    }

    fn input<'p>(
        &'p self,
        round: &'p Round<'_>,
        case: &'p Case<'_>,
        turns: &'p Turns,
    ) -> PlanInput<'p> {
        PlanInput {
            changes: &case.candidate.changes,
            declared: None,
            view: round.view,
            ledger: round.ledgers.stacks.get(&case.candidate.changes.stack),
            stable: round.ledgers.stable_of(&case.candidate.changes.stack),
            health: &case.health,
            lineage: &case.candidate.lineage,
            orders: &case.orders,
            memory: &self.memory.plan,
            turns,
            now: round.now,
        }
    }

    fn plan_one(
        &self,
        round: &Round<'_>,
        case: &Case<'_>,
        turns: &Turns,
    ) -> Result<StackPlan, String> {
        let stack = &case.candidate.changes.stack;
        if let Some(why) = round.ledgers.unreadable.get(stack) {
            return Err(format!("the ledger of {stack} can't be read: {why}"));
        }
        let declared = self.declared_changes(round, stack);
        let input = PlanInput { declared: declared.as_ref(), ..self.input(round, case, turns) };
        let mut plan = isolated(stack, "planning", || plan::plan(&input, &self.settings.instance))?;
        if round.mode == Mode::Preview && round.found == KeyFound::OwnOnly {
            // They are those of a key that nobody keeps, and would be others in the next preview.
            plan.leave_out_hashes();
        }
        plan.held.extend(custody::rivals(round.wanted, stack));
        let findings = audit(&plan, &round.wanted.desired, round.view.observed);
        match findings.first() {
            None => Ok(plan),
            Some(finding) => Err(format!("the plan of {stack} is not carried out: {finding}")),
        }
    }

    /// Health of the stack's services that are there, and of its older runs.
    fn health(&self, round: &Round<'_>, changes: &StackChanges) -> BTreeMap<String, Health> {
        let sight = Sight { observed: round.view.observed, images: round.images };
        let live = changes.services.iter().filter_map(|change| {
            let limit = change.hook.as_ref().and_then(|hook| hook.limit);
            let clocks = self.settings.clocks.under(&change.rollout).limited_to(limit);
            let mut verdict = health(&change.live.as_ref()?.service, sight, clocks);
            if change.is_done() {
                // Tasks that ended may be forgotten, with their node for one.
                verdict = Health { state: HealthState::Healthy, why: String::new(), ..verdict };
            }
            Some((change.name.clone(), verdict))
        });
        let runs = runs(changes).filter_map(|run| {
            let service = round.view.observed.services.get(run)?;
            Some((run.to_owned(), health(service, sight, self.settings.clocks)))
        });
        live.chain(runs).collect()
    }

    /// Orders for the whole instance.
    fn orders(&self, round: &Round<'_>) -> Orders {
        Orders {
            writes: round.writes,
            removals: match (round.mode, self.settings.removals) {
                // A preview shows removals as what they are; nothing is written anyway.
                (Mode::Preview, Removals::NotAsked) => Removals::NotAsked,
                (_, removals) => removals,
            },
            suspension: round.ledgers.suspension.clone(),
            quota: Quota::Within,
            guards: Verdicts::default(),
            scope: self.settings.scope,
            rebalance: None,
        }
    }

    /// Orders for one stack.
    fn orders_of(&self, round: &Round<'_>, candidate: &Candidate, shared: &Shared) -> Orders {
        let quota = shared.quotas.get(&candidate.lineage.source);
        Orders {
            quota: quota.copied().unwrap_or(Quota::Within),
            guards: shared.verdicts.get(&candidate.changes.stack).cloned().unwrap_or_default(),
            ..self.orders(round)
        }
    }

    /// Only decides where a person agreed to something else than what is decided.
    fn agreed_mode<H>(
        &mut self,
        report: &mut Report,
        mode: Mode,
        plans: &[(&Candidate, StackPlan, H)],
    ) -> Mode {
        let Some(differs) = self.agreement.take_if(|_| mode == Mode::Act) else { return mode };
        let plans: Vec<&StackPlan> = plans.iter().map(|(_, plan, _)| plan).collect();
        let moved = differs(&plans);
        if moved.is_empty() {
            return mode;
        }
        report.trouble.extend(moved);
        self.agreement = Some(differs);
        Mode::Preview
    }

    fn executor<'a>(&'a self, data: &'a SideStore) -> Executor<'a> {
        Executor {
            swarm: &*self.doors.swarm,
            instance: &self.settings.instance,
            data,
            slots: &self.slots,
            permit: &self.standing.permit,
        }
    }

    async fn act(
        &mut self,
        report: &mut Report,
        round: &Round<'_>,
        plans: Vec<(&Candidate, StackPlan, BTreeMap<String, Health>)>,
    ) {
        let mode = self.agreed_mode(report, round.mode, &plans);
        let known = Bindings::seen(round.view.observed);
        let executor = self.executor(&round.wanted.data);
        let runs = plans.iter().map(|(_, plan, _)| {
            let known = known.clone();
            async move {
                match mode {
                    Mode::Act if !plan.is_empty() => execute(&plan.steps, known, executor).await,
                    _ => Vec::new(),
                }
            }
        });
        let outcomes = join_all(runs).await;
        for ((candidate, plan, health), outcomes) in plans.into_iter().zip(outcomes) {
            self.memory.learn((&plan.steps, &plan.drift), &outcomes, round.now);
            let source = candidate.lineage.source.clone();
            let name = plan.stack.clone();
            let (idle, conditions) = (BTreeSet::new(), Vec::new());
            let stack = StackReport { source, plan, outcomes, health, idle, conditions };
            if is_worth_telling(candidate, &stack) {
                report.stacks.insert(name, stack);
            }
        }
        tell(report, round);
    }
}

/// Names of runs that are there: of hooks those of before, of jobs all, declared or not.
fn runs(changes: &StackChanges) -> impl Iterator<Item = &str> {
    let of_hooks = changes.runs.iter().map(|run| &run.target);
    let of_jobs = changes.jobs.iter().flat_map(|job| &job.runs).map(|run| &run.target);
    let left = changes.leftovers.iter().filter(|left| left.run_of.is_some());
    let all = of_hooks.chain(of_jobs).chain(left.map(|left| &left.target));
    all.map(|target| target.name.as_str())
}

/// Says what each stack comes to; those that wait for others after it is known of those.
fn tell(report: &mut Report, round: &Round<'_>) {
    let Report { stacks, problems, .. } = report;
    let say = |name: &StackName, stack: &mut StackReport| {
        let files = round.wanted.desired.stacks.get(name).map(|stack| &stack.files);
        let concerns = |problem: &&Problem| match files {
            Some(files) => files.contains(&problem.file),
            // It may have been declared in any file that can't be read.
            None => round.is_partial(&stack.source),
        };
        let problems: Vec<&Problem> = problems.iter().filter(concerns).collect();
        stack.conditions = conditions(name, stack, &problems);
    };
    stacks.iter_mut().for_each(|(name, stack)| say(name, stack));
    let waiting = look_around(stacks);
    let waiting = stacks.iter_mut().filter(|(name, _)| waiting.contains(*name));
    waiting.for_each(|(name, stack)| say(name, stack));
}

/// False for a stack that is gone, and of which only the number of what was removed is kept.
fn is_worth_telling(candidate: &Candidate, report: &StackReport) -> bool {
    candidate.lineage.declared == Declared::Here
        || !candidate.changes.leftovers.is_empty()
        || !report.plan.is_empty()
}

/// What all stacks declare; a stack whose declaration can't be read keeps what it had.
fn claims(ledgers: &Ledgers, wanted: &Wanted) -> Claims {
    let unread = ledgers.stacks.iter().filter(|(name, entry)| {
        let read = entry.record.source.as_ref().and_then(|source| wanted.sources.get(source));
        let whole = matches!(read, Some((_, Wholeness::Whole)));
        let instead = wanted.instead.contains_key(*name);
        instead || (!whole && !wanted.desired.stacks.contains_key(*name))
    });
    let unread = unread.map(|(name, entry)| (name, &entry.record.inventory));
    Claims::new(&wanted.desired, unread)
}

/// What guards say against stacks. Without guards nothing is looked at.
fn verdicts(round: &Round<'_>) -> BTreeMap<StackName, Verdicts> {
    let guards = &round.wanted.guards;
    if *guards == Guards::default() {
        return BTreeMap::new();
    }
    let known = |stack: &StackName| round.ledgers.stacks.contains_key(stack);
    let standing = standing_claims(round.view.observed, known);
    judge(guards, &round.wanted.desired, &standing)
}

fn quotas(candidates: &[Candidate], ledgers: &Ledgers) -> BTreeMap<SourceName, Quota> {
    let mut sources: BTreeMap<&SourceName, Vec<_>> = BTreeMap::new();
    for Candidate { changes, lineage } in candidates {
        let entry = ledgers.stacks.get(&changes.stack);
        let before = entry.and_then(|entry| entry.record.removed_for(&lineage.revision));
        sources.entry(&lineage.source).or_default().push((&**changes, before));
    }
    let quotas = sources.into_iter();
    quotas.map(|(source, stacks)| (source.clone(), Quota::of(stacks))).collect()
}

/// A panic in one stack's decision harms only that stack (law 9).
fn isolated<T>(what: impl Display, doing: &str, work: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).map_err(|cause| {
        let text = cause
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| cause.downcast_ref::<String>().cloned())
            .unwrap_or_default();
        format!("{doing} {what} failed by a bug in skep: {text}")
    })
}
