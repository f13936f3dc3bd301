//! Circles of those that wait for each other.

use std::collections::BTreeMap;

/// Who waits for whom, with something about each step.
pub type Steps<T> = BTreeMap<String, BTreeMap<String, T>>;

/// A circle for a message: `a → b → a`.
#[must_use]
pub fn spelled(circle: &[String]) -> String {
    let around = circle.iter().chain(circle.first()).map(String::as_str);
    around.collect::<Vec<_>>().join(" → ")
}

/// Takes the steps of all circles away, and gives each circle from its first name on.
pub fn break_circles<T>(found: &mut Steps<T>) -> Vec<Vec<String>> {
    let mut circles = Vec::new();
    let mut open = Open::new(found);
    loop {
        open.close();
        let Some(circle) = open.circle(found) else { return circles };
        for (index, name) in circle.iter().enumerate() {
            let next = &circle[(index + 1) % circle.len()];
            if let Some(needs) = found.get_mut(name) {
                needs.remove(next);
            }
            open.no_longer(name, next);
        }
        circles.push(circle);
    }
}

/// Those that are not known yet to be in no circle.
struct Open {
    /// Steps of each that lead to others that are open.
    steps: BTreeMap<String, usize>,
    /// Who waits for one.
    waiting: BTreeMap<String, Vec<String>>,
    /// Those without steps left.
    ready: Vec<String>,
    /// A way of steps, to look for circles; each look goes on where the last one ended.
    way: Vec<String>,
    /// Where on the way each stands.
    seen: BTreeMap<String, usize>,
}

impl Open {
    fn new<T>(found: &Steps<T>) -> Self {
        let mut waiting: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, needs) in found {
            for need in needs.keys() {
                waiting.entry(need.clone()).or_default().push(name.clone());
            }
        }
        let steps: BTreeMap<String, usize> =
            found.iter().map(|(name, needs)| (name.clone(), needs.len())).collect();
        let ready = waiting.keys().filter(|name| !steps.contains_key(*name)).cloned().collect();
        Self { steps, waiting, ready, way: Vec::new(), seen: BTreeMap::new() }
    }

    /// Closes what waits for nothing that is open.
    fn close(&mut self) {
        while let Some(name) = self.ready.pop() {
            for waiting in self.waiting.remove(&name).unwrap_or_default() {
                self.one_less(&waiting);
            }
        }
    }

    /// One does not wait for the other any more.
    fn no_longer(&mut self, name: &str, next: &str) {
        if let Some(waiting) = self.waiting.get_mut(next) {
            waiting.retain(|other| other != name);
        }
        self.one_less(name);
    }

    fn one_less(&mut self, name: &str) {
        if let Some(left) = self.steps.get_mut(name) {
            *left = left.saturating_sub(1);
            if *left == 0 {
                self.steps.remove(name);
                self.ready.push(name.to_owned());
            }
        }
    }

    /// A circle, if anything is open still: from each that is open a step leads to another one.
    fn circle<T>(&mut self, found: &Steps<T>) -> Option<Vec<String>> {
        // What was closed since the last look is the end of the way: the rest waits for its next.
        while self.way.last().is_some_and(|last| !self.steps.contains_key(last)) {
            self.cut(self.way.len() - 1);
        }
        if self.way.is_empty() {
            let first = self.steps.keys().next()?.clone();
            self.go(first);
        }
        loop {
            let needs = found.get(self.way.last()?)?;
            let next = needs.keys().find(|need| self.steps.contains_key(*need))?.clone();
            let Some(start) = self.seen.get(&next).copied() else {
                self.go(next);
                continue;
            };
            let mut circle = self.way[start..].to_vec();
            self.cut(start + 1);
            let first = circle.iter().enumerate().min_by(|(_, a), (_, b)| a.cmp(b));
            let first = first.map_or(0, |(index, _)| index);
            circle.rotate_left(first);
            return Some(circle);
        }
    }

    fn go(&mut self, name: String) {
        self.seen.insert(name.clone(), self.way.len());
        self.way.push(name);
    }

    fn cut(&mut self, length: usize) {
        for name in self.way.drain(length..) {
            self.seen.remove(&name);
        }
    }
}
