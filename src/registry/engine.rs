//! The way through the engine (`GET /distribution/NAME/json`), as docker's command line asks: the
//! engine's own certificates, mirrors, proxies and insecure registries hold.

use std::sync::Arc;
use std::time::Duration;

use bollard::Docker;
use bollard::auth::DockerCredentials;
use futures::future::BoxFuture;
use tokio::sync::Semaphore;

use crate::model::{Credential, ImageAnswer, ImageRef, RegistryLogin, Repository, TagsAnswer};
use crate::ports::{Logins, Registry};

use super::answer;

/// Longest wait for the answer to one question.
const TIME_OUT: Duration = Duration::from_secs(10);
/// Questions at a time.
const AT_ONCE: usize = 8;

/// Registries, as one engine reaches them.
pub struct EngineRegistry {
    docker: Docker,
    logins: Arc<dyn Logins>,
    time_out: Duration,
    places: Semaphore,
}

/// Prepares to ask through an engine.
#[must_use]
pub fn connect(docker: Docker, logins: Arc<dyn Logins>) -> EngineRegistry {
    EngineRegistry { docker, logins, time_out: TIME_OUT, places: Semaphore::new(AT_ONCE) }
}

impl EngineRegistry {
    /// The same with another longest wait for one answer.
    #[must_use]
    pub fn with_time_out(self, time_out: Duration) -> Self {
        Self { time_out, ..self }
    }

    async fn ask(&self, image: &ImageRef) -> ImageAnswer {
        // Only a closed semaphore gives no place, and this one is never closed.
        let _place = self.places.acquire().await;
        let login = match self.logins.of(image.registry()).await {
            Ok(login) => login,
            Err(why) => return ImageAnswer::Unreachable(why),
        };
        let credentials = login.as_ref().and_then(credentials);
        let name = image.familiar();
        let question = self.docker.inspect_registry_image(&name, credentials);
        match tokio::time::timeout(self.time_out, question).await {
            Ok(Ok(found)) => answer::found(image, found),
            Ok(Err(cause)) => answer::failed(cause),
            Err(_) => {
                let seconds = self.time_out.as_secs_f32();
                ImageAnswer::Unreachable(format!("no answer within {seconds} s"))
            }
        }
    }
}

impl Registry for EngineRegistry {
    fn resolve<'a>(&'a self, image: &'a ImageRef) -> BoxFuture<'a, ImageAnswer> {
        Box::pin(self.ask(image))
    }

    /// The engine has no question for that.
    fn tags<'a>(&'a self, _: &'a Repository) -> BoxFuture<'a, TagsAnswer> {
        let why = "the engine can't be asked for tags".to_owned();
        Box::pin(std::future::ready(TagsAnswer::Unreachable(why)))
    }
}

fn credentials(login: &RegistryLogin) -> Option<DockerCredentials> {
    let text = |secret: &[u8]| String::from_utf8(secret.to_vec()).ok();
    let server = DockerCredentials {
        serveraddress: Some(login.server.clone()),
        ..DockerCredentials::default()
    };
    Some(match &login.credential {
        Credential::Password { user, password } => DockerCredentials {
            username: Some(user.clone()),
            password: Some(text(password.reveal())?),
            ..server
        },
        Credential::IdentityToken(token) => {
            DockerCredentials { identitytoken: Some(text(token.reveal())?), ..server }
        }
    })
}
