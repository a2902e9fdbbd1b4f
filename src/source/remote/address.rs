//! Addresses of objects as people write them: `s3://bucket/key`, `gs://bucket/key`, `az://container/key`, `https://host/path`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of store, by the scheme of its addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Service {
    /// Amazon S3, or what speaks its protocol.
    S3,
    /// Google Cloud Storage.
    Gcs,
    /// Azure Blob Storage.
    Azure,
    /// A web server.
    Http,
}

/// The schemes, and what they stand for.
const SCHEMES: [(&str, Service); 7] = [
    ("s3", Service::S3),
    ("s3a", Service::S3),
    ("gs", Service::Gcs),
    ("az", Service::Azure),
    ("azure", Service::Azure),
    ("https", Service::Http),
    ("http", Service::Http),
];

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::S3 => "S3",
            Self::Gcs => "Google Cloud Storage",
            Self::Azure => "Azure Blob Storage",
            Self::Http => "the server",
        })
    }
}

/// Where something is: the store, and the way inside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// The kind of store.
    pub service: Service,
    /// The address up to the bucket: `s3://bucket`; of a web server scheme and host.
    pub bucket: String,
    /// What follows the bucket, without a slash in front. May be empty, end in a slash, or be a glob.
    pub key: String,
    /// What follows a `?` in the address of a web server: it may hold a signature, so it is never shown.
    pub query: Option<String>,
}

impl Address {
    /// Whether the argument is such an address.
    #[must_use]
    pub fn is_one(argument: &str) -> bool {
        service(argument).is_some()
    }

    /// Reads an address. An error says what is wrong with it.
    pub fn parse(argument: &str) -> Result<Self, &'static str> {
        let (service, rest) = service(argument).ok_or("the address has no scheme that is known")?;
        let (rest, query) = match rest.split_once('?').filter(|_| service == Service::Http) {
            Some((rest, query)) => (rest, Some(query.to_owned())),
            None => (rest, None),
        };
        let (host, key) = rest.split_once('/').unwrap_or((rest, ""));
        if host.is_empty() {
            return Err("the address names no bucket");
        }
        let scheme = argument.len() - argument.split_once("://").map_or(0, |(_, rest)| rest.len());
        let bucket = format!("{}{host}", argument[..scheme].to_ascii_lowercase());
        Ok(Self { service, bucket, key: key.to_owned(), query })
    }

    /// The name of the bucket or container.
    #[must_use]
    pub fn name(&self) -> &str {
        self.bucket.split_once("://").map_or(&*self.bucket, |(_, name)| name)
    }

    /// The address of something in the same bucket, as it is shown.
    #[must_use]
    pub fn of(&self, key: &str) -> String {
        format!("{}/{key}", self.bucket)
    }
}

fn service(argument: &str) -> Option<(Service, &str)> {
    let (scheme, rest) = argument.split_once("://")?;
    let (_, service) = SCHEMES.iter().find(|(known, _)| scheme.eq_ignore_ascii_case(known))?;
    Some((*service, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_taken_apart() {
        let parsed = |text| {
            let address = Address::parse(text).unwrap();
            (address.service, address.bucket, address.key, address.query)
        };
        let none = || None::<String>;
        assert_eq!(parsed("s3://b/a/x.npy"), (Service::S3, "s3://b".into(), "a/x.npy".into(), none()));
        assert_eq!(parsed("S3://b"), (Service::S3, "s3://b".into(), String::new(), none()));
        assert_eq!(parsed("gs://b/a?b.npy"), (Service::Gcs, "gs://b".into(), "a?b.npy".into(), none()));
        let signed = (Service::Http, "https://h:8080".into(), "a.npy".into(), Some("X-Sig=1".into()));
        assert_eq!(parsed("https://h:8080/a.npy?X-Sig=1"), signed);
        assert_eq!(Address::parse("s3://b/x").unwrap().of("y/z"), "s3://b/y/z");
        assert_eq!(Address::parse("az://box/x").unwrap().name(), "box");
    }

    #[test]
    fn what_is_no_address_is_a_path() {
        for path in ["s3:/b", "C://x", "a/s3://b", "file:///x", "x.npy", "://b"] {
            assert!(!Address::is_one(path), "{path}");
        }
        assert!(Address::parse("s3:///x").is_err());
    }
}
