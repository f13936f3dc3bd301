//! `validate` and `render`, on files.

use crate::{call, directory, skep, text};

const GOOD: &str = "services:\n  web:\n    image: shop/web:1\n    environment:\n      PW: hunter2\n    \
                    ports: [\"8080:80\"]\n";
const BAD: &str = "services:\n  web:\n    imge: shop/web:1\n";

#[test]
fn validate_ends_with_0_without_errors_and_with_1_with_some() {
    let dir = directory(&[("shop/compose.yml", GOOD)]);
    let called = call(skep(&["validate", text(dir.path())]));
    assert_eq!((called.code, called.out.as_str()), (0, ""), "{}", called.err);
    assert_eq!(called.err, "1 stack, 1 service\n");
    let dir = directory(&[("shop/compose.yml", GOOD), ("bad/compose.yml", BAD)]);
    let called = call(skep(&["validate", text(dir.path())]));
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(called.out.contains("--> bad/compose.yml:3:5"), "{}", called.out);
    assert!(called.out.contains("3 |     imge: shop/web:1\n    |     ^"), "{}", called.out);
    let called = call(skep(&["validate", "/nowhere/at/all"]));
    assert_eq!(called.code, 1);
    assert!(called.err.starts_with("error: opening /nowhere/at/all"), "{}", called.err);
}

#[test]
fn a_job_is_counted_and_shown_and_the_engine_gets_nothing_for_it_yet() {
    let job = "  tidy:\n    image: shop/tidy:1\n    x-skep: {job: {schedule: '@daily'}}\n";
    let dir = directory(&[("shop/compose.yml", &format!("{GOOD}{job}"))]);
    let called = call(skep(&["validate", text(dir.path())]));
    assert_eq!((called.code, called.err.as_str()), (0, "1 stack, 1 service, 1 job\n"));
    let called = call(skep(&["render", text(dir.path())]));
    assert!(called.out.contains("service/shop_tidy"), "{}", called.out);
    let called = call(skep(&["render", text(dir.path()), "--engine"]));
    assert!(!called.out.contains("tidy"), "{}", called.out);
}

#[test]
fn validate_writes_json_for_programs() {
    let dir = directory(&[("bad/compose.yml", BAD)]);
    let called = call(skep(&["validate", text(dir.path()), "-o", "json"]));
    let json: serde_json::Value = serde_json::from_str(&called.out).expect("JSON");
    assert_eq!(json["problems"][0]["file"], "bad/compose.yml");
    assert_eq!(json["problems"][1]["line"], 3);
    for form in ["markdown", "html"] {
        let called = call(skep(&["validate", text(dir.path()), "-o", form]));
        assert!(called.out.contains("bad/compose.yml:3:5"), "{form}: {}", called.out);
    }
}

#[test]
fn one_file_is_read_without_the_others_beside_it() {
    let dir = directory(&[("good.yml", GOOD), ("bad.yml", BAD)]);
    let file = dir.path().join("good.yml");
    let called = call(skep(&["validate", text(&file)]));
    assert_eq!((called.code, called.err.as_str()), (0, "1 stack, 1 service\n"), "{}", called.out);
}

#[test]
fn standard_input_is_one_file() {
    let mut command = skep(&["render", "-", "--name", "piped", "--engine"]);
    command.write_stdin(GOOD);
    let called = call(command);
    assert_eq!(called.code, 0, "{}", called.err);
    let bodies: serde_json::Value = serde_json::from_str(&called.out).expect("JSON");
    let names: Vec<_> = bodies.as_array().expect("a list").iter().map(|b| &b["name"]).collect();
    assert_eq!(names, ["piped_default", "piped_web"]);
}

#[test]
fn render_engine_prints_what_the_engine_gets_and_render_hides_what_may_be_secret() {
    let dir = directory(&[("shop/compose.yml", GOOD)]);
    let called = call(skep(&["render", text(dir.path()), "--engine"]));
    let bodies: serde_json::Value = serde_json::from_str(&called.out).expect("JSON");
    let container = &bodies[1]["body"]["TaskTemplate"]["ContainerSpec"];
    assert_eq!(container["Env"][0], "PW=hunter2");
    assert_eq!(bodies[1]["kind"], "service");
    for form in ["text", "json"] {
        let called = call(skep(&["render", text(dir.path()), "-o", form]));
        assert_eq!(called.code, 0, "{}", called.err);
        assert!(called.out.contains("PW") && !called.out.contains("hunter2"), "{}", called.out);
    }
}

#[test]
fn render_ends_with_2_when_a_declaration_has_errors() {
    let dir = directory(&[("bad/compose.yml", BAD)]);
    let called = call(skep(&["render", text(dir.path())]));
    assert_eq!(called.code, 2);
    assert!(called.err.contains("bad/compose.yml:3:5"), "{}", called.err);
}

#[test]
fn variables_come_from_the_environment_of_the_command() {
    let file = "services:\n  web:\n    image: shop/web:${TAG:?}\n";
    let dir = directory(&[("shop/compose.yml", file)]);
    let mut command = skep(&["render", text(dir.path()), "--engine"]);
    command.env("TAG", "7");
    let called = call(command);
    assert!(called.out.contains("shop/web:7"), "{}{}", called.out, called.err);
}

#[test]
fn schemas_are_written_as_they_stand_in_crds() {
    let dir = directory(&[]);
    let called = call(skep(&["schema", "--out", text(dir.path())]));
    assert_eq!(called.code, 0, "{}", called.err);
    let kept = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("crds");
    let read = |path: std::path::PathBuf| std::fs::read_to_string(path).expect("a file");
    for entry in std::fs::read_dir(kept).expect("crds") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_owned();
        assert!(read(dir.path().join(&name)) == read(path), "crds/{} is stale", name.display());
    }
}

#[test]
fn environments_of_one_repository_share_files_beside_them() {
    let stack = "services:\n  web:\n    image: x\n    env_file: ../common.env\n";
    let manifest = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: base}\nspec: {files: \
                    [../../base/base.yml]}\n";
    let base = "services:\n  db: {image: y, env_file: common.env}\n";
    let dir = directory(&[
        ("envs/common.env", "A=shared\n"),
        ("envs/prod/web.yml", stack),
        ("envs/prod/base.yml", manifest),
        ("base/base.yml", base),
        ("base/common.env", "B=shared\n"),
    ]);
    let render = |more: &[&str]| {
        let source = [&["render", text(dir.path()), "--path", "envs/prod", "--engine"], more];
        call(skep(&source.concat()))
    };
    let called = render(&[]);
    assert_eq!(called.code, 0, "{}", called.err);
    for part in ["A=shared", "B=shared", "web_web", "base_db"] {
        assert!(called.out.contains(part), "{part}: {}", called.out);
    }
    // The base is no stack of its own: it stands around the path.
    assert_eq!(called.out.matches("\"kind\": \"service\"").count(), 2, "{}", called.out);
    crate::hostile::git(dir.path(), &["init", "--quiet", "--initial-branch=main"]);
    crate::hostile::git(dir.path(), &["add", "--all"]);
    crate::hostile::git(dir.path(), &["commit", "--quiet", "--message", "x"]);
    let cache = tempfile::tempdir().expect("a directory");
    let by_commit = render(&["--ref", "main", "--cache", text(cache.path())]);
    assert_eq!((by_commit.code, by_commit.out), (0, called.out), "{}", by_commit.err);
}

#[test]
fn no_path_leads_out_of_a_repository() {
    let stack = "services:\n  web:\n    image: x\n    env_file: ../../common.env\n";
    let dir = directory(&[("common.env", "A=1\n"), ("repo/prod/web.yml", stack)]);
    let repo = dir.path().join("repo");
    std::os::unix::fs::symlink("../common.env", repo.join("link.env")).expect("a link");
    let called = call(skep(&["validate", text(&repo), "--path", "prod"]));
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(called.out.contains("'../../common.env' leads out of the source"), "{}", called.out);
    assert!(called.out.contains("--> web.yml:4:15"), "{}", called.out);
    let link = stack.replace("../../common.env", "../link.env");
    std::fs::write(repo.join("prod/web.yml"), link).expect("a file");
    let called = call(skep(&["validate", text(&repo), "--path", "prod"]));
    let words = "the symbolic link '../link.env' leads out of the source";
    assert!(called.out.contains(words), "{}", called.out);
}
