//! What a remote has: the output of `git ls-remote`, and which of it is wanted.

use crate::source::bounds::MAX_ENTRIES;
use crate::source::spec::Wanted;

/// One ref of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Object id, full.
    pub id: String,
    /// Full name: `HEAD`, `refs/heads/main`, `refs/tags/v1^{}`.
    pub name: String,
}

/// What was chosen from a remote's refs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Tip {
    /// The ref's full name, to be fetched.
    pub(super) reference: String,
    /// What it points to: a commit or, for an annotated tag, the tag object.
    pub(super) id: String,
}

/// Reads the output of `git ls-remote`; lines that are none of its own are left out, as are
/// `ref: …` lines, and refs past the bound on entries.
#[must_use]
pub fn parse_refs(output: &[u8]) -> Vec<RemoteRef> {
    let lines = output.split(|byte| *byte == b'\n').filter_map(|line| {
        let (id, name) = std::str::from_utf8(line).ok()?.split_once('\t')?;
        let full = matches!(id.len(), 40 | 64) && id.bytes().all(|c| c.is_ascii_hexdigit());
        full.then(|| RemoteRef { id: id.to_owned(), name: name.to_owned() })
    });
    lines.take(MAX_ENTRIES * 10).collect()
}

/// Arguments of `git ls-remote` with which little travels: a server that speaks protocol 2 then
/// sends no other kind of ref.
pub(super) fn question(wanted: &Wanted) -> &'static [&'static str] {
    match wanted {
        Wanted::Head => &["--", "origin", "HEAD"],
        Wanted::Branch(_) => &["--heads", "--", "origin"],
        Wanted::Tag(_) => &["--tags", "--", "origin"],
        Wanted::Named(_) | Wanted::Commit(_) => &["--heads", "--tags", "--", "origin"],
    }
}

/// Chooses the wanted ref.
///
/// # Errors
/// With a text that says what is missing and what is there instead.
pub(super) fn choose(wanted: &Wanted, refs: &[RemoteRef]) -> Result<Tip, String> {
    if let Wanted::Commit(id) = wanted {
        return Ok(Tip { reference: id.to_string(), id: id.to_string() });
    }
    let find = |name: &String| refs.iter().find(|found| found.name == *name);
    match candidates(wanted).iter().find_map(find) {
        Some(found) => Ok(Tip { reference: found.name.clone(), id: found.id.clone() }),
        None => Err(explain(wanted, refs)),
    }
}

/// References that the wanted one may mean, by their full names, the first that is there.
pub(super) fn candidates(wanted: &Wanted) -> Vec<String> {
    match wanted {
        Wanted::Head => vec!["HEAD".to_owned()],
        Wanted::Branch(name) => vec![format!("refs/heads/{name}")],
        Wanted::Tag(name) => vec![format!("refs/tags/{name}")],
        Wanted::Named(name) => vec![format!("refs/heads/{name}"), format!("refs/tags/{name}")],
        Wanted::Commit(id) => vec![id.to_string()],
    }
}

fn explain(wanted: &Wanted, refs: &[RemoteRef]) -> String {
    let name = match wanted {
        Wanted::Head => {
            return "the repository has no default branch with a commit; it is empty, or its \
                    branch must be named"
                .to_owned();
        }
        Wanted::Branch(name) | Wanted::Tag(name) | Wanted::Named(name) => name.as_str(),
        Wanted::Commit(id) => id.as_str(),
    };
    let what = match wanted {
        Wanted::Named(_) => format!("there is no branch or tag '{name}'"),
        wanted => format!("there is no {wanted}"),
    };
    if refs.is_empty() {
        return format!("{what}: the repository has none");
    }
    if name.len() >= 4 && name.len() < 40 && name.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return format!("{what}; a commit is named by its full id of 40 hex digits");
    }
    let short = |found: &RemoteRef| {
        let name = found.name.trim_start_matches("refs/heads/").trim_start_matches("refs/tags/");
        name.to_owned()
    };
    let near = refs.iter().filter(|found| !found.name.ends_with("^{}")).map(short);
    let near = near.max_by(|a, b| {
        let score = |other: &str| strsim::jaro_winkler(name, other);
        score(a).total_cmp(&score(b))
    });
    match near.filter(|near| strsim::jaro_winkler(name, near) > 0.8) {
        Some(near) => format!("{what}; there is '{}'", near.escape_debug()),
        None => what,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::spec::RefName;

    const OUTPUT: &str = "ref: refs/heads/main\tHEAD\n\
        1111111111111111111111111111111111111111\tHEAD\n\
        1111111111111111111111111111111111111111\trefs/heads/main\n\
        2222222222222222222222222222222222222222\trefs/heads/v1\n\
        3333333333333333333333333333333333333333\trefs/remotes/x/refs/heads/other\n\
        4444444444444444444444444444444444444444\trefs/tags/v1\n\
        5555555555555555555555555555555555555555\trefs/tags/v1^{}\n\
        nonsense\tHEAD\n";

    fn check(wanted: &Wanted, expected: Result<(&str, char), &str>) {
        let chosen = choose(wanted, &parse_refs(OUTPUT.as_bytes()));
        match expected {
            Ok((reference, digit)) => {
                let id = digit.to_string().repeat(40);
                assert_eq!(chosen, Ok(Tip { reference: reference.to_owned(), id }));
            }
            Err(text) => assert!(chosen.as_ref().is_err_and(|e| e.contains(text)), "{chosen:?}"),
        }
    }

    fn name(text: &str) -> RefName {
        RefName::new(text).expect("a good name")
    }

    #[test]
    fn the_wanted_ref_is_chosen_by_its_full_name() {
        check(&Wanted::Head, Ok(("HEAD", '1')));
        check(&Wanted::Branch(name("v1")), Ok(("refs/heads/v1", '2')));
        check(&Wanted::Tag(name("v1")), Ok(("refs/tags/v1", '4')));
        check(&Wanted::Named(name("v1")), Ok(("refs/heads/v1", '2')));
        check(&Wanted::Branch(name("other")), Err("no branch 'other'"));
    }

    #[test]
    fn what_is_missing_is_explained() {
        check(&Wanted::Branch(name("mian")), Err("there is 'main'"));
        check(&Wanted::Named(name("abc1234")), Err("full id"));
        let empty = choose(&Wanted::Head, &[]);
        assert!(empty.is_err_and(|text| text.contains("empty")));
    }
}
