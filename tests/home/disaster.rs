//! The runbook of `docs/disaster.md` for the swarm that is empty, and had its own registry and git host
//! on it. The steps have the runbook's numbers.

#![expect(clippy::disallowed_methods, reason = "a test measures real time")]

use std::collections::BTreeSet;
use std::time::Instant;

use crate::install::Install;
use crate::lab::Lab;
use crate::matrix::Line;
use crate::site::Site;
use crate::traces::Events;

/// `skep apply` of one folder of the clone.
fn apply(site: &Site<'_>, folder: &str, more: &[&str]) {
    let words = [&["apply", "/clone", "--path", folder, "--timeout", "90s"], more].concat();
    let (code, told) = site.skep(&words);
    assert_eq!(code, Some(0), "{told}");
}

/// Waits until everything is as git declares it, by the words of the operator, of the engine and of
/// `diff`.
fn well(site: &Site<'_>, install: &Install<'_>) {
    for stack in ["infra", "shop"].map(|name| site.stack(name)) {
        install.says(&[&format!("stack=\"{stack}\""), "settled=\"well\""]);
    }
    install.healthy();
    let (code, told) = site.skep(&["diff", &site.git()]);
    assert!(code == Some(0) && told.contains("Nothing differs"), "{code:?} {told}");
}

/// The swarm as it was for months, and what was copied last night: before the last push.
fn found(site: &Site<'_>, install: &Install<'_>) {
    site.trust();
    site.secrets.iter().for_each(|secret| site.make_secret(secret));
    apply(site, &site.stack("infra"), &[]);
    for name in ["infra/registry", "infra/git", "infra/skep", "shop/web"] {
        site.push_image(name);
    }
    site.copy();
    site.push_image("shop/api");
    site.push();
    apply(site, "skep", &["--no-wait"]);
    well(site, install);
}

/// Steps 1 to 4: whatever needs neither registry nor git host, and then these two.
fn begin(site: &Site<'_>) -> Events {
    site.init();
    site.trust();
    let events = Events::of(site.lab, &site.nodes[0]);
    site.restore();
    let [key, token] = &site.secrets[..] else { panic!("two secrets") };
    let (code, told) = site.skep(&["plan", "/clone"]);
    assert_eq!(code, Some(0), "{told}");
    for (name, _) in [key, token] {
        assert!(
            told.contains(&format!("waiting for secret/{name}, which does not exist")),
            "{told}"
        );
    }
    // The other one is forgotten.
    site.make_secret(key);
    apply(site, &site.stack("infra"), &[]);
    events
}

#[test]
fn an_empty_swarm_is_rebuilt_from_a_clone_with_its_registry_and_git_host_on_it() {
    let lab = Lab::alone();
    let site = Site::new(&lab);
    let install = Install::with_image(&lab, &site.image("infra/skep"));
    site.build();
    found(&site, &install);
    let before = site.inventory();
    site.lose();

    let began = Instant::now();
    let events = begin(&site);
    let running = site.containers();
    assert_eq!(running.len(), 2, "registry and git host");
    // 5. The git host has what the clone has.
    site.push();
    // 6. The operator.
    apply(&site, "skep", &["--no-wait"]);
    // 7. It says what is missing, and goes on when that is there.
    let token = &site.secrets[1];
    install.says(&["held", "_web", "Waiting", &token.0]);
    install.says(&["held", "_api", "Quarantined", "manifest unknown"]);
    let (_, status) = site.skep(&["status", &site.git()]);
    assert!(status.contains(&token.0) && status.contains("manifest unknown"), "{status}");
    site.make_secret(token);
    site.docker(&["tag", lab.image("2"), &site.image("shop/api")]);
    site.push_image("shop/api");
    well(&site, &install);
    let took = began.elapsed();

    assert_eq!(site.inventory(), before);
    assert!(site.containers().is_superset(&running), "what was there runs on");
    let seen = events.seen();
    assert!(!seen.iter().any(|line| line.contains(" remove ")), "{seen:#?}");
    let made: Vec<_> = seen.iter().filter(|line| line.contains(" create ")).collect();
    let once: BTreeSet<_> = made.iter().collect();
    assert_eq!((made.len(), once.len()), (before.len(), before.len()), "{made:#?}");
    let line = Line {
        scenario: "the swarm is empty, registry and git host ran on it",
        topology: "three (1 manager)",
        must_hold: "all that git declares is there again, nothing is made twice, nothing differs",
    };
    let (took, made) = (took.as_secs_f64(), made.len());
    line.held(&lab, &format!("well {took:.1} s after the new swarm, {made} objects made"));
}
