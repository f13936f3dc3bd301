//! What the author of a stack wants done by a person's word only, and at certain times. A service's
//! own word wins over its stack's; of what left its declaration, the ledger remembers it.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Custody, PlanInput, remember, renaming, windows};
use crate::model::{ApprovalPolicy, HeldReason, Kind, ObjectRef, ServicePolicy, SuspendedBy};

/// The policies of one stack at one time.
pub(super) struct Gates<'a> {
    input: &'a PlanInput<'a>,
    /// Services that have a policy of their own.
    own: BTreeMap<&'a str, Cow<'a, ServicePolicy>>,
    shut: Option<HeldReason>,
    /// A stack in the place of another one waits for a person as a whole.
    renamed: Option<HeldReason>,
    unapproved: Option<HeldReason>,
}

impl<'a> Gates<'a> {
    pub(super) fn new(input: &'a PlanInput<'a>) -> Self {
        let policy = &input.lineage.policy;
        let manual = policy.approval == ApprovalPolicy::Manual;
        Self {
            input,
            own: own(input),
            shut: windows::closed(&policy.windows, input.now),
            renamed: match &input.lineage.custody {
                Custody::Renamed(old) => renaming::unapproved(input, old),
                _ => None,
            },
            unapproved: manual.then(|| remember::unapproved(input)).flatten(),
        }
    }

    /// Whether the declaration of a service stops all writes to it.
    pub(super) fn stops(&self, object: &ObjectRef) -> Option<HeldReason> {
        let why = self.of(object)?.suspend.clone()?;
        Some(HeldReason::Suspended { by: SuspendedBy::Declaration, why, until: None })
    }

    /// Why a change is not made yet.
    pub(super) fn holds(&self, object: &ObjectRef) -> Option<HeldReason> {
        let own = self.of(object);
        let windows = own.and_then(|policy| policy.windows.as_deref());
        let shut = match windows {
            Some(windows) => windows::closed(windows, self.input.now),
            None => self.shut.clone(),
        };
        let shut = shut.or_else(|| self.renamed.clone());
        shut.or_else(|| match own.and_then(|policy| policy.approval) {
            Some(ApprovalPolicy::Automatic) => None,
            // One yes to all of the stack is enough.
            Some(ApprovalPolicy::Manual) if !self.is_manual() => self.unapproved_alone(object),
            _ => self.unapproved.clone(),
        })
    }

    fn is_manual(&self) -> bool {
        self.input.lineage.policy.approval == ApprovalPolicy::Manual
    }

    fn of(&self, object: &ObjectRef) -> Option<&ServicePolicy> {
        let policy = self.own.get(object.name.as_str())?;
        (object.kind == Kind::Service).then_some(policy.as_ref())
    }

    /// Waits for a yes to what is declared of one service, or to its removal.
    fn unapproved_alone(&self, object: &ObjectRef) -> Option<HeldReason> {
        let changes = self.input.changes;
        let name = object.name.as_str();
        let services = changes.services.iter().chain(changes.jobs.iter().map(|job| &job.change));
        if let Some(change) = services.clone().find(|change| change.name == name) {
            let words = ["apply one", name, change.hash.as_str(), change.loose.as_str()];
            return self.input.needs_approval(format!("apply what is declared of {name}"), &words);
        }
        let left = changes.leftovers.iter().find(|left| left.object == *object)?;
        self.input.needs_approval(format!("remove {name}"), &["remove one", &left.target.id])
    }
}

fn own<'a>(input: &'a PlanInput<'a>) -> BTreeMap<&'a str, Cow<'a, ServicePolicy>> {
    let declared = input.changes.services.iter();
    let declared = declared.filter(|change| change.policy != ServicePolicy::default());
    let declared = declared.map(|change| (change.name.as_str(), Cow::Borrowed(&change.policy)));
    let left = input.changes.leftovers.iter().filter(|left| left.object.kind == Kind::Service);
    let left = left.filter_map(|left| {
        let record = input.ledger?.record.services.get(&left.object.name)?;
        let policy = Cow::Owned(ServicePolicy::from(&record.policy));
        Some((left.object.name.as_str(), policy))
    });
    let jobs = input.changes.jobs.iter().map(|job| &job.change);
    let jobs = jobs.filter(|change| change.policy != ServicePolicy::default());
    let jobs = jobs.map(|change| (change.name.as_str(), Cow::Borrowed(&change.policy)));
    declared.chain(left).chain(jobs).collect()
}
