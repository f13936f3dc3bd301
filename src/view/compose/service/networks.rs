//! The networks that a service joins.

use crate::model::engine::{NODE_NETWORKS, NetworkAttachment};
use crate::view::compose::choose::{Member, Standing};
use crate::view::compose::sheet::Sheet;
use crate::view::compose::strings;
use crate::view::yaml::{Map, Yaml};

/// The network that a service joins when it names none.
const DEFAULT: &str = "default";

impl Sheet<'_> {
    /// What a service joins; nothing for a service that joins the network `default` alone.
    pub(super) fn networks(
        &mut self,
        member: &Member<'_>,
        joined: &[NetworkAttachment],
    ) -> Option<Yaml> {
        if joined.is_empty() {
            return None;
        }
        let mut map = Map::new();
        for attachment in joined {
            let name = self.network_name(&attachment.target);
            let network = self.network_key(&name);
            let entry = self.attachment(member, &name, attachment);
            map.put(network, if entry.is_empty() { Yaml::Null } else { entry.into() });
        }
        let plain = map.iter().all(|entry| entry.value == Yaml::Null);
        if plain && map.len() == 1 && map.get(DEFAULT).is_some() {
            return None;
        }
        Some(if plain { Yaml::texts(map.iter().map(|e| e.key.as_str())) } else { map.into() })
    }

    fn attachment(
        &mut self,
        member: &Member<'_>,
        network: &str,
        joined: &NetworkAttachment,
    ) -> Map {
        let key = &member.key;
        let mut map = Map::new();
        let path = format!("networks.{network}");
        let mut aliases: Vec<&String> = Vec::new();
        for alias in joined.aliases.iter().filter(|alias| *alias != key) {
            if !aliases.contains(&alias) {
                aliases.push(alias);
            }
        }
        let named = joined.aliases.iter().any(|alias| alias == key);
        let own = member.standing == Standing::Member;
        if own && named == NODE_NETWORKS.contains(&network) {
            let message = match named {
                true => "no key says that the service has its own name on this network",
                false => "no key says that the service has not its own name on this network",
            };
            self.remark(&format!("{path}.aliases"), message);
        }
        map.put_filled("aliases", Yaml::texts(aliases));
        map.put_filled("driver_opts", strings(&joined.driver_opts));
        self.unknown(&path, &joined.extra);
        map
    }
}
