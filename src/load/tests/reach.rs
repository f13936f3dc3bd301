//! `extends`, `include`, and several files of one stack.

use super::{check, check_with, spec_of};

/// Command lines, environment and labels of a service, as one line each.
fn container(files: super::Files<'_>, service: &str) -> String {
    let (spec, problems) = spec_of(files, service);
    let container = &spec["TaskTemplate"]["ContainerSpec"];
    let keys = ["Image", "Args", "Env", "Labels", "Mounts", "DNSConfig", "Healthcheck"];
    let parts = keys.iter().filter(|key| !container[**key].is_null());
    let parts = parts.map(|key| format!("{key} {}", container[*key]));
    let ports = spec["EndpointSpec"]["Ports"].as_array().cloned().unwrap_or_default();
    let ports = ports.iter().map(|port| format!("Port {port}"));
    parts.chain(ports).chain(problems).collect::<Vec<_>>().join("\n")
}

#[test]
fn a_service_goes_over_what_it_extends() {
    let files = [
        (
            "shop.yml",
            "services:\n  web:\n    extends: {file: base/parts.yml, service: web}\n    command: serve\n    environment: [B=own]\n    env_file: own.env\n    labels: {own: '1'}\n    volumes: ['/own:/data']\n  plain: {image: 'plain:1', dns: 1.1.1.1}\n  here: {extends: plain, dns: 8.8.8.8}\n",
        ),
        (
            "base/parts.yml",
            "services:\n  web:\n    extends: {service: common}\n    image: web:$TAG\n    environment: {A: base, B: base}\n    env_file: base.env\n    volumes: ['/base:/data', '/a:/a']\n    healthcheck: {test: x}\n  common: {image: 'x', ports: ['80:80'], command: [base], labels: {base: '1'}}\n  unused: {imgae: '${NOWHERE}'}\n",
        ),
        ("base/.env", "TAG=7\n"),
        ("base/base.env", "FROM_BASE=1\n"),
        ("own.env", "FROM_OWN=1\n"),
    ];
    insta::assert_snapshot!(container(&files, "shop_web"), @r#"
    Image "web:7"
    Args ["serve"]
    Env ["A=base","B=own","FROM_BASE=1","FROM_OWN=1"]
    Labels {"base":"1","com.docker.stack.namespace":"shop","own":"1"}
    Mounts [{"Source":"/a","Target":"/a","Type":"bind"},{"Source":"/own","Target":"/data","Type":"bind"}]
    Healthcheck {"Test":["CMD-SHELL","x"]}
    Port {"Protocol":"tcp","PublishMode":"ingress","PublishedPort":80,"TargetPort":80}
    "#);
    insta::assert_snapshot!(container(&files, "shop_here"), @r#"
    Image "plain:1"
    Labels {"com.docker.stack.namespace":"shop"}
    DNSConfig {"Nameservers":["1.1.1.1","8.8.8.8"]}
    "#);
    insta::assert_snapshot!(check(&files), @"
    stack shop Whole from base/parts.yml, shop.yml
      service shop_here plain:1
      service shop_plain plain:1
      service shop_web web:7
      network shop_default
    ");
}

#[test]
fn circles_of_extends_are_told_with_their_way() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "services:\n  web: {extends: {file: b.yml, service: base}}\n  ok: {image: x}\n"),
        ("b.yml", "services:\n  base: {extends: {file: a.yml, service: web}}\n"),
        ("c.yml", "services:\n  self: {extends: self}\n  x: {extends: y}\n  y:\n    image: x\n    extends: {file: c.yml, service: x}\n"),
    ]), @"
    stack a Partial from a.yml, b.yml
      service a_ok x:latest
      network a_default
    stack b Partial from a.yml, b.yml
    stack c Partial from c.yml
    error: a.yml:2:41: extends leads in a circle: b.yml base → a.yml web → b.yml base (take one of these steps away)
          web: {extends: {file: b.yml, service: base}}
    error: b.yml:2:42: extends leads in a circle: a.yml web → b.yml base → a.yml web (take one of these steps away)
          base: {extends: {file: a.yml, service: web}}
    error: c.yml:2:19: extends leads in a circle: c.yml self → c.yml self (take one of these steps away)
          self: {extends: self}
    error: c.yml:3:16: extends leads in a circle: c.yml y → c.yml x → c.yml y (take one of these steps away)
          x: {extends: y}
    error: c.yml:6:37: extends leads in a circle: c.yml x → c.yml y → c.yml x (take one of these steps away)
            extends: {file: c.yml, service: x}
    ");
}

#[test]
fn what_extends_names_has_to_be_there() {
    insta::assert_snapshot!(check_with(&[
        (
            "a.yml",
            "services:\n  a: {extends: wbe}\n  b: {extends: {file: nope.yml, service: x}}\n  c: {extends: {file: parts.yml, service: wbe}}\n  d: {extends: {file: ../parts.yml, service: x}}\n  e: {extends: {file: bad.yml, service: x}}\n  f: {extends: {file: s.yml, service: x}}\n  g: {extends: {file: $FILE, service: x}}\n  h: {extends: {file: parts.yml}}\n  i: {extends: {file: parts.yml, service: bad}}\n  j: {extends: i}\n  web: {image: x}\n",
        ),
        ("parts.yml", "services:\n  web: {image: x}\n  bad: {imgae: x}\n"),
        ("bad.yml", "services: [\n"),
        ("s.yml", "apiVersion: skep/v1\nkind: Source\nmetadata: {name: s}\nspec: {url: x}\n"),
    ], &[("FILE", "hunter2")]), @"
    stack a Partial from a.yml, bad.yml, parts.yml, s.yml
      service a_web x:latest
      network a_default
    source s x
    nameless bad.yml
    error: a.yml:2:16: there is no service 'wbe' in a.yml (did you mean 'web'?)
          a: {extends: wbe}
    error: a.yml:3:23: there is no file 'nope.yml' in the source (paths are relative to the file that names them, and stay inside the repository)
          b: {extends: {file: nope.yml, service: x}}
    error: a.yml:4:43: there is no service 'wbe' in parts.yml (did you mean 'web'?)
          c: {extends: {file: parts.yml, service: wbe}}
    error: a.yml:5:23: the path '../parts.yml' leads out of the source (paths are relative to the file that names them, and stay inside the repository)
          d: {extends: {file: ../parts.yml, service: x}}
    error: a.yml:6:23: 'bad.yml' can't be read (correct that file: what is wrong is told for it)
          e: {extends: {file: bad.yml, service: x}}
    error: a.yml:7:23: 's.yml' is a manifest, not a compose file (name a compose file)
          f: {extends: {file: s.yml, service: x}}
    error: a.yml:8:23: with its variables filled in, there is no such file (paths are relative to the file that names them, and stay inside the repository)
          g: {extends: {file: $FILE, service: x}}
    error: a.yml:9:16: the key 'service' is missing (write service: …)
          h: {extends: {file: parts.yml}}
    error: a.yml:10:3: the service has no image (write image: NAME:TAG; stacks run images that exist already)
          i: {extends: {file: parts.yml, service: bad}}
    error: a.yml:11:3: the service has no image (write image: NAME:TAG; stacks run images that exist already)
          j: {extends: i}
    error: bad.yml:2:1: not valid YAML: while parsing a node, did not find expected node content (check indentation, quotes and brackets of this line and the one before)
    error: parts.yml:3:9: unknown key 'imgae' (did you mean 'image'?)
          bad: {imgae: x}
    ");
}

#[test]
fn manifests_extend_services_of_files() {
    insta::assert_snapshot!(check(&[
        ("shop.yml", "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: shop}\nspec:\n  services:\n    web: {extends: {file: parts/web.yml, service: web}}\n---\napiVersion: skep/v1\nkind: Service\nmetadata: {name: api}\nspec: {extends: {file: parts/web.yml, service: web}, image: 'api:1'}\n"),
        ("parts/web.yml", "services: {web: {image: 'web:1'}}\n"),
    ]), @"
    stack shop Whole from parts/web.yml, shop.yml
      service shop_api api:1
      service shop_web web:1
      network shop_default
    ");
}

#[test]
fn what_is_included_becomes_part_of_the_stack() {
    let files = [
        (
            "shop.yml",
            "include:\n  - data/db.yml\n  - path: [tools/a.yml, tools/b.yml]\n    env_file: tools.env\n    project_directory: tools/sub\nservices:\n  web: {image: 'web:$TAG', networks: [back]}\n",
        ),
        (
            "data/db.yml",
            "name: other\nx-skep: {suspend: x}\ninclude: [more.yml]\nservices:\n  db: {image: 'db:${DB_TAG}-$TAG', env_file: db.env, environment: [BARE], networks: [back]}\nnetworks: {back: }\n",
        ),
        ("data/more.yml", "services: {cache: {image: 'cache:$DB_TAG'}}\n"),
        ("data/.env", "DB_TAG=1\nTAG=inner\nBARE=inner\n"),
        ("data/db.env", "FROM=db\n"),
        (
            "tools/a.yml",
            "services: {tool: {image: 'tool:$TOOL', ports: ['80:80'], env_file: tool.env}}\n",
        ),
        ("tools/b.yml", "services: {tool: {ports: !override ['81:81']}}\n"),
        ("tools/sub/tool.env", "FROM=sub\n"),
        ("tools.env", "TOOL=3\n"),
        (".env", "TAG=9\n"),
    ];
    insta::assert_snapshot!(check(&files), @"
    stack shop Whole from data/db.yml, data/more.yml, shop.yml, tools/a.yml, tools/b.yml
      service shop_cache cache:1
      service shop_db db:1-9
      service shop_tool tool:3
      service shop_web web:9
      network shop_back
      network shop_default
    warning: data/db.yml:2:9: x-skep of a file that is included has no effect (write it into the file that includes)
        x-skep: {suspend: x}
    ");
    insta::assert_snapshot!(container(&files, "shop_db"), @r#"
    Image "db:1-9"
    Env ["BARE=inner","FROM=db"]
    Labels {"com.docker.stack.namespace":"shop"}
    data/db.yml:2:9: x-skep of a file that is included has no effect (write it into the file that includes)
    "#);
    insta::assert_snapshot!(container(&files, "shop_tool"), @r#"
    Image "tool:3"
    Env ["FROM=sub"]
    Labels {"com.docker.stack.namespace":"shop"}
    Port {"Protocol":"tcp","PublishMode":"ingress","PublishedPort":81,"TargetPort":81}
    data/db.yml:2:9: x-skep of a file that is included has no effect (write it into the file that includes)
    "#);
}

#[test]
fn a_file_may_do_nothing_but_include() {
    insta::assert_snapshot!(check(&[
        ("all.yml", "include: [a.yml, b.yml]\n"),
        ("a.yml", "services: {a: {image: x}}\n"),
        ("b.yml", "include: [a.yml]\nservices: {b: {image: x}}\n"),
        ("ci.yml", "include: [{local: x.yml}]\nstages: [test]\n"),
    ]), @"
    stack all Whole from a.yml, all.yml, b.yml
      service all_a x:latest
      service all_b x:latest
      network all_default
    ");
}

#[test]
fn what_is_included_overrides_nothing() {
    insta::assert_snapshot!(check(&[
        ("shop.yml", "include: [a.yml, b/b.yml]\nservices:\n  web: {image: x}\n  one: {image: x}\nsecrets: {s: {file: s.txt}}\n"),
        ("a.yml", "services:\n  web: {image: y}\n  one: {image: x}\n  two: {image: x}\n"),
        ("b/b.yml", "services:\n  two: {image: y}\nsecrets: {s: {file: s.txt}}\n"),
        ("s.txt", "a"),
        ("b/s.txt", "b"),
    ]), @"
    stack shop Partial from a.yml, b/b.yml, shop.yml
      service shop_one x:latest
      network shop_default
      secret shop_s
    error: a.yml:2:3: the service 'web' is declared here and in shop.yml (line 3) (what is included overrides nothing: rename one of the two, or list the file with the change after this one: include: [{path: [THIS, CHANGE]}])
          web: {image: y}
    error: b/b.yml:2:3: the service 'two' is declared here and in a.yml (line 4) (what is included overrides nothing: rename one of the two, or list the file with the change after this one: include: [{path: [THIS, CHANGE]}])
          two: {image: y}
    error: b/b.yml:3:11: the secret 's' is declared here and in shop.yml (line 5) (what is included overrides nothing: rename one of the two, or list the file with the change after this one: include: [{path: [THIS, CHANGE]}])
        secrets: {s: {file: s.txt}}
    ");
}

#[test]
fn circles_of_include_are_told_with_their_way() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "include: [b.yml]\nservices: {a: {image: x}}\n"),
        ("b.yml", "include: [a.yml]\nservices: {b: {image: x}}\n"),
        ("c.yml", "include: [c.yml]\nservices: {c: {image: x}}\n"),
        ("good.yml", "services: {a: {image: x}}\n"),
    ]), @"
    stack good Whole from good.yml
      service good_a x:latest
      network good_default
    broken a
    broken b
    broken c
    error: a.yml:1:11: include leads in a circle: b.yml → a.yml → b.yml (take one of these steps away)
        include: [b.yml]
    error: b.yml:1:11: include leads in a circle: a.yml → b.yml → a.yml (take one of these steps away)
        include: [a.yml]
    error: c.yml:1:11: include leads in a circle: c.yml → c.yml (take one of these steps away)
        include: [c.yml]
    ");
}

#[test]
fn mistakes_of_include_are_told() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "include:\n  - nope.yml\n  - {path: b.yml, env_file: nope.env}\n  - {paht: b.yml}\n  - oci://host/x\nservices: {a: {image: x}}\n"),
        ("b.yml", "services: {b: {image: x}}\n"),
        ("c.yml", "include: [b.yml, d.yml]\nservices: {a: {image: x}}\n"),
        ("d.yml", "services: {d: {imgae: x}}\n"),
    ]), @"
    stack c Partial from b.yml, c.yml, d.yml
      service c_a x:latest
      service c_b x:latest
      network c_default
    broken a
    error: a.yml:2:5: there is no file 'nope.yml' in the source (paths are relative to the file that names them, and stay inside the repository)
          - nope.yml
    error: a.yml:3:29: there is no file 'nope.env' in the source (paths are relative to the file that names them, and stay inside the repository)
          - {path: b.yml, env_file: nope.env}
    error: a.yml:4:5: the key 'path' is missing (write path: …)
          - {paht: b.yml}
    error: a.yml:4:6: unknown key 'paht' (did you mean 'path'?)
          - {paht: b.yml}
    error: a.yml:5:5: a file of another place can't be reached from here (put it into the repository and name it by its path)
          - oci://host/x
    error: d.yml:1:12: the service has no image (write image: NAME:TAG; stacks run images that exist already)
        services: {d: {imgae: x}}
    error: d.yml:1:16: unknown key 'imgae' (did you mean 'image'?)
        services: {d: {imgae: x}}
    ");
}

#[test]
fn files_that_only_extend_each_other_stay_stacks() {
    insta::assert_snapshot!(check(&[
        ("a.yml", "services: {web: {extends: {file: b.yml, service: base}}, base: {image: 'a:1'}}\n"),
        ("b.yml", "services: {web: {extends: {file: a.yml, service: base}}, base: {image: 'b:1'}}\n"),
    ]), @"
    stack a Whole from a.yml, b.yml
      service a_base a:1
      service a_web b:1
      network a_default
    stack b Whole from a.yml, b.yml
      service b_base b:1
      service b_web a:1
      network b_default
    ");
}

#[test]
fn several_files_reset_and_override_each_other() {
    let files = [
        (
            "m.yml",
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: m}\nspec: {files: [a.yml, b.yml]}\n",
        ),
        (
            "a.yml",
            "services:\n  a: {image: x, ports: ['80:80'], environment: {A: '1', B: '2'}, volumes: ['/a:/a'], command: [run], healthcheck: {test: x}, dns: 1.1.1.1}\n  b: {image: x}\nnetworks: {n: {driver: x}}\n",
        ),
        (
            "b.yml",
            "services:\n  a: {ports: !override ['81:81'], environment: {A: !reset , C: '3'}, volumes: !reset [], healthcheck: !reset null, dns: 8.8.8.8, labels: !override {a: b}}\n  b: !reset null\n  c: {image: x, ports: !reset ['1:1'], command: !override [a]}\n",
        ),
    ];
    insta::assert_snapshot!(container(&files, "m_a"), @r#"
    Image "x:latest"
    Args ["run"]
    Env ["B=2","C=3"]
    Labels {"a":"b","com.docker.stack.namespace":"m"}
    DNSConfig {"Nameservers":["1.1.1.1","8.8.8.8"]}
    Port {"Protocol":"tcp","PublishMode":"ingress","PublishedPort":81,"TargetPort":81}
    "#);
    insta::assert_snapshot!(container(&files, "m_c"), @r#"
    Image "x:latest"
    Args ["a"]
    Labels {"com.docker.stack.namespace":"m"}
    "#);
    insta::assert_snapshot!(check(&files), @"
    stack m Whole from a.yml, b.yml, m.yml
      service m_a x:latest
      service m_c x:latest
      network m_default
    ");
}

#[test]
fn a_base_that_two_files_include_is_there_once() {
    let files = [
        (
            "m.yml",
            "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: m}\nspec: {files: [a.yml, b.yml]}\n",
        ),
        ("a.yml", "include: [base.yml]\n"),
        ("b.yml", "include: [base.yml]\nservices: {b: {image: x}}\n"),
        ("base.yml", "services: {a: {image: x, dns: [1.1.1.1], env_file: e.env}}\n"),
        ("e.env", "A=1\n"),
    ];
    insta::assert_snapshot!(container(&files, "m_a"), @r#"
    Image "x:latest"
    Env ["A=1"]
    Labels {"com.docker.stack.namespace":"m"}
    DNSConfig {"Nameservers":["1.1.1.1"]}
    "#);
}

#[test]
fn parts_of_what_is_broken_do_not_become_stacks() {
    let part = "services: {db: {image: x}}\n";
    insta::assert_snapshot!(check(&[("shop.yml", "include: [db.yml]\nservices: {\n"), ("db.yml", part)]), @"
    broken db
    nameless shop.yml
    warning: db.yml:1:1: the file is no stack while shop.yml has mistakes: it may be a part of it (correct shop.yml, which names this file)
        services: {db: {image: x}}
    error: shop.yml:3:1: not valid YAML: while parsing a node, did not find expected node content (check indentation, quotes and brackets of this line and the one before)
    ");
    insta::assert_snapshot!(check(&[
        ("m.yml", "apiVersion: skep/v1\nkind: Stak\nmetadata: {name: m}\nspec: {files: [db.yml]}\n"),
        ("db.yml", part),
    ]), @"
    broken db
    nameless m.yml
    warning: db.yml:1:1: the file is no stack while m.yml has mistakes: it may be a part of it (correct m.yml, which names this file)
        services: {db: {image: x}}
    error: m.yml:2:7: this is no kind of manifest (did you mean 'Stack'?)
        kind: Stak
    ");
    let head = "apiVersion: skep/v1\nkind: Stack\nmetadata: {name: m}\nspec: {files: db.yml}\n";
    insta::assert_snapshot!(check(&[("m.yml", head), ("db.yml", part)]), @"
    broken db
    broken m
    warning: db.yml:1:1: the file is no stack while m.yml has mistakes: it may be a part of it (correct m.yml, which names this file)
        services: {db: {image: x}}
    error: m.yml:4:15: has to be a list, not text (write a list: - VALUE on lines of their own below it)
        spec: {files: db.yml}
    ");
    let twice = head.replace("db.yml", "[db.yml]");
    insta::assert_snapshot!(check(&[("m.yml", &twice), ("n.yml", &twice), ("db.yml", part)]), @"
    broken db
    broken m
    warning: db.yml:1:1: the file is no stack while m.yml has mistakes: it may be a part of it (correct m.yml, which names this file)
        services: {db: {image: x}}
    error: m.yml:3:18: the stack 'm' is declared here and in n.yml (line 3) (give one of them another name; none of them is used)
        metadata: {name: m}
    error: n.yml:3:18: the stack 'm' is declared here and in m.yml (line 3) (give one of them another name; none of them is used)
        metadata: {name: m}
    ");
    insta::assert_snapshot!(check(&[
        ("shop.yml", "include: {path: db.yml}\nservices: {web: {image: x, extends: {fil: base.yml, service: db}}}\n"),
        ("db.yml", part),
        ("base.yml", part),
    ]), @"
    broken shop
    error: shop.yml:1:10: has to be a list, not a mapping (write a list: - VALUE on lines of their own below it)
        include: {path: db.yml}
    error: shop.yml:2:38: unknown key 'fil' (did you mean 'file'?)
        services: {web: {image: x, extends: {fil: base.yml, service: db}}}
    error: shop.yml:2:62: there is no service 'db' in shop.yml (name a service that this file declares itself)
        services: {web: {image: x, extends: {fil: base.yml, service: db}}}
    ");
}
