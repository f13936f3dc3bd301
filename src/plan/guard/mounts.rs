//! What a mount lets a task see of its node.

use crate::model::Pattern;
use crate::model::engine::Mount;
use crate::model::guard::{Allowed, Choice, MountRules};

/// Where docker's socket is; `/var/run` is a link to `/run` on nearly every node.
const SOCKETS: [&str; 2] = ["/var/run/docker.sock", "/run/docker.sock"];

/// What is wrong with a mount.
pub(super) fn forbidden(mount: &Mount, rules: &MountRules) -> Vec<String> {
    let mut found = Vec::new();
    let path = host_path(mount);
    let declared = if mount.kind.is_empty() { "bind" } else { &mount.kind };
    // A volume that the local driver binds to a path is a bind, whatever it is called.
    let kind = if path.is_some() { "bind" } else { declared };
    if rules.types.as_ref().is_some_and(|types| !types.contains(kind)) {
        found.push(format!("a mount of type {kind} is not allowed ({})", mount.target));
    }
    let Some(path) = path else { return found };
    let is_socket = SOCKETS.contains(&path.as_str());
    let holds_socket = SOCKETS.iter().any(|socket| is_below(socket, &path) || *socket == path);
    if holds_socket && rules.docker_socket == Allowed::No {
        found.push(format!("mounting {path} gives docker's socket away, which is not allowed"));
    } else if !is_socket && !allows(&rules.paths, &path) {
        found.push(format!("mounting {path} of the node is not allowed"));
    }
    found
}

/// The path of the node that a mount shows, in its plain form.
fn host_path(mount: &Mount) -> Option<String> {
    let bind = mount.kind.is_empty() || mount.kind == "bind";
    if bind {
        return Some(plain(&mount.source));
    }
    let driver = mount.volume_options.as_ref()?.driver_config.as_ref()?;
    let local = driver.name.is_empty() || driver.name == "local";
    let device = driver.options.get("device").filter(|device| device.starts_with('/'))?;
    local.then(|| plain(device))
}

/// Without doubled slashes, dots, and steps back.
fn plain(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

fn is_below(path: &str, directory: &str) -> bool {
    let directory = directory.trim_end_matches('/');
    path.strip_prefix(directory).is_some_and(|rest| rest.starts_with('/'))
}

/// Directories above a path, and the path.
fn and_above(path: &str) -> impl Iterator<Item = &str> {
    let above =
        path.char_indices().filter(|(at, c)| *c == '/' && *at > 0).map(|(at, _)| &path[..at]);
    above.chain([path])
}

/// Who may mount a directory may mount what lies in it. Who may not mount something may not mount
/// what lies in it, and no directory in which it lies.
fn allows(paths: &Choice, path: &str) -> bool {
    let fits = |pattern: &Pattern| and_above(path).any(|part| pattern.fits(part));
    let inside = |pattern: &Pattern| is_below(pattern.as_str(), path);
    paths.allow.as_ref().is_none_or(|allow| allow.iter().any(fits))
        && !paths.deny.iter().any(|pattern| fits(pattern) || inside(pattern))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn choice(allow: &[&str], deny: &[&str]) -> Choice {
        let patterns = |list: &[&str]| list.iter().copied().map(Pattern::new).collect::<Vec<_>>();
        Choice {
            allow: Some(patterns(allow)).filter(|list| !list.is_empty()),
            deny: patterns(deny),
        }
    }

    #[test]
    fn a_path_is_allowed_with_all_that_lies_in_it_and_denied_with_all_around_it() {
        for (allow, deny, path, allowed) in [
            (&["/srv/shop"][..], &[][..], "/srv/shop", true),
            (&["/srv/shop"], &[], "/srv/shop/data", true),
            (&["/srv/shop"], &[], "/srv/shopping", false),
            (&["/srv/shop"], &[], "/srv", false),
            (&["/srv/*/data"], &[], "/srv/a/data", true),
            (&[], &["/etc"], "/etc/ssl", false),
            (&[], &["/etc/ssl"], "/etc", false),
            (&[], &["/etc/ssl"], "/", false),
            (&[], &["/etc"], "/srv", true),
            (&["/srv"], &["/srv/secret"], "/srv/open", true),
        ] {
            assert_eq!(allows(&choice(allow, deny), path), allowed, "{allow:?} {deny:?} {path}");
        }
    }

    #[test]
    fn docker_s_socket_is_found_behind_every_door() {
        let mount = |value| serde_json::from_value::<Mount>(value).expect("a mount");
        let bind = |source: &str| mount(json!({"Type": "bind", "Source": source, "Target": "/x"}));
        let rules = MountRules::default();
        for source in ["/var/run/docker.sock", "/run//docker.sock", "/run", "/", "/srv/../var/run"]
        {
            let found = forbidden(&bind(source), &rules);
            assert!(found[0].contains("docker's socket"), "{source}: {found:?}");
        }
        assert_eq!(forbidden(&bind("/srv"), &rules), [""; 0]);
        let volume =
            mount(json!({"Type": "volume", "Source": "v", "Target": "/x", "VolumeOptions":
            {"DriverConfig": {"Options": {"type": "none", "o": "bind", "device": "/run"}}}}));
        assert_eq!(forbidden(&volume, &rules).len(), 1, "a volume in name only");
        let only = MountRules { types: Some(["volume".to_owned()].into()), ..rules };
        assert_eq!(forbidden(&bind("/srv"), &only).len(), 1);
        let named = mount(json!({"Type": "volume", "Source": "v", "Target": "/x"}));
        assert_eq!(forbidden(&named, &only), [""; 0]);
        let free = MountRules { docker_socket: Allowed::Yes, ..MountRules::default() };
        assert_eq!(forbidden(&bind("/var/run/docker.sock"), &free), [""; 0]);
    }
}
