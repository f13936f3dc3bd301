//! What is made of a task's log, well framed, cut, huge and missing.

use std::time::Duration;

use skep::model::LINE_BYTES;
use skep::ports::{SwarmError, TaskLogs};
use skep::swarm::Options;

use crate::server::{Reply, Server, engine};
use crate::{connect_with, options};

const QUERY: &str = "/logs?stdout=1&stderr=1&timestamps=1&tail=10";

/// A piece of output, shorter than 128 bytes so that its head is text.
fn frame(stream: u8, text: &str) -> String {
    let length = u8::try_from(text.len()).unwrap_or(u8::MAX);
    assert!(length < 128, "{length}");
    format!("{}\0\0\0\0\0\0{}{text}", char::from(stream), char::from(length))
}

/// How a task writes its log.
#[derive(Clone, Copy, PartialEq)]
enum Terminal {
    Yes,
    No,
}

fn task(terminal: Terminal) -> String {
    let terminal = terminal == Terminal::Yes;
    let container = format!(r#"{{"Image":"web:1","Env":["TOKEN=hunter2"],"TTY":{terminal}}}"#);
    format!(r#"{{"ID":"t1","Spec":{{"ContainerSpec":{container}}}}}"#)
}

/// The lines of a task whose log is answered like this.
async fn lines(
    terminal: Terminal,
    reply: impl Fn() -> Reply + Send + Sync + 'static,
) -> Result<Vec<String>, String> {
    let server = Server::start(engine("1.41", move |line| match line {
        "GET /v1.41/tasks/t1" => Some(Reply::Json(200, task(terminal))),
        line if line == format!("GET /v1.41/tasks/t1{QUERY}") => Some(reply()),
        _ => None,
    }))
    .await;
    let hurried = Options { time_out: Duration::from_millis(500), ..options() };
    let words = connect_with(&server, hurried).last_words("t1").await;
    let words = words.map_err(|error: SwarmError| error.to_string())?;
    let env = words.container.map(|container| container.env).unwrap_or_default();
    assert_eq!(env, ["TOKEN=hunter2"]);
    Ok(words.lines)
}

fn good(text: String) -> impl Fn() -> Reply + Send + Sync {
    move || Reply::Json(200, text.clone())
}

#[tokio::test]
async fn both_streams_are_told_in_the_order_of_their_times() {
    let late = frame(2, "2026-11-30T13:51:19.000000002Z exec failed\n");
    let early = frame(1, "2026-11-30T13:51:19.000000001Z listens\n");
    let told = lines(Terminal::No, good(late + &early)).await;
    assert_eq!(told, Ok(vec!["listens".to_owned(), "exec failed".to_owned()]));
}

#[tokio::test]
async fn a_terminal_has_no_frames() {
    let text = "2026-11-30T13:51:19.000000001Z one\r\n2026-11-30T13:51:19.000000002Z two\r\n";
    let told = lines(Terminal::Yes, good(text.to_owned())).await;
    assert_eq!(told, Ok(vec!["one".to_owned(), "two".to_owned()]));
}

#[tokio::test]
async fn of_a_huge_log_the_beginning_is_read_and_the_rest_is_not() {
    let line = frame(1, &"x".repeat(120));
    let huge = line.repeat(100_000);
    let told = lines(Terminal::No, good(huge)).await.expect("lines");
    assert_eq!(told, vec!["x".repeat(LINE_BYTES)], "one line without an end");
}

#[tokio::test]
async fn a_log_that_is_cut_off_is_told_as_far_as_it_came() {
    let text = frame(1, "before the cut\n");
    let half = text.clone();
    assert_eq!(
        lines(Terminal::No, move || Reply::Half(half.clone())).await,
        Ok(vec!["before the cut".to_owned()])
    );
    let open = text.clone();
    assert_eq!(
        lines(Terminal::No, move || Reply::Open(open.clone())).await,
        Ok(vec!["before the cut".to_owned()])
    );
    let nothing = lines(Terminal::No, || Reply::Half(String::new())).await;
    assert!(
        nothing.clone().is_err_and(|why| why.contains("its answer is not whole")),
        "{nothing:?}"
    );
}

#[tokio::test]
async fn a_log_that_can_t_be_read_is_an_error_that_says_why() {
    let driver = "configured logging driver does not support reading";
    let refused = move || Reply::Json(500, format!(r#"{{"message":"{driver}"}}"#));
    for (reply, words) in [
        (Box::new(refused) as Box<dyn Fn() -> Reply + Send + Sync>, driver),
        (Box::new(|| Reply::Json(200, "<html>nonsense</html>".to_owned())), "its answer is no log"),
        (Box::new(|| Reply::Silence), "nothing within 0.5 s"),
    ] {
        let told = lines(Terminal::No, reply).await;
        assert!(told.clone().is_err_and(|why| why.contains(words)), "{words}: {told:?}");
    }
}

#[tokio::test]
async fn an_id_that_leads_elsewhere_is_not_asked_for() {
    let server = Server::start(engine("1.41", |_| None)).await;
    for id in ["", "../info", "t1/logs?follow=1", "t1?x"] {
        assert!(connect_with(&server, options()).last_words(id).await.is_err(), "{id}");
    }
    assert_eq!(server.count("GET /v1.41/tasks"), 0);
}
