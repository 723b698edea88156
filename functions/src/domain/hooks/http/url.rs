//! URLs of requests: what a hook may name, and where a redirect leads.

use std::fmt;
use std::net::IpAddr;

/// An absolute URL with the scheme `https` or `http`, without user, password and fragment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Url {
    /// Whether the scheme is `http`: what is sent can be read on its way.
    pub is_plain: bool,
    /// In lowercase; an IPv6 address without its brackets.
    pub host: String,
    pub port: u16,
    path: String,
    /// With its question mark; empty without one.
    query: String,
}

impl Url {
    /// `None` for what is no such URL.
    pub fn parse(text: &str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let is_plain = match scheme.to_ascii_lowercase().as_str() {
            "https" => false,
            "http" => true,
            _ => return None,
        };
        if !rest.bytes().all(|byte| byte.is_ascii_graphic())
            || rest.contains(['"', '#', '<', '>', '\\', '^', '`', '{', '|', '}'])
        {
            return None;
        }
        let (authority, rest) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let (host, port) = authority_of(authority)?;
        let (path, query) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        Some(Self {
            is_plain,
            host,
            port: port.unwrap_or(default_port(is_plain)),
            path: if path.is_empty() { "/" } else { path }.to_owned(),
            query: query.to_owned(),
        })
    }

    /// Where a `Location` of a response from here leads, without its fragment.
    ///
    /// Source: <https://www.rfc-editor.org/rfc/rfc3986#section-5.2>; dot segments are left to the server.
    pub fn join(&self, location: &str) -> Option<Self> {
        let location = location.split('#').next().unwrap_or_default();
        let before_path = location.split(['/', '?']).next().unwrap_or_default();
        let is_absolute = before_path.ends_with(':') && location.contains("://");
        if is_absolute {
            return Self::parse(location);
        }
        if location.starts_with("//") {
            return Self::parse(&format!("{}:{location}", self.scheme()));
        }
        let rest = match location.chars().next()? {
            '/' => location.to_owned(),
            '?' => format!("{}{location}", self.path),
            _ => format!("{}{location}", &self.path[..=self.path.rfind('/')?]),
        };
        Self::parse(&format!("{}{rest}", self.origin()))
    }

    /// Whether what is secret may follow from here to there: the same server, and not in plain text.
    pub fn may_hand_on_to(&self, other: &Self) -> bool {
        let is_same = self.is_plain == other.is_plain && self.port == other.port;
        let is_upgrade =
            self.is_plain && !other.is_plain && self.port == default_port(true) && other.port == default_port(false);
        self.host == other.host && (is_same || is_upgrade)
    }

    /// The host as an address, if it is one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// For messages: a query may hold what is nobody else's business.
    pub fn without_query(&self) -> String {
        let query = if self.query.is_empty() { "" } else { "?…" };
        format!("{}{}{query}", self.origin(), self.path)
    }

    fn scheme(&self) -> &'static str {
        match self.is_plain {
            true => "http",
            false => "https",
        }
    }

    fn origin(&self) -> String {
        let host = match self.host.contains(':') {
            true => format!("[{}]", self.host),
            false => self.host.clone(),
        };
        let port = match self.port == default_port(self.is_plain) {
            true => String::new(),
            false => format!(":{}", self.port),
        };
        format!("{}://{host}{port}", self.scheme())
    }
}

impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.origin(), self.path, self.query)
    }
}

fn default_port(is_plain: bool) -> u16 {
    match is_plain {
        true => 80,
        false => 443,
    }
}

fn authority_of(authority: &str) -> Option<(String, Option<u16>)> {
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, after) = rest.split_once(']')?;
            host.parse::<std::net::Ipv6Addr>().ok()?;
            (host, after.strip_prefix(':').or(after.is_empty().then_some("none"))?)
        }
        None => {
            let (host, port) = authority.split_once(':').unwrap_or((authority, "none"));
            let is_name =
                |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
            let name = host.strip_suffix('.').unwrap_or(host);
            if host.len() > 253 || !name.split('.').all(is_name) {
                return None;
            }
            (host, port)
        }
    };
    let port = match port {
        "none" => None,
        digits if digits.len() <= 5 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            Some(digits.parse().ok().filter(|port| *port > 0)?)
        }
        _ => return None,
    };
    Some((host.to_ascii_lowercase(), port))
}

/// Escapes a value for a path segment or a query.
pub fn escaped(value: &str) -> String {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let escape = |byte: u8| match plain(&byte) {
        true => char::from(byte).to_string(),
        false => format!("%{byte:02X}"),
    };
    value.bytes().map(escape).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_no_plain_url_of_a_server_is_refused() {
        for wrong in [
            "",
            "chat.example.org",
            "ftp://chat.example.org/",
            "https://",
            "https:///path",
            "https://user@chat.example.org/",
            "https://user:password@chat.example.org/",
            "https://chat.example.org/#top",
            "https://chat.example.org:/",
            "https://chat.example.org:0/",
            "https://chat.example.org:65536/",
            "https://chat.example.org:+80/",
            "https://chat example.org/",
            "https://chat.example.org/a b",
            "https://chat.example.org\\@evil.example/",
            "https://chät.example.org/",
            "https://chat..example.org/",
            "https://[::1/",
            "https://[::1]x/",
            "https://[chat]/",
            "https://chat.example.org/{id}",
            "https://chat.example.org/\n",
        ] {
            assert_eq!(Url::parse(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn a_url_is_written_as_it_was_read() {
        for (text, written, host, port) in [
            (
                "https://Chat.Example.org",
                "https://chat.example.org/",
                "chat.example.org",
                443,
            ),
            (
                "HTTP://10.0.0.5:8080/a?b=c/d?e",
                "http://10.0.0.5:8080/a?b=c/d?e",
                "10.0.0.5",
                8080,
            ),
            (
                "https://[fd00::1]:8443?x=1",
                "https://[fd00::1]:8443/?x=1",
                "fd00::1",
                8443,
            ),
            (
                "https://chat.example.org:443/",
                "https://chat.example.org/",
                "chat.example.org",
                443,
            ),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.to_string().as_str(), url.host.as_str(), url.port),
                (written, host, port)
            );
        }
        assert_eq!(Url::parse("https://[::1]/").unwrap().address(), "::1".parse().ok());
        let url = Url::parse("https://chat.example.org/a?token=x").unwrap();
        assert_eq!(url.without_query(), "https://chat.example.org/a?…");
    }

    #[test]
    fn a_redirect_leads_where_a_browser_would_go() {
        let from = Url::parse("https://chat.example.org:8443/api/v1/mode?x=1").unwrap();
        for (location, wanted) in [
            ("https://other.example.org/b#c", "https://other.example.org/b"),
            ("http://other.example.org", "http://other.example.org/"),
            ("//other.example.org/b", "https://other.example.org/b"),
            ("/b?c=https://x", "https://chat.example.org:8443/b?c=https://x"),
            ("b", "https://chat.example.org:8443/api/v1/b"),
            ("?y=2", "https://chat.example.org:8443/api/v1/mode?y=2"),
        ] {
            assert_eq!(from.join(location).unwrap().to_string(), wanted, "{location}");
        }
        for nowhere in ["", "#top", "ftp://other.example.org/", "//user@other.example.org/"] {
            assert_eq!(from.join(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn secrets_stay_with_their_server_and_out_of_plain_text() {
        for (from, to, may) in [
            ("https://a.example/x", "https://A.example:443/y", true),
            ("https://a.example/", "https://b.example/", false),
            ("https://a.example/", "https://a.example:8443/", false),
            ("https://a.example/", "http://a.example/", false),
            ("http://a.example/", "https://a.example/", true),
            ("http://a.example:8080/", "https://a.example/", false),
            ("https://a.example/", "https://x.a.example/", false),
        ] {
            let [first, second] = [from, to].map(|text| Url::parse(text).unwrap());
            assert_eq!(first.may_hand_on_to(&second), may, "{from} {to}");
        }
    }

    #[test]
    fn what_is_inserted_stays_one_segment() {
        assert_eq!(escaped("a/b?c=ü&d"), "a%2Fb%3Fc%3D%C3%BC%26d");
    }
}
