//! `kind: Image`, and services that follow one.

use super::{check, file_set, loaded};

fn image(name: &str, spec: &str) -> String {
    format!("apiVersion: skep/v1\nkind: Image\nmetadata: {{name: {name}}}\nspec: {{{spec}}}\n")
}

#[test]
fn what_is_wrong_with_a_policy_is_told_at_its_place() {
    let policy = |policy: &str| image("x", &format!("repository: r.io/a, policy: {{{policy}}}"));
    let files = [
        ("a.yml", image("x", "repository: 'r.io/a:1', policy: {digest: latest}")),
        ("b.yml", policy("")),
        ("c.yml", policy("digest: latest, semver: 1.x")),
        ("d.yml", policy("semver: latest")),
        ("e.yml", policy("pattern: 'main-(', order: numeric")),
        ("f.yml", policy("pattern: 'main-.*'")),
        ("g.yml", policy("digest: '-x'")),
        ("h.yml", policy("from: {stack: 'a b'}")),
        ("i.yml", policy("digest: 1.27, prereleases: true")),
        ("j.yml", image("x", "repository: r.io/a, policy: {semver: 1}, platforms: [amd64]")),
        ("k.yml", image("x", "repository: A, policy: {semver: 1}, tags: '(?<v>'")),
    ];
    let files = files.each_ref().map(|(path, text)| (*path, text.as_str()));
    insta::assert_snapshot!(check(&files), @r"
    error: a.yml:4:20: a repository has no tag and no digest; the policy chooses it (as in registry.example/shop/web)
        spec: {repository: 'r.io/a:1', policy: {digest: latest}}
    error: b.yml:4:28: a policy is one of digest, semver, pattern and from (write one of them)
        spec: {repository: r.io/a, policy: {}}
    error: c.yml:4:28: a policy is one of digest, semver, pattern and from (write one of them)
        spec: {repository: r.io/a, policy: {digest: latest, semver: 1.x}}
    error: d.yml:4:45: no range: 'latest' is no version or part of one such as 1.4 or 1.x (as in '>=1.4 <2')
        spec: {repository: r.io/a, policy: {semver: latest}}
    error: e.yml:4:46: no regular expression: unclosed group (as in main-(?<build>\d+))
        spec: {repository: r.io/a, policy: {pattern: 'main-(', order: numeric}}
    error: f.yml:4:28: it is not said which of the tags is the last (write order: numeric, or order: alphabetic)
        spec: {repository: r.io/a, policy: {pattern: 'main-.*'}}
    error: g.yml:4:45: '-x' is no tag (as in latest)
        spec: {repository: r.io/a, policy: {digest: '-x'}}
    error: h.yml:4:51: 'a b' is no name of a stack: the name may hold letters, digits, '-' and '_', and must begin and end with a letter or digit (name the stack that goes before)
        spec: {repository: r.io/a, policy: {from: {stack: 'a b'}}}
    error: i.yml:4:64: prereleases says nothing without semver (leave it out)
        spec: {repository: r.io/a, policy: {digest: 1.27, prereleases: true}}
    error: j.yml:4:61: 'amd64' is no platform (as in linux/amd64)
        spec: {repository: r.io/a, policy: {semver: 1}, platforms: [amd64]}
    error: k.yml:4:20: 'A' is no repository: 'library/A' is not a repository name: use lowercase letters, digits and separators, parts split by '/' (as in registry.example/shop/web)
        spec: {repository: A, policy: {semver: 1}, tags: '(?<v>'}
    error: k.yml:4:50: no regular expression: unclosed group (as in main-(?<build>\d+))
        spec: {repository: A, policy: {semver: 1}, tags: '(?<v>'}
    ");
}

#[test]
fn a_service_follows_by_key_or_by_comment_and_what_it_follows_has_to_fit() {
    let services = "\
services:
  key: {image: 'r.io/web:1.0.0', x-skep: {image: web}}
  comment:
    image: r.io/web:1.0.0  # skep:image=web
  quoted:
    image: \"r.io/web:1.0.0\" # skep:image=web
  none: {image: 'r.io/web:1.0.0'}
  missing: {image: 'r.io/web:1.0.0', x-skep: {image: api}}
  other: {image: 'r.io/api:1.0.0', x-skep: {image: web}}
";
    let web = image("web", "repository: r.io/web, policy: {semver: 1.x}");
    let files = [("shop.yml", services), ("web.yml", web.as_str())];
    let loaded = loaded(&file_set(&files), &[]);
    let follows = loaded.desired.stacks.values().flat_map(|stack| &stack.services);
    let follows: Vec<_> = follows
        .filter_map(|(name, service)| {
            let follows = service.follows.as_ref()?;
            let line = follows.place.at.map(|at| at.line)?;
            Some(format!("{name}: {} by line {line}", follows.image))
        })
        .collect();
    insta::assert_snapshot!(follows.join("\n"), @"
    shop_comment: web by line 4
    shop_key: web by line 2
    shop_missing: api by line 8
    shop_other: web by line 9
    ");
    let told: Vec<_> = loaded.problems.iter().map(ToString::to_string).collect();
    insta::assert_snapshot!(told.join("\n"), @"
    shop.yml:8:54: the Image 'api' is not declared in this source (declare it (kind: Image); until then what runs stays)
    shop.yml:9:52: the service's image 'r.io/api:1.0.0' is not of the repository of the Image 'web' (write an image of the same repository: it is what runs at first)
    ");
}

#[test]
fn two_images_of_one_name_are_told() {
    let text = image("web", "repository: r.io/web, policy: {digest: latest}");
    let files = [("a.yml", text.as_str()), ("b.yml", text.as_str())];
    insta::assert_snapshot!(check(&files), @"
    error: b.yml:3:18: the Image 'web' is declared in a.yml too (give one of them another name)
        metadata: {name: web}
    ");
}
