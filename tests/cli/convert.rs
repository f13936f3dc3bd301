//! `convert`, both ways: what comes out means what went in.

use std::path::Path;

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

/// Files as they lie there, with a name and a text each.
type Files<'a> = [(&'a str, &'a str)];

/// The file's conversion and the way back both come to what the file comes to.
fn check_round(files: &Files<'_>, file: &str, steps: [&str; 2]) -> [String; 2] {
    let with = |text: &str| {
        let others = files.iter().filter(|(name, _)| *name != file).copied();
        directory(&others.chain([(file, text)]).collect::<Vec<_>>())
    };
    let dir = directory(files);
    let before = rendered(&dir, file);
    let first = convert(&dir, file, &["--to", steps[0]]);
    let dir = with(&first);
    assert_eq!(rendered(&dir, file), before, "{first}");
    let second = convert(&dir, file, &["--to", steps[1]]);
    let dir = with(&second);
    assert_eq!(rendered(&dir, file), before, "{second}");
    [first, second]
}

const BASED: &str = "\
include:
  - more.yml
  - path: [sub/other.yml, sub/change.yml]
services:
  base: {image: \"x:1\", labels: {a: b}, command: run}
  web: {extends: base, environment: {A: 1}}
  api: {extends: {service: web, file: shop.yml}, networks: [front]}
  free: {image: y}
networks: {front: {internal: true}}
";

#[test]
fn what_is_included_and_what_begins_as_a_copy_is_converted_both_ways() {
    let more =
        "services: {db: {image: d, networks: [front]}}\nnetworks: {front: {internal: true}}\n";
    let other = "services: {far: {image: f, env_file: far.env, environment: [B]}}\n";
    let files = [
        ("shop.yml", BASED),
        ("more.yml", more),
        ("sub/other.yml", other),
        ("sub/change.yml", "services: {far: {hostname: $HOST}}\n"),
        ("sub/.env", "HOST=h\n"),
        ("sub/far.env", "C=1\n"),
    ];
    let [manifests, compose] = check_round(&files, "shop.yml", ["manifests", "compose"]);
    insta::assert_snapshot!("with_files", manifests);
    insta::assert_snapshot!("with_include", compose);
}

#[test]
fn an_include_that_has_no_counterpart_is_told_with_what_to_do() {
    let more = ("more.yml", "services: {b: {image: y}}\n");
    for (include, files, why) in [
        ("{path: more.yml, env_file: e.env}", &[more, ("e.env", "A=1")][..], "'env_file' can't be"),
        ("{path: more.yml, project_directory: .}", &[more], "put this include into a compose file"),
        ("$MORE", &[more], "write the name out"),
        ("none.yml", &[more], "name a compose file"),
        ("sub/more.yml", &[("sub/more.yml", more.1), (".env", "A=1")], "the .env beside this file"),
        (
            "more.yml",
            &[("more.yml", "services: {b: {image: y}}\nx-skep: {suspend: x}\n")],
            "x-skep",
        ),
        ("more.yml", &[("more.yml", "services: {a: {image: x}}\n")], "is declared in two files"),
        ("{path: [more.yml, sub/a.yml]}", &[more, ("sub/a.yml", more.1)], "of two directories"),
    ] {
        let file = format!("include: [{include}]\nservices: {{a: {{image: x}}}}\n");
        let dir = directory(&[files, &[("shop.yml", file.as_str())]].concat());
        let path = dir.path().join("shop.yml");
        let called = call(skep(&["convert", text(&path), "--to", "manifests"]));
        assert_eq!((called.code, called.out.as_str()), (2, ""), "{include}: {}", called.err);
        assert!(called.err.contains("--> shop.yml:1:"), "{include}: {}", called.err);
        assert!(called.err.contains(why), "{include}: {}", called.err);
    }
}

#[test]
fn files_of_a_stack_that_one_compose_file_cant_hold_are_told() {
    let copies = "services: {base: {image: x}, web: {extends: base}}\n";
    for (files, own, why) in [
        (
            &[("a.yml", copies)][..],
            "services: {base: {image: y}}",
            "'base' stands in several files",
        ),
        (&[("sub/a.yml", copies)], "services: {web: {hostname: h}}", "overrides what is included"),
        (&[("sub/a.yml", copies), (".env", "A=1")], "services: {}", "the .env beside this file"),
        (&[("sub/a.yml", "x-skep: {suspend: x}")], "services: {}", "x-skep of 'sub/a.yml'"),
        (&[], "services: {}", "can't be read"),
    ] {
        let list = files.first().map_or("none.yml", |(name, _)| name);
        let file = format!(
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: s}}\nspec:\n  files: [{list}]\n  {own}\n"
        );
        let dir = directory(&[files, &[("shop.yml", file.as_str())]].concat());
        let path = dir.path().join("shop.yml");
        let called = call(skep(&["convert", text(&path), "--to", "compose"]));
        assert_eq!((called.code, called.out.as_str()), (2, ""), "{own}: {}", called.err);
        assert!(called.err.contains(why), "{own}: {}", called.err);
    }
}

/// Everything below `examples/`, by path.
#[expect(clippy::unwrap_used, reason = "a test that can't go on ends")]
fn below(top: &Path, name: &str, files: &mut Vec<(String, String)>) {
    for entry in std::fs::read_dir(top.join(name)).unwrap() {
        let entry = entry.unwrap();
        let name = Path::new(name).join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => below(top, name.to_str().unwrap(), files),
            false => {
                let text = std::fs::read_to_string(top.join(&name)).unwrap();
                files.push((name.to_str().unwrap().to_owned(), text));
            }
        }
    }
}

#[test]
fn examples_come_back_from_their_conversion() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    let mut rounds = 0;
    for example in std::fs::read_dir(&top).unwrap() {
        let (top, mut files) = (example.unwrap().path(), Vec::new());
        below(&top, "", &mut files);
        let mut files: Vec<(&str, &str)> =
            files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        // What their stacks say of the variables.
        files.push((".env", "TAG=1.27\n"));
        for (file, text) in &files {
            if file.ends_with(".yml")
                && text.contains("\nservices:")
                && !text.contains("apiVersion")
            {
                check_round(&files, file, ["manifests", "compose"]);
                rounds += 1;
            }
        }
    }
    assert!(rounds >= 3, "{rounds} examples");
}

/// Two stacks of one set of files, each with its own variables.
#[test]
fn stacks_of_the_examples_become_compose_files() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/environments");
    let mut files = Vec::new();
    below(&top, "", &mut files);
    for stack in ["blog-test", "blog-prod"] {
        let own: Vec<_> = files.iter().map(|(name, text)| (name.as_str(), text.as_str())).collect();
        let dir = directory(&own);
        let asked = ["--to", "compose", "--name", stack];
        let compose = convert(&dir, "stacks.yml", &asked);
        let path = dir.path().join("stacks.yml");
        let whole = call(skep(&["render", text(&path), "--engine"]));
        let whole: serde_json::Value = serde_json::from_str(&whole.out).unwrap();
        let of_stack = |object: &&serde_json::Value| {
            object["name"].as_str().unwrap().starts_with(&format!("{stack}_"))
        };
        let before: Vec<_> = whole.as_array().unwrap().iter().filter(of_stack).collect();
        let line = |line: &str| line.strip_prefix("# .env: ").map(|line| format!("{line}\n"));
        let env: String = compose.lines().filter_map(line).collect();
        let dir = directory(&[("stacks.yml", &compose), (".env", &env)]);
        let after: serde_json::Value = serde_json::from_str(&rendered(&dir, "stacks.yml")).unwrap();
        assert_eq!(after.as_array().unwrap().iter().collect::<Vec<_>>(), before, "{compose}");
    }
}
