//! Tokens, kept as long as they hold, and what was sent of logins, so that it is not told again.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use zeroize::Zeroizing;

use crate::registry::lock;
use crate::registry::site::send::Fault;

/// Most tokens and texts that are kept.
const MOST_KEPT: usize = 1000;

/// Tokens of one registry.
#[derive(Default)]
pub(in crate::registry::site) struct Tokens {
    /// By scope. Each scope has one lock: it is asked for once, whoever waits.
    by_scope: Mutex<BTreeMap<String, Slot>>,
    /// What was sent: texts that must not come back in somebody else's words.
    sent: Mutex<Vec<Zeroizing<String>>>,
}

pub(super) type Slot = Arc<tokio::sync::Mutex<Option<Token>>>;

/// A token and how long it holds.
pub(super) struct Token {
    pub(super) value: Zeroizing<String>,
    /// In the clock's time since its start.
    pub(super) until: Duration,
}

impl Tokens {
    pub(super) fn slot(&self, scope: &str) -> Slot {
        let mut slots = lock(&self.by_scope);
        if slots.len() >= MOST_KEPT {
            slots.clear();
        }
        Arc::clone(slots.entry(scope.to_owned()).or_default())
    }

    /// Forgets a token that the registry does not take any more.
    pub(in crate::registry::site) fn forget(&self, scope: &str) {
        lock(&self.by_scope).remove(scope);
    }

    pub(super) fn note(&self, secret: &str) {
        let mut sent = lock(&self.sent);
        if secret.is_empty() || sent.iter().any(|text| text.as_str() == secret) {
            return;
        }
        if sent.len() >= MOST_KEPT {
            sent.remove(0);
        }
        sent.push(Zeroizing::new(secret.to_owned()));
    }

    /// A text without anything that was sent as a login.
    fn cleaned(&self, mut text: String) -> String {
        for secret in lock(&self.sent).iter() {
            if text.contains(secret.as_str()) {
                text = text.replace(secret.as_str(), "…");
            }
        }
        text
    }

    /// A fault whose text holds no login.
    pub(in crate::registry::site) fn clean(&self, fault: Fault) -> Fault {
        match fault {
            Fault::Closed(text) => Fault::Closed(self.cleaned(text)),
            Fault::Silent(text) => Fault::Silent(self.cleaned(text)),
            Fault::Wrong(text) => Fault::Wrong(self.cleaned(text)),
            Fault::Refused(text) => Fault::Refused(self.cleaned(text)),
        }
    }
}
