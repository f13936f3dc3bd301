//! Questions to registries: one for each distinct reference, and only when something hangs on it.

use std::collections::{BTreeMap, BTreeSet};

use futures::stream::{self, StreamExt as _};
use jiff::Timestamp;

use super::Operator;
use crate::model::{ImageAnswer, ImageRef, Images};

/// Questions at the same time.
const PARALLEL: usize = 8;

/// Answers that may be used again for a while: services that follow a tag would else ask in each
/// pass, and a registry that is down or refuses would be asked at each event.
#[derive(Debug, Default)]
pub(super) struct Answers(BTreeMap<ImageRef, (Timestamp, ImageAnswer)>);

impl Answers {
    fn fresh(&self, image: &ImageRef, after: Timestamp) -> Option<ImageAnswer> {
        let (at, answer) = self.0.get(image)?;
        (*at > after).then(|| answer.clone())
    }
}

impl Operator {
    /// Asks what is not known yet.
    pub(super) async fn ask(&mut self, questions: BTreeSet<ImageRef>, now: Timestamp) -> Images {
        let poll = jiff::SignedDuration::try_from(self.settings.poll).unwrap_or_default();
        let after = now.checked_sub(poll).unwrap_or(now);
        let mut images = Images::default();
        let mut open = Vec::new();
        for image in questions {
            match self.memory.answers.fresh(&image, after) {
                Some(answer) => {
                    images.0.insert(image, answer);
                }
                None => open.push(image),
            }
        }
        let registry = &self.doors.registry;
        let answers: Vec<(ImageRef, ImageAnswer)> = stream::iter(open)
            .map(|image| async move {
                let answer = registry.resolve(&image).await;
                (image, answer)
            })
            .buffer_unordered(PARALLEL)
            .collect()
            .await;
        for (image, answer) in answers {
            self.memory.answers.0.insert(image.clone(), (now, answer.clone()));
            images.0.insert(image, answer);
        }
        images
    }
}
