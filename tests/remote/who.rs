//! Who asks: credentials from the environment and from files of profiles, none, and nobody on the other side.

use std::fs;
use std::net::TcpListener;

use super::server::Server;
use super::{batch, command, findings, folder, nobody, report, run};

const CHECK: [&str; 4] = ["check", "--format", "json", "s3://bkt/x.npy"];

fn server() -> Server {
    let server = Server::new();
    server.put("x.npy", batch(1000, 1));
    server
}

/// Who signed the requests, as the store sees it.
fn signers(server: &Server) -> Vec<String> {
    let of = |text: &String| {
        text.split_once("Credential=").map_or("?", |(_, rest)| rest).split('/').next().unwrap().to_owned()
    };
    let mut signers: Vec<_> =
        server.log().iter().map(|request| request.headers.get("authorization").map_or("nobody".into(), of)).collect();
    signers.dedup();
    signers
}

#[test]
fn nobody_listens() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let server = server();
    let folder = folder();
    let mut command = command(&server, &folder, &CHECK);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{port}"));
    let (code, report) = report(&run(command));
    assert_eq!((code, &*findings(&report)[0]), (1, "unreadable-source: the store cannot be reached"));
    assert!(report.to_string().contains("refused"), "{report:#}");
}

#[test]
fn the_environment_says_who_asks() {
    let server = server();
    let folder = folder();
    assert_eq!(report(&run(command(&server, &folder, &CHECK))).0, 0);
    assert_eq!(signers(&server), ["key"]);
    let anonymous = [&CHECK[..], &["--anonymous"]].concat();
    assert_eq!(report(&run(command(&server, &folder, &anonymous))).0, 0);
    assert_eq!(signers(&server), ["nobody"]);
}

#[test]
fn profiles_say_who_asks_and_where() {
    let server = server();
    let folder = folder();
    fs::create_dir(folder.path().join(".aws")).unwrap();
    let keys = |key: &str| format!("aws_access_key_id = {key}\naws_secret_access_key = s\n");
    let credentials = format!("[default]\n{}\n[work]\n{}", keys("one"), keys("two"));
    fs::write(folder.path().join(".aws/credentials"), credentials).unwrap();
    let endpoint = format!("region = us-east-1\nendpoint_url = http://127.0.0.1:{}\n", server.port);
    let config = format!("[default]\n{endpoint}[profile work]\n{endpoint}[profile sso]\nsso_session = x\n{endpoint}");
    fs::write(folder.path().join(".aws/config"), config).unwrap();
    let as_who = |name: Option<&str>| {
        let mut command = nobody(&folder, &CHECK);
        command.envs(name.map(|name| ("AWS_PROFILE", name)));
        report(&run(command))
    };
    assert_eq!((as_who(None).0, signers(&server)), (0, vec!["one".to_owned()]));
    assert_eq!((as_who(Some("work")).0, signers(&server)), (0, vec!["two".to_owned()]));
    let (code, report) = as_who(Some("nobody"));
    assert_eq!(code, 1);
    assert!(report.to_string().contains("AWS_PROFILE names"), "{report:#}");
    let (code, report) = as_who(Some("sso"));
    assert_eq!(code, 1);
    assert!(report.to_string().contains("aws configure export-credentials --profile sso"), "{report:#}");
    assert_eq!(server.asked(), 0);
    assert!(!report.to_string().contains("two"));
}

#[test]
fn without_credentials_it_is_told_what_to_set() {
    let server = server();
    let folder = folder();
    let mut command = nobody(&folder, &CHECK);
    command.env("AWS_ENDPOINT_URL", format!("http://127.0.0.1:{}", server.port)).env("AWS_REGION", "us-east-1");
    // The machine of the test may be one that has a role: the way to whoever knows that is closed.
    command.env("HTTP_PROXY", "http://127.0.0.1:1").env("NO_PROXY", "127.0.0.1");
    let (code, report) = report(&run(command));
    assert_eq!((code, &*findings(&report)[0]), (1, "unreadable-source: no credentials to ask with"), "{report:#}");
    assert!(report.to_string().contains("AWS_SECRET_ACCESS_KEY"));
    assert_eq!(server.asked(), 0);
}
