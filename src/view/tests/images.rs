//! Images as text.

use super::plain;
use crate::model::{Chosen, ImageAnswer, Images, PinnedImage, PullPolicy, Stays};
use crate::view::{ImageView, ImagesView, ReportView, Reveal, text};

fn digest(digit: &str) -> String {
    format!("sha256:{}", digit.repeat(64))
}

fn runs(service: &str, declared: &str, stack: &str) -> ImageView {
    ImageView {
        service: service.to_owned(),
        stack: Some(stack.to_owned()),
        declared: declared.to_owned(),
        digest: Some(digest("a")),
        policy: None,
        tag: None,
        held: Vec::new(),
    }
}

fn chosen(service: &str, image: &str, stays: Option<Stays>) -> Chosen {
    Chosen {
        stack: crate::model::StackName::new("shop").expect("a name"),
        service: service.to_owned(),
        follows: "web".to_owned(),
        image: image.parse().expect("an image"),
        pull: PullPolicy::OnChange,
        stays,
    }
}

#[test]
fn what_runs_is_held_against_policies_and_registries() {
    let mut report = super::sample::report();
    let down = Stays::Unreachable("connection refused\u{1b}[2J".to_owned());
    report.images = vec![
        chosen("shop_web", "r.io/web:1.5.0", None),
        chosen("shop_api", "r.io/api:1.4.0", Some(down)),
        chosen("shop_same", "r.io/same:1", None),
    ];
    let shown = plain(&text::report(&ReportView::of(&report), Reveal::Nothing));
    let staying = shown.rsplit("\n\n").next().unwrap_or_default();
    insta::assert_snapshot!(staying, @r"
    shop_api stays at r.io/api:1.4.0: the registry gave no answer: connection refused\u{1b}[2J
      it follows the Image web
    ");
    let mut images = ImagesView {
        services: vec![
            runs("shop_web", "r.io/web:1.4.0", "shop"),
            runs("shop_api", "r.io/api:1.4.0", "shop"),
            runs("shop_same", "r.io/same:1", "shop"),
            runs("shop_free", "r.io/free:1", "shop"),
            runs("other_web", "r.io/web:1.4.0", "other"),
        ],
    };
    images = images.with(&ReportView::of(&report));
    let image = |text: &str| -> crate::model::ImageRef { text.parse().expect("an image") };
    let pinned = |text: &str, digit: &str| {
        let pinned =
            PinnedImage { image: image(text).with_digest(&digest(digit)), platforms: vec![] };
        (image(text), ImageAnswer::Pinned(pinned))
    };
    let answers = [
        pinned("r.io/web:1.4.0", "a"),
        pinned("r.io/same:1", "a"),
        pinned("r.io/free:1", "b"),
        (image("r.io/api:1.4.0"), ImageAnswer::Refused("manifest unknown".to_owned())),
    ];
    let images = images.answered(&Images(answers.into()));
    assert!(images.is_behind());
    insta::assert_snapshot!(plain(&text::images(&images, Reveal::Nothing)), @r"
    shop_web  r.io/web:1.4.0  sha256:aaaaaaaaaaaa  newest of its tag
      follows web: wants r.io/web:1.5.0
    shop_api  r.io/api:1.4.0  sha256:aaaaaaaaaaaa  the registry refuses it: manifest unknown
      follows web: stays: the registry gave no answer: connection refused\u{1b}[2J
      RolloutRunning: a rollout is in flight (updating)
        → nothing to do: it goes on when the rollout ends; a newer commit replaces it
    shop_same  r.io/same:1  sha256:aaaaaaaaaaaa  newest of its tag
      follows web: runs what it wants
    shop_free  r.io/free:1  sha256:aaaaaaaaaaaa  tag moved to sha256:bbbbbbbbbbbb
    ");
}

#[test]
fn what_is_the_newest_is_not_behind() {
    let images = ImagesView { services: vec![runs("shop_web", "r.io/web:1", "shop")] };
    assert!(!images.is_behind());
}
