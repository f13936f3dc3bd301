//! Asks registries what a tag stands for, and which tags there are.
//!
//! A registry is asked directly. One that can't be reached or trusted from here is asked through the
//! engine, which may know its mirror, its certificate or its network: nothing that docker's command
//! line could ask is out of reach.

mod answer;
mod engine;
mod logins;
mod settings;
mod site;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::future::BoxFuture;
use url::Url;

use crate::model::{ImageAnswer, ImageRef, Repository, TagsAnswer};
use crate::ports::{Clock, Logins, Registry};

pub use engine::{EngineRegistry, connect};
pub use logins::HelpedLogins;
pub use settings::{
    DOCKER_CERTIFICATES, Proxies, Settings, check_certificates, helper, host, mirror,
};

use site::{Fault, Site};

/// How long a registry is asked through the engine after the direct way was closed.
const DETOUR: Duration = Duration::from_secs(600);

/// Registries, asked directly where that is possible.
pub struct Registries {
    settings: Settings,
    engine: Option<EngineRegistry>,
    logins: Arc<dyn Logins>,
    clock: Arc<dyn Clock>,
    /// By address of the registry or mirror.
    sites: Mutex<BTreeMap<String, Arc<Site>>>,
    /// Until when registries are asked through the engine, by name.
    detours: Mutex<BTreeMap<String, Duration>>,
}

impl Registries {
    /// Prepares to ask. Nothing is connected yet.
    #[must_use]
    pub fn new(settings: Settings, logins: Arc<dyn Logins>, clock: Arc<dyn Clock>) -> Self {
        // Only one provider is compiled in; a second call would be an error that harms nobody.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let (sites, detours) = (Mutex::default(), Mutex::default());
        Self { settings, engine: None, logins, clock, sites, detours }
    }

    /// The same with an engine as the way to registries that are out of reach.
    #[must_use]
    pub fn or_through(self, engine: EngineRegistry) -> Self {
        Self { engine: Some(engine), ..self }
    }

    async fn ask(&self, image: &ImageRef) -> ImageAnswer {
        for mirror in self.settings.mirrors.get(image.registry()).into_iter().flatten() {
            match self.mirror(mirror).resolve(image).await {
                Ok(pinned) => return ImageAnswer::Pinned(pinned),
                // Whatever a mirror does not have or say, the registry itself does.
                Err(fault) => tracing::debug!(%mirror, %image, "a mirror did not help: {fault}"),
            }
        }
        let registry = image.registry();
        if let Some(engine) = self.engine.as_ref().filter(|_| self.is_far(registry)) {
            return engine.resolve(image).await;
        }
        match self.site(registry).resolve(image).await {
            Ok(pinned) => ImageAnswer::Pinned(pinned),
            Err(Fault::Refused(why)) => ImageAnswer::Refused(why),
            Err(Fault::Closed(why)) => self.around(image, why).await,
            Err(Fault::Silent(why) | Fault::Wrong(why)) => ImageAnswer::Unreachable(why),
        }
    }

    /// Asks the engine. When it gets an answer, that is the way for a while.
    async fn around(&self, image: &ImageRef, why: String) -> ImageAnswer {
        let Some(engine) = &self.engine else { return ImageAnswer::Unreachable(why) };
        let answer = engine.resolve(image).await;
        if let ImageAnswer::Unreachable(there) = answer {
            let both = format!("{why}; and through the engine: {there}");
            return ImageAnswer::Unreachable(both);
        }
        let until = self.clock.elapsed().saturating_add(DETOUR);
        let registry = image.registry().to_owned();
        tracing::debug!(registry, "asked through the engine for a while: {why}");
        lock(&self.detours).insert(registry, until);
        answer
    }

    /// Whether only the engine gets there: the loopback that a declaration names is the engine's own,
    /// and a direct way that was closed is not tried again for a while.
    fn is_far(&self, registry: &str) -> bool {
        if settings::is_loopback(registry) {
            return true;
        }
        let now = self.clock.elapsed();
        let mut detours = lock(&self.detours);
        detours.retain(|_, until| now < *until);
        detours.contains_key(registry)
    }

    async fn list(&self, repository: &Repository) -> TagsAnswer {
        for mirror in self.settings.mirrors.get(repository.registry()).into_iter().flatten() {
            match self.mirror(mirror).tags(repository.path()).await {
                Ok(tags) => return TagsAnswer::Listed(tags),
                Err(fault) => {
                    tracing::debug!(%mirror, %repository, "a mirror did not help: {fault}");
                }
            }
        }
        match self.site(repository.registry()).tags(repository.path()).await {
            Ok(tags) => TagsAnswer::Listed(tags),
            Err(Fault::Refused(why)) => TagsAnswer::Refused(why),
            Err(Fault::Closed(why)) => TagsAnswer::Unreachable(format!(
                "{why}; a list of tags can't be asked for through the engine"
            )),
            Err(Fault::Silent(why) | Fault::Wrong(why)) => TagsAnswer::Unreachable(why),
        }
    }

    fn site(&self, registry: &str) -> Arc<Site> {
        let addresses = self.settings.addresses(registry);
        self.site_at(registry, &addresses)
    }

    fn mirror(&self, mirror: &Url) -> Arc<Site> {
        self.site_at(&settings::authority(mirror), std::slice::from_ref(mirror))
    }

    fn site_at(&self, name: &str, addresses: &[Url]) -> Arc<Site> {
        let key = addresses.iter().map(Url::as_str).collect::<Vec<_>>().join(" ");
        let mut sites = lock(&self.sites);
        let new = || {
            let doors = (Arc::clone(&self.logins), Arc::clone(&self.clock));
            Arc::new(Site::new(name, addresses, &self.settings, doors))
        };
        Arc::clone(sites.entry(key).or_insert_with(new))
    }
}

impl Registry for Registries {
    fn resolve<'a>(&'a self, image: &'a ImageRef) -> BoxFuture<'a, ImageAnswer> {
        Box::pin(self.ask(image))
    }

    fn tags<'a>(&'a self, repository: &'a Repository) -> BoxFuture<'a, TagsAnswer> {
        Box::pin(self.list(repository))
    }
}

/// What is behind such a lock is whole, even when somebody panicked while it was held: nothing is
/// changed in two steps.
fn lock<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}
