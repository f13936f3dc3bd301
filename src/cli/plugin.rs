//! skep as a plugin of docker's command line: `docker skep diff .`.
//!
//! docker looks for programs called `docker-NAME`, asks them for `docker-cli-plugin-metadata`, and
//! then starts them with its own arguments, its global options before the plugin's name
//! (`cli-plugins/manager` in docker/cli).

use std::ffi::{OsStr, OsString};
use std::path::Path;

use super::error::Failure;

/// What docker wants to know of a plugin.
pub(crate) const METADATA: &str = concat!(
    r#"{"SchemaVersion":"0.1.0","Vendor":"skep","Version":""#,
    env!("CARGO_PKG_VERSION"),
    r#"","ShortDescription":"GitOps for Docker Swarm"}"#,
    "\n"
);

/// What the program was called for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// docker asks what plugin this is.
    Metadata,
    /// A command, with docker's own options that stood before it.
    Command(Vec<OsString>, DockerOptions),
}

/// Global options of docker's command line that say which engine is meant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DockerOptions {
    /// `-H`, `--host`.
    pub(crate) host: Option<String>,
    /// `-c`, `--context`.
    pub(crate) context: Option<String>,
    /// `--config`.
    pub(crate) config: Option<String>,
}

/// Takes the arguments of the process apart.
pub(crate) fn arguments(arguments: Vec<OsString>) -> Result<Call, Failure> {
    let program = arguments.first().map(Path::new).and_then(Path::file_name);
    if program != Some(OsStr::new("docker-skep")) {
        return Ok(Call::Command(arguments, DockerOptions::default()));
    }
    if arguments.get(1).is_some_and(|first| first == "docker-cli-plugin-metadata") {
        return Ok(Call::Metadata);
    }
    let mut rest = arguments.into_iter();
    let program = rest.next().unwrap_or_default();
    let mut options = DockerOptions::default();
    while let Some(argument) = rest.next() {
        if argument == "skep" {
            return Ok(Call::Command([program].into_iter().chain(rest).collect(), options));
        }
        options.take(&argument.to_string_lossy(), &mut rest)?;
    }
    Err(Failure::plain("this program is a plugin of docker: call it as `docker skep …`"))
}

impl DockerOptions {
    fn take(
        &mut self,
        argument: &str,
        rest: &mut impl Iterator<Item = OsString>,
    ) -> Result<(), Failure> {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (argument, None),
        };
        let slot = match name {
            "-H" | "--host" => &mut self.host,
            "-c" | "--context" => &mut self.context,
            "--config" => &mut self.config,
            _ => {
                return Err(Failure::plain(format!(
                    "docker's option {name} means nothing to skep"
                )));
            }
        };
        let next = || rest.next().map(|value| value.to_string_lossy().into_owned());
        *slot = value.or_else(next);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(words: &[&str]) -> Result<Call, String> {
        arguments(words.iter().map(OsString::from).collect()).map_err(|failure| failure.to_string())
    }

    #[test]
    fn docker_asks_for_metadata() {
        assert_eq!(check(&["/x/docker-skep", "docker-cli-plugin-metadata"]), Ok(Call::Metadata));
        let metadata: serde_json::Value = serde_json::from_str(METADATA).expect("JSON");
        assert_eq!(metadata["SchemaVersion"], "0.1.0");
    }

    #[test]
    fn dockers_options_before_the_name_are_taken_over() {
        let words = ["docker-skep", "-H", "tcp://a:1", "--context=b", "skep", "diff", "."];
        let options = DockerOptions {
            host: Some("tcp://a:1".into()),
            context: Some("b".into()),
            config: None,
        };
        let command = ["docker-skep", "diff", "."].map(OsString::from).to_vec();
        assert_eq!(check(&words), Ok(Call::Command(command, options)));
        assert!(check(&["docker-skep", "--tls", "skep"]).is_err());
        assert!(check(&["docker-skep", "diff"]).is_err());
    }

    #[test]
    fn under_its_own_name_nothing_is_taken_away() {
        let words = ["skep", "skep", "diff"].map(OsString::from).to_vec();
        let call = Call::Command(words, DockerOptions::default());
        assert_eq!(check(&["skep", "skep", "diff"]), Ok(call));
    }
}
