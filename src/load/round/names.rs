//! Stacks under their names.

use super::{Found, Round};
use crate::model::{Place, Problem, StackName};

impl Round<'_> {
    /// Takes over the stacks whose names are theirs alone.
    pub(super) fn settle(&mut self) {
        for (name, mut found) in std::mem::take(&mut self.found) {
            let only = if found.len() == 1 { found.pop() } else { None };
            match only {
                Some(Found { mut files, made: Some(mut made), .. }) => {
                    files.sort();
                    files.dedup();
                    made.stack.files = files;
                    self.loaded.data.extend(made.data);
                    self.loaded.desired.stacks.insert(name, made.stack.into());
                }
                Some(_) => {
                    self.loaded.broken.insert(name);
                }
                None => self.collision(&name, &found),
            }
        }
    }

    /// Two declarations of one name: nobody can tell which one is meant, so neither is used.
    fn collision(&mut self, name: &StackName, found: &[Found]) {
        for (index, Found { place, .. }) in found.iter().enumerate() {
            let others = found.iter().enumerate().filter(|(other, _)| *other != index);
            let others: Vec<String> = others.map(|(_, other)| spelled(&other.place)).collect();
            let message =
                format!("the stack '{name}' is declared here and in {}", others.join(", "));
            let hint = match self.options.name {
                Some(_) => "--name fits a source with one stack only; none of them is used",
                None => "give one of them another name; none of them is used",
            };
            let mut problem = Problem::error(place.file.clone(), message).hint(hint);
            problem.at = place.at;
            self.loaded.problems.push(problem);
        }
        self.loaded.broken.insert(name.clone());
    }
}

fn spelled(place: &Place) -> String {
    match place.at {
        Some(at) => format!("{} (line {})", place.file, at.line),
        None => place.file.to_string(),
    }
}
