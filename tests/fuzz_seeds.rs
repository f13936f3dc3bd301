//! The fuzz targets on their seeds, with the ordinary compiler.
#![expect(clippy::disallowed_methods, reason = "seeds are files of the repository")]
#![expect(clippy::unwrap_used, reason = "a test that can't go on ends")]

use std::path::Path;

#[path = "../fuzz/entries/mod.rs"]
mod entries;

fn check(target: &str, run: impl Fn(&[u8])) {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds").join(target);
    let seeds: Vec<_> = std::fs::read_dir(&directory).unwrap().map(Result::unwrap).collect();
    assert!(!seeds.is_empty(), "{target} has no seeds");
    for seed in seeds {
        let bytes = std::fs::read(seed.path()).unwrap();
        run(&bytes);
        // Cut off anywhere, and with a byte broken, it must not hurt either.
        for at in (0..bytes.len()).step_by(7) {
            run(&bytes[..at]);
            let mut broken = bytes.clone();
            broken[at] ^= 0x15;
            run(&broken);
        }
    }
}

#[test]
fn address() {
    check("address", entries::address::run);
}

#[test]
fn compose() {
    check("compose", entries::compose::run);
}

#[test]
fn engine() {
    check("engine", entries::engine::run);
}

#[test]
fn files() {
    check("files", entries::files::run);
}

#[test]
fn git() {
    check("git", entries::git::run);
}

#[test]
fn http() {
    check("http", entries::http::run);
}

#[test]
fn image() {
    check("image", entries::image::run);
}

#[test]
fn interpolate() {
    check("interpolate", entries::interpolate::run);
}

#[test]
fn ledger() {
    check("ledger", entries::ledger::run);
}

#[test]
fn logins() {
    check("logins", entries::logins::run);
}

#[test]
fn sops() {
    check("sops", entries::sops::run);
}

#[test]
fn text() {
    check("text", entries::text::run);
}

#[test]
fn yaml() {
    check("yaml", entries::yaml::run);
}
