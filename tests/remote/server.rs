//! A server that speaks as much of S3 as a reader needs, on a thread for each connection. It counts what it is asked for, and
//! a plan says what goes wrong.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

/// The bucket.
pub(crate) const BUCKET: &str = "bkt";
/// When everything was written.
const MODIFIED: &str = "Tue, 01 Jul 2025 10:00:00 GMT";

/// What was asked for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Request {
    pub(crate) method: String,
    /// The key; empty for a list.
    pub(crate) key: String,
    pub(crate) query: BTreeMap<String, String>,
    /// Names in lower case.
    pub(crate) headers: BTreeMap<String, String>,
    /// How many requests for the same key, or lists, came before.
    pub(crate) nth: usize,
    /// How many requests came before, of any kind.
    pub(crate) place: usize,
    /// Requests under way when it came, with this one.
    pub(crate) under_way: usize,
}

impl Request {
    pub(crate) fn is_list(&self) -> bool {
        self.key.is_empty()
    }

    /// First and last byte, where a range is asked for.
    pub(crate) fn range(&self) -> Option<(usize, usize)> {
        let (first, last) = self.headers.get("range")?.strip_prefix("bytes=")?.split_once('-')?;
        Some((first.parse().ok()?, last.parse().ok()?))
    }
}

/// What the server does.
#[derive(Debug, Clone)]
pub(crate) enum Answer {
    /// What is right.
    Serve,
    /// What is right, after a while.
    Late(Duration),
    /// An error with the code of S3.
    Error(u16, &'static str),
    /// What is right, with the connection closed after so many bytes of the body.
    Cut(usize),
    /// These bytes and nothing else; then the connection is closed.
    Raw(Vec<u8>),
    /// These bytes, and then others until nobody wants them any more.
    Endless(Vec<u8>, Vec<u8>),
    /// What is right, with another header in place of the one of that name; an empty one is left out.
    Header(&'static str, String),
    /// All of the object, whatever range was asked for.
    Whole,
    /// Nothing, ever.
    Silence,
}

type Plan = Box<dyn Fn(&Request) -> Answer + Send + Sync>;

/// An object: its bytes and the tag of its version.
type Object = (Arc<[u8]>, String);

pub(crate) struct Server {
    pub(crate) port: u16,
    shared: Arc<Shared>,
}

struct Shared {
    objects: RwLock<BTreeMap<String, Object>>,
    plan: RwLock<Plan>,
    log: Mutex<Vec<Request>>,
    under_way: AtomicUsize,
    page: AtomicUsize,
    closed: AtomicBool,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.closed.store(true, Ordering::SeqCst);
        // The one who waits for connections has to see it.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl Server {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            objects: RwLock::default(),
            plan: RwLock::new(Box::new(|_| Answer::Serve)),
            log: Mutex::default(),
            under_way: AtomicUsize::new(0),
            page: AtomicUsize::new(1000),
            closed: AtomicBool::new(false),
        });
        let everybody = Arc::clone(&shared);
        thread::spawn(move || {
            for stream in listener.incoming() {
                if everybody.closed.load(Ordering::SeqCst) {
                    break;
                }
                let (Ok(stream), shared) = (stream, Arc::clone(&everybody)) else { continue };
                let small = thread::Builder::new().stack_size(256 << 10);
                let _ = small.spawn(move || shared.talk(&stream));
            }
        });
        Self { port, shared }
    }

    pub(crate) fn put(&self, key: &str, bytes: impl Into<Vec<u8>>) {
        let bytes: Arc<[u8]> = bytes.into().into();
        let sum = bytes.iter().fold(17_u64, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(*byte)));
        let tag = format!("\"{sum:x}-{}\"", bytes.len());
        self.shared.objects.write().unwrap().insert(key.into(), (bytes, tag));
    }

    /// What goes wrong from now on.
    pub(crate) fn plan(&self, plan: impl Fn(&Request) -> Answer + Send + Sync + 'static) {
        *self.shared.plan.write().unwrap() = Box::new(plan);
    }

    /// Keys in one answer of a list at most.
    pub(crate) fn page(&self, keys: usize) {
        self.shared.page.store(keys, Ordering::SeqCst);
    }

    /// What it was asked for since the last time.
    pub(crate) fn log(&self) -> Vec<Request> {
        std::mem::take(&mut self.shared.log.lock().unwrap())
    }

    /// How many requests there were so far.
    pub(crate) fn asked(&self) -> usize {
        self.shared.log.lock().unwrap().len()
    }

    /// Something that changes objects from within a plan.
    pub(crate) fn changer(&self) -> impl Fn(&str, Option<Vec<u8>>) + Send + Sync + 'static {
        let shared = Arc::clone(&self.shared);
        move |key, bytes| {
            let mut objects = shared.objects.write().unwrap();
            match bytes {
                Some(bytes) => objects.insert(key.into(), (bytes.into(), "\"another\"".into())),
                None => objects.remove(key),
            };
        }
    }
}

impl Shared {
    /// Answers one request after another.
    fn talk(&self, stream: &TcpStream) -> Option<()> {
        let _ = stream.set_nodelay(true);
        let mut reader = BufReader::new(stream);
        loop {
            let mut request = read(&mut reader)?;
            request.under_way = self.under_way.fetch_add(1, Ordering::SeqCst) + 1;
            {
                let mut log = self.log.lock().unwrap();
                request.place = log.len();
                request.nth = log.iter().filter(|other| other.key == request.key).count();
                log.push(request.clone());
            }
            let answer = self.plan.read().unwrap()(&request);
            if let Answer::Late(after) = answer {
                thread::sleep(after);
            }
            // Whoever has the answer may ask again before anything else is done here.
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            self.answer(stream, &request, answer)?;
        }
    }

    /// `None` where the connection is to be closed.
    fn answer(&self, mut stream: &TcpStream, request: &Request, answer: Answer) -> Option<()> {
        match answer {
            Answer::Serve | Answer::Late(_) => stream.write_all(&self.right(request, None)).ok(),
            Answer::Error(status, code) => stream.write_all(&error(status, code)).ok(),
            Answer::Cut(after) => {
                let bytes = self.right(request, None);
                let body = bytes.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
                stream.write_all(&bytes[..bytes.len().min(body + after)]).ok()?;
                None
            }
            Answer::Raw(bytes) => {
                stream.write_all(&bytes).ok()?;
                None
            }
            Answer::Endless(head, more) => {
                stream.write_all(&head).ok()?;
                while !self.closed.load(Ordering::SeqCst) {
                    stream.write_all(&more).ok()?;
                }
                None
            }
            Answer::Header(name, value) => stream.write_all(&self.right(request, Some((name, &value)))).ok(),
            Answer::Whole => {
                let mut plain = request.clone();
                plain.headers.remove("range");
                stream.write_all(&self.right(&plain, None)).ok()
            }
            Answer::Silence => {
                // Until the other side gives up.
                let mut stream = stream;
                let _ = stream.read(&mut [0]);
                None
            }
        }
    }

    fn right(&self, request: &Request, other: Option<(&str, &str)>) -> Vec<u8> {
        if request.is_list() {
            return self.list(request);
        }
        let Some((bytes, tag)) = self.objects.read().unwrap().get(&request.key).cloned() else {
            return error(404, "NoSuchKey");
        };
        if request.headers.get("if-match").is_some_and(|wanted| *wanted != tag) {
            return error(412, "PreconditionFailed");
        }
        let mut headers = vec![("ETag", tag), ("Last-Modified", MODIFIED.to_owned())];
        let mut body = &bytes[..];
        let status = match request.range() {
            Some((first, _)) if first >= bytes.len() => return error(416, "InvalidRange"),
            Some((first, last)) => {
                let last = last.min(bytes.len() - 1);
                body = &bytes[first..=last];
                headers.push(("Content-Range", format!("bytes {first}-{last}/{}", bytes.len())));
                "206 Partial Content"
            }
            None => "200 OK",
        };
        headers.push(("Content-Length", body.len().to_string()));
        if let Some((name, value)) = other {
            headers.retain(|(known, _)| *known != name);
            if !value.is_empty() {
                headers.push((name, value.to_owned()));
            }
        }
        let mut out = format!("HTTP/1.1 {status}\r\n").into_bytes();
        for (name, value) in headers {
            out.extend(format!("{name}: {value}\r\n").bytes());
        }
        out.extend(b"\r\n");
        if request.method != "HEAD" {
            out.extend(body);
        }
        out
    }

    /// The answer to `ListObjectsV2`.
    fn list(&self, request: &Request) -> Vec<u8> {
        let text = |key: &str| request.query.get(key).cloned().unwrap_or_default();
        let (prefix, delimiter, after) = (text("prefix"), text("delimiter"), text("continuation-token"));
        let most = text("max-keys").parse().unwrap_or(usize::MAX).min(self.page.load(Ordering::SeqCst));
        let objects = self.objects.read().unwrap();
        let (mut body, mut count, mut last, mut more) = (String::new(), 0, String::new(), false);
        for (key, (bytes, tag)) in objects.iter().filter(|(key, _)| key.starts_with(&prefix)) {
            let rest = &key[prefix.len()..];
            let folder = rest.find('/').filter(|_| delimiter == "/").map(|at| &key[..=prefix.len() + at]);
            let name = folder.unwrap_or(key);
            if name <= after.as_str() || name == last {
                continue;
            }
            if count == most {
                more = true;
                break;
            }
            (last, count) = (name.to_owned(), count + 1);
            let tag = tag.replace('"', "&quot;");
            let _ = match folder {
                Some(folder) => {
                    write!(body, "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>", escaped(folder))
                }
                None => write!(
                    body,
                    "<Contents><Key>{}</Key><LastModified>2025-07-01T10:00:00.000Z</LastModified><ETag>{tag}</ETag>\
                     <Size>{}</Size></Contents>",
                    escaped(key),
                    bytes.len()
                ),
            };
        }
        let token = more.then(|| format!("<NextContinuationToken>{}</NextContinuationToken>", escaped(&last)));
        let body = format!("<IsTruncated>{more}</IsTruncated>{}{body}", token.unwrap_or_default());
        listing(&body)
    }
}

/// An answer to a list with this inside.
pub(crate) fn listing(body: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><ListBucketResult>{body}</ListBucketResult>");
    format!("HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

pub(crate) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

pub(crate) fn error(status: u16, code: &str) -> Vec<u8> {
    let body = format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>so it is</Message></Error>");
    format!("HTTP/1.1 {status} Because\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into()
}

/// Reads a request. `None` where there is none any more.
fn read(reader: &mut BufReader<&TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok().filter(|read| *read > 0)?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = BTreeMap::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
    let query = pairs.map(|(key, value)| (decoded(key), decoded(value))).collect();
    let path = decoded(path.trim_start_matches('/'));
    // What is asked for without the bucket is asked of a plain web server.
    let key = match path.strip_prefix(BUCKET) {
        Some("") => String::new(),
        Some(key) if key.starts_with('/') => key[1..].to_owned(),
        _ => path,
    };
    Some(Request { method, key, query, headers, ..Request::default() })
}

/// Takes `%20` apart.
fn decoded(text: &str) -> String {
    let (mut out, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, others)) = rest.split_first() {
        let code = others.get(..2).and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        (out, rest) = match (first, code) {
            (b'%', Some(code)) => ([out, vec![code]].concat(), &others[2..]),
            _ => ([out, vec![*first]].concat(), others),
        };
    }
    String::from_utf8_lossy(&out).into_owned()
}
