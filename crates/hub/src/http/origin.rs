//! Addresses: what a token is for, and where a redirect leads.

use ureq::http::Uri;

/// Scheme, host and port: what a token is for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Origin {
    scheme: String,
    host: String,
    port: u16,
}

impl Origin {
    pub(super) fn of(url: &str) -> Option<Self> {
        let uri: Uri = url.parse().ok()?;
        let scheme = uri.scheme_str()?.to_ascii_lowercase();
        let port = uri.port_u16().unwrap_or(if scheme == "https" { 443 } else { 80 });
        Some(Self { host: uri.host()?.to_ascii_lowercase(), scheme, port })
    }

    pub(super) fn is_this_machine(&self) -> bool {
        self.host == "localhost" || self.host == "[::1]" || self.host.starts_with("127.")
    }
}

/// Where the `Location` in an answer from `base` leads; `None` where it may not be followed.
pub(super) fn resolve(base: &str, location: &str) -> Option<String> {
    let base: Uri = base.parse().ok()?;
    let (scheme, authority) = (base.scheme_str()?, base.authority()?);
    let url = if location.contains("://") {
        location.to_owned()
    } else if location.starts_with("//") {
        format!("{scheme}:{location}")
    } else if location.starts_with('/') {
        format!("{scheme}://{authority}{location}")
    } else {
        let folder = base.path().rsplit_once('/').map_or("", |(folder, _)| folder);
        format!("{scheme}://{authority}{folder}/{location}")
    };
    // A redirect must not lead from https to an address that anybody on the way can answer for.
    let downgrade = scheme == "https" && Origin::of(&url)?.scheme != "https";
    (!downgrade).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redirects() {
        let base = "https://hub:1/a/b?x=1";
        let cases = [
            ("/c?y", Some("https://hub:1/c?y")),
            ("c", Some("https://hub:1/a/c")),
            ("//cdn/c", Some("https://cdn/c")),
            ("https://cdn/c", Some("https://cdn/c")),
            ("http://cdn/c", None),
        ];
        for (location, expected) in cases {
            assert_eq!(resolve(base, location).as_deref(), expected, "{location}");
        }
    }

    #[test]
    fn an_origin_is_scheme_host_and_port() {
        assert_eq!(Origin::of("https://Hub/a"), Origin::of("HTTPS://hub:443/b"));
        for other in ["http://hub", "https://hub:1", "https://hub.evil", "https://evil/hub"] {
            assert_ne!(Origin::of("https://hub"), Origin::of(other), "{other}");
        }
    }
}
