//! The walk through a tree beside its shape.

use std::collections::BTreeMap;

use super::shape::{Kind, Others, Repeats, Shape, ShapeId, Shapes, XKeys};
use super::words::nearest;
use crate::load::compose::check_format;
use crate::load::findings::Findings;
use crate::load::yaml::{KeyPath, Map, Node, Value};

/// Tells everything in a tree that does not fit the schema.
pub fn check(tree: &Node, shapes: &Shapes, findings: &mut Findings) {
    Walk { shapes, findings }.node(tree, shapes.root(), &KeyPath::root());
}

struct Walk<'a> {
    shapes: &'a Shapes,
    findings: &'a mut Findings,
}

impl Walk<'_> {
    fn node(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) {
        if node.value == Value::Unusable {
            return;
        }
        if !shape.branches.is_empty() {
            return self.branches(node, shape, path);
        }
        let kind = Kind::of(&node.value);
        let kinds = wanted(shape);
        if !kinds.is_empty() && !kinds.iter().any(|wanted| kind.fits(*wanted)) {
            return self.wrong_kind(node, &kinds, path);
        }
        match &node.value {
            Value::Map(map) => self.map(node, map, shape, path),
            Value::List(items) => self.list(items, shape, path),
            _ => self.scalar(node, shape, path),
        }
    }

    /// Holds a value against the branch that its kind chooses.
    fn branches(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) {
        let kind = Kind::of(&node.value);
        let mut all = Vec::new();
        let mut fitting = Vec::new();
        for id in self.leaves(&shape.branches) {
            let kinds = wanted(self.shapes.get(id));
            if kinds.is_empty() || kinds.iter().any(|wanted| kind.fits(*wanted)) {
                fitting.push(id);
            }
            all.extend(kinds);
        }
        match fitting.as_slice() {
            [] => self.wrong_kind(node, &all, path),
            [only] => self.node(node, self.shapes.get(*only), path),
            several => self.best(node, several, path),
        }
    }

    /// Branches of branches, as one list.
    fn leaves(&self, branches: &[ShapeId]) -> Vec<ShapeId> {
        let mut leaves = Vec::new();
        for id in branches {
            match self.shapes.get(*id).branches.as_slice() {
                [] => leaves.push(*id),
                inner => leaves.extend(self.leaves(inner)),
            }
        }
        leaves
    }

    /// Of several branches of one kind, the one with the fewest mistakes speaks.
    fn best(&mut self, node: &Node, several: &[ShapeId], path: &KeyPath<'_>) {
        let tried = several.iter().map(|id| {
            let mut findings = Findings::default();
            let shapes = self.shapes;
            Walk { shapes, findings: &mut findings }.node(node, shapes.get(*id), path);
            findings
        });
        if let Some(best) = tried.min_by_key(|findings| findings.iter().count()) {
            self.findings.extend(best);
        }
    }

    fn map(&mut self, node: &Node, map: &Map, shape: &Shape, path: &KeyPath<'_>) {
        for (key, entry) in map {
            let here = path.key(key);
            match (shape.properties.get(key), shape.others) {
                (Some(id), _) => self.property(key, *id, entry, &here),
                (None, _) if shape.x_keys == XKeys::Free && key.starts_with("x-") => {}
                (None, Others::Like(id)) => self.node(&entry.node, self.shapes.get(id), &here),
                (None, Others::Free) => {}
                (None, Others::Refused) => {
                    let hint = self.hint_for_key(key, shape);
                    let remark = (format!("unknown key '{key}'"), hint);
                    self.findings.error(&here, entry.key, remark);
                }
            }
        }
        for key in shape.required.iter().filter(|key| !map.contains_key(*key)) {
            let remark = (format!("the key '{key}' is missing"), format!("write {key}: …"));
            self.findings.error(path, node.span, remark);
        }
    }

    fn property(
        &mut self,
        key: &str,
        id: ShapeId,
        entry: &crate::load::yaml::Entry,
        path: &KeyPath<'_>,
    ) {
        let shape = self.shapes.get(id);
        if let Some(reason) = &shape.ignored {
            let remark = (format!("'{key}' has no effect: {reason}"), "remove it");
            self.findings.warning(path, entry.key, remark);
        } else if let Some((message, hint)) = &shape.refused {
            let remark = (format!("'{key}' {message}"), hint.as_str());
            self.findings.error(path, entry.key, remark);
        } else {
            self.node(&entry.node, shape, path);
        }
    }

    /// A similar key, or the place one level down where the key belongs.
    fn hint_for_key(&self, key: &str, shape: &Shape) -> String {
        let known = shape.properties.iter().filter(|(_, id)| {
            let shape = self.shapes.get(**id);
            shape.ignored.is_none() && shape.refused.is_none()
        });
        if let Some(near) = nearest(key, known.clone().map(|(key, _)| key.as_str())) {
            return format!("did you mean '{near}'?");
        }
        let below =
            known.clone().find(|(_, id)| self.shapes.get(**id).properties.contains_key(key));
        if let Some((parent, _)) = below {
            return format!("it belongs under '{parent}'");
        }
        match shape.x_keys {
            XKeys::Free => "remove it; keys of your own begin with x-".to_owned(),
            XKeys::Plain => {
                let known: Vec<_> = known.map(|(key, _)| key.as_str()).collect();
                format!("the keys here are {}", known.join(", "))
            }
        }
    }

    fn list(&mut self, items: &[Node], shape: &Shape, path: &KeyPath<'_>) {
        if let Some(id) = shape.items {
            for (index, item) in items.iter().enumerate() {
                self.node(item, self.shapes.get(id), &path.index(index));
            }
        }
        if shape.repeats == Repeats::Refused {
            let mut seen = BTreeMap::new();
            for (index, item) in items.iter().enumerate() {
                if let Some(first) = seen.insert(fingerprint(item), index) {
                    let message =
                        format!("the entry stands here twice, first as entry {}", first + 1);
                    self.findings.error(&path.index(index), item.span, (message, "remove one"));
                }
            }
        }
    }

    fn scalar(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) {
        let Some(text) = node.scalar_text() else { return };
        if !shape.words.is_empty() && !shape.words.contains(&text) {
            let known = shape.words.iter().map(String::as_str);
            let hint = nearest(&text, known).map(|near| format!("did you mean '{near}'?"));
            let message = format!("has to be one of: {}", shape.words.join(", "));
            self.findings.error(path, node.span, (message, hint.unwrap_or_default()));
        }
        if let Some(Err(error)) = shape.format.as_deref().map(|name| check_format(name, &text)) {
            self.findings.error(path, node.span, format!("this {error}"));
        }
        self.range(node, shape, path);
    }

    fn range(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) {
        #[expect(clippy::cast_precision_loss, reason = "bounds are far apart")]
        let number = match &node.value {
            Value::Int(value) => *value as f64,
            Value::Float(value) => *value,
            _ => return,
        };
        let message = match shape.range {
            (Some(least), _) if number < least => format!("has to be {least} or more"),
            (_, Some(most)) if number > most => format!("has to be {most} or less"),
            _ => return,
        };
        self.findings.error(path, node.span, message);
    }

    fn wrong_kind(&mut self, node: &Node, kinds: &[Kind], path: &KeyPath<'_>) {
        let mut words: Vec<_> = Vec::new();
        for kind in kinds.iter().filter(|kind| **kind != Kind::Null) {
            if !words.contains(&kind.words()) {
                words.push(kind.words());
            }
        }
        let wanted = either(&words);
        let found = Kind::of(&node.value);
        let remark = match (&node.value, kinds.contains(&Kind::Text)) {
            (Value::Null, _) => (
                format!("has no value; {wanted} is wanted"),
                "write a value, or remove the key".to_owned(),
            ),
            (Value::Bool(_) | Value::Int(_) | Value::Float(_), true) => {
                let hint = "put it in quotes".to_owned();
                (format!("has to be {wanted}, not {}", node.kind()), hint)
            }
            (Value::Text(_), _) if kinds.iter().any(|kind| number_or_boolean(*kind)) => {
                (format!("has to be {wanted}, not text"), "write it without quotes".to_owned())
            }
            _ if found == Kind::Number && kinds.contains(&Kind::Integer) => {
                (format!("has to be {wanted}"), String::new())
            }
            _ => (format!("has to be {wanted}, not {}", node.kind()), String::new()),
        };
        self.findings.error(path, node.span, remark);
    }
}

fn number_or_boolean(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Number | Kind::Boolean)
}

/// Kinds that fit a shape without branches; words are text.
fn wanted(shape: &Shape) -> Vec<Kind> {
    match (shape.kinds.as_slice(), shape.words.as_slice()) {
        ([], [_, ..]) => vec![Kind::Text],
        (kinds, _) => kinds.to_vec(),
    }
}

fn either(words: &[&str]) -> String {
    match words {
        [] => "something else".to_owned(),
        [one] => (*one).to_owned(),
        [front @ .., last] => format!("{} or {last}", front.join(", ")),
    }
}

/// A text that is equal for equal values.
fn fingerprint(node: &Node) -> String {
    match &node.value {
        Value::Text(text) => format!("t{text}"),
        Value::List(items) => {
            format!("[{}]", items.iter().map(fingerprint).collect::<Vec<_>>().join("\u{1}"))
        }
        Value::Map(map) => {
            let entry = |(key, entry): (&String, &crate::load::yaml::Entry)| {
                format!("{key}\u{2}{}", fingerprint(&entry.node))
            };
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join("\u{1}"))
        }
        _ => format!("s{}", node.scalar_text().unwrap_or_default()),
    }
}
