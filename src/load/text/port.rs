//! Short port forms: `80`, `8080:80`, `127.0.0.1:8000-8001:80-81/udp`.

use std::net::IpAddr;

use super::TextError;
use crate::load::bounds::MAX_PORT_RANGE;

/// Transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

impl Protocol {
    /// The engine's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

/// Ports of one short entry, expanded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PortRange {
    /// Address of the nodes that was asked for; Swarm publishes on all of them.
    pub ip: Option<String>,
    /// Protocol of all pairs.
    pub protocol: Protocol,
    /// Published and target port; published 0 lets the engine choose.
    pub pairs: Vec<(u16, u16)>,
}

/// Reads a short port form as docker does (`nat.ParsePortSpec`, then one entry per pair).
///
/// # Errors
/// The first part that does not fit.
pub fn parse_ports(text: &str) -> Result<PortRange, TextError> {
    let (front, target) = text.rsplit_once(':').map_or((None, text), |(f, t)| (Some(f), t));
    let (ip, published) = match front.map(|front| front.rsplit_once(':')) {
        None => (None, None),
        Some(None) => (None, front),
        Some(Some((ip, published))) => (Some(ip).filter(|ip| !ip.is_empty()), Some(published)),
    };
    let (target, protocol) = target.split_once('/').unwrap_or((target, ""));
    let protocol = protocol_of(protocol)?;
    let ip = ip.map(address).transpose()?;
    let target = range(target, "the port inside the container")?;
    let published = match published.filter(|published| !published.is_empty()) {
        Some(published) => Some(range(published, "the published port")?),
        None => None,
    };
    Ok(PortRange { ip, protocol, pairs: pairs(published, target)? })
}

fn protocol_of(text: &str) -> Result<Protocol, TextError> {
    match text.to_ascii_lowercase().as_str() {
        "" | "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err(TextError::new("names a protocol other than tcp, udp and sctp")),
    }
}

fn address(text: &str) -> Result<String, TextError> {
    let inner = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match inner.parse::<IpAddr>() {
        Ok(_) => Ok(inner.to_owned()),
        Err(_) => Err(TextError::new("begins with something that is no IP address")),
    }
}

fn range(text: &str, what: &str) -> Result<(u16, u16), TextError> {
    let wrong =
        || TextError::new(format!("is not a port: {what} has to be 0 to 65535, or a range"));
    let number = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u16>().ok().filter(|_| digits).ok_or_else(wrong)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err(TextError::new(format!("has a range that runs backwards: {what}")));
    }
    if u32::from(last - first) >= MAX_PORT_RANGE {
        return Err(TextError::new(format!("stands for more than {MAX_PORT_RANGE} ports")));
    }
    Ok((first, last))
}

/// Ranges of one length go together; one target may stand behind many published ports. Pairs of an
/// entry are ordered by the target as text, as docker orders them.
fn pairs(published: Option<(u16, u16)>, target: (u16, u16)) -> Result<Vec<(u16, u16)>, TextError> {
    let targets = target.0..=target.1;
    let mut pairs: Vec<(u16, u16)> = match published {
        None => targets.map(|target| (0, target)).collect(),
        Some((first, last)) if target.0 == target.1 => {
            (first..=last).map(|published| (published, target.0)).collect()
        }
        Some((first, last)) if last - first == target.1 - target.0 => {
            (first..=last).zip(targets).collect()
        }
        Some(_) => return Err(TextError::new("has two ranges of different lengths")),
    };
    pairs.sort_by_cached_key(|(_, target)| target.to_string());
    Ok(pairs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        match parse_ports(text) {
            Ok(ports) => {
                let pair = |(published, target): &(u16, u16)| format!("{published}:{target}");
                let pairs: Vec<_> = ports.pairs.iter().map(pair).collect();
                format!(
                    "{:?} {} {}",
                    ports.ip.unwrap_or_default(),
                    pairs.join(","),
                    ports.protocol.as_str()
                )
            }
            Err(error) => format!("! {error}"),
        }
    }

    #[test]
    fn short_ports_are_dockers() {
        for (text, ports) in [
            ("80", r#""" 0:80 tcp"#),
            ("8080:80", r#""" 8080:80 tcp"#),
            (":80", r#""" 0:80 tcp"#),
            ("127.0.0.1:8080:80/udp", r#""127.0.0.1" 8080:80 udp"#),
            ("127.0.0.1::80", r#""127.0.0.1" 0:80 tcp"#),
            ("[::1]:8080:80", r#""::1" 8080:80 tcp"#),
            ("::1:8080:80", r#""::1" 8080:80 tcp"#),
            ("8000-8001:80-81", r#""" 8000:80,8001:81 tcp"#),
            ("8000-8002:80", r#""" 8000:80,8001:80,8002:80 tcp"#),
            ("9-10", r#""" 0:10,0:9 tcp"#),
            ("80:80/TCP", r#""" 80:80 tcp"#),
        ] {
            assert_eq!(check(text), ports, "{text}");
        }
    }

    #[test]
    fn what_is_no_port_says_which_part() {
        for (text, part) in [
            ("", "inside the container"),
            ("80:", "inside the container"),
            ("80:80/foo", "protocol"),
            ("x:80", "published port"),
            ("70000", "65535"),
            ("2-1", "backwards"),
            ("1-3:1-2", "different lengths"),
            ("1.2.3:1:2", "IP address"),
            ("0-60000:0-60000", "more than 1000"),
            ("+80", "inside the container"),
        ] {
            assert!(check(text).contains(part), "{text}: {}", check(text));
        }
    }
}
