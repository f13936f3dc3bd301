//! All tags of a repository, page by page.

use std::collections::BTreeSet;

use reqwest::header::LINK;
use reqwest::{Method, StatusCode};
use serde::Deserialize;
use url::Url;

use super::Site;
use super::send::{Answer, Fault, Question, Target, same_origin};
use crate::model::Repository;

/// Tags that are asked for at a time: what the large registries allow.
const PAGE: usize = 1000;
/// Most pages. A registry that gives less than it is asked for still gets through a few ten thousand.
const MOST_PAGES: usize = 500;
/// Most tags.
const MOST_TAGS: usize = 100_000;
/// Most bytes of one page.
const MOST_BYTES: usize = 4 * 1024 * 1024;
/// Most bytes of all pages.
const MOST_BYTES_OF_ALL: usize = 32 * 1024 * 1024;
/// How many times longer than one answer all pages may take.
const PATIENCE: u32 = 12;

#[derive(Deserialize)]
struct Page {
    #[serde(default)]
    tags: Option<Vec<String>>,
}

impl Site {
    /// All tags of the repository at this path. All or nothing: a list with a hole would let a newer
    /// tag be overlooked.
    pub(in crate::registry) async fn tags(&self, path: &str) -> Result<BTreeSet<String>, Fault> {
        self.in_turn(self.settings.time_out * PATIENCE, Box::pin(self.listed(path))).await
    }

    async fn listed(&self, path: &str) -> Result<BTreeSet<String>, Fault> {
        let (mut tags, mut bytes) = (BTreeSet::new(), 0);
        let mut answer = self.first_page(path).await?;
        for _ in 0..MOST_PAGES {
            bytes += answer.body.len();
            let read = serde_json::from_slice(&answer.body);
            let page: Page = read.map_err(|_| answer.no_list())?;
            tags.extend(page.tags.unwrap_or_default());
            if tags.len() > MOST_TAGS || bytes > MOST_BYTES_OF_ALL {
                return Err(endless(&format!("more than {MOST_TAGS} tags, or very long ones")));
            }
            let Some(next) = self.next(&answer).await? else { return Ok(valid(path, tags)) };
            let at = self.settings.time_out;
            answer = self.within(at, self.page(path, Target::At(&next))).await?;
        }
        Err(endless(&format!("more than {MOST_PAGES} pages")))
    }

    async fn first_page(&self, path: &str) -> Result<Answer, Fault> {
        let below = |rest: String| Target::Below(rest);
        let first = self.page(path, below(format!("tags/list?n={PAGE}"))).await;
        match first {
            // Some allow smaller pages only, and say so instead of giving one.
            Err(Fault::Refused(why)) if why.contains("pagination") => {
                self.page(path, below("tags/list".to_owned())).await
            }
            first => first,
        }
    }

    async fn page(&self, path: &str, target: Target<'_>) -> Result<Answer, Fault> {
        let accept = "application/json";
        let question =
            Question { method: Method::GET, path, target, accept, etag: None, limit: MOST_BYTES };
        let answer = self.ask(&question).await?;
        if answer.status == StatusCode::OK { Ok(answer) } else { Err(answer.refusal()) }
    }

    /// Where the list goes on. It does so at the registry itself, or nowhere.
    async fn next(&self, answer: &Answer) -> Result<Option<Url>, Fault> {
        let links = answer.headers.get_all(LINK).into_iter().filter_map(|link| link.to_str().ok());
        let Some(next) = links.flat_map(|links| links.split(", ")).find_map(next_of) else {
            return Ok(None);
        };
        let wrong = |why: &str| Fault::Wrong(format!("its list of tags goes on {why}"));
        let url = answer.from.join(next).map_err(|_| wrong("at something that is no address"))?;
        let base = self.hello().await?.base;
        if !same_origin(&url, &base) || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong("at another host, which is not followed"));
        }
        if url == answer.from {
            return Err(wrong("where it already was"));
        }
        Ok(Some(url))
    }
}

impl Answer {
    fn no_list(&self) -> Fault {
        let kind = super::send::kind(&self.headers, &self.body);
        Fault::Wrong(format!("it answers with {kind} instead of a list of tags"))
    }
}

fn endless(why: &str) -> Fault {
    Fault::Wrong(format!("its list of tags does not end: {why}"))
}

/// The target of a link whose relation is `next` (RFC 8288).
fn next_of(link: &str) -> Option<&str> {
    let (target, parameters) = link.trim().strip_prefix('<')?.split_once('>')?;
    let next = parameters.split(';').any(|parameter| {
        let Some((name, value)) = parameter.trim().split_once('=') else { return false };
        name.trim().eq_ignore_ascii_case("rel")
            && value.trim().trim_matches('"').eq_ignore_ascii_case("next")
    });
    next.then_some(target)
}

/// What comes from outside becomes part of references: only what is a tag.
fn valid(path: &str, tags: BTreeSet<String>) -> BTreeSet<String> {
    let Ok(repository) = format!("r.io/{path}").parse::<Repository>() else { return tags };
    tags.into_iter().filter(|tag| repository.tagged(tag).is_some()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_link_to_the_next_page_is_one() {
        let link = r#"</v2/a/tags/list?last=1&n=2>; rel="next""#;
        assert_eq!(next_of(link), Some("/v2/a/tags/list?last=1&n=2"));
        assert_eq!(next_of("<x>;rel=next"), Some("x"));
        assert_eq!(next_of("<x>; title=\"a\"; REL=Next"), Some("x"));
        for other in ["<x>; rel=prev", "x; rel=next", "<x", "", "<x>; next"] {
            assert_eq!(next_of(other), None, "{other}");
        }
    }

    #[test]
    fn what_is_no_tag_is_left_out() {
        let tags = ["1.0", "../x", "", "a b", "v2"].map(str::to_owned);
        let left: Vec<String> = valid("a/b", BTreeSet::from(tags)).into_iter().collect();
        assert_eq!(left, ["1.0", "v2"]);
    }
}
