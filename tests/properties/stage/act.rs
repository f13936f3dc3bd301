//! What each action does. Refusals of the engine are part of life: a script may ask for what is not
//! there.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use skep::execute::ledger_write;
use skep::ledger::{decode, ledger_name};
use skep::model::{HeldReason, ImageRef, Instance, Kind, LedgerRecord, StackName, Suspension};
use skep::ports::SourceError;
use skep::sim::{Behaviour, Hand, WriteFault};

use super::{Commit, Stage};
use crate::script::{Action, Deed, Fault, Outage, Temper};
use crate::tree::Tree;

/// The one registry.
pub const HOST: &str = "registry.test";

impl Stage {
    pub(super) async fn act(&mut self, action: &Action) {
        match action {
            Action::Note(_) => {}
            Action::Declare(stack, service, parts) => self.tree.declare(stack, service, parts),
            Action::Forget(stack, service) => self.tree.forget(stack, service.as_deref()),
            Action::Policy(stack, policy) => self.tree.policy(stack, policy),
            Action::Rename(from, to) => self.tree.rename(from, to),
            Action::Break(stack) => self.tree.break_file(stack),
            Action::Mend(stack) => self.tree.mend_file(stack),
            Action::Commit | Action::Revert | Action::ForcePush => self.push(action),
            Action::Pass => self.pass().await,
            Action::Wait(seconds) => self.world.clock.leap(Duration::from_secs(*seconds)),
            Action::Settle => self.settle().await,
            Action::Restart => self.restart(),
            Action::Crash(writes) => self.world.swarm.fail_after((*writes).max(1)),
            Action::Suspend(_) | Action::Resume(_) | Action::Approve | Action::Retry(_) => {
                self.person(action);
            }
            Action::LoseLedger(stack) => {
                let name = ledger_name(&Instance::default(), stack_name(stack).as_ref());
                let _ = self.world.swarm.hand().remove(Kind::Config, &name);
            }
            Action::Image(image, temper) => self.temper(image, temper),
            Action::Hand(deed) => by_hand(&self.world.swarm.hand(), deed),
            Action::Outage(outage) => self.outage(outage),
            Action::Silent(looks) => {
                self.silent += looks;
                self.world.swarm.fail_looks(*looks);
            }
            Action::NextWrite(fault) => self.world.swarm.fail_next_write(write_fault(*fault)),
        }
    }

    fn push(&mut self, action: &Action) {
        if *action == Action::Revert {
            let [.., (_, before), _] = self.history.as_slice() else { return };
            self.tree = before.clone();
        }
        let files = files(&self.tree);
        let texts: Vec<(&str, &str)> =
            files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let subject = format!("commit {}", self.history.len() + 1);
        let source = &self.world.source;
        let revision = if *action == Action::ForcePush {
            self.history.pop();
            let onto = self.history.last().map(|(revision, _)| revision);
            source.force_push(onto, &format!("{subject}, another one"), &texts)
        } else {
            source.commit(&subject, &texts)
        };
        let mut revision = revision.expect("paths inside the repository");
        let below = self.history.last().map(|(_, tree)| self::files(tree)).unwrap_or_default();
        let gone: Vec<&str> =
            below.keys().filter(|path| !files.contains_key(*path)).map(String::as_str).collect();
        if !gone.is_empty() {
            revision = source.delete(&subject, &gone).expect("paths inside the repository");
        }
        self.history.push((revision.clone(), self.tree.clone()));
        let branch = self.history.iter().map(|(revision, _)| revision.clone()).collect();
        self.commits.insert(revision, Arc::new(Commit { tree: self.tree.clone(), branch }));
    }

    /// Decisions that people write into the ledger.
    fn person(&mut self, action: &Action) {
        match action {
            Action::Suspend(stack) => self.decide(stack.as_deref(), |record| {
                let reason = "somebody looks at it".to_owned();
                record.suspension = Some(Suspension { reason, until: None });
            }),
            Action::Resume(stack) => {
                self.decide(stack.as_deref(), |record| record.suspension = None);
            }
            Action::Retry(stack) => {
                self.retried = true;
                self.decide(Some(stack), |record| {
                    for service in record.services.values_mut() {
                        let failed = service.attempted.clone();
                        service.retry = failed.filter(|spec| service.quarantine.contains(spec));
                    }
                });
            }
            _ => self.approve(),
        }
    }

    /// Says yes to everything that the last pass held for a person.
    fn approve(&mut self) {
        for (stack, approvals) in std::mem::take(&mut self.asked) {
            self.approved += approvals.len();
            self.decide(Some(&stack), |record| record.approvals.extend(approvals));
        }
    }

    /// Writes a decision, as the commands do: over the record that is there.
    fn decide(&self, stack: Option<&str>, decision: impl FnOnce(&mut LedgerRecord)) {
        let instance = Instance::default();
        let stack = stack.and_then(stack_name);
        let observed = self.world.swarm.picture();
        let ledgers = decode(&observed.configs, &instance);
        let entry = match &stack {
            Some(stack) => ledgers.stacks.get(stack),
            None => ledgers.instance.as_ref(),
        };
        let (record, target) =
            entry.map(|entry| (LedgerRecord::clone(&entry.record), entry.target.clone())).unzip();
        let mut record = record.unwrap_or_default();
        decision(&mut record);
        let write = ledger_write(&instance, stack.as_ref(), &record, target.as_ref());
        let _ = self.world.swarm.hand().write(&write.expect("the record fits"));
    }

    fn temper(&self, image: &str, temper: &Temper) {
        let name = format!("{HOST}/{image}");
        let reference: ImageRef = name.parse().expect("an image");
        self.world.registry.allow(&reference);
        let behaviour = match temper {
            Temper::Good => Behaviour::Usual,
            Temper::Crashes(seconds) => Behaviour::ExitsAfter(Duration::from_secs(*seconds), 1),
            Temper::NeverHealthy => Behaviour::NeverHealthy(Duration::from_secs(5)),
            Temper::Slow(seconds) => Behaviour::HealthyAfter(Duration::from_secs(*seconds)),
            Temper::Missing | Temper::Refused => Behaviour::Missing,
        };
        if *temper == Temper::Refused {
            self.world.registry.refuse(&reference, "manifest unknown");
        }
        self.world.swarm.set_image(&name, behaviour);
    }

    fn outage(&self, outage: &Outage) {
        let (hand, world) = (self.world.swarm.hand(), &self.world);
        match outage {
            Outage::NodeLost(node) => drop(hand.kill_node(node)),
            Outage::NodeReturns(node) => drop(hand.return_node(node)),
            Outage::NodeDrained(node) => drop(hand.drain(node)),
            Outage::NodeActive(node) => drop(hand.activate(node)),
            Outage::RegistryDown => world.registry.disconnect(HOST),
            Outage::RegistryUp => world.registry.connect(HOST),
            Outage::GitDown => world.source.fail(SourceError::Unreachable {
                attempted: "reading the source".to_owned(),
                message: "connection refused".to_owned(),
            }),
            Outage::GitUp => world.source.heal(),
        }
    }

    /// What was held for a person in the last pass, for `approve`.
    pub(super) fn note_questions(&mut self) {
        self.asked.clear();
        let reports = self.passes.iter().filter_map(|pass| pass.report.as_ref());
        for (name, stack) in reports.flat_map(|report| &report.stacks) {
            let asked = stack.plan.held.iter().filter_map(|held| match &held.reason {
                HeldReason::NeedsApproval { approval, .. } => Some(approval.clone()),
                _ => None,
            });
            self.asked.insert(name.to_string(), asked.collect());
        }
    }
}

/// All files of a repository. One is always there: an empty repository is taken for a mistake.
fn files(tree: &Tree) -> BTreeMap<String, String> {
    let mut files = tree.files();
    files.insert("README.md".to_owned(), "What runs here.\n".to_owned());
    files
}

fn stack_name(name: &str) -> Option<StackName> {
    StackName::new(name).ok()
}

fn by_hand(hand: &Hand<'_>, deed: &Deed) {
    let _ = match deed {
        Deed::Scale(service, number) => hand.scale(service, *number),
        Deed::Env(service, name, value) => hand.set_env(service, name, value),
        Deed::Label(service, name, value) => hand.set_label(service, name, value),
        Deed::Image(service, image) => hand.set_image(service, &format!("{HOST}/{image}")),
        Deed::Rollback(service) => hand.rollback(service),
        Deed::Hold(service) => hand.set_label(service, "skep.hold", "me, at 3 a.m."),
        Deed::Release(service) => {
            hand.change(service, |spec| drop(spec.labels.remove("skep.hold")))
        }
        Deed::Remove(kind, name) => hand.remove(kind_of(kind), name),
        Deed::Kill(service) => {
            hand.kill_task(service);
            return;
        }
    };
}

fn kind_of(word: &str) -> Kind {
    match word {
        "network" => Kind::Network,
        "secret" => Kind::Secret,
        "config" => Kind::Config,
        _ => Kind::Service,
    }
}

fn write_fault(fault: Fault) -> WriteFault {
    match fault {
        Fault::Conflict => WriteFault::Conflict,
        Fault::NoAnswer => WriteFault::NotDone,
        Fault::DoneWithoutAnswer => WriteFault::DoneWithoutAnswer,
        Fault::Refused => WriteFault::Refused("no, thank you".to_owned()),
    }
}
