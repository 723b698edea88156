//! Which addresses a request may be sent to. Public ones over https; others, and any over http, only if the stack allows them: a
//! descriptor must not lead Holdfast's functions to what only they can reach, such as a metadata service.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Ranges of addresses that are allowed although they are not public.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedAddresses(Vec<Range>);

/// The addresses that share their first `bits` with `first`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Range {
    first: IpAddr,
    bits: u8,
}

impl AllowedAddresses {
    /// Reads a list of ranges such as `10.0.0.0/8, fd12::/16`, separated by commas. Empty, or `none`, for none.
    ///
    /// # Errors
    /// The entry that is no range.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        match text.trim() {
            "none" => Ok(Self::default()),
            _ => entries.map(Range::parse).collect::<Result<_, _>>().map(Self),
        }
    }

    /// Why no request may be sent to an address, as it can follow "has": `the private address 10.0.0.5`. `None` if it may.
    pub fn refusal(&self, address: IpAddr, is_plain: bool) -> Option<String> {
        let carried = carried(address);
        if self.0.iter().any(|range| range.holds(address) || range.holds(carried)) {
            return None;
        }
        match special(carried) {
            Some(kind) => Some(format!("the {kind} address {address}")),
            None if is_plain => Some(format!("the address {address}, which is reached over https alone")),
            None => None,
        }
    }
}

impl Range {
    fn parse(text: &str) -> Result<Self, String> {
        let (first, bits) = text.split_once('/').unwrap_or((text, ""));
        let first: IpAddr = first.parse().map_err(|_| text.to_owned())?;
        let longest = if first.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            "" if !text.contains('/') => longest,
            digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().map_err(|_| text.to_owned())?
            }
            _ => return Err(text.to_owned()),
        };
        match bits <= longest {
            true => Ok(Self { first, bits }),
            false => Err(text.to_owned()),
        }
    }

    fn holds(self, address: IpAddr) -> bool {
        let (ours, theirs) = match (self.first, address) {
            (IpAddr::V4(first), IpAddr::V4(address)) => (first.to_bits().into(), address.to_bits().into()),
            (IpAddr::V6(first), IpAddr::V6(address)) => (first.to_bits(), address.to_bits()),
            _ => return false,
        };
        let width: u32 = if address.is_ipv4() { 32 } else { 128 };
        let rest = width - u32::from(self.bits);
        let differs: u128 = ours ^ theirs;
        differs.checked_shr(rest).unwrap_or(0) == 0
    }
}

/// The IPv4 address that an IPv6 address carries: mapped, compatible, 6to4 or NAT64; else the address itself.
///
/// Sources: <https://www.rfc-editor.org/rfc/rfc4291#section-2.5.5>, <https://www.rfc-editor.org/rfc/rfc3056#section-2>,
/// <https://www.rfc-editor.org/rfc/rfc6052#section-2.1>.
fn carried(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else {
        return address;
    };
    let [a, b, c, d, e, f, g, h] = v6.segments();
    let v4 = |high: u16, low: u16| IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)));
    match [a, b, c, d, e, f] {
        [0, 0, 0, 0, 0, 0xffff] | [0x64, 0xff9b, 0, 0, 0, 0] => v4(g, h),
        // Without :: and ::1.
        [0, 0, 0, 0, 0, 0] if g != 0 => v4(g, h),
        [0x2002, ..] => v4(b, c),
        _ => address,
    }
}

/// What an address is that is not public.
///
/// Sources: <https://www.iana.org/assignments/iana-ipv4-special-registry/>, <https://www.iana.org/assignments/iana-ipv6-special-registry/>.
fn special(address: IpAddr) -> Option<&'static str> {
    match address {
        IpAddr::V4(address) => special_v4(address),
        IpAddr::V6(address) => special_v6(address),
    }
}

fn special_v4(address: Ipv4Addr) -> Option<&'static str> {
    match address.octets() {
        [0, ..] => Some("unspecified"),
        [10, ..] | [172, 16..=31, ..] | [192, 168, ..] => Some("private"),
        [127, ..] => Some("loopback"),
        [169, 254, ..] => Some("link-local"),
        [100, 64..=127, ..] => Some("shared (carrier-grade NAT)"),
        [224..=239, ..] => Some("multicast"),
        [192, 0, 0 | 2, _]
        | [192, 88, 99, _]
        | [198, 18 | 19, ..]
        | [198, 51, 100, _]
        | [203, 0, 113, _]
        | [240..=255, ..] => Some("reserved"),
        _ => None,
    }
}

fn special_v6(address: Ipv6Addr) -> Option<&'static str> {
    let [first, second, ..] = address.segments();
    match (first, second) {
        _ if address.is_unspecified() => Some("unspecified"),
        _ if address.is_loopback() => Some("loopback"),
        (0xfe80..=0xfebf, _) => Some("link-local"),
        (0xfc00..=0xfdff, _) => Some("unique-local"),
        (0xff00.., _) => Some("multicast"),
        // Teredo and other assignments of the IETF, and documentation.
        (0x2001, 0x0000..=0x01ff | 0x0db8) | (0x3fff, 0x0000..=0x0fff) => Some("reserved"),
        (0x2000..=0x3fff, _) => None,
        _ => Some("reserved"),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn refused(allowed: &str, address: &str, is_plain: bool) -> Option<String> {
        let allowed = AllowedAddresses::parse(allowed).unwrap();
        allowed.refusal(address.parse().unwrap(), is_plain)
    }

    #[test]
    fn only_public_addresses_are_reached_unless_others_are_allowed() {
        for public in [
            "1.1.1.1",
            "52.94.1.1",
            "172.32.0.1",
            "100.128.0.1",
            "192.0.1.1",
            "2600:1f18::1",
            "64:ff9b::1.1.1.1",
        ] {
            assert_eq!(refused("none", public, false), None, "{public}");
        }
        for (address, kind) in [
            ("0.0.0.0", "unspecified"),
            ("10.0.0.5", "private"),
            ("172.31.255.255", "private"),
            ("192.168.1.1", "private"),
            ("127.0.0.1", "loopback"),
            ("127.9.9.9", "loopback"),
            ("169.254.169.254", "link-local"),
            ("169.254.170.2", "link-local"),
            ("100.64.0.1", "shared"),
            ("224.0.0.1", "multicast"),
            ("255.255.255.255", "reserved"),
            ("198.19.0.1", "reserved"),
            ("192.0.0.8", "reserved"),
            ("::", "unspecified"),
            ("::1", "loopback"),
            ("fe80::1", "link-local"),
            ("fd00:ec2::254", "unique-local"),
            ("ff02::1", "multicast"),
            ("2001:db8::1", "reserved"),
            ("2001:0:1::1", "reserved"),
            ("64:ff9b:1::a00:5", "reserved"),
            ("fec0::1", "reserved"),
            // Other forms of addresses that are refused.
            ("::ffff:169.254.169.254", "link-local"),
            ("::ffff:10.0.0.5", "private"),
            ("::127.0.0.1", "loopback"),
            ("64:ff9b::10.0.0.5", "private"),
            ("2002:0a00:0005::1", "private"),
            ("2002:a9fe:a9fe::1", "link-local"),
        ] {
            let told = refused("", address, false).unwrap_or_default();
            assert!(told.contains(kind), "{address}: {told}");
        }
    }

    #[test]
    fn a_range_holds_what_shares_its_bits() {
        for (allowed, address, may) in [
            ("10.0.0.0/8", "10.255.0.1", true),
            ("10.0.0.0/8", "11.0.0.1", true),
            ("10.0.0.0/8", "192.168.0.1", false),
            ("10.1.2.3", "10.1.2.3", true),
            ("10.1.2.3", "10.1.2.4", false),
            ("10.1.2.3/32,192.168.0.0/16", "192.168.7.7", true),
            (" 127.0.0.0/8 , fd00::/8 ", "fd12::1", true),
            ("127.0.0.0/8", "::1", false),
            ("10.0.0.0/8", "::ffff:10.0.0.5", true),
            ("fd00::/8", "fe80::1", false),
            ("0.0.0.0/0", "169.254.169.254", true),
            ("::/0", "fe80::1", true),
        ] {
            assert_eq!(refused(allowed, address, false).is_none(), may, "{allowed} {address}");
        }
        for wrong in [
            "10.0.0.0/33",
            "10.0.0.0/",
            "10.0.0/8",
            "private",
            "10.0.0.0/8;127.0.0.0/8",
            "::/129",
            "10.0.0.0/-1",
            "none,10.0.0.0/8",
        ] {
            assert!(AllowedAddresses::parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn plain_text_goes_only_where_it_is_allowed() {
        assert!(refused("none", "1.1.1.1", true).unwrap().contains("https alone"));
        assert_eq!(refused("10.0.0.0/8", "10.0.0.5", true), None);
    }
}
