//! A repository that holds skep's own stack.

use std::path::Path;

use crate::first::RELEASED;
use crate::install::Install;
use crate::lab::Lab;
use crate::repo::Repo;
use crate::server::Server;

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn skep_takes_its_own_stack_over_updates_itself_and_does_not_remove_itself() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "home");
    let chart = Path::new(env!("CARGO_MANIFEST_DIR")).join("charts/skep/stack.yml");
    #[expect(clippy::disallowed_methods, reason = "the test commits the project's own file")]
    let chart = std::fs::read_to_string(chart).expect("the stack file");
    let repo = Repo::new();
    let server = Server::http_at(lab.here(), &repo.beside("")).await;
    let source = server.url.as_str();
    let variables = [("SKEP_SOURCE", source), ("SKEP_OBSERVE", ""), ("SKEP_INTERVAL", "1s")];
    let lines = variables.map(|(name, value)| format!("{name}={value}\n"));
    repo.write("skep/.env", &lines.concat());
    repo.commit("skep/stack.yml", &chart);

    // Taken over as it runs.
    let install = Install::with_image(&lab, RELEASED);
    install.deploy(&["stack.yml"], &variables);
    let first = install.container();
    install.says(&["stack=\"skep\"", "settled=\"well\""]);
    assert_eq!(install.container(), first);

    // Its update ends it; the next one goes on.
    let changed = chart.replace("memory: 512M", "memory: 600M");
    assert_ne!(changed, chart);
    let revision = repo.commit("skep/stack.yml", &changed);
    install.replaced(first.as_deref());
    install.says(&["revision", &revision]);
    install.says(&["stack=\"skep\"", "settled=\"well\""]);

    // Not even when git does not hold it any more.
    repo.git(&["rm", "--quiet", "-r", "skep"]);
    // Without any declaration nothing would be removed anyway.
    let other =
        format!("services: {{web: {{image: {}, deploy: {{replicas: 0}}}}}}", lab.image("1"));
    repo.commit(&format!("{}/compose.yml", claim.prefix), &other);
    install.says(&["held", "object=service/skep_skep", "NeedsApproval", "skep.keep"]);
}
