//! The image, made by the Dockerfile on a node that reaches no registry of the world.
//!
//! The program is the one that the tests were built with; the Dockerfile takes a program that lies
//! ready as it is. All else is as for everybody. The image stays on the node, as those of the demo
//! program do: the next test finds its layers made.

#![expect(clippy::disallowed_methods, reason = "a test makes files and runs docker")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::lab::{Lab, Node};

/// What the Dockerfile builds upon.
pub const BASE: &str = "debian:bookworm-slim";

/// Builds the image on a node, under a name.
pub fn build(lab: &Lab, node: &Node, name: &str) {
    lab.base_image(node);
    let context = tempfile::tempdir().expect("a directory");
    let dockerfile = Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile");
    fs::copy(dockerfile, context.path().join("Dockerfile")).expect("the Dockerfile");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(context.path().join("skep")).arg(env!("CARGO_BIN_EXE_skep"));
    assert!(strip.status().expect("strip, of binutils").success());
    let builder = format!("BUILDER={BASE}");
    made(lab, node, (name, context.path()), &["--build-arg", &builder]);
}

/// Builds another image upon one that is there: a program that is put into it at a path.
pub fn derive(lab: &Lab, node: &Node, (name, from): (&str, &str), (path, program): (&str, &[u8])) {
    let context = tempfile::tempdir().expect("a directory");
    let added = context.path().join("added");
    fs::write(&added, program).expect("a file");
    fs::set_permissions(&added, fs::Permissions::from_mode(0o755)).expect("a program");
    let lines = format!("FROM {from}\nCOPY added {path}\n");
    fs::write(context.path().join("Dockerfile"), lines).expect("a Dockerfile");
    made(lab, node, (name, context.path()), &[]);
}

/// A program of `tests/program`, compiled.
pub fn program(source: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a directory");
    let build = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/program/build");
    let program = folder.path().join("program");
    let status = Command::new(build).arg(&program).arg(source).status();
    assert!(status.expect("a script").success(), "{source} is not built");
    fs::read(program).expect("a program")
}

/// Pushes an image and takes it off the node, which has to fetch it then; gives its digest.
pub fn push(lab: &Lab, node: &Node, name: &str) -> String {
    lab.docker(node, &["push", "--quiet", name]);
    let digests = ["image", "inspect", "--format", "{{index .RepoDigests 0}}", name];
    let digest = lab.docker(node, &digests);
    lab.docker(node, &["image", "rm", name]);
    digest.split('@').nth(1).expect("a digest").to_owned()
}

fn made(lab: &Lab, node: &Node, (name, context): (&str, &Path), more: &[&str]) {
    let context = context.to_str().expect("a plain path");
    let words = [&["build", "--quiet", "--force-rm", "--tag", name], more, &[context]].concat();
    let mut docker = lab.client(node);
    // The classic builder needs no helper images.
    let output = docker.env("DOCKER_BUILDKIT", "0").args(words).output().expect("docker");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
