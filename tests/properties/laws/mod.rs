//! The laws, each judged from outside: by what went through the door to the swarm, by what is in the
//! swarm, and by what was told.

mod end;
mod plans;
mod told;
mod writes;

use std::collections::BTreeMap;
use std::fmt;

use skep::model::Revision;
use skep::model::engine::ServiceSpec;

use crate::stage::{PassSeen, Stage};

/// A law, or a property beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Law {
    /// 1: a write that changes nothing is never sent.
    NoChange,
    /// 2: nothing is written into a rollout of ours but a newer spec.
    OwnRollout,
    /// 3: what failed is not written again, and the ledger knows before the write.
    Quarantine,
    /// 4: nothing is removed but what is ours and left the declaration, within the quota.
    Removal,
    /// 5: the same world gives the same plan.
    SameWorld,
    /// 6: exactly what was planned is done.
    JustThePlan,
    /// 7: what differs is changed now, or held for a reason.
    Reasons,
    /// 8: writes are conditional on the look that they were planned by.
    Conditional,
    /// 10: secret bytes are told nowhere.
    Secrets,
    /// 12: what is called well runs what is declared.
    TasksCount,
    /// What belongs to others stays as it was.
    Foreign,
    /// Every plan passes the audit.
    Audited,
    /// Everything ends well or held.
    Settles,
    /// What has settled plans nothing.
    SettledIsEmpty,
}

/// A law that was broken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    pub law: Law,
    pub what: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.law, self.what)
    }
}

/// Judges everything that happens in one world.
#[derive(Debug, Default)]
pub struct Judge {
    pub findings: Vec<Finding>,
    past: Past,
}

/// What earlier passes did.
#[derive(Debug, Default)]
struct Past {
    /// The last spec that was written to a service, by its id, without replicas and labels.
    written: BTreeMap<String, ServiceSpec>,
    /// Services that were removed, by the revision for which they were.
    removed: BTreeMap<Option<Revision>, usize>,
}

impl Judge {
    /// Judges one pass.
    pub fn pass(&mut self, pass: &PassSeen, stage: &Stage) {
        let mut found = Vec::new();
        writes::judge(pass, &mut self.past, stage, &mut found);
        plans::judge(pass, &mut found);
        told::judge(pass, &mut found);
        end::tasks_count(pass, &mut found);
        self.findings.extend(
            found
                .into_iter()
                .map(|(law, what)| Finding { law, what: format!("after {} s: {what}", pass.at) }),
        );
    }

    /// Judges what is there after an action.
    pub fn world(&mut self, stage: &Stage) {
        for what in stage.disturbed() {
            self.findings.push(Finding { law: Law::Foreign, what });
        }
    }

    /// Judges the last passes of a script, after which nothing was to move any more.
    pub fn end(&mut self, passes: &[PassSeen]) {
        let found = end::judge(passes);
        self.findings.extend(found.into_iter().map(|(law, what)| Finding { law, what }));
    }
}

/// What was found.
type Found = Vec<(Law, String)>;
