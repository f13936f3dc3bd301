//! Lists of tags.

use skep::model::{Repository, TagsAnswer};
use skep::ports::Registry as _;

use crate::server::{Server, error, reply};
use crate::{Asker, asker};

async fn list(asker: &Asker, path: &str) -> String {
    let repository: Repository = format!("{}/{path}", asker.address).parse().unwrap();
    match asker.registries.tags(&repository).await {
        TagsAnswer::Listed(tags) => tags.into_iter().collect::<Vec<_>>().join(" "),
        TagsAnswer::Refused(why) => format!("refused: {why}"),
        TagsAnswer::Unreachable(why) => format!("unreachable: {why}"),
    }
    .replace(&asker.address, "REGISTRY")
}

fn page(tags: &[&str], link: &str) -> axum::response::Response {
    let body = serde_json::json!({ "name": "a/b", "tags": tags }).to_string();
    let headers = [("content-type", "application/json"), ("link", link)];
    let headers = if link.is_empty() { &headers[..1] } else { &headers[..] };
    reply(200, headers, body)
}

#[tokio::test]
async fn all_pages_are_read_and_what_is_no_tag_is_left_out() {
    let server = Server::http().await;
    server.answer(|asked| match asked.line.rsplit_once("last=") {
        None => page(&["1.0", "../x"], r#"</v2/a/b/tags/list?n=2&last=one>; rel="next""#),
        Some((_, "one")) => page(&["1.1"], "<list?last=two>; rel=next"),
        Some(_) => page(&["2.0"], ""),
    });
    assert_eq!(list(&asker(&server), "a/b").await, "1.0 1.1 2.0");
    let path = "GET /v2/a/b/tags/list";
    let expected =
        [format!("{path}?n=1000"), format!("{path}?n=2&last=one"), format!("{path}?last=two")];
    assert_eq!(server.asked(), expected);
    server.answer(|_| reply(200, &[], r#"{"name":"a/b","tags":null}"#));
    assert_eq!(list(&asker(&server), "a/b").await, "");
}

#[tokio::test]
async fn a_smaller_page_is_taken_where_a_large_one_is_refused() {
    let server = Server::http().await;
    server.answer(|asked| match asked.line.contains("n=1000") {
        true => error(400, "PAGINATION_NUMBER_INVALID", "too many"),
        false => page(&["1"], ""),
    });
    assert_eq!(list(&asker(&server), "a").await, "1");
}

#[tokio::test]
async fn a_list_without_end_ends() {
    let server = Server::http().await;
    server.answer(|asked| {
        let last: u64 = asked.line.rsplit_once("last=").map_or(0, |(_, n)| n.parse().unwrap());
        let link = format!("</v2/a/tags/list?last={}>; rel=\"next\"", last + 1);
        page(&[&format!("t{last}")], &link)
    });
    let told = list(&asker(&server), "a").await;
    assert_eq!(told, "unreachable: REGISTRY: its list of tags does not end: more than 500 pages");
    assert_eq!(server.asked().len(), 501);
    server.answer(|_| page(&["1"], "</v2/a/tags/list?n=1000>; rel=\"next\""));
    assert!(list(&asker(&server), "a").await.contains("where it already was"));
}

#[tokio::test]
async fn a_list_goes_on_at_the_registry_or_nowhere() {
    let (server, other) = (Server::http().await, Server::http().await);
    let elsewhere = format!("<http://{}/v2/a/tags/list>; rel=\"next\"", other.address);
    server.answer(move |_| page(&["1"], &elsewhere));
    let told = list(&asker(&server), "a").await;
    assert!(told.ends_with("goes on at another host, which is not followed"), "{told}");
    assert!(other.asked().is_empty());
}

#[tokio::test]
async fn a_repository_that_is_not_there_is_refused_and_a_page_of_html_is_not() {
    let server = Server::http().await;
    server.answer(|_| error(404, "NAME_UNKNOWN", "repository name not known to registry"));
    let told = list(&asker(&server), "a").await;
    assert_eq!(told, "refused: REGISTRY: name unknown: repository name not known to registry");
    for number in [200, 404] {
        server.answer(move |_| reply(number, &[("content-type", "text/html")], "<html>"));
        let told = list(&asker(&server), "a").await;
        assert!(told.starts_with("unreachable") && told.contains("HTML"), "{told}");
    }
}
