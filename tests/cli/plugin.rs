//! skep as a plugin of docker's command line: the same program under another name.

use std::os::unix::fs::symlink;

use assert_cmd::Command;

use crate::{call, directory, text};

#[test]
fn under_dockers_name_it_answers_as_a_plugin() {
    let dir = directory(&[("shop/compose.yml", "services:\n  web:\n    image: x\n")]);
    let program = dir.path().join("docker-skep");
    symlink(env!("CARGO_BIN_EXE_skep"), &program).expect("a link");
    let plugin = |arguments: &[&str]| {
        let mut command = Command::new(&program);
        command.env_clear().args(arguments);
        call(command)
    };
    let metadata = plugin(&["docker-cli-plugin-metadata"]);
    let json: serde_json::Value = serde_json::from_str(&metadata.out).expect("JSON");
    assert_eq!(json["SchemaVersion"], "0.1.0");
    assert_eq!(json["Vendor"], "skep");
    let validated = plugin(&["skep", "validate", text(dir.path())]);
    assert_eq!((validated.code, validated.err.as_str()), (0, "1 stack, 1 service\n"));
    let status = plugin(&["--host", "unix:///nowhere/x.sock", "skep", "status"]);
    assert!(status.err.contains("/nowhere/x.sock"), "{}", status.err);
    assert_eq!(plugin(&["validate", "."]).code, 2);
}
