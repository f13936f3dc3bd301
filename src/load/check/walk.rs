//! The walk through a tree beside its shape.

use std::collections::BTreeMap;

use super::shape::{Kind, Others, Repeats, Shape, ShapeId, Shapes, XKeys};
use super::words::nearest;
use crate::load::findings::Findings;
use crate::load::yaml::{Entry, KeyPath, Map, Merging, Node, Span, Value};

/// Tells everything in a tree that does not fit the schema, and marks it as unusable.
pub fn check(tree: &mut Node, shapes: &Shapes, findings: &mut Findings) {
    Walk { shapes, findings }.node(tree, shapes.root(), &KeyPath::root());
}

struct Walk<'a> {
    shapes: &'a Shapes,
    findings: &'a mut Findings,
}

impl<'a> Walk<'a> {
    fn node(&mut self, node: &mut Node, shape: &'a Shape, path: &KeyPath<'_>) {
        if node.value == Value::Unusable || node.merging == Merging::Removes {
            return;
        }
        if !shape.branches.is_empty() {
            return self.branches(node, shape, path);
        }
        make_whole(node, wanted(shape));
        let kind = Kind::of(&node.value);
        let kinds = wanted(shape);
        if !kinds.is_empty() && !kinds.iter().any(|wanted| kind.fits(*wanted)) {
            self.wrong_kind(node, kinds, path);
            node.value = Value::Unusable;
            return;
        }
        let span = node.span;
        let fits = match &mut node.value {
            Value::Map(map) => {
                self.map(map, span, shape, path);
                true
            }
            Value::List(items) => self.list(items, shape, path),
            _ => self.scalar(node, shape, path),
        };
        if !fits {
            node.value = Value::Unusable;
        }
    }

    /// Holds a value against the branch that its kind chooses.
    fn branches(&mut self, node: &mut Node, shape: &'a Shape, path: &KeyPath<'_>) {
        let leaves = leaves(self.shapes, &shape.branches);
        let all: Vec<Kind> =
            leaves.iter().flat_map(|id| wanted(self.shapes.get(*id))).copied().collect();
        make_whole(node, &all);
        let kind = Kind::of(&node.value);
        let mut fitting = leaves;
        fitting.retain(|id| {
            let kinds = wanted(self.shapes.get(*id));
            kinds.is_empty() || kinds.iter().any(|wanted| kind.fits(*wanted))
        });
        match fitting.as_slice() {
            [] => {
                self.wrong_kind(node, &all, path);
                node.value = Value::Unusable;
            }
            [only] => self.node(node, self.shapes.get(*only), path),
            several => self.best(node, several, path),
        }
    }

    /// Of several branches of one kind, the one with the fewest mistakes speaks.
    fn best(&mut self, node: &mut Node, several: &[ShapeId], path: &KeyPath<'_>) {
        let tried = several.iter().map(|id| {
            let (mut findings, mut copy) = (Findings::default(), node.clone());
            let shapes = self.shapes;
            Walk { shapes, findings: &mut findings }.node(&mut copy, shapes.get(*id), path);
            (findings, copy)
        });
        if let Some((findings, copy)) = tried.min_by_key(|(findings, _)| findings.iter().count()) {
            self.findings.extend(findings);
            *node = copy;
        }
    }

    fn map(&mut self, map: &mut Map, span: Span, shape: &'a Shape, path: &KeyPath<'_>) {
        for (key, entry) in map.iter_mut() {
            let here = path.key(key);
            match (shape.properties.get(key), shape.others) {
                (Some(id), _) => self.property(key, *id, entry, &here),
                (None, _) if shape.x_keys == XKeys::Free && key.starts_with("x-") => {}
                (None, Others::Like(id)) => {
                    self.node(&mut entry.node, self.shapes.get(id), &here);
                }
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
            self.findings.error(path, span, remark);
        }
    }

    fn property(&mut self, key: &str, id: ShapeId, entry: &mut Entry, path: &KeyPath<'_>) {
        let shape = self.shapes.get(id);
        if let Some(reason) = &shape.ignored {
            let remark = (format!("'{key}' has no effect: {reason}"), "remove it");
            self.findings.warning(path, entry.key, remark);
        } else if let Some((message, hint)) = &shape.refused {
            let remark = (format!("'{key}' {message}"), hint.as_str());
            self.findings.error(path, entry.key, remark);
        } else {
            self.node(&mut entry.node, shape, path);
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
        let has = |id: ShapeId| self.shapes.get(id).properties.contains_key(key);
        let below = known.clone().find(|(_, id)| leaves(self.shapes, &[**id]).into_iter().any(has));
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

    /// A list with an unusable item is unusable, so that the places of items stay what they are.
    fn list(&mut self, items: &mut [Node], shape: &'a Shape, path: &KeyPath<'_>) -> bool {
        if let Some(id) = shape.items {
            for (index, item) in items.iter_mut().enumerate() {
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
        items.iter().all(|item| item.value != Value::Unusable)
    }

    fn scalar(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) -> bool {
        let message = match &node.value {
            Value::Float(value) if !value.is_finite() => "this is no number that can be used",
            Value::Int(value) if whole_only(wanted(shape)) && i64::try_from(*value).is_err() => {
                "this number is too large"
            }
            _ => "",
        };
        if !message.is_empty() {
            let hint = "write another number, or put it in quotes where text is meant";
            self.findings.error(path, node.span, (message, hint));
            return false;
        }
        if shape.words.is_empty() && shape.format.is_none() {
            return self.range(node, shape, path);
        }
        let Some(text) = node.scalar_text() else { return true };
        if !shape.words.is_empty() && !shape.words.contains(&text) {
            let known = shape.words.iter().map(String::as_str);
            let hint = nearest(&text, known).map(|near| format!("did you mean '{near}'?"));
            let message = format!("has to be one of: {}", shape.words.join(", "));
            let hint = hint.unwrap_or_else(|| "write one of them".to_owned());
            self.findings.error(path, node.span, (message, hint));
            return false;
        }
        if let Some(Err(error)) = shape.format.map(|check| check(&text)) {
            let message = format!("this {error}");
            let example = shape.example.as_ref().filter(|_| !message.contains("such as"));
            let hint = example.map_or_else(
                || "write it in this form".to_owned(),
                |example| format!("write it like {example}"),
            );
            let remark = (message, hint);
            self.findings.error(path, node.span, remark);
            return false;
        }
        self.range(node, shape, path)
    }

    fn range(&mut self, node: &Node, shape: &Shape, path: &KeyPath<'_>) -> bool {
        #[expect(clippy::cast_precision_loss, reason = "bounds are far apart")]
        let number = match &node.value {
            Value::Int(value) => *value as f64,
            Value::Float(value) => *value,
            _ => return true,
        };
        let message = match shape.range {
            (Some(least), _) if number < least => format!("has to be {least} or more"),
            (_, Some(most)) if number > most => format!("has to be {most} or less"),
            _ => return true,
        };
        self.findings.error(path, node.span, (message, "write another number"));
        false
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
                (format!("has to be {wanted}"), "write it without a fraction".to_owned())
            }
            _ => {
                let hint = kinds.iter().find_map(|kind| form_of(*kind)).unwrap_or_default();
                (format!("has to be {wanted}, not {}", node.kind()), hint.to_owned())
            }
        };
        self.findings.error(path, node.span, remark);
    }
}

/// How a value of a kind is written.
fn form_of(kind: Kind) -> Option<&'static str> {
    Some(match kind {
        Kind::Map => "write KEY: VALUE on lines of their own below it",
        Kind::List => "write a list: - VALUE on lines of their own below it",
        Kind::Text => "write one text",
        Kind::Boolean => "write true or false",
        Kind::Integer | Kind::Number => "write a number",
        Kind::Null => return None,
    })
}

/// Branches, with branches of branches in one list.
fn leaves(shapes: &Shapes, branches: &[ShapeId]) -> Vec<ShapeId> {
    let mut list = Vec::new();
    for id in branches {
        match shapes.get(*id).branches.as_slice() {
            [] => list.push(*id),
            inner => list.extend(leaves(shapes, inner)),
        }
    }
    list
}

/// True where a number has to be a whole one.
fn whole_only(kinds: &[Kind]) -> bool {
    kinds.contains(&Kind::Integer) && !kinds.contains(&Kind::Number)
}

/// `1.0` is a whole number too, as in JSON Schema.
fn make_whole(node: &mut Node, kinds: &[Kind]) {
    /// Beyond it not every whole number is one of these.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if let Value::Float(value) = node.value
        && whole_only(kinds)
        && value.fract() == 0.0
        && value.abs() <= EXACT
    {
        #[expect(clippy::cast_possible_truncation, reason = "it is whole and small enough")]
        let whole = value as i128;
        node.value = Value::Int(whole);
    }
}

fn number_or_boolean(kind: Kind) -> bool {
    matches!(kind, Kind::Integer | Kind::Number | Kind::Boolean)
}

/// Kinds that fit a shape without branches; words are text.
fn wanted(shape: &Shape) -> &[Kind] {
    match (shape.kinds.as_slice(), shape.words.as_slice()) {
        ([], [_, ..]) => &[Kind::Text],
        (kinds, _) => kinds,
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
            let entry =
                |(key, entry): (&String, &Entry)| format!("{key}\u{2}{}", fingerprint(&entry.node));
            format!("{{{}}}", map.iter().map(entry).collect::<Vec<_>>().join("\u{1}"))
        }
        _ => format!("s{}", node.scalar_text().unwrap_or_default()),
    }
}
