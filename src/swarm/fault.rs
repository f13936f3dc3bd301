//! What an engine's refusal means, by status and text (moby `errdefs` and swarmkit's gRPC codes).

use std::error::Error;

use http::StatusCode;
use serde::Deserialize;

use crate::ports::SwarmError;

/// Characters of the engine's words that are kept.
const MOST_WORDS: usize = 2000;

#[derive(Deserialize)]
struct Message {
    message: String,
}

/// The engine's words in the body of a refusal: `{"message": …}`, or plain text.
pub(super) fn words(body: &[u8]) -> String {
    let text = serde_json::from_slice::<Message>(body)
        .map_or_else(|_| String::from_utf8_lossy(body).into_owned(), |answer| answer.message);
    text.trim().chars().take(MOST_WORDS).collect()
}

/// Makes an error of an answer that is not a success.
pub(super) fn refusal(attempted: &str, status: StatusCode, message: String) -> SwarmError {
    let attempted = attempted.to_owned();
    match meaning(status, &message) {
        Meaning::Conflict => SwarmError::Conflict { attempted, message },
        Meaning::InUse => SwarmError::InUse { attempted, message },
        Meaning::Refused => SwarmError::Refused { attempted, message },
        Meaning::Unavailable => SwarmError::Unavailable {
            attempted,
            message: format!("status {}: {message}", status.as_u16()),
            source: None,
        },
    }
}

/// Makes an error of a call without a usable answer.
pub(super) fn no_answer(
    attempted: &str,
    seen: impl Into<String>,
    cause: Option<Box<dyn Error + Send + Sync>>,
) -> SwarmError {
    SwarmError::Unavailable { attempted: attempted.to_owned(), message: seen.into(), source: cause }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Meaning {
    Conflict,
    InUse,
    Refused,
    Unavailable,
}

/// Texts that tell more than the status, in the order in which they are looked for.
const TEXTS: [(&str, Meaning); 24] = [
    // swarmkit memory store, moby#30794: comes with status 500.
    ("update out of sequence", Meaning::Conflict),
    // Two creates of one name at the same time: comes with status 500.
    ("name conflicts with an existing object", Meaning::Conflict),
    // The engine behind the address was replaced by an older or newer one: negotiate again.
    ("client version", Meaning::Unavailable),
    ("does not have a leader", Meaning::Unavailable),
    ("not a swarm manager", Meaning::Unavailable),
    ("code = Unavailable", Meaning::Unavailable),
    ("code = DeadlineExceeded", Meaning::Unavailable),
    ("code = Canceled", Meaning::Unavailable),
    ("context deadline exceeded", Meaning::Unavailable),
    // "network x is in use by service y", "secret 'x' is in use by the following service: y".
    // A published port that is taken reads "is already in use by" and is a refusal.
    ("is in use by", Meaning::InUse),
    ("has active endpoints", Meaning::InUse),
    ("code = AlreadyExists", Meaning::Conflict),
    // A driver that is not installed: `plugin "x" not found`.
    ("plugin \"", Meaning::Refused),
    // Ids are bound just before a write: what they meant was removed since the plan was made.
    // "network x not found", "secret not found: x" (the latter as InvalidArgument).
    ("not found", Meaning::Conflict),
    ("code = InvalidArgument", Meaning::Refused),
    ("code = FailedPrecondition", Meaning::Refused),
    ("code = PermissionDenied", Meaning::Refused),
    ("code = Unimplemented", Meaning::Refused),
    ("code = ResourceExhausted", Meaning::Refused),
    ("code = NotFound", Meaning::Conflict),
    ("message is too large", Meaning::Refused),
    // swarmkit `constraint.Parse`, a plain error: comes with status 500.
    ("desc = constraint expected", Meaning::Refused),
    ("desc = key '", Meaning::Refused),
    ("desc = value '", Meaning::Refused),
];

fn meaning(status: StatusCode, message: &str) -> Meaning {
    let told = TEXTS.iter().find(|(text, _)| message.contains(text)).map(|(_, meaning)| *meaning);
    match status {
        StatusCode::CONFLICT | StatusCode::NOT_FOUND => told.unwrap_or(Meaning::Conflict),
        StatusCode::SERVICE_UNAVAILABLE
        | StatusCode::REQUEST_TIMEOUT
        | StatusCode::TOO_MANY_REQUESTS => Meaning::Unavailable,
        StatusCode::NOT_IMPLEMENTED => Meaning::Refused,
        status if status.is_client_error() => told.unwrap_or(Meaning::Refused),
        // An unknown text with 500 says nothing about whether the write happened.
        _ => told.unwrap_or(Meaning::Unavailable),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(status: u16, text: &str, expected: Meaning) {
        let status = StatusCode::from_u16(status).unwrap();
        assert_eq!(meaning(status, text), expected, "{status} {text}");
    }

    #[test]
    fn a_stale_version_and_a_taken_name_are_conflicts() {
        check(500, "rpc error: code = Unknown desc = update out of sequence", Meaning::Conflict);
        check(409, "secret shop_pw already exists", Meaning::Conflict);
        check(
            409,
            "rpc error: code = AlreadyExists desc = name conflicts with an existing object: \
             service web already exists",
            Meaning::Conflict,
        );
        check(
            500,
            "rpc error: code = Unknown desc = name conflicts with an existing object",
            Meaning::Conflict,
        );
        check(404, "service 123 not found", Meaning::Conflict);
        check(500, "network shop_default not found", Meaning::Conflict);
    }

    #[test]
    fn what_others_still_use_is_told_apart_from_a_taken_port() {
        check(
            400,
            "rpc error: code = InvalidArgument desc = secret 'pw' is in use by the following \
             service: web",
            Meaning::InUse,
        );
        check(
            400,
            "rpc error: code = FailedPrecondition desc = network 1 is in use by service 2",
            Meaning::InUse,
        );
        check(403, "network x id 1 has active endpoints", Meaning::InUse);
        check(
            400,
            "rpc error: code = InvalidArgument desc = port '80' is already in use by service \
             'x' (1) as an ingress port",
            Meaning::Refused,
        );
    }

    #[test]
    fn the_specs_own_faults_are_refusals() {
        check(400, "only updates to Labels are allowed", Meaning::Refused);
        check(404, "plugin \"no-such-driver\" not found", Meaning::Refused);
        check(501, "service mode change is not allowed", Meaning::Refused);
        check(
            500,
            "rpc error: code = Unknown desc = constraint expected one operator from ==, !=",
            Meaning::Refused,
        );
        check(500, "rpc error: code = Unknown desc = value '<b>' is invalid", Meaning::Refused);
        check(403, "The network x cannot be used with services.", Meaning::Refused);
        check(
            500,
            "rpc error: code = Unknown desc = raft: raft message is too large and can't be sent",
            Meaning::Refused,
        );
    }

    #[test]
    fn an_engine_without_a_leader_is_unavailable() {
        check(
            503,
            "This node is not a swarm manager. Use \"docker swarm init\"",
            Meaning::Unavailable,
        );
        check(
            500,
            "rpc error: code = Unknown desc = The swarm does not have a leader. It's possible",
            Meaning::Unavailable,
        );
        check(
            500,
            "rpc error: code = DeadlineExceeded desc = context deadline exceeded",
            Meaning::Unavailable,
        );
        check(
            400,
            "client version 1.51 is too new. Maximum supported API version is 1.41",
            Meaning::Unavailable,
        );
        check(500, "something new", Meaning::Unavailable);
    }

    #[test]
    fn the_engines_words_are_found_in_json_and_in_plain_text() {
        assert_eq!(words(br#"{"message":"no such thing"}"#), "no such thing");
        assert_eq!(words(b"page not found\n"), "page not found");
        assert_eq!(words(&[b'x'; 5000]).len(), MOST_WORDS);
    }
}
