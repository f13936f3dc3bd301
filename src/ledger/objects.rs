//! Names and labels of ledger objects.

use crate::model::engine::StringMap;
use crate::model::{Instance, LedgerRecord, SpecHash, StackName};

use super::record::{RecordError, encode};

/// Label that marks a ledger object and names its instance.
pub const INSTANCE_LABEL: &str = "skep.ledger";
/// Label that names the stack; absent on the instance's own record.
pub const STACK_LABEL: &str = "skep.stack";
/// Label that holds the record as JSON.
pub const RECORD_LABEL: &str = "skep.record";
/// Data of a ledger config: the engine refuses empty configs.
pub const LEDGER_DATA: &[u8] = b"skep keeps its ledger in the labels of this config\n";
/// Bytes of the hash key.
pub const KEY_BYTES: usize = 32;

/// Name of the config that holds a stack's record, or the instance's without a stack. Dots can't
/// be in stack or instance names, so two pairs never share a name.
#[must_use]
pub fn ledger_name(instance: &Instance, stack: Option<&StackName>) -> String {
    let name = match stack {
        Some(stack) => format!("skep.ledger.{instance}.{stack}"),
        None => format!("skep.ledger.{instance}"),
    };
    if name.len() <= crate::model::name::MAX_DATA_NAME {
        return name;
    }
    let hash = SpecHash::of(name.as_bytes());
    format!("skep.ledger.{}", hash.as_str())
}

/// Name of the config that holds the hash key.
#[must_use]
pub fn key_name(instance: &Instance) -> String {
    let name = format!("skep-{instance}-key");
    if name.len() <= crate::model::name::MAX_DATA_NAME {
        return name;
    }
    format!("skep-{}-key", SpecHash::of(name.as_bytes()).as_str())
}

/// All labels of a ledger config.
///
/// # Errors
/// When the record is larger than the engine should carry in labels.
pub fn ledger_labels(
    instance: &Instance,
    stack: Option<&StackName>,
    record: &LedgerRecord,
) -> Result<StringMap, RecordError> {
    let mut labels = StringMap::from([
        (INSTANCE_LABEL.to_owned(), instance.to_string()),
        (RECORD_LABEL.to_owned(), encode(record)?),
    ]);
    if let Some(stack) = stack {
        labels.insert(STACK_LABEL.to_owned(), stack.to_string());
    }
    Ok(labels)
}
