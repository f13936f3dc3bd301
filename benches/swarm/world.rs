//! What is deployed: stacks of fifty services that want no tasks, so that only the bookkeeping is
//! measured.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use tempfile::TempDir;

/// Services of one stack.
const OF_A_STACK: usize = 50;

/// A repository with a file for each stack.
pub struct World {
    directory: TempDir,
    image: String,
    services: usize,
}

impl World {
    /// Writes and commits the files.
    pub fn new(image: &str, services: usize) -> Self {
        let directory = tempfile::tempdir().expect("a directory");
        let world = Self { directory, image: image.to_owned(), services };
        world.git(&["init", "--quiet", "--initial-branch=main"]);
        for stack in 0..world.stacks() {
            world.write(stack, 0);
        }
        world.commit();
        world
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn services(&self) -> usize {
        self.services
    }

    pub fn stacks(&self) -> usize {
        self.services.div_ceil(OF_A_STACK)
    }

    pub fn stack_name(stack: usize) -> String {
        format!("bench{stack:02}")
    }

    pub fn file(&self, stack: usize) -> PathBuf {
        self.path().join(format!("{}.yml", Self::stack_name(stack)))
    }

    /// Full name of a service.
    pub fn service_name(service: usize) -> String {
        format!("{}_s{:02}", Self::stack_name(service / OF_A_STACK), service % OF_A_STACK)
    }

    /// Commits a change to the first service of a stack.
    pub fn change(&self, stack: usize, generation: usize) {
        self.write(stack, generation);
        self.commit();
    }

    fn write(&self, stack: usize, generation: usize) {
        let last = OF_A_STACK.min(self.services - stack * OF_A_STACK);
        let mut text = "version: \"3.8\"\nservices:\n".to_owned();
        for service in 0..last {
            let generation = if service == 0 { generation } else { 0 };
            text.push_str(&self.service(service, generation));
        }
        std::fs::write(self.file(stack), text).expect("a file");
    }

    fn service(&self, service: usize, generation: usize) -> String {
        let image = &self.image;
        let mut text = format!("  s{service:02}:\n    image: {image}\n    environment:\n");
        writeln!(text, "      GENERATION: \"{generation}\"").expect("memory");
        for number in 0..8 {
            writeln!(text, "      SETTING_{number}: value {number} of s{service:02}")
                .expect("memory");
        }
        text.push_str("    labels: {team: bench}\n    deploy:\n      replicas: 0\n");
        text.push_str("      labels: {tier: backend, contact: nobody}\n");
        text.push_str("      resources: {limits: {memory: 64M}}\n");
        text.push_str("      update_config: {parallelism: 2, order: start-first}\n");
        text
    }

    fn commit(&self) {
        self.git(&["add", "--all"]);
        self.git(&["commit", "--quiet", "--message=change"]);
    }

    fn git(&self, arguments: &[&str]) {
        let mut git = Command::new("git");
        git.arg("-C").arg(self.path()).args(["-c", "user.name=bench", "-c", "user.email=b@b.test"]);
        git.env("GIT_CONFIG_GLOBAL", "/dev/null").env("GIT_CONFIG_SYSTEM", "/dev/null");
        let status = git.args(arguments).status().expect("git");
        assert!(status.success(), "git {arguments:?}");
    }
}
