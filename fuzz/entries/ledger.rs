//! Any text as the record in a ledger's label: no panic, bounded memory, and what could be read is
//! read again as the same once it was written.

use std::collections::BTreeMap;
use std::sync::Arc;

use skep::ledger::{INSTANCE_LABEL, RECORD_LABEL, STACK_LABEL, decode, ledger_labels};
use skep::model::engine::{ConfigSpec, LiveConfig, StringMap};
use skep::model::{Instance, StackName};

pub fn run(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let instance = Instance::default();
    let stack = StackName::new("shop").unwrap();
    let labels = StringMap::from([
        (INSTANCE_LABEL.to_owned(), instance.to_string()),
        (STACK_LABEL.to_owned(), stack.to_string()),
        (RECORD_LABEL.to_owned(), text.to_owned()),
    ]);
    let ledgers = decode(&stored(labels.clone()), &instance);
    assert_eq!(ledgers.stacks.len() + ledgers.unreadable.len(), 1);
    if let Some(entry) = ledgers.stacks.get(&stack)
        && let Ok(written) = ledger_labels(&instance, Some(&stack), &entry.record)
    {
        let again = decode(&stored(written), &instance);
        assert_eq!(again.stacks.get(&stack).map(|entry| &entry.record), Some(&entry.record));
    }
    let without_stack = labels.into_iter().filter(|(name, _)| name != STACK_LABEL).collect();
    let _ = decode(&stored(without_stack), &instance);
}

fn stored(labels: StringMap) -> BTreeMap<String, Arc<LiveConfig>> {
    let spec = ConfigSpec { name: "c".to_owned(), labels, ..ConfigSpec::default() };
    BTreeMap::from([("c".to_owned(), Arc::new(LiveConfig { spec, ..LiveConfig::default() }))])
}
