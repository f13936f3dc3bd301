//! Actions as lines of text, and back.

use std::fmt;
use std::str::FromStr;

use super::{Action, Deed, Fault, Outage, Part, Policy, Temper};

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Note(text) => write!(f, "# {text}"),
            Self::Image(image, temper) => write!(f, "image {image} {temper}"),
            Self::Declare(stack, service, parts) => {
                let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
                write!(f, "declare {stack} {service}: {}", parts.join(", "))
            }
            Self::Forget(stack, Some(service)) => write!(f, "forget {stack} {service}"),
            Self::Forget(stack, None) => write!(f, "forget {stack}"),
            Self::Policy(stack, policy) => write!(f, "policy {stack} {policy}"),
            Self::Rename(from, to) => write!(f, "rename {from} to {to}"),
            Self::Break(stack) => write!(f, "break {stack}"),
            Self::Mend(stack) => write!(f, "mend {stack}"),
            Self::Commit => f.write_str("commit"),
            Self::Revert => f.write_str("revert"),
            Self::ForcePush => f.write_str("force push"),
            Self::Pass => f.write_str("pass"),
            Self::Wait(seconds) => write!(f, "wait {seconds}s"),
            Self::Settle => f.write_str("settle"),
            Self::Hand(deed) => write!(f, "by hand: {deed}"),
            Self::Suspend(stack) => write!(f, "suspend {}", stack.as_deref().unwrap_or("all")),
            Self::Resume(stack) => write!(f, "resume {}", stack.as_deref().unwrap_or("all")),
            Self::Approve => f.write_str("approve"),
            Self::Retry(stack) => write!(f, "retry {stack}"),
            Self::Outage(outage) => write!(f, "{outage}"),
            Self::Silent(looks) => write!(f, "engine silent for {looks} looks"),
            Self::NextWrite(fault) => write!(f, "next write: {fault}"),
            Self::Restart => f.write_str("restart"),
            Self::Crash(writes) => write!(f, "crash after {writes} writes"),
            Self::LoseLedger(stack) => write!(f, "lose ledger {stack}"),
        }
    }
}

impl FromStr for Action {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        if let Some(note) = line.strip_prefix('#') {
            return Ok(Self::Note(note.trim().to_owned()));
        }
        if let Some((head, parts)) = line.strip_prefix("declare ").and_then(|l| l.split_once(':')) {
            return declare(head, parts);
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        let found = git(&words).or_else(|| operator(&words)).or_else(|| outside(&words));
        found.ok_or_else(|| "this is no action".to_owned())
    }
}

fn declare(head: &str, parts: &str) -> Result<Action, String> {
    let [stack, service] = head.split_whitespace().collect::<Vec<_>>()[..] else {
        return Err("declare STACK SERVICE: PART, …".to_owned());
    };
    let parts = parts.split(", ").map(str::trim).filter(|part| !part.is_empty());
    let parts: Vec<Part> = parts.map(str::parse).collect::<Result<_, _>>()?;
    Ok(Action::Declare(stack.to_owned(), service.to_owned(), parts))
}

fn git(words: &[&str]) -> Option<Action> {
    let own = |word: &str| word.to_owned();
    Some(match *words {
        ["forget", stack, service] => Action::Forget(own(stack), Some(own(service))),
        ["forget", stack] => Action::Forget(own(stack), None),
        ["policy", stack, "approval", word] => {
            Action::Policy(own(stack), Policy::Approval(own(word)))
        }
        ["policy", stack, "suspended", word] => {
            Action::Policy(own(stack), Policy::Suspended(own(word)))
        }
        ["policy", stack, "on_failure", word] => {
            Action::Policy(own(stack), Policy::OnFailure(own(word)))
        }
        ["rename", from, "to", to] => Action::Rename(own(from), own(to)),
        ["break", stack] => Action::Break(own(stack)),
        ["mend", stack] => Action::Mend(own(stack)),
        ["commit"] => Action::Commit,
        ["revert"] => Action::Revert,
        ["force", "push"] => Action::ForcePush,
        _ => return None,
    })
}

fn operator(words: &[&str]) -> Option<Action> {
    let stack = |name: &str| (name != "all").then(|| name.to_owned());
    Some(match *words {
        ["pass"] => Action::Pass,
        ["wait", time] => Action::Wait(seconds(time)?),
        ["settle"] => Action::Settle,
        ["suspend", name] => Action::Suspend(stack(name)),
        ["resume", name] => Action::Resume(stack(name)),
        ["approve"] => Action::Approve,
        ["retry", name] => Action::Retry(name.to_owned()),
        ["restart"] => Action::Restart,
        ["crash", "after", number, "writes"] => Action::Crash(number.parse().ok()?),
        ["lose", "ledger", name] => Action::LoseLedger(name.to_owned()),
        _ => return None,
    })
}

fn outside(words: &[&str]) -> Option<Action> {
    let own = |word: &str| word.to_owned();
    Some(match *words {
        ["by", "hand:", ref deed @ ..] => Action::Hand(hand(deed)?),
        ["image", image, ref temper @ ..] => Action::Image(own(image), behaves(temper)?),
        ["next", "write:", ref fault @ ..] => Action::NextWrite(match *fault {
            ["conflict"] => Fault::Conflict,
            ["no", "answer"] => Fault::NoAnswer,
            ["done", "without", "answer"] => Fault::DoneWithoutAnswer,
            ["refused"] => Fault::Refused,
            _ => return None,
        }),
        ["engine", "silent", "for", looks, "looks"] => Action::Silent(looks.parse().ok()?),
        ["node", node, "is", "lost"] => Action::Outage(Outage::NodeLost(own(node))),
        ["node", node, "returns"] => Action::Outage(Outage::NodeReturns(own(node))),
        ["node", node, "is", "drained"] => Action::Outage(Outage::NodeDrained(own(node))),
        ["node", node, "is", "active"] => Action::Outage(Outage::NodeActive(own(node))),
        ["registry", "down"] => Action::Outage(Outage::RegistryDown),
        ["registry", "up"] => Action::Outage(Outage::RegistryUp),
        ["git", "down"] => Action::Outage(Outage::GitDown),
        ["git", "up"] => Action::Outage(Outage::GitUp),
        _ => return None,
    })
}

fn hand(words: &[&str]) -> Option<Deed> {
    let own = |word: &str| word.to_owned();
    let pair = |text: &str| text.split_once('=').map(|(name, value)| (own(name), own(value)));
    Some(match *words {
        ["scale", service, number] => Deed::Scale(own(service), number.parse().ok()?),
        ["env", service, text] => {
            pair(text).map(|(name, value)| Deed::Env(own(service), name, value))?
        }
        ["label", service, text] => {
            pair(text).map(|(name, value)| Deed::Label(own(service), name, value))?
        }
        ["image", service, image] => Deed::Image(own(service), own(image)),
        ["rollback", service] => Deed::Rollback(own(service)),
        ["hold", service] => Deed::Hold(own(service)),
        ["release", service] => Deed::Release(own(service)),
        ["remove", kind, name] => Deed::Remove(own(kind), own(name)),
        ["kill", service] => Deed::Kill(own(service)),
        _ => return None,
    })
}

fn behaves(words: &[&str]) -> Option<Temper> {
    Some(match *words {
        ["is", "good"] => Temper::Good,
        ["crashes", "after", time] => Temper::Crashes(seconds(time)?),
        ["is", "never", "healthy"] => Temper::NeverHealthy,
        ["is", "healthy", "after", time] => Temper::Slow(seconds(time)?),
        ["is", "missing"] => Temper::Missing,
        ["is", "refused"] => Temper::Refused,
        _ => return None,
    })
}

fn seconds(text: &str) -> Option<u64> {
    text.strip_suffix('s')?.parse().ok()
}
