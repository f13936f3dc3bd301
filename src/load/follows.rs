//! Services and the images that they follow, once all files are read.

use std::collections::BTreeMap;

use crate::load::Loaded;
use crate::model::{DesiredImage, DesiredService, Follows, Problem};

/// Tells of images that are declared twice, and of services that follow what is not declared or is an
/// image of another repository.
pub fn check(loaded: &mut Loaded) {
    let mut problems = Vec::new();
    let mut images: BTreeMap<&str, &DesiredImage> = BTreeMap::new();
    for image in &loaded.images {
        if let Some(other) = images.insert(&image.name, image) {
            let message =
                format!("the Image '{}' is declared in {} too", image.name, other.place.file);
            let hint = "give one of them another name";
            problems.push(told(&image.place.file, image.place.at, message).hint(hint));
        }
    }
    for stack in loaded.desired.stacks.values() {
        for (_, service) in stack.all_services() {
            if let Some(follows) = &service.follows {
                problems.extend(mistaken(service, follows, &images));
            }
        }
    }
    loaded.problems.extend(problems);
}

fn mistaken(
    service: &DesiredService,
    follows: &Follows,
    images: &BTreeMap<&str, &DesiredImage>,
) -> Option<Problem> {
    let (file, at) = (&follows.place.file, follows.place.at);
    let Some(image) = images.get(follows.image.as_str()) else {
        let message = format!("the Image '{}' is not declared in this source", follows.image);
        let hint = "declare it (kind: Image); until then what runs stays";
        return Some(told(file, at, message).hint(hint));
    };
    if image.covers(&service.image) {
        return None;
    }
    let message = format!(
        "the service's image '{}' is not of the repository of the Image '{}'",
        service.image.without_digest(),
        image.name
    );
    Some(
        told(file, at, message)
            .hint("write an image of the same repository: it is what runs at first"),
    )
}

fn told(
    file: &crate::model::RepoPath,
    at: Option<crate::model::Position>,
    message: String,
) -> Problem {
    let mut problem = Problem::error(file.clone(), message);
    problem.at = at;
    problem
}
