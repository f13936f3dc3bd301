//! Files of the repository that are mounted.

use super::{file_set, loaded, show};
use crate::model::{Content, Naming, StackName};

const FILE: &str = "services:\n  web:\n    image: web:1\n    volumes: ['./conf/nginx.conf:/etc/nginx/nginx.conf:ro', './site:/srv']\n  api:\n    image: api:1\n    volumes: [{type: bind, source: conf/nginx.conf, target: /n}]\n";

#[test]
fn a_mounted_file_becomes_a_config_of_its_service() {
    let files = file_set(&[
        ("a/shop.yml", FILE),
        ("a/conf/nginx.conf", "listen 80;"),
        ("a/site/index.html", "hi"),
        ("a/site/.gitkeep", ""),
        ("a/site/bin/run", "#!/bin/sh\n"),
    ]);
    let loaded = loaded(&files, &[]);
    assert!(loaded.problems.iter().all(|problem| !problem.is_error()), "{:?}", loaded.problems);
    let stack = &loaded.desired.stacks[&StackName::new("shop").unwrap()];
    let names: Vec<&str> = stack.configs.keys().map(String::as_str).collect();
    let all =
        ["api-conf-nginx.conf", "web-conf-nginx.conf", "web-site-bin-run", "web-site-index.html"];
    assert_eq!(names, all.map(|name| format!("shop_{name}")));
    assert!(stack.configs.values().all(|config| config.naming == Naming::Versioned));
    let Content::Stored { data, hash } = &stack.configs["shop_web-conf-nginx.conf"].content else {
        panic!()
    };
    assert_eq!(loaded.data.get(data, hash.as_ref()).unwrap().reveal(), b"listen 80;");
    let container = stack.services["shop_web"].spec.task_template.container_spec.as_ref().unwrap();
    assert!(container.mounts.is_empty());
    let mounted: Vec<String> = container
        .configs
        .iter()
        .filter_map(|config| config.file.as_ref().map(|file| (config, file)))
        .map(|(config, file)| format!("{} {} {:o}", config.config_name, file.name, file.mode))
        .collect();
    insta::assert_json_snapshot!(mounted);
}

#[test]
fn what_becomes_of_a_relative_path_is_told() {
    let files = [("shop.yml", FILE), ("conf/nginx.conf", "listen 80;"), ("site/a", "1")];
    let files = file_set(&files);
    let mut loaded = loaded(&files, &[]);
    loaded.problems = loaded.told_in_full(&files);
    insta::assert_snapshot!(show(&loaded));
}

#[test]
fn what_cannot_become_configs_is_told_with_what_swarm_can_do() {
    let many: Vec<(String, String)> =
        (0..17).map(|i| (format!("many/{i}"), "x".to_owned())).collect();
    let half = "x".repeat(600 * 1024);
    let mut files = vec![
        (
            "s.yml",
            "services:\n  a: {image: 'x:1', volumes: ['./f:/f:rw']}\n  b: {image: 'x:1', volumes: ['./none:/f']}\n  c: {image: 'x:1', volumes: ['./many:/f']}\n  d: {image: 'x:1', volumes: ['./large:/f']}\n  e: {image: 'x:1', volumes: ['../f:/f']}\n  f: {image: 'x:1', volumes: ['./empty:/f']}\n  g: {image: 'x:1', volumes: ['./f:/f'], configs: [{source: c, target: /f}]}\n  h: {image: 'x:1', volumes: ['./$HIDDEN:/f']}\n  ok: {image: 'x:1', volumes: ['./f:/f']}\nconfigs: {c: {content: x}}\n",
        ),
        ("f", "x"),
        ("empty", ""),
        ("large/a", &half),
        ("large/b", &half),
    ];
    files.extend(many.iter().map(|(name, text)| (name.as_str(), text.as_str())));
    insta::assert_snapshot!(super::check_with(&files, &[("HIDDEN", "hunter2")]));
}

#[test]
fn names_of_such_configs_stay_unique_and_within_the_engines_limit() {
    let long = format!("{}/{}.conf", "directory".repeat(4), "file".repeat(9));
    let text = format!(
        "services:\n  web:\n    image: web:1\n    volumes: ['./a/b:/1', './a-b:/2', './a/b:/3', './{long}:/4', './é:/5']\nconfigs: {{web-c: {{content: x}}}}\n"
    );
    let files = [("shop.yml", text.as_str()), ("a/b", "1"), ("a-b", "2"), (&long, "3"), ("é", "4")];
    let loaded = loaded(&file_set(&files), &[]);
    assert!(loaded.problems.iter().all(|problem| !problem.is_error()), "{:?}", loaded.problems);
    let stack = &loaded.desired.stacks[&StackName::new("shop").unwrap()];
    let names: Vec<&String> = stack.configs.keys().collect();
    assert!(names.iter().all(|name| name.len() <= 53), "{names:?}");
    insta::assert_json_snapshot!(names);
}

/// The config was made although nothing of the service was.
#[test]
fn a_service_with_another_mistake_leaves_no_configs_and_no_networks() {
    let text = "services:\n  bad: {image: 'x:1', volumes: ['./f:/f'], networks: [only], deploy: {mode: odd}}\n  ok: {image: 'x:1', volumes: ['./f:/f'], networks: [both]}\n  late: {image: 'x:1', networks: [both, none]}\nnetworks: {only: , both: }\n";
    let loaded = loaded(&file_set(&[("s.yml", text), ("f", "x")]), &[]);
    assert_eq!(loaded.problems.iter().filter(|problem| problem.is_error()).count(), 2);
    let stack = &loaded.desired.stacks[&StackName::new("s").unwrap()];
    assert_eq!(stack.services.keys().collect::<Vec<_>>(), ["s_ok"]);
    assert_eq!(stack.configs.keys().collect::<Vec<_>>(), ["s_ok-f"]);
    assert_eq!(stack.networks.keys().collect::<Vec<_>>(), ["s_both"]);
}
