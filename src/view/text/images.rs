//! Images, a line for each service.

use std::fmt::Write as _;

use super::paint::{BAD, DIM, GOOD, HEAD, SOON, paint};
use super::stack::{held_lines, short};
use crate::view::clean;
use crate::view::picture::{
    FollowView, ImageHistoryView, ImageView, ImagesView, StaysView, TagView,
};
use crate::view::veil::Reveal;

/// Hex digits of a digest that people are shown.
const DIGITS: usize = 12;

/// What runs where, what is newer, and what policy says.
#[must_use]
pub fn images(images: &ImagesView, reveal: Reveal) -> String {
    let mut text = String::new();
    for image in &images.services {
        text.push_str(&line(image));
        text.push_str(&held_lines(image.held.iter(), "  ", reveal));
    }
    if text.is_empty() { "no services\n".to_owned() } else { text }
}

fn line(image: &ImageView) -> String {
    let digest = image.digest.as_deref().map_or("not pinned", shortened);
    let (name, declared) = (clean(&image.service), clean(&image.declared));
    let mut text = format!("{}  {declared}  {}", paint(HEAD, &name), paint(DIM, digest));
    if let Some(tag) = &image.tag {
        let _ = write!(text, "  {}", tag_words(tag));
    }
    text.push('\n');
    if let Some(policy) = &image.policy {
        let _ =
            writeln!(text, "  follows {}: {}", clean(&policy.follows), policy_words(image, policy));
    }
    text
}

fn tag_words(tag: &TagView) -> String {
    match tag {
        TagView::Same => paint(GOOD, "newest of its tag"),
        TagView::Moved { digest } => paint(SOON, &format!("tag moved to {}", shortened(digest))),
        TagView::Refused { message } => {
            format!("{}: {}", paint(BAD, "the registry refuses it"), clean(message))
        }
        TagView::Unreachable { message } => {
            format!("{}: {}", paint(SOON, "the registry gave no answer"), clean(message))
        }
    }
}

fn policy_words(image: &ImageView, policy: &FollowView) -> String {
    match (&policy.stays, image.wanted()) {
        (Some(stays), _) => format!("{}: {}", paint(SOON, "stays"), clean(&stays.message)),
        (None, Some(wanted)) => paint(SOON, &format!("wants {}", clean(wanted))),
        (None, None) => paint(GOOD, "runs what it wants"),
    }
}

/// Services that keep another image than their policy wants, a line each; empty without any.
pub(super) fn staying(images: &[FollowView]) -> String {
    let stay = images.iter().filter_map(|image| Some((image, image.stays.as_ref()?)));
    let line = |(image, stays): (&FollowView, &StaysView)| {
        let (service, image_name) = (clean(&image.service), clean(&image.image));
        let words = paint(SOON, &format!("{service} stays at {image_name}"));
        format!(
            "{words}: {}\n  it follows the Image {}\n",
            clean(&stays.message),
            clean(&image.follows)
        )
    };
    stay.map(line).collect()
}

/// `sha256:0123456789ab`.
fn shortened(digest: &str) -> &str {
    let start = digest.find(':').map_or(0, |colon| colon + 1);
    digest.get(..start + DIGITS).unwrap_or(digest)
}

/// Images of the revisions at which a stack was healthy.
#[must_use]
pub fn image_history(history: &ImageHistoryView) -> String {
    let mut text = format!("{}\n", paint(HEAD, &clean(&history.stack)));
    if history.revisions.is_empty() {
        text.push_str("  nothing is kept yet: it was not yet seen healthy\n");
    }
    for past in &history.revisions {
        let at = past.at.map_or_else(|| "-".to_owned(), |at| format!("{at:.0}"));
        let _ = writeln!(text, "  {at:<20}  {}", short(&past.revision));
        for (service, image) in &past.images {
            let _ = writeln!(text, "    {}  {}", clean(service), clean(image));
        }
    }
    text
}
