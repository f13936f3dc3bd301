//! The image, made by the Dockerfile on a node that reaches no registry of the world.
//!
//! The program is the one that the tests were built with; the Dockerfile takes a program that lies
//! ready as it is. All else is as for everybody. The image stays on the node, as those of the demo
//! program do: the next test finds its layers made.

#![expect(clippy::disallowed_methods, reason = "a test makes files and runs docker")]

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::lab::{Lab, Node};

/// What the Dockerfile builds upon.
const BASE: &str = "debian:bookworm-slim";

/// Builds the image on a node, under a name.
pub fn build(lab: &Lab, node: &Node, name: &str) {
    lab.base_image(node);
    let context = tempfile::tempdir().expect("a directory");
    let dockerfile = Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile");
    fs::copy(dockerfile, context.path().join("Dockerfile")).expect("the Dockerfile");
    let mut strip = Command::new("strip");
    strip.arg("-o").arg(context.path().join("skep")).arg(env!("CARGO_BIN_EXE_skep"));
    assert!(strip.status().expect("strip, of binutils").success());
    let context = context.path().to_str().expect("a plain path");
    let builder = format!("BUILDER={BASE}");
    // The classic builder needs no helper images.
    let words = ["build", "--quiet", "--force-rm", "--build-arg", &builder, "--tag", name, context];
    let mut docker = lab.client(node);
    let output = docker.env("DOCKER_BUILDKIT", "0").args(words).output().expect("docker");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
