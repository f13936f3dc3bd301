//! Images that change under one's feet.

use super::{Case, Trap};
use crate::load::compose::Text;

/// The tag `latest` moves; what runs is what it stood for when the declaration last changed.
pub fn moving_tag(case: &Case<'_>) -> Vec<Trap> {
    let moving = case.image.digest().is_none() && matches!(case.image.tag(), None | Some("latest"));
    let Some(Text(written)) = case.form.image.as_ref().filter(|_| moving) else {
        return Vec::new();
    };
    if case.form.pull_policy.is_some() {
        return Vec::new();
    }
    let message = match written.text.ends_with(":latest") {
        false => "an image without a tag is 'latest', which moves: git does not say what runs",
        true => "the tag 'latest' moves: git does not say what runs",
    };
    let hint = "name a version; or say what is meant: pull_policy: always follows the tag, missing \
                keeps what it stood for at first";
    vec![Trap::at(&["image"], (message, hint))]
}
