//! What a reference stands for: one question for its manifest, and later ones only whether it is still
//! that.

use std::collections::BTreeMap;

use reqwest::{Method, StatusCode};

use super::Site;
use super::manifest::{self, ACCEPT, MOST_BYTES, Manifest, check, is_digest};
use super::send::{Answer, Fault, Question, Target};
use crate::model::{ImageRef, PinnedImage, Platform};
use crate::registry::lock;

/// Most references and digests that are remembered.
const MOST_KEPT: usize = 10_000;

/// Answers by repository and tag or digest.
pub(super) type Known = BTreeMap<(String, String), Answered>;

/// What a registry answered last.
#[derive(Clone)]
pub(super) struct Answered {
    digest: String,
    /// The registry's mark of that answer.
    etag: Option<String>,
}

impl Site {
    /// The digest of a reference, and the platforms behind it.
    pub(in crate::registry) async fn resolve(
        &self,
        image: &ImageRef,
    ) -> Result<PinnedImage, Fault> {
        // A question may be three: for a token, the manifest, the configuration.
        self.in_turn(self.settings.time_out * 2, Box::pin(self.pinned(image))).await
    }

    async fn pinned(&self, image: &ImageRef) -> Result<PinnedImage, Fault> {
        let reference = image.digest().or(image.tag()).unwrap_or("latest");
        let key = (image.path().to_owned(), reference.to_owned());
        let known = lock(&self.known).get(&key).cloned();
        let still = match known {
            Some(known) => self.still(&key, &known).await?,
            None => None,
        };
        let (digest, platforms) = match still {
            Some(found) => found,
            None => self.fetched(&key, image.digest()).await?,
        };
        Ok(PinnedImage { image: image.with_digest(&digest), platforms })
    }

    /// Asks whether an answer still holds, without asking for the manifest: Docker Hub counts only
    /// those. `None` when the manifest has to be asked for.
    async fn still(
        &self,
        key: &(String, String),
        known: &Answered,
    ) -> Result<Option<(String, Vec<Platform>)>, Fault> {
        let etag = known.etag.as_deref();
        let question = Question { etag, ..question(Method::HEAD, key) };
        let answer = self.ask(&question).await?;
        let digest = match answer.status {
            StatusCode::NOT_MODIFIED => Some(known.digest.clone()),
            StatusCode::OK => told_digest(&answer),
            // What it is that goes wrong stands in the answer to a GET only.
            _ => None,
        };
        let Some(digest) = digest else { return Ok(None) };
        let Some(platforms) = lock(&self.platforms).get(&digest).cloned() else { return Ok(None) };
        if digest != known.digest {
            self.remember(key, &digest, &answer);
        }
        Ok(Some((digest, platforms)))
    }

    /// Asks for the manifest and checks that it is what the registry and the reference say.
    async fn fetched(
        &self,
        key: &(String, String),
        wanted: Option<&str>,
    ) -> Result<(String, Vec<Platform>), Fault> {
        let answer = self.ask(&question(Method::GET, key)).await?;
        if answer.status != StatusCode::OK {
            return Err(answer.refusal());
        }
        let read = manifest::manifest(&answer.body).map_err(|fault| answer.better(fault))?;
        let told = told_digest(&answer);
        for digest in told.iter().map(String::as_str).chain(wanted) {
            check(&answer.body, digest)?;
        }
        let own = || manifest::digest(&answer.body);
        let digest = wanted.map(str::to_owned).or(told).unwrap_or_else(own);
        let known = lock(&self.platforms).get(&digest).cloned();
        let platforms = match (known, read) {
            (Some(known), _) => known,
            (None, Manifest::Told(platforms)) => platforms,
            (None, Manifest::InConfiguration(at)) => self.configured(&key.0, &at).await?,
        };
        self.remember(key, &digest, &answer);
        bounded(&mut lock(&self.platforms)).insert(digest.clone(), platforms.clone());
        Ok((digest, platforms))
    }

    /// The platform that the configuration of a single manifest names.
    async fn configured(&self, path: &str, digest: &str) -> Result<Vec<Platform>, Fault> {
        let question = Question {
            method: Method::GET,
            path,
            target: Target::Below(format!("blobs/{digest}")),
            accept: "*/*",
            etag: None,
            limit: MOST_BYTES,
        };
        let answer = self.ask(&question).await?;
        if answer.status != StatusCode::OK {
            // There is such an image: this is no refusal of it.
            let why = answer.refusal();
            return Err(Fault::Wrong(format!("of the image's configuration: {why}")));
        }
        check(&answer.body, digest)?;
        manifest::platforms(&answer.body)
    }

    fn remember(&self, key: &(String, String), digest: &str, answer: &Answer) {
        let etag = answer.header("etag").filter(|etag| etag.len() <= 256).map(str::to_owned);
        let answered = Answered { digest: digest.to_owned(), etag };
        bounded(&mut lock(&self.known)).insert(key.clone(), answered);
    }
}

impl Answer {
    /// A page of HTML is told as that, and not as a manifest that can't be read.
    fn better(&self, fault: Fault) -> Fault {
        let kind = super::send::kind(&self.headers, &self.body);
        if kind.contains("HTML") { Fault::Wrong(format!("it answers with {kind}")) } else { fault }
    }
}

fn question(method: Method, (path, reference): &(String, String)) -> Question<'_> {
    Question {
        method,
        path,
        target: Target::Below(format!("manifests/{reference}")),
        accept: ACCEPT,
        etag: None,
        limit: MOST_BYTES,
    }
}

/// The digest that an answer names.
fn told_digest(answer: &Answer) -> Option<String> {
    let digest = answer.header("docker-content-digest")?.trim();
    is_digest(digest).then(|| digest.to_owned())
}

/// Nothing grows without end: what is thrown away is asked for again.
fn bounded<K: Ord, V>(kept: &mut BTreeMap<K, V>) -> &mut BTreeMap<K, V> {
    if kept.len() >= MOST_KEPT {
        kept.clear();
    }
    kept
}
