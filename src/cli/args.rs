//! Arguments that several commands share.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use jiff::{Span, SpanRelativeTo};
use url::Url;

use crate::model::{Instance, SourceName, StackName};

/// How a source is read.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct SourceArgs {
    /// Branch, tag or full commit id; a work tree on this machine is else read as it lies
    #[arg(long = "ref", value_name = "BRANCH|TAG|COMMIT")]
    pub(crate) reference: Option<String>,
    /// Directory in the source
    #[arg(long, value_name = "DIR")]
    pub(crate) path: Option<String>,
    /// Name for the stack of a source that declares one
    #[arg(long, value_name = "STACK")]
    pub(crate) name: Option<StackName>,
    /// Name under which the source is remembered; made from its address when not given
    #[arg(long, value_name = "NAME")]
    pub(crate) source_name: Option<SourceName>,
    #[command(flatten)]
    pub(crate) credentials: CredentialArgs,
}

/// What opens a repository. Values are read from files, or from the variables SKEP_GIT_TOKEN,
/// SKEP_GIT_USER, SKEP_GIT_PASSWORD, SKEP_GIT_KEY and SKEP_GIT_KNOWN_HOSTS.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Source")]
pub(crate) struct CredentialArgs {
    /// File with a token, or USER:PASSWORD [default: /run/secrets/skep-git-token]
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
    /// File with the private key for ssh [default: /run/secrets/skep-git-key]
    #[arg(long, value_name = "FILE")]
    pub(crate) ssh_key_file: Option<PathBuf>,
    /// File with trusted host keys [default: /run/secrets/skep-git-known-hosts]
    #[arg(long, value_name = "FILE")]
    pub(crate) known_hosts: Option<PathBuf>,
    /// File with certificates (PEM) that are trusted for https instead of the system's
    #[arg(long, value_name = "FILE")]
    pub(crate) ca_file: Option<PathBuf>,
    /// File with age identities, which open files sealed with SOPS; SKEP_AGE_KEY holds such ones
    /// itself [default: /run/secrets/skep-age-key]
    #[arg(long, value_name = "FILE", env = "SKEP_AGE_KEY_FILE")]
    pub(crate) age_key_file: Option<PathBuf>,
    /// Directory for mirrors of repositories [default: skep in the user's cache directory]
    #[arg(long, value_name = "DIR", env = "SKEP_CACHE")]
    pub(crate) cache: Option<PathBuf>,
}

/// Which swarm, and who skep is in it.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Swarm")]
pub(crate) struct SwarmArgs {
    /// Address of a manager; docker's variables and contexts count when it is not given
    #[arg(long, value_name = "unix://…|tcp://…|ssh://…")]
    pub(crate) host: Option<String>,
    /// Name of this installation in the swarm
    #[arg(long, value_name = "NAME", default_value = "skep", env = "SKEP_INSTANCE")]
    pub(crate) instance: Instance,
    /// Logins to registries, as `docker login` writes them
    /// [default: /run/secrets/skep-registry-login, or docker's config.json]
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_config: Option<PathBuf>,
    /// File with the 32 bytes that key the hashes of secrets [default: /run/secrets/skep-key, or
    /// the key that is kept in the swarm]
    #[arg(long, value_name = "FILE")]
    pub(crate) key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) registries: RegistryArgs,
}

/// How registries are reached.
#[derive(Debug, Clone, Default, clap::Args)]
#[command(next_help_heading = "Registries")]
pub(crate) struct RegistryArgs {
    /// Address that is asked before a registry, such as docker.io=https://mirror.example
    #[arg(long, value_name = "HOST=URL", value_delimiter = ',', env = "SKEP_REGISTRY_MIRROR")]
    #[arg(value_parser = crate::registry::mirror)]
    pub(crate) registry_mirror: Vec<(String, Url)>,
    /// Registry whose certificate is not checked, and that may speak plain http
    #[arg(long, value_name = "HOST[:PORT]", value_delimiter = ',')]
    #[arg(env = "SKEP_INSECURE_REGISTRY", value_parser = crate::registry::host)]
    pub(crate) insecure_registry: Vec<String>,
    /// File with certificates (PEM) that are trusted for registries besides the system's
    /// [default: /run/secrets/skep-registry-ca]
    #[arg(long, value_name = "FILE")]
    pub(crate) registry_ca: Option<PathBuf>,
    /// Directory with certificates of single registries, HOST[:PORT]/ca.crt
    #[arg(long, value_name = "DIR", default_value = crate::registry::DOCKER_CERTIFICATES)]
    pub(crate) registry_certs: PathBuf,
    /// Credential helper of docker's config.json that may be started: docker-credential-NAME
    #[arg(long, value_name = "NAME", value_delimiter = ',', env = "SKEP_CREDENTIAL_HELPER")]
    #[arg(value_parser = crate::registry::helper)]
    pub(crate) credential_helper: Vec<String>,
}

/// Form of the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// For people.
    Text,
    /// For programs.
    Json,
    /// For a comment on a merge request.
    Markdown,
    /// A page.
    Html,
}

/// The form of the output.
#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct OutputArgs {
    /// Form of the output
    #[arg(short, long, value_name = "FORM", value_enum, default_value_t = Format::Text)]
    pub(crate) output: Format,
}

/// Reads `90s`, `1h30m`, `2d`, `PT5M`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("'{text}' is not a duration such as 90s, 15m, 1h30m or 2d");
    let span: Span = text.parse().map_err(|_| wrong())?;
    // A day has 24 hours here: nothing that skep waits for hangs on a calendar.
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).map_err(|_| wrong())?;
    Duration::try_from(length).map_err(|_| wrong())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_people_write_them() {
        let seconds = |text| duration(text).map(|duration| duration.as_secs());
        assert_eq!(seconds("90s"), Ok(90));
        assert_eq!(seconds("1h30m"), Ok(5400));
        assert_eq!(seconds("2d"), Ok(172_800));
        assert_eq!(seconds("PT5M"), Ok(300));
        for wrong in ["", "2", "-5m", "two hours", "1y"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }
}
