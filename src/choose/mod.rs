//! Desired × tags × observed → the images that services run which follow an `Image`.
//!
//! A choice never makes what runs worse: while the registry does not answer, while no tag fits, or
//! while the `Image` has a mistake, what runs stays; a tag that vanished from the registry is not
//! left for an older one.

mod cache;
mod promoted;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

pub use cache::Cache;

use crate::health::Clocks;
use crate::model::engine::is_one_of;
use crate::model::name::IMAGE_LABEL;
use crate::model::{
    Chosen, Desired, DesiredImage, DesiredService, DesiredStack, Follows, ImageAnswer, ImagePolicy,
    ImageRef, Images, LedgerRecord, Observed, Platform, PullPolicy, Repository, SourceName,
    StackName, Stays, TagsAnswer,
};

/// Most tags that are looked at, from the best one on, for one whose platforms fit.
const MOST_TRIED: usize = 5;

/// Images that are declared, by source and name.
pub type DeclaredImages = BTreeMap<(SourceName, String), DesiredImage>;

/// Answers of registries about tags.
pub type Tags = BTreeMap<Repository, TagsAnswer>;

/// What is known when images are chosen.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    /// What is declared of images.
    pub declared: &'a DeclaredImages,
    /// Tags of repositories.
    pub tags: &'a Tags,
    /// What references stand for, as far as it was asked.
    pub images: &'a Images,
    /// The swarm.
    pub observed: &'a Observed,
    /// What the ledger remembers of stacks.
    pub records: &'a BTreeMap<&'a StackName, &'a LedgerRecord>,
    /// How long tasks have to run to count as healthy.
    pub clocks: Clocks,
}

/// What came of choosing.
#[derive(Debug, Clone, Default)]
pub struct Choices {
    /// One for each service that follows an `Image`, by stack and name.
    pub chosen: Vec<Chosen>,
    /// References that have to be asked before more can be said.
    pub questions: BTreeSet<ImageRef>,
}

/// Repositories whose tags decide something.
#[must_use]
pub fn repositories(desired: &Desired, declared: &DeclaredImages) -> BTreeSet<Repository> {
    let mut wanted = BTreeSet::new();
    for stack in desired.stacks.values() {
        for (_, service) in stack.all_services() {
            let image = service.follows.as_ref().and_then(|f| image_of(declared, stack, f));
            let listed = image.filter(|image| {
                let policy = &image.policy;
                matches!(policy, ImagePolicy::Versions { .. } | ImagePolicy::Pattern { .. })
            });
            wanted.extend(listed.map(|image| image.repository.clone()));
        }
    }
    wanted
}

/// Puts the chosen images into what is desired. Stacks without a service that follows an `Image`
/// stay as they are, and so does, by its address, one whose choice is that of the last time.
pub fn choose(desired: &mut Desired, scene: Scene<'_>, cache: &mut Cache) -> Choices {
    let mut choices = Choices::default();
    for (name, stack) in &mut desired.stacks {
        let from = choices.chosen.len();
        for (service_name, service) in stack.all_services() {
            if let Some(follows) = &service.follows {
                let case = Case { scene, stack, name: service_name, service, follows };
                choices.chosen.push(case.choose(&mut choices.questions));
            }
        }
        if let Some(chosen) = cache.with(name, stack, &choices.chosen[from..]) {
            *stack = chosen;
        }
    }
    cache.keep_only(desired);
    choices
}

fn image_of<'a>(
    declared: &'a DeclaredImages,
    stack: &DesiredStack,
    follows: &Follows,
) -> Option<&'a DesiredImage> {
    declared.get(&(stack.source.clone(), follows.image.clone()))
}

struct Case<'a> {
    scene: Scene<'a>,
    stack: &'a DesiredStack,
    name: &'a str,
    service: &'a DesiredService,
    follows: &'a Follows,
}

impl Case<'_> {
    fn choose(&self, questions: &mut BTreeSet<ImageRef>) -> Chosen {
        let image = image_of(self.scene.declared, self.stack, self.follows);
        let verdict = match image.filter(|image| image.covers(&self.service.image)) {
            None => Err(Stays::Undeclared),
            Some(image) => self.wanted(image, questions),
        };
        let moves = image.is_some_and(|image| matches!(image.policy, ImagePolicy::Digest { .. }));
        let (image, stays) = match verdict {
            Ok(image) => (image, None),
            Err(why) => (self.standing(image), Some(why)),
        };
        let follows_tag = moves && stays.is_none();
        Chosen {
            stack: self.stack.name.clone(),
            service: self.name.to_owned(),
            follows: self.follows.image.clone(),
            image,
            pull: if follows_tag { PullPolicy::Always } else { self.service.pull },
            stays,
        }
    }

    /// What the policy wants.
    fn wanted(
        &self,
        image: &DesiredImage,
        questions: &mut BTreeSet<ImageRef>,
    ) -> Result<ImageRef, Stays> {
        match &image.policy {
            ImagePolicy::Digest { tag } => {
                image.repository.tagged(tag).ok_or(Stays::Nothing(format!("'{tag}' is no tag")))
            }
            ImagePolicy::Promoted { stack, healthy_for } => {
                promoted::image(self.scene, image, stack, *healthy_for)
            }
            ImagePolicy::Versions { .. } | ImagePolicy::Pattern { .. } => {
                self.best(image, questions)
            }
        }
    }

    /// The best tag that there is and that some node can run.
    fn best(
        &self,
        image: &DesiredImage,
        questions: &mut BTreeSet<ImageRef>,
    ) -> Result<ImageRef, Stays> {
        let unasked = || Stays::Unreachable("the registry was not asked yet".to_owned());
        let listed = match self.scene.tags.get(&image.repository) {
            None => return Err(unasked()),
            Some(TagsAnswer::Unreachable(why)) => return Err(Stays::Unreachable(why.clone())),
            Some(TagsAnswer::Refused(why)) => return Err(Stays::Refused(why.clone())),
            Some(TagsAnswer::Listed(tags)) => tags,
        };
        let live = self.live().filter(|live| image.covers(live) && live.digest().is_none());
        let live_tag = live.as_ref().and_then(ImageRef::tag);
        let gone = live_tag.filter(|tag| !listed.contains(*tag));
        let order = image.best_first(listed.iter().map(String::as_str).chain(gone));
        let mut unfit = Vec::new();
        for tag in order.iter().take(MOST_TRIED) {
            let Some(candidate) = image.repository.tagged(tag) else { continue };
            if live.as_ref() == Some(&candidate) {
                return Ok(candidate);
            }
            match self.scene.images.0.get(&candidate) {
                None => {
                    questions.insert(candidate);
                    return Err(unasked());
                }
                Some(ImageAnswer::Unreachable(why)) => {
                    return Err(Stays::Unreachable(why.clone()));
                }
                Some(ImageAnswer::Refused(why)) => unfit.push(format!("{tag}: {why}")),
                Some(ImageAnswer::Pinned(pinned)) => match self.misfit(image, &pinned.platforms) {
                    None => return Ok(candidate),
                    Some(why) => unfit.push(format!("{tag}: {why}")),
                },
            }
        }
        Err(Stays::Nothing(match unfit.is_empty() {
            true => format!("none of {} tags is wanted", listed.len()),
            false => unfit.join("; "),
        }))
    }

    /// Why an image can't run where it should; nothing is said of one whose platforms nobody knows.
    fn misfit(&self, image: &DesiredImage, platforms: &[Platform]) -> Option<String> {
        if platforms.is_empty() {
            return None;
        }
        let missing = image.platforms.iter().find(|wanted| !platforms.contains(wanted));
        if let Some(missing) = missing {
            return Some(format!("not built for {}/{}", missing.os, missing.architecture));
        }
        let mut nodes = self.scene.observed.nodes.values();
        let runs = !image.platforms.is_empty() || nodes.any(|node| is_one_of(node, platforms));
        (!runs).then(|| "built for no node of the swarm".to_owned())
    }

    /// What stays while nothing is chosen: what runs, as far as the policy could want it, what the
    /// ledger remembers of a service that is gone, or else what is declared.
    fn standing(&self, image: Option<&DesiredImage>) -> ImageRef {
        let wanted = |live: &ImageRef| match image {
            Some(image) => image.covers(live) && live.tag().is_none_or(|tag| image.takes(tag)),
            None => live.repository() == self.service.image.repository(),
        };
        self.live().filter(wanted).unwrap_or_else(|| self.service.image.clone())
    }

    /// The image of the service as it was chosen before: by its label, or by the ledger.
    fn live(&self) -> Option<ImageRef> {
        let live = self.scene.observed.services.get(self.name);
        let label = live.and_then(|service| service.spec.labels.get(IMAGE_LABEL));
        let record = self.scene.records.get(&self.stack.name);
        let remembered = || {
            let record = record?.services.get(self.name)?;
            record.image.as_ref().map(|(declared, _)| declared)
        };
        label.or_else(remembered)?.parse().ok()
    }
}

/// The same service with another image.
fn with_image(service: &DesiredService, image: &ImageRef, pull: PullPolicy) -> DesiredService {
    let mut service = service.clone();
    service.spec.labels.insert(IMAGE_LABEL.to_owned(), image.familiar());
    if let Some(container) = &mut service.spec.task_template.container_spec {
        container.image = image.familiar();
    }
    service.image = image.clone();
    service.pull = pull;
    service
}
