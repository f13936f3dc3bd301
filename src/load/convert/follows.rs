//! `x-skep.image`, or the comment `skep:image=NAME` behind an image: which `Image` says what a service
//! runs.

use super::Stage;
use crate::load::compose::Service;
use crate::load::yaml::{KeyPath, Span};
use crate::model::Follows;

/// What a comment begins with.
const MARKER: &str = "skep:image=";

impl Stage<'_, '_> {
    /// The key wins over the comment.
    pub(super) fn follows(&self, form: &Service, path: &KeyPath<'_>) -> Option<Follows> {
        let settings = path.key("x-skep");
        if let Some(image) = form.settings.as_ref().and_then(|settings| settings.image.clone()) {
            let span = self.input.tree.locate(&settings.key("image"));
            return Some(Follows { image, place: self.place(span) });
        }
        form.image.as_ref()?;
        let span = self.input.tree.locate(&path.key("image"));
        let image = marked(&self.rest_of_line(span)?)?.to_owned();
        Some(Follows { image, place: self.place(span) })
    }

    /// What stands behind a value on its line.
    fn rest_of_line(&self, span: Span) -> Option<String> {
        let bytes = self.input.files.read(&self.path_of(span.file)).ok()?;
        let text = std::str::from_utf8(&bytes).ok()?;
        let index = |number: u32| usize::try_from(number.checked_sub(1)?).ok();
        let line = text.lines().nth(index(span.end.line)?)?;
        Some(line.chars().skip(index(span.end.column)?).collect())
    }
}

/// The name that a comment gives. A quoted value ends before its quote.
fn marked(rest: &str) -> Option<&str> {
    let comment = rest.trim_start_matches(['"', '\'']).trim_start().strip_prefix('#')?;
    let (_, name) = comment.split_once(MARKER)?;
    name.split_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_comment_marks() {
        assert_eq!(marked("  # skep:image=web"), Some("web"));
        assert_eq!(marked(" # kept by hand; skep:image=web please"), Some("web"));
        assert_eq!(marked(" skep:image=web"), None);
        assert_eq!(marked("# skep:image="), None);
    }
}
