//! Cuts a script down to what still breaks the law.

use crate::script::{Action, Script};

/// Plays of one script, at the most: a short story is worth some time, but not any.
const PLAYS: usize = 400;

/// The shortest script that was found for which this still holds.
pub fn shrink(script: &Script, mut holds: impl FnMut(&Script) -> bool) -> Script {
    let mut best = script.clone();
    let mut plays = 0;
    while plays < PLAYS {
        let next = candidates(&best).into_iter().find(|candidate| {
            plays += 1;
            plays <= PLAYS && holds(candidate)
        });
        match next {
            Some(next) => best = next,
            None => break,
        }
    }
    best
}

/// Shorter scripts: the largest pieces are left out first, then single actions are made simpler.
fn candidates(script: &Script) -> Vec<Script> {
    let actions = &script.0;
    let mut all = Vec::new();
    let mut piece = actions.len() / 2;
    while piece > 0 {
        for start in (0..actions.len()).step_by(piece) {
            let mut rest = actions.clone();
            rest.drain(start..(start + piece).min(actions.len()));
            all.push(Script(rest));
        }
        piece /= 2;
    }
    for (at, action) in actions.iter().enumerate() {
        for simpler in simpler(action) {
            let mut rest = actions.clone();
            rest[at] = simpler;
            all.push(Script(rest));
        }
    }
    all
}

fn simpler(action: &Action) -> Vec<Action> {
    match action {
        Action::Declare(stack, service, parts) => (0..parts.len())
            .map(|at| {
                let mut rest = parts.clone();
                rest.remove(at);
                Action::Declare(stack.clone(), service.clone(), rest)
            })
            .collect(),
        Action::Wait(seconds) if *seconds > 1 => vec![Action::Wait(seconds / 2)],
        Action::Silent(looks) if *looks > 1 => vec![Action::Silent(looks - 1)],
        Action::Crash(writes) if *writes > 1 => vec![Action::Crash(writes - 1)],
        Action::Settle => vec![Action::Pass],
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_down_to_what_matters() {
        let text = "declare shop web: image web:1, env MODE=one, replicas 2\ncommit\npass\nwait 9s\nrestart\nsettle\n";
        let script: Script = text.parse().expect("a script");
        let matters = |script: &Script| {
            let text = script.to_string();
            text.contains("env MODE=one") && text.contains("restart")
        };
        let short = shrink(&script, matters);
        assert_eq!(short.to_string(), "declare shop web: env MODE=one\nrestart\n");
    }
}
