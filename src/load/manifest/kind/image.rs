//! `kind: Image`: which image of a repository the services run that name it.

use std::collections::BTreeSet;
use std::sync::LazyLock;
use std::time::Duration;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::load::check::{Shapes, check};
use crate::load::compose::{Length, ScalarText, schema_of};
use crate::load::findings::Findings;
use crate::load::manifest::envelope::Subject;
use crate::load::yaml::{KeyPath, Node, decode};
use crate::model::{
    DesiredImage, ImagePolicy, ImageRef, Place, Platform, PreReleases, Repository, StackName,
    TagOrder, TagPattern, VersionRange,
};

/// What the schema says of it.
pub(in crate::load::manifest) const ABOUT: &str = "Which image of a repository is run by the services \
    of the same source that name it with x-skep.image, or with the comment skep:image=NAME behind their image.";

/// An example.
pub(in crate::load::manifest) const EXAMPLE: &str = "\
apiVersion: skep/v1
kind: Image
metadata:
  name: web
spec:
  repository: registry.example/shop/web
  policy:
    semver: '>=1.4 <2'
";

/// Spec of an image.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ImageForm {
    /// The repository, without a tag: `registry.example/shop/web`.
    pub repository: String,
    /// Which of its images is wanted: one of `digest`, `semver`, `pattern` and `from`.
    pub policy: PolicyForm,
    /// Regular expression over whole tags: others don't count. Where it has a named group, what that
    /// matched is compared instead of the whole tag: `(?<version>.+)-alpine`.
    pub tags: Option<String>,
    /// Platforms that an image has to be there for, such as `[linux/amd64, linux/arm64]`. Without it,
    /// one that some node of the swarm has.
    #[schemars(extend("uniqueItems" = true))]
    pub platforms: Option<Vec<String>>,
    /// How often the registry is asked; without it as often as for all images (`--interval`).
    pub interval: Option<Length>,
}

/// Which image of a repository is wanted.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "ImagePolicy", deny_unknown_fields)]
pub struct PolicyForm {
    /// What this tag stands for now: the services follow it when it moves.
    pub digest: Option<ScalarText>,
    /// The highest version of a range: `>=1.4 <2`, `^1.4 || ~2.1`, `1.x`, `1.2 - 1.5`.
    pub semver: Option<ScalarText>,
    /// With `semver`: pre-releases (`2.0.0-rc.1`) are versions like others. By default they count only
    /// where the range names one of the same version.
    pub prereleases: Option<bool>,
    /// The last of the tags that this regular expression matches as a whole. Where it has a named
    /// group, what that matched is compared: `main-(?<build>\d+)`.
    pub pattern: Option<String>,
    /// With `pattern`: what last means.
    pub order: Option<OrderForm>,
    /// What runs well in another stack.
    pub from: Option<FromForm>,
}

/// How tags follow each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "TagOrder")]
pub enum OrderForm {
    /// As whole numbers.
    Numeric,
    /// As text.
    Alphabetic,
}

/// What runs well in another stack.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[schemars(rename = "PromotedFrom", deny_unknown_fields)]
pub struct FromForm {
    /// The stack; of its services the one counts that runs an image of the repository.
    pub stack: String,
    /// How long it has been healthy without a break.
    pub healthy_for: Option<Length>,
}

static SHAPES: LazyLock<Shapes> = LazyLock::new(|| Shapes::new(&schema_of::<ImageForm>()));

/// Reads an image; `None` when it can't be used.
pub fn read(
    subject: &Subject,
    mut spec: Node,
    place: Place,
    findings: &mut Findings,
) -> Option<DesiredImage> {
    check(&mut spec, &SHAPES, findings);
    let form: ImageForm = decode(&spec).ok()?;
    let mut reader = Reader { spec: &spec, findings };
    let repository = reader.repository(&form.repository);
    let policy = reader.policy(&form.policy);
    let tags = reader.tags(form.tags.as_deref());
    let platforms = reader.platforms(form.platforms.as_deref().unwrap_or_default());
    Some(DesiredImage {
        name: subject.name.clone(),
        repository: repository?,
        policy: policy?,
        tags: tags?,
        platforms: platforms?,
        interval: form.interval.map(|interval| length(interval.0)),
        place,
    })
}

struct Reader<'a> {
    spec: &'a Node,
    findings: &'a mut Findings,
}

impl Reader<'_> {
    fn wrong<T>(&mut self, path: &KeyPath<'_>, message: String, hint: &str) -> Option<T> {
        self.findings.error_in(self.spec, path, (message, hint.to_owned()));
        None
    }

    fn repository(&mut self, text: &str) -> Option<Repository> {
        let root = KeyPath::root();
        let why = match (text.parse::<Repository>(), text.parse::<ImageRef>()) {
            (Ok(repository), _) => return Some(repository),
            (Err(_), Ok(_)) => {
                "a repository has no tag and no digest; the policy chooses it".into()
            }
            (Err(_), Err(why)) => format!("'{text}' is no repository: {why}"),
        };
        self.wrong(&root.key("repository"), why, "as in registry.example/shop/web")
    }

    fn policy(&mut self, form: &PolicyForm) -> Option<ImagePolicy> {
        let root = KeyPath::root();
        let path = root.key("policy");
        let given = [
            form.digest.is_some(),
            form.semver.is_some(),
            form.pattern.is_some(),
            form.from.is_some(),
        ];
        if given.iter().filter(|given| **given).count() != 1 {
            let message = "a policy is one of digest, semver, pattern and from".to_owned();
            return self.wrong(&path, message, "write one of them");
        }
        let lone = [
            ("prereleases", "semver", form.prereleases.is_some() && form.semver.is_none()),
            ("order", "pattern", form.order.is_some() && form.pattern.is_none()),
        ];
        for (key, other, is_lone) in lone {
            if is_lone {
                let message = format!("{key} says nothing without {other}");
                return self.wrong(&path.key(key), message, "leave it out");
            }
        }
        let digest = form.digest.as_ref().map(|tag| self.digest(&tag.0, &path));
        let versions = form.semver.as_ref().map(|range| {
            let all = form.prereleases == Some(true);
            self.versions(&range.0, if all { PreReleases::All } else { PreReleases::Named }, &path)
        });
        let pattern = form.pattern.as_ref().map(|text| self.ordered((text, form.order), &path));
        let from = form.from.as_ref().map(|from| self.from(from, &path));
        digest.or(versions).or(pattern).or(from)?
    }

    fn digest(&mut self, tag: &str, path: &KeyPath<'_>) -> Option<ImagePolicy> {
        let is_tag = format!("x:{tag}").parse::<ImageRef>().is_ok_and(|x| x.tag() == Some(tag));
        if is_tag {
            return Some(ImagePolicy::Digest { tag: tag.to_owned() });
        }
        self.wrong(&path.key("digest"), format!("'{tag}' is no tag"), "as in latest")
    }

    fn versions(
        &mut self,
        text: &str,
        pre_releases: PreReleases,
        path: &KeyPath<'_>,
    ) -> Option<ImagePolicy> {
        match text.parse::<VersionRange>() {
            Ok(range) => Some(ImagePolicy::Versions { range, pre_releases }),
            Err(why) => {
                self.wrong(&path.key("semver"), format!("no range: {why}"), "as in '>=1.4 <2'")
            }
        }
    }

    fn ordered(
        &mut self,
        (text, order): (&str, Option<OrderForm>),
        path: &KeyPath<'_>,
    ) -> Option<ImagePolicy> {
        let order = match order {
            Some(OrderForm::Numeric) => TagOrder::Numeric,
            Some(OrderForm::Alphabetic) => TagOrder::Alphabetic,
            None => {
                let message = "it is not said which of the tags is the last".to_owned();
                return self.wrong(path, message, "write order: numeric, or order: alphabetic");
            }
        };
        let pattern = self.pattern(text, &path.key("pattern"))?;
        Some(ImagePolicy::Pattern { pattern, order })
    }

    fn pattern(&mut self, text: &str, path: &KeyPath<'_>) -> Option<TagPattern> {
        match TagPattern::new(text) {
            Ok(pattern) => Some(pattern),
            Err(why) => self.wrong(path, why.to_string(), r"as in main-(?<build>\d+)"),
        }
    }

    fn from(&mut self, form: &FromForm, path: &KeyPath<'_>) -> Option<ImagePolicy> {
        let stack = match StackName::new(form.stack.clone()) {
            Ok(stack) => stack,
            Err(why) => {
                let from = path.key("from");
                let message = format!("'{}' is no name of a stack: {why}", form.stack);
                return self.wrong(&from.key("stack"), message, "name the stack that goes before");
            }
        };
        let healthy_for = form.healthy_for.as_ref().map_or(Duration::ZERO, |time| length(time.0));
        Some(ImagePolicy::Promoted { stack, healthy_for })
    }

    /// `Some(None)` when nothing is said.
    fn tags(&mut self, text: Option<&str>) -> Option<Option<TagPattern>> {
        let root = KeyPath::root();
        match text {
            Some(text) => self.pattern(text, &root.key("tags")).map(Some),
            None => Some(None),
        }
    }

    fn platforms(&mut self, texts: &[String]) -> Option<BTreeSet<Platform>> {
        let root = KeyPath::root();
        let path = root.key("platforms");
        let mut found = BTreeSet::new();
        for (index, text) in texts.iter().enumerate() {
            match text.split_once('/') {
                Some((os, architecture)) if !os.is_empty() && !architecture.is_empty() => {
                    found.insert(Platform { architecture: architecture.into(), os: os.into() });
                }
                _ => {
                    let message = format!("'{text}' is no platform");
                    return self.wrong(&path.index(index), message, "as in linux/amd64");
                }
            }
        }
        Some(found)
    }
}

fn length(nanoseconds: i64) -> Duration {
    Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or_default())
}
