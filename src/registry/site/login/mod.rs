//! Logins at one registry: passwords, and tokens that are kept as long as they hold.

mod challenge;
mod tokens;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue};
use reqwest::{Client, Method, RequestBuilder};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;
use zeroize::Zeroizing;

use super::send::{Fault, authority_of, failed, kind, read};
use super::{Hello, Site};
use crate::model::{Credential, RegistryLogin};

pub(super) use challenge::{Challenge, challenge};
use tokens::Token;
pub(super) use tokens::Tokens;

/// Most bytes of an answer with a token.
const MOST_BYTES: usize = 256 * 1024;
/// How long a token holds that does not say how long (the token specification).
const UNTOLD: u64 = 60;
/// Longest time that a token is kept.
const LONGEST: Duration = Duration::from_secs(3600);
#[derive(Deserialize)]
struct Given {
    #[serde(default)]
    token: Option<Zeroizing<String>>,
    #[serde(default)]
    access_token: Option<Zeroizing<String>>,
    #[serde(default)]
    expires_in: Option<u64>,
}

/// Scope of a token that reads one repository.
pub(super) fn scope(path: &str) -> String {
    format!("repository:{path}:pull")
}

impl Site {
    /// What goes into the `Authorization` of a question about a repository.
    pub(super) async fn authorization(
        &self,
        hello: &Hello,
        challenge: &Challenge,
        path: &str,
    ) -> Result<Option<HeaderValue>, Fault> {
        match challenge {
            Challenge::Open => Ok(None),
            Challenge::Basic => {
                Ok(self.login().await?.as_ref().and_then(|login| self.basic(login)))
            }
            Challenge::Bearer { realm, service } => {
                let scope = scope(path);
                let slot = self.tokens.slot(&scope);
                let mut kept = slot.lock().await;
                let now = self.clock.elapsed();
                if kept.as_ref().is_none_or(|token| token.until <= now) {
                    let at = Door { realm, service: service.as_deref(), scope: &scope };
                    *kept = Some(self.token(hello, at).await?);
                }
                Ok(kept.as_ref().and_then(|token| sensitive("Bearer", &token.value)))
            }
        }
    }

    async fn login(&self) -> Result<Option<RegistryLogin>, Fault> {
        self.logins.of(&self.name).await.map_err(Fault::Wrong)
    }

    fn basic(&self, login: &RegistryLogin) -> Option<HeaderValue> {
        let Credential::Password { user, password } = &login.credential else { return None };
        let password = std::str::from_utf8(password.reveal()).ok()?;
        let pair = Zeroizing::new(format!("{user}:{password}"));
        let coded = Zeroizing::new(STANDARD.encode(pair.as_bytes()));
        self.tokens.note(&coded);
        self.tokens.note(password);
        sensitive("Basic", &coded)
    }

    async fn token(&self, hello: &Hello, at: Door<'_>) -> Result<Token, Fault> {
        let url = self.realm(hello, at.realm)?;
        let host = authority_of(&url);
        let login = self.login().await?;
        let request = self.token_request(hello.client_for(&url), &url, (&at, login.as_ref()));
        let response = request.send().await.map_err(|error| failed(&host, error))?;
        let (status, headers) = (response.status(), response.headers().clone());
        self.note_limits(status, &headers);
        let body = Zeroizing::new(read(&host, response, MOST_BYTES).await?);
        let given: Option<Given> = serde_json::from_slice(&body).ok();
        match status.as_u16() {
            200 => {}
            // As registries are: a page with that number is no refusal.
            401 | 403 if body.trim_ascii_start().starts_with(b"{") => {
                return Err(Fault::Refused(format!("unauthorized: {host} refuses the login")));
            }
            status => {
                let kind = kind(&headers, &body);
                return Err(Fault::Wrong(format!(
                    "{host}, where to log in, answers {status} with {kind}"
                )));
            }
        }
        let value = given.as_ref().and_then(|given| {
            let texts = [&given.token, &given.access_token].into_iter().flatten();
            texts.into_iter().find(|text| !text.is_empty()).cloned()
        });
        let Some(value) = value else {
            return Err(Fault::Wrong(format!("{host}, where to log in, answers without a token")));
        };
        self.tokens.note(&value);
        let seconds = given.and_then(|given| given.expires_in).unwrap_or(UNTOLD);
        // A tenth of its time before the end, for clocks and the way.
        let holds = Duration::from_secs(seconds).mul_f64(0.9).min(LONGEST);
        Ok(Token { value, until: self.clock.elapsed().saturating_add(holds) })
    }

    /// With a password as docker does it, and with an identity token as OAuth2 does.
    fn token_request(
        &self,
        client: &Client,
        url: &Url,
        (at, login): (&Door<'_>, Option<&RegistryLogin>),
    ) -> RequestBuilder {
        let service = at.service.unwrap_or_default();
        if let Some(Credential::IdentityToken(token)) = login.map(|login| &login.credential) {
            let token = Zeroizing::new(String::from_utf8_lossy(token.reveal()).into_owned());
            self.tokens.note(&token);
            let mut form = Serializer::new(String::new());
            form.append_pair("grant_type", "refresh_token").append_pair("client_id", "skep");
            form.append_pair("service", service).append_pair("scope", at.scope);
            let body = form.append_pair("refresh_token", &token).finish();
            let kind = "application/x-www-form-urlencoded";
            return client.post(url.clone()).header(CONTENT_TYPE, kind).body(body);
        }
        let mut url = url.clone();
        if at.service.is_some() {
            url.query_pairs_mut().append_pair("service", service);
        }
        url.query_pairs_mut().append_pair("scope", at.scope);
        let request = client.request(Method::GET, url);
        match login.and_then(|login| self.basic(login)) {
            Some(basic) => request.header(AUTHORIZATION, basic),
            None => request,
        }
    }

    /// Where to log in: https, or the registry's own host when that speaks plain http.
    fn realm(&self, hello: &Hello, text: &str) -> Result<Url, Fault> {
        let wrong = |why: &str| Fault::Wrong(format!("it asks to log in at {why}"));
        let url = Url::parse(text).map_err(|_| wrong("something that is no address"))?;
        let host = authority_of(&url);
        let own = hello.base.scheme() == "http" && hello.base.host_str() == url.host_str();
        if url.scheme() != "https" && !(own && url.scheme() == "http") {
            return Err(wrong(&format!("{host} without https, which is not done")));
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(wrong(&format!("{host} with a login of its own, which is not done")));
        }
        hello.gate.check(&url).map_err(|barred| wrong(&format!("{host}: {barred}")))?;
        Ok(url)
    }
}

/// Where a token is asked for, and for what.
struct Door<'a> {
    realm: &'a str,
    service: Option<&'a str>,
    scope: &'a str,
}

fn sensitive(scheme: &str, value: &str) -> Option<HeaderValue> {
    let text = Zeroizing::new(format!("{scheme} {value}"));
    let mut header = HeaderValue::try_from(text.as_str()).ok()?;
    header.set_sensitive(true);
    Some(header)
}
