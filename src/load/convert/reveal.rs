//! `x-skep.reveal`: what may be shown although it might be secret.

use super::Stage;
use crate::load::compose::{RevealForm, Service};
use crate::load::yaml::KeyPath;
use crate::model::{FieldRules, LOG, Pattern};

impl Stage<'_, '_> {
    /// What the stack says of all its services; told once.
    pub(super) fn reveal_of_all(&mut self) -> FieldRules {
        let form = self.settings.reveal.clone();
        let root = KeyPath::root();
        let settings = root.key("x-skep");
        self.shown(form.as_ref(), &settings.key("reveal"))
    }

    /// Fields of a service whose values may be shown. `false` takes back what the stack says.
    pub(super) fn reveal(&mut self, service: &Service, path: &KeyPath<'_>) -> FieldRules {
        let settings = path.key("x-skep");
        let form = service.settings.as_ref().and_then(|settings| settings.reveal.clone());
        if form == Some(RevealForm::All(false)) {
            return FieldRules::default();
        }
        let own = self.shown(form.as_ref(), &settings.key("reveal"));
        own.iter().chain(self.reveal.iter()).cloned().collect()
    }

    fn shown(&mut self, form: Option<&RevealForm>, path: &KeyPath<'_>) -> FieldRules {
        match form {
            None | Some(RevealForm::All(false)) => FieldRules::default(),
            Some(RevealForm::All(true)) => [Pattern::new("*")].into_iter().collect(),
            Some(RevealForm::Fields(texts)) => {
                let mut patterns = Vec::new();
                for (index, text) in texts.iter().enumerate() {
                    if text == LOG {
                        patterns.push(Pattern::new(LOG));
                    } else {
                        patterns.extend(self.field(text, &path.index(index)));
                    }
                }
                patterns.into_iter().collect()
            }
        }
    }
}
