//! Questions to registries, against servers of this machine that answer well and badly.

#![expect(clippy::disallowed_methods, reason = "tests start servers and programs")]
#![expect(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

mod answers;
mod hostile;
mod logins;
mod operator;
mod server;
mod tags;
#[path = "../git/tls.rs"]
mod tls;
mod ways;

use std::sync::Arc;
use std::time::Duration;

use skep::model::{ImageAnswer, ImageRef, PinnedImage, RegistryLogins};
use skep::ports::Registry as _;
use skep::registry::{Registries, Settings};

use server::{Hands, Server};

/// What asks one server, which speaks plain http or has its certificate trusted.
struct Asker {
    registries: Registries,
    clock: Hands,
    address: String,
}

fn settings(server: &Server) -> Settings {
    let insecure = server.ca.is_none().then(|| server.address.clone());
    Settings {
        insecure: insecure.into_iter().collect(),
        authorities: server.ca.iter().map(|ca| ca.clone().into_bytes()).collect(),
        time_out: Duration::from_secs(5),
        ..Settings::default()
    }
}

fn asker(server: &Server) -> Asker {
    asker_with(server, settings(server), RegistryLogins::default())
}

fn asker_with(server: &Server, settings: Settings, logins: RegistryLogins) -> Asker {
    let clock = Hands::default();
    let registries = Registries::new(settings, Arc::new(logins), Arc::new(clock.clone()));
    Asker { registries, clock, address: server.address.clone() }
}

/// A login at a server, as docker's config.json has it.
fn login(server: &Server, user: &str, password: &str) -> RegistryLogins {
    let auth = serde_json::json!({ "username": user, "password": password });
    let config = serde_json::json!({ "auths": { &server.address: auth } }).to_string();
    RegistryLogins::from_docker_config(config.as_bytes()).unwrap()
}

impl Asker {
    fn image(&self, name: &str) -> ImageRef {
        format!("{}/{name}", self.address).parse().unwrap()
    }

    async fn ask(&self, name: &str) -> ImageAnswer {
        self.registries.resolve(&self.image(name)).await
    }

    /// The digest and the platforms, or what else was answered, in words.
    async fn told(&self, name: &str) -> String {
        match self.ask(name).await {
            ImageAnswer::Pinned(PinnedImage { image, platforms }) => {
                let names = platforms.iter().map(|p| format!(" {}/{}", p.os, p.architecture));
                format!("{}{}", image.digest().unwrap(), names.collect::<String>())
            }
            ImageAnswer::Refused(why) => format!("refused: {why}"),
            ImageAnswer::Unreachable(why) => format!("unreachable: {why}"),
        }
        .replace(&self.address, "REGISTRY")
    }
}
