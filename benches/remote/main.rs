//! The store of `scripts/bench-remote`, in a process of its own: it answers ranges of small objects, and lists of them, out of
//! memory, on one thread, and costs so little that what is measured is the client.
//!
//! `remote serve OBJECTS MILLISECONDS`: the median of a log-normal delay, or 0. It prints its port, and ends with its input.

#![allow(clippy::unwrap_used, reason = "a benchmark that cannot run has nothing to say")]
#![allow(clippy::print_stdout, reason = "it says where it listens")]
#![allow(clippy::exit, reason = "it ends when nobody needs it any more")]

use std::cell::Cell;
use std::fmt::Write as _;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};

/// Bytes of each object, as it says.
const SIZE: usize = 128 + 65_536 * 16;
/// Folders that the objects are in.
const FOLDERS: usize = 64;
/// Keys in one answer of a list.
const PAGE: usize = 1000;
/// How far the delays are spread.
const SIGMA: f64 = 0.4;

struct Store {
    objects: usize,
    median: f64,
    body: Vec<u8>,
    random: Cell<u64>,
}

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let Some([objects, median]) =
        arguments.iter().position(|word| word == "serve").and_then(|at| arguments.get(at + 1..at + 3))
    else {
        println!("it is run by scripts/bench-remote");
        return;
    };
    let header = format!("{:<117}\n", "{'descr': '<f4', 'fortran_order': False, 'shape': (65536, 4), }");
    let mut body = b"\x93NUMPY\x01\0\x76\0".to_vec();
    body.extend(header.bytes());
    body.resize(4096, 0);
    let median = median.parse::<f64>().unwrap() / 1000.0;
    let store =
        Rc::new(Store { objects: objects.parse().unwrap(), median, body, random: Cell::new(88_172_645_463_325_252) });
    std::thread::spawn(|| {
        let _ = std::io::copy(&mut std::io::stdin(), &mut std::io::sink());
        std::process::exit(0);
    });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    tokio::task::LocalSet::new().block_on(&runtime, async {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        println!("{}", listener.local_addr().unwrap().port());
        loop {
            let Ok((stream, _)) = listener.accept().await else { continue };
            let store = Rc::clone(&store);
            tokio::task::spawn_local(async move { store.talk(stream).await });
        }
    });
}

impl Store {
    async fn talk(&self, stream: TcpStream) -> Option<()> {
        stream.set_nodelay(true).ok()?;
        let (mut held, mut out) = (Vec::with_capacity(4096), Vec::with_capacity(8192));
        loop {
            let end = loop {
                if let Some(at) = held.windows(4).position(|four| four == b"\r\n\r\n") {
                    break at + 4;
                }
                let mut more = [0; 4096];
                stream.readable().await.ok()?;
                match stream.try_read(&mut more) {
                    Ok(0) => return None,
                    Ok(read) => held.extend(&more[..read]),
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return None,
                }
            };
            out.clear();
            self.answer(std::str::from_utf8(&held[..end]).ok()?, &mut out)?;
            held.drain(..end);
            if self.median > 0.0 {
                tokio::time::sleep(Duration::from_secs_f64(self.delay())).await;
            }
            let mut rest = &out[..];
            while !rest.is_empty() {
                match stream.try_write(rest) {
                    Ok(written) => rest = &rest[written..],
                    Err(error) if error.kind() == ErrorKind::WouldBlock => stream.writable().await.ok()?,
                    Err(_) => return None,
                }
            }
        }
    }

    fn answer(&self, request: &str, out: &mut Vec<u8>) -> Option<()> {
        let target = request.split(' ').nth(1)?;
        if let Some((_, query)) = target.split_once('?').filter(|(_, query)| query.contains("list-type")) {
            let body = self.list(query);
            out.extend(
                format!(
                    "HTTP/1.1 200 OK\r\nContent-Type: application/xml\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .bytes(),
            );
            return Some(());
        }
        let number = target.rsplit('_').next()?.split('.').next()?;
        let length = self.body.len();
        let head = format!(
            "HTTP/1.1 206 Partial Content\r\nETag: \"{number}\"\r\nLast-Modified: Tue, 01 Jul 2025 10:00:00 GMT\r\n\
             Content-Type: binary/octet-stream\r\nAccept-Ranges: bytes\r\nContent-Range: bytes 0-{}/{SIZE}\r\n\
             Content-Length: {length}\r\n\r\n",
            length - 1
        );
        out.extend(head.bytes());
        out.extend(&self.body);
        Some(())
    }

    fn list(&self, query: &str) -> String {
        let value =
            |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)?.strip_prefix('=')).unwrap_or("");
        let prefix = value("prefix").replace("%2F", "/");
        let mut body = String::from("<?xml version=\"1.0\"?><ListBucketResult>");
        let folder = prefix.strip_prefix("d/p").and_then(|rest| rest.trim_end_matches('/').parse::<usize>().ok());
        let Some(folder) = folder else {
            for folder in 0..FOLDERS {
                let _ = write!(body, "<CommonPrefixes><Prefix>d/p{folder:02}/</Prefix></CommonPrefixes>");
            }
            return body + "<IsTruncated>false</IsTruncated></ListBucketResult>";
        };
        let from: usize = value("continuation-token").parse().unwrap_or(0);
        let mine = (self.objects + FOLDERS - 1 - folder) / FOLDERS;
        let to = mine.min(from + PAGE);
        for place in from..to {
            let number = place * FOLDERS + folder;
            let _ = write!(
                body,
                "<Contents><Key>d/p{folder:02}/x_{number:07}.npy</Key><LastModified>2025-07-01T10:00:00.000Z</LastModified>\
                 <ETag>&quot;{number:07}&quot;</ETag><Size>{SIZE}</Size><StorageClass>STANDARD</StorageClass></Contents>"
            );
        }
        let more = to < mine;
        if more {
            let _ = write!(body, "<NextContinuationToken>{to}</NextContinuationToken>");
        }
        let _ = write!(body, "<IsTruncated>{more}</IsTruncated></ListBucketResult>");
        body
    }

    /// Seconds until an answer.
    fn delay(&self) -> f64 {
        let uniform = || {
            let mut x = self.random.get();
            x ^= x << 13;
            x ^= x >> 7;
            x ^= x << 17;
            self.random.set(x);
            ((x >> 11) as f64 + 1.0) / 9_007_199_254_740_993.0
        };
        let normal = (-2.0 * uniform().ln()).sqrt() * (std::f64::consts::TAU * uniform()).cos();
        self.median * (SIGMA * normal).exp()
    }
}
