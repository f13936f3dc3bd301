//! What people are told of their mistakes: all at once, in every form.

use crate::{call, directory, skep, text};

const FILES: [(&str, &str); 6] = [
    (
        "shop/compose.yml",
        r#"services:
  web:
    imgae: shop/web:1
    ports: ["80:80/foo"]
    environment: {PASSWORD: [hunter2]}
    healthcheck: {interval: 5}
    deploy:
      replicas: "three"
      resources: {limits: {memory: 10x}}
      update_config: {order: start-frist}
  api:
    image: shop/API
    networks: [backend]
    volumes: [./conf:/conf]
  ok:
    image: shop/ok:${TAG}
"#,
    ),
    ("broken.yml", "services:\n  a:\n\timage: x\n"),
    ("one/blog.yml", "services: {a: {image: x}}\n"),
    ("two/blog.yml", "services: {a: {image: x}}\n"),
    (
        "tools.yml",
        "apiVersion: skep/v1\nkind: Servce\nmetadata: {name: x}\nspec: {image: x}\n---\n\
         apiVersion: skep/v1\nkind: Service\nmetadata: {name: x, stack: tools}\nspec: {imag: x}\n",
    ),
    ("good.yml", "services: {a: {image: x, container_name: b}}\n"),
];

#[test]
fn all_mistakes_of_all_files_are_told_with_the_line_itself() {
    let dir = directory(&FILES);
    let called = call(skep(&["validate", text(dir.path())]));
    assert_eq!(called.code, 1, "{}", called.err);
    assert!(!called.out.contains("hunter2"), "{}", called.out);
    insta::assert_snapshot!(called.out);
}

#[test]
fn mistakes_as_json_markdown_and_html_have_the_same_places() {
    let dir = directory(&FILES);
    let of = |form: &str| call(skep(&["validate", text(dir.path()), "-o", form])).out;
    let json: serde_json::Value = serde_json::from_str(&of("json")).expect("JSON");
    let (markdown, html) = (of("markdown"), of("html"));
    let problems = json["problems"].as_array().expect("a list");
    assert!(problems.len() >= 12, "{json:#}");
    for problem in problems {
        let place = match (problem["line"].as_u64(), problem["column"].as_u64()) {
            (Some(line), Some(column)) => format!("{}:{line}:{column}", text_of(&problem["file"])),
            _ => text_of(&problem["file"]).to_owned(),
        };
        assert!(markdown.contains(&place) && html.contains(&place), "{place}");
        assert!(!text_of(&problem["message"]).is_empty(), "{problem:#}");
    }
}

fn text_of(value: &serde_json::Value) -> &str {
    value.as_str().unwrap_or_default()
}

#[test]
fn names_that_steer_a_terminal_are_spelled_out() {
    let name = "\u{1b}]0;title\u{7}\u{202e}<b>.yml";
    let file = "services: {\"\u{1b}[31m<script>\": {imag: \"\u{1b}[2J\"}}\n";
    let dir = directory(&[(name, file), ("esc.yml", &file.replace("<script>", "x`y"))]);
    for form in ["text", "json", "markdown", "html"] {
        let called = call(skep(&["validate", text(dir.path()), "-o", form]));
        assert_eq!(called.code, 1, "{form}: {}", called.err);
        for output in [&called.out, &called.err] {
            let steers = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
            assert!(!output.chars().any(steers), "{form}: {output:?}");
            assert!(form != "html" || !output.contains("<script>"), "{output}");
        }
    }
}
