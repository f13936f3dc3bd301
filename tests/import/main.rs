//! What runs, drawn and read again, differs in nothing: on the simulated swarm.

#![expect(clippy::expect_used, reason = "a test may fail")]

mod again;
mod part;
mod round;
mod silence;
mod versions;

use std::sync::Arc;

use round::{Declared, round, text};
use skep::model::{ApiVersion, Entry, RepoPath};

/// A stack that uses nearly every key.
const RICH: &str = include_str!("rich.yml");

fn declared(files: &[(&str, &[u8])]) -> Declared {
    let mut declared = Declared::default();
    for (name, bytes) in files {
        let path = RepoPath::new(name).expect("a path");
        declared.files.insert(path, Entry::File(Arc::from(*bytes)));
    }
    declared
}

async fn check(files: &[(&str, &[u8])], api: u16) -> round::Round {
    let round = round(&declared(files), ApiVersion::v1(api)).await;
    let declared = files.iter().map(|(_, bytes)| String::from_utf8_lossy(bytes));
    let declared = declared.collect::<Vec<_>>().join("\n");
    let drawn = text(&round.drawings);
    assert_eq!(round.differing, Vec::<String>::new(), "{declared}\n{drawn}");
    round
}

fn rich() -> Vec<(&'static str, &'static [u8])> {
    vec![
        ("rich/compose.yml", RICH.as_bytes()),
        ("rich/motd.txt", b"pay $5\n  and wait\n"),
        ("rich/blob.bin", &[0, 159, 146, 150]),
        ("rich/rules.yml", b"services: not a stack\n"),
        ("rich/password.txt", b"hunter2\n"),
        ("rich/.skepignore", b"rules.yml\n"),
    ]
}

#[tokio::test]
async fn swap_comes_back_from_an_engine_that_knows_it() {
    let of = |settings: &str| {
        format!(
            "services: {{a: {{image: 'x:1', deploy: {{resources: {{limits: {{memory: 1g}}}}}}, \
             x-skep: {{{settings}}}}}}}\n"
        )
    };
    for settings in ["swap: 512m, swappiness: 0", "swap: unlimited", "swap: 0"] {
        let text = of(settings);
        let round = check(&[("s.yml", text.as_bytes())], 52).await;
        let drawn = self::text(&round.drawings);
        let swap = settings.split(',').next().expect("one").to_uppercase();
        assert!(drawn.to_uppercase().contains(&swap), "{settings}: {drawn}");
        check(&[("s.yml", text.as_bytes())], 51).await;
    }
}

#[tokio::test]
async fn a_stack_with_nearly_every_key_comes_back_as_it_was() {
    for api in [41, 51] {
        let round = check(&rich(), api).await;
        if api == 51 {
            insta::assert_snapshot!(text(&round.drawings));
        }
        assert_eq!(round.drawings.remarks, [], "1.{api}");
    }
}
