//! Lines of the hosts file.

use crate::load::compose::ExtraHosts;
use crate::load::convert::Stage;
use crate::load::yaml::KeyPath;

impl Stage<'_, '_> {
    /// `ADDRESS NAME`, in the order of the list or of the names. docker drops an entry without an
    /// address in silence (`convertExtraHosts`).
    pub(super) fn hosts(
        &mut self,
        form: Option<&ExtraHosts>,
        service: &KeyPath<'_>,
    ) -> Vec<String> {
        let list = match form {
            None => return Vec::new(),
            Some(ExtraHosts::Map(map)) => {
                return map.iter().map(|(name, address)| line(name, &address.0)).collect();
            }
            Some(ExtraHosts::List(list)) => list,
        };
        let mut lines = Vec::with_capacity(list.len());
        let path = service.key("extra_hosts");
        for (index, entry) in list.iter().enumerate() {
            match entry.split_once('=').or_else(|| entry.split_once(':')) {
                Some((name, address)) => lines.push(line(name, address)),
                None => {
                    let remark = ("this host has no address", "write NAME:ADDRESS");
                    self.error(&path.index(index), remark);
                }
            }
        }
        lines
    }
}

fn line(name: &str, address: &str) -> String {
    let inner = address.strip_prefix('[').and_then(|a| a.strip_suffix(']')).unwrap_or(address);
    format!("{inner} {name}")
}
