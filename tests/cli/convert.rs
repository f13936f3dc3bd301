//! `convert`, both ways: what comes out means what went in.

use tempfile::TempDir;

use crate::{call, directory, skep, text};

/// A compose file with nearly everything that a conversion can lose.
const COMPOSE: &str = "\
name: shop
version: \"3.8\"
# a comment
x-probe: &probe {interval: 3s, retries: 2}
services:
  web:
    image: shop/web:${TAG:-1}
    ports: [\"8080:80\", \"443\"]
    environment: {MODE: \"${MODE:?}\", DOLLAR: a$$b, NUMBER: \"010\"}
    healthcheck: {<<: *probe, test: [CMD, \"true\"]}
    configs: [{source: motd, target: /motd, mode: 0440}]
    secrets: [password]
    volumes: [data:/data]
    deploy: {replicas: $COUNT, labels: {a: b}}
  api:
    image: shop/api:1
    networks: [front]
    depends_on: {web: {condition: service_started}}
networks:
  default:
  front: {driver_opts: {encrypted: \"\"}}
volumes:
  data:
configs:
  motd: {content: \"hello\\nworld\\n\"}
secrets:
  password: {file: password.txt}
x-skep: {suspend: lunch}
";

fn files(compose: &str) -> TempDir {
    let env = "MODE=fast\nCOUNT=3\n";
    directory(&[("shop.yml", compose), ("password.txt", "hunter2"), (".env", env)])
}

fn convert(dir: &TempDir, file: &str, more: &[&str]) -> String {
    let path = dir.path().join(file);
    let called = call(skep(&[&["convert", text(&path)], more].concat()));
    assert_eq!(called.code, 0, "{}{}", called.err, called.out);
    called.out
}

/// What a file comes to.
fn rendered(dir: &TempDir, file: &str) -> String {
    let path = dir.path().join(file);
    let called = call(skep(&["render", text(&path), "--engine"]));
    assert_eq!(called.code, 0, "{}", called.err);
    called.out
}

#[test]
fn a_compose_file_becomes_manifests_and_comes_back() {
    let dir = files(COMPOSE);
    let before = rendered(&dir, "shop.yml");
    let manifests = convert(&dir, "shop.yml", &["--to", "manifests"]);
    insta::assert_snapshot!(manifests);
    let dir = files(&manifests);
    assert_eq!(rendered(&dir, "shop.yml"), before);
    let compose = convert(&dir, "shop.yml", &["--to", "compose"]);
    insta::assert_snapshot!("compose_again", compose);
    let dir = files(&compose);
    assert_eq!(rendered(&dir, "shop.yml"), before);
}

#[test]
fn files_and_variables_of_a_stack_are_taken_in() {
    let head = |name: &str, tag: &str| {
        format!(
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: {name}}}\nspec:\n  files: \
             [base.yml]\n  variables: {{TAG: \"{tag}\"}}\n  services: {{web: {{deploy: {{replicas: \
             1}}, ports: !override [\"81:80\"]}}}}\n"
        )
    };
    let stacks = format!("{}---\n{}", head("test", "2"), head("prod", "1"));
    let base = "services:\n  web: {image: \"shop/web:$TAG\", ports: [\"80:80\"]}\n";
    let dir = directory(&[("stacks.yml", &stacks), ("base.yml", base)]);
    let compose = convert(&dir, "stacks.yml", &["--to", "compose", "--name", "prod"]);
    insta::assert_snapshot!(compose, @r#"
    # .env: TAG="1"
    name: prod
    services:
      web:
        deploy:
          replicas: 1
        ports:
          - "81:80"
        image: shop/web:$TAG
    "#);
    let path = dir.path().join("stacks.yml");
    let called = call(skep(&["convert", text(&path), "--to", "compose"]));
    assert_eq!(called.code, 2);
    assert!(called.err.contains("choose one with --name"), "{}", called.err);
}

#[test]
fn what_cant_be_converted_is_told_with_its_place() {
    for (file, to, why) in [
        ("services: {a: {image: x}}\n", "compose", "this is no manifest"),
        ("x: 1\n", "manifests", "this is no compose file"),
        ("name: a-$X\nservices: {a: {image: x}}\n", "manifests", "shop.yml:1:7"),
        ("services:\n  a: {image: x\n", "manifests", "not valid YAML"),
        ("apiVersion: skep/v1\nkind: Sevice\n", "compose", "did you mean 'Service'?"),
    ] {
        let dir = files(file);
        let path = dir.path().join("shop.yml");
        let called = call(skep(&["convert", text(&path), "--to", to]));
        assert_eq!((called.code, called.out.as_str()), (2, ""), "{file}: {}", called.err);
        assert!(called.err.contains(why), "{file}: {}", called.err);
    }
}

#[test]
fn standard_input_is_converted_too() {
    let mut command = skep(&["convert", "-", "--to", "manifests", "--name", "piped"]);
    command.write_stdin("services: {web: {image: x}}\n");
    let called = call(command);
    assert_eq!(called.code, 0, "{}", called.err);
    assert!(called.out.contains("name: piped\n"), "{}", called.out);
}
