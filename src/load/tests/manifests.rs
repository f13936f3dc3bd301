//! Manifests.

use super::{check, check_with, file_set, loaded};
use crate::load::manifest::examples;

#[test]
fn manifests_of_one_stack_make_one_stack() {
    insta::assert_snapshot!(check(&[
        (
            "mon.yml",
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: monitoring}\nspec:\n  suspend: not yet\n  volumes: {data: }\n---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: prom, labels: {team: ops}}\nspec: {image: 'prom:1', volumes: ['data:/d'], configs: [c], networks: [n]}\n---\napiVersion: skep/v1\nkind: Config\nmetadata: {name: c}\nspec: {content: hi}\n",
        ),
        ("net.yml", "apiVersion: skep/v1\nkind: Network\nmetadata: {name: n, stack: monitoring}\nspec: {}\n"),
    ]), @"
    stack monitoring Whole from mon.yml, net.yml
      suspended: not yet
      service monitoring_prom prom:1
      network monitoring_n
      config monitoring_c
    ");
}

#[test]
fn one_file_makes_two_stacks() {
    let stack = |name: &str, tag: &str| {
        format!(
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {{name: {name}}}\nspec:\n  files: [shop.yml, more.yml]\n  variables: {{TAG: '{tag}'}}\n"
        )
    };
    let (test, live) = (stack("test", "2"), stack("live", "1"));
    insta::assert_snapshot!(check_with(&[
        ("envs/../shop.yml", "services: {web: {image: 'web:$TAG'}}\n"),
        ("more.yml", "services: {web: {labels: {a: b}}, api: {image: 'api:$TAG'}}\n"),
        ("test.yml", &test),
        ("live.yml", &live),
    ], &[("TAG", "process")]), @"
    stack live Whole from live.yml, more.yml, shop.yml
      service live_api api:1
      service live_web web:1
      network live_default
    stack test Whole from more.yml, shop.yml, test.yml
      service test_api api:2
      service test_web web:2
      network test_default
    ");
}

#[test]
fn mistakes_in_envelopes_are_told() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "apiVersion: skep/v2\nkind: Stack\n"),
        ("b.yml", "apiVersion: skep/v1\nkind: Servce\nmetadata: {name: x}\nspec: {}\n"),
        ("c.yml", "apiVersion: skep/v1\nkind: Service\nmetadata: {nam: x}\nspec: {image: x}\n"),
        ("d.yml", "apiVersion: skep/v1\nkind: Service\nmetadata: {name: x, lables: {}}\nspec: {image: x}\n---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: y}\nspec: {imag: x}\n"),
        ("e.yml", "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: e}\nspec: {name: e, files: [nope.yml, ../x.yml], foo: 1}\n"),
        ("f.yml", "apiVersion: skep/v1\nkind: Service\nmetadata: {name: x, stack: a.b}\nspec: {image: x}\n"),
    ]), @"
    stack d Partial from d.yml
    broken e
    nameless a.yml
    nameless b.yml
    nameless c.yml
    nameless f.yml
    error: a.yml:1:13: the only version is skep/v1
        apiVersion: skep/v2
    error: b.yml:2:7: this is no kind of manifest (did you mean 'Service'?)
        kind: Servce
    error: c.yml:3:11: the key 'name' is missing (write name: …)
        metadata: {nam: x}
    error: c.yml:3:12: unknown key 'nam' (did you mean 'name'?)
        metadata: {nam: x}
    error: d.yml:3:21: unknown key 'lables' (did you mean 'labels'?)
        metadata: {name: x, lables: {}}
    error: d.yml:8:18: the service has no image (write image: NAME:TAG; stacks run images that exist already)
        metadata: {name: y}
    error: d.yml:9:8: unknown key 'imag' (did you mean 'image'?)
        spec: {imag: x}
    error: e.yml:4:14: unknown key 'name' (the name stands in metadata.name)
        spec: {name: e, files: [nope.yml, ../x.yml], foo: 1}
    error: e.yml:4:25: there is no file 'nope.yml' in the source (paths are relative to the file that names them, and stay inside the repository)
        spec: {name: e, files: [nope.yml, ../x.yml], foo: 1}
    error: e.yml:4:35: the path '../x.yml' leads out of the source (paths are relative to the file that names them, and stay inside the repository)
        spec: {name: e, files: [nope.yml, ../x.yml], foo: 1}
    error: e.yml:4:46: unknown key 'foo' (remove it; keys of your own begin with x-)
        spec: {name: e, files: [nope.yml, ../x.yml], foo: 1}
    error: f.yml:3:28: 'a.b' can't be the name of a stack: the name may hold letters, digits, '-' and '_', and must begin and end with a letter or digit (choose another name)
        metadata: {name: x, stack: a.b}
    ");
}

#[test]
fn two_documents_with_one_name_are_told() {
    let service = "apiVersion: skep/v1\nkind: Service\nmetadata: {name: web, stack: shop}\nspec: {image: x}\n";
    let stack = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: twice}\nspec: {services: {a: {image: x}}}\n";
    insta::assert_snapshot!(check(&[
        ("a.yml", service),
        ("b.yml", service),
        ("c.yml", &format!("{stack}---\n{stack}")),
    ]), @"
    stack shop Partial from a.yml, b.yml
    broken twice
    error: b.yml:3:18: Service 'web' is declared twice, the other time in a.yml (line 3) (rename one of the two; none of them is used)
        metadata: {name: web, stack: shop}
    error: c.yml:3:18: the stack 'twice' is declared here and in c.yml (line 8) (give one of them another name; none of them is used)
        metadata: {name: twice}
    error: c.yml:8:18: the stack 'twice' is declared here and in c.yml (line 3) (give one of them another name; none of them is used)
        metadata: {name: twice}
    ");
}

#[test]
fn what_is_asked_of_nodes_and_what_is_wrong_with_it() {
    let node = |name: &str, spec: &str| {
        format!("apiVersion: skep/v1\nkind: Node\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    };
    let files = [
        (
            "a.yml",
            node("good", "match: {hostname: 'db-*', id: 'x?'}, labels: {n: 1}, role: worker"),
        ),
        ("b.yml", node("all", "labels: {disk: ssd}")),
        ("c.yml", node("glob", "match: {hostname: 'db-[1'}")),
        ("d.yml", node("word", "match: {id: '*'}, availability: drained")),
        ("e.yml", node("key", "match: {hostnam: x}")),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    insta::assert_snapshot!(check(&files), @"
    error: b.yml:4:7: the key 'match' is missing (write match: …)
        spec: {labels: {disk: ssd}}
    error: c.yml:4:26: 'db-[1' is no pattern: unclosed character class; missing ']' (as in db-*)
        spec: {match: {hostname: 'db-[1'}}
    error: d.yml:4:40: has to be one of: active, pause, drain (did you mean 'drain'?)
        spec: {match: {id: '*'}, availability: drained}
    error: e.yml:4:8: no node is meant (say hostname: or id:, * for all nodes)
        spec: {match: {hostnam: x}}
    error: e.yml:4:16: unknown key 'hostnam' (did you mean 'hostname'?)
        spec: {match: {hostnam: x}}
    ");
}

#[test]
fn sources_are_read() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "apiVersion: skep/v1\nkind: Source\nmetadata: {name: team}\nspec: {url: 'https://git.example/t.git', branch: main}\n"),
        ("b.yml", "apiVersion: skep/v1\nkind: Source\nmetadata: {name: bad}\nspec: {url: x, branch: main, tag: v1, credentials: {token: abc}}\n"),
    ]), @"
    source team https://git.example/t.git
    error: b.yml:4:7: a source follows one of branch, tag and commit (keep one of them)
        spec: {url: x, branch: main, tag: v1, credentials: {token: …}}
    error: b.yml:4:53: unknown key 'token' (the keys here are key_file, known_hosts_file, password_file, token_file, user)
        spec: {url: x, branch: main, tag: v1, credentials: {token: …}}
    ");
}

#[test]
fn the_examples_in_the_schemas_load_without_a_problem() {
    let shop = "services: {web: {image: 'x:$TAG'}}\n";
    for (kind, example) in examples() {
        let used = if example.contains("shop.yml") { "shop.yml" } else { "unused.txt" };
        let files = file_set(&[
            ("example.yml", example),
            (used, shop),
            ("secrets/database.txt", "x"),
            (".env", "TAG=1\n"),
        ]);
        let loaded = loaded(&files, &[]);
        assert_eq!(loaded.problems, [], "{}", kind.as_str());
        assert!(loaded.broken.is_empty() && loaded.nameless.is_empty());
    }
}

#[test]
fn settings_of_a_stack_stand_in_its_spec() {
    insta::assert_snapshot!(check(&[
        ("m.yml", "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: m}\nspec:\n  files: [s.yml]\n  suspend: later\n  profiles: [p]\n  ignore_unsupported: [privileged]\n  logging: {driver: syslog}\n  services: {a: {ports: !override ['81:81']}}\n"),
        ("s.yml", "services:\n  a: {image: x, privileged: true, ports: ['80:80']}\n  b: {image: x, profiles: [p]}\n  c: {image: x, profiles: [q]}\n"),
        ("n.yml", "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: n}\nspec: {x-skep: {}, profiles: p, logging: {drivr: x}, include: [s.yml], services: {}}\n"),
    ]), @"
    stack m Whole from m.yml, s.yml
      suspended: later
      service m_a x:latest
      service m_b x:latest
      network m_default
    broken n
    error: n.yml:4:8: unknown key 'x-skep' (write its keys without x-skep: suspend, rollout, approval, windows, wave, depends_on, recreate, prune, reveal, ignore, moved_from, profiles, ignore_unsupported, logging)
        spec: {x-skep: {}, profiles: p, logging: {drivr: x}, include: [s.yml], services: {}}
    error: n.yml:4:30: has to be a list, not text (write a list: - VALUE on lines of their own below it)
        spec: {x-skep: {}, profiles: p, logging: {drivr: x}, include: [s.yml], services: {}}
    error: n.yml:4:43: unknown key 'drivr' (did you mean 'driver'?)
        spec: {x-skep: {}, profiles: p, logging: {drivr: x}, include: [s.yml], services: {}}
    error: n.yml:4:63: unknown key 'include' (list the file under files, or include it in one of those)
        spec: {x-skep: {}, profiles: p, logging: {drivr: x}, include: [s.yml], services: {}}
    warning: s.yml:2:17: 'privileged' has no effect: Swarm runs no privileged tasks (x-skep.ignore_unsupported says to run the service without it)
          a: {image: x, privileged: true, ports: ['80:80']}
    ");
}

#[test]
fn guards_are_read_and_those_with_mistakes_are_known_as_such() {
    let guard = |name: &str, spec: &str| {
        format!("apiVersion: skep/v1\nkind: Guard\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
    };
    let files = [
        ("good.yml", guard("good", "sources: [a], ports: {published: [80, 8000-8999]}")),
        ("bad.yml", guard("bad", "sources: [b], imags: {}")),
        ("port.yml", guard("port", "stacks: [c], ports: {published: [9-1, x]}")),
        ("cut.yml", "apiVersion: skep/v1\nkind: Guard\nmetadata: [\n".to_owned()),
    ];
    let files: Vec<(&str, &str)> =
        files.iter().map(|(name, text)| (*name, text.as_str())).collect();
    let loaded = loaded(&file_set(&files), &[]);
    let told: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    let good = &loaded.guards[0];
    let ports = good.ports.as_ref().expect("a rule");
    assert_eq!(ports.published, Some(vec![(80, 80), (8000, 8999)]));
    assert_eq!((loaded.guards.len(), loaded.unread_guards.len()), (1, 3), "{told:#?}");
    let about = loaded.unread_guards.iter().map(|guard| {
        let count = |patterns: &Option<Vec<_>>| patterns.as_ref().map(Vec::len);
        (guard.place.file.as_str(), count(&guard.about.sources), count(&guard.about.stacks))
    });
    let expected =
        [("bad.yml", Some(1), None), ("cut.yml", None, None), ("port.yml", None, Some(1))];
    assert_eq!(about.collect::<Vec<_>>(), expected);
    assert!(told.iter().any(|line| line.contains("did you mean 'images'?")), "{told:#?}");
    assert_eq!(
        told.iter().filter(|line| line.contains("no range of ports")).count(),
        2,
        "{told:#?}"
    );
}
