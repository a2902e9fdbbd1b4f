//! How many requests are under way. A store that says that it is too much (429, 503) gets half as many, and slowly more
//! again; one that answers gets more until it answers slower. All requests of a run to one store go through here, so that a
//! retry of one of them makes all go slower.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{OnceLock, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::{HeaderValue, StatusCode};
use http_body_util::{BodyExt as _, Limited};
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody, HttpService,
    ReqwestConnector,
};
use tokio::sync::Semaphore;

/// Requests under way in the beginning.
const FIRST: usize = 32;
/// Between two times that the number is halved: answers to requests of before say nothing new.
const PAUSE: Duration = Duration::from_millis(200);
/// Answers after which the mean time until one means something.
const SETTLED: usize = 16;
/// Seconds that an answer may take longer than twice the least, before the number stays as it is.
const SLACK: f64 = 0.005;
/// Errors one after another, without any answer between them, after which nothing more is asked.
const HOPELESS: u64 = 400;
/// Where nobody has ever answered, the time from the first error after which nothing more is asked.
const SILENT: Duration = Duration::from_secs(5);
/// Bytes of a list, or of what an error says, at most: a list has up to a thousand names of up to 1 KiB.
const LONGEST: usize = 32 << 20;
/// Who knows the credentials of a machine that has some. Elsewhere nobody answers there, however often one asks.
const MACHINES: [&str; 4] = ["169.254.169.254", "169.254.170.2", "metadata", "metadata.google.internal"];
/// Bytes of an answer in full that are dropped to get to the range that was asked for.
const SKIPPED: u64 = 64 << 20;

/// How many requests are under way, and how it went.
#[derive(Debug)]
pub(super) struct Throttle {
    permits: Semaphore,
    state: Mutex<State>,
    most: usize,
    /// Answers that said that it was too much.
    pub(super) slowed: AtomicU64,
    /// Requests that were answered, by whatever.
    pub(super) requests: AtomicU64,
    /// Errors since the last answer.
    failed: AtomicU64,
    /// When the first of them was, where nobody has answered yet.
    silent: OnceLock<Instant>,
}

#[derive(Debug)]
struct State {
    limit: usize,
    /// Permits that are taken back when they are returned.
    owed: usize,
    /// Answers since the limit was changed.
    answers: usize,
    /// Whether the store has said that it is too much: from then on it goes up slowly.
    cautious: bool,
    halved: Option<Instant>,
    /// Seconds until an answer, a mean of the last ones; and the least that it has been.
    mean: f64,
    least: f64,
    /// Answers in all.
    seen: usize,
}

impl Throttle {
    pub(super) fn new(most: usize) -> Arc<Self> {
        let first = FIRST.min(most.max(1));
        let state = State {
            limit: first,
            owed: 0,
            answers: 0,
            cautious: false,
            halved: None,
            mean: 0.0,
            least: f64::INFINITY,
            seen: 0,
        };
        Arc::new(Self {
            permits: Semaphore::new(first),
            state: Mutex::new(state),
            most: most.max(1),
            slowed: AtomicU64::new(0),
            requests: AtomicU64::new(0),
            failed: AtomicU64::new(0),
            silent: OnceLock::new(),
        })
    }

    /// Requests that may be under way now.
    #[cfg(test)]
    pub(super) fn limit(&self) -> usize {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).limit
    }

    /// An answer came after so long; `busy` says that it was too much.
    fn answered(&self, after: Duration, busy: bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.requests.fetch_add(1, Ordering::Relaxed);
        if busy {
            self.slowed.fetch_add(1, Ordering::Relaxed);
            if state.halved.is_none_or(|at| at.elapsed() > PAUSE) {
                let limit = (state.limit / 2).max(1);
                state.owed += state.limit - limit;
                state.limit = limit;
                (state.answers, state.cautious, state.halved) = (0, true, Some(Instant::now()));
            }
            return;
        }
        let seconds = after.as_secs_f64();
        state.mean = if state.seen == 0 { seconds } else { state.mean * 0.95 + seconds * 0.05 };
        state.seen += 1;
        if state.seen >= SETTLED {
            state.least = state.least.min(state.mean);
        }
        state.answers += 1;
        let due = if state.cautious { state.answers >= state.limit } else { true };
        if due && state.limit < self.most && state.mean < 2.0 * state.least + SLACK {
            state.limit += 1;
            state.answers = 0;
            if state.owed > 0 {
                state.owed -= 1;
            } else {
                self.permits.add_permits(1);
            }
        }
    }

    /// Whether another attempt is of no use: where nobody has ever answered, it is not because of too many requests.
    fn is_silent(&self) -> bool {
        self.requests.load(Ordering::Relaxed) == 0 && self.silent.get_or_init(Instant::now).elapsed() > SILENT
    }

    fn give_back(&self, permit: tokio::sync::SemaphorePermit<'_>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.owed > 0 {
            state.owed -= 1;
            permit.forget();
        }
    }
}

/// Makes clients whose requests go through the throttle.
#[derive(Debug)]
pub(super) struct Throttled(pub(super) Arc<Throttle>);

impl HttpConnector for Throttled {
    fn connect(&self, options: &ClientOptions) -> object_store::Result<HttpClient> {
        let inner = ReqwestConnector::default().connect(options)?;
        Ok(HttpClient::new(Client { inner, throttle: Arc::clone(&self.0) }))
    }
}

#[derive(Debug)]
struct Client {
    inner: HttpClient,
    throttle: Arc<Throttle>,
}

#[async_trait]
impl HttpService for Client {
    async fn call(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let throttle = &*self.throttle;
        let closed = |error| HttpError::new(HttpErrorKind::Unknown, error);
        let permit = throttle.permits.acquire().await.map_err(closed)?;
        if throttle.failed.load(Ordering::Relaxed) >= HOPELESS {
            return Err(HttpError::new(HttpErrorKind::Unknown, Hopeless));
        }
        let range = request.headers().get(RANGE).and_then(|range| range.to_str().ok()).and_then(bounds);
        let machine = request.uri().host().is_some_and(|host| MACHINES.contains(&host));
        let start = Instant::now();
        let answer = self.inner.execute(request).await;
        match &answer {
            Ok(response) => {
                let busy = matches!(response.status(), StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE);
                throttle.answered(start.elapsed(), busy);
                if !busy {
                    throttle.failed.store(0, Ordering::Relaxed);
                }
            }
            Err(_) => {
                throttle.failed.fetch_add(1, Ordering::Relaxed);
            }
        }
        throttle.give_back(permit);
        let response = match answer {
            Ok(response) => response,
            Err(error) if machine || throttle.is_silent() => return Err(HttpError::new(HttpErrorKind::Unknown, error)),
            Err(error) => return Err(error),
        };
        match (response.status(), range) {
            (StatusCode::PARTIAL_CONTENT, _) if is_endless(&response) => {
                Err(HttpError::new(HttpErrorKind::Unknown, Unmeasured))
            }
            (StatusCode::PARTIAL_CONTENT, _) => Ok(response),
            (StatusCode::OK, Some((first, last))) => part(response, first, last).await.map(limited),
            _ => Ok(limited(response)),
        }
    }
}

/// The answer, without what would be more than any store has to say.
fn limited(response: HttpResponse) -> HttpResponse {
    response.map(|body| {
        let wrong = |error: Box<dyn std::error::Error + Send + Sync>| match error.downcast::<HttpError>() {
            Ok(error) => *error,
            Err(error) => HttpError::new_boxed(HttpErrorKind::Decode, error),
        };
        HttpResponseBody::new(Limited::new(body, LONGEST).map_err(wrong))
    })
}

/// Why nothing more is asked.
#[derive(Debug, thiserror::Error)]
#[error("the last {HOPELESS} requests failed, so no more are made")]
struct Hopeless;

/// Whether the part that it says it is ends behind the last byte that has a number: the library adds one to that.
fn is_endless(response: &HttpResponse) -> bool {
    let range = response.headers().get(CONTENT_RANGE).and_then(|range| range.to_str().ok());
    let last = range.and_then(|range| range.split_once('-')?.1.split('/').next()?.trim().parse::<u64>().ok());
    last == Some(u64::MAX)
}

/// A server gives neither a part nor the length of all.
#[derive(Debug, thiserror::Error)]
#[error("non-partial response of unknown length")]
struct Unmeasured;

/// The first and the last byte of `bytes=0-4095`.
fn bounds(range: &str) -> Option<(u64, u64)> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

/// A simple server answers a range with everything: the part that was asked for, as if it had understood.
async fn part(response: HttpResponse, first: u64, last: u64) -> Result<HttpResponse, HttpError> {
    let length = response.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    let length = length.ok_or_else(|| HttpError::new(HttpErrorKind::Unknown, Unmeasured))?;
    if first >= SKIPPED || first >= length {
        return Ok(response);
    }
    let last = last.min(length - 1);
    let (mut parts, mut body) = response.into_parts();
    let (mut at, mut taken) = (0_u64, Vec::new());
    while at <= last {
        let Some(frame) = body.frame().await else { break };
        let Ok(data) = frame?.into_data() else { continue };
        let end = at + data.len() as u64;
        let from = usize::try_from(first.saturating_sub(at)).unwrap_or(usize::MAX).min(data.len());
        let to = usize::try_from((last + 1).saturating_sub(at)).unwrap_or(usize::MAX).min(data.len());
        taken.extend_from_slice(&data[from..to]);
        at = end;
    }
    parts.status = StatusCode::PARTIAL_CONTENT;
    let value =
        |text: String| HeaderValue::try_from(text).map_err(|error| HttpError::new(HttpErrorKind::Decode, error));
    parts.headers.insert(CONTENT_LENGTH, HeaderValue::from(taken.len()));
    parts.headers.insert(CONTENT_RANGE, value(format!("bytes {first}-{last}/{length}"))?);
    Ok(HttpResponse::from_parts(parts, bytes::Bytes::from(taken).into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAST: Duration = Duration::from_millis(1);

    #[test]
    fn it_grows_while_answers_are_quick() {
        let throttle = Throttle::new(100);
        for _ in 0..50 {
            throttle.answered(FAST, false);
        }
        assert_eq!(throttle.limit(), FIRST + 50);
        for _ in 0..500 {
            throttle.answered(FAST, false);
        }
        assert_eq!((throttle.limit(), throttle.permits.available_permits()), (100, 100));
    }

    #[test]
    fn it_halves_once_for_a_storm_and_then_grows_slowly() {
        let throttle = Throttle::new(100);
        for _ in 0..20 {
            throttle.answered(FAST, true);
        }
        assert_eq!(throttle.limit(), FIRST / 2);
        for _ in 0..FIRST / 2 {
            throttle.answered(FAST, false);
        }
        assert_eq!(throttle.limit(), FIRST / 2 + 1);
        assert_eq!(throttle.slowed.load(Ordering::Relaxed), 20);
    }

    #[test]
    fn it_stops_growing_when_answers_get_slow() {
        let throttle = Throttle::new(1000);
        for _ in 0..SETTLED {
            throttle.answered(FAST, false);
        }
        for _ in 0..200 {
            throttle.answered(Duration::from_millis(100), false);
        }
        assert!(throttle.limit() < FIRST + SETTLED + 20, "{}", throttle.limit());
    }

    #[test]
    fn ranges_are_understood() {
        assert_eq!(bounds("bytes=0-4095"), Some((0, 4095)));
        assert_eq!((bounds("bytes=-5"), bounds("bytes=5-"), bounds("rows=0-1")), (None, None, None));
    }
}
