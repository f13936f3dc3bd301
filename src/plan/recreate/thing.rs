//! Networks, secrets and configs that would have to be made anew.

use super::users::Users;
use super::{PlanInput, is_ours};
use crate::diff::{DataChange, DataLive, NetworkChange, Owner};
use crate::model::{Content, HeldReason, Kind, ObjectRef, Target};

/// Something that differs in what can't be changed.
pub(super) struct Thing<'a> {
    pub(super) object: ObjectRef,
    pub(super) target: &'a Target,
    /// What can't be changed, in words.
    pub(super) what: &'static str,
    owner: &'a Owner,
    /// Containers outside of services may use it, which no look shows.
    attachable: bool,
    /// What tells what is wanted from anything else.
    wanted: String,
}

/// All of a stack.
pub(super) fn all<'a>(input: &PlanInput<'a>) -> Vec<Thing<'a>> {
    let networks = input.changes.networks.iter().filter_map(|change| network(change, input));
    let data = input.changes.data.iter().filter_map(data);
    networks.chain(data).collect()
}

/// True when a thing that is declared is not there.
pub(super) fn is_missing(input: &PlanInput<'_>, object: &ObjectRef) -> bool {
    let changes = input.changes;
    let mut networks = changes.networks.iter();
    let mut data = changes.data.iter();
    match object.kind {
        Kind::Network => networks.any(|n| n.spec.name == object.name && n.live.is_none()),
        _ => data.any(|data| data.object == *object && data.live == DataLive::Absent),
    }
}

fn network<'a>(change: &'a NetworkChange, input: &PlanInput<'a>) -> Option<Thing<'a>> {
    let (target, owner) = change.live.as_ref().filter(|_| !change.fields.is_empty())?;
    let live = input.view.observed.networks.get(&target.name);
    Some(Thing {
        object: ObjectRef::new(Kind::Network, &target.name),
        target,
        what: "a network",
        owner,
        attachable: live.is_some_and(|live| live.attachable),
        wanted: serde_json::to_string(&change.spec).unwrap_or_default(),
    })
}

fn data(change: &DataChange) -> Option<Thing<'_>> {
    let DataLive::Immutable { target, owner } = &change.live else { return None };
    let wanted = match &change.wanted.content {
        Content::Stored { hash, .. } => hash.as_ref().map(|hash| hash.as_str().to_owned()),
        Content::Driver(driver) => serde_json::to_string(driver).ok(),
    };
    Some(Thing {
        object: change.object.clone(),
        target,
        what: match change.object.kind {
            Kind::Secret => "the content of a secret with an explicit name",
            _ => "the content of a config with an explicit name",
        },
        owner,
        attachable: false,
        wanted: wanted.unwrap_or_default(),
    })
}

impl Thing<'_> {
    /// True for what a person has to say yes to whatever the declaration says.
    pub(super) fn is_risky(&self, users: &Users<'_>) -> bool {
        let by_hand = users.ours.iter().filter_map(|user| user.live.as_ref());
        let by_hand = by_hand.map(|live| &live.owner).chain([self.owner]).any(|o| !is_ours(o));
        self.attachable || by_hand
    }

    /// Waits for a yes to exactly this: what goes, what is wanted, who is interrupted.
    pub(super) fn approval(&self, users: &Users<'_>, input: &PlanInput<'_>) -> Option<HeldReason> {
        let object = self.object.to_string();
        let mut words = vec!["make anew", &object, &self.target.id, &self.wanted];
        words.extend(users.ours.iter().map(|user| user.name.as_str()));
        input.needs_approval(self.account(users, input), &words)
    }

    /// What would be interrupted, for a person to read.
    fn account(&self, users: &Users<'_>, input: &PlanInput<'_>) -> String {
        let mut text = format!("make {} anew", self.object);
        match users.ours.as_slice() {
            [] => text.push_str("; no service uses it"),
            ours => {
                let names: Vec<String> =
                    ours.iter().map(|user| format!("service/{}", user.name)).collect();
                let tasks: u64 = ours
                    .iter()
                    .filter_map(|user| input.health.get(&user.name))
                    .map(|health| health.wanted)
                    .sum();
                let (names, verb) = (names.join(", "), if names.len() == 1 { "is" } else { "are" });
                text.push_str(&format!(
                    ": {names} ({tasks} tasks) {verb} taken away until it is there again"
                ));
            }
        }
        text.push_str(&super::users::volumes_that_stay(users.ours.iter().copied()));
        if self.attachable {
            text.push_str("; containers that joined it by hand have to be stopped first");
        }
        text
    }
}
