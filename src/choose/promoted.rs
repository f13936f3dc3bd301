//! Promotion: what has run well in one stack is what another one runs.

use std::time::Duration;

use jiff::SignedDuration;

use super::{Scene, Stays};
use crate::health::{HealthState, Sight, health};
use crate::model::engine::Service;
use crate::model::name::{IMAGE_LABEL, NAMESPACE_LABEL};
use crate::model::{DesiredImage, ImageRef, StackName};

/// The image, with its digest, that the services of a stack run that are of the repository, if all of
/// them have been healthy for so long.
pub(super) fn image(
    scene: Scene<'_>,
    wanted: &DesiredImage,
    stack: &StackName,
    healthy_for: Duration,
) -> Result<ImageRef, Stays> {
    let services = scene.observed.services.values().filter(|service| {
        service.spec.labels.get(NAMESPACE_LABEL).map(String::as_str) == Some(stack.as_str())
    });
    let mut found: Option<ImageRef> = None;
    for service in services {
        let Some(image) = running(service).filter(|image| wanted.covers(image)) else { continue };
        ripe(scene, service, healthy_for)?;
        if found.as_ref().is_some_and(|other| *other != image) {
            return Err(Stays::NotYet(format!("services of {stack} run different images")));
        }
        found = Some(image);
    }
    let of_tags =
        |image: ImageRef| image.tag().is_none_or(|tag| wanted.takes(tag)).then_some(image);
    found
        .ok_or_else(|| {
            Stays::NotYet(format!("no service of {stack} runs an image of {}", wanted.repository))
        })
        .and_then(|image| {
            let tag = image.tag().unwrap_or_default().to_owned();
            of_tags(image)
                .ok_or_else(|| Stays::Nothing(format!("the tag {tag} of {stack} is filtered out")))
        })
}

/// The image as it was declared, with the digest that runs.
fn running(service: &Service) -> Option<ImageRef> {
    let container = service.spec.task_template.container_spec.as_ref()?;
    let runs: ImageRef = container.image.parse().ok()?;
    let label = service.spec.labels.get(IMAGE_LABEL).and_then(|label| label.parse().ok());
    let declared: ImageRef = label.unwrap_or_else(|| runs.without_digest());
    Some(match runs.digest() {
        Some(digest) => declared.with_digest(digest),
        None => declared,
    })
}

/// Whether a service has been healthy for so long.
fn ripe(scene: Scene<'_>, service: &Service, healthy_for: Duration) -> Result<(), Stays> {
    let sight = Sight { observed: scene.observed, images: scene.images };
    let health = health(service, sight, scene.clocks);
    let name = &service.spec.name;
    if health.state != HealthState::Healthy {
        let why = format!("{name} is {}: {}", health.state.as_str(), health.why);
        return Err(Stays::NotYet(why.trim_end_matches(": ").to_owned()));
    }
    let Some(since) = health.since else {
        return Err(Stays::NotYet(format!("no task of {name} runs")));
    };
    let healthy_for = SignedDuration::try_from(healthy_for).unwrap_or(SignedDuration::MAX);
    let ripe = since.checked_add(healthy_for).is_ok_and(|ripe| ripe <= scene.observed.at);
    if ripe {
        return Ok(());
    }
    Err(Stays::NotYet(format!("{name} has been healthy since {since}, which is not long enough")))
}
