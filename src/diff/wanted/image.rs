//! What a service's image is pinned to, and when a registry is asked.
//!
//! A tag is resolved when its declaration changes or at creation; otherwise what runs stands, over
//! other edits, restarts and fail-overs. A registry that is down never changes what runs.

use crate::diff::change::ImageState;
use crate::diff::fields::IMAGE;
use crate::diff::owner::IMAGE_LABEL;
use crate::model::engine::{Service, ServiceSpec};
use crate::model::{
    DesiredService, ImageAnswer, ImageRef, Images, Platform, PullPolicy, ServiceRecord,
};

/// What is known of one service before its image is decided.
#[derive(Debug, Clone, Copy)]
pub struct ImageCase<'a> {
    /// The declaration.
    pub desired: &'a DesiredService,
    /// What runs.
    pub live: Option<&'a Service>,
    /// What the ledger remembers.
    pub record: Option<&'a ServiceRecord>,
    /// Answers of registries so far.
    pub images: &'a Images,
}

/// A decided image and, when a registry told them, its platforms.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What goes into the spec.
    pub image: String,
    /// Platforms for the placement; `None` leaves those that are there.
    pub platforms: Option<Vec<Platform>>,
    /// What to remember, or why nothing is decided.
    pub state: ImageState,
}

impl ImageCase<'_> {
    /// Decides the image.
    #[must_use]
    pub fn decide(&self) -> Decision {
        if let Some(image) = self.left_to_others() {
            return self.stands(image);
        }
        if self.desired.image.digest().is_some() {
            return self.decided(&self.desired.image, None);
        }
        let standing = self.standing();
        let follows = self.desired.pull == PullPolicy::Always;
        match (standing, self.images.0.get(&self.desired.image)) {
            (Some(image), _) if !follows => self.stands(image),
            (_, Some(ImageAnswer::Pinned(pinned))) => {
                self.decided(&pinned.image, Some(pinned.platforms.clone()))
            }
            (Some(image), Some(ImageAnswer::Unreachable(_) | ImageAnswer::Refused(_))) => {
                self.stands(image)
            }
            (_, Some(ImageAnswer::Refused(why))) => self.open(ImageState::Refused(why.clone())),
            (_, Some(ImageAnswer::Unreachable(why))) => self.without_registry(why),
            (_, None) => self.open(ImageState::Unasked),
        }
    }

    /// The image that runs, where others decide it.
    fn left_to_others(&self) -> Option<String> {
        let live = self.live.filter(|_| self.desired.ignore.cover(IMAGE))?;
        live_image(&live.spec).map(str::to_owned)
    }

    /// The image that stands because the declaration did not change, as text for the spec.
    fn standing(&self) -> Option<String> {
        let live = self.live?;
        let declared = self.declared();
        let image = live_image(&live.spec)?;
        let reference: Option<ImageRef> = image.parse().ok();
        let same_label = live.spec.labels.get(IMAGE_LABEL) == Some(&declared);
        if same_label && reference.is_some_and(|r| r.without_digest() == self.desired.image) {
            return Some(image.to_owned());
        }
        // Somebody changed the image by hand: back to the digest that was written.
        self.remembered().map(|image| image.familiar())
    }

    /// The digest that the ledger knows for this very declaration.
    fn remembered(&self) -> Option<&ImageRef> {
        let (declared, image) = self.record?.image.as_ref()?;
        (*declared == self.declared()).then_some(image)
    }

    /// At creation the digest that the ledger knows, or the tag; an update waits.
    fn without_registry(&self, why: &str) -> Decision {
        match (self.live, self.remembered()) {
            (Some(_), _) => self.open(ImageState::Unreachable(why.to_owned())),
            (None, Some(image)) => self.decided(image, None),
            (None, None) => self.decided(&self.desired.image, None),
        }
    }

    fn stands(&self, image: String) -> Decision {
        let reference = image.parse().unwrap_or_else(|_| self.desired.image.clone());
        let state = ImageState::Decided(self.declared(), reference);
        Decision { image, platforms: None, state }
    }

    fn decided(&self, image: &ImageRef, platforms: Option<Vec<Platform>>) -> Decision {
        let state = ImageState::Decided(self.declared(), image.clone());
        Decision { image: image.familiar(), platforms, state }
    }

    fn open(&self, state: ImageState) -> Decision {
        Decision { image: self.desired.image.familiar(), platforms: None, state }
    }

    /// The image as its author wrote it.
    fn declared(&self) -> String {
        let label = self.desired.spec.labels.get(IMAGE_LABEL);
        label.cloned().unwrap_or_else(|| self.desired.image.familiar())
    }
}

fn live_image(spec: &ServiceSpec) -> Option<&str> {
    spec.task_template.container_spec.as_ref().map(|container| container.image.as_str())
}
