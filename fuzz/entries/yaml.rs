//! Any bytes as YAML: no panic, one result, places inside of the text.

use skep::load::bounds::{MAX_DEPTH, MAX_FILE_NODES};
use skep::load::yaml::{FileId, Node, Value, parse};

pub fn run(data: &[u8]) {
    let parsed = parse(data, FileId::default());
    // Not a number is not equal to itself, so texts are compared.
    assert_eq!(format!("{parsed:?}"), format!("{:?}", parse(data, FileId::default())));
    let lines = data.iter().filter(|byte| matches!(byte, b'\n' | b'\r')).count() + 1;
    for fault in &parsed.faults {
        let line = fault.at.map_or(1, |at| at.line);
        assert!((1..=lines + 1).contains(&(line as usize)), "line {line} of {lines}");
    }
    let nodes = parsed.documents.iter().map(|tree| count(tree, 0)).sum::<usize>();
    assert!(nodes <= MAX_FILE_NODES);
}

fn count(node: &Node, depth: usize) -> usize {
    assert!(depth <= MAX_DEPTH);
    1 + match &node.value {
        Value::List(items) => items.iter().map(|item| count(item, depth + 1)).sum(),
        Value::Map(map) => map.values().map(|entry| count(&entry.node, depth + 1)).sum(),
        _ => 0,
    }
}
