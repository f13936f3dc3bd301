//! `kind: Image`: which image of a repository the services that name it run.

mod chosen;
mod range;
mod tag;

use std::collections::BTreeSet;
use std::time::Duration;

pub use chosen::{Chosen, Stays};
pub use range::{PreReleases, RangeError, VersionRange};
pub use tag::{TagOrder, TagPattern, TagPatternError, version_of};

use super::desired::Place;
use super::image::{ImageRef, Platform, Repository};
use super::name::StackName;

/// What one `Image` manifest says.
#[derive(Debug, Clone, PartialEq)]
pub struct DesiredImage {
    /// Name of the manifest.
    pub name: String,
    /// Where its images are.
    pub repository: Repository,
    /// Which of its images is wanted.
    pub policy: ImagePolicy,
    /// What only counts of the tags, where that is said.
    pub tags: Option<TagPattern>,
    /// Platforms that an image has to be there for, where that is said; without it one that some node
    /// of the swarm has.
    pub platforms: BTreeSet<Platform>,
    /// How often the registry is asked; without it as often as for all images.
    pub interval: Option<Duration>,
    /// Where it is declared.
    pub place: Place,
}

/// A service says that it runs what an `Image` of its source wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Follows {
    /// Name of the `Image`.
    pub image: String,
    /// Where it says so.
    pub place: Place,
}

/// Which image of a repository is wanted.
#[derive(Debug, Clone, PartialEq)]
pub enum ImagePolicy {
    /// What a tag stands for now.
    Digest {
        /// The tag.
        tag: String,
    },
    /// The highest version of a range.
    Versions {
        /// The range.
        range: VersionRange,
        /// Whether pre-releases count.
        pre_releases: PreReleases,
    },
    /// The last tag of those that match, in an order.
    Pattern {
        /// Which tags; without it all.
        pattern: TagPattern,
        /// The order.
        order: TagOrder,
    },
    /// What runs well in another stack.
    Promoted {
        /// The stack.
        stack: StackName,
        /// How long it has been healthy without a break.
        healthy_for: Duration,
    },
}

impl DesiredImage {
    /// Whether an image is one of the repository.
    #[must_use]
    pub fn covers(&self, image: &ImageRef) -> bool {
        self.repository == image.repository()
    }

    /// Whether the policy could want a tag.
    #[must_use]
    pub fn takes(&self, tag: &str) -> bool {
        !self.best_first([tag]).is_empty()
    }

    /// Of these tags those that the policy could want, the wanted one first.
    #[must_use]
    pub fn best_first<'t>(&self, tags: impl IntoIterator<Item = &'t str>) -> Vec<&'t str> {
        let parts = tags.into_iter().filter_map(|tag| Some((tag, self.part(tag)?)));
        match &self.policy {
            ImagePolicy::Digest { tag } => {
                parts.filter(|(found, _)| found == tag).map(|(tag, _)| tag).collect()
            }
            ImagePolicy::Versions { range, pre_releases } => {
                let versions = parts.filter_map(|(tag, part)| Some((tag, version_of(part)?)));
                let mut held: Vec<_> =
                    versions.filter(|(_, version)| range.holds(version, *pre_releases)).collect();
                // Of two tags for one version the shorter one: `1.2.3` and not `v1.2.3`.
                held.sort_by(|(a, left), (b, right)| {
                    right.cmp_precedence(left).then(a.len().cmp(&b.len())).then(a.cmp(b))
                });
                held.into_iter().map(|(tag, _)| tag).collect()
            }
            ImagePolicy::Pattern { pattern, order } => {
                let found = parts.filter_map(|(tag, part)| Some((tag, pattern.part(part)?)));
                let mut found: Vec<_> = found.filter(|(_, part)| order.takes(part)).collect();
                found.sort_by(|(a, left), (b, right)| order.compare(right, left).then(a.cmp(b)));
                found.into_iter().map(|(tag, _)| tag).collect()
            }
            ImagePolicy::Promoted { .. } => parts.map(|(tag, _)| tag).collect(),
        }
    }

    fn part<'t>(&self, tag: &'t str) -> Option<&'t str> {
        match &self.tags {
            Some(pattern) => pattern.part(tag),
            None => Some(tag),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn image(policy: ImagePolicy, tags: Option<&str>) -> DesiredImage {
        DesiredImage {
            name: "web".to_owned(),
            repository: "r.example/shop/web".parse().expect("a repository"),
            policy,
            tags: tags.map(|text| TagPattern::new(text).expect("a pattern")),
            platforms: BTreeSet::new(),
            interval: None,
            place: Place::default(),
        }
    }

    fn versions(range: &str, tags: Option<&str>) -> DesiredImage {
        let range = range.parse().expect("a range");
        image(ImagePolicy::Versions { range, pre_releases: PreReleases::Named }, tags)
    }

    #[test]
    fn versions_are_ordered_by_precedence_and_tags_that_move_are_none() {
        let policy = versions(">=1.4 <2", None);
        let tags = ["latest", "1.4", "1.4.2", "v1.4.2", "1.10.0", "1.9.9", "2.0.0", "1.11.0-rc.1"];
        assert_eq!(policy.best_first(tags), ["1.10.0", "1.9.9", "1.4.2", "v1.4.2"]);
        assert!(policy.takes("1.5.0") && !policy.takes("latest"));
    }

    #[test]
    fn a_filter_says_which_part_of_a_tag_is_the_version() {
        let policy = versions("1.x", Some("(?<version>.+)-alpine"));
        let tags = ["1.2.3-alpine", "1.3.0", "1.2.10-alpine", "2.0.0-alpine"];
        assert_eq!(policy.best_first(tags), ["1.2.10-alpine", "1.2.3-alpine"]);
    }

    #[test]
    fn builds_are_ordered_as_numbers() {
        let pattern = TagPattern::new(r"main-(?<build>\d+)").expect("a pattern");
        let order = TagOrder::Numeric;
        let policy = image(ImagePolicy::Pattern { pattern, order }, None);
        assert_eq!(policy.best_first(["main-9", "main-10", "dev-11"]), ["main-10", "main-9"]);
    }

    #[test]
    fn only_images_of_its_repository_are_covered() {
        let policy = versions("*", None);
        let covers = |text: &str| policy.covers(&text.parse().expect("an image"));
        assert!(covers("r.example/shop/web:1.0.0"));
        assert!(!covers("r.example/shop/web2:1.0.0") && !covers("shop/web:1.0.0"));
    }
}
