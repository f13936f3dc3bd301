//! The install for private repositories and registries: credentials as secrets of the swarm, under
//! the names that `charts/skep/with-*.yml` give.

#![expect(clippy::disallowed_methods, reason = "a test reads the laboratory's logins")]

use std::os::unix::fs::MetadataExt;

use crate::install::{Install, PATIENCE};
use crate::lab::{Lab, within};
use crate::repo::Repo;
use crate::server::{Behaviour, Server};
use crate::sshd::Sshd;

/// A name of the image in the registry, which wants a login.
fn image(lab: &Lab) -> String {
    format!("{}/private/skep:test", lab.registry.address)
}

/// Numbers of a user and of the group that may write to the engine's socket.
fn user(install: &Install<'_>) -> String {
    let socket = std::fs::metadata(&install.node.socket).expect("the engine's socket");
    format!("10001:{}", socket.gid())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn token_login_and_key_come_as_secrets_and_root_is_not_needed() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "home");
    let (stack, node) = (claim.prefix.as_str(), claim.node);
    let program = lab.image("private").split('@').next().expect("a name");
    let repo = Repo::new();
    repo.write(&format!("{stack}/password.txt"), "open sesame");
    let text = format!(
        "services:\n  web:\n    image: {program}\n    secrets: [password]\n\
         secrets: {{password: {{file: password.txt}}}}\n"
    );
    repo.commit(&format!("{stack}/compose.yml"), &text);
    let server = Server::http_at(lab.here(), &repo.beside("")).await;
    let login = Some(("robot".to_owned(), "let-it-in".to_owned()));
    server.behave(Behaviour { login, ..Behaviour::default() });

    let install = Install::with_image(&lab, &image(&lab));
    lab.docker(node, &["push", "--quiet", &image(&lab)]);
    install.secret("skep-git-token", b"robot:let-it-in");
    let logins = std::fs::read(lab.docker_config.join("config.json")).expect("logins");
    install.secret("skep-registry-login", &logins);
    install.secret("skep-key", &[7; 32]);
    let files = ["stack.yml", "with-git-token.yml", "with-registry.yml", "with-key.yml"];
    let (user, image) = (user(&install), image(&lab));
    let variables = [("SKEP_USER", user.as_str()), ("SKEP_IMAGE", &image)];
    let source = [("SKEP_SOURCE", server.url.as_str()), ("SKEP_OBSERVE", "")];
    install.deploy(&files, &[variables, source].concat());

    let service = format!("{stack}_web");
    let state = ["service", "ps", "--format", "{{.CurrentState}}", &service];
    let runs = || lab.try_docker(node, &state).is_ok_and(|state| state.starts_with("Running"));
    assert!(within(PATIENCE, runs), "{}", install.logs());
    let image = lab.docker(
        node,
        &["service", "inspect", "--format", "{{.Spec.TaskTemplate.ContainerSpec.Image}}", &service],
    );
    assert_eq!(image, lab.image("private"));
    assert_eq!(install.exec(&["id", "-u"]).as_deref(), Ok("10001"));
    let configs = lab.docker(node, &["config", "ls", "--format", "{{.Name}}"]);
    assert!(!configs.contains("skep-skep-key"), "{configs}");
    install.healthy();
    for word in ["let-it-in", "open sesame", &lab.registry.password] {
        assert!(!install.logs().contains(word), "{word} is in the log");
    }
}

#[test]
fn a_deploy_key_comes_as_a_secret() {
    let lab = Lab::alone();
    let claim = lab.claim("three", "home");
    let repo = Repo::new();
    let file = format!("{}/compose.yml", claim.prefix);
    repo.commit(&file, &format!("services: {{web: {{image: {}}}}}", lab.image("1")));
    let sshd = Sshd::start_at(lab.here(), &repo.beside("sshd"));
    let install = Install::with_image(&lab, &image(&lab));
    install.secret("skep-git-key", sshd.user_key().as_bytes());
    install.secret("skep-git-known-hosts", sshd.known_hosts().as_bytes());
    let (source, image, user) = (sshd.url(&repo.path()), image(&lab), user(&install));
    let variables =
        [("SKEP_SOURCE", source.as_str()), ("SKEP_IMAGE", &image), ("SKEP_USER", &user)];
    install.deploy(&["stack.yml", "with-git-ssh.yml"], &variables);
    install.says(&["revision", &repo.head()]);
}
