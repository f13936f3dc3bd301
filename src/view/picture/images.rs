//! Images: what runs where, what is newer, what policy says.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::{HeldView, ReportView};
use crate::diff::{IMAGE_LABEL, NAMESPACE_LABEL};
use crate::ledger::StableSet;
use crate::model::engine::Service;
use crate::model::{Chosen, ImageAnswer, ImageRef, Images, Kind, Observed, StableStack, StackName};

/// What a service runs that follows an `Image`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FollowView {
    /// The stack.
    pub stack: String,
    /// Full name of the service.
    pub service: String,
    /// Name of the `Image`.
    pub follows: String,
    /// What the service is to run.
    pub image: String,
    /// Why that is not what the policy wants; absent when it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stays: Option<StaysView>,
}

/// Why a service keeps the image that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StaysView {
    /// One word.
    pub reason: &'static str,
    /// A sentence.
    pub message: String,
}

impl FollowView {
    pub(super) fn of(chosen: &Chosen) -> Self {
        let stays = chosen.stays.as_ref();
        Self {
            stack: chosen.stack.to_string(),
            service: chosen.service.clone(),
            follows: chosen.follows.clone(),
            image: chosen.image.familiar(),
            stays: stays.map(|why| StaysView { reason: why.word(), message: why.to_string() }),
        }
    }
}

/// Images of the services of a swarm.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ImagesView {
    /// A line for each service, by name.
    pub services: Vec<ImageView>,
}

/// The image of one service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageView {
    /// Full name of the service.
    pub service: String,
    /// The stack that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stack: Option<String>,
    /// What was declared of what runs.
    pub declared: String,
    /// The digest that runs; absent when the image is not pinned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<String>,
    /// The `Image` that it follows, and what that comes to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy: Option<FollowView>,
    /// What the registry says of the declared tag; absent when it was not asked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tag: Option<TagView>,
    /// What holds the service.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub held: Vec<HeldView>,
}

/// What a registry says of a tag.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase", tag = "state")]
pub enum TagView {
    /// It stands for what runs.
    Same,
    /// It stands for something else now.
    Moved {
        /// The digest.
        digest: String,
    },
    /// It is not there, or not for us.
    Refused {
        /// The registry's words.
        message: String,
    },
    /// No answer.
    Unreachable {
        /// Why.
        message: String,
    },
}

impl ImagesView {
    /// What runs in a swarm.
    #[must_use]
    pub fn of(observed: &Observed) -> Self {
        let services = observed.services.values();
        Self { services: services.filter_map(|service| ImageView::of(service)).collect() }
    }

    /// With what a source wants; services that it does not declare are left out.
    #[must_use]
    pub fn with(mut self, report: &ReportView) -> Self {
        let stacks: BTreeMap<_, _> = report.stacks.iter().map(|s| (s.name.as_str(), s)).collect();
        let follows: BTreeMap<_, _> =
            report.images.iter().map(|f| (f.service.as_str(), f)).collect();
        self.services.retain_mut(|image| {
            let Some(stack) = image.stack.as_deref().and_then(|name| stacks.get(name)) else {
                return false;
            };
            image.policy = follows.get(image.service.as_str()).map(|follow| (*follow).clone());
            let of_it = |held: &&HeldView| {
                held.object.kind == Kind::Service && held.object.name == image.service
            };
            image.held = stack.held.iter().filter(of_it).cloned().collect();
            true
        });
        self
    }

    /// References that registries are to be asked for, to say what is newer.
    pub fn questions(&self) -> impl Iterator<Item = ImageRef> {
        let declared = self.services.iter().map(|image| image.declared.parse::<ImageRef>());
        declared.flatten().filter(|image| image.digest().is_none())
    }

    /// With what registries said.
    #[must_use]
    pub fn answered(mut self, answers: &Images) -> Self {
        for image in &mut self.services {
            let declared: Option<ImageRef> = image.declared.parse().ok();
            let answer = declared.and_then(|declared| answers.0.get(&declared));
            image.tag = answer.map(|answer| tag(answer, image.digest.as_deref()));
        }
        self
    }

    /// Whether something is newer than what runs, or could not be told.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        self.services.iter().any(|image| image.is_behind())
    }
}

impl ImageView {
    fn of(service: &Service) -> Option<Self> {
        let container = service.spec.task_template.container_spec.as_ref()?;
        let runs: Option<ImageRef> = container.image.parse().ok();
        let label = service.spec.labels.get(IMAGE_LABEL);
        let plain = runs
            .as_ref()
            .map_or_else(|| container.image.clone(), |runs| runs.without_digest().familiar());
        Some(Self {
            service: service.spec.name.clone(),
            stack: service.spec.labels.get(NAMESPACE_LABEL).cloned(),
            declared: label.cloned().unwrap_or(plain),
            digest: runs.and_then(|runs| runs.digest().map(str::to_owned)),
            policy: None,
            tag: None,
            held: Vec::new(),
        })
    }

    /// What the policy wants, where that is not what runs.
    #[must_use]
    pub fn wanted(&self) -> Option<&str> {
        let policy = self.policy.as_ref()?;
        (policy.image != self.declared).then_some(&policy.image)
    }

    fn is_behind(&self) -> bool {
        let stays = self.policy.as_ref().is_some_and(|policy| policy.stays.is_some());
        stays || self.wanted().is_some() || !matches!(self.tag, None | Some(TagView::Same))
    }
}

fn tag(answer: &ImageAnswer, runs: Option<&str>) -> TagView {
    match answer {
        ImageAnswer::Pinned(pinned) if pinned.image.digest() == runs => TagView::Same,
        ImageAnswer::Pinned(pinned) => {
            TagView::Moved { digest: pinned.image.digest().unwrap_or_default().to_owned() }
        }
        ImageAnswer::Refused(message) => TagView::Refused { message: message.clone() },
        ImageAnswer::Unreachable(message) => TagView::Unreachable { message: message.clone() },
    }
}

/// Images that a stack ran when it was healthy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImageHistoryView {
    /// The stack.
    pub stack: String,
    /// Revisions at which it was healthy, the newest first.
    pub revisions: Vec<PastImagesView>,
}

/// Images at one revision.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PastImagesView {
    /// The commit, or hash of a directory.
    pub revision: String,
    /// When it was first seen healthy.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at: Option<Timestamp>,
    /// Images with their digests, by service.
    pub images: BTreeMap<String, String>,
}

impl ImageHistoryView {
    /// Draws the picture of what is kept.
    #[must_use]
    pub fn of(stack: &StackName, sets: &[(&StableSet, StableStack)]) -> Self {
        let past = |(set, kept): &(&StableSet, StableStack)| PastImagesView {
            revision: set.revision.to_string(),
            at: set.at,
            images: kept
                .services
                .iter()
                .filter_map(|(name, service)| {
                    let container = service.spec.task_template.container_spec.as_ref()?;
                    Some((name.clone(), container.image.clone()))
                })
                .collect(),
        };
        let mut revisions: Vec<_> = sets.iter().map(past).collect();
        revisions.sort_by_key(|past| std::cmp::Reverse(past.at));
        Self { stack: stack.to_string(), revisions }
    }
}
