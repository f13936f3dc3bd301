//! A registry in memory: tags that move, hosts that do not answer, images that are refused.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use futures::FutureExt as _;
use futures::future::BoxFuture;
use sha2::{Digest, Sha256};

use crate::model::{ImageAnswer, ImageRef, PinnedImage, Platform, Repository, TagsAnswer};
use crate::ports::Registry;

use super::clock::lock;

/// Registries of every host. An image that nobody said anything about exists for linux/amd64, with
/// a digest made from its name. Clones are the same registries.
#[derive(Debug, Clone, Default)]
pub struct SimRegistry(Arc<Mutex<Shelf>>);

#[derive(Debug, Default)]
struct Shelf {
    tags: BTreeMap<ImageRef, PinnedImage>,
    refused: BTreeMap<ImageRef, String>,
    unreachable: BTreeSet<String>,
    asked: Vec<ImageRef>,
    refused_lists: BTreeMap<Repository, String>,
    listed: Vec<Repository>,
}

impl SimRegistry {
    /// Pushes an image: its tag stands for the digest of this content from now on. Returns the
    /// digest.
    pub fn push(&self, image: &ImageRef, content: &str) -> String {
        self.push_for(image, content, vec![amd64()])
    }

    /// Pushes an image for these platforms.
    pub fn push_for(&self, image: &ImageRef, content: &str, platforms: Vec<Platform>) -> String {
        let digest = digest(content);
        let pinned = PinnedImage { image: image.with_digest(&digest), platforms };
        lock(&self.0).tags.insert(image.clone(), pinned);
        digest
    }

    /// Answers that there is no such image, or not for us.
    pub fn refuse(&self, image: &ImageRef, why: &str) {
        lock(&self.0).refused.insert(image.clone(), why.to_owned());
    }

    /// Takes a refusal back.
    pub fn allow(&self, image: &ImageRef) {
        lock(&self.0).refused.remove(image);
    }

    /// Answers that there is no such repository, or not for us, when its tags are asked for.
    pub fn refuse_tags(&self, repository: &Repository, why: &str) {
        lock(&self.0).refused_lists.insert(repository.clone(), why.to_owned());
    }

    /// Takes a host off the net: `docker.io`, `10.0.0.1:5000`.
    pub fn disconnect(&self, host: &str) {
        lock(&self.0).unreachable.insert(host.to_owned());
    }

    /// Puts a host back.
    pub fn connect(&self, host: &str) {
        lock(&self.0).unreachable.remove(host);
    }

    /// Everything that was asked for so far, in order.
    #[must_use]
    pub fn asked(&self) -> Vec<ImageRef> {
        lock(&self.0).asked.clone()
    }

    /// Every repository whose tags were asked for so far, in order.
    #[must_use]
    pub fn listed(&self) -> Vec<Repository> {
        lock(&self.0).listed.clone()
    }
}

impl Shelf {
    fn answer(&mut self, image: &ImageRef) -> ImageAnswer {
        self.asked.push(image.clone());
        if self.unreachable.contains(image.registry()) {
            let host = image.registry();
            return ImageAnswer::Unreachable(format!("{host}: connection refused"));
        }
        if let Some(why) = self.refused.get(image) {
            return ImageAnswer::Refused(why.clone());
        }
        ImageAnswer::Pinned(self.tags.get(image).cloned().unwrap_or_else(|| usual(image)))
    }

    /// Tags that were pushed, but for those that are refused.
    fn list(&mut self, repository: &Repository) -> TagsAnswer {
        self.listed.push(repository.clone());
        if self.unreachable.contains(repository.registry()) {
            let host = repository.registry();
            return TagsAnswer::Unreachable(format!("{host}: connection refused"));
        }
        if let Some(why) = self.refused_lists.get(repository) {
            return TagsAnswer::Refused(why.clone());
        }
        let pushed = self.tags.keys().filter(|image| !self.refused.contains_key(image));
        let here = pushed.filter(|image| image.repository() == *repository);
        TagsAnswer::Listed(here.filter_map(|image| image.tag().map(str::to_owned)).collect())
    }
}

impl Registry for SimRegistry {
    fn resolve<'a>(&'a self, image: &'a ImageRef) -> BoxFuture<'a, ImageAnswer> {
        async move {
            tokio::task::yield_now().await;
            lock(&self.0).answer(image)
        }
        .boxed()
    }

    fn tags<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, TagsAnswer> {
        async move {
            tokio::task::yield_now().await;
            lock(&self.0).list(repository)
        }
        .boxed()
    }
}

fn usual(image: &ImageRef) -> PinnedImage {
    let digest = image.digest().map_or_else(|| digest(&image.familiar()), str::to_owned);
    PinnedImage { image: image.with_digest(&digest), platforms: vec![amd64()] }
}

fn amd64() -> Platform {
    Platform { architecture: "amd64".to_owned(), os: "linux".to_owned() }
}

fn digest(content: &str) -> String {
    let hex: String =
        Sha256::digest(content.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(text: &str) -> ImageRef {
        text.parse().unwrap()
    }

    async fn digest_of(registry: &SimRegistry, text: &str) -> String {
        match registry.resolve(&image(text)).await {
            ImageAnswer::Pinned(pinned) => pinned.image.digest().unwrap().to_owned(),
            other => format!("{other:?}"),
        }
    }

    #[tokio::test]
    async fn a_tag_moves_and_a_digest_stays() {
        let registry = SimRegistry::default();
        let first = registry.push(&image("shop:1"), "first");
        assert_eq!(digest_of(&registry, "shop:1").await, first);
        let second = registry.push(&image("shop:1"), "second");
        assert_eq!(digest_of(&registry, "shop:1").await, second);
        assert_ne!(first, second);
        assert_eq!(digest_of(&registry, &format!("shop:1@{first}")).await, first);
        assert_eq!(digest_of(&registry, "new").await, digest_of(&registry, "new:latest").await);
    }

    #[tokio::test]
    async fn tags_are_those_that_were_pushed_and_are_not_refused() {
        let registry = SimRegistry::default();
        for tag in ["shop:1.0", "shop:1.1", "shop:2.0", "other:9"] {
            registry.push(&image(tag), tag);
        }
        registry.refuse(&image("shop:2.0"), "manifest unknown");
        let shop = image("shop").repository();
        let tags = ["1.0", "1.1"].map(str::to_owned);
        assert_eq!(registry.tags(&shop).await, TagsAnswer::Listed(tags.into()));
        registry.refuse_tags(&shop, "name unknown");
        assert_eq!(registry.tags(&shop).await, TagsAnswer::Refused("name unknown".into()));
        registry.disconnect("docker.io");
        assert!(matches!(registry.tags(&shop).await, TagsAnswer::Unreachable(_)));
        assert_eq!(registry.listed().len(), 3);
    }

    #[tokio::test]
    async fn refusal_and_silence_are_different_answers_and_questions_are_counted() {
        let registry = SimRegistry::default();
        registry.refuse(&image("gone:1"), "manifest unknown");
        registry.disconnect("10.0.0.1:5000");
        let answer = registry.resolve(&image("gone:1")).await;
        assert_eq!(answer, ImageAnswer::Refused("manifest unknown".into()));
        let answer = registry.resolve(&image("10.0.0.1:5000/a")).await;
        assert!(matches!(answer, ImageAnswer::Unreachable(_)), "{answer:?}");
        registry.connect("10.0.0.1:5000");
        registry.allow(&image("gone:1"));
        assert!(matches!(registry.resolve(&image("gone:1")).await, ImageAnswer::Pinned(_)));
        assert_eq!(registry.asked().len(), 3);
    }
}
