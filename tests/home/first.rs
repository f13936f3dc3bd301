//! The install of the README: a public repository in one variable.

use crate::install::{Install, PATIENCE};
use crate::lab::{Claim, Lab, within};
use crate::repo::Repo;
use crate::server::Server;

/// The image that `charts/skep/stack.yml` names.
pub const RELEASED: &str = concat!("ghcr.io/skep-dev/skep:", env!("CARGO_PKG_VERSION"));

/// A stack with a service, a config and a network.
fn shop(lab: &Lab, greeting: &str) -> String {
    format!(
        "services:\n  web:\n    image: {}\n    environment: {{GREETING: {greeting}}}\n    \
         networks: [front]\n    configs: [motd]\n    deploy: {{update_config: {{monitor: 1s}}}}\n\
         networks: {{front: {{}}}}\nconfigs: {{motd: {{file: motd.txt}}}}\n",
        lab.image("1")
    )
}

/// The service's environment and tasks, as docker's client tells them.
fn web(lab: &Lab, claim: &Claim<'_>) -> Option<(String, String)> {
    let name = format!("{}_web", claim.prefix);
    let format = "{{range .Spec.TaskTemplate.ContainerSpec.Env}}{{.}}{{end}}";
    let inspect = ["service", "inspect", "--format", format, &name];
    let tasks = ["service", "ps", "--filter", "desired-state=running", "--format"];
    let tasks = [&tasks[..], &["{{.ID}} {{.CurrentState}}", "--no-trunc", &name]].concat();
    let environment = lab.try_docker(claim.node, &inspect).ok()?;
    let tasks = lab.try_docker(claim.node, &tasks).ok()?;
    let (task, state) = tasks.split_once(' ')?;
    state.starts_with("Running").then(|| (environment, task.to_owned()))
}

/// Everything in the swarm but skep's own stack.
fn others(lab: &Lab, claim: &Claim<'_>) -> Vec<String> {
    let list = |kind| lab.docker(claim.node, &[kind, "ls", "--format", "{{.Name}}"]);
    let all = ["service", "network", "secret", "config"].map(list).join("\n");
    let own = ["", "skep_skep", "skep_default"];
    all.lines().filter(|name| !own.contains(name)).map(str::to_owned).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn one_command_installs_skep_which_observes_then_writes_then_leaves_all_running() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "home");
    let stack = claim.prefix.as_str();
    let file = format!("{stack}/compose.yml");
    let repo = Repo::new();
    repo.write(&format!("{stack}/motd.txt"), "welcome\n");
    repo.commit(&file, &shop(&lab, "hello"));
    let server = Server::http_at(lab.here(), &repo.beside("")).await;
    let source = server.url.as_str();
    let before = others(&lab, &claim);

    // It observes.
    let install = Install::with_image(&lab, RELEASED);
    install.deploy(&["stack.yml"], &[("SKEP_SOURCE", source)]);
    let service = format!("object=service/{stack}_web");
    install.says(&["drift", &service, "GREETING"]);
    install.says(&["held", &service, "ObserveOnly"]);
    install.healthy();
    assert_eq!(others(&lab, &claim), before);

    // It writes.
    let variables = [("SKEP_SOURCE", source), ("SKEP_OBSERVE", ""), ("SKEP_INTERVAL", "1s")];
    install.deploy(&["stack.yml"], &variables);
    let greets = |greeting: &str| {
        let wanted = format!("GREETING={greeting}");
        let runs = || web(&lab, &claim).is_some_and(|(environment, _)| environment == wanted);
        assert!(within(PATIENCE, runs), "{:?}\n{}", web(&lab, &claim), install.logs());
    };
    greets("hello");
    let revision = repo.commit(&file, &shop(&lab, "good evening"));
    greets("good evening");
    install.says(&["stack", stack, "settled=\"well\""]);
    install.healthy();
    asked(&install, (stack, source), &revision);

    // It goes.
    let running = web(&lab, &claim);
    install.remove().expect("the stack skep is removed");
    let left = others(&lab, &claim);
    for name in ["_web", "_front", "_motd"] {
        assert!(left.contains(&format!("{stack}{name}")), "{name}: {left:?}");
    }
    assert_eq!(web(&lab, &claim), running);
}

/// The commands of `docs/operations.md`, in the container.
fn asked(install: &Install<'_>, (stack, source): (&str, &str), revision: &str) {
    let status = || install.exec(&["skep", "status"]).expect("the status");
    let (seen, short) = (status(), &revision[..12]);
    assert!(seen.contains(short) && seen.contains(&format!("{stack}_web")), "{seen}");
    let same = install.exec(&["skep", "diff", source]).expect("no drift");
    assert!(same.contains("Nothing differs"), "{same}");
    let suspend = ["skep", "suspend", stack, "--for", "2h", "--reason", "a look by hand"];
    install.exec(&suspend).expect("a suspension");
    assert!(status().contains("a look by hand"), "{}", status());
    install.exec(&["skep", "resume", stack]).expect("its end");
    assert!(!status().contains("a look by hand"), "{}", status());
}
