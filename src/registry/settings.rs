//! How registries are reached: mirrors, trust, proxies. Everything that widens trust is named by
//! whoever runs skep, never by a declaration.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use reqwest::Certificate;
use url::{Host, Url};

use crate::model::Repository;

/// Where docker keeps the certificates of registries: `HOST[:PORT]/ca.crt`.
pub const DOCKER_CERTIFICATES: &str = "/etc/docker/certs.d";

/// How registries are reached.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Addresses that are asked first, by registry (`docker.io`).
    pub mirrors: BTreeMap<String, Vec<Url>>,
    /// Registries whose certificate is not checked, and that may speak plain http.
    pub insecure: BTreeSet<String>,
    /// Certificates (PEM) that are trusted for all registries, besides the system's.
    pub authorities: Vec<Vec<u8>>,
    /// Directory of certificates for single registries, in docker's layout.
    pub certificates: PathBuf,
    /// The way to the network.
    pub proxies: Proxies,
    /// Longest wait for one answer.
    pub time_out: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            mirrors: BTreeMap::new(),
            insecure: BTreeSet::new(),
            authorities: Vec::new(),
            certificates: PathBuf::from(DOCKER_CERTIFICATES),
            proxies: Proxies::default(),
            time_out: Duration::from_secs(10),
        }
    }
}

/// Proxies, as `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Proxies {
    /// For https.
    pub https: Option<String>,
    /// For http.
    pub http: Option<String>,
    /// Hosts that are reached without.
    pub except: String,
}

impl Proxies {
    /// Names of the proxies' own hosts.
    pub(super) fn hosts(&self) -> BTreeSet<String> {
        let parsed = |text: &String| {
            let url = if text.contains("://") { text.clone() } else { format!("http://{text}") };
            Url::parse(&url).ok()?.host_str().map(str::to_owned)
        };
        self.https.iter().chain(&self.http).filter_map(parsed).collect()
    }
}

impl Settings {
    /// Where a registry is: https, and http behind it only for one that is named as insecure.
    pub(super) fn addresses(&self, registry: &str) -> Vec<Url> {
        // Docker Hub's registry has another name than its images.
        let host = if registry == "docker.io" { "registry-1.docker.io" } else { registry };
        let schemes: &[&str] =
            if self.insecure.contains(registry) { &["https", "http"] } else { &["https"] };
        let address = |scheme: &&str| Url::parse(&format!("{scheme}://{host}/")).ok();
        schemes.iter().filter_map(address).collect()
    }
}

/// Host and port of an address, as a registry is named.
pub(super) fn authority(address: &Url) -> String {
    let host = address.host_str().unwrap_or_default();
    address.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// Whether a registry is at the loopback of whoever says so. In a declaration that is the nodes'
/// own machine, and never the one where skep runs.
pub(super) fn is_loopback(registry: &str) -> bool {
    let Ok(url) = Url::parse(&format!("https://{registry}/")) else { return false };
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Reads `HOST[:PORT]` of a registry.
///
/// # Errors
/// In words, when it is none.
pub fn host(text: &str) -> Result<String, String> {
    let wrong = || format!("'{text}' is not a registry such as reg.example or 10.0.0.1:5000");
    let repository: Repository = format!("{text}/x").parse().map_err(|_| wrong())?;
    // `a` alone would be a namespace of Docker Hub.
    let same = repository.registry() == text || text == "index.docker.io";
    if same { Ok(repository.registry().to_owned()) } else { Err(wrong()) }
}

/// Reads `HOST=URL`: a mirror of a registry.
///
/// # Errors
/// In words, when it is none.
pub fn mirror(text: &str) -> Result<(String, Url), String> {
    let wrong = |why: &str| {
        let example = "docker.io=https://mirror.example";
        format!("'{text}' is not a mirror such as {example}: {why}")
    };
    let (registry, url) = text.split_once('=').ok_or_else(|| wrong("there is no '='"))?;
    let registry = host(registry)?;
    let mut url = Url::parse(url).map_err(|error| wrong(&error.to_string()))?;
    if !matches!(url.scheme(), "https" | "http") || url.host_str().is_none_or(str::is_empty) {
        return Err(wrong("it begins neither with https:// nor with http://"));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("a mirror's address holds no login: put it into docker's config.json".into());
    }
    if url.query().is_some() || url.fragment().is_some() {
        return Err(wrong("it is more than host, port and path"));
    }
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
    }
    Ok((registry, url))
}

/// Reads the name of a credential helper, which becomes part of a program's name.
///
/// # Errors
/// In words, when it is none.
pub fn helper(text: &str) -> Result<String, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let valid = !text.is_empty() && text.len() <= 64 && text.chars().all(fits);
    let wrong = || format!("'{text}' is not a credential helper such as ecr-login");
    if valid { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// Checks that a file holds certificates.
///
/// # Errors
/// In words, when it does not.
pub fn check_certificates(pem: &[u8]) -> Result<(), String> {
    match Certificate::from_pem_bundle(pem) {
        Ok(found) if !found.is_empty() => Ok(()),
        Ok(_) => Err("there is no certificate in it".to_owned()),
        Err(error) => Err(format!("it holds something else than certificates: {error}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registry_is_named_with_host_and_port() {
        assert_eq!(host("reg.example"), Ok("reg.example".into()));
        assert_eq!(host("localhost"), Ok("localhost".into()));
        assert_eq!(host("[fd00::1]:5000"), Ok("[fd00::1]:5000".into()));
        assert_eq!(host("index.docker.io"), Ok("docker.io".into()));
        for wrong in ["", "team", "https://r.io", "r.io/a", "a.b?c", "*", "10.0.0.0/8"] {
            assert!(host(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_mirror_is_an_address_without_login() {
        let read = |text| mirror(text).map(|(host, url)| format!("{host} {url}"));
        assert_eq!(read("docker.io=https://m.io"), Ok("docker.io https://m.io/".into()));
        assert_eq!(read("r.io:1=http://m:5/p"), Ok("r.io:1 http://m:5/p/".into()));
        for wrong in ["docker.io", "a=https://m", "r.io=ftp://m", "r.io=https://u:p@m", "r.io=m"] {
            let error = read(wrong).unwrap_err();
            assert!(!error.contains("u:p"), "{error}");
        }
    }

    #[test]
    fn plain_http_is_for_named_registries_only() {
        let insecure = BTreeSet::from(["10.0.0.1:5000".to_owned()]);
        let settings = Settings { insecure, ..Settings::default() };
        let seen = |registry| {
            let found = settings.addresses(registry);
            found.iter().map(Url::as_str).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(seen("10.0.0.1:5000"), "https://10.0.0.1:5000/ http://10.0.0.1:5000/");
        assert_eq!(seen("10.0.0.1:5001"), "https://10.0.0.1:5001/");
        assert_eq!(seen("docker.io"), "https://registry-1.docker.io/");
    }

    #[test]
    fn the_loopback_of_a_declaration_is_that_of_the_nodes() {
        for local in ["localhost:5000", "127.0.0.1:5000", "127.1.2.3", "[::1]:5000"] {
            assert!(is_loopback(local), "{local}");
        }
        for other in ["docker.io", "10.0.0.1:5000", "localhost.example", "[fd00::1]:5000"] {
            assert!(!is_loopback(other), "{other}");
        }
    }

    #[test]
    fn a_helper_is_no_path_and_no_option_of_a_shell() {
        assert!(helper("ecr-login").is_ok());
        for wrong in ["", "../x", "a b", "a;b", "$(x)"] {
            assert!(helper(wrong).is_err(), "{wrong}");
        }
    }
}
