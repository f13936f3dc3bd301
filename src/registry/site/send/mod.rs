//! One question: where it goes, how far it is followed, how much of the answer is read.

mod fault;
mod gate;
mod hold;

use std::time::Duration;

use reqwest::header::{ACCEPT, AUTHORIZATION, HeaderMap, HeaderValue, IF_NONE_MATCH, LOCATION};
use reqwest::{Method, Response, StatusCode};
use url::Url;

use super::login::{Challenge, challenge, scope};
use super::{Hello, Site};
use crate::registry::lock;

pub(in crate::registry) use fault::Fault;
pub(super) use fault::{failed, kind};
pub(super) use gate::Gate;

/// Most redirects that one question follows.
const MOST_REDIRECTS: usize = 3;
/// Most bytes of an answer that is no success.
const MOST_WORDS: usize = 64 * 1024;

/// A question about one repository.
pub(super) struct Question<'a> {
    pub(super) method: Method,
    /// The repository.
    pub(super) path: &'a str,
    pub(super) target: Target<'a>,
    pub(super) accept: &'static str,
    /// The mark of the answer that is known.
    pub(super) etag: Option<&'a str>,
    /// Most bytes that the answer may have.
    pub(super) limit: usize,
}

/// What of the repository.
pub(super) enum Target<'a> {
    /// Below the repository: `manifests/1.0`.
    Below(String),
    /// An address that the registry itself gave.
    At(&'a Url),
}

/// An answer, read to its end.
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
    /// Where it came from, after redirects.
    pub(super) from: Url,
}

impl Answer {
    /// A header's text.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// What it means when it is no success.
    pub(super) fn refusal(&self) -> Fault {
        fault::refusal(self.status, &self.headers, &self.body)
    }
}

impl Site {
    /// Puts a question, with a login where the registry asks for one. What answers with 429 or a
    /// fault of its own has not answered.
    pub(super) async fn ask(&self, question: &Question<'_>) -> Result<Answer, Fault> {
        self.check_hold()?;
        let hello = self.hello().await?;
        let first = self.once(question, &hello, &hello.challenge).await?;
        if first.status != StatusCode::UNAUTHORIZED {
            return Ok(first);
        }
        // The token ran out meanwhile, or this repository is guarded otherwise than the whole.
        let Some(challenge) = challenge(&first.headers) else { return Ok(first) };
        if challenge == Challenge::Basic && hello.challenge == Challenge::Basic {
            return Ok(first);
        }
        self.tokens.forget(&scope(question.path));
        self.once(question, &hello, &challenge).await
    }

    async fn once(
        &self,
        question: &Question<'_>,
        hello: &Hello,
        challenge: &Challenge,
    ) -> Result<Answer, Fault> {
        let url = match &question.target {
            Target::At(url) => (*url).clone(),
            Target::Below(rest) => join(&hello.base, &format!("v2/{}/{rest}", question.path))?,
        };
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, HeaderValue::from_static(question.accept));
        if let Some(etag) = question.etag.and_then(|etag| HeaderValue::try_from(etag).ok()) {
            headers.insert(IF_NONE_MATCH, etag);
        }
        if let Some(login) = self.authorization(hello, challenge, question.path).await? {
            headers.insert(AUTHORIZATION, login);
        }
        self.travel(hello, (&question.method, url, headers), Some(question.limit)).await
    }

    /// Sends, follows redirects, reads as much as is wanted, and notes what the registry says of its
    /// limits.
    pub(super) async fn travel(
        &self,
        hello: &Hello,
        (method, mut url, headers): (&Method, Url, HeaderMap),
        limit: Option<usize>,
    ) -> Result<Answer, Fault> {
        for _ in 0..=MOST_REDIRECTS {
            let client = hello.client_for(&url);
            let mut headers = headers.clone();
            if !same_origin(&url, &hello.base) {
                headers.remove(AUTHORIZATION);
            }
            let request = client.request(method.clone(), url.clone()).headers(headers);
            let host = authority_of(&url);
            let response = request.send().await.map_err(|error| failed(&host, error))?;
            match next(&url, &response)? {
                Some(next) => url = self.followed(hello, &url, next)?,
                None => return self.arrived(url, response, limit).await,
            }
        }
        Err(Fault::Wrong(format!("it redirects more than {MOST_REDIRECTS} times")))
    }

    async fn arrived(
        &self,
        from: Url,
        response: Response,
        limit: Option<usize>,
    ) -> Result<Answer, Fault> {
        let (status, headers) = (response.status(), response.headers().clone());
        let held = self.note_limits(status, &headers);
        if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() {
            let until = held.map(|until| format!("; it is not asked again before {until}"));
            let (number, until) = (status.as_u16(), until.unwrap_or_default());
            let what = if number == 429 { "too many questions" } else { "it is in trouble itself" };
            return Err(Fault::Wrong(format!("it answers {number}, {what}{until}")));
        }
        let host = authority_of(&from);
        let body = match limit {
            None => Vec::new(),
            Some(limit) if status == StatusCode::OK => read(&host, response, limit).await?,
            Some(_) => read_some(&host, response).await?,
        };
        Ok(Answer { status, headers, body, from })
    }

    /// Checks where a redirect leads.
    fn followed(&self, hello: &Hello, from: &Url, to: Url) -> Result<Url, Fault> {
        let wrong = |why: &str| {
            Fault::Wrong(format!(
                "it redirects to {}, which is not followed: {why}",
                authority_of(&to)
            ))
        };
        let own = to.host_str() == hello.base.host_str();
        match (from.scheme(), to.scheme()) {
            (_, "https") => {}
            ("http", "http") if own => {}
            _ => return Err(wrong("it is not https")),
        }
        if !to.username().is_empty() || to.password().is_some() {
            return Err(wrong("it holds a login"));
        }
        hello.gate.check(&to).map_err(|barred| wrong(&barred.to_string()))?;
        Ok(to)
    }

    /// Notes how long nothing may be asked. Gives the time until then, for people.
    pub(super) fn note_limits(&self, status: StatusCode, headers: &HeaderMap) -> Option<String> {
        let now = self.clock.now();
        let time = hold::hold(status, headers, now)?;
        let until = now.checked_add(time).unwrap_or(now).strftime("%Y-%m-%d %H:%M:%S UTC");
        let text = until.to_string();
        *lock(&self.hold) = Some((self.clock.elapsed().saturating_add(time), text.clone()));
        Some(text)
    }

    fn check_hold(&self) -> Result<(), Fault> {
        let mut hold = lock(&self.hold);
        let Some((until, text)) = hold.as_ref() else { return Ok(()) };
        if self.clock.elapsed() < *until {
            let why = "its limit of questions is reached; it is not asked again before";
            return Err(Fault::Wrong(format!("{why} {text}")));
        }
        *hold = None;
        Ok(())
    }

    /// Does something with a time limit.
    pub(super) async fn within<T>(
        &self,
        longest: Duration,
        work: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, Fault> {
        let silent = |_| Fault::Silent(format!("no answer within {} s", longest.as_secs_f32()));
        tokio::time::timeout(longest, work).await.map_err(silent)?
    }
}

/// Where an answer sends us on to; `None` when it is the answer.
fn next(from: &Url, response: &Response) -> Result<Option<Url>, Fault> {
    if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
        return Ok(None);
    }
    let to = response.headers().get(LOCATION).and_then(|to| to.to_str().ok());
    let to = to.and_then(|to| from.join(to).ok());
    to.map(Some).ok_or_else(|| Fault::Wrong("it redirects to nowhere".to_owned()))
}

/// Reads an answer, as far as it may go.
pub(super) async fn read(
    host: &str,
    mut response: Response,
    limit: usize,
) -> Result<Vec<u8>, Fault> {
    let large = || Fault::Wrong(format!("the answer of {host} is larger than {limit} bytes"));
    if response.content_length().is_some_and(|length| length > limit as u64) {
        return Err(large());
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(host, error))? {
        if body.len() + chunk.len() > limit {
            return Err(large());
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// Reads the beginning of an answer whose words are wanted at most.
async fn read_some(host: &str, mut response: Response) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| failed(host, error))? {
        body.extend_from_slice(&chunk[..chunk.len().min(MOST_WORDS - body.len())]);
        if body.len() == MOST_WORDS {
            break;
        }
    }
    Ok(body)
}

/// An address below another.
pub(super) fn join(base: &Url, path: &str) -> Result<Url, Fault> {
    base.join(path).map_err(|_| Fault::Wrong("its address can't be used".to_owned()))
}

pub(super) fn same_origin(one: &Url, other: &Url) -> bool {
    one.origin() == other.origin()
}

/// Host and port, for people.
pub(super) fn authority_of(url: &Url) -> String {
    crate::registry::settings::authority(url)
}
