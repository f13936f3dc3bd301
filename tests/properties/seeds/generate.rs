//! Worlds and scripts from a seed. Names are few, so that things meet.

use super::random::Random;
use crate::script::{Action, Deed, Fault, Outage, Part, Policy, Script, Temper};

const STACKS: [&str; 3] = ["shop", "blog", "mail"];
const SERVICES: [&str; 4] = ["web", "api", "db", "job"];
const NODES: [&str; 2] = ["n2", "n3"];

/// What a script may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everything.
    All,
    /// Only what comes from git, each commit followed until it has settled.
    GitOnly,
}

/// The script of a seed.
pub fn script(seed: u64, scope: Scope) -> Script {
    let mut writer = Writer { random: Random::new(seed), actions: Vec::new() };
    writer.images();
    writer.first(scope);
    let steps = 2 + writer.random.below(if scope == Scope::All { 7 } else { 3 });
    for _ in 0..steps {
        match scope {
            Scope::All => writer.something(),
            Scope::GitOnly => {
                writer.git();
                writer.actions.push(Action::Settle);
            }
        }
    }
    Script(writer.actions)
}

/// What heals a world: after it everything has to come to its end.
pub fn healing() -> Vec<Action> {
    let mut actions = Vec::new();
    for node in NODES {
        actions.push(Action::Outage(Outage::NodeReturns(node.to_owned())));
        actions.push(Action::Outage(Outage::NodeActive(node.to_owned())));
    }
    actions.extend([Outage::RegistryUp, Outage::GitUp].map(Action::Outage));
    actions.extend([Action::Settle, Action::Wait(600), Action::Pass]);
    actions
}

struct Writer {
    random: Random,
    actions: Vec<Action>,
}

impl Writer {
    fn images(&mut self) {
        let bad = match self.random.below(7) {
            0 => Temper::Crashes(0),
            1 => Temper::Crashes(8),
            2 => Temper::NeverHealthy,
            3 => Temper::Slow(20),
            4 => Temper::Missing,
            5 => Temper::Refused,
            _ => Temper::Good,
        };
        let tag = self.random.pick(&["web:2", "api:2", "web:3"]).to_owned();
        self.actions.push(Action::Image(tag, bad));
    }

    fn first(&mut self, scope: Scope) {
        for _ in 0..1 + self.random.below(2) {
            let stack = self.stack();
            for _ in 0..1 + self.random.below(5) {
                self.declare(&stack);
            }
        }
        self.actions.push(Action::Commit);
        let follow = if scope == Scope::GitOnly || self.random.chance(70) {
            Action::Settle
        } else {
            Action::Pass
        };
        self.actions.push(follow);
    }

    fn something(&mut self) {
        match self.random.below(13) {
            12 => self.meddle(),
            0..=3 => self.git(),
            4..=5 => {
                let deed = self.deed();
                self.actions.push(Action::Hand(deed));
            }
            6 => self.person(),
            7 => self.outage(),
            8 => self.fault(),
            9 => self.actions.push(Action::Wait(1 + self.random.below(400) as u64)),
            _ => self.actions.push(Action::Settle),
        }
        match self.random.below(4) {
            0 => self.actions.push(Action::Settle),
            1 => self.actions.push(Action::Wait(1 + self.random.below(30) as u64)),
            _ => {}
        }
        self.actions.push(Action::Pass);
    }

    fn git(&mut self) {
        let stack = self.stack();
        match self.random.below(14) {
            0..=6 => self.declare(&stack),
            7..=8 => {
                let service = self.service();
                self.actions.push(Action::Forget(stack, Some(service)));
            }
            9 => {
                self.actions.push(Action::Forget(stack, None));
                // Two at once are more than the quota allows, when they are large.
                let other = self.stack();
                self.actions.extend(self.random.chance(50).then_some(Action::Forget(other, None)));
            }
            10 => {
                let to = self.stack();
                self.actions.push(Action::Rename(stack, to));
            }
            11 => {
                let broken = self.random.chance(50);
                self.actions.push(if broken { Action::Break(stack) } else { Action::Mend(stack) });
            }
            12 => {
                let policy = self.policy();
                self.actions.push(Action::Policy(stack, policy));
            }
            _ => return self.rewrite(&stack),
        }
        self.actions.push(Action::Commit);
    }

    /// Goes back to what was there before, or takes a commit off the branch, often with something less.
    fn rewrite(&mut self, stack: &str) {
        if self.random.chance(40) {
            return self.actions.push(Action::Revert);
        }
        if self.random.chance(70) {
            let service = self.service();
            self.actions.push(Action::Forget(stack.to_owned(), Some(service)));
        }
        self.actions.push(Action::ForcePush);
    }

    /// A change, and while its rollout runs one that is no reason to write into it.
    fn meddle(&mut self) {
        let (stack, service) = (self.stack(), self.service());
        let mode = Part::Env("MODE".to_owned(), format!("m{}", self.random.below(9)));
        let loose = match self.random.below(2) {
            0 => Part::Label("colour".to_owned(), format!("c{}", self.random.below(9))),
            _ => Part::Replicas(1 + self.random.below(4) as u64),
        };
        for part in [mode, loose] {
            self.actions.push(Action::Declare(stack.clone(), service.clone(), vec![part]));
            self.actions.extend([Action::Commit, Action::Pass]);
            self.actions.push(Action::Wait(self.random.below(2) as u64));
        }
    }

    fn policy(&mut self) -> Policy {
        match self.random.below(3) {
            0 => Policy::Approval(self.random.pick(&["manual", "auto"]).to_owned()),
            1 => Policy::Suspended(self.random.pick(&["holiday", "no"]).to_owned()),
            _ => Policy::OnFailure(self.random.pick(&["rollback", "pause", "continue"]).to_owned()),
        }
    }

    fn declare(&mut self, stack: &str) {
        let service = self.service();
        let mut parts = Vec::new();
        if service == "job" {
            parts.push(Part::Mode("job".to_owned()));
        }
        if self.random.chance(60) {
            let image = ["web:1", "web:2", "web:3", "api:1", "api:2"];
            parts.push(Part::Image(self.random.pick(&image).to_owned()));
        }
        for _ in 0..self.random.below(4) {
            parts.push(self.part());
        }
        self.actions.push(Action::Declare(stack.to_owned(), service, parts));
    }

    fn part(&mut self) -> Part {
        let value = |random: &mut Random| random.pick(&["one", "two", "three"]).to_owned();
        match self.random.below(12) {
            0..=1 => Part::Replicas(self.random.below(4) as u64),
            2..=3 => Part::Env("MODE".to_owned(), value(&mut self.random)),
            4 => Part::Env("TOKEN".to_owned(), format!("PRIVATE-{}", value(&mut self.random))),
            5 => Part::Label("colour".to_owned(), value(&mut self.random)),
            6 => Part::Network(self.random.pick(&["front", "back"]).to_owned()),
            7 => Part::Secret("password".to_owned(), value(&mut self.random)),
            8 => Part::Config("motd".to_owned(), value(&mut self.random)),
            9 => {
                let on = self.service();
                Part::Needs(on, self.random.pick(&["started", "healthy"]).to_owned())
            }
            10 => Part::On(self.random.pick(&["n1", "n2", "n9"]).to_owned()),
            _ => {
                Part::FailureAction(self.random.pick(&["rollback", "pause", "continue"]).to_owned())
            }
        }
    }

    fn deed(&mut self) -> Deed {
        let live = format!("{}_{}", self.stack(), self.service());
        match self.random.below(12) {
            0..=1 => Deed::Scale(live, self.random.below(5) as u64),
            2 => Deed::Env(live, "MODE".to_owned(), "odd".to_owned()),
            3 => Deed::Label(live, "colour".to_owned(), "odd".to_owned()),
            4 => Deed::Image(live, self.random.pick(&["web:1", "web:2", "web:9"]).to_owned()),
            5..=6 => Deed::Rollback(live),
            7 => Deed::Hold(live),
            8 => Deed::Release(live),
            9 => Deed::Kill(live),
            10 => {
                let thing = ["front", "password", "motd"][self.random.below(3)];
                let kind = match thing {
                    "front" => "network",
                    "password" => "secret",
                    _ => "config",
                };
                Deed::Remove(kind.to_owned(), format!("{}_{thing}", self.stack()))
            }
            _ => Deed::Remove("service".to_owned(), live),
        }
    }

    fn person(&mut self) {
        let stack = self.stack();
        let action = match self.random.below(6) {
            0 => Action::Suspend(Some(stack)),
            1 => Action::Resume(Some(stack)),
            2 => Action::Resume(None),
            3 => Action::Suspend(None),
            4 => Action::Approve,
            _ => Action::Retry(stack),
        };
        self.actions.push(action);
    }

    fn outage(&mut self) {
        let node = self.random.pick(&NODES).to_owned();
        let action = match self.random.below(9) {
            0 => Action::Outage(Outage::NodeLost(node)),
            1 => Action::Outage(Outage::NodeReturns(node)),
            2 => Action::Outage(Outage::NodeDrained(node)),
            3 => Action::Outage(Outage::NodeActive(node)),
            4 => Action::Outage(Outage::RegistryDown),
            5 => Action::Outage(Outage::RegistryUp),
            6 => Action::Outage(Outage::GitDown),
            7 => Action::Outage(Outage::GitUp),
            _ => Action::Silent(1 + self.random.below(3)),
        };
        self.actions.push(action);
    }

    fn fault(&mut self) {
        let action = match self.random.below(8) {
            0..=1 => Action::NextWrite(Fault::Conflict),
            2 => Action::NextWrite(Fault::NoAnswer),
            3..=4 => Action::NextWrite(Fault::DoneWithoutAnswer),
            5 => Action::NextWrite(Fault::Refused),
            6 => Action::Restart,
            _ => Action::Crash(1 + self.random.below(4)),
        };
        self.actions.push(action);
        if self.random.chance(10) {
            let stack = self.stack();
            self.actions.push(Action::LoseLedger(stack));
        }
    }

    fn stack(&mut self) -> String {
        self.random.pick(&STACKS).to_owned()
    }

    fn service(&mut self) -> String {
        self.random.pick(&SERVICES).to_owned()
    }
}
