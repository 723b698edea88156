//! An address of the loopback network per cluster identifier.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, TcpListener};

use super::cluster::Endpoint;

/// Addresses by cluster identifier.
#[derive(Debug)]
pub struct Addresses {
    first: u32,
    given: BTreeMap<String, u32>,
}

impl Addresses {
    /// A range of 127.0.0.0/8 of its own, so that concurrent labs rarely collide.
    #[must_use]
    pub fn new() -> Self {
        let random = u32::from_str_radix(&crate::ids::hex(4), 16).unwrap_or(0);
        Self {
            first: u32::from(Ipv4Addr::new(127, 16, 0, 0)) + (random << 6),
            given: BTreeMap::new(),
        }
    }

    /// Address and port of a cluster: its identifier's addresses, and the requested port if it is free there.
    pub fn endpoint(&mut self, id: &str, port: u16) -> Endpoint {
        let next = self.first + 2 * u32::try_from(self.given.len()).unwrap_or(0) + 1;
        let writer = *self.given.entry(id.to_owned()).or_insert(next);
        let (writer, reader) = (Ipv4Addr::from(writer), Ipv4Addr::from(writer + 1));
        Endpoint {
            writer: writer.to_string(),
            reader: reader.to_string(),
            port: free_port(writer, reader, port),
        }
    }
}

impl Default for Addresses {
    fn default() -> Self {
        Self::new()
    }
}

/// `wanted`, or, if another program has it on one of the addresses, a port that is free on both.
fn free_port(writer: Ipv4Addr, reader: Ipv4Addr, wanted: u16) -> u16 {
    let bind = |address: Ipv4Addr, port: u16| TcpListener::bind((address, port));
    if bind(writer, wanted).is_ok() && bind(reader, wanted).is_ok() {
        return wanted;
    }
    (0..20)
        .filter_map(|_| Some(bind(writer, 0).ok()?.local_addr().ok()?.port()))
        .find(|port| bind(reader, *port).is_ok())
        .unwrap_or(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identifier_keeps_its_address_and_others_get_others() {
        let mut addresses = Addresses::new();
        let (a, b) = (addresses.endpoint("a", 5432), addresses.endpoint("b", 5432));
        assert_ne!(a.writer, b.writer);
        assert_ne!(a.reader, b.writer);
        assert_eq!(addresses.endpoint("a", 5432).writer, a.writer);
    }

    #[test]
    fn a_port_that_is_taken_is_replaced() {
        let mut addresses = Addresses::new();
        let free = addresses.endpoint("a", 5999);
        let host: Ipv4Addr = free.writer.parse().unwrap_or(Ipv4Addr::LOCALHOST);
        let taken = TcpListener::bind((host, free.port));
        assert!(taken.is_ok());
        assert_ne!(addresses.endpoint("a", free.port).port, free.port);
    }
}
