//! Names of stacks.

use crate::model::{NameError, RepoPath, SourceName, StackName};

/// File stems that say nothing, so that the folder's name counts.
const GENERIC: [&str; 3] = ["compose", "docker-compose", "stack"];

/// Name of a stack that says none itself: the folder's for files called compose, docker-compose or
/// stack, otherwise the file's stem. At the top of a source the folder is the last part of the
/// source's name, which is made from its address: `git.example.com.infra.shop` gives `shop`.
///
/// # Errors
/// When that is no name that the engine takes.
pub fn stem_name(file: &RepoPath, source: &SourceName) -> Result<StackName, (String, NameError)> {
    let name = file.file_name();
    let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
    let parent = file.parent();
    let text = match (GENERIC.contains(&stem), parent.as_str()) {
        (true, "") => source.as_str().rsplit('.').next().unwrap_or_default(),
        (true, _) => parent.file_name(),
        (false, _) => stem,
    };
    stack_name(text)
}

/// A name, or the text with the rule that it breaks.
///
/// # Errors
/// When the engine does not take the name.
pub fn stack_name(text: &str) -> Result<StackName, (String, NameError)> {
    StackName::new(text).map_err(|error| (text.to_owned(), error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stack_is_called_after_its_folder_or_its_file() {
        let source = SourceName::new("infra").unwrap();
        for (file, name) in [
            ("shop.yml", "shop"),
            ("shop/compose.yml", "shop"),
            ("a/shop/docker-compose.yaml", "shop"),
            ("stack.yml", "infra"),
            ("a/web.yml", "web"),
        ] {
            let found = stem_name(&RepoPath::new(file).unwrap(), &source);
            assert_eq!(found.map(String::from).as_deref(), Ok(name), "{file}");
        }
        let address = SourceName::new("git.example.com.infra.shop").unwrap();
        let found = stem_name(&RepoPath::new("compose.yml").unwrap(), &address);
        assert_eq!(found.map(String::from).as_deref(), Ok("shop"));
        assert!(stem_name(&RepoPath::new("a.b.yml").unwrap(), &source).is_err());
    }
}
