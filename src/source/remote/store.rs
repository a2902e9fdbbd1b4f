//! The stores of a run, one for each bucket, opened with what the environment says as the tools of their makers do.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use object_store::aws::{AmazonS3Builder, AmazonS3ConfigKey};
use object_store::azure::{AzureConfigKey, MicrosoftAzureBuilder};
use object_store::client::ClientConfigKey;
use object_store::gcp::{GoogleCloudStorageBuilder, GoogleConfigKey};
use object_store::http::HttpBuilder;
use object_store::path::Path;
use object_store::{BackoffConfig, GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, RetryConfig};
use tokio::runtime::Builder;

use super::address::{Address, Service};
use super::profile;
use super::runtime::Runtime;
use super::throttle::{Throttle, Throttled};
use super::trouble::{Asked, Trouble};
use crate::config::remote::Remote;

/// What a request is tried again for, and how long.
const RETRIES: usize = 10;
const RETRIED: Duration = Duration::from_secs(90);
/// Between ranges that are fetched together lie at most so many bytes.
pub(super) const GAP: u64 = 256 * 1024;
/// Bytes that room is made for before they come.
const LARGEST: u64 = 4 << 20;

/// What one store is opened for: a bucket, or a web server with what follows the `?`.
type Place = (String, Option<String>);

/// The stores of a run.
#[derive(Debug)]
pub(crate) struct Stores {
    runtime: Arc<Runtime>,
    settings: Remote,
    open: Mutex<HashMap<Place, Result<Arc<Store>, Trouble>>>,
}

/// One bucket, or one web server.
#[derive(Debug)]
pub(crate) struct Store {
    pub(super) runtime: Arc<Runtime>,
    pub(super) service: Service,
    pub(super) objects: Box<dyn ObjectStore>,
    pub(super) most: usize,
}

/// What was fetched, and of what.
pub(super) struct Fetched {
    pub(super) bytes: Bytes,
    pub(super) size: u64,
    pub(super) tag: Option<String>,
}

impl Stores {
    /// No store yet. An error is that of the system, which has no thread for it.
    pub(crate) fn new(settings: &Remote) -> std::io::Result<Self> {
        // Somebody who installed one before has no other.
        let _ = rustls::crypto::ring::default_provider().install_default();
        // One thread: the work is waiting, and sharing connections costs more than a second thread brings.
        let runtime =
            Builder::new_multi_thread().worker_threads(1).thread_name("remote").enable_io().enable_time().build()?;
        Ok(Self { runtime: Arc::new(Runtime::from(runtime)), settings: settings.clone(), open: Mutex::default() })
    }

    /// The store of the address.
    pub(crate) fn of(&self, address: &Address) -> Result<Arc<Store>, Trouble> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (address.bucket.clone(), address.query.clone());
        open.entry(key).or_insert_with(|| self.made(address)).clone()
    }

    fn made(&self, address: &Address) -> Result<Arc<Store>, Trouble> {
        let most = self.settings.connections.unwrap_or(Remote::CONNECTIONS).max(1);
        let throttle = Throttle::new(most);
        let _entered = self.runtime.enter();
        let objects = self.built(address, Throttled(throttle))?;
        let runtime = Arc::clone(&self.runtime);
        Ok(Arc::new(Store { runtime, service: address.service, objects, most }))
    }

    fn built(&self, address: &Address, throttled: Throttled) -> Result<Box<dyn ObjectStore>, Trouble> {
        let wrong = |error: object_store::Error| Trouble::of(&error, address.service, Asked::Open);
        let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: RETRIED };
        let timeout = format!("{} s", self.settings.timeout.unwrap_or(Remote::TIMEOUT));
        // One that is slow as a whole is none that is dead: a time between two bytes counts, not that of all.
        let client = [
            (ClientConfigKey::ConnectTimeout, "10 s"),
            (ClientConfigKey::ReadTimeout, &*timeout),
            (ClientConfigKey::PoolMaxIdlePerHost, "1024"),
        ];
        let anonymous = self.settings.anonymous;
        Ok(match address.service {
            Service::S3 => {
                let mut builder = AmazonS3Builder::from_env()
                    .with_bucket_name(address.name())
                    .with_retry(retry)
                    .with_http_connector(throttled);
                for (key, value) in client {
                    builder = unless_set(builder, AmazonS3ConfigKey::Client(key), value);
                }
                builder = profile::on(builder)?;
                // A server of one's own mostly has no certificate; its address says so.
                let plain = [AmazonS3ConfigKey::Endpoint, AmazonS3ConfigKey::S3Endpoint];
                if plain.iter().any(|key| builder.get_config_value(key).is_some_and(|url| url.starts_with("http:"))) {
                    builder = builder.with_allow_http(true);
                }
                if anonymous {
                    builder = builder.with_skip_signature(true);
                }
                Box::new(builder.build().map_err(wrong)?)
            }
            Service::Gcs => {
                let mut builder = GoogleCloudStorageBuilder::from_env()
                    .with_bucket_name(address.name())
                    .with_retry(retry)
                    .with_http_connector(throttled);
                for (key, value) in client {
                    builder = builder.with_config(GoogleConfigKey::Client(key), value);
                }
                if anonymous {
                    builder = builder.with_skip_signature(true);
                }
                Box::new(builder.build().map_err(wrong)?)
            }
            Service::Azure => {
                let mut builder = MicrosoftAzureBuilder::from_env()
                    .with_container_name(address.name())
                    .with_retry(retry)
                    .with_http_connector(throttled);
                for (key, value) in client {
                    builder = builder.with_config(AzureConfigKey::Client(key), value);
                }
                if anonymous {
                    builder = builder.with_skip_signature(true);
                }
                Box::new(builder.build().map_err(wrong)?)
            }
            Service::Http => {
                let query = address.query.as_ref().map_or(String::new(), |query| format!("?{query}"));
                let mut builder = HttpBuilder::new()
                    .with_url(format!("{}/{query}", address.bucket))
                    .with_retry(retry)
                    .with_http_connector(throttled)
                    .with_config(ClientConfigKey::AllowHttp, "true");
                for (key, value) in client {
                    builder = builder.with_config(key, value);
                }
                Box::new(builder.build().map_err(wrong)?)
            }
        })
    }
}

/// The setting, unless the environment has one.
fn unless_set(builder: AmazonS3Builder, key: AmazonS3ConfigKey, value: &str) -> AmazonS3Builder {
    let name = format!("AWS_{}", key.as_ref().trim_start_matches("aws_").to_ascii_uppercase());
    if std::env::var_os(name).is_some() { builder } else { builder.with_config(key, value) }
}

impl Store {
    /// Fetches bytes of an object; fewer where it ends before. With a tag only those of that version.
    pub(super) async fn fetch(&self, key: &Path, range: Range<u64>, tag: Option<&str>) -> Result<Fetched, Trouble> {
        let wrong = |error: object_store::Error| Trouble::of(&error, self.service, Asked::Read);
        let options = GetOptions {
            range: Some(GetRange::Bounded(range.clone())),
            if_match: tag.map(str::to_owned),
            ..GetOptions::default()
        };
        let result = match self.objects.get_opts(key, options).await {
            Err(error) if Trouble::is_beyond(&error) => {
                // An object without bytes has no range. Its size says so.
                let meta = self.objects.head(key).await.map_err(wrong)?;
                let bytes = Bytes::new();
                return if meta.size <= range.start {
                    Ok(Fetched { bytes, size: meta.size, tag: meta.e_tag })
                } else {
                    Err(wrong(error))
                };
            }
            result => result.map_err(wrong)?,
        };
        let (size, tag) = (result.meta.size, result.meta.e_tag.clone());
        let expected = range.end.min(size).saturating_sub(range.start);
        let bytes = collected(result.into_stream(), expected).await.map_err(wrong)?;
        if bytes.len() as u64 != expected {
            return Err(Trouble::WrongLength { got: bytes.len() as u64, expected });
        }
        Ok(Fetched { bytes, size, tag })
    }
}

/// The bytes of an answer; of one that is longer than it should be only so many that this is seen.
async fn collected(
    mut stream: BoxStream<'static, object_store::Result<Bytes>>,
    expected: u64,
) -> object_store::Result<Bytes> {
    let Some(first) = stream.next().await.transpose()? else { return Ok(Bytes::new()) };
    if first.len() as u64 >= expected {
        return Ok(first);
    }
    let mut bytes = Vec::with_capacity(usize::try_from(expected.min(LARGEST)).unwrap_or(0));
    bytes.extend_from_slice(&first);
    while (bytes.len() as u64) < expected {
        let Some(part) = stream.next().await.transpose()? else { break };
        bytes.extend_from_slice(&part);
    }
    Ok(bytes.into())
}
