//! What the demo's repository holds: the files of `examples/shop`, as they were when this was
//! compiled.

use crate::model::ImageRef;

/// A file: its path in the repository, and its text.
pub(super) struct ShopFile {
    pub(super) path: &'static str,
    pub(super) text: String,
}

/// One text that takes the place of another in a file.
pub(super) struct Edit {
    pub(super) path: &'static str,
    pub(super) old: &'static str,
    pub(super) new: &'static str,
}

/// A change that is committed.
pub(super) struct Change {
    pub(super) subject: &'static str,
    pub(super) edits: &'static [Edit],
}

/// Which files there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Assortment<'a> {
    /// All of them: for a swarm that is gone with the demo.
    Whole,
    /// Without the stack whose volume an engine would keep when its services are gone.
    Shop,
    /// The same with one image for all services, with its own command and no health checks.
    OneImage(&'a ImageRef),
}

/// The file of the stack that the demo changes.
pub(super) const STACK_FILE: &str = "shop.yml";
/// Its name, which stands before the names of all of its objects.
pub(super) const STACK: &str = "shop";

/// The stack of manifests: the one file that is not for engines.
const MONITORING: &str = "monitoring.yml";

macro_rules! embedded {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../examples/shop/", $path)))),*]
    };
}

/// Every file of the example.
const FILES: [(&str, &str); 6] = embedded![
    "README.md",
    "shop.yml",
    "monitoring.yml",
    "configs/site.conf",
    "configs/settings.json",
    "secrets/database-password.txt",
];

const SETTINGS: Edit =
    Edit { path: "configs/settings.json", old: r#""page_size": 20"#, new: r#""page_size": 50"# };
const IMAGE: Edit = Edit { path: STACK_FILE, old: "busybox:1.36", new: "busybox:1.37" };

impl Assortment<'_> {
    /// The files.
    pub(super) fn files(self) -> Vec<ShopFile> {
        let all = FILES.map(|(path, text)| ShopFile { path, text: text.to_owned() });
        let whole = matches!(self, Self::Whole);
        let mut files: Vec<_> = all.into_iter().filter(|f| whole || f.path != MONITORING).collect();
        if let Self::OneImage(image) = self {
            files.push(ShopFile { path: "stack.yml", text: over_the_file(image) });
        }
        files
    }

    /// What is changed in git on screen.
    pub(super) fn change(self) -> Change {
        match self {
            Self::OneImage(_) => Change { subject: "Longer pages", edits: &[SETTINGS] },
            Self::Whole | Self::Shop => {
                Change { subject: "The new api, and longer pages", edits: &[IMAGE, SETTINGS] }
            }
        }
    }
}

/// A manifest that lays one image over the services of the stack file.
fn over_the_file(image: &ImageRef) -> String {
    let mut text = format!(
        "apiVersion: skep/v1\nkind: Stack\nmetadata:\n  name: {STACK}\nspec:\n  files: \
         [{STACK_FILE}]\n  services:\n"
    );
    for (service, command) in
        [("web", ""), ("api", "      command: []\n"), ("worker", "      command: []\n")]
    {
        text.push_str(&format!(
            "    {service}:\n      image: {}\n{command}      healthcheck:\n        test: [NONE]\n",
            image.familiar()
        ));
    }
    text
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "compares with files of the repository")]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};
    use std::path::Path;
    use std::sync::Arc;

    use super::*;
    use crate::load::{LoadOptions, Loaded, load};
    use crate::model::{Entry, FileSet, RepoPath, SourceName};

    #[test]
    fn every_file_of_the_example_is_embedded() {
        let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/shop");
        let (mut there, mut open) = (BTreeSet::new(), vec![top.clone()]);
        while let Some(directory) = open.pop() {
            for entry in std::fs::read_dir(directory).expect("a directory") {
                let path = entry.expect("an entry").path();
                match path.is_dir() {
                    true => open.push(path),
                    false => {
                        let name = path.strip_prefix(&top).expect("a path below");
                        there.insert(name.to_str().expect("text").to_owned());
                    }
                }
            }
        }
        assert_eq!(
            FILES.map(|(path, _)| path.to_owned()).into_iter().collect::<BTreeSet<_>>(),
            there
        );
    }

    fn loaded(assortment: Assortment<'_>) -> Loaded {
        let mut files = FileSet::default();
        for file in assortment.files() {
            let path = RepoPath::new(file.path).expect("a path");
            let mut text = file.text;
            for edit in assortment.change().edits.iter().filter(|edit| edit.path == file.path) {
                assert_eq!(text.matches(edit.old).count(), 1, "{} in {}", edit.old, file.path);
                text = text.replace(edit.old, edit.new);
            }
            files.insert(path, Entry::File(Arc::from(text.as_bytes())));
        }
        let (source, variables) = (SourceName::new("shop").expect("a name"), BTreeMap::new());
        let (key, name, globs) = (None, None, &[]);
        let identities = crate::load::Identities::NONE;
        let variables = &variables;
        load(&files, &LoadOptions { source: &source, key, name, variables, globs, identities })
    }

    fn check(assortment: Assortment<'_>, services: &[&str]) {
        let loaded = loaded(assortment);
        assert_eq!(loaded.problems, []);
        let stacks = loaded.desired.stacks.values();
        let names: Vec<_> = stacks.flat_map(|stack| stack.services.keys()).collect();
        assert_eq!(names, services);
    }

    #[test]
    fn every_assortment_loads_also_after_the_change() {
        let shop = ["shop_api", "shop_web", "shop_worker"];
        let image: ImageRef = "registry.test/program:1".parse().expect("an image");
        check(Assortment::Whole, &["monitoring_metrics", "shop_api", "shop_web", "shop_worker"]);
        check(Assortment::Shop, &shop);
        check(Assortment::OneImage(&image), &shop);
    }

    #[test]
    fn one_image_comes_with_its_own_command_and_no_health_checks() {
        let image: ImageRef = "registry.test/program:1".parse().expect("an image");
        let loaded = loaded(Assortment::OneImage(&image));
        let services = loaded.desired.stacks.values().flat_map(|stack| stack.services.values());
        for service in services {
            let text = format!("{service:?}");
            assert!(text.contains("registry.test/program"), "{text}");
            assert!(!text.contains("busybox") && !text.contains("httpd"), "{text}");
        }
    }
}
