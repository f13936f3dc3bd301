//! Stacks with chosen images, kept from one time to the next: who compares declarations by their
//! address sees the same one while nothing else was chosen.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::with_image;
use crate::model::{
    Chosen, Desired, DesiredJob, DesiredStack, ImageRef, PullPolicy, SpecHash, StackName,
};

/// What was made the last time, by stack.
#[derive(Debug, Default)]
pub struct Cache(BTreeMap<StackName, Kept>);

#[derive(Debug)]
struct Kept {
    declared: Arc<DesiredStack>,
    images: BTreeMap<String, (ImageRef, PullPolicy)>,
    made: Arc<DesiredStack>,
}

impl Cache {
    /// The stack with these images; `None` when they are those that it declares.
    pub(super) fn with(
        &mut self,
        name: &StackName,
        stack: &Arc<DesiredStack>,
        chosen: &[Chosen],
    ) -> Option<Arc<DesiredStack>> {
        let images: BTreeMap<_, _> =
            chosen.iter().map(|one| (one.service.clone(), (one.image.clone(), one.pull))).collect();
        let differs = stack.all_services().any(|(name, service)| {
            let wanted = images.get(name);
            wanted.is_some_and(|(image, pull)| (image, *pull) != (&service.image, service.pull))
        });
        if !differs {
            self.0.remove(name);
            return None;
        }
        if let Some(kept) = self.0.get(name)
            && Arc::ptr_eq(&kept.declared, stack)
            && kept.images == images
        {
            return Some(Arc::clone(&kept.made));
        }
        let made = Arc::new(made(stack, &images));
        let kept = Kept { declared: Arc::clone(stack), images, made: Arc::clone(&made) };
        self.0.insert(name.clone(), kept);
        Some(made)
    }

    /// Forgets stacks that are not declared any more.
    pub(super) fn keep_only(&mut self, desired: &Desired) {
        self.0.retain(|name, _| desired.stacks.contains_key(name));
    }
}

fn made(stack: &DesiredStack, images: &BTreeMap<String, (ImageRef, PullPolicy)>) -> DesiredStack {
    let mut made = stack.clone();
    for (name, (image, pull)) in images {
        if let Some(service) = made.services.get_mut(name) {
            *service = Arc::new(with_image(service, image, *pull));
        }
        if let Some(job) = made.jobs.get_mut(name) {
            let service = with_image(&job.service, image, *pull);
            *job = Arc::new(DesiredJob { service, ..(**job).clone() });
        }
    }
    // Hooks are run for each content, and another image is another one.
    made.content = stack.content.as_ref().map(|content| {
        let words = images.iter().map(|(name, (image, _))| format!("{name}={image}"));
        let words: Vec<String> =
            std::iter::once(content.as_str().to_owned()).chain(words).collect();
        SpecHash::of(words.join("\n").as_bytes())
    });
    made
}
