//! What images are known to lack, by their names.
//!
//! Each entry is what its makers publish: images made from nothing but a program, the smallest
//! systems, and the languages on top of those. An image that is made of one of them has a name of
//! its own, and nothing is known of it.

use crate::model::ImageRef;

/// Images without a shell, unless their tag names a system or says that it is for debugging.
const SHELL_LESS: [&str; 20] = [
    "amir20/dozzle",
    "cloudflare/cloudflared",
    "containous/whoami",
    "containrrr/watchtower",
    "coredns/coredns",
    "hashicorp/http-echo",
    "hello-world",
    "library/hello-world",
    "library/nats",
    "nginx/nginx-prometheus-exporter",
    "oliver006/redis_exporter",
    "openpolicyagent/opa",
    "otel/opentelemetry-collector",
    "otel/opentelemetry-collector-contrib",
    "otel/opentelemetry-collector-k8s",
    "pause",
    "portainer/portainer-ce",
    "portainer/portainer-ee",
    "rancher/pause",
    "traefik/whoami",
];
/// Parts of tags that say which system an image stands on.
const SYSTEMS: [&str; 6] = ["alpine", "debian", "debug", "busybox", "ubi", "windows"];

/// Images with the programs of busybox: `wget` is there, `curl` is not.
const BUSYBOX: [&str; 11] = [
    "library/alpine",
    "library/busybox",
    "library/caddy",
    "library/traefik",
    "prom/alertmanager",
    "prom/blackbox-exporter",
    "prom/mysqld-exporter",
    "prom/node-exporter",
    "prom/prometheus",
    "prom/pushgateway",
    "prom/statsd-exporter",
];
/// Systems that begin with neither `curl` nor `wget`.
const BARE: [&str; 2] = ["library/debian", "library/ubuntu"];
/// Languages that are published on Alpine, and on a bare Debian as `slim`.
const LANGUAGES: [&str; 2] = ["library/node", "library/python"];

/// True when an image is known to hold no shell.
pub fn shell_less(image: &ImageRef) -> bool {
    let (path, tag) = (image.path(), image.tag().unwrap_or_default());
    let says = |text: &str| {
        let mut words = text.split(['/', '-', '.', '_']);
        words.any(|word| matches!(word, "distroless" | "scratch"))
    };
    let system = SYSTEMS.iter().any(|system| tag.contains(system));
    let named = says(path) || says(tag) || says(image.registry());
    !tag.contains("debug") && (named || (SHELL_LESS.contains(&path) && !system))
}

/// Programs that an image is known not to have.
pub fn lacks(image: &ImageRef) -> Vec<&'static str> {
    let (path, tag) = (image.path(), image.tag().unwrap_or_default());
    let is = |system: &str| tag.split('-').any(|part| part.starts_with(system));
    let language = LANGUAGES.contains(&path);
    if shell_less(image) || BARE.contains(&path) || (language && is("slim")) {
        return vec!["curl", "wget"];
    }
    let windows = tag.contains("windows") || tag.contains("nanoserver");
    if (BUSYBOX.contains(&path) && !windows) || (language && is("alpine")) {
        return vec!["curl"];
    }
    Vec::new()
}
