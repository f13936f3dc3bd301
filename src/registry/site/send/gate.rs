//! Where connections may lead. A registry says where to go on (redirects, the place to log in); it must
//! not make skep knock at addresses of the inner network, unless it is there itself.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use url::{Host, Url};

/// Looks names up for the connections of one registry, and leaves out what must not be reached. The
/// address that is checked is the one that is connected to.
#[derive(Debug, Clone)]
pub(in crate::registry::site) struct Gate {
    /// The registry's own host.
    own: String,
    /// Hosts of proxies: they are where they are.
    proxies: Arc<BTreeSet<String>>,
    /// Whether the registry itself is in the inner network.
    inside: Arc<AtomicBool>,
}

/// An address that must not be reached.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("it leads to {0}, which is in a private network, from a registry that is not in one")]
pub(in crate::registry::site) struct Barred(String);

impl Gate {
    pub(in crate::registry::site) fn new(address: &Url, proxies: BTreeSet<String>) -> Self {
        let inside = literal(address).is_some_and(is_private);
        let own = address.host_str().unwrap_or_default().to_owned();
        Self { own, proxies: Arc::new(proxies), inside: Arc::new(AtomicBool::new(inside)) }
    }

    /// Checks an address that is written as a number: nothing is looked up for it.
    pub(in crate::registry::site) fn check(&self, url: &Url) -> Result<(), Barred> {
        let Some(address) = literal(url) else { return Ok(()) };
        if !is_private(address) || self.is_inside() || url.host_str() == Some(&self.own) {
            return Ok(());
        }
        Err(Barred(url.host_str().unwrap_or_default().to_owned()))
    }

    fn is_inside(&self) -> bool {
        self.inside.load(Ordering::Relaxed)
    }

    /// What of the addresses of a name may be reached.
    fn pass(&self, name: &str, found: Vec<SocketAddr>) -> Result<Vec<SocketAddr>, Barred> {
        if name == self.own {
            let inside = found.iter().all(|address| is_private(address.ip()));
            self.inside.store(inside, Ordering::Relaxed);
            return Ok(found);
        }
        if self.is_inside() || self.proxies.contains(name) {
            return Ok(found);
        }
        let open = |address: &SocketAddr| !is_private(address.ip());
        let open: Vec<SocketAddr> = found.into_iter().filter(open).collect();
        if open.is_empty() { Err(Barred(name.to_owned())) } else { Ok(open) }
    }
}

impl Resolve for Gate {
    fn resolve(&self, name: Name) -> Resolving {
        let gate = self.clone();
        Box::pin(async move {
            let host = name.as_str();
            let found: Vec<SocketAddr> = tokio::net::lookup_host((host, 0)).await?.collect();
            Ok(Box::new(gate.pass(host, found)?.into_iter()) as Addrs)
        })
    }
}

/// The address that a URL names as a number.
fn literal(url: &Url) -> Option<IpAddr> {
    match url.host()? {
        Host::Ipv4(address) => Some(address.into()),
        Host::Ipv6(address) => Some(address.into()),
        Host::Domain(_) => None,
    }
}

/// Everything that is not one host of the open internet.
fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => is_private_v4(address),
        IpAddr::V6(address) => is_private_v6(address),
    }
}

fn is_private_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    address.is_private()
        || address.is_loopback()
        || address.is_link_local()
        || address.is_broadcast()
        || address.is_documentation()
        || address.is_multicast()
        // "This" network, carrier-grade NAT, protocol assignments, benchmarks, reserved.
        || a == 0
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 198 && (b == 18 || b == 19))
        || a >= 240
}

fn is_private_v6(address: Ipv6Addr) -> bool {
    let parts = address.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        is_private_v4(Ipv4Addr::new(a, b, c, d))
    };
    if let Some(mapped) = address.to_ipv4_mapped() {
        return is_private_v4(mapped);
    }
    match parts {
        // NAT64 and 6to4 carry an address of the old kind.
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => v4(high, low),
        // Unspecified, loopback, and the forms of the old kind that nobody uses any more.
        [0, 0, 0, 0, 0, 0, ..] => true,
        [0x2001, 0xdb8, ..] | [0x64, 0xff9b, 1, ..] => true,
        [first, ..] => first & 0xfe00 == 0xfc00 || first & 0xffc0 == 0xfe80 || first >= 0xff00,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(own: &str) -> Gate {
        Gate::new(&own.parse().unwrap(), BTreeSet::from(["proxy.lan".to_owned()]))
    }

    fn passed(gate: &Gate, name: &str, addresses: &[&str]) -> String {
        let found = addresses.iter().map(|text| SocketAddr::new(text.parse().unwrap(), 0));
        match gate.pass(name, found.collect()) {
            Ok(open) => {
                open.iter().map(|address| address.ip().to_string()).collect::<Vec<_>>().join(" ")
            }
            Err(barred) => barred.to_string(),
        }
    }

    #[test]
    fn addresses_of_the_inner_network_are_known_in_all_their_forms() {
        for inner in [
            "10.1.2.3",
            "127.0.0.1",
            "169.254.169.254",
            "192.168.0.1",
            "172.16.0.1",
            "0.0.0.0",
            "100.64.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "198.18.0.1",
            "::1",
            "::",
            "fd00::1",
            "fe80::1",
            "::ffff:10.0.0.1",
            "::ffff:127.0.0.1",
            "64:ff9b::a00:1",
            "2002:7f00:1::1",
            "ff02::1",
            "::127.0.0.1",
        ] {
            assert!(is_private(inner.parse().unwrap()), "{inner}");
        }
        for open in ["1.1.1.1", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1"] {
            assert!(!is_private(open.parse().unwrap()), "{open}");
        }
    }

    #[test]
    fn a_registry_outside_leads_nowhere_inside() {
        let gate = gate("https://r.io/");
        assert_eq!(passed(&gate, "r.io", &["1.1.1.1"]), "1.1.1.1");
        assert!(passed(&gate, "cdn.io", &["10.0.0.1"]).contains("private network"));
        assert_eq!(passed(&gate, "cdn.io", &["10.0.0.1", "1.0.0.1"]), "1.0.0.1");
        assert_eq!(passed(&gate, "proxy.lan", &["10.0.0.1"]), "10.0.0.1");
        let check = |url: &str| gate.check(&url.parse().unwrap()).is_ok();
        assert!(check("https://1.1.1.1/") && check("https://cdn.io/"));
        for inner in ["https://169.254.169.254/", "https://[::1]/", "https://2130706433/"] {
            assert!(!check(inner), "{inner}");
        }
    }

    #[test]
    fn a_registry_inside_may_lead_to_its_neighbours() {
        let by_name = gate("https://r.lan/");
        assert_eq!(passed(&by_name, "r.lan", &["10.0.0.1"]), "10.0.0.1");
        assert_eq!(passed(&by_name, "blobs.lan", &["10.0.0.2"]), "10.0.0.2");
        // One address outside makes it one outside.
        assert_eq!(passed(&by_name, "r.lan", &["10.0.0.1", "1.1.1.1"]), "10.0.0.1 1.1.1.1");
        assert!(passed(&by_name, "blobs.lan", &["10.0.0.2"]).contains("private network"));
        let by_number = gate("https://10.0.0.1:5000/");
        assert!(by_number.check(&"https://10.0.0.2/".parse().unwrap()).is_ok());
    }
}
